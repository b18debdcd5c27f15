// properties: proxy_get_property and proxy_set_property.

import { type GuestVm, give, type HostFunctions } from '../guest-vm.js';
import { Status } from '../status.js';

export function propertyFunctions(vm: GuestVm): HostFunctions {
  const own = (path: string): string | undefined => {
    const { plugin } = vm.effective.root;
    if (!path.startsWith('plugin_')) return undefined;
    const name = path.endsWith('\0') ? path.slice(0, -1) : path;
    if (name === 'plugin_name') return plugin?.name;
    if (name === 'plugin_root_id') return plugin?.rootId;
    return name === 'plugin_vm_id' ? vm.vmId : undefined;
  };

  return {
    proxy_get_property: (ptr: number, size: number, valuePtr: number, sizePtr: number) => {
      const path = vm.memory.name(ptr, size);
      if (path === undefined) return Status.InvalidMemoryAccess;
      if (path === '') return Status.SerializationFailure;
      const value = own(path) ?? vm.effective.properties?.get(path, vm.effective);
      return value === undefined ? Status.NotFound : give(vm, value, valuePtr, sizePtr);
    },
    proxy_set_property: (ptr: number, size: number, valuePtr: number, valueSize: number) => {
      const path = vm.memory.text(ptr, size);
      const value = vm.memory.text(valuePtr, valueSize);
      if (path === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (vm.effective.properties === undefined) return Status.NotFound;
      vm.effective.properties.set(path, value);
      return Status.Ok;
    },
  };
}

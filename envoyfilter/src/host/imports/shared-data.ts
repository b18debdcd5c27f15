// shared-data: proxy_get_shared_data and proxy_set_shared_data.

import { type GuestVm, giveBytes, type HostFunctions, storedOr } from '../guest-vm.js';
import { Status } from '../status.js';

export function sharedDataFunctions(vm: GuestVm): HostFunctions {
  return {
    proxy_get_shared_data: (
      ptr: number,
      size: number,
      valuePtr: number,
      sizePtr: number,
      casPtr: number,
    ) => {
      const key = vm.memory.name(ptr, size);
      if (key === undefined) return Status.InvalidMemoryAccess;
      const entry = vm.sharedData.get(vm.vmId, key);
      if (entry === undefined) return Status.NotFound;
      const given = giveBytes(vm, entry.value, valuePtr, sizePtr);
      return given === Status.Ok ? storedOr(vm.memory.setU32(casPtr, entry.cas)) : given;
    },
    proxy_set_shared_data: (
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
      cas: number,
    ) => {
      const key = vm.memory.name(ptr, size);
      const value = vm.memory.slice(valuePtr, valueSize);
      if (key === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return vm.sharedData.set(vm.vmId, key, value, cas >>> 0);
    },
  };
}

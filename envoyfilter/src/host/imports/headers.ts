// headers: the host functions for header maps.
// Statuses come in this order: an unknown map type, bad memory, a map that is not there.

import { type GuestVm, give, type HostFunctions, storedOr } from '../guest-vm.js';
import type { HeaderMap } from '../header-map.js';
import { MAP_TYPE_MAX, MapType, Status } from '../status.js';
import { decodePairs, pairsSize, writePairs } from '../wire.js';

export function headerFunctions(vm: GuestVm): HostFunctions {
  /** A write to one map; the request's makes Envoy choose the route anew. */
  const change = (type: number, apply: (map: HeaderMap) => void): Status => {
    const context = vm.effective;
    const map = context.writable(type);
    if (map === undefined) return Status.BadArgument;
    apply(map);
    if (type === MapType.RequestHeaders) context.clearRouteCache();
    return Status.Ok;
  };
  const unknown = (type: number): boolean => type >>> 0 > MAP_TYPE_MAX;

  return {
    proxy_get_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      sizePtr: number,
    ) => {
      if (unknown(type)) return Status.BadArgument;
      const name = vm.memory.name(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const context = vm.effective;
      const map = context.readable(type);
      if (map === undefined) return context.logging ? Status.NotFound : Status.BadArgument;
      const value = map.get(name);
      return value === undefined ? Status.NotFound : give(vm, value, valuePtr, sizePtr);
    },
    proxy_add_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
    ) => {
      if (unknown(type)) return Status.BadArgument;
      const name = vm.memory.name(ptr, size);
      const value = vm.memory.text(valuePtr, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.add(name, value));
    },
    proxy_replace_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
    ) => {
      if (unknown(type)) return Status.BadArgument;
      const name = vm.memory.name(ptr, size);
      const value = vm.memory.text(valuePtr, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.set(name, value));
    },
    proxy_remove_header_map_value: (type: number, ptr: number, size: number) => {
      if (unknown(type)) return Status.BadArgument;
      const name = vm.memory.name(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.remove(name));
    },
    // A map that is not there reads as an empty one, unlike in proxy_get_header_map_value.
    proxy_get_header_map_pairs: (type: number, ptrPtr: number, sizePtr: number) => {
      if (unknown(type)) return Status.BadArgument;
      const map = vm.effective.readable(type);
      if (map === undefined || map.size === 0) return give(vm, '', ptrPtr, sizePtr);
      const size = pairsSize(map.names, map.values);
      const ptr = vm.allocate(size);
      if (ptr === 0) return Status.InvalidMemoryAccess;
      writePairs(vm.memory, ptr, map.names, map.values);
      return storedOr(vm.memory.setU32(ptrPtr, ptr) && vm.memory.setU32(sizePtr, size));
    },
    proxy_set_header_map_pairs: (type: number, ptr: number, size: number) => {
      if (unknown(type)) return Status.BadArgument;
      const bytes = vm.memory.slice(ptr, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => {
        const pairs = decodePairs(bytes);
        map.clear();
        for (const [name, value] of pairs) map.add(name, value);
      });
    },
    // Asks for the map that may be written, also while logging.
    proxy_get_header_map_size: (type: number, sizePtr: number) => {
      if (unknown(type)) return Status.BadArgument;
      const map = vm.effective.writable(type);
      if (map === undefined) return Status.BadArgument;
      return storedOr(vm.memory.setU32(sizePtr, map.byteSize));
    },
  };
}

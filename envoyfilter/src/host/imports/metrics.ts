// metrics: the host functions for metrics; the rules are metrics.ts's.

import { type GuestVm, type HostFunctions, storedOr } from '../guest-vm.js';
import { Status } from '../status.js';

export function metricFunctions(vm: GuestVm): HostFunctions {
  return {
    proxy_define_metric: (type: number, ptr: number, size: number, idPtr: number) => {
      const name = vm.memory.text(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const id = vm.metrics.define(type >>> 0, name);
      return id === undefined ? Status.BadArgument : storedOr(vm.memory.setU32(idPtr, id));
    },
    proxy_increment_metric: (id: number, offset: bigint) => vm.metrics.increment(id, offset),
    proxy_record_metric: (id: number, value: bigint) => vm.metrics.record(id, value),
    proxy_get_metric: (id: number, ptr: number) => {
      const value = vm.metrics.get(id);
      return typeof value === 'number' ? value : storedOr(vm.memory.setU64(ptr, value));
    },
  };
}

// process: the host functions for the log, the clock, the timer, and Envoy's foreign functions.

import { type GuestVm, type HostFunctions, storedOr } from '../guest-vm.js';
import { LOG_LEVELS, LogLevel, Status } from '../status.js';

export function processFunctions(vm: GuestVm): HostFunctions {
  return {
    proxy_log: (level: number, ptr: number, size: number) => {
      const name = LOG_LEVELS[level];
      if (name === undefined) return Status.BadArgument;
      const bytes = vm.memory.slice(ptr, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      vm.log(name, Buffer.from(bytes).toString('utf8'));
      return Status.Ok;
    },
    proxy_get_log_level: (ptr: number) => storedOr(vm.memory.setU32(ptr, LogLevel[vm.logLevel])),
    proxy_get_current_time_nanoseconds: (ptr: number) =>
      storedOr(vm.memory.setU64(ptr, vm.wallNs())),
    proxy_set_tick_period_milliseconds: (ms: number) => {
      vm.setTickPeriod(vm.effective, ms >>> 0);
      return Status.Ok;
    },
    // A pointer of 0 means that the guest does not want the result, or its size. Once the function
    // is found both are stored, whatever it answered.
    proxy_call_foreign_function: (
      namePtr: number,
      nameSize: number,
      ptr: number,
      size: number,
      resultPtr: number,
      resultSizePtr: number,
    ) => {
      const { memory } = vm;
      const name = memory.text(namePtr, nameSize);
      const argument = memory.slice(ptr, size);
      if (name === undefined || argument === undefined) return Status.InvalidMemoryAccess;
      const run = vm.foreign.get(name);
      if (run === undefined) return Status.NotFound;
      const { status, result } = run(Uint8Array.from(argument), vm.effective);
      let at = 0;
      if (resultPtr !== 0 && result !== undefined) {
        at = vm.allocate(result.length);
        if (at === 0) return Status.InvalidMemoryAccess;
        memory.write(at, result);
      }
      const stored =
        (resultPtr === 0 || memory.setU32(resultPtr, at)) &&
        (resultSizePtr === 0 || memory.setU32(resultSizePtr, result?.length ?? 0));
      return stored ? status : Status.InvalidMemoryAccess;
    },
  };
}

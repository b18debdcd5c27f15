// buffers: the host functions for buffers. There are two, both configurations: bodies, connection
// data and gRPC messages read as empty, as they do in Envoy where there are none.

import { type GuestVm, giveBytes, type HostFunctions, storedOr } from '../guest-vm.js';
import { BUFFER_TYPE_MAX, BufferType, Status } from '../status.js';

const EMPTY = new Uint8Array();

export function bufferFunctions(vm: GuestVm): HostFunctions {
  const unknown = (type: number): boolean => type >>> 0 > BUFFER_TYPE_MAX;

  /** Undefined: NotFound. What is shown stays to be seen as CallData. */
  const show = (type: number): Uint8Array | undefined => {
    const context = vm.effective;
    if (type === BufferType.CallData) return context.buffer;
    if (type === BufferType.HttpCallResponseBody) return undefined;
    let shown: Uint8Array | undefined = EMPTY;
    if (type === BufferType.VmConfiguration) shown = vm.vmConfiguration;
    if (type === BufferType.PluginConfiguration) shown = context.configuration;
    if (shown !== undefined) context.buffer = shown;
    return shown;
  };

  return {
    proxy_get_buffer_status: (type: number, lengthPtr: number, flagsPtr: number) => {
      if (unknown(type)) return Status.BadArgument;
      const buffer = show(type);
      if (buffer === undefined) return Status.NotFound;
      const { memory } = vm;
      return storedOr(memory.setU32(lengthPtr, buffer.length) && memory.setU32(flagsPtr, 0));
    },
    // Whatever lies beyond the end is not there; asking for it is no error.
    proxy_get_buffer_bytes: (
      type: number,
      start: number,
      length: number,
      ptrPtr: number,
      sizePtr: number,
    ) => {
      if (unknown(type)) return Status.BadArgument;
      const buffer = show(type);
      if (buffer === undefined) return Status.NotFound;
      const from = start >>> 0;
      return giveBytes(vm, buffer.subarray(from, from + (length >>> 0)), ptrPtr, sizePtr);
    },
    // What is here cannot be written.
    proxy_set_buffer_bytes: (
      type: number,
      _start: number,
      _length: number,
      ptr: number,
      size: number,
    ) => {
      if (unknown(type)) return Status.BadArgument;
      if (show(type) === undefined) return Status.NotFound;
      return vm.memory.has(ptr, size) ? Status.BadArgument : Status.InvalidMemoryAccess;
    },
  };
}

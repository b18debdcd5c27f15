// streams: the host functions that steer a stream: reply, continue, close, whose context, done.

import { type GuestVm, type HostFunctions, storedOr } from '../guest-vm.js';
import { STREAM_TYPE_MAX, Status } from '../status.js';
import { decodePairs } from '../wire.js';

/** The highest status that gRPC knows. */
const GRPC_STATUS_MAX = 16;

export function streamFunctions(vm: GuestVm): HostFunctions {
  return {
    // Ok means "asked for": what becomes of it is decided when the callback has returned.
    proxy_send_local_response: (
      status: number,
      detailsPtr: number,
      detailsSize: number,
      bodyPtr: number,
      bodySize: number,
      headersPtr: number,
      headersSize: number,
      grpcStatus: number,
    ) => {
      const details = vm.memory.text(detailsPtr, detailsSize);
      const body = vm.memory.text(bodyPtr, bodySize);
      const headers = vm.memory.slice(headersPtr, headersSize);
      if (details === undefined || body === undefined || headers === undefined) {
        return Status.InvalidMemoryAccess;
      }
      const known = grpcStatus >= 0 && grpcStatus <= GRPC_STATUS_MAX;
      vm.effective.sendLocalReply({
        status: status >>> 0,
        details: details.replace(/[\t-\r ]/g, '_'),
        body,
        headers: decodePairs(headers),
        grpcStatus: known ? grpcStatus : undefined,
      });
      vm.stopped = true;
      return Status.Ok;
    },
    proxy_continue_stream: (type: number) =>
      type >>> 0 > STREAM_TYPE_MAX ? Status.BadArgument : vm.effective.continueStream(type),
    proxy_close_stream: (type: number) => {
      if (type >>> 0 > STREAM_TYPE_MAX) return Status.BadArgument;
      vm.effective.closeStream(type);
      return Status.Ok;
    },
    // 0 is not the VM's own context here but the one whose callback runs.
    proxy_set_effective_context: (id: number) => {
      const context = id === 0 ? vm.current : vm.contextById(id >>> 0);
      if (context === undefined) return Status.BadArgument;
      vm.effective = context;
      return Status.Ok;
    },
    proxy_done: () => vm.done(vm.effective),
    // The status of the last call out, of which there are none: Ok, without a message.
    proxy_get_status: (codePtr: number, ptrPtr: number, sizePtr: number) => {
      const { memory } = vm;
      return storedOr(
        memory.setU32(codePtr, 0) && memory.setU32(ptrPtr, 0) && memory.setU32(sizePtr, 0),
      );
    },
  };
}

// calls: HTTP and gRPC calls out. This host has no clusters, so every call is answered as Envoy
// answers one to a cluster that it does not know, and no token ever exists.

import { type GuestVm, type HostFunctions, storedOr } from '../guest-vm.js';
import { Status } from '../status.js';

/** The low two bits of a token. */
const TOKEN_KIND_MASK = 3;
const GRPC_CALL = 1;
const GRPC_STREAM = 2;

export function callFunctions(vm: GuestVm): HostFunctions {
  const readable = (...ranges: number[]): boolean => {
    for (let i = 0; i < ranges.length; i += 2) {
      if (!vm.memory.has(ranges[i]!, ranges[i + 1]!)) return false;
    }
    return true;
  };
  /** A token that would have to be of one of these kinds, and is not known. */
  const noToken = (token: number, ...kinds: number[]): Status =>
    kinds.includes(token & TOKEN_KIND_MASK) ? Status.NotFound : Status.BadArgument;

  return {
    // The first eight: cluster, headers, body and trailers, pointer and size each.
    proxy_http_call: (...args: number[]) => {
      const tokenPtr = args[9]!;
      if (!readable(...args.slice(0, 8))) return Status.InvalidMemoryAccess;
      const stored = storedOr(vm.memory.setU32(tokenPtr, 0));
      return stored === Status.Ok ? Status.BadArgument : stored;
    },
    // Service, service name, method, metadata, message.
    proxy_grpc_call: (...args: number[]) =>
      readable(...args.slice(0, 10)) ? Status.ParseFailure : Status.InvalidMemoryAccess,
    // Service, service name, method, metadata.
    proxy_grpc_stream: (...args: number[]) =>
      readable(...args.slice(0, 8)) ? Status.ParseFailure : Status.InvalidMemoryAccess,
    proxy_grpc_cancel: (token: number) => noToken(token, GRPC_CALL, GRPC_STREAM),
    proxy_grpc_close: (token: number) => noToken(token, GRPC_CALL, GRPC_STREAM),
    proxy_grpc_send: (token: number, ptr: number, size: number) =>
      readable(ptr, size) ? noToken(token, GRPC_STREAM) : Status.InvalidMemoryAccess,
  };
}

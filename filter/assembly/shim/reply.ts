// reply: an answer from the filter itself.
// Caution: where sending is refused the stream must be continued, or the client hangs until it
// gives up (seen on Envoy 1.40).

import { Status } from '../abi/enums';
import { proxy_send_local_response } from '../abi/env';

/**
 *   0        4            8             12        16         20           24            28
 *   +--------+------------+-------------+---------+----------+------------+-------------+
 *   | status | detailsPtr | detailsSize | bodyPtr | bodySize | headersPtr | headersSize |
 *   +--------+------------+-------------+---------+----------+------------+-------------+
 *   | grpcStatus |
 *   +------------+ 32
 * `headers` is a list of pairs (abi/wire.ts); content-length is the host's own.
 */
@unmanaged
export class Reply {
  status: u32;
  detailsPtr: usize;
  detailsSize: u32;
  bodyPtr: usize;
  bodySize: u32;
  headersPtr: usize;
  headersSize: u32;
  /** The code for a gRPC request; `GRPC_STATUS_DERIVED` lets the host derive it from `status`. */
  grpcStatus: u32;
}
export const REPLY_SIZE: u32 = 32;
export const GRPC_STATUS_DERIVED: u32 = <u32>-1;

/** Ok: return Pause. Anything else: nothing was sent, return Continue. */
export function sendReply(reply: Reply): Status {
  return proxy_send_local_response(
    reply.status,
    reply.detailsPtr,
    reply.detailsSize,
    reply.bodyPtr,
    reply.bodySize,
    reply.headersPtr,
    reply.headersSize,
    reply.grpcStatus,
  );
}

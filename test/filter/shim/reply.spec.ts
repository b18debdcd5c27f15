import { Status } from '../../../filter/assembly/abi/enums';
import { PAIR_WRITER_SIZE, PairWriter, pairListSize } from '../../../filter/assembly/shim/pairs';
import {
  GRPC_STATUS_DERIVED,
  REPLY_SIZE,
  Reply,
  sendReply,
} from '../../../filter/assembly/shim/reply';
import { hostRefuse, hostReply, hostReset } from '../host';
import { lay } from '../support';

function newReply(): Reply {
  const ptr = heap.alloc(REPLY_SIZE);
  memory.fill(ptr, 0, REPLY_SIZE);
  const reply = changetype<Reply>(ptr);
  reply.status = 429;
  reply.grpcStatus = GRPC_STATUS_DERIVED;
  return reply;
}

describe('reply', () => {
  beforeEach(() => {
    hostReset();
  });

  it('sends every field', () => {
    const reply = newReply();
    const details = lay('tagalong_limit');
    const body = lay('{"error":"slow down"}');
    const name = lay('a');
    const value = lay('é');
    reply.detailsPtr = details.ptr;
    reply.detailsSize = details.size;
    reply.bodyPtr = body.ptr;
    reply.bodySize = body.size;
    reply.headersSize = pairListSize(1, 3);
    reply.headersPtr = heap.alloc(reply.headersSize);
    const writer = changetype<PairWriter>(heap.alloc(PAIR_WRITER_SIZE));
    writer.begin(reply.headersPtr, 1);
    writer.add(name.ptr, name.size, value.ptr, value.size);
    reply.grpcStatus = 8;
    expect(sendReply(reply)).toBe(Status.Ok);
    expect(hostReply()).toBe(
      '429 tagalong_limit [{"error":"slow down"}] [1 0 0 0 1 0 0 0 2 0 0 0 97 0 195 169 0] 8',
    );
  });

  it("sends a reply of a status alone, its gRPC status the host's to derive", () => {
    expect(sendReply(newReply())).toBe(Status.Ok);
    expect(hostReply()).toBe('429  [] [] -1');
  });

  it('passes a refusal on', () => {
    hostRefuse('proxy_send_local_response', Status.BadArgument);
    expect(sendReply(newReply())).toBe(Status.BadArgument);
    expect(hostReply()).toBe('');
  });
});

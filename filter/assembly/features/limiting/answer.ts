// answer: what a client is told of a limit: the reply to a request that is rejected, and the headers
// that say what is left.
//   retry-after                   RFC 9110 section 10.2.3, seconds rounded up
//   ratelimit, ratelimit-policy   draft-ietf-httpapi-ratelimit-headers, since its version 08
//   x-ratelimit-…                 as most clients know them: limit, remaining, seconds until full
// Promise: memory from start-up and the arena. A reply that could not be sent is no reply: the
// request goes on, or it would hang until its client gives up (seen on Envoy 1.40).

import { Status } from '../../abi/enums';
import { DECIMAL_SIZE_MAX, putDecimal } from '../../bytes/decimal';
import { literal } from '../../bytes/literal';
import { sliceAt } from '../../bytes/slice';
import { Limit } from '../../config/layout';
import { arenaTake } from '../../shim/arena';
import { PairWriter, pairListSize } from '../../shim/pairs';
import { Reply, sendReply } from '../../shim/reply';
import { responseOffer } from '../response';
import { Bucket } from './table';

const NS_PER_SECOND: u64 = 1_000_000_000;
const RESOURCE_EXHAUSTED: u32 = 8;

const DETAILS = 'tagalong_rate_limited';
const details: usize = literal(DETAILS);
const RETRY_AFTER = 'retry-after';
const retryAfter: usize = literal(RETRY_AFTER);
const RATE_LIMIT = 'ratelimit';
const rateLimit: usize = literal(RATE_LIMIT);
const RATE_LIMIT_POLICY = 'ratelimit-policy';
const rateLimitPolicy: usize = literal(RATE_LIMIT_POLICY);
const X_LIMIT = 'x-ratelimit-limit';
const xLimit: usize = literal(X_LIMIT);
const X_REMAINING = 'x-ratelimit-remaining';
const xRemaining: usize = literal(X_REMAINING);
const X_RESET = 'x-ratelimit-reset';
const xReset: usize = literal(X_RESET);

/** The headers of an answer, names and values by turns. */
const FIELDS_MAX: u32 = 6;
const fields: usize = memory.data(96, 4);
let fieldCount: u32 = 0;
let fieldsSize: u32 = 0;
/** Digits, and the value of `ratelimit`: a name of 64 bytes and two numbers. */
const digits: usize = memory.data(80);
const state: usize = memory.data(128);
const reply: Reply = changetype<Reply>(memory.data(32, 8));
const writer: PairWriter = changetype<PairWriter>(memory.data(8, 8));

/**
 * Answers for a limit that rejects. `now` in units of the limit; `chance`: a number that chooses the
 * jitter. False: nothing was sent.
 */
export function answerRejected(limit: Limit, now: u64, chance: u64): bool {
  fieldCount = 0;
  fieldsSize = 0;
  let seconds = secondsOf(limit, limit.wait);
  if (limit.jitterSeconds != 0) seconds += chance % (<u64>limit.jitterSeconds + 1);
  putField(retryAfter, RETRY_AFTER.length, digits, putDecimal(seconds, digits));
  putState(limit, now, secondsOf(limit, limit.wait));

  const count = fieldCount + limit.headerCount;
  const size = pairListSize(count, fieldsSize + limit.headersSize);
  const list = arenaTake(size);
  if (list == 0) return false;
  writer.begin(list, count);
  addAll(fields, fieldCount);
  addAll(limit.headers, limit.headerCount);
  reply.status = limit.status;
  reply.detailsPtr = details;
  reply.detailsSize = DETAILS.length;
  // To a gRPC request Envoy sends it as grpc-message, percent-encoded as that must be.
  reply.bodyPtr = limit.bodyPtr;
  reply.bodySize = limit.bodySize;
  reply.headersPtr = list;
  reply.headersSize = size;
  reply.grpcStatus = RESOURCE_EXHAUSTED;
  return sendReply(reply) == Status.Ok;
}

/** Leaves for the response what is left of a limit. False: it does not fit. */
export function answerAdmitted(limit: Limit, now: u64, contextId: u32): bool {
  fieldCount = 0;
  fieldsSize = 0;
  putState(limit, now, 0);
  let fits = true;
  for (let i: u32 = 0; i < fieldCount; i++) {
    const name = sliceAt(fields, i * 2);
    const value = sliceAt(fields, i * 2 + 1);
    if (!responseOffer(contextId, name.ptr, name.size, value.ptr, value.size)) fits = false;
  }
  return fits;
}

/** `ratelimit: "login";r=7;t=2` and its kin; `least`: seconds that t is at least. */
function putState(limit: Limit, now: u64, least: u64): void {
  const word = changetype<Bucket>(limit.bucket).word;
  const full = max<u64>(secondsOf(limit, word > now ? word - now : 0), least);
  let end = putByte(state, 0x22);
  memory.copy(end, limit.namePtr, limit.nameSize);
  end += limit.nameSize;
  end = putByte(putByte(putByte(putByte(end, 0x22), 0x3b), 0x72), 0x3d);
  end += putDecimal(limit.free, end);
  end = putByte(putByte(putByte(end, 0x3b), 0x74), 0x3d);
  end += putDecimal(full, end);
  putField(rateLimit, RATE_LIMIT.length, state, <u32>(end - state));
  putField(rateLimitPolicy, RATE_LIMIT_POLICY.length, limit.policyPtr, limit.policySize);
  let at = digits + DECIMAL_SIZE_MAX;
  putField(xLimit, X_LIMIT.length, at, putDecimal(limit.burst, at));
  at += DECIMAL_SIZE_MAX;
  putField(xRemaining, X_REMAINING.length, at, putDecimal(limit.free, at));
  at += DECIMAL_SIZE_MAX;
  putField(xReset, X_RESET.length, at, putDecimal(full, at));
}

function putByte(at: usize, byte: u32): usize {
  store<u8>(at, <u8>byte);
  return at + 1;
}

function putField(namePtr: usize, nameSize: u32, valuePtr: usize, valueSize: u32): void {
  if (fieldCount == FIELDS_MAX) return;
  const name = sliceAt(fields, fieldCount * 2);
  const value = sliceAt(fields, fieldCount * 2 + 1);
  name.ptr = namePtr;
  name.size = nameSize;
  value.ptr = valuePtr;
  value.size = valueSize;
  fieldCount++;
  fieldsSize += nameSize + valueSize;
}

function addAll(list: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const name = sliceAt(list, i * 2);
    const value = sliceAt(list, i * 2 + 1);
    writer.add(name.ptr, name.size, value.ptr, value.size);
  }
}

/** Rounded up: whoever comes back then is not too early. */
function secondsOf(limit: Limit, units: u64): u64 {
  const perSecond = max<u64>(NS_PER_SECOND >> limit.shift, 1);
  return units / perSecond + (units % perSecond != 0 ? 1 : 0);
}

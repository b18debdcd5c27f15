// lease: one bucket for all workers. A worker that needs a token takes it from the shared bucket,
// which costs two host calls; one that is asked often takes some more with it, and spends them
// without asking. It knows until when there are none, and rejects without asking, too.
//
// Promise: never more than the policy allows, whatever the workers do. A leased token counts from
// when it was taken, and may be spent `lateness` later. So while tokens may be leased, no request is
// admitted in the last `lateness` of the tolerance. For any time from a to b, what is spent in it
// was taken from a - lateness on, and the last of it found at most
//     taken * interval <= b - (a - lateness) + (tolerance - lateness) = b - a + tolerance
// which is GCRA's own bound. Where nothing was ever leased since the bucket was full, the whole
// tolerance counts; small bursts and slow rates are never leased (config/limit.ts).
//
// Leased tokens that are not spent in time go back when the worker asks again, where that is safe.
// GCRA's word is the latest of time + tokens since it * interval, over the times of all charges.
// Without `left` tokens that were taken at c, what begins before c is `left` * interval less; what
// begins later is at most now + tokens that others took since * interval. The word has grown by as
// many tokens since the lease, but for those that were given back, which the slot counts.
// So a bucket in demand gets them all back, and one that was full since gets none, nor needs any.
// A worker leases no more than it is about to spend, by how often it was asked since it looked last,
// and half as many where less than half of the bucket is there.

import { Status } from '../../abi/enums';
import { charge, tokensFree, unitsCeil, unitsUntilFree } from '../../bytes/gcra';
import { Limit, Overflow, Verdict } from '../../config/layout';
import { arenaMark, arenaRelease } from '../../shim/arena';
import { monotonicNs } from '../../shim/clock';
import {
  isIdle,
  LEASED,
  raiseFloor,
  readSlot,
  slotCas,
  slotIsFull,
  slotReturned,
  slotWord,
  writeSlot,
} from './slot';
import { Bucket } from './table';

/**
 * How often a slot is read again that another worker wrote in between. Each time it did, that
 * worker got on; among eight workers the third try is rare.
 */
const TRIES_MAX: u32 = 32;
/** What this worker knows without asking: Admitted, Rejected or Asking. */
export function judgeLeased(bucket: Bucket, now: u64): Verdict {
  if (bucket.since == 0) bucket.since = now;
  bucket.asked++;
  if (now < bucket.until) return bucket.leased != 0 ? Verdict.Admitted : Verdict.Rejected;
  return Verdict.Asking;
}

/**
 * Takes a token for this request, and what it leases with it. Untracked: the host refuses.
 * Unmatched: the bucket is new and its slot has as many as fit.
 */
export function takeShared(
  limit: Limit,
  bucket: Bucket,
  slot: u32,
  now: u64,
  nowCeil: u64,
): Verdict {
  const mark = arenaMark();
  const verdict = tryShared(limit, bucket, slot, now, nowCeil);
  arenaRelease(mark);
  return verdict;
}

function tryShared(limit: Limit, bucket: Bucket, slot: u32, now: u64, nowCeil: u64): Verdict {
  const expected = demand(limit, bucket, now);
  let cas: u32 = 0;
  for (let attempt: u32 = 0; attempt < TRIES_MAX; attempt++) {
    if (!readSlot(limit, slot)) return Verdict.Untracked;
    if (slotIsFull(limit, bucket.hash, now)) {
      const shared = limit.overflow == <u8>Overflow.Shared;
      if (shared && raiseFloor(limit, now) == Status.CasMismatch) continue;
      return Verdict.Unmatched;
    }
    let word = slotWord(bucket.hash);
    let flag = word & LEASED;
    if (isIdle(limit, word, now)) flag = 0;
    word &= ~LEASED;
    let returned = slotReturned();
    const lower = withoutUnspent(limit, bucket, word, returned);
    if (lower < word) {
      word = lower;
      returned += bucket.leased;
    }
    const strict = limit.tolerance - limit.lateness;
    const tolerance = flag != 0 ? strict : limit.tolerance;
    limit.before = word | flag;
    const free = tokensFree(word, now, limit.interval, tolerance);
    if (free == 0) {
      // Whoever is asked often waits for several: one comes with each interval, and many would ask.
      const worth = max<u32>(min<u32>(expected, limit.leaseMax), 1);
      bucket.until = now + unitsUntilFree(word, now, limit.interval, tolerance, worth);
      bucket.word = word;
      bucket.leased = 0;
      return Verdict.Rejected;
    }
    const ahead = leasable(limit, expected, tokensFree(word, now, limit.interval, strict));
    if (ahead != 0) flag = LEASED;
    const after = charge(word, nowCeil, limit.interval, 1 + ahead);
    const status = writeSlot(limit, bucket.hash, after | flag, now, returned);
    if (status == Status.CasMismatch) {
      // A host that says so of what nobody wrote since will not say anything else.
      if (attempt != 0 && slotCas() == cas) return Verdict.Untracked;
      cas = slotCas();
      continue;
    }
    if (status != Status.Ok) return Verdict.Untracked;
    limit.taken = ahead == 0;
    bucket.word = after;
    bucket.leased = 1 + ahead;
    bucket.returned = returned;
    bucket.until = now + limit.lateness;
    bucket.since = now;
    bucket.asked = 0;
    return Verdict.Admitted;
  }
  // Others were faster each time, and have what there was: doubt would let through what nobody counts.
  bucket.until = 0;
  bucket.leased = 0;
  return Verdict.Rejected;
}

/** The word once what this worker has leased and not spent is given back; the word itself if not. */
function withoutUnspent(limit: Limit, bucket: Bucket, word: u64, returned: u32): u64 {
  if (bucket.leased == 0) return word;
  // Read anew: others may have charged since this request came, as late as the slot was read.
  const clock = monotonicNs();
  if (clock == 0) return word;
  const given = <u64>(returned - bucket.returned) * limit.interval;
  const grown = max<i64>(<i64>(word - bucket.word + given), 0);
  const least = unitsCeil(clock, limit.shift) + <u64>grown;
  const left = <u64>bucket.leased * limit.interval;
  return min<u64>(word, max<u64>(word > left ? word - left : 0, least));
}

/** Requests that this worker may expect for the bucket while a lease is good. */
function demand(limit: Limit, bucket: Bucket, now: u64): u32 {
  if (limit.leaseMax == 0 || now <= bucket.since) return 0;
  const expected = (<u64>bucket.asked * limit.lateness) / (now - bucket.since);
  return <u32>min<u64>(expected, <u64>u32.MAX_VALUE);
}

/** Tokens to take beside the one that is needed; `free`: how many there are for leases. */
function leasable(limit: Limit, expected: u32, free: u64): u32 {
  if (expected == 0 || free <= 1) return 0;
  const wanted = min<u32>(expected, limit.leaseMax);
  const half = <u64>limit.burst >> 1;
  if (free > half + wanted) return wanted;
  return <u32>min<u64>(min<u32>(expected >> 1, wanted), free - 1);
}

/** The request is admitted: its token is spent. */
export function spendLeased(bucket: Bucket): void {
  if (bucket.leased == 0) return;
  bucket.leased--;
  if (bucket.leased == 0) bucket.until = 0;
}

/**
 * The request is not admitted after all: the token that was taken for it goes back. One that was
 * leased with others stays here for the next request.
 */
export function giveBack(limit: Limit, bucket: Bucket, slot: u32, now: u64): void {
  if (!limit.taken) return;
  const mark = arenaMark();
  for (let attempt: u32 = 0; attempt < TRIES_MAX && readSlot(limit, slot); attempt++) {
    const found = slotWord(bucket.hash);
    const word = found & ~LEASED;
    const returned = slotReturned();
    const lower = withoutUnspent(limit, bucket, word, returned);
    if (lower >= word) break;
    const flag = found & LEASED;
    const status = writeSlot(limit, bucket.hash, lower | flag, now, returned + 1);
    if (status == Status.CasMismatch) continue;
    if (status == Status.Ok) bucket.word = lower;
    break;
  }
  bucket.leased = 0;
  bucket.until = 0;
  arenaRelease(mark);
}

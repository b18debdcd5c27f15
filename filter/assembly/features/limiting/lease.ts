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
// tolerance counts; bursts under 32 are never leased.
// Leased tokens that are not spent in time are lost: never handed out, they lock nobody out longer
// than their own refill takes. So none are leased ahead that this worker is not about to spend, by
// how often it was asked since it looked last; and from a bucket that is less than half full only
// as many as half of that.

import { Status } from '../../abi/enums';
import { charge, tokensFree, unitsUntilFree } from '../../bytes/gcra';
import { Limit, Verdict } from '../../config/layout';
import { arenaMark, arenaRelease } from '../../shim/arena';
import { isIdle, LEASED, readSlot, slotWord, writeSlot } from './slot';
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
  bucket.leased = 0;
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
  for (let attempt: u32 = 0; attempt < TRIES_MAX; attempt++) {
    if (!readSlot(limit, slot)) return Verdict.Untracked;
    let word = slotWord(bucket.hash);
    let flag = word & LEASED;
    if (isIdle(limit, word, now)) flag = 0;
    word &= ~LEASED;
    const strict = limit.tolerance - limit.lateness;
    const tolerance = flag != 0 ? strict : limit.tolerance;
    bucket.word = word;
    limit.before = word | flag;
    const free = tokensFree(word, now, limit.interval, tolerance);
    if (free == 0) {
      // Whoever is asked often waits for several: one comes with each interval, and many would ask.
      const worth = max<u32>(min<u32>(expected >> 2, limit.leaseMax), 1);
      bucket.until = now + unitsUntilFree(word, now, limit.interval, tolerance, worth);
      bucket.leased = 0;
      return Verdict.Rejected;
    }
    const ahead = leasable(limit, expected, tokensFree(word, now, limit.interval, strict));
    if (ahead != 0) flag = LEASED;
    const after = charge(word, nowCeil, limit.interval, 1 + ahead);
    const status = writeSlot(limit, bucket.hash, after | flag, now);
    if (status == Status.CasMismatch) continue;
    if (status == Status.Empty) return Verdict.Unmatched;
    if (status != Status.Ok) return Verdict.Untracked;
    limit.taken = ahead == 0;
    bucket.word = after;
    bucket.leased = 1 + ahead;
    bucket.until = now + limit.lateness;
    bucket.since = now;
    bucket.asked = 0;
    return Verdict.Admitted;
  }
  return Verdict.Untracked;
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
  return <u32>min<u64>(wanted >> 1, free - 1);
}

/** The request is admitted: its token is spent. */
export function spendLeased(bucket: Bucket): void {
  if (bucket.leased == 0) return;
  bucket.leased--;
  if (bucket.leased == 0) bucket.until = 0;
}

/**
 * The request is not admitted after all: the token that was taken for it goes back. One that was
 * leased with others stays here for the next request; where another worker has taken some since, it
 * is lost.
 */
export function giveBack(limit: Limit, bucket: Bucket, slot: u32, now: u64): void {
  if (!limit.taken) return;
  bucket.leased = 0;
  bucket.until = 0;
  const mark = arenaMark();
  if (readSlot(limit, slot) && slotWord(bucket.hash) == (bucket.word | (limit.before & LEASED))) {
    if (writeSlot(limit, bucket.hash, limit.before, now) == Status.Ok) {
      bucket.word = limit.before & ~LEASED;
    }
  }
  arenaRelease(mark);
}

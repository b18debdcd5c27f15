// limiting: whether a request is within every limit that is for it.
// All limits in force are asked before any is charged. What costs nothing is asked first: the
// buckets of this VM, then what this worker has leased, then the bucket that all workers share. Who
// is asked and another rejects, gives its token back. Dry-run limits are asked last, and only for a
// request that is admitted, so that they influence nobody.
// Promise: one read of the clock for each request that a limit is for, one counter for each limit.

import { charge, tokensFree, unitsCeil, unitsFloor, unitsUntilFree } from '../../bytes/gcra';
import { Config, Limit, limitAt, Mode, Overflow, Scope, Verdict } from '../../config/layout';
import { requestNs } from '../../shim/clock';
import { increment } from '../../shim/metrics';
import { explaining, explainLimit } from '../explain';
import { mayMatch } from '../matching/match';
import { hashKey } from './key';
import { giveBack, judgeLeased, spendLeased, takeShared } from './lease';
import { tellRejected, tellRemaining } from './outcomes';
import { slotOf } from './slot';
import { Bucket, bucketOf, overflowBucket, passingBucket, Table } from './table';

/** Nanoseconds of the monotonic clock at this request; 0 = not read, or the host refused. */
let nowNs: u64 = 0;

/**
 * Asks and charges. The limit that rejects the request for longest, or 0: it is admitted.
 * `readable`: its headers could be read. Where not, every limit is for it, and no bucket but that of
 * the overflow: a request too large to be read must not be a way around them, nor use them up.
 */
export function judgeRequest(config: Config, readable: bool): usize {
  nowNs = 0;
  let rejects: usize = 0;
  let shared = false;
  for (let i: u32 = 0; i < config.limitCount; i++) {
    limitAt(config, i).verdict = <u8>Verdict.Unmatched;
  }
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (isDry(config, limit) || !isFor(config, limit, readable)) continue;
    if (!readClock()) {
      increment(config.storeErrors, 1);
      return 0;
    }
    ask(config, limit, readable);
    if (limit.verdict == <u8>Verdict.Rejected) rejects = longer(rejects, limit);
    if (limit.verdict == <u8>Verdict.Asking) shared = true;
  }
  if (shared && rejects == 0) rejects = askWorkers(config);
  settle(config, rejects != 0);
  if (rejects == 0) judgeDry(config, readable);
  return rejects;
}

/** The matched limit in force with the fewest tokens left, of those that `onSuccess` is said for. */
export function tightest(config: Config): usize {
  let found: usize = 0;
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (!limit.onSuccess || isDry(config, limit)) continue;
    if (limit.verdict != <u8>Verdict.Admitted) continue;
    if (found == 0 || limit.free < changetype<Limit>(found).free) found = changetype<usize>(limit);
  }
  return found;
}

/** When the request was judged, in ns of the monotonic clock. */
export function judgedAt(): u64 {
  return nowNs;
}

function isDry(config: Config, limit: Limit): bool {
  return limit.dryRun || config.mode == <u8>Mode.DryRun;
}

function isFor(config: Config, limit: Limit, readable: bool): bool {
  return limit.when == 0 || !readable || mayMatch(config, limit.when);
}

function readClock(): bool {
  nowNs = requestNs();
  return nowNs != 0;
}

function longer(rejects: usize, limit: Limit): usize {
  if (rejects == 0) return changetype<usize>(limit);
  const other = changetype<Limit>(rejects);
  return waitNs(limit) > waitNs(other) ? changetype<usize>(limit) : rejects;
}

/** Roughly: it may be more than fits into 64 bits. */
function waitNs(limit: Limit): f64 {
  return <f64>limit.wait * <f64>((<u64>1) << limit.shift);
}

/** What this VM alone can say. */
function ask(config: Config, limit: Limit, readable: bool): void {
  const now = unitsFloor(nowNs, limit.shift);
  limit.taken = false;
  if (!readable) {
    overflow(limit, now);
    return;
  }
  limit.hash = hashKey(config, limit);
  limit.slot = slotOf(limit, limit.hash);
  limit.bucket = bucketOf(limit.table, limit.hash, now);
  if (limit.scope == <u8>Scope.Worker) {
    if (limit.bucket != 0) judgeOwn(limit, now);
    else overflow(limit, now);
    return;
  }
  // Nothing is known of it here, but the workers may: each of them keeps as many as the policy says.
  if (limit.bucket == 0) {
    const bucket = passingBucket(limit.table);
    bucket.hash = limit.hash;
    limit.bucket = changetype<usize>(bucket);
  }
  judgeShared(limit, now);
}

/** A bucket that is this VM's own. */
function judgeOwn(limit: Limit, now: u64): void {
  const bucket = changetype<Bucket>(limit.bucket);
  if (tokensFree(bucket.word, now, limit.interval, limit.tolerance) != 0) {
    limit.verdict = <u8>Verdict.Admitted;
  } else {
    reject(limit, now);
  }
}

function judgeShared(limit: Limit, now: u64): void {
  const bucket = changetype<Bucket>(limit.bucket);
  const verdict = judgeLeased(bucket, now);
  if (verdict == Verdict.Rejected) reject(limit, now);
  else limit.verdict = <u8>verdict;
}

/** No more tokens; how long until there is one again. */
function reject(limit: Limit, now: u64): void {
  const word = changetype<Bucket>(limit.bucket).word;
  limit.verdict = <u8>Verdict.Rejected;
  limit.free = 0;
  limit.wait = max<u64>(unitsUntilFree(word, now, limit.interval, limit.tolerance, 1), 1);
}

/** A key that has no bucket of its own. */
function overflow(limit: Limit, now: u64): void {
  increment(limit.overflowMetric, 1);
  const bucket = overflowBucket(limit.table);
  limit.bucket = changetype<usize>(bucket);
  limit.slot = limit.slotCount;
  if (limit.overflow == <u8>Overflow.Admit) {
    limit.verdict = <u8>Verdict.Untracked;
  } else if (limit.overflow == <u8>Overflow.Reject) {
    limit.verdict = <u8>Verdict.Rejected;
    limit.free = 0;
    limit.wait = limit.interval;
  } else if (limit.scope == <u8>Scope.Worker) {
    judgeOwn(limit, now);
  } else {
    judgeShared(limit, now);
  }
}

/** Asks the shared bucket of each limit that needs it; the one that rejects, or 0. */
function askWorkers(config: Config): usize {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (limit.verdict != <u8>Verdict.Asking) continue;
    askShared(config, limit);
    // Whoever was asked before has a token to give back, whoever comes behind was not asked.
    if (limit.verdict == <u8>Verdict.Rejected) return changetype<usize>(limit);
  }
  return 0;
}

function askShared(config: Config, limit: Limit): void {
  const now = unitsFloor(nowNs, limit.shift);
  take(config, limit, now);
  if (limit.verdict != <u8>Verdict.Unmatched) return;
  overflow(limit, now);
  if (limit.verdict == <u8>Verdict.Asking) take(config, limit, now);
}

function take(config: Config, limit: Limit, now: u64): void {
  const bucket = changetype<Bucket>(limit.bucket);
  const verdict = takeShared(limit, bucket, limit.slot, now, unitsCeil(nowNs, limit.shift));
  limit.verdict = <u8>verdict;
  if (verdict == Verdict.Rejected) reject(limit, now);
  // Doubt lets the request through.
  if (verdict == Verdict.Untracked) increment(config.storeErrors, 1);
}

/** Charges every limit in force, or gives back what was taken for it; and counts. */
function settle(config: Config, rejected: bool): void {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (limit.verdict == <u8>Verdict.Unmatched || isDry(config, limit)) continue;
    if (limit.verdict == <u8>Verdict.Rejected) {
      increment(limit.limitedMetric, 1);
      tellRejected(config, limit, nowNs);
      if (explaining()) explainLimit(config, limit, 'rejected');
    } else if (!rejected) {
      spend(limit);
      increment(limit.okMetric, 1);
      if (explaining()) explainLimit(config, limit, 'admitted');
    } else if (limit.verdict == <u8>Verdict.Admitted && limit.scope != <u8>Scope.Worker) {
      const now = unitsFloor(nowNs, limit.shift);
      giveBack(limit, changetype<Bucket>(limit.bucket), limit.slot, now);
    }
  }
}

/** The request's token, and how many are left. */
function spend(limit: Limit): void {
  limit.free = 0;
  if (limit.verdict != <u8>Verdict.Admitted) return;
  const bucket = changetype<Bucket>(limit.bucket);
  const now = unitsFloor(nowNs, limit.shift);
  if (limit.scope == <u8>Scope.Worker) {
    bucket.word = charge(bucket.word, unitsCeil(nowNs, limit.shift), limit.interval, 1);
  } else {
    spendLeased(bucket);
  }
  const free = tokensFree(bucket.word, now, limit.interval, limit.tolerance) + <u64>bucket.leased;
  limit.free = <u32>free;
  const table = changetype<Table>(limit.table);
  if (limit.free < table.least) table.least = limit.free;
  tellRemaining(limit, nowNs);
}

/** Dry-run limits, of a request that is admitted: what they would have said is counted. */
function judgeDry(config: Config, readable: bool): void {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (!isDry(config, limit)) continue;
    if (!isFor(config, limit, readable) || !readClock()) continue;
    ask(config, limit, readable);
    if (limit.verdict == <u8>Verdict.Asking) askShared(config, limit);
    if (limit.verdict == <u8>Verdict.Rejected) {
      increment(limit.dryMetric, 1);
      tellRejected(config, limit, nowNs);
      if (explaining()) explainLimit(config, limit, 'would be rejected');
    } else {
      spend(limit);
      increment(limit.okMetric, 1);
      if (explaining()) explainLimit(config, limit, 'would be admitted');
    }
  }
}

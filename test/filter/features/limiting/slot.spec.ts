import { Limit, Verdict } from '../../../../filter/assembly/config/layout';
import { takeShared } from '../../../../filter/assembly/features/limiting/lease';
import { slotOf } from '../../../../filter/assembly/features/limiting/slot';
import { Bucket, passingBucket } from '../../../../filter/assembly/features/limiting/table';
import { arenaReset } from '../../../../filter/assembly/shim/arena';
import { setShared } from '../../../../filter/assembly/shim/shared';
import { hostRefuse, hostReset, hostShared } from '../../host';
import { read } from '../../support';
import { bucketFor, limited, SECOND } from './limited';

const NOW: u64 = 2000 * SECOND;
const KEYED = '"rate":"1/h","burst":2,"per":[{"ip":true}],"maxKeys":';

/** Asks for a token, and spends it. */
function takeFor(limit: Limit, bucket: Bucket, now: u64): Verdict {
  arenaReset();
  const verdict = takeShared(limit, bucket, slotOf(limit, bucket.hash), now, now);
  bucket.leased = 0;
  bucket.until = 0;
  return verdict;
}

function take(limit: Limit, hash: u64, now: u64 = NOW): Verdict {
  return takeFor(limit, bucketFor(limit, hash, now), now);
}

/** As another worker would, which knows nothing of the bucket. */
function takeElsewhere(limit: Limit, hash: u64, now: u64 = NOW): Verdict {
  const bucket = passingBucket(limit.table);
  bucket.hash = hash;
  return takeFor(limit, bucket, now);
}

describe('slot', () => {
  beforeEach(hostReset);

  it('counts for all workers', () => {
    const limit = limited(KEYED + '8');
    expect(take(limit, 5)).toBe(Verdict.Admitted);
    expect(takeElsewhere(limit, 5)).toBe(Verdict.Admitted);
    expect(take(limit, 5)).toBe(Verdict.Rejected);
    expect(takeElsewhere(limit, 5)).toBe(Verdict.Rejected);
    expect(take(limit, 6)).toBe(Verdict.Admitted);
  });

  it('has as many buckets as there are keys, and says so when they are in use', () => {
    const limit = limited(KEYED + '3,"overflow":"reject"');
    for (let hash: u64 = 1; hash <= 3; hash++) expect(take(limit, hash)).toBe(Verdict.Admitted);
    expect(takeElsewhere(limit, 4)).toBe(Verdict.Unmatched);
    // Those that are there go on.
    expect(take(limit, 3)).toBe(Verdict.Admitted);
    // Full again after two hours, and not before.
    expect(takeElsewhere(limit, 4, NOW + 3600 * SECOND - 1)).toBe(Verdict.Unmatched);
    expect(takeElsewhere(limit, 4, NOW + 3600 * SECOND)).toBe(Verdict.Admitted);
  });

  it('gives nobody a fresh burst whose requests went to the overflow', () => {
    const limit = limited(KEYED + '2');
    for (let hash: u64 = 1; hash <= 2; hash++) expect(take(limit, hash)).toBe(Verdict.Admitted);
    expect(takeElsewhere(limit, 4)).toBe(Verdict.Unmatched);
    const later = NOW + 3600 * SECOND;
    expect(takeElsewhere(limit, 4, later)).toBe(Verdict.Rejected);
    expect(takeElsewhere(limit, 5, later)).toBe(Verdict.Rejected);
    // Those that had a bucket are as full as time has made them.
    expect(take(limit, 2, later)).toBe(Verdict.Admitted);
    expect(takeElsewhere(limit, 4, later + 2 * 3600 * SECOND)).toBe(Verdict.Admitted);
  });

  it('is as empty where another limit, or nonsense, stands under its name', () => {
    const limit = limited(KEYED + '8');
    const junk = heap.alloc(4096);
    memory.fill(junk, 0xff, 4096);
    for (let size: u32 = 0; size < 2000; size += 7) {
      setShared(limit.slotPtr, limit.slotSize, junk, size, 0);
      expect(takeElsewhere(limit, 9)).toBe(Verdict.Admitted, size.toString());
    }
  });

  it('never reads behind what it was given', () => {
    const limit = limited(KEYED + '8');
    for (let hash: u64 = 1; hash <= 8; hash++) take(limit, hash);
    const whole = hostShared(read(limit.slotPtr, limit.slotSize)).length;
    expect(whole).toBeGreaterThan(0);
    const copy = heap.alloc(4096);
    memory.fill(copy, 0, 4096);
    store<u64>(copy, limit.identity);
    for (let size: u32 = 0; size < 2000; size++) {
      setShared(limit.slotPtr, limit.slotSize, copy, size, 0);
      const verdict = takeElsewhere(limit, 100);
      expect(verdict == Verdict.Admitted || verdict == Verdict.Unmatched).toBe(true);
    }
  });

  it('is not written where the host refuses, nor read', () => {
    const limit = limited(KEYED + '8');
    hostRefuse('proxy_set_shared_data', 10);
    expect(take(limit, 5)).toBe(Verdict.Untracked);
    expect(hostShared(read(limit.slotPtr, limit.slotSize))).toBe('(absent)');
    hostRefuse('proxy_set_shared_data', 0);
    hostRefuse('proxy_get_shared_data', 10);
    expect(take(limit, 5)).toBe(Verdict.Untracked);
    hostRefuse('proxy_get_shared_data', 0);
    expect(take(limit, 5)).toBe(Verdict.Admitted);
  });

  it('is chosen by the key among those of its limit', () => {
    const limit = limited(KEYED + '4096');
    expect(limit.slotCount).toBeGreaterThan(1);
    expect(slotOf(limit, u64.MAX_VALUE)).toBeLessThan(limit.slotCount);
    expect(slotOf(limit, 0)).not.toBe(slotOf(limit, 1));
  });
});

import { Limit, Verdict } from '../../../../filter/assembly/config/layout';
import {
  giveBack,
  judgeLeased,
  takeShared,
} from '../../../../filter/assembly/features/limiting/lease';
import { slotOf } from '../../../../filter/assembly/features/limiting/slot';
import { Bucket } from '../../../../filter/assembly/features/limiting/table';
import { arenaReset } from '../../../../filter/assembly/shim/arena';
import { hostCalls, hostRefuse, hostReset, hostTime } from '../../host';
import { bucketFor, limited, SECOND } from './limited';

const NOW: u64 = 2000 * SECOND;
const CAS_MISMATCH = 8;

function take(limit: Limit, now: u64): Verdict {
  arenaReset();
  hostTime(0, now);
  limit.taken = false;
  const bucket = bucketFor(limit, 0, now);
  const verdict = judgeLeased(bucket, now);
  if (verdict != Verdict.Asking) return verdict;
  return takeShared(limit, bucket, slotOf(limit, 0), now, now);
}

function bucketOf(limit: Limit, now: u64): Bucket {
  return bucketFor(limit, 0, now);
}

describe('lease', () => {
  beforeEach(hostReset);

  it('knows until when there are no tokens, and asks then', () => {
    const limit = limited('"rate":"1/s","burst":2');
    for (let i = 0; i < 2; i++) {
      expect(take(limit, NOW)).toBe(Verdict.Admitted);
      bucketOf(limit, NOW).leased = 0;
      bucketOf(limit, NOW).until = 0;
    }
    expect(take(limit, NOW)).toBe(Verdict.Rejected);
    const asked = hostCalls('proxy_get_shared_data');
    expect(take(limit, NOW)).toBe(Verdict.Rejected);
    expect(take(limit, NOW + SECOND - 1)).toBe(Verdict.Rejected);
    expect(hostCalls('proxy_get_shared_data')).toBe(asked);
    expect(take(limit, NOW + SECOND)).toBe(Verdict.Admitted);
    expect(hostCalls('proxy_get_shared_data')).toBe(asked + 1);
  });

  it('takes no tokens ahead of small bursts, nor of slow rates', () => {
    expect(limited('"rate":"1000/s","burst":31').leaseMax).toBe(0);
    expect(limited('"rate":"1/s","burst":1000').leaseMax).toBe(0);
    expect(limited('"rate":"1000/s","burst":1000,"scope":"worker"').leaseMax).toBe(0);
    expect(limited('"rate":"1000/s","burst":1000').leaseMax).toBeGreaterThan(0);
  });

  it('takes some ahead where it is asked often, and spends them without asking', () => {
    const limit = limited('"rate":"1000/s","burst":1000');
    let admitted = 0;
    for (let i: u64 = 0; i < 200; i++) {
      const now = NOW + i * 100_000;
      if (take(limit, now) != Verdict.Admitted) continue;
      admitted++;
      const bucket = bucketOf(limit, now);
      bucket.leased--;
      if (bucket.leased == 0) bucket.until = 0;
    }
    expect(admitted).toBe(200);
    expect(hostCalls('proxy_set_shared_data')).toBeLessThan(40);
  });

  it('gives a token back as if it had not been taken', () => {
    const limit = limited('"rate":"1/h","burst":3');
    for (let i = 0; i < 20; i++) {
      expect(take(limit, NOW)).toBe(Verdict.Admitted);
      giveBack(limit, bucketOf(limit, NOW), slotOf(limit, 0), NOW);
      expect(bucketOf(limit, NOW).leased).toBe(0);
    }
    for (let i = 0; i < 3; i++) {
      expect(take(limit, NOW)).toBe(Verdict.Admitted);
      bucketOf(limit, NOW).leased = 0;
      bucketOf(limit, NOW).until = 0;
    }
    expect(take(limit, NOW)).toBe(Verdict.Rejected);
  });

  it('gives nothing back that was not taken for this request', () => {
    const limit = limited('"rate":"1/h","burst":3');
    expect(take(limit, NOW)).toBe(Verdict.Admitted);
    limit.taken = false;
    const writes = hostCalls('proxy_set_shared_data');
    giveBack(limit, bucketOf(limit, NOW), slotOf(limit, 0), NOW);
    expect(hostCalls('proxy_set_shared_data')).toBe(writes);
    expect(bucketOf(limit, NOW).leased).toBe(1);
  });

  it('lets the request through where the host does nothing but refuse', () => {
    const limit = limited('"rate":"1/h","burst":3');
    hostRefuse('proxy_set_shared_data', CAS_MISMATCH);
    expect(take(limit, NOW)).toBe(Verdict.Untracked);
    // It is no contention where nobody wrote in between.
    expect(hostCalls('proxy_get_shared_data')).toBeLessThan(6);
  });
});

import {
  Bucket,
  bucketOf,
  findTable,
  makeTable,
  openTable,
  overflowBucket,
  passingBucket,
  Table,
  tableHolds,
} from '../../../../filter/assembly/features/limiting/table';
import { hostReset } from '../../host';
import { limited } from './limited';

/** A table of so many buckets, empty. */
function table(maxKeys: u32, own: bool = true, floor: u64 = 0): usize {
  const limit = limited('"rate":"1/s","per":[{"ip":true}],"maxKeys":' + maxKeys.toString());
  const at = makeTable(limit.maxKeys);
  openTable(at, limit, own, floor);
  return at;
}

/** Whether the key has a bucket now; it is used until `word`. */
function use(at: usize, hash: u64, now: u64, word: u64): bool {
  const bucket = bucketOf(at, hash, now);
  if (bucket == 0) return false;
  changetype<Bucket>(bucket).word = word;
  changetype<Bucket>(bucket).until = word;
  return true;
}

describe('table', () => {
  beforeEach(hostReset);

  it('finds a bucket again, whatever others share its chain', () => {
    const at = table(64);
    // All of them in the chain of the last head.
    for (let i: u64 = 1; i <= 64; i++) expect(use(at, i * 64 - 1, 10, 1000 + i)).toBe(true);
    for (let i: u64 = 64; i >= 1; i--) {
      const bucket = changetype<Bucket>(bucketOf(at, i * 64 - 1, 11));
      expect(bucket.word).toBe(1000 + i);
      expect(bucket.hash).toBe(i * 64 - 1);
    }
    expect(changetype<Table>(at).used).toBe(64);
  });

  it('has a bucket for the key 0, and for the greatest', () => {
    const at = table(2);
    expect(use(at, 0, 10, 77)).toBe(true);
    expect(use(at, u64.MAX_VALUE, 10, 88)).toBe(true);
    expect(changetype<Bucket>(bucketOf(at, 0, 10)).word).toBe(77);
    expect(changetype<Bucket>(bucketOf(at, u64.MAX_VALUE, 10)).word).toBe(88);
  });

  it('gives a new key the word that a key has that was never seen', () => {
    const at = table(4, true, 1234);
    expect(changetype<Bucket>(bucketOf(at, 5, 10)).word).toBe(1234);
    expect(overflowBucket(at).word).toBe(1234);
  });

  it('has no more than it was made for', () => {
    for (let capacity: u32 = 1; capacity < 70; capacity += 3) {
      const at = table(capacity);
      for (let i: u32 = 0; i < capacity; i++) expect(use(at, i, 10, 1000)).toBe(true);
      expect(use(at, capacity, 10, 1000)).toBe(false);
      expect(changetype<Bucket>(bucketOf(at, 0, 10)).word).toBe(1000);
    }
  });

  it('takes a bucket that is full again, and no other', () => {
    const at = table(8);
    for (let i: u64 = 0; i < 8; i++) use(at, i, 10, 1000 + i * 100);
    expect(use(at, 100, 999, 5000)).toBe(false);
    // That of key 0, to the unit.
    expect(use(at, 100, 1000, 5000)).toBe(true);
    expect(use(at, 101, 1000, 5000)).toBe(false);
    expect(use(at, 101, 1099, 5000)).toBe(false);
    expect(use(at, 101, 1100, 5000)).toBe(true);
    for (let i: u64 = 2; i < 8; i++) {
      expect(changetype<Bucket>(bucketOf(at, i, 1100)).word).toBe(1000 + i * 100);
    }
    expect(changetype<Bucket>(bucketOf(at, 100, 1100)).word).toBe(5000);
  });

  it('of a shared limit takes one that knows nothing any more', () => {
    const at = table(2, false);
    use(at, 1, 10, 500);
    use(at, 2, 10, 900);
    // What the workers have counted does not matter, but until when this one knows it.
    changetype<Bucket>(bucketOf(at, 1, 10)).word = 10_000;
    expect(bucketOf(at, 3, 499) == 0).toBe(true);
    expect(bucketOf(at, 3, 500) != 0).toBe(true);
    expect(bucketOf(at, 2, 500) != 0).toBe(true);
  });

  it('finds a free one among many, in several requests', () => {
    const at = table(4096);
    for (let i: u64 = 0; i < 4096; i++) use(at, i, 10, i == 4000 ? 20 : 1_000_000);
    let asked = 0;
    while (!use(at, 5000, 100, 1_000_000) && asked < 40) asked++;
    // 256 looks each.
    expect(asked).toBe(15);
    expect(use(at, 5001, 100, 1_000_000)).toBe(false);
  });

  it('is the same for the same limit, and found by its identity', () => {
    const limit = limited('"rate":"1/s"');
    expect(findTable(limit.identity)).toBe(limit.table);
    expect(findTable(limit.identity + 1)).toBe(0);
    const small = makeTable(64);
    expect(tableHolds(small, 64)).toBe(true);
    expect(tableHolds(small, 65)).toBe(false);
  });

  it('keeps the overflow and the one for a passing key apart from the others', () => {
    const at = table(3);
    for (let i: u64 = 0; i < 3; i++) use(at, i, 10, 1000 + i);
    overflowBucket(at).word = 7;
    passingBucket(at).word = 8;
    for (let i: u64 = 0; i < 3; i++) {
      expect(changetype<Bucket>(bucketOf(at, i, 10)).word).toBe(1000 + i);
    }
    expect(overflowBucket(at).word).toBe(7);
    // Nothing is kept of a passing one.
    expect(passingBucket(at).word).toBe(0);
  });
});

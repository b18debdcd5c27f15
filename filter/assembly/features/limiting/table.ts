// table: the buckets that a VM keeps of one limit, by the hash of their key.
// A limit of scope worker has its state here and nowhere else; of the other scopes it is what this
// worker has taken ahead and what it knows of the bucket that all share.
// Promise: memory from configure time, as many buckets as the policy says. A bucket that says
// nothing any more, one that is full again, gives way to a new one; no other ever does. A table
// outlives its configuration: one that leaves the limit as it was finds it again.

import { Limit } from '../../config/layout';

/**
 * One key's bucket.
 *   0      8      16      24      32      36       40     44         48
 *   +------+------+-------+-------+-------+--------+------+----------+
 *   | hash | word | until | since | asked | leased | next | returned |
 *   +------+------+-------+-------+-------+--------+------+----------+
 * Times in units of the limit. Of scope worker only hash, word and next are used.
 */
@unmanaged
export class Bucket {
  hash: u64;
  /** GCRA's word (bytes/gcra.ts); of a shared bucket as this worker saw it last. */
  word: u64;
  /** While tokens are leased: when they must be spent. Otherwise: before it there are none. */
  until: u64;
  /** When `asked` began to count. */
  since: u64;
  /** Requests for this bucket. */
  asked: u32;
  /** Tokens that this worker has taken from the shared bucket and not yet spent. */
  leased: u32;
  /** In the chain of a head, 1 + index; 0 = the last. */
  next: u32;
  /** How many tokens workers had given back to the slot, when these were leased. */
  returned: u32;
}
const BUCKET_SIZE: u32 = 48;

/**
 *   0          8       16     24         32     40      48         52     56     60      64
 *   +----------+-------+------+----------+------+-------+----------+------+------+-------+
 *   | identity | floor | wake | soonest  | told | shown | capacity | used | hand | swept |
 *   +----------+-------+------+----------+------+-------+----------+------+------+-------+
 *   | headMask | heads | buckets | size | nextTable | untold | least | own | overflows |
 *   +----------+-------+---------+------+-----------+--------+-------+-----+-----------+ 96
 *   | heads: u32 × (headMask + 1) | buckets × (capacity + 2) |
 * Behind the buckets of keys stand that of the overflow and one that is not kept.
 */
@unmanaged
export class Table {
  identity: u64;
  /** The word of a key that was never seen. */
  floor: u64;
  /** No bucket can be taken again before. */
  wake: u64;
  soonest: u64;
  /** When a line of the log and the gauge were last written, in ns. */
  told: u64;
  shown: u64;
  capacity: u32;
  used: u32;
  /** Where the search for a bucket that can be taken again goes on. */
  hand: u32;
  /** Buckets it has passed in vain. */
  swept: u32;
  headMask: u32;
  heads: usize;
  buckets: usize;
  /** Bytes of the whole. */
  size: u32;
  nextTable: usize;
  /** Requests that the log does not know of. */
  untold: u32;
  /** Fewest tokens left since the gauge was written. */
  least: u32;
  /** Whether the words here are the state, not a copy. */
  own: bool;
  /** Whether keys may have used the overflow before they have a bucket here. */
  overflows: bool;
}
const TABLE_SIZE: u32 = 96;
/** Buckets that one request looks at to find one it can take. */
const SWEEP_MAX: u32 = 256;

/** All tables of this VM. */
let tables: usize = 0;

/** The power of two that is not below it. */
function headCount(capacity: u32): u32 {
  let count: u32 = 1;
  while (count < capacity) count <<= 1;
  return count;
}

function sizeFor(capacity: u32): u32 {
  return TABLE_SIZE + (((headCount(capacity) << 2) + 7) & ~7) + (capacity + 2) * BUCKET_SIZE;
}

/** The table of an identity, or 0. */
export function findTable(identity: u64): usize {
  for (let at = tables; at != 0; at = changetype<Table>(at).nextTable) {
    if (changetype<Table>(at).identity == identity) return at;
  }
  return 0;
}

/** The first of all tables, or 0; more behind `nextTable`. */
export function firstTable(): usize {
  return tables;
}

/** Whether the table has room for the buckets of a limit. */
export function tableHolds(at: usize, capacity: u32): bool {
  return changetype<Table>(at).size >= sizeFor(capacity);
}

/**
 * A new table, of fresh memory. There are few sizes of them, or limits that ask for a little more
 * with each push would find no room in those that were made before.
 */
export function makeTable(capacity: u32): usize {
  const size = sizeFor(headCount(capacity));
  const at = heap.alloc(size);
  const table = changetype<Table>(at);
  memory.fill(at, 0, TABLE_SIZE);
  table.size = size;
  table.nextTable = tables;
  tables = at;
  return at;
}

/** Empties a table for a limit; `floor` is the word of keys that were never seen. */
export function openTable(at: usize, limit: Limit, own: bool, floor: u64): void {
  const table = changetype<Table>(at);
  const size = table.size;
  const nextTable = table.nextTable;
  memory.fill(at, 0, sizeFor(limit.maxKeys));
  table.size = size;
  table.nextTable = nextTable;
  table.identity = limit.identity;
  table.capacity = limit.maxKeys;
  table.headMask = headCount(limit.maxKeys) - 1;
  table.heads = at + TABLE_SIZE;
  table.buckets = table.heads + ((((table.headMask + 1) << 2) + 7) & ~7);
  table.least = limit.burst;
  table.soonest = u64.MAX_VALUE;
  table.own = own;
  table.overflows = own && limit.keyCount != 0;
  table.floor = floor;
  overflowBucket(at).word = floor;
}

function bucketAt(table: Table, index: u32): Bucket {
  return changetype<Bucket>(table.buckets + index * BUCKET_SIZE);
}

/** The bucket that all share who have none of their own. */
export function overflowBucket(at: usize): Bucket {
  const table = changetype<Table>(at);
  return bucketAt(table, table.capacity);
}

/** A bucket for this request alone: nothing is known, nothing will be. */
export function passingBucket(at: usize): Bucket {
  const table = changetype<Table>(at);
  const bucket = bucketAt(table, table.capacity + 1);
  memory.fill(changetype<usize>(bucket), 0, BUCKET_SIZE);
  return bucket;
}

/** The bucket of a key, made if new; 0 where as many as there are are in use. */
export function bucketOf(at: usize, hash: u64, now: u64): usize {
  const table = changetype<Table>(at);
  const head = table.heads + ((<u32>hash & table.headMask) << 2);
  for (let link = load<u32>(head); link != 0; ) {
    const bucket = bucketAt(table, link - 1);
    if (bucket.hash == hash) return changetype<usize>(bucket);
    link = bucket.next;
  }
  const index = table.used < table.capacity ? table.used++ : takeAgain(table, now);
  if (index == NONE) return 0;
  const bucket = bucketAt(table, index);
  memory.fill(changetype<usize>(bucket), 0, BUCKET_SIZE);
  bucket.hash = hash;
  // Who comes from the overflow may have used that up: no fresh burst then.
  bucket.word = table.floor;
  if (table.overflows) bucket.word = max<u64>(bucket.word, overflowBucket(at).word);
  bucket.next = load<u32>(head);
  store<u32>(head, index + 1);
  return changetype<usize>(bucket);
}
const NONE: u32 = u32.MAX_VALUE;

/** When nothing is lost with the bucket. */
function freeAt(table: Table, bucket: Bucket): u64 {
  return table.own ? bucket.word : bucket.until;
}

/**
 * The index of a bucket that says nothing any more, out of its chain, or `NONE`. The search goes
 * round; where a whole round was in vain, it sleeps until the first of them can be taken. So each key that comes too many costs a comparison, and at worst `SWEEP_MAX` looks.
 */
function takeAgain(table: Table, now: u64): u32 {
  if (now < table.wake) return NONE;
  for (let looks: u32 = 0; looks < SWEEP_MAX; looks++) {
    const index = table.hand;
    table.hand = index + 1 < table.capacity ? index + 1 : 0;
    const bucket = bucketAt(table, index);
    const free = freeAt(table, bucket);
    if (free <= now) {
      table.swept = 0;
      table.soonest = u64.MAX_VALUE;
      unlink(table, bucket, index);
      return index;
    }
    if (free < table.soonest) table.soonest = free;
    if (++table.swept < table.capacity) continue;
    table.wake = table.soonest;
    table.swept = 0;
    table.soonest = u64.MAX_VALUE;
    return NONE;
  }
  return NONE;
}

function unlink(table: Table, bucket: Bucket, index: u32): void {
  let link = table.heads + ((<u32>bucket.hash & table.headMask) << 2);
  while (load<u32>(link) != index + 1) {
    link = changetype<usize>(bucketAt(table, load<u32>(link) - 1)) + offsetof<Bucket>('next');
  }
  store<u32>(link, bucket.next);
}

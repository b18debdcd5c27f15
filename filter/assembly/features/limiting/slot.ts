// slot: buckets that all workers share, a few dozen under one key of shared data: keys can never be
// deleted, so their number is that of the slots, and a bucket's key chooses its slot.
// Promise: a bucket is written only over what was read (compare-and-swap), so that no token is given
// twice; buckets that are full again are left out of what is written, and no other.
//
//   0          8       16         20  24     32     40
//   +----------+-------+----------+---+------+------+------+------+--   --+
//   | identity | floor | returned | - | hash | word | hash | word |  ...  |   SLOT_BUCKETS of them
//   +----------+-------+----------+---+------+------+------+------+--   --+
// Another identity: it was left by another limit, and says nothing.
// floor: the word of a bucket that is not here: the latest time at which one that was left out was
// full (workers do not read their clocks at once, and to one that is behind it is not over yet), and
// later where keys had to go to the overflow.
// returned: tokens that workers have given back, modulo 2^32.
// word: GCRA's, and in its highest bit whether tokens may have been leased (lease.ts).

import { Status } from '../../abi/enums';
import { putHexWord } from '../../bytes/hex';
import { Slice } from '../../bytes/slice';
import { Limit } from '../../config/layout';
import { SLOT_BUCKETS } from '../../config/limit';
import { arenaTake } from '../../shim/arena';
import { CAS_ANY, CAS_NEVER, getShared, setShared, sharedCas } from '../../shim/shared';

/** In a word: tokens of this bucket may have been leased since it was full. */
export const LEASED: u64 = 1 << 63;
const HEADER_SIZE: u32 = 24;
const HEADER_FLOOR: usize = 8;
const HEADER_RETURNED: usize = 16;
const BUCKET_SIZE: u32 = 16;
const BUCKET_WORD: usize = 8;

const out: Slice = changetype<Slice>(memory.data(8, 8));
let cas: u32 = CAS_NEVER;

/** The slot of a key. */
export function slotOf(limit: Limit, hash: u64): u32 {
  return <u32>(hash % <u64>limit.slotCount);
}

/** Reads a slot. False: the host refuses. What it holds is then `slotWord`'s to tell. */
export function readSlot(limit: Limit, slot: u32): bool {
  putHexWord(slot, limit.slotPtr + limit.slotSize - 4);
  const status = getShared(limit.slotPtr, limit.slotSize, out);
  if (status == Status.NotFound) {
    out.size = 0;
    cas = CAS_NEVER;
    return true;
  }
  if (status != Status.Ok) return false;
  cas = sharedCas() != CAS_ANY ? sharedCas() : CAS_NEVER;
  if (out.size < HEADER_SIZE || load<u64>(out.ptr) != limit.identity) out.size = 0;
  return true;
}

/** What changes with each write of the slot that was read last. */
export function slotCas(): u32 {
  return cas;
}

/** How many tokens were given back to the buckets of the slot that was read last. */
export function slotReturned(): u32 {
  return out.size != 0 ? load<u32>(out.ptr, HEADER_RETURNED) : 0;
}

/** The word of a bucket in the slot that was read last; where there is none, the floor. */
export function slotWord(hash: u64): u64 {
  for (let at = HEADER_SIZE; at + BUCKET_SIZE <= out.size; at += BUCKET_SIZE) {
    if (load<u64>(out.ptr + at) == hash) return load<u64>(out.ptr + at, BUCKET_WORD);
  }
  return slotFloor();
}

function slotFloor(): u64 {
  return out.size != 0 ? load<u64>(out.ptr, HEADER_FLOOR) : 0;
}

/** Whether a bucket is full, and nothing that was leased of it can be spent any more. */
export function isIdle(limit: Limit, word: u64, now: u64): bool {
  return idleFrom(limit, word) <= now;
}

function idleFrom(limit: Limit, word: u64): u64 {
  return (word & LEASED) == 0 ? word : (word & ~LEASED) + limit.lateness;
}

/** Whether a key that has no bucket in the slot that was read last can have none either. */
export function slotIsFull(limit: Limit, hash: u64, now: u64): bool {
  let count: u32 = 0;
  for (let at = HEADER_SIZE; at + BUCKET_SIZE <= out.size; at += BUCKET_SIZE) {
    if (load<u64>(out.ptr + at) == hash) return false;
    if (!isIdle(limit, load<u64>(out.ptr + at, BUCKET_WORD), now)) count++;
  }
  return count >= <u32>limit.slotBuckets;
}

/**
 * For a key that goes to the overflow since the slot is full: whoever gets a bucket here later may
 * have used up that of the overflow, so that it shall start empty. Written for a while ahead, an
 * eighth of the tolerance, or each such key would write.
 */
export function raiseFloor(limit: Limit, now: u64): Status {
  const least = now + limit.tolerance;
  if (slotFloor() >= least) return Status.Ok;
  return write(limit, 0, 0, now, slotReturned(), least + (limit.tolerance >> 3));
}

/**
 * Writes a bucket's new word into the slot that was read last, `readSlot` right before, which is not
 * full for it. CasMismatch: another worker was faster.
 */
export function writeSlot(limit: Limit, hash: u64, word: u64, now: u64, returned: u32): Status {
  return write(limit, hash, word, now, returned, slotFloor());
}

/** Every bucket that still says something, and the one that is changed, if its word is not 0. */
function write(limit: Limit, hash: u64, word: u64, now: u64, returned: u32, floor: u64): Status {
  const value = arenaTake(HEADER_SIZE + SLOT_BUCKETS * BUCKET_SIZE);
  if (value == 0) return Status.InvalidMemoryAccess;
  let end = value + HEADER_SIZE;
  if (word != 0) end = put(end, hash, word);
  for (let at = HEADER_SIZE; at + BUCKET_SIZE <= out.size; at += BUCKET_SIZE) {
    const other = load<u64>(out.ptr + at);
    const otherWord = load<u64>(out.ptr + at, BUCKET_WORD);
    if (word != 0 && other == hash) continue;
    const idle = idleFrom(limit, otherWord);
    if (idle <= now) floor = max<u64>(floor, idle);
    else if (end < value + HEADER_SIZE + SLOT_BUCKETS * BUCKET_SIZE)
      end = put(end, other, otherWord);
  }
  store<u64>(value, limit.identity);
  store<u64>(value, floor, HEADER_FLOOR);
  store<u64>(value, returned, HEADER_RETURNED);
  return setShared(limit.slotPtr, limit.slotSize, value, <u32>(end - value), cas);
}

function put(at: usize, hash: u64, word: u64): usize {
  store<u64>(at, hash);
  store<u64>(at, word, BUCKET_WORD);
  return at + BUCKET_SIZE;
}

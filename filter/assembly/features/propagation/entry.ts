// entry: one remembered request as bytes, and the few of them that share a slot. Pure: whoever asks
// gives the memory, and bytes that are no entries end the walk. What was not written here, or not
// all of it, is never found.
//
//   a slot's value: | entry | entry | … |   the newest first, SLOT_ENTRIES at most
//
//   0       8          16       20     22        23         24             64       64 + n  size
//   +-------+----------+--------+------+---------+----------+--------------+--------+-----+
//   | check | expiryNs | digest | size | keySize | conflict | TraceContext | fields | key |
//   +-------+----------+--------+------+---------+----------+--------------+--------+-----+
//
//   a field: | nameSize u8 | valueSize u16 | name | value |
//
// `check` is the hash of all that follows it. The digest is that of context and fields: entries of
// one key with another digest were made by requests that differ.

import { Slice, sameBytes } from '../../bytes/slice';
import { TRACE_CONTEXT_SIZE, TraceContext } from '../../bytes/trace-context';
import { xxh64 } from '../../bytes/xxh64';
import { SLOT_ENTRIES } from '../../config/layout';

/** Bytes of the longest entry: a store is at most this times its capacity. */
export const ENTRY_SIZE_MAX: u32 = 2048;
/** Bytes of the longest key. */
export const KEY_SIZE_MAX: u32 = 129;

const EXPIRY: usize = 8;
const DIGEST: usize = 16;
const SIZE: usize = 20;
const KEY_SIZE: usize = 22;
const CONFLICT: usize = 23;
const CONTEXT: u32 = 24;
const FIELDS: u32 = CONTEXT + TRACE_CONTEXT_SIZE;
const FIELD_HEADER_SIZE: u32 = 3;

// The entry that is being written; `written` leaves out its key.
let entry: usize = 0;
let written: u32 = 0;

/** Starts an entry at `ptr`, which has room for ENTRY_SIZE_MAX. */
export function entryBegin(ptr: usize, context: TraceContext): void {
  entry = ptr;
  entryContext(entry).become(context);
  written = FIELDS;
}

/** One more field; false where it does not fit. */
export function entryAdd(namePtr: usize, nameSize: u32, valuePtr: usize, valueSize: u32): bool {
  const size = <u64>FIELD_HEADER_SIZE + <u64>nameSize + <u64>valueSize;
  if (nameSize > 255 || size > <u64>(ENTRY_SIZE_MAX - KEY_SIZE_MAX - written)) return false;
  const at = entry + written;
  store<u8>(at, <u8>nameSize);
  store<u16>(at, <u16>valueSize, 1);
  memory.copy(at + FIELD_HEADER_SIZE, namePtr, nameSize);
  memory.copy(at + FIELD_HEADER_SIZE + nameSize, valuePtr, valueSize);
  written += <u32>size;
  return true;
}

/** After the last field by which requests differ. */
export function entryDigest(): void {
  store<u32>(entry, <u32>xxh64(entry + CONTEXT, written - CONTEXT), DIGEST);
}

/** Gives the entry a key and a time; a key that it had before gives way. */
export function entryFinish(keyPtr: usize, keySize: u32, expiryNs: u64): void {
  store<u64>(entry, expiryNs, EXPIRY);
  store<u16>(entry, <u16>(written + keySize), SIZE);
  store<u8>(entry, <u8>keySize, KEY_SIZE);
  store<u8>(entry, 0, CONFLICT);
  memory.copy(entry + written, keyPtr, keySize);
}

/** What joining the entry to a slot came to. */
export enum Joined {
  Ok = 0,
  /** A live entry of the same key disagrees, or once did: the new one says so. */
  Conflict = 1,
  /** A live entry of another key was pushed out. */
  Evicted = 2,
}

/** Bytes that `joinSlot` may write. */
export const JOINED_SIZE_MAX: u32 = SLOT_ENTRIES * ENTRY_SIZE_MAX;

let joinedSize: u32 = 0;

/** Bytes that `joinSlot` wrote. */
export function joinedBytes(): u32 {
  return joinedSize;
}

/** The entry before those of the slot that are alive and have another key, at `out`. */
export function joinSlot(slotPtr: usize, slotSize: u32, now: u64, out: usize): Joined {
  const size: u32 = load<u16>(entry, SIZE);
  const keySize: u32 = load<u8>(entry, KEY_SIZE);
  const key = entry + size - keySize;
  let outcome = Joined.Ok;
  let count: u32 = 1;
  joinedSize = size;
  for (let at = slotPtr; isEntry(at, slotPtr + slotSize); at += load<u16>(at, SIZE)) {
    if (load<u64>(at, EXPIRY) <= now) continue;
    if (hasKey(at, key, keySize)) {
      const agrees = load<u32>(at, DIGEST) == load<u32>(entry, DIGEST);
      // One that agrees gives way, whole or not: its hash need not be made.
      if (agrees && load<u8>(at, CONFLICT) == 0) continue;
      if (isWhole(at)) outcome = Joined.Conflict;
    } else if (count == SLOT_ENTRIES) {
      if (outcome == Joined.Ok) outcome = Joined.Evicted;
    } else {
      const other: u32 = load<u16>(at, SIZE);
      memory.copy(out + joinedSize, at, other);
      joinedSize += other;
      count++;
    }
  }
  if (outcome == Joined.Conflict) store<u8>(entry, 1, CONFLICT);
  store<u64>(entry, checkOf(entry));
  memory.copy(out, entry, size);
  return outcome;
}

/** Whether a whole entry stands at `at`, before `end`. */
function isEntry(at: usize, end: usize): bool {
  if (at + FIELDS > end) return false;
  const size: u32 = load<u16>(at, SIZE);
  if (size > ENTRY_SIZE_MAX || at + size > end) return false;
  return size >= FIELDS + <u32>load<u8>(at, KEY_SIZE);
}

/** Whether an entry is as it was written. */
function isWhole(at: usize): bool {
  return load<u64>(at) == checkOf(at);
}

function checkOf(at: usize): u64 {
  return xxh64(at + EXPIRY, load<u16>(at, SIZE) - <u32>EXPIRY);
}

function hasKey(at: usize, keyPtr: usize, keySize: u32): bool {
  if (<u32>load<u8>(at, KEY_SIZE) != keySize) return false;
  return sameBytes(at + load<u16>(at, SIZE) - keySize, keyPtr, keySize);
}

/** The live entry of a key, or 0. */
export function findEntry(
  slotPtr: usize,
  slotSize: u32,
  keyPtr: usize,
  keySize: u32,
  now: u64,
): usize {
  for (let at = slotPtr; isEntry(at, slotPtr + slotSize); at += load<u16>(at, SIZE)) {
    if (load<u64>(at, EXPIRY) <= now || !hasKey(at, keyPtr, keySize)) continue;
    if (isWhole(at)) return at;
  }
  return 0;
}

/** Whether requests that differ share the key of an entry. */
export function entryConflicts(at: usize): bool {
  return load<u8>(at, CONFLICT) != 0;
}

export function entryContext(at: usize): TraceContext {
  return changetype<TraceContext>(at + CONTEXT);
}

/** A field of an entry into `out`; false where it has none. */
export function entryField(at: usize, namePtr: usize, nameSize: u32, out: Slice): bool {
  const end = at + load<u16>(at, SIZE) - load<u8>(at, KEY_SIZE);
  for (let field = at + FIELDS; field + FIELD_HEADER_SIZE <= end; ) {
    const size: u32 = load<u8>(field);
    const valueSize: u32 = load<u16>(field, 1);
    const name = field + FIELD_HEADER_SIZE;
    const value = name + size;
    field = value + valueSize;
    if (field > end) return false;
    if (size != nameSize || !sameBytes(name, namePtr, nameSize)) continue;
    out.ptr = value;
    out.size = valueSize;
    return true;
  }
  return false;
}

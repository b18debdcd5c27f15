// pairs: a cursor over a serialized list of header pairs (layout in abi/wire.ts), and its writer.
// Promise: no copy; a list whose sizes do not fit its bytes ends the walk, it is never read beyond.

import {
  PAIRS_ENTRY_SIZE,
  PAIRS_ENTRY_VALUE,
  PAIRS_HEADER_SIZE,
  PAIRS_TERMINATOR_SIZE,
} from '../abi/wire';

/** Of one pair. */
const TERMINATORS_SIZE: u64 = <u64>(2 * PAIRS_TERMINATOR_SIZE);

/**
 * The bit of a name, which is not empty, in a set of shapes: its size and its last byte, modulo 64.
 * Most headers of a request, which nobody looks for, are passed over by it: it costs a third of
 * what the hash of config/names.ts does, and of a name only the last byte is touched.
 */
export function shapeBit(ptr: usize, size: u32): u64 {
  return (<u64>1) << (<u64>size + <u64>load<u8>(ptr + size - 1));
}

/**
 * The pair that the cursor stands on, and what is left.
 *   0         4          8          12          16         20           24        28       32
 *   +---------+----------+----------+-----------+----------+------------+---------+--------+
 *   | namePtr | nameSize | valuePtr | valueSize | entryPtr | entriesEnd | nextPtr | endPtr |
 *   +---------+----------+----------+-----------+----------+------------+---------+--------+
 */
@unmanaged
export class PairCursor {
  namePtr: usize;
  nameSize: u32;
  valuePtr: usize;
  valueSize: u32;
  private entryPtr: usize;
  private entriesEnd: usize;
  private nextPtr: usize;
  private endPtr: usize;

  /** False where the table of sizes does not fit in `size` bytes. */
  open(ptr: usize, size: u32): bool {
    this.entryPtr = 0;
    this.entriesEnd = 0;
    this.nextPtr = ptr;
    this.endPtr = ptr + size;
    if (size < PAIRS_HEADER_SIZE) return size == 0;
    const count = load<u32>(ptr);
    if (count > (size - PAIRS_HEADER_SIZE) / PAIRS_ENTRY_SIZE) return false;
    this.entryPtr = ptr + PAIRS_HEADER_SIZE;
    this.entriesEnd = this.entryPtr + count * PAIRS_ENTRY_SIZE;
    this.nextPtr = this.entriesEnd;
    return true;
  }

  /** Moves to the next pair whose name's shape is in the set; false at the end. */
  next(shapes: u64): bool {
    // Variables, not fields: what is passed over costs no store. No sum of sizes wraps around here.
    const end = <u64>this.endPtr;
    const entriesEnd = this.entriesEnd;
    let before = <u64>this.nextPtr - 1;
    for (let entry = this.entryPtr; entry < entriesEnd; entry += PAIRS_ENTRY_SIZE) {
      const nameSize = <u64>load<u32>(entry);
      const last = before + nameSize;
      const next = last + <u64>load<u32>(entry, PAIRS_ENTRY_VALUE) + TERMINATORS_SIZE;
      if (next >= end) {
        this.endPtr = 0;
        break;
      }
      // The last byte of the name; of an empty one that before it, which is of the list too.
      const shape = nameSize + <u64>load<u8>(<usize>last);
      if (((shapes >> shape) & 1) != 0) {
        this.standOn(entry, <usize>before + 1, <u32>nameSize);
        this.nextPtr = <usize>next + 1;
        return true;
      }
      before = next;
    }
    this.entryPtr = entriesEnd;
    this.nextPtr = <usize>before + 1;
    return false;
  }

  private standOn(entry: usize, namePtr: usize, nameSize: u32): void {
    this.namePtr = namePtr;
    this.nameSize = nameSize;
    this.valuePtr = namePtr + nameSize + PAIRS_TERMINATOR_SIZE;
    this.valueSize = load<u32>(entry, PAIRS_ENTRY_VALUE);
    this.entryPtr = entry + PAIRS_ENTRY_SIZE;
  }

  /** After the walk: whether there was a pair for each entry, and nothing behind them. */
  ended(): bool {
    return this.nextPtr == this.endPtr;
  }
}
export const PAIR_CURSOR_SIZE: u32 = 32;

/** Bytes of a list of `count` pairs whose names and values hold `textSize` bytes in all. */
export function pairListSize(count: u32, textSize: u32): u32 {
  return PAIRS_HEADER_SIZE + count * (PAIRS_ENTRY_SIZE + 2 * PAIRS_TERMINATOR_SIZE) + textSize;
}

/**
 * Writes a list of pairs at `ptr`, which has room for `pairListSize`: first `begin`, then `add` for
 * each of exactly `count` pairs.
 *   0          4         8
 *   +----------+---------+
 *   | entryPtr | textPtr |
 *   +----------+---------+
 */
@unmanaged
export class PairWriter {
  private entryPtr: usize;
  private textPtr: usize;

  begin(ptr: usize, count: u32): void {
    store<u32>(ptr, count);
    this.entryPtr = ptr + PAIRS_HEADER_SIZE;
    this.textPtr = this.entryPtr + count * PAIRS_ENTRY_SIZE;
  }

  add(namePtr: usize, nameSize: u32, valuePtr: usize, valueSize: u32): void {
    store<u32>(this.entryPtr, nameSize);
    store<u32>(this.entryPtr, valueSize, PAIRS_ENTRY_VALUE);
    this.entryPtr += PAIRS_ENTRY_SIZE;
    this.put(namePtr, nameSize);
    this.put(valuePtr, valueSize);
  }

  private put(ptr: usize, size: u32): void {
    memory.copy(this.textPtr, ptr, size);
    store<u8>(this.textPtr + size, 0);
    this.textPtr += size + PAIRS_TERMINATOR_SIZE;
  }
}
export const PAIR_WRITER_SIZE: u32 = 8;

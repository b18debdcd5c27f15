// pairs: a cursor over a serialized list of header pairs (layout in abi/wire.ts), and its writer.
// Promise: no copy; a list whose sizes do not fit its bytes ends the walk, it is never read beyond.

import {
  PAIRS_ENTRY_SIZE,
  PAIRS_ENTRY_VALUE,
  PAIRS_HEADER_SIZE,
  PAIRS_TERMINATOR_SIZE,
} from '../abi/wire';

/**
 * The pair that the cursor stands on, and what is left.
 *   0         4          8          12          16         20     24        28       32
 *   +---------+----------+----------+-----------+----------+------+---------+--------+
 *   | namePtr | nameSize | valuePtr | valueSize | entryPtr | left | nextPtr | endPtr |
 *   +---------+----------+----------+-----------+----------+------+---------+--------+
 */
@unmanaged
export class PairCursor {
  namePtr: usize;
  nameSize: u32;
  valuePtr: usize;
  valueSize: u32;
  private entryPtr: usize;
  private left: u32;
  private nextPtr: usize;
  private endPtr: usize;

  /** False where the table of sizes does not fit in `size` bytes. */
  open(ptr: usize, size: u32): bool {
    this.left = 0;
    this.nextPtr = ptr;
    this.endPtr = ptr + size;
    if (size < PAIRS_HEADER_SIZE) return size == 0;
    const count = load<u32>(ptr);
    if (count > (size - PAIRS_HEADER_SIZE) / PAIRS_ENTRY_SIZE) return false;
    this.left = count;
    this.entryPtr = ptr + PAIRS_HEADER_SIZE;
    this.nextPtr = this.entryPtr + count * PAIRS_ENTRY_SIZE;
    return true;
  }

  /** Moves to the next pair; false at the end. */
  next(): bool {
    if (this.left == 0) return false;
    const nameSize = load<u32>(this.entryPtr);
    const valueSize = load<u32>(this.entryPtr, PAIRS_ENTRY_VALUE);
    const namePtr = this.nextPtr;
    const room = <u64>(this.endPtr - namePtr);
    if (<u64>nameSize + <u64>valueSize + 2 * PAIRS_TERMINATOR_SIZE > room) {
      this.left = 0;
      return false;
    }
    this.namePtr = namePtr;
    this.nameSize = nameSize;
    this.valuePtr = namePtr + nameSize + PAIRS_TERMINATOR_SIZE;
    this.valueSize = valueSize;
    this.nextPtr = this.valuePtr + valueSize + PAIRS_TERMINATOR_SIZE;
    this.entryPtr += PAIRS_ENTRY_SIZE;
    this.left--;
    return true;
  }

  /** After the walk: whether the pairs filled the list exactly, so that none was cut off. */
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

// slice: bytes at an address, and how they compare.
// Promise: nothing here copies, allocates or needs a host. Folding is ASCII only, as header and
// host names are; a byte above 0x7f equals itself alone.

/**
 *   0      4      8
 *   +------+------+
 *   | ptr  | size |
 *   +------+------+
 */
@unmanaged
export class Slice {
  ptr: usize;
  size: u32;
}
export const SLICE_SIZE: u32 = 8;

/** The `index`th slice of an array of slices. */
export function sliceAt(arrayPtr: usize, index: u32): Slice {
  return changetype<Slice>(arrayPtr + index * SLICE_SIZE);
}

/** 'A'..'Z' to 'a'..'z', everything else unchanged. */
export function foldByte(byte: u32): u32 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}

const WORD_SIZE: u32 = 8;
const HIGH_BITS: u64 = 0x8080808080808080;

/** `foldByte` of eight bytes at once. */
function foldWord(word: u64): u64 {
  // Without their highest bits no byte carries into the next: a sum has that bit from 'A' on, the
  // other from '[' on, and a byte that had it before is no letter.
  const low = word & ~HIGH_BITS;
  const letters = (low + 0x3f3f3f3f3f3f3f3f) ^ (low + 0x2525252525252525);
  return word | ((letters & ~word & HIGH_BITS) >> 2);
}

/**
 * By words of which the last overlaps the one before, so that none reads outside the two: a sixth
 * of the instructions of `memory.compare`, which goes byte by byte unless both lie alike.
 */
export function sameBytes(aPtr: usize, bPtr: usize, size: u32): bool {
  if (size < WORD_SIZE) return sameFew(aPtr, bPtr, size);
  const lastPtr = aPtr + size - WORD_SIZE;
  // The end first: what is compared here is told apart by it more often than by its beginning.
  if (load<u64>(lastPtr) != load<u64>(bPtr + size - WORD_SIZE)) return false;
  for (; aPtr < lastPtr; aPtr += WORD_SIZE) {
    if (load<u64>(aPtr) != load<u64>(bPtr)) return false;
    bPtr += WORD_SIZE;
  }
  return true;
}

/** Fewer bytes than a word has. */
function sameFew(aPtr: usize, bPtr: usize, size: u32): bool {
  if (size >= 4) {
    if (load<u32>(aPtr) != load<u32>(bPtr)) return false;
    return load<u32>(aPtr + size - 4) == load<u32>(bPtr + size - 4);
  }
  if (size >= 2) {
    if (load<u16>(aPtr) != load<u16>(bPtr)) return false;
    return load<u16>(aPtr + size - 2) == load<u16>(bPtr + size - 2);
  }
  return size == 0 || load<u8>(aPtr) == load<u8>(bPtr);
}

/** As `sameBytes`, with both sides folded. */
export function sameFolded(aPtr: usize, bPtr: usize, size: u32): bool {
  let i: u32 = 0;
  for (; i + WORD_SIZE <= size; i += WORD_SIZE) {
    if (foldWord(load<u64>(aPtr + i)) != foldWord(load<u64>(bPtr + i))) return false;
  }
  for (; i < size; i++) {
    if (foldByte(load<u8>(aPtr + i)) != foldByte(load<u8>(bPtr + i))) return false;
  }
  return true;
}

export function equal(aPtr: usize, aSize: u32, bPtr: usize, bSize: u32): bool {
  return aSize == bSize && sameBytes(aPtr, bPtr, aSize);
}

/** Position of the first `byte`, or `size` where there is none. */
export function indexOfByte(ptr: usize, size: u32, byte: u32): u32 {
  for (let i: u32 = 0; i < size; i++) {
    if (<u32>load<u8>(ptr + i) == byte) return i;
  }
  return size;
}

/** Lower-cases in place. */
export function foldInPlace(ptr: usize, size: u32): void {
  let i: u32 = 0;
  for (; i + WORD_SIZE <= size; i += WORD_SIZE) {
    store<u64>(ptr + i, foldWord(load<u64>(ptr + i)));
  }
  for (; i < size; i++) store<u8>(ptr + i, <u8>foldByte(load<u8>(ptr + i)));
}

/** Equality with a literal of ASCII characters; for configure time. */
export function equalsAscii(ptr: usize, size: u32, literal: string): bool {
  if (<u32>literal.length != size) return false;
  for (let i: u32 = 0; i < size; i++) {
    if (<i32>load<u8>(ptr + i) != literal.charCodeAt(i)) return false;
  }
  return true;
}

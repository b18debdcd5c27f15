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

export function sameBytes(aPtr: usize, bPtr: usize, size: u32): bool {
  return memory.compare(aPtr, bPtr, size) == 0;
}

/** As `sameBytes`, with both sides folded. */
export function sameFolded(aPtr: usize, bPtr: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
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
  for (let i: u32 = 0; i < size; i++) store<u8>(ptr + i, <u8>foldByte(load<u8>(ptr + i)));
}

/** Equality with a literal of ASCII characters; for configure time. */
export function equalsAscii(ptr: usize, size: u32, literal: string): bool {
  if (<u32>literal.length != size) return false;
  for (let i: u32 = 0; i < size; i++) {
    if (<i32>load<u8>(ptr + i) != literal.charCodeAt(i)) return false;
  }
  return true;
}

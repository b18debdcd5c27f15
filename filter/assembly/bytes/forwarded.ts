// forwarded: entries of a value of x-forwarded-for, from the client's to that of the last proxy.
// Pure. An element that is empty counts, as Envoy counts it for xff_num_trusted_hops, so that a
// number of hops means the same to both; an empty value has none, as Envoy drops it when it joins
// the values of a repeated header.

import { indexOfByte, Slice } from './slice';

const COMMA: u32 = 0x2c;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;

/** How many there are in a value. */
export function countEntries(ptr: usize, size: u32): u32 {
  if (size == 0) return 0;
  let count: u32 = 1;
  for (let i: u32 = 0; i < size; i++) if (<u32>load<u8>(ptr + i) == COMMA) count++;
  return count;
}

/** The `index`th of them, which must be one of `countEntries`, without blanks at its ends. */
export function entryAt(ptr: usize, size: u32, index: u32, out: Slice): void {
  const end = ptr + size;
  for (; index > 0; index--) ptr += indexOfByte(ptr, <u32>(end - ptr), COMMA) + 1;
  size = indexOfByte(ptr, <u32>(end - ptr), COMMA);
  for (; size > 0 && isBlank(load<u8>(ptr)); size--) ptr++;
  while (size > 0 && isBlank(load<u8>(ptr + size - 1))) size--;
  out.ptr = ptr;
  out.size = size;
}

function isBlank(byte: u32): bool {
  return byte == SPACE || byte == TAB;
}

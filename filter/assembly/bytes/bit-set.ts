// bit-set: a set of small numbers, one bit each; above all a set of bytes. Pure.

import { foldByte } from './slice';

/** Bytes of a set of bytes: 256 bits. */
export const BYTE_SET_SIZE: u32 = 32;

export function setHas(ptr: usize, member: u32): bool {
  return ((<u32>load<u8>(ptr + (member >> 3)) >> (member & 7)) & 1) != 0;
}

export function setAdd(ptr: usize, member: u32): void {
  const at = ptr + (member >> 3);
  store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (member & 7))));
}

/** Adds the bytes `low` to `high`, with `fold` also the other case of their letters. */
export function setAddRange(ptr: usize, low: u32, high: u32, fold: bool): void {
  for (let byte = low; byte <= high; byte++) {
    setAdd(ptr, byte);
    if (!fold) continue;
    const lower = foldByte(byte);
    if (lower - 0x61 >= 26) continue;
    setAdd(ptr, lower);
    setAdd(ptr, lower - 0x20);
  }
}

/** All other bytes. */
export function setNegate(ptr: usize): void {
  for (let i: usize = 0; i < BYTE_SET_SIZE; i += 8) store<u64>(ptr + i, ~load<u64>(ptr + i));
}

/** Adds the bytes of another set. */
export function setJoin(ptr: usize, other: usize): void {
  for (let i: usize = 0; i < BYTE_SET_SIZE; i += 8) {
    store<u64>(ptr + i, load<u64>(ptr + i) | load<u64>(other + i));
  }
}

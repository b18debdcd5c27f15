// template: path templates such as /users/{id}/orders. Pure.
// `{name}` stands for one whole segment that is not empty; every other segment is literal. So
// /users//orders and /users/7/orders/ do not match, as they do not name the same resource.

import { foldByte } from './slice';

const SLASH: u32 = 0x2f;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

/** Starts with `/`, and braces hold a name and fill their whole segment. */
export function isTemplate(ptr: usize, size: u32): bool {
  if (size == 0 || <u32>load<u8>(ptr) != SLASH) return false;
  let i: u32 = 1;
  while (i <= size) {
    const start = i;
    let braces: u32 = 0;
    for (; i < size && <u32>load<u8>(ptr + i) != SLASH; i++) {
      const byte: u32 = load<u8>(ptr + i);
      if (byte == OPEN || byte == CLOSE) braces++;
    }
    if (braces > 0) {
      if (braces != 2 || i - start < 3) return false;
      if (<u32>load<u8>(ptr + start) != OPEN || <u32>load<u8>(ptr + i - 1) != CLOSE) return false;
    }
    i++;
  }
  return true;
}

/** Whether the whole path is an instance of the template. */
export function matchesTemplate(
  templatePtr: usize,
  templateSize: u32,
  pathPtr: usize,
  pathSize: u32,
  fold: bool,
): bool {
  let t: u32 = 0;
  let p: u32 = 0;
  while (t < templateSize) {
    const wanted: u32 = load<u8>(templatePtr + t);
    if (wanted == OPEN) {
      const start = p;
      while (p < pathSize && <u32>load<u8>(pathPtr + p) != SLASH) p++;
      if (p == start) return false;
      while (<u32>load<u8>(templatePtr + t) != CLOSE) t++;
      t++;
      continue;
    }
    if (p == pathSize) return false;
    const found: u32 = load<u8>(pathPtr + p);
    if (found != wanted && !(fold && foldByte(found) == foldByte(wanted))) return false;
    t++;
    p++;
  }
  return p == pathSize;
}

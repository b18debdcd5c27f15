// template: path templates such as /users/{id}/orders. Pure.
// `{name}` stands for one whole segment that is not empty; every other segment is literal. So
// /users//orders and /users/7/orders/ do not match, as they do not name the same resource.

import { equal, foldByte, Slice } from './slice';

const SLASH: u32 = 0x2f;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;
/** Where `matchesTemplate` lets the variable go that it does not ask for. */
const variable: Slice = changetype<Slice>(memory.data(8, 8));

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
  return walk(templatePtr, templateSize, pathPtr, pathSize, fold, 0, 0, variable);
}

/** Whether a template has `{name}`. */
export function templateHas(
  templatePtr: usize,
  templateSize: u32,
  namePtr: usize,
  nameSize: u32,
): bool {
  for (let i: u32 = 0; i < templateSize; i++) {
    if (<u32>load<u8>(templatePtr + i) != OPEN) continue;
    const size = nameSizeAt(templatePtr + i);
    if (equal(templatePtr + i + 1, size, namePtr, nameSize)) return true;
    i += size;
  }
  return false;
}

/**
 * The segment that stands for `{name}`, the first of that name, into `out`. False where the path is
 * no instance of the template, or the template has no such name.
 */
export function templateVariable(
  templatePtr: usize,
  templateSize: u32,
  pathPtr: usize,
  pathSize: u32,
  fold: bool,
  namePtr: usize,
  nameSize: u32,
  out: Slice,
): bool {
  out.size = 0;
  const matched = walk(templatePtr, templateSize, pathPtr, pathSize, fold, namePtr, nameSize, out);
  // A segment that stands for a variable is not empty.
  return matched && out.size != 0;
}

/** Bytes of the name behind the brace at `ptr`. */
function nameSizeAt(ptr: usize): u32 {
  let size: u32 = 0;
  while (<u32>load<u8>(ptr + size + 1) != CLOSE) size++;
  return size;
}

/** Both side by side; on the way the variable of a name goes into `out`. */
function walk(
  templatePtr: usize,
  templateSize: u32,
  pathPtr: usize,
  pathSize: u32,
  fold: bool,
  namePtr: usize,
  nameSize: u32,
  out: Slice,
): bool {
  let t: u32 = 0;
  let p: u32 = 0;
  while (t < templateSize) {
    const wanted: u32 = load<u8>(templatePtr + t);
    if (wanted == OPEN) {
      const start = p;
      while (p < pathSize && <u32>load<u8>(pathPtr + p) != SLASH) p++;
      if (p == start) return false;
      const size = nameSizeAt(templatePtr + t);
      if (out.size == 0 && equal(templatePtr + t + 1, size, namePtr, nameSize)) {
        out.ptr = pathPtr + start;
        out.size = p - start;
      }
      t += size + 2;
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

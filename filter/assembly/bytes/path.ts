// path: the path of a request target as the loosest reader would take it. Pure.
// Readers differ in what they decode, merge and drop; a condition that saw less than the service
// behind it would be evaded by spelling: /%6cogin, //login, /x/../login, /login;v=1, /login/.
//
//   /a/%2e%2E//b;v=1\c/.   as it came, without query and fragment
//   /a/..//b;v=1/c/.       decoded once, every \ a /
//   /b/c                   no parameters, empty or dot segments, no slash at the end
//
// Whatever the input: never longer than it, linear time, and no reading behind its end.

import { hexValue, NO_DIGIT } from './hex';

const SLASH: u32 = 0x2f;
const BACKSLASH: u32 = 0x5c;
const DOT: u32 = 0x2e;
const SEMICOLON: u32 = 0x3b;
const PERCENT: u32 = 0x25;
const QUESTION: u32 = 0x3f;
const HASH: u32 = 0x23;

/** Bytes of a request target before its query and fragment. */
export function pathSizeOf(ptr: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == QUESTION || byte == HASH) return i;
  }
  return size;
}

/** How many dots a segment, which is not empty, is made of, if it is `.` or `..`; else 0. */
function dotsOf(ptr: usize, size: u32): u32 {
  if (size > 2 || <u32>load<u8>(ptr) != DOT) return 0;
  return <u32>load<u8>(ptr + size - 1) == DOT ? size : 0;
}

/**
 * Whether `normalizePath` would leave a path as it is, in one scan. False is no promise: a percent
 * sign without digits behind it stays, too.
 */
export function isNormalPath(ptr: usize, size: u32): bool {
  if (size == 0 || <u32>load<u8>(ptr) != SLASH) return true;
  let start: u32 = 1;
  for (let i: u32 = 1; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == SLASH) {
      if (i == start || dotsOf(ptr + start, i - start) != 0) return false;
      start = i + 1;
    } else if (byte == PERCENT || byte == SEMICOLON || byte == BACKSLASH) {
      return false;
    }
  }
  return size == 1 || (start < size && dotsOf(ptr + start, size - start) == 0);
}

/**
 * Undoes percent-encoding once and turns every `\` into `/`; writes at most `size` bytes at
 * `outPtr`, which may be `ptr`, and returns how many. A `%` without two digits stays as it is.
 */
export function decodePath(ptr: usize, size: u32, outPtr: usize): u32 {
  return decode(ptr, size, outPtr, true);
}

/** As `decodePath`, but what would become a `/` stays as it came. */
export function decodeSegments(ptr: usize, size: u32, outPtr: usize): u32 {
  return decode(ptr, size, outPtr, false);
}

function decode(ptr: usize, size: u32, outPtr: usize, slashes: bool): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    let byte: u32 = load<u8>(ptr + i);
    if (byte == PERCENT && i + 2 < size) {
      const high = hexValue(load<u8>(ptr + i + 1));
      const low = hexValue(load<u8>(ptr + i + 2));
      const decoded = (high << 4) | low;
      const divides = decoded == SLASH || decoded == BACKSLASH;
      if (high != NO_DIGIT && low != NO_DIGIT && (slashes || !divides)) {
        byte = decoded;
        i += 2;
      }
    }
    store<u8>(outPtr + written, <u8>(byte == BACKSLASH && slashes ? SLASH : byte));
    written++;
  }
  return written;
}

/**
 * Segments of a decoded path that begins with `/`, in place: parameters, empty ones and `.` are
 * dropped, `..` takes the one before with it, where there is one. What is written never overtakes
 * what is read, and no byte is dropped twice.
 */
function mergeSegments(ptr: usize, size: u32): u32 {
  let written: u32 = 0;
  let i: u32 = 0;
  while (i < size) {
    const start = ++i;
    while (i < size && <u32>load<u8>(ptr + i) != SLASH && <u32>load<u8>(ptr + i) != SEMICOLON) i++;
    const length = i - start;
    while (i < size && <u32>load<u8>(ptr + i) != SLASH) i++;
    const dots = length == 0 ? 1 : dotsOf(ptr + start, length);
    if (dots == 0) {
      store<u8>(ptr + written, <u8>SLASH);
      memory.copy(ptr + written + 1, ptr + start, length);
      written += length + 1;
    } else if (dots == 2) {
      while (written > 0) if (<u32>load<u8>(ptr + --written) == SLASH) break;
    }
  }
  if (written > 0) return written;
  store<u8>(ptr, <u8>SLASH);
  return 1;
}

/** How many dots a segment as it came stands for, if it is `.` or `..`, encoded or not; else 0. */
function rawDotsOf(ptr: usize, size: u32): u32 {
  let dots: u32 = 0;
  for (let i: u32 = 0; i < size; i++, dots++) {
    if (<u32>load<u8>(ptr + i) == DOT) continue;
    if (<u32>load<u8>(ptr + i) != PERCENT || i + 2 >= size) return 0;
    if (load<u8>(ptr + i + 1) != 0x32 || (load<u8>(ptr + i + 2) | 0x20) != 0x65) return 0;
    i += 2;
  }
  return dots <= 2 ? dots : 0;
}

/**
 * A path that begins with `/`, its dot segments taken out before anything is decoded or merged, as
 * URL parsers do (WHATWG URL, section 4.4): to them `..` takes an empty segment with it, and `%2f`
 * divides nothing. `normalizePath` of this is the other reading of the path: of /api//../login it
 * is /api/login, and not /login. Writes at most `size` bytes at `outPtr`, and returns how many.
 */
export function resolveDots(ptr: usize, size: u32, outPtr: usize): u32 {
  let written: u32 = 0;
  let i: u32 = 0;
  while (i < size) {
    const start = ++i;
    while (i < size && <u32>load<u8>(ptr + i) != SLASH && <u32>load<u8>(ptr + i) != BACKSLASH) i++;
    const dots = rawDotsOf(ptr + start, i - start);
    if (dots == 0) {
      store<u8>(outPtr + written, <u8>SLASH);
      memory.copy(outPtr + written + 1, ptr + start, i - start);
      written += i - start + 1;
    } else if (dots == 2) {
      while (written > 0) if (<u32>load<u8>(outPtr + --written) == SLASH) break;
    }
  }
  if (written > 0) return written;
  store<u8>(outPtr, <u8>SLASH);
  return 1;
}

/**
 * A path without query and fragment, as drawn above; writes at most `size` bytes at `outPtr`, which
 * may be `ptr`, and returns how many. One that does not begin with `/` is copied as it came.
 */
export function normalizePath(ptr: usize, size: u32, outPtr: usize): u32 {
  if (size != 0 && <u32>load<u8>(ptr) == SLASH) {
    return mergeSegments(outPtr, decodePath(ptr, size, outPtr));
  }
  memory.copy(outPtr, ptr, size);
  return size;
}

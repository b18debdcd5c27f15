// fields: the name=value lists inside a header: cookies (RFC 6265 section 5.4) and query strings
// (application/x-www-form-urlencoded). A cursor walks them in place; a query's percent-encoding is
// undone only where a field holds some, into memory that the caller gives.

import { hexValue, NO_DIGIT } from './hex';

const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const AMPERSAND: u32 = 0x26;
const QUESTION: u32 = 0x3f;
const HASH: u32 = 0x23;
const PERCENT: u32 = 0x25;
const PLUS: u32 = 0x2b;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;

/**
 * The field that the cursor stands on, and what is left.
 *   0         4          8          12          16      20    24
 *   +---------+----------+----------+-----------+-------+-----+-----------+
 *   | namePtr | nameSize | valuePtr | valueSize | atPtr | end | separator |
 *   +---------+----------+----------+-----------+-------+-----+-----------+
 */
@unmanaged
export class FieldCursor {
  namePtr: usize;
  nameSize: u32;
  valuePtr: usize;
  valueSize: u32;
  private atPtr: usize;
  private endPtr: usize;
  private separator: u32;

  openCookies(ptr: usize, size: u32): void {
    this.atPtr = ptr;
    this.endPtr = ptr + size;
    this.separator = SEMICOLON;
  }

  /** `ptr` is a request target: its query is what follows `?`, up to a fragment. */
  openQuery(ptr: usize, size: u32): void {
    const end = ptr + size;
    let at = ptr;
    while (at < end && <u32>load<u8>(at) != QUESTION && <u32>load<u8>(at) != HASH) at++;
    const start = at < end && <u32>load<u8>(at) == QUESTION ? at + 1 : end;
    let stop = start;
    while (stop < end && <u32>load<u8>(stop) != HASH) stop++;
    this.atPtr = start;
    this.endPtr = stop;
    this.separator = AMPERSAND;
  }

  /** Moves on; false at the end. A field without `=` has an empty value; an empty one is no field. */
  next(): bool {
    const separator = this.separator;
    const end = this.endPtr;
    let at = this.atPtr;
    while (at < end && isGap(load<u8>(at), separator)) at++;
    if (at >= end) return false;
    const start = at;
    let equals: usize = 0;
    for (; at < end; at++) {
      const byte: u32 = load<u8>(at);
      if (byte == separator) break;
      if (byte == EQUALS && equals == 0) equals = at;
    }
    this.atPtr = at;
    let stop = at;
    if (separator == SEMICOLON) while (stop > start && isBlank(load<u8>(stop - 1))) stop--;
    const nameEnd = equals != 0 ? equals : stop;
    this.namePtr = start;
    this.nameSize = <u32>(nameEnd - start);
    this.valuePtr = equals != 0 ? equals + 1 : stop;
    this.valueSize = stop > this.valuePtr ? <u32>(stop - this.valuePtr) : 0;
    return true;
  }
}
export const FIELD_CURSOR_SIZE: u32 = 28;

function isBlank(byte: u32): bool {
  return byte == SPACE || byte == TAB;
}

function isGap(byte: u32, separator: u32): bool {
  return byte == separator || (separator == SEMICOLON && isBlank(byte));
}

/** Whether a query field holds anything that `decodeQuery` would change. */
export function isEncoded(ptr: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == PERCENT || byte == PLUS) return true;
  }
  return false;
}

/**
 * Undoes percent-encoding and `+`; writes at most `size` bytes at `outPtr` and returns how many.
 * A `%` without two hexadecimal digits stays as it is.
 */
export function decodeQuery(ptr: usize, size: u32, outPtr: usize): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    let byte: u32 = load<u8>(ptr + i);
    if (byte == PLUS) {
      byte = SPACE;
    } else if (byte == PERCENT && i + 2 < size) {
      const high = hexValue(load<u8>(ptr + i + 1));
      const low = hexValue(load<u8>(ptr + i + 2));
      if (high != NO_DIGIT && low != NO_DIGIT) {
        byte = (high << 4) | low;
        i += 2;
      }
    }
    store<u8>(outPtr + written, <u8>byte);
    written++;
  }
  return written;
}

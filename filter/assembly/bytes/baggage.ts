// baggage: the list of the W3C Baggage header (www.w3.org/TR/baggage): a cursor over one value, the
// percent-encoding of its values, and a writer that puts a list together again.
// Promise: what others sent is kept byte for byte, also where it is no baggage or too much of it;
// only blanks around their members, and empty ones, go. A decoded value may hold any byte, also
// those that end a header: look before writing it into one.
//
//   key1 = value1;property;other=1 , key2=value2
//   |----------- member ---------|   |- member -|

import { hexValue, NO_DIGIT } from './hex';
import { foldByte } from './slice';

/** A list that grows by us has at most so many bytes and members: others need not keep more. */
export const BAGGAGE_SIZE_MAX: u32 = 8192;
export const BAGGAGE_MEMBERS_MAX: u32 = 64;
/** Bytes that one byte of a value becomes at most. */
export const BAGGAGE_ENCODED_MAX: u32 = 3;

const COMMA: u32 = 0x2c;
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const PERCENT: u32 = 0x25;
const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const PLUS: u32 = 0x2b;

function isBlank(byte: u32): bool {
  return byte == SPACE || byte == TAB;
}

/** What one reader or another takes for a blank, or for nothing: all but visible ASCII, and `+`. */
function isLoose(byte: u32): bool {
  return byte <= SPACE || byte >= 0x7f || byte == PLUS;
}

/** The end of the bytes from `start` to `end`, blanks behind them left out. */
function trimEnd(start: usize, end: usize): usize {
  while (end > start && isBlank(load<u8>(end - 1))) end--;
  return end;
}

/**
 * The member that the cursor stands on, and what is left.
 *   0         4         8          12          16          20           24      28       32
 *   +---------+---------+----------+-----------+-----------+------------+-------+--------+
 *   | keyPtr  | keySize | valuePtr | valueSize | memberPtr | memberSize | atPtr | endPtr |
 *   +---------+---------+----------+-----------+-----------+------------+-------+--------+
 */
@unmanaged
export class BaggageCursor {
  keyPtr: usize;
  /** 0 in a member that has no key and value: not ours, whatever it is. */
  keySize: u32;
  valuePtr: usize;
  valueSize: u32;
  memberPtr: usize;
  memberSize: u32;
  private atPtr: usize;
  private endPtr: usize;

  open(ptr: usize, size: u32): void {
    this.atPtr = ptr;
    this.endPtr = ptr + size;
  }

  /** Moves on; false at the end. Members of blanks alone are none. */
  next(): bool {
    const end = this.endPtr;
    let at = this.atPtr;
    while (at < end && (<u32>load<u8>(at) == COMMA || isBlank(load<u8>(at)))) at++;
    if (at >= end) return false;
    const start = at;
    let equals: usize = 0;
    let semicolon: usize = 0;
    for (; at < end; at++) {
      const byte: u32 = load<u8>(at);
      if (byte == COMMA) break;
      if (semicolon != 0) continue;
      if (byte == SEMICOLON) semicolon = at;
      else if (byte == EQUALS && equals == 0) equals = at;
    }
    this.atPtr = at;
    this.memberPtr = start;
    this.memberSize = <u32>(trimEnd(start, at) - start);
    this.cut(equals, semicolon != 0 ? semicolon : at);
    return true;
  }

  /** Sets key and value; `equals` is 0 where there is none, properties begin at `stop`. */
  private cut(equals: usize, stop: usize): void {
    const start = this.memberPtr;
    this.keyPtr = start;
    this.keySize = equals != 0 ? <u32>(trimEnd(start, equals) - start) : 0;
    let value = this.keySize != 0 ? equals + 1 : stop;
    while (value < stop && isBlank(load<u8>(value))) value++;
    this.valuePtr = value;
    this.valueSize = <u32>(trimEnd(value, stop) - value);
  }

  /**
   * Whether any reader could take the key for `name`, which is in lower case: some decode it, some
   * trim what they call blanks, some ignore case. No name is that of a member without a key.
   */
  keyEquals(ptr: usize, size: u32): bool {
    if (size == 0) return false;
    let matched: u32 = 0;
    for (let i: u32 = 0; i < this.keySize; i++) {
      let byte: u32 = load<u8>(this.keyPtr + i);
      // What decodes to a % may be decoded again further on.
      while (byte == PERCENT && i + 2 < this.keySize) {
        const high = hexValue(load<u8>(this.keyPtr + i + 1));
        const low = hexValue(load<u8>(this.keyPtr + i + 2));
        if (high == NO_DIGIT || low == NO_DIGIT) break;
        byte = (high << 4) | low;
        i += 2;
      }
      if (matched < size && foldByte(byte) == <u32>load<u8>(ptr + matched)) matched++;
      else if (!isLoose(byte)) return false;
    }
    return matched == size;
  }
}
export const BAGGAGE_CURSOR_SIZE: u32 = 32;

/** Whether an encoded byte stands at `i`: a % with two hexadecimal digits. */
function isEscape(ptr: usize, size: u32, i: u32): bool {
  return (
    <u32>load<u8>(ptr + i) == PERCENT &&
    i + 2 < size &&
    hexValue(load<u8>(ptr + i + 1)) != NO_DIGIT &&
    hexValue(load<u8>(ptr + i + 2)) != NO_DIGIT
  );
}

/** Bytes that `decodeValue` writes; as many as come in only where nothing is encoded. */
export function decodedSize(ptr: usize, size: u32): u32 {
  let decoded: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    if (isEscape(ptr, size, i)) i += 2;
    decoded++;
  }
  return decoded;
}

/**
 * Undoes percent-encoding; writes at most `size` bytes at `outPtr` and returns how many. A `%`
 * without two hexadecimal digits stays as it is, and a `+` is one.
 */
export function decodeValue(ptr: usize, size: u32, outPtr: usize): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    let byte: u32 = load<u8>(ptr + i);
    if (isEscape(ptr, size, i)) {
      byte = (hexValue(load<u8>(ptr + i + 1)) << 4) | hexValue(load<u8>(ptr + i + 2));
      i += 2;
    }
    store<u8>(outPtr + written, <u8>byte);
    written++;
  }
  return written;
}

/** Whether a byte stands for itself: a baggage-octet, and no `%`. */
function isPlain(byte: u32): bool {
  if (byte <= SPACE || byte >= 0x7f) return false;
  if (byte == COMMA || byte == SEMICOLON || byte == PERCENT) return false;
  return byte != QUOTE && byte != BACKSLASH;
}

/** Bytes that `encodeValue` writes. */
export function encodedSize(ptr: usize, size: u32): u32 {
  let encoded = size;
  for (let i: u32 = 0; i < size; i++) if (!isPlain(load<u8>(ptr + i))) encoded += 2;
  return encoded;
}

function upperDigit(value: u32): u32 {
  return value < 10 ? 0x30 + value : 0x37 + value;
}

/** Percent-encodes; writes at most `BAGGAGE_ENCODED_MAX` × `size` bytes and returns how many. */
export function encodeValue(ptr: usize, size: u32, outPtr: usize): u32 {
  let at = outPtr;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (isPlain(byte)) {
      store<u8>(at++, <u8>byte);
      continue;
    }
    store<u8>(at, <u8>PERCENT);
    store<u8>(at, <u8>upperDigit(byte >> 4), 1);
    store<u8>(at, <u8>upperDigit(byte & 15), 2);
    at += 3;
  }
  return <u32>(at - outPtr);
}

/**
 * Joins members by commas in memory that the caller gives: those of others first, as a list that
 * they fill leaves no place for ours. What does not fit changes nothing.
 *   0        4      8      12        16
 *   +--------+------+------+---------+
 *   | outPtr | room | used | members |
 *   +--------+------+------+---------+
 */
@unmanaged
export class BaggageWriter {
  private outPtr: usize;
  private room: u32;
  private used: u32;
  private members: u32;

  begin(outPtr: usize, room: u32): void {
    this.outPtr = outPtr;
    this.room = room;
    this.used = 0;
    this.members = 0;
  }

  /** Bytes of the list so far. */
  size(): u32 {
    return this.used;
  }

  /** A member as it stands, whatever the limits of a list; false where the memory is too small. */
  addMember(ptr: usize, size: u32): bool {
    if (!this.fits(size, this.room)) return false;
    memory.copy(this.open(), ptr, size);
    this.used += size;
    return true;
  }

  /** `key=value` with the value encoded; false where the list or the memory has no place for it. */
  addTag(keyPtr: usize, keySize: u32, valuePtr: usize, valueSize: u32): bool {
    if (this.members >= BAGGAGE_MEMBERS_MAX) return false;
    const size = keySize + 1 + encodedSize(valuePtr, valueSize);
    if (!this.fits(size, min(this.room, BAGGAGE_SIZE_MAX))) return false;
    const at = this.open();
    memory.copy(at, keyPtr, keySize);
    store<u8>(at + keySize, <u8>EQUALS);
    encodeValue(valuePtr, valueSize, at + keySize + 1);
    this.used += size;
    return true;
  }

  /** Whether a list of `limit` bytes has room for a member of `size`, and the comma before it. */
  private fits(size: u32, limit: u32): bool {
    const comma: u64 = this.members > 0 ? 1 : 0;
    return <u64>this.used + comma + <u64>size <= <u64>limit;
  }

  /** Where the next member goes, behind its comma. */
  private open(): usize {
    if (this.members > 0) {
      store<u8>(this.outPtr + this.used, <u8>COMMA);
      this.used++;
    }
    this.members++;
    return this.outPtr + this.used;
  }
}
export const BAGGAGE_WRITER_SIZE: u32 = 16;

// address: IPv4 and IPv6 addresses and networks, from text to 16 bytes and back.
//
//   IPv6  |                    16 bytes                    |
//   IPv4  | 00 × 10 | ff ff | 4 bytes |     (IPv4-mapped, RFC 4291 section 2.5.5.2)
//
// One form for both, so that ::ffff:10.0.0.1 and 10.0.0.1 are the same client. Pure.

import { hexValue, NO_DIGIT } from './hex';
import { indexOfByte } from './slice';

export const ADDRESS_SIZE: u32 = 16;
/** Bytes of the longest text: eight groups of four digits. */
export const ADDRESS_TEXT_MAX: u32 = 39;
/** Bits before the IPv4 part of a mapped address. */
const MAPPED_BITS: u32 = 96;
/** Groups of an IPv6 text, 16 bits each. */
const GROUPS: u32 = 8;
const COLON: u32 = 0x3a;
const DOT: u32 = 0x2e;
const SLASH: u32 = 0x2f;
const PERCENT: u32 = 0x25;
const OPEN: u32 = 0x5b;
const CLOSE: u32 = 0x5d;
const PORT_MAX: i32 = 65535;
const unmasked: usize = memory.data(16, 8);

/**
 * A network: the first `bits` of `bytes` are fixed.
 *   0                 16     20
 *   +-----------------+------+
 *   | bytes           | bits |
 *   +-----------------+------+
 */
export const NETWORK_SIZE: u32 = ADDRESS_SIZE + 4;

/** Decimal number of at most `digitsMax` digits; -1 if it is none. No leading zeros. */
function decimal(ptr: usize, size: u32, digitsMax: u32): i32 {
  if (size == 0 || size > digitsMax) return -1;
  if (size > 1 && load<u8>(ptr) == 0x30) return -1;
  let value: i32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const digit = <u32>load<u8>(ptr + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Four decimal parts into four bytes at `outPtr`. */
function parseV4(ptr: usize, size: u32, outPtr: usize): bool {
  let part: u32 = 0;
  let start: u32 = 0;
  for (let i: u32 = 0; i <= size; i++) {
    if (i < size && <u32>load<u8>(ptr + i) != DOT) continue;
    const value = decimal(ptr + start, i - start, 3);
    if (value < 0 || value > 255 || part > 3) return false;
    store<u8>(outPtr + part, <u8>value);
    part++;
    start = i + 1;
  }
  return part == 4;
}

/** Groups of hexadecimal digits with at most one `::`, the last two perhaps as IPv4. */
function parseV6(ptr: usize, size: u32, outPtr: usize): bool {
  memory.fill(outPtr, 0, ADDRESS_SIZE);
  let written: u32 = 0;
  let gap: i32 = -1;
  let i: u32 = 0;
  if (size >= 2 && <u32>load<u8>(ptr) == COLON) {
    if (<u32>load<u8>(ptr, 1) != COLON) return false;
    gap = 0;
    i = 2;
  }
  while (i < size) {
    let value: u32 = 0;
    const start = i;
    for (; i < size && i - start < 4; i++) {
      const digit = hexValue(load<u8>(ptr + i));
      if (digit == NO_DIGIT) break;
      value = (value << 4) | digit;
    }
    if (i < size && <u32>load<u8>(ptr + i) == DOT) {
      if (written > 12 || !parseV4(ptr + start, size - start, outPtr + written)) return false;
      written += 4;
      i = size;
      break;
    }
    if (i == start || written > 14) return false;
    store<u8>(outPtr + written, <u8>(value >> 8));
    store<u8>(outPtr + written + 1, <u8>value);
    written += 2;
    if (i == size) break;
    if (<u32>load<u8>(ptr + i) != COLON) return false;
    i++;
    if (i < size && <u32>load<u8>(ptr + i) == COLON) {
      if (gap >= 0) return false;
      gap = <i32>written;
      i++;
    } else if (i == size) {
      return false;
    }
  }
  if (gap < 0) return written == ADDRESS_SIZE;
  if (written == ADDRESS_SIZE) return false;
  const tail = written - <u32>gap;
  memory.copy(outPtr + ADDRESS_SIZE - tail, outPtr + gap, tail);
  memory.fill(outPtr + gap, 0, ADDRESS_SIZE - written);
  return true;
}

/** An address without port or brackets into 16 bytes. A zone (`%eth0`) is left out. */
export function parseAddress(ptr: usize, size: u32, outPtr: usize): bool {
  let colons: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == COLON) colons++;
    if (byte == PERCENT && colons > 0) size = i;
  }
  if (colons > 0) return parseV6(ptr, size, outPtr);
  memory.fill(outPtr, 0, 10);
  store<u16>(outPtr, 0xffff, 10);
  return parseV4(ptr, size, outPtr + 12);
}

/** `ADDRESS:PORT` or `[ADDRESS]:PORT`, the form of Envoy's `source.address`. */
export function parseAddressAndPort(ptr: usize, size: u32, outPtr: usize): bool {
  let colon = size;
  while (colon > 0 && <u32>load<u8>(ptr + colon - 1) != COLON) colon--;
  if (colon == 0) return false;
  const end = colon - 1;
  if (end >= 2 && load<u8>(ptr) == 0x5b && load<u8>(ptr + end - 1) == 0x5d) {
    return parseAddress(ptr + 1, end - 2, outPtr);
  }
  return parseAddress(ptr, end, outPtr);
}

/**
 * An entry of x-forwarded-for: an address, perhaps with a port (`1.2.3.4:80`), in brackets
 * (`[::1]`) or both (`[::1]:80`).
 */
export function parseForwarded(ptr: usize, size: u32, outPtr: usize): bool {
  const bracketed = size > 0 && <u32>load<u8>(ptr) == OPEN;
  // Of a bare IPv6 address the last part is no port.
  const first = indexOfByte(ptr, size, COLON);
  const single =
    first < size && indexOfByte(ptr + first + 1, size - first - 1, COLON) == size - first - 1;
  const end = bracketed ? indexOfByte(ptr, size, CLOSE) + 1 : single ? first : size;
  if (end > size) return false;
  if (end < size) {
    if (<u32>load<u8>(ptr + end) != COLON) return false;
    const port = decimal(ptr + end + 1, size - end - 1, 5);
    if (port < 0 || port > PORT_MAX) return false;
  }
  return bracketed ? parseAddress(ptr + 1, end - 2, outPtr) : parseAddress(ptr, end, outPtr);
}

/** Whether an address that was parsed from IPv4 text, or is IPv4-mapped, stands at `ptr`. */
function isMapped(ptr: usize): bool {
  return load<u64>(ptr) == 0 && load<u32>(ptr, 8) == 0xffff0000;
}

/** Keeps the first `bits` of an address, clears the others. */
function clearHost(ptr: usize, bits: i32): void {
  for (let i: u32 = 0; i < ADDRESS_SIZE; i++) {
    const fixed = bits - <i32>(i << 3);
    if (fixed >= 8) continue;
    const mask: u32 = fixed <= 0 ? 0 : 0xff00 >> fixed;
    store<u8>(ptr + i, <u8>(load<u8>(ptr + i) & mask));
  }
}

/** Keeps the first `bits4` bits of an IPv4 address, `bits6` of another; more than all are all. */
export function maskAddress(ptr: usize, bits4: u32, bits6: u32): void {
  clearHost(ptr, isMapped(ptr) ? <i32>(MAPPED_BITS + min(bits4, 32)) : <i32>min(bits6, 128));
}

/** `ADDRESS` or `ADDRESS/BITS` into a network; host bits are cleared. */
export function parseNetwork(ptr: usize, size: u32, outPtr: usize): bool {
  const slash = indexOfByte(ptr, size, SLASH);
  if (!parseAddress(ptr, slash, outPtr)) return false;
  let dotted = false;
  let colon = false;
  for (let i: u32 = 0; i < slash; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == DOT) dotted = true;
    if (byte == COLON) colon = true;
  }
  const plainV4 = dotted && !colon && isMapped(outPtr);
  let bits: i32 = 128;
  if (slash < size) {
    bits = decimal(ptr + slash + 1, size - slash - 1, 3);
    if (bits < 0 || bits > (plainV4 ? 32 : 128)) return false;
    if (plainV4) bits += MAPPED_BITS;
  }
  clearHost(outPtr, bits);
  store<u32>(outPtr, bits, ADDRESS_SIZE);
  return true;
}

/** Whether the network of a text is a mapped IPv4 address of which not all of the 96 bits count. */
export function isWideMapped(ptr: usize, size: u32, networkPtr: usize): bool {
  if (load<u32>(networkPtr, ADDRESS_SIZE) >= MAPPED_BITS) return false;
  return parseAddress(ptr, indexOfByte(ptr, size, SLASH), unmasked) && isMapped(unmasked);
}

export function networkContains(networkPtr: usize, addressPtr: usize): bool {
  const bits = load<u32>(networkPtr, ADDRESS_SIZE);
  const whole = bits >> 3;
  if (memory.compare(networkPtr, addressPtr, whole) != 0) return false;
  const rest = bits & 7;
  if (rest == 0) return true;
  const mask: u32 = 0xff00 >> rest;
  return (<u32>load<u8>(addressPtr + whole) & mask & 0xff) == <u32>load<u8>(networkPtr + whole);
}

/** At most three decimal digits at `outPtr`; returns how many. */
function putDecimal(value: u32, outPtr: usize): u32 {
  let size: u32 = 0;
  for (let divisor: u32 = 100; divisor > 0; divisor /= 10) {
    if (value < divisor && divisor > 1) continue;
    store<u8>(outPtr + size, <u8>(0x30 + ((value / divisor) % 10)));
    size++;
  }
  return size;
}

/** At most four hexadecimal digits at `outPtr`, no leading zeros; returns how many. */
function putGroup(value: u32, outPtr: usize): u32 {
  let size: u32 = 0;
  for (let shift = 12; shift >= 0; shift -= 4) {
    if (value >> shift == 0 && shift > 0) continue;
    const digit = (value >> shift) & 15;
    store<u8>(outPtr + size, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
    size++;
  }
  return size;
}

function groupAt(ptr: usize, index: u32): u32 {
  return <u32>bswap<u16>(load<u16>(ptr + (index << 1)));
}

/**
 * The one text of an address (RFC 5952), at most `ADDRESS_TEXT_MAX` bytes; returns how many. IPv4 is
 * written with dots. The longest run of two or more groups of 0, the first of equal ones, is `::`.
 */
export function formatAddress(ptr: usize, outPtr: usize): u32 {
  let size: u32 = 0;
  if (isMapped(ptr)) {
    for (let i: u32 = 12; i < ADDRESS_SIZE; i++) {
      if (i > 12) store<u8>(outPtr + size++, <u8>DOT);
      size += putDecimal(load<u8>(ptr + i), outPtr + size);
    }
    return size;
  }
  let gap: u32 = GROUPS;
  let gapSize: u32 = 1;
  for (let i: u32 = 0, run: u32 = 0; i < GROUPS; i++) {
    run = groupAt(ptr, i) == 0 ? run + 1 : 0;
    if (run > gapSize) {
      gapSize = run;
      gap = i + 1 - run;
    }
  }
  let i: u32 = 0;
  while (i < GROUPS) {
    // One colon before the gap and one behind it, the next group's or the last of the text.
    if (i > 0 || i == gap) store<u8>(outPtr + size++, <u8>COLON);
    if (i == gap) {
      i += gapSize;
      if (i == GROUPS) store<u8>(outPtr + size++, <u8>COLON);
    } else {
      size += putGroup(groupAt(ptr, i), outPtr + size);
      i++;
    }
  }
  return size;
}

// names: the headers that a policy needs, each once, found again by hash while a request is read.

import { equal } from '../bytes/slice';
import { shapeBit } from '../shim/pairs';
import { areaCopy, areaLiteral, areaOverflowed, areaTake } from './area';
import { faultWhole } from './fault';
import {
  HEADER_NAME_SIZE,
  HEADER_NAMES_SIZE,
  HeaderNames,
  NAME_INDEX,
  NAME_INDEX_COUNT,
  NAMES_MAX,
  nameAt,
} from './layout';

/** No such name. */
export const NO_NAME: u32 = <u32>-1;

/** An empty set in the area, or 0. */
export function namesMake(): usize {
  const ptr = areaTake(HEADER_NAMES_SIZE);
  const array = areaTake(NAMES_MAX * HEADER_NAME_SIZE);
  if (ptr == 0 || array == 0) return 0;
  changetype<HeaderNames>(ptr).names = array;
  return ptr;
}

/**
 * Size, first, middle and last byte: names that a policy lists differ there, and hashing all bytes
 * of every header that its shape lets through would cost more than a second probe.
 */
function hashOf(ptr: usize, size: u32): u32 {
  const first: u32 = load<u8>(ptr);
  const middle: u32 = load<u8>(ptr + (size >> 1));
  const last: u32 = load<u8>(ptr + size - 1);
  return (size * 31 + first * 7 + middle * 131 + last * 17) & (NAME_INDEX_COUNT - 1);
}

/** Position of a lower-case name, or `NO_NAME`. */
export function findName(names: HeaderNames, ptr: usize, size: u32): u32 {
  if (size == 0) return NO_NAME;
  const index = changetype<usize>(names) + NAME_INDEX;
  let at = hashOf(ptr, size);
  while (true) {
    const position = <u32>load<u16>(index + (at << 1));
    if (position == 0) return NO_NAME;
    const name = nameAt(names, position - 1);
    if (equal(name.ptr, name.size, ptr, size)) return position - 1;
    at = (at + 1) & (NAME_INDEX_COUNT - 1);
  }
}

/** Position of a lower-case name that is not empty, added if new; `NO_NAME` where it cannot be. */
export function internName(names: HeaderNames, ptr: usize, size: u32): u32 {
  const known = findName(names, ptr, size);
  if (known != NO_NAME || names.count == NAMES_MAX) return known;
  const copy = areaCopy(ptr, size);
  if (copy == 0) return NO_NAME;
  const position = names.count++;
  const name = nameAt(names, position);
  name.ptr = copy;
  name.size = size;
  names.shapes |= shapeBit(ptr, size);
  const index = changetype<usize>(names) + NAME_INDEX;
  let at = hashOf(ptr, size);
  while (load<u16>(index + (at << 1)) != 0) at = (at + 1) & (NAME_INDEX_COUNT - 1);
  store<u16>(index + (at << 1), <u16>(position + 1));
  return position;
}

/** As `internName`, for a name of the program's own. */
export function internLiteral(names: HeaderNames, literal: string): u32 {
  const copy = areaLiteral(literal);
  return copy != 0 ? internName(names, copy, literal.length) : NO_NAME;
}

/** What `internName` answered is a position; a full area is config.ts's to report. */
export function checkInterned(index: u32): bool {
  if (index != NO_NAME) return true;
  return !areaOverflowed() && faultWhole('more than 256 different headers', 'fewer of them');
}

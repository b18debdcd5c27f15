// byte-class: what stands for one of several bytes in a regular expression: [a-z], [[:alpha:]], \d.
// Promise: a class names ASCII only, and what it names is exactly what RE2 takes it for. A character
// beyond ASCII is more than one byte, and the set of its bytes would match halves of others.

import { BYTE_SET_SIZE, setAddRange, setJoin, setNegate } from '../../bytes/bit-set';
import { equalsAscii } from '../../bytes/slice';
import {
  characterSize,
  faultFrom,
  here,
  NO_BYTE,
  NO_CHARACTER,
  peek,
  position,
  readEscape,
  skip,
  skipByte,
} from './pattern';

const DASH: u32 = 0x2d;
const COLON: u32 = 0x3a;
const OPEN: u32 = 0x5b;
const BACKSLASH: u32 = 0x5c;
const CLOSE: u32 = 0x5d;
const CARET: u32 = 0x5e;

const part: usize = memory.data(32, 8);

/** First and last characters of the ranges of a class of POSIX, '' where there is none. */
function rangesOf(ptr: usize, size: u32): string {
  if (equalsAscii(ptr, size, 'alnum')) return '09AZaz';
  if (equalsAscii(ptr, size, 'alpha')) return 'AZaz';
  if (equalsAscii(ptr, size, 'ascii')) return '\0\x7f';
  if (equalsAscii(ptr, size, 'blank')) return '\t\t  ';
  if (equalsAscii(ptr, size, 'cntrl')) return '\0\x1f\x7f\x7f';
  if (equalsAscii(ptr, size, 'digit')) return '09';
  if (equalsAscii(ptr, size, 'graph')) return '!~';
  if (equalsAscii(ptr, size, 'lower')) return 'az';
  if (equalsAscii(ptr, size, 'print')) return ' ~';
  if (equalsAscii(ptr, size, 'punct')) return '!/:@[`{~';
  if (equalsAscii(ptr, size, 'space')) return '\t\r  ';
  if (equalsAscii(ptr, size, 'upper')) return 'AZ';
  if (equalsAscii(ptr, size, 'word')) return '09AZaz__';
  if (equalsAscii(ptr, size, 'xdigit')) return '09AFaf';
  return '';
}

function addRanges(set: usize, ranges: string, fold: bool, negated: bool): void {
  memory.fill(part, 0, BYTE_SET_SIZE);
  for (let i = 0; i < ranges.length; i += 2) {
    setAddRange(part, ranges.charCodeAt(i), ranges.charCodeAt(i + 1), fold);
  }
  if (negated) setNegate(part);
  setJoin(set, part);
}

/** Adds what `\d`, `\s`, `\w` or its opposite stands for and goes over it; false for another. */
export function readShorthand(set: usize): bool {
  const letter = peek(1);
  const kind = letter | 0x20;
  let ranges = '';
  if (kind == 0x64) ranges = '09';
  else if (kind == 0x73) ranges = '\t\n\f\r  ';
  else if (kind == 0x77) ranges = '09AZaz__';
  if (peek() != BACKSLASH || ranges.length == 0) return false;
  addRanges(set, ranges, false, letter != kind);
  skip(2);
  return true;
}

/** `[:alpha:]` or `[:^alpha:]`. */
function readNamed(set: usize, fold: bool): bool {
  const start = position();
  skip(2);
  const negated = skipByte(CARET);
  let size: u32 = 0;
  while (peek(size) - 0x61 < 26) size++;
  const ranges = rangesOf(here(), size);
  skip(size);
  if (ranges.length == 0 || !skipByte(COLON) || !skipByte(CLOSE)) {
    return faultFrom(start, 'the class', '[:alpha:] or another class of POSIX');
  }
  addRanges(set, ranges, fold, negated);
  return true;
}

/** One character of a class. */
function readMember(): i32 {
  const start = position();
  let byte = <i32>peek();
  if (byte == <i32>BACKSLASH) byte = readEscape();
  else skip(characterSize());
  if (byte < 0x80) return byte;
  faultFrom(start, 'beyond ASCII in a class', '(?:x|y) in place of [xy]');
  return NO_CHARACTER;
}

/** From `[` to `]`, into a set that is cleared before. */
export function readClass(set: usize, fold: bool): bool {
  const start = position();
  skip(1);
  const negated = skipByte(CARET);
  // Behind the bracket a ] is a member.
  for (let first = true; first || peek() != CLOSE; first = false) {
    if (peek() == NO_BYTE) return faultFrom(start, 'the open class', 'a ] that closes it');
    if (peek() == OPEN && peek(1) == COLON) {
      if (!readNamed(set, fold)) return false;
      continue;
    }
    if (readShorthand(set)) continue;
    const from = position();
    const low = readMember();
    if (low == NO_CHARACTER) return false;
    let high = low;
    if (peek() == DASH && peek(1) != CLOSE && peek(1) != NO_BYTE) {
      skip(1);
      high = readMember();
      if (high == NO_CHARACTER) return false;
      if (high < low) return faultFrom(from, 'the range', 'its lower end first');
    }
    setAddRange(set, low, high, fold);
  }
  skip(1);
  if (negated) setNegate(set);
  return true;
}

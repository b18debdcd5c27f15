// pattern: the text of a regular expression, where its reader stands in it, and its characters.
// Promise: what stands behind the end reads as NO_BYTE, so that nobody has to count.

import { hexValue, NO_DIGIT } from '../../bytes/hex';
import { faultWords } from '../fault';
import { Node } from '../node';

export const NO_BYTE: u32 = 256;
/** What `readEscape` and `readMember` answer with a fault raised. */
export const NO_CHARACTER: i32 = -1;

let node: Node = changetype<Node>(0);
let at: u32 = 0;

export function patternOpen(text: Node): void {
  node = text;
  at = 0;
}

export function position(): u32 {
  return at;
}

/** Where the reader stands, in memory. */
export function here(): usize {
  return node.ptr + at;
}

/** The byte so many bytes ahead. */
export function peek(ahead: u32 = 0): u32 {
  return at + ahead < node.size ? <u32>load<u8>(node.ptr + at + ahead) : NO_BYTE;
}

export function skip(size: u32): void {
  at = min(at + size, node.size);
}

/** Goes over this byte if it comes next. */
export function skipByte(byte: u32): bool {
  if (peek() != byte) return false;
  at++;
  return true;
}

/** Bytes of the character that comes next; JSON has checked that it is UTF-8. */
export function characterSize(): u32 {
  const byte = peek();
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** Words about the text from a position to where the reader stands. Always false. */
export function faultFrom(start: u32, found: string, wanted: string): bool {
  return faultWords(node, found, wanted, '', node.ptr + start, at - start);
}

function noCharacter(start: u32, found: string, wanted: string): i32 {
  faultFrom(start, found, wanted);
  return NO_CHARACTER;
}

/** The byte that `\n`, `\.`, `\x41` and the like stand for; the reader stands at the backslash. */
export function readEscape(): i32 {
  const start = at++;
  const byte = peek();
  if (byte == NO_BYTE) return noCharacter(start, 'a lone backslash', 'a character behind it');
  skip(characterSize());
  switch (byte) {
    case 0x61: // a
      return 0x07;
    case 0x66: // f
      return 0x0c;
    case 0x6e: // n
      return 0x0a;
    case 0x72: // r
      return 0x0d;
    case 0x74: // t
      return 0x09;
    case 0x76: // v
      return 0x0b;
    case 0x78: // x
      return readHex(start);
    case 0x42: // B
    case 0x62: // b
      return noCharacter(start, 'the word boundary', 'the characters that may stand there');
    case 0x50: // P
    case 0x70: // p
      return noCharacter(start, 'the Unicode class', 'a class of ASCII such as [a-z] or \\w');
  }
  if (byte - 0x31 < 9) {
    return noCharacter(start, 'the back-reference', 'none: RE2 cannot match it in linear time');
  }
  const alphanumeric = (byte | 0x20) - 0x61 < 26 || byte == 0x30 || byte >= 0x80;
  return alphanumeric ? noCharacter(start, 'the escape', 'one that RE2 knows') : <i32>byte;
}

/** `HH` or `{H…}`, behind `\x`. */
function readHex(start: u32): i32 {
  const braces = skipByte(0x7b);
  let value: u32 = 0;
  let digits: u32 = 0;
  while (value < 0x100 && (braces || digits < 2)) {
    const digit = hexValue(peek());
    if (digit == NO_DIGIT) break;
    value = value * 16 + digit;
    digits++;
    at++;
  }
  const whole = braces ? digits > 0 && value < 0x100 && skipByte(0x7d) : digits == 2;
  return whole ? <i32>value : noCharacter(start, 'the escape', '\\xHH or \\x{HH}, at most ff');
}

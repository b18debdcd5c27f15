// json: strict JSON (RFC 8259) from bytes to a tree of nodes in the arena.
// Refuses what other readers forgive: comments, trailing commas, leading zeros, control characters,
// invalid UTF-8 (RFC 3629), lone surrogates, anything behind the value. Bounded: depth and number
// of values have a limit, so that no text however made can exhaust the stack or the arena.

import { hexValue, NO_DIGIT } from '../bytes/hex';
import { encodeUtf8, utf8Size } from '../bytes/utf8';
import { arenaTake } from '../shim/arena';
import { faultWhole, faultWords } from './fault';
import { Kind, NODE_SIZE, Node, nodeAt } from './node';

/** Arrays and objects inside one another. A policy needs about ten. */
export const DEPTH_MAX: u32 = 32;

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

let at: usize = 0;
let end: usize = 0;

/** The root of the tree, or 0 with a fault raised. Strings may point into the text. */
export function parseJson(ptr: usize, size: u32): usize {
  at = ptr;
  end = ptr + size;
  skipBlank();
  if (at == end) {
    faultWhole('no text at all', 'a JSON object');
    return 0;
  }
  const root = parseValue(0, 0);
  if (root == 0) return 0;
  skipBlank();
  if (at < end) return syntax(nodeAt(root), 'the end of the text');
  return root;
}

/** A fault at the byte where the reader stands. */
function syntax(node: Node, wanted: string): usize {
  if (at >= end) {
    faultWords(node, 'the end of the text', wanted);
  } else {
    faultWords(node, 'the bytes', wanted, '', at, <u32>min<usize>(end - at, 16));
  }
  return 0;
}

function skipBlank(): void {
  while (at < end) {
    const byte: u32 = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
    at++;
  }
}

function peek(): u32 {
  return at < end ? <u32>load<u8>(at) : 0;
}

function newNode(parent: usize): usize {
  const ptr = arenaTake(NODE_SIZE);
  if (ptr == 0) {
    faultWhole('more values than there is room for', 'a smaller configuration');
    return 0;
  }
  memory.fill(ptr, 0, NODE_SIZE);
  const node = nodeAt(ptr);
  node.parent = parent;
  if (parent != 0) {
    const above = nodeAt(parent);
    node.index = above.count++;
    if (above.first == 0) above.first = ptr;
    else nodeAt(above.last).next = ptr;
    above.last = ptr;
  }
  return ptr;
}

function parseValue(parent: usize, depth: u32): usize {
  const ptr = newNode(parent);
  return ptr != 0 && fillValue(nodeAt(ptr), depth) ? ptr : 0;
}

/** Reads a value into a node that hangs in the tree already, so that a fault knows its path. */
function fillValue(node: Node, depth: u32): bool {
  const byte = peek();
  if (byte == 0x7b || byte == 0x5b) {
    node.kind = byte == 0x7b ? Kind.Object : Kind.Array;
    if (depth == DEPTH_MAX) return faultWords(node, 'a value nested too deep', 'at most 32 levels');
    at++;
    return byte == 0x7b ? parseMembers(node, depth + 1) : parseElements(node, depth + 1);
  }
  if (byte == QUOTE) {
    node.kind = Kind.String;
    if (!parseString(node)) return false;
    node.ptr = stringPtr;
    node.size = stringSize;
    return true;
  }
  if (byte == 0x2d || byte - 0x30 < 10) return parseNumber(node);
  if (byte == 0x74) return parseWord(node, Kind.True, 'true');
  if (byte == 0x66) return parseWord(node, Kind.False, 'false');
  if (byte == 0x6e) return parseWord(node, Kind.Null, 'null');
  return syntax(node, 'a JSON value') != 0;
}

function parseMembers(node: Node, depth: u32): bool {
  skipBlank();
  if (peek() == 0x7d) {
    at++;
    return true;
  }
  while (true) {
    skipBlank();
    if (peek() != QUOTE) return syntax(node, 'a key in double quotes') != 0;
    if (!parseString(node)) return false;
    const child = newNode(changetype<usize>(node));
    if (child == 0) return false;
    nodeAt(child).keyPtr = stringPtr;
    nodeAt(child).keySize = stringSize;
    skipBlank();
    if (peek() != 0x3a) return syntax(nodeAt(child), '":" behind the key') != 0;
    at++;
    skipBlank();
    if (!fillValue(nodeAt(child), depth)) return false;
    skipBlank();
    const byte = peek();
    if (byte != 0x2c && byte != 0x7d) return syntax(node, '"," or "}"') != 0;
    at++;
    if (byte == 0x7d) return true;
  }
}

function parseElements(node: Node, depth: u32): bool {
  skipBlank();
  if (peek() == 0x5d) {
    at++;
    return true;
  }
  while (true) {
    skipBlank();
    if (parseValue(changetype<usize>(node), depth) == 0) return false;
    skipBlank();
    const byte = peek();
    if (byte != 0x2c && byte != 0x5d) return syntax(node, '"," or "]"') != 0;
    at++;
    if (byte == 0x5d) return true;
  }
}

function parseWord(node: Node, kind: Kind, word: string): bool {
  for (let i = 0; i < word.length; i++) {
    if (at + i >= end || <i32>load<u8>(at + i) != word.charCodeAt(i)) {
      return syntax(node, 'a JSON value') != 0;
    }
  }
  node.kind = kind;
  node.ptr = at;
  node.size = word.length;
  at += word.length;
  return true;
}

function skipDigits(): bool {
  const first = at;
  while (peek() - 0x30 < 10) at++;
  return at > first;
}

function parseNumber(node: Node): bool {
  const first = at;
  if (peek() == 0x2d) at++;
  if (peek() == 0x30) at++;
  else if (!skipDigits()) return syntax(node, 'a digit') != 0;
  if (peek() - 0x30 < 10) return syntax(node, 'a number without leading zeros') != 0;
  if (peek() == 0x2e) {
    at++;
    if (!skipDigits()) return syntax(node, 'a digit') != 0;
  }
  if ((peek() | 0x20) == 0x65) {
    at++;
    if (peek() == 0x2b || peek() == 0x2d) at++;
    if (!skipDigits()) return syntax(node, 'a digit') != 0;
  }
  node.kind = Kind.Number;
  node.ptr = first;
  node.size = <u32>(at - first);
  return true;
}

// What parseString leaves: bytes of the text itself, or of the arena where it held escapes.
let stringPtr: usize = 0;
let stringSize: u32 = 0;

/** Reads a string from its opening quote on; `node` is only where a fault would be. */
function parseString(node: Node): bool {
  at++;
  const first = at;
  while (at < end) {
    const byte: u32 = load<u8>(at);
    if (byte == QUOTE) {
      stringPtr = first;
      stringSize = <u32>(at - first);
      at++;
      return true;
    }
    if (byte == BACKSLASH) return parseEscaped(node, first);
    if (!skipCharacter(node, byte)) return false;
  }
  return syntax(node, 'a string that ends in a double quote') != 0;
}

/** One character of a string, no quote or backslash; `at` moves behind it. */
function skipCharacter(node: Node, byte: u32): bool {
  if (byte < 0x20) return syntax(node, 'no control characters in a string') != 0;
  const size = byte < 0x80 ? 1 : utf8Size(at, end);
  if (size == 0) return syntax(node, 'valid UTF-8') != 0;
  at += size;
  return true;
}

/** The rest of a string that holds a backslash. Decoded, it is never longer than its text. */
function parseEscaped(node: Node, first: usize): bool {
  let close = at;
  while (close < end && <u32>load<u8>(close) != QUOTE) {
    close += <u32>load<u8>(close) == BACKSLASH ? 2 : 1;
  }
  const copy = arenaTake(<u32>(min(close, end) - first));
  if (copy == 0)
    return faultWhole('longer strings than there is room for', 'a smaller configuration');
  let size = <u32>(at - first);
  memory.copy(copy, first, size);
  while (at < end) {
    const byte: u32 = load<u8>(at);
    if (byte == QUOTE) {
      stringPtr = copy;
      stringSize = size;
      at++;
      return true;
    }
    if (byte == BACKSLASH) {
      const written = decodeEscape(copy + size);
      if (written == 0) return syntax(node, 'a valid escape') != 0;
      size += written;
    } else {
      const from = at;
      if (!skipCharacter(node, byte)) return false;
      memory.copy(copy + size, from, at - from);
      size += <u32>(at - from);
    }
  }
  return syntax(node, 'a string that ends in a double quote') != 0;
}

/** Decodes the escape at `at` to `out` and moves behind it; returns bytes written, 0 if it is none. */
function decodeEscape(out: usize): u32 {
  if (at + 1 >= end) return 0;
  const letter: u32 = load<u8>(at + 1);
  let byte: u32 = 0;
  if (letter == QUOTE || letter == BACKSLASH || letter == 0x2f) byte = letter;
  else if (letter == 0x62) byte = 0x08;
  else if (letter == 0x66) byte = 0x0c;
  else if (letter == 0x6e) byte = 0x0a;
  else if (letter == 0x72) byte = 0x0d;
  else if (letter == 0x74) byte = 0x09;
  else if (letter != 0x75) return 0;
  if (letter != 0x75) {
    store<u8>(out, <u8>byte);
    at += 2;
    return 1;
  }
  let point = hexUnit(at + 2);
  if (point < 0) return 0;
  let size: u32 = 6;
  if ((point & 0xfc00) == 0xdc00) return 0;
  if ((point & 0xfc00) == 0xd800) {
    if (at + 7 >= end || load<u8>(at + 6) != 0x5c || load<u8>(at + 7) != 0x75) return 0;
    const low = hexUnit(at + 8);
    if (low < 0 || (low & 0xfc00) != 0xdc00) return 0;
    point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
    size = 12;
  }
  at += size;
  return encodeUtf8(point, out);
}

/** Four hexadecimal digits, or -1. */
function hexUnit(ptr: usize): i32 {
  if (ptr + 4 > end) return -1;
  let unit: u32 = 0;
  for (let i: u32 = 0; i < 4; i++) {
    const digit = hexValue(load<u8>(ptr + i));
    if (digit == NO_DIGIT) return -1;
    unit = (unit << 4) | digit;
  }
  return unit;
}

// members: reading the members of a JSON object by name, and the kinds of text a policy holds.
// Promise: a key that is not known is a fault, never ignored; so is one that stands twice.

import { equal, equalsAscii, foldInPlace } from '../bytes/slice';
import { faultValue, faultWords, listHolds } from './fault';
import { Kind, Node, nodeAt } from './node';

/** Bytes of the longest operand, name or value. */
export const TEXT_SIZE_LIMIT: u32 = 4096;
/** Bytes of the longest value of a tag, name of a rule, or id: they become labels of metrics. */
export const LABEL_SIZE_MAX: u32 = 256;

/** An object that holds keys of `known` (words divided by blanks) only, each once. */
export function checkObject(node: Node, known: string): bool {
  if (node.kind != Kind.Object) return faultValue(node, 'an object with the keys ', known);
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const child = nodeAt(at);
    if (!listHolds(known, child.keyPtr, child.keySize)) {
      return faultWords(node, 'the key', 'one of: ', known, child.keyPtr, child.keySize);
    }
    if (!checkOnce(node, child)) return false;
  }
  return true;
}

/** No member of `node` before `child` has its key. */
export function checkOnce(node: Node, child: Node): bool {
  for (let at = node.first; at != changetype<usize>(child); at = nodeAt(at).next) {
    const other = nodeAt(at);
    if (equal(other.keyPtr, other.keySize, child.keyPtr, child.keySize)) {
      return faultWords(node, 'twice the key', 'it once', '', child.keyPtr, child.keySize);
    }
  }
  return true;
}

/** The member of an object, or 0. */
export function member(node: Node, key: string): usize {
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    if (equalsAscii(nodeAt(at).keyPtr, nodeAt(at).keySize, key)) return at;
  }
  return 0;
}

/** As `member`; a fault where it is missing. */
export function requiredMember(node: Node, key: string, wanted: string): usize {
  const at = member(node, key);
  if (at == 0) faultWords(node, 'no such key there', key, wanted);
  return at;
}

export function checkArray(node: Node, wanted: string): bool {
  return node.kind == Kind.Array || faultValue(node, wanted);
}

/** A string of at least `sizeMin` bytes. */
export function checkText(node: Node, sizeMin: u32, wanted: string): bool {
  if (node.kind != Kind.String || node.size < sizeMin) return faultValue(node, wanted);
  if (node.size > TEXT_SIZE_LIMIT) {
    return faultWords(node, 'a longer text', 'at most 4096 bytes');
  }
  return true;
}

export function checkBoolean(node: Node): bool {
  if (node.kind == Kind.True || node.kind == Kind.False) return true;
  return faultValue(node, 'true or false');
}

/** A token of RFC 9110 section 5.6.2. */
function isTokenByte(byte: u32): bool {
  if ((byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10) return true;
  // ! # $ % & ' * + - . ^ _ ` | ~
  return (
    byte == 0x21 ||
    (byte >= 0x23 && byte <= 0x27) ||
    byte == 0x2a ||
    byte == 0x2b ||
    byte == 0x2d ||
    byte == 0x2e ||
    byte == 0x5e ||
    byte == 0x5f ||
    byte == 0x60 ||
    byte == 0x7c ||
    byte == 0x7e
  );
}

function isToken(ptr: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) if (!isTokenByte(load<u8>(ptr + i))) return false;
  return size > 0;
}

/** A header's name; it is lower-cased where it stands, as Envoy keeps names. */
export function checkHeaderName(node: Node): bool {
  const wanted = 'the name of a header (letters, digits and -; not a pseudo-header)';
  if (!checkText(node, 1, wanted)) return false;
  return foldHeaderName(node.ptr, node.size) || faultValue(node, wanted);
}

/** Lower-cases a header's name where it stands; false: it is none. */
export function foldHeaderName(ptr: usize, size: u32): bool {
  if (size > LABEL_SIZE_MAX || !isToken(ptr, size)) return false;
  foldInPlace(ptr, size);
  return true;
}

/** The name of a header that a request can have. */
export function checkReadableHeader(node: Node): bool {
  if (!checkHeaderName(node)) return false;
  if (!equalsAscii(node.ptr, node.size, 'host')) return true;
  return faultValue(node, 'another header: Envoy keeps this one as :authority');
}

/** The name of a cookie or a method: a token, its case kept. */
export function checkToken(node: Node, wanted: string): bool {
  if (!checkText(node, 1, wanted)) return false;
  return isToken(node.ptr, node.size) || faultValue(node, wanted);
}

/** Visible text that can be a header's value and a metric's label at once. */
export function checkLabel(node: Node, wanted: string): bool {
  if (!checkText(node, 1, wanted)) return false;
  const ptr = node.ptr;
  const size = node.size;
  if (size > LABEL_SIZE_MAX) return faultWords(node, 'a longer text', 'at most 256 bytes');
  if (load<u8>(ptr) == 0x20 || load<u8>(ptr + size - 1) == 0x20) return faultValue(node, wanted);
  // With the divider behind it, it would read as one that ends sooner.
  if (size > 1 && load<u8>(ptr + size - 2) == 0x3b && load<u8>(ptr + size - 1) == 0x2e) {
    return faultValue(node, 'a text that does not end in ;.');
  }
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte < 0x20 || byte == 0x7f) return faultValue(node, wanted);
    if (i + 2 < size && load<u8>(ptr + i + 1) == 0x2e && load<u8>(ptr + i + 2) == byte) {
      // ";.;" and "=.=" divide the labels of a metric on the wire.
      if (byte == 0x3b || byte == 0x3d) return faultValue(node, 'a text without ;.; and =.=');
    }
  }
  return true;
}

// fault: the first thing that is wrong with a configuration: where, what came, what is wanted.
// Promise: one fault per configuration, put together without allocation; text that came from
// outside is quoted (bytes/text.ts).

import { putAscii, putByte, putBytes, putNumber, putQuoted } from '../bytes/text';
import { Kind, Node } from './node';

/** How deep a path is printed; configurations that nest deeper are refused before that. */
const PATH_DEPTH_MAX: u32 = 64;

const path: usize = memory.data(256);
let raised: bool = false;
let nodePtr: usize = 0;
let foundText: string = '';
let foundPtr: usize = 0;
let foundSize: u32 = 0;
let foundCount: u32 = 0;
let foundUnit: string = '';
let wantedText: string = '';
let wantedMore: string = '';

export function faultReset(): void {
  raised = false;
}

export function faultRaised(): bool {
  return raised;
}

function raise(
  at: usize,
  found: string,
  ptr: usize,
  size: u32,
  wanted: string,
  more: string,
): void {
  if (raised) return;
  raised = true;
  nodePtr = at;
  foundText = found;
  foundPtr = ptr;
  foundSize = size;
  foundUnit = '';
  wantedText = wanted;
  wantedMore = more;
}

/** The value at `node` is not what is wanted. Always false, so that a caller can return it. */
export function faultValue(node: Node, wanted: string, more: string = ''): bool {
  raise(changetype<usize>(node), '', 0, 0, wanted, more);
  return false;
}

/** `found` says in words what is there; `ptr` and `size` may quote bytes behind it. */
export function faultWords(
  node: Node,
  found: string,
  wanted: string,
  more: string = '',
  ptr: usize = 0,
  size: u32 = 0,
): bool {
  raise(changetype<usize>(node), found, ptr, size, wanted, more);
  return false;
}

/** `found` a number of units. */
export function faultCount(
  node: Node,
  found: string,
  count: u32,
  unit: string,
  wanted: string,
): bool {
  if (raised) return false;
  raise(changetype<usize>(node), found, 0, 0, wanted, '');
  foundCount = count;
  foundUnit = unit;
  return false;
}

/** No node yet: something is wrong with the configuration as a whole. */
export function faultWhole(found: string, wanted: string, more: string = ''): bool {
  raise(0, found, 0, 0, wanted, more);
  return false;
}

function isPlainKey(ptr: usize, size: u32): bool {
  if (size == 0 || size > 64) return false;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    const plain = (byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10 || byte == 0x5f || byte == 0x2d;
    if (!plain) return false;
  }
  return true;
}

/** JSONPath (RFC 9535) of the place: `$.tags[0].rules[2].when`. */
function putPath(): void {
  let depth: u32 = 0;
  for (let at = nodePtr; at != 0 && depth < PATH_DEPTH_MAX; depth++) {
    store<u32>(path + (depth << 2), at);
    at = changetype<Node>(at).parent;
  }
  putByte(0x24);
  while (depth > 0) {
    depth--;
    const node = changetype<Node>(<usize>load<u32>(path + (depth << 2)));
    if (node.parent == 0) continue;
    if (changetype<Node>(node.parent).kind == Kind.Array) {
      putByte(0x5b);
      putNumber(node.index);
      putByte(0x5d);
    } else if (isPlainKey(node.keyPtr, node.keySize)) {
      putByte(0x2e);
      putBytes(node.keyPtr, node.keySize);
    } else {
      putByte(0x5b);
      putQuoted(node.keyPtr, node.keySize);
      putByte(0x5d);
    }
  }
}

function putValue(node: Node): void {
  if (node.kind == Kind.Object) {
    putAscii(node.count == 0 ? 'an empty object' : 'an object');
  } else if (node.kind == Kind.Array) {
    putAscii(node.count == 0 ? 'an empty array' : 'an array');
  } else if (node.kind == Kind.String) {
    putQuoted(node.ptr, node.size);
  } else {
    // A number, true, false or null: its text holds nothing that needs quoting, but may be long.
    putBytes(node.ptr, min(node.size, 40));
  }
}

/** `PATH: found X, wanted Y` into bytes/text.ts. */
export function putFault(): void {
  putPath();
  putAscii(': found ');
  if (foundText.length == 0) {
    putValue(changetype<Node>(nodePtr));
  } else {
    putAscii(foundText);
    if (foundUnit.length > 0) {
      putNumber(foundCount);
      putAscii(foundUnit);
    }
    if (foundPtr != 0) {
      putByte(0x20);
      putQuoted(foundPtr, foundSize);
    }
  }
  putAscii(', wanted ');
  putAscii(wantedText);
  putAscii(wantedMore);
}

/** Whether `list`, words divided by blanks, holds the word; an empty word is in no list. */
export function listHolds(list: string, ptr: usize, size: u32): bool {
  return listIndex(list, ptr, size) >= 0;
}

/** Position of the word in the list, or -1. */
export function listIndex(list: string, ptr: usize, size: u32): i32 {
  if (size == 0) return -1;
  let start = 0;
  let index = 0;
  for (let i = 0; i <= list.length; i++) {
    if (i < list.length && list.charCodeAt(i) != 0x20) continue;
    if (<u32>(i - start) == size && wordAt(list, start, ptr, size)) return index;
    start = i + 1;
    index++;
  }
  return -1;
}

function wordAt(list: string, start: i32, ptr: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    if (<i32>load<u8>(ptr + i) != list.charCodeAt(start + <i32>i)) return false;
  }
  return true;
}

// probe: the filter's algorithms behind exports, for the property tests (test/properties).
// The text that an algorithm reads ends where memory ends, so that a byte read behind it traps.
// What it is compared with, and what comes out, stand in buffers of their own.

import {
  ADDRESS_SIZE,
  NETWORK_SIZE,
  networkContains,
  parseAddress,
  parseAddressAndPort,
  parseNetwork,
} from '../../filter/assembly/bytes/address';
import {
  decodeQuery,
  FIELD_CURSOR_SIZE,
  FieldCursor,
  isEncoded,
} from '../../filter/assembly/bytes/fields';
import { buildSearchTable, contains, searchTableSize } from '../../filter/assembly/bytes/search';
import { foldInPlace } from '../../filter/assembly/bytes/slice';
import { isTemplate, matchesTemplate } from '../../filter/assembly/bytes/template';
import { xxh64 } from '../../filter/assembly/bytes/xxh64';
import { faultRaised, faultReset } from '../../filter/assembly/config/fault';
import { parseJson } from '../../filter/assembly/config/json';
import { Kind, Node, nodeAt } from '../../filter/assembly/config/node';
import { arenaReset } from '../../filter/assembly/shim/arena';
import { PAIR_CURSOR_SIZE, PairCursor } from '../../filter/assembly/shim/pairs';

/** Bytes of each buffer. */
export const BUFFER_SIZE: u32 = 1 << 20;

const second: usize = heap.alloc(BUFFER_SIZE);
const output: usize = heap.alloc(BUFFER_SIZE);
const table: usize = heap.alloc(BUFFER_SIZE);
const network: usize = heap.alloc(NETWORK_SIZE);
const fields: FieldCursor = changetype<FieldCursor>(heap.alloc(FIELD_CURSOR_SIZE));
const pairs: PairCursor = changetype<PairCursor>(heap.alloc(PAIR_CURSOR_SIZE));
memory.grow(BUFFER_SIZE >> 16);

/** Where a text of `size` bytes goes. */
export function textAt(size: u32): usize {
  return ((<usize>memory.size()) << 16) - size;
}

/** Where a pattern, template or network goes. */
export function secondAt(): usize {
  return second;
}

/** Where results of more than one number stand. */
export function outputAt(): usize {
  return output;
}

let out: usize = 0;

function putText(ptr: usize, size: u32): void {
  store<u32>(out, size);
  memory.copy(out + 4, ptr, size);
  out += 4 + size;
}

/** A byte for the kind; then the text of a scalar, or a count and the children with their keys. */
function putNode(node: Node): void {
  store<u8>(out++, <u8>node.kind);
  if (node.kind != Kind.Array && node.kind != Kind.Object) {
    putText(node.ptr, node.size);
    return;
  }
  store<u32>(out, node.count);
  out += 4;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    if (node.kind == Kind.Object) putText(nodeAt(at).keyPtr, nodeAt(at).keySize);
    putNode(nodeAt(at));
  }
}

/** Bytes of the tree in the output; 0 = refused, -1 = refused without a fault or the other way. */
export function json(size: u32): i32 {
  arenaReset();
  faultReset();
  const root = parseJson(textAt(size), size);
  if ((root == 0) != faultRaised()) return -1;
  if (root == 0) return 0;
  out = output;
  putNode(nodeAt(root));
  return <i32>(out - output);
}

/** The pattern is folded where it stands. */
export function holds(textSize: u32, patternSize: u32, fold: bool): bool {
  if (fold) foldInPlace(second, patternSize);
  memory.fill(table, 0xff, searchTableSize(patternSize) + 2);
  buildSearchTable(second, patternSize, table);
  return contains(textAt(textSize), textSize, second, patternSize, table, fold);
}

export function isPathTemplate(size: u32): bool {
  return isTemplate(textAt(size), size);
}

export function matches(templateSize: u32, pathSize: u32, fold: bool): bool {
  return matchesTemplate(second, templateSize, textAt(pathSize), pathSize, fold);
}

/** Sixteen bytes in the output. */
export function address(size: u32): bool {
  return parseAddress(textAt(size), size, output);
}

/** Sixteen bytes in the output. */
export function addressAndPort(size: u32): bool {
  return parseAddressAndPort(textAt(size), size, output);
}

/** Sixteen bytes and the number of bits in the output. */
export function networkOf(size: u32): bool {
  return parseNetwork(textAt(size), size, output);
}

/** 1 or 0; -1 where the network or the address is none. */
export function networkHolds(networkSize: u32, addressSize: u32): i32 {
  if (!parseNetwork(second, networkSize, network)) return -1;
  memory.fill(output, 0, ADDRESS_SIZE);
  if (!parseAddress(textAt(addressSize), addressSize, output)) return -1;
  return networkContains(network, output) ? 1 : 0;
}

/** Bytes of the decoded text in the output. */
export function decode(size: u32): u32 {
  return decodeQuery(textAt(size), size, output);
}

export function encoded(size: u32): bool {
  return isEncoded(textAt(size), size);
}

/** Names and values in the output, each with its size; how many bytes. */
function walk(): u32 {
  out = output;
  while (fields.next()) {
    putText(fields.namePtr, fields.nameSize);
    putText(fields.valuePtr, fields.valueSize);
  }
  return <u32>(out - output);
}

export function cookies(size: u32): u32 {
  fields.openCookies(textAt(size), size);
  return walk();
}

export function query(size: u32): u32 {
  fields.openQuery(textAt(size), size);
  return walk();
}

/** As `walk`, for a list of header pairs; -1 where it does not open. */
export function headerPairs(size: u32): i32 {
  if (!pairs.open(textAt(size), size)) return -1;
  out = output;
  while (pairs.next()) {
    putText(pairs.namePtr, pairs.nameSize);
    putText(pairs.valuePtr, pairs.valueSize);
  }
  return <i32>(out - output);
}

export function hash(size: u32): u64 {
  return xxh64(textAt(size), size);
}

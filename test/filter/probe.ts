// probe: the filter's algorithms behind exports, for the property tests (test/properties).
// The text that an algorithm reads ends where memory ends, so that a byte read behind it traps.
// What it is compared with, and what comes out, stand in buffers of their own.

import {
  ADDRESS_SIZE,
  formatAddress,
  maskAddress,
  NETWORK_SIZE,
  networkContains,
  parseAddress,
  parseAddressAndPort,
  parseForwarded,
  parseNetwork,
} from '../../filter/assembly/bytes/address';
import { automatonMatches } from '../../filter/assembly/bytes/automaton';
import { parseB3, parseFlags, parseSampled, putB3 } from '../../filter/assembly/bytes/b3';
import {
  BAGGAGE_CURSOR_SIZE,
  BAGGAGE_WRITER_SIZE,
  BaggageCursor,
  BaggageWriter,
  decodedSize,
  decodeValue,
  encodedSize,
  encodeValue,
} from '../../filter/assembly/bytes/baggage';
import { putDecimal } from '../../filter/assembly/bytes/decimal';
import {
  decodeQuery,
  FIELD_CURSOR_SIZE,
  FieldCursor,
  isEncoded,
} from '../../filter/assembly/bytes/fields';
import { countEntries, entryAt } from '../../filter/assembly/bytes/forwarded';
import { HEX_WORD_SIZE, hexNumber } from '../../filter/assembly/bytes/hex';
import { isNormalPath, normalizePath, pathSizeOf } from '../../filter/assembly/bytes/path';
import { buildSearchTable, contains, searchTableSize } from '../../filter/assembly/bytes/search';
import { sipHash, sipHash128 } from '../../filter/assembly/bytes/siphash';
import { foldInPlace, SLICE_SIZE, Slice } from '../../filter/assembly/bytes/slice';
import {
  isTemplate,
  matchesTemplate,
  templateHas,
  templateVariable,
} from '../../filter/assembly/bytes/template';
import { textPtr, textReset, textSize } from '../../filter/assembly/bytes/text';
import { TRACE_CONTEXT_SIZE, TraceContext } from '../../filter/assembly/bytes/trace-context';
import { parseTraceparent, putTraceparent } from '../../filter/assembly/bytes/traceparent';
import { xxh64 } from '../../filter/assembly/bytes/xxh64';
import { areaMake, areaOpen } from '../../filter/assembly/config/area';
import { faultRaised, faultReset, putFault } from '../../filter/assembly/config/fault';
import { parseJson } from '../../filter/assembly/config/json';
import { Kind, NODE_SIZE, Node, nodeAt } from '../../filter/assembly/config/node';
import { readRegex } from '../../filter/assembly/config/regex/regex';
import { buildAutomaton } from '../../filter/assembly/config/regex/subset';
import { arenaReset, arenaTake } from '../../filter/assembly/shim/arena';
import { PAIR_CURSOR_SIZE, PairCursor } from '../../filter/assembly/shim/pairs';

// Numbers in, numbers out: as they are.
export {
  charge,
  isFull,
  rateInterval,
  rateShift,
  tokensFree,
  unitsCeil,
  unitsFloor,
  unitsUntilFree,
} from '../../filter/assembly/bytes/gcra';
export { hexDigits } from '../../filter/assembly/bytes/hex';
export { sameBytes, sameFolded } from '../../filter/assembly/bytes/slice';

/** Bytes of each buffer. */
export const BUFFER_SIZE: u32 = 1 << 20;

const second: usize = heap.alloc(BUFFER_SIZE);
const output: usize = heap.alloc(BUFFER_SIZE);
const table: usize = heap.alloc(BUFFER_SIZE);
const network: usize = heap.alloc(NETWORK_SIZE);
const slice: Slice = changetype<Slice>(heap.alloc(SLICE_SIZE));
const fields: FieldCursor = changetype<FieldCursor>(heap.alloc(FIELD_CURSOR_SIZE));
const pairs: PairCursor = changetype<PairCursor>(heap.alloc(PAIR_CURSOR_SIZE));
const members: BaggageCursor = changetype<BaggageCursor>(heap.alloc(BAGGAGE_CURSOR_SIZE));
const writer: BaggageWriter = changetype<BaggageWriter>(heap.alloc(BAGGAGE_WRITER_SIZE));
const trace: TraceContext = changetype<TraceContext>(heap.alloc(TRACE_CONTEXT_SIZE));
memory.grow(BUFFER_SIZE >> 16);

/** Where a text of `size` bytes goes. */
export function textAt(size: u32): usize {
  return ((<usize>memory.size()) << 16) - size;
}

/** Where a pattern, template or network goes. */
export function secondAt(): usize {
  return second;
}

/** `hexNumber` of the last bytes of memory. */
export function hexWord(): u64 {
  return hexNumber(textAt(HEX_WORD_SIZE));
}

/** Folded where it stands. */
export function fold(size: u32): void {
  foldInPlace(textAt(size), size);
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

/** The name stands behind the template. */
export function hasVariable(templateSize: u32, nameSize: u32): bool {
  return templateHas(second, templateSize, second + templateSize, nameSize);
}

/** Bytes, in the output, of what stands for the name behind the template; 0 = nothing. */
export function variable(templateSize: u32, nameSize: u32, pathSize: u32, fold: bool): u32 {
  const found = templateVariable(
    second,
    templateSize,
    textAt(pathSize),
    pathSize,
    fold,
    second + templateSize,
    nameSize,
    slice,
  );
  if (!found) return 0;
  memory.copy(output, slice.ptr, slice.size);
  return slice.size;
}

export function targetPath(size: u32): u32 {
  return pathSizeOf(textAt(size), size);
}

export function isNormal(size: u32): bool {
  return isNormalPath(textAt(size), size);
}

/** Bytes of the path in the output; -1 where it is another when it is written in its place. */
export function normalPath(size: u32): i32 {
  const text = textAt(size);
  const written = normalizePath(text, size, output);
  const again = normalizePath(text, size, text);
  return again == written && memory.compare(text, output, again) == 0 ? <i32>written : -1;
}

/** Sixteen bytes in the output. */
export function forwarded(size: u32): bool {
  return parseForwarded(textAt(size), size, output);
}

/** The entries of a value of x-forwarded-for in the output, each with its size; how many bytes. */
export function forwardedEntries(size: u32): u32 {
  const count = countEntries(textAt(size), size);
  out = output;
  for (let i: u32 = 0; i < count; i++) {
    entryAt(textAt(size), size, i, slice);
    putText(slice.ptr, slice.size);
  }
  return <u32>(out - output);
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

/** As `walk`, for pairs of these shapes in a list; -1 where it does not open. */
export function headerPairs(size: u32, shapes: u64): i32 {
  if (!pairs.open(textAt(size), size)) return -1;
  out = output;
  while (pairs.next(shapes)) {
    putText(pairs.namePtr, pairs.nameSize);
    putText(pairs.valuePtr, pairs.valueSize);
  }
  return <i32>(out - output);
}

/** The text, in the output, of sixteen bytes; how many. */
export function addressText(): u32 {
  return formatAddress(textAt(ADDRESS_SIZE), output);
}

/** Sixteen bytes in the output. */
export function mask(bits4: u32, bits6: u32): void {
  maskAddress(textAt(ADDRESS_SIZE), bits4, bits6);
  memory.copy(output, textAt(ADDRESS_SIZE), ADDRESS_SIZE);
}

/** A trace context in the output, then its texts as b3 and as traceparent; how many bytes. */
function putTrace(): i32 {
  out = output;
  putText(changetype<usize>(trace), TRACE_CONTEXT_SIZE);
  const b3Size = putB3(trace, out + 4);
  store<u32>(out, b3Size);
  out += 4 + b3Size;
  const size = putTraceparent(trace, out + 4);
  store<u32>(out, size);
  return <i32>(out + 4 + size - output);
}

/** Bytes in the output; 0 = refused, -1 = refused and something said all the same. */
function traceOr(parsed: bool): i32 {
  if (parsed) return putTrace();
  for (let i: u32 = 0; i < TRACE_CONTEXT_SIZE; i++) {
    if (load<u8>(changetype<usize>(trace) + i) != 0) return -1;
  }
  return 0;
}

export function b3(size: u32): i32 {
  memory.fill(changetype<usize>(trace), 0xff, TRACE_CONTEXT_SIZE);
  return traceOr(parseB3(textAt(size), size, trace));
}

export function traceparent(size: u32): i32 {
  memory.fill(changetype<usize>(trace), 0xff, TRACE_CONTEXT_SIZE);
  return traceOr(parseTraceparent(textAt(size), size, trace));
}

export function b3Sampled(size: u32): i32 {
  return parseSampled(textAt(size), size);
}

export function b3Flags(size: u32): i32 {
  return parseFlags(textAt(size), size);
}

/** Key, value and the whole of each member in the output; how many bytes. */
export function baggage(size: u32): u32 {
  members.open(textAt(size), size);
  out = output;
  while (members.next()) {
    putText(members.keyPtr, members.keySize);
    putText(members.valuePtr, members.valueSize);
    putText(members.memberPtr, members.memberSize);
  }
  return <u32>(out - output);
}

/** Bytes of the decoded text in the output; -1 where its size was foretold as another. */
export function baggageDecoded(size: u32): i32 {
  const written = decodeValue(textAt(size), size, output);
  return decodedSize(textAt(size), size) == written ? <i32>written : -1;
}

/** As `baggageDecoded`. */
export function baggageEncoded(size: u32): i32 {
  const written = encodeValue(textAt(size), size, output);
  return encodedSize(textAt(size), size) == written ? <i32>written : -1;
}

/** A list again without the key that stands before a value; whether both were added, and the list. */
export function baggageWith(size: u32, keySize: u32, valueSize: u32): u32 {
  members.open(textAt(size), size);
  writer.begin(output + 8, BUFFER_SIZE - 8);
  while (members.next()) {
    if (members.keyEquals(second, keySize)) continue;
    assert(writer.addMember(members.memberPtr, members.memberSize));
  }
  const added = writer.addTag(second, keySize, second + keySize, valueSize);
  store<u32>(output, added ? 1 : 0);
  store<u32>(output, writer.size(), 4);
  return 8 + writer.size();
}

export function hash(size: u32): u64 {
  return xxh64(textAt(size), size);
}

/** With the key in the second buffer. */
export function keyed(tweak: u64, size: u32): u64 {
  return sipHash(second, tweak, textAt(size), size);
}

/** As `keyed`; sixteen bytes in the output. */
export function keyed128(tweak: u64, size: u32): void {
  sipHash128(second, tweak, textAt(size), size, output);
}

/** Digits in the output; how many. */
export function decimal(value: u64): u32 {
  return putDecimal(value, output);
}

/** Of a salt, a zero byte and an identity, one behind the other. */
export function bucket(size: u32): u32 {
  return <u32>(xxh64(textAt(size), size) % 10000);
}

const area: usize = areaMake();
let automaton: usize = 0;

/**
 * Makes the automaton that `regexMatches` runs. 0, or how many bytes of a fault are in the output;
 * -1 = refused without a fault, or the other way.
 */
export function regex(size: u32, fold: bool): i32 {
  arenaReset();
  faultReset();
  areaOpen(area);
  const at = arenaTake(NODE_SIZE);
  memory.fill(at, 0, NODE_SIZE);
  const node = nodeAt(at);
  node.kind = Kind.String;
  node.ptr = textAt(size);
  node.size = size;
  automaton = readRegex(node, fold) ? buildAutomaton(node) : 0;
  if ((automaton == 0) != faultRaised()) return -1;
  if (automaton != 0) return 0;
  textReset();
  putFault();
  memory.copy(output, textPtr(), textSize());
  return textSize();
}

export function regexMatches(size: u32): bool {
  return automatonMatches(automaton, textAt(size), size);
}

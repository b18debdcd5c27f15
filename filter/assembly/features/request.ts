// request: what the conditions see of the request that is being handled.
// Promise: at most one call to the host for headers, as the configuration planned it; the client's
// address is asked for once, and only by a condition that needs it. Values are not copied, but for a
// path that has to be normalised, once.

import { MapType, Status } from '../abi/enums';
import { parseAddressAndPort, parseForwarded } from '../bytes/address';
import { countEntries, entryAt } from '../bytes/forwarded';
import {
  decodeSegments,
  isNormalPath,
  normalizePath,
  pathSizeOf,
  resolveDots,
} from '../bytes/path';
import { equal, foldInPlace, Slice } from '../bytes/slice';
import {
  ClientAddress,
  Config,
  HEADER_NAME_SIZE,
  HeaderName,
  HeaderNames,
  nameAt,
  ReadPlan,
} from '../config/layout';
import { findName, NO_NAME } from '../config/names';
import { arenaClose, arenaIsOpen, arenaOpen, arenaTake } from '../shim/arena';
import { getHeader, getHeaderPairs } from '../shim/headers';
import { increment } from '../shim/metrics';
import { PairCursor } from '../shim/pairs';
import { getProperty, propertyPath } from '../shim/properties';

/**
 * One value of a header that the policy needs.
 *   0     4      8      12
 *   +-----+------+------+
 *   | ptr | size | next |
 *   +-----+------+------+
 */
@unmanaged
export class Value {
  ptr: usize;
  size: u32;
  next: usize;
}
export const VALUE_SIZE: u32 = 12;

const SOURCE_ADDRESS = 'source.address';
const sourceAddress: usize = propertyPath(SOURCE_ADDRESS);

const out: Slice = changetype<Slice>(memory.data(8, 8));
const pairs: PairCursor = changetype<PairCursor>(memory.data(32, 8));
const address: usize = memory.data(16, 8);
const path: Slice = changetype<Slice>(memory.data(8, 8));
const otherReading: Slice = changetype<Slice>(memory.data(8, 8));
const rawReading: Slice = changetype<Slice>(memory.data(8, 8));
let pathCut: bool = false;

const PATH_NAME_SIZE: u32 = 5;
const AUTHORITY_NAME_SIZE: u32 = 10;
const pathName: usize = memory.data<u8>([0x3a, 0x70, 0x61, 0x74, 0x68]);
const authorityName: usize = memory.data<u8>([
  0x3a, 0x61, 0x75, 0x74, 0x68, 0x6f, 0x72, 0x69, 0x74, 0x79,
]);
const COLON: u32 = 0x3a;
const DOT: u32 = 0x2e;
const SLASH: u32 = 0x2f;

/** What is known of a part of the request that is looked for once. */
enum PartState {
  NotRead = 0,
  Absent = 1,
  Present = 2,
}
let addressState: PartState = PartState.NotRead;
let pathState: PartState = PartState.NotRead;

/** Reads the headers that the configuration needs. False: they could not be read. */
export function readRequest(config: Config): bool {
  addressState = PartState.NotRead;
  pathState = PartState.NotRead;
  if (config.readPlan == <u8>ReadPlan.Nothing) return true;
  arenaClose();
  const readable = readHeaders(config);
  arenaOpen();
  return readable;
}

function readHeaders(config: Config): bool {
  const names = changetype<HeaderNames>(config.names);
  if (config.readPlan == <u8>ReadPlan.Pairs) {
    const status = getHeaderPairs(MapType.RequestHeaders, out);
    if (status == Status.Ok) return indexPairs(names, out.ptr, out.size);
    // What was read before lies in memory that others have used since.
    forgetAll(names);
    return false;
  }
  const name = nameAt(names, 0);
  name.first = 0;
  const status = getHeader(MapType.RequestHeaders, name.ptr, name.size, out);
  if (status == Status.NotFound) return true;
  return status == Status.Ok && append(name, out.ptr, out.size);
}

function forgetAll(names: HeaderNames): void {
  const end = changetype<usize>(nameAt(names, names.count));
  for (let at = names.names; at < end; at += HEADER_NAME_SIZE) {
    changetype<HeaderName>(at).first = 0;
  }
}

/** Hangs the values of a serialized list of pairs under the names that the policy needs. */
export function indexPairs(names: HeaderNames, ptr: usize, size: u32): bool {
  forgetAll(names);
  if (!pairs.open(ptr, size)) return false;
  while (pairs.next(names.shapes)) {
    const index = findName(names, pairs.namePtr, pairs.nameSize);
    if (index == NO_NAME) continue;
    if (!append(nameAt(names, index), pairs.valuePtr, pairs.valueSize)) return false;
  }
  return pairs.ended();
}

function append(name: HeaderName, ptr: usize, size: u32): bool {
  const at = arenaTake(VALUE_SIZE);
  if (at == 0) return false;
  const value = changetype<Value>(at);
  value.ptr = ptr;
  value.size = size;
  value.next = 0;
  if (name.first == 0) name.first = at;
  else changetype<Value>(name.last).next = at;
  name.last = at;
  return true;
}

/** The header of an index. */
export function nameOf(config: Config, index: u32): HeaderName {
  return nameAt(changetype<HeaderNames>(config.names), index);
}

/** The first value of a header, or 0; more behind `next`. */
export function firstValue(config: Config, index: u32): usize {
  return nameOf(config, index).first;
}

/** The value of a header whose values are all one, or 0. */
export function onlyValue(config: Config, index: u32): usize {
  const first = firstValue(config, index);
  if (first == 0) return 0;
  const value = changetype<Value>(first);
  for (let at = value.next; at != 0; at = changetype<Value>(at).next) {
    const other = changetype<Value>(at);
    if (!equal(other.ptr, other.size, value.ptr, value.size)) return 0;
  }
  return first;
}

/** For the rest of this pass the request has this value, behind those that it has. */
export function putValue(config: Config, index: u32, ptr: usize, size: u32): bool {
  return append(nameOf(config, index), ptr, size);
}

/** For the rest of this pass the request has no such header. */
export function forgetHeader(config: Config, index: u32): void {
  nameOf(config, index).first = 0;
}

/**
 * The path as conditions see it; false where the request has none. A full arena leaves it as it was
 * sent (`pathUnread`). What is copied lasts as long as the pass, so that nobody asks between
 * `arenaMark` and `arenaRelease`.
 */
export function requestPath(config: Config, into: Slice): bool {
  if (pathState == PartState.NotRead) {
    const at = namedValue(config, pathName, PATH_NAME_SIZE);
    pathState = at == 0 ? PartState.Absent : PartState.Present;
    if (at != 0) {
      const open = arenaIsOpen();
      arenaClose();
      readPath(config, changetype<Value>(at));
      if (open) arenaOpen();
    }
  }
  into.ptr = path.ptr;
  into.size = path.size;
  return pathState == PartState.Present;
}

/** The path as a URL parser reads it (bytes/path.ts), if that is another; after `requestPath`. */
export function otherPath(into: Slice): bool {
  into.ptr = otherReading.ptr;
  into.size = otherReading.size;
  return otherReading.size != 0;
}

/** The path with its segments as they came, but for escapes; after `requestPath`. */
export function rawPath(into: Slice): void {
  into.ptr = rawReading.ptr;
  into.size = rawReading.size;
}

/** Whether there was no room to normalise the path; after `requestPath`. */
export function pathUnread(): bool {
  return pathCut;
}

function readPath(config: Config, value: Value): void {
  path.ptr = value.ptr;
  path.size = pathSizeOf(value.ptr, value.size);
  rawReading.ptr = path.ptr;
  rawReading.size = path.size;
  otherReading.size = 0;
  pathCut = false;
  const normal = config.pathsRaw || isNormalPath(path.ptr, path.size);
  if (normal && !config.pathsFold) return;
  const room = arenaTake(path.size);
  pathCut = room == 0 || (!normal && !readOther(config, path));
  if (pathCut) return;
  if (normal) memory.copy(room, path.ptr, path.size);
  else path.size = normalizePath(path.ptr, path.size, room);
  path.ptr = room;
  if (config.pathsFold) foldInPlace(room, path.size);
  if (equal(room, path.size, otherReading.ptr, otherReading.size)) otherReading.size = 0;
}

/** The other readings. False: there is no room for them. */
function readOther(config: Config, raw: Slice): bool {
  if (raw.size == 0 || <u32>load<u8>(raw.ptr) != SLASH) return true;
  const room = arenaTake(raw.size);
  const plain = arenaTake(raw.size);
  if (room == 0 || plain == 0) return false;
  otherReading.ptr = room;
  otherReading.size = normalizePath(room, resolveDots(raw.ptr, raw.size, room), room);
  rawReading.ptr = plain;
  rawReading.size = decodeSegments(raw.ptr, raw.size, plain);
  if (!config.pathsFold) return true;
  foldInPlace(room, otherReading.size);
  foldInPlace(plain, rawReading.size);
  return true;
}

/**
 * The host: the authority without its port, and without the dot at its end, which names the same
 * (`shop.example.`). In the case that it came in. False where the request has none.
 */
export function requestHost(config: Config, into: Slice): bool {
  const at = namedValue(config, authorityName, AUTHORITY_NAME_SIZE);
  if (at == 0) return false;
  const ptr = changetype<Value>(at).ptr;
  const size = changetype<Value>(at).size;
  let end = size;
  while (end > 0 && <u32>load<u8>(ptr + end - 1) - 0x30 < 10) end--;
  end = end > 0 && <u32>load<u8>(ptr + end - 1) == COLON ? end - 1 : size;
  if (end > 0 && <u32>load<u8>(ptr + end - 1) == DOT) end--;
  into.ptr = ptr;
  into.size = end;
  return true;
}

/** The first value of a header that the policy may need, or 0. */
function namedValue(config: Config, namePtr: usize, nameSize: u32): usize {
  const index = findName(changetype<HeaderNames>(config.names), namePtr, nameSize);
  return index == NO_NAME ? 0 : firstValue(config, index);
}

/**
 * The client's address (bytes/address.ts), or 0 where there is none: as Envoy derived it, or the
 * entry of x-forwarded-for that the policy names. One that the host refuses, or that is none, is
 * counted.
 */
export function clientAddress(config: Config): usize {
  if (addressState == PartState.NotRead) {
    addressState = readAddress(config) ? PartState.Present : PartState.Absent;
  }
  return addressState == PartState.Present ? address : 0;
}

function readAddress(config: Config): bool {
  if (config.client == <u8>ClientAddress.Forwarded && findForwarded(config)) {
    if (parseForwarded(out.ptr, out.size, address)) return true;
  } else {
    const status = getProperty(sourceAddress, SOURCE_ADDRESS.length, out);
    if (status == Status.NotFound) return false;
    if (status == Status.Ok && parseAddressAndPort(out.ptr, out.size, address)) return true;
  }
  increment(config.addressErrors, 1);
  return false;
}

/**
 * The entry of x-forwarded-for that stands before those of trusted hops, into `out`; false where
 * there are fewer. All values are one list.
 */
function findForwarded(config: Config): bool {
  const first = firstValue(config, config.forwardedFor);
  let entries: u32 = 0;
  for (let at = first; at != 0; at = changetype<Value>(at).next) entries += entriesOf(at);
  if (entries <= <u32>config.trustedHops) return false;
  let left = entries - 1 - config.trustedHops;
  let at = first;
  for (; left >= entriesOf(at); at = changetype<Value>(at).next) left -= entriesOf(at);
  entryAt(changetype<Value>(at).ptr, changetype<Value>(at).size, left, out);
  return true;
}

function entriesOf(at: usize): u32 {
  return countEntries(changetype<Value>(at).ptr, changetype<Value>(at).size);
}

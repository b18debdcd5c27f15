// request: what the conditions see of the request that is being handled.
// Promise: at most one call to the host for headers, as the configuration planned it; the client's
// address is asked for once, and only by a condition that needs it. Values are not copied.

import { MapType, Status } from '../abi/enums';
import { parseAddressAndPort } from '../bytes/address';
import { equal, Slice } from '../bytes/slice';
import { Config, HeaderName, HeaderNames, nameAt, ReadPlan } from '../config/layout';
import { findName, NO_NAME } from '../config/names';
import { arenaTake } from '../shim/arena';
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

enum AddressState {
  NotRead = 0,
  Absent = 1,
  Present = 2,
}
let addressState: AddressState = AddressState.NotRead;

/** Reads the headers that the configuration needs. False: they could not be read. */
export function readRequest(config: Config): bool {
  addressState = AddressState.NotRead;
  const names = changetype<HeaderNames>(config.names);
  if (config.readPlan == <u8>ReadPlan.Nothing) return true;
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
  for (let i: u32 = 0; i < names.count; i++) nameAt(names, i).first = 0;
}

/** Hangs the values of a serialized list of pairs under the names that the policy needs. */
export function indexPairs(names: HeaderNames, ptr: usize, size: u32): bool {
  forgetAll(names);
  if (!pairs.open(ptr, size)) return false;
  while (pairs.next()) {
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
 * The client's address as Envoy derived it (bytes/address.ts), or 0 where there is none. One that
 * the host refuses, or that is none, is counted.
 */
export function clientAddress(config: Config): usize {
  if (addressState == AddressState.NotRead) {
    const status = getProperty(sourceAddress, SOURCE_ADDRESS.length, out);
    const parsed = status == Status.Ok && parseAddressAndPort(out.ptr, out.size, address);
    addressState = parsed ? AddressState.Present : AddressState.Absent;
    if (!parsed && status != Status.NotFound) increment(config.addressErrors, 1);
  }
  return addressState == AddressState.Present ? address : 0;
}

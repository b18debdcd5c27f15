// baggage: tags that also travel as members of the W3C baggage header, `x-traffic-tag=canary`.
// A member is judged as the header is: both together are kept, or both are stripped, and a stripped
// one is gone before any condition sees the list. Members of others go on as they came.

import { MapType, Status } from '../../abi/enums';
import {
  BAGGAGE_ENCODED_MAX,
  BaggageCursor,
  BaggageWriter,
  decodedSize,
  decodeValue,
} from '../../bytes/baggage';
import { equal } from '../../bytes/slice';
import { Config, Mode, Tag, tagAt } from '../../config/layout';
import { LABEL_SIZE_MAX } from '../../config/members';
import { arenaTake } from '../../shim/arena';
import { addHeader, removeHeader, replaceHeader } from '../../shim/headers';
import { increment } from '../../shim/metrics';
import { firstValue, forgetHeader, nameOf, putValue, Value } from '../request';

const cursor: BaggageCursor = changetype<BaggageCursor>(memory.data(32, 8));
const writer: BaggageWriter = changetype<BaggageWriter>(memory.data(16, 8));

/** How many baggage headers the request has on the wire. */
let onWire: u32 = 0;
/** Whether the list that the rules see is another than that on the wire. */
let changed: bool = false;

/** When the request has been read. */
export function baggageBegin(config: Config): void {
  onWire = 0;
  changed = false;
  if (config.baggage == 0) return;
  let at = firstValue(config, config.baggage - 1);
  for (; at != 0; at = changetype<Value>(at).next) onWire++;
}

/** The store remembers the list of a request that came without one. */
export function restoreBaggage(config: Config, ptr: usize, size: u32): void {
  if (putValue(config, config.baggage - 1, ptr, size)) changed = true;
}

/**
 * Notes the members of a tag: how many, and what the first one says. False where they differ, or
 * say what no tag can be.
 */
export function readMembers(config: Config, tag: Tag): bool {
  tag.memberSize = 0;
  let alike = true;
  let at = firstValue(config, config.baggage - 1);
  const name = nameOf(config, tag.index);
  for (; at != 0; at = changetype<Value>(at).next) {
    cursor.open(changetype<Value>(at).ptr, changetype<Value>(at).size);
    while (cursor.next()) {
      if (!cursor.keyEquals(name.ptr, name.size)) continue;
      if (!readMember(tag)) alike = false;
    }
  }
  return alike;
}

/** The member that the cursor stands on. */
function readMember(tag: Tag): bool {
  const first = tag.members++ == 0;
  if (cursor.valueSize > LABEL_SIZE_MAX * BAGGAGE_ENCODED_MAX) return false;
  let ptr = cursor.valuePtr;
  const size = decodedSize(ptr, cursor.valueSize);
  if (size != cursor.valueSize) {
    ptr = arenaTake(size);
    if (ptr == 0) return false;
    decodeValue(cursor.valuePtr, cursor.valueSize, ptr);
  }
  if (first) {
    tag.memberPtr = ptr;
    tag.memberSize = size;
    return canBeTag(ptr, size);
  }
  return equal(ptr, size, tag.memberPtr, tag.memberSize);
}

/** What a header can hold as it is: an encoded line break must not become one. */
function canBeTag(ptr: usize, size: u32): bool {
  if (size == 0 || size > LABEL_SIZE_MAX) return false;
  if (load<u8>(ptr) == 0x20 || load<u8>(ptr + size - 1) == 0x20) return false;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

/** After every tag that came is kept or stripped: what was stripped leaves the list. */
export function stripMembers(config: Config): void {
  if (config.baggage == 0) return;
  for (let i: u32 = 0; i < config.tagCount; i++) {
    const tag = tagAt(config, i);
    // A tag may have a value here although its members were stripped: what the store remembers.
    if (tag.members == 0 || says(tag)) continue;
    rebuild(config);
    return;
  }
}

/** After every tag is decided: each that is carried stands in the list, once. */
export function writeBaggage(config: Config): void {
  if (config.baggage == 0) return;
  for (let i: u32 = 0; i < config.tagCount; i++) {
    const tag = tagAt(config, i);
    if (!tag.carry) continue;
    if (tag.valueSize != 0 && !isCarried(tag)) increment(config.baggageErrors, 1);
    if (!says(tag)) rebuild(config);
  }
  if (!changed || config.mode != <u8>Mode.Enforce) return;
  const map = MapType.RequestHeaders;
  const name = nameOf(config, config.baggage - 1);
  let status = Status.Ok;
  if (name.first == 0) {
    if (onWire != 0) status = removeHeader(map, name.ptr, name.size);
  } else {
    const list = changetype<Value>(name.first);
    status =
      onWire == 0
        ? addHeader(map, name.ptr, name.size, list.ptr, list.size)
        : replaceHeader(map, name.ptr, name.size, list.ptr, list.size);
  }
  if (status != Status.Ok) increment(config.writeErrors, 1);
}

/**
 * Nothing is known of the list: what it may hold of a tag that must not come in goes with it, once
 * for all tags.
 */
export function dropBaggage(config: Config): void {
  if (config.baggage == 0 || changed) return;
  changed = true;
  const name = nameOf(config, config.baggage - 1);
  if (removeHeader(MapType.RequestHeaders, name.ptr, name.size) != Status.Ok) {
    increment(config.writeErrors, 1);
  }
}

/** Whether a tag has a value for the list. One that the next hop would strip is not sent to it. */
function isCarried(tag: Tag): bool {
  return tag.carry && canBeTag(tag.valuePtr, tag.valueSize);
}

/** Whether the list says of a tag what is to go on. */
function says(tag: Tag): bool {
  if (!isCarried(tag)) return tag.members == 0;
  if (tag.members != 1) return false;
  return equal(tag.valuePtr, tag.valueSize, tag.memberPtr, tag.memberSize);
}

/** The list says of a tag what is to go on now, or has no place for it. */
function noteWritten(tag: Tag): void {
  tag.members = isCarried(tag) ? 1 : 0;
  tag.memberPtr = tag.valuePtr;
  tag.memberSize = tag.valueSize;
}

/** The list anew: members of others and those that are right, then those that are missing. */
function rebuild(config: Config): void {
  changed = true;
  const index = config.baggage - 1;
  const room = roomFor(config, index);
  const out = arenaTake(room);
  if (out == 0) {
    // A list that cannot be judged goes as a whole.
    increment(config.baggageErrors, 1);
    forgetHeader(config, index);
    for (let i: u32 = 0; i < config.tagCount; i++) tagAt(config, i).members = 0;
    return;
  }
  writer.begin(out, room);
  let at = firstValue(config, index);
  for (; at != 0; at = changetype<Value>(at).next) {
    cursor.open(changetype<Value>(at).ptr, changetype<Value>(at).size);
    while (cursor.next()) {
      const tag = tagOfMember(config);
      if (tag == 0 || isRight(changetype<Tag>(tag))) {
        writer.addMember(cursor.memberPtr, cursor.memberSize);
      }
    }
  }
  for (let i: u32 = 0; i < config.tagCount; i++) {
    const tag = tagAt(config, i);
    if (!isCarried(tag) || isRight(tag)) continue;
    const name = nameOf(config, tag.index);
    if (!writer.addTag(name.ptr, name.size, tag.valuePtr, tag.valueSize)) {
      increment(config.baggageErrors, 1);
    }
  }
  forgetHeader(config, index);
  if (writer.size() != 0 && !putValue(config, index, out, writer.size())) {
    increment(config.baggageErrors, 1);
  }
  for (let i: u32 = 0; i < config.tagCount; i++) noteWritten(tagAt(config, i));
}

/** Whether the one member of a tag says what it is to say. */
function isRight(tag: Tag): bool {
  return tag.members == 1 && says(tag);
}

/** The tag of the member that the cursor stands on, or 0. */
function tagOfMember(config: Config): usize {
  for (let i: u32 = 0; i < config.tagCount; i++) {
    const tag = tagAt(config, i);
    if (!tag.carry) continue;
    const name = nameOf(config, tag.index);
    if (cursor.keyEquals(name.ptr, name.size)) return changetype<usize>(tag);
  }
  return 0;
}

/** Bytes for every member that came and every tag, with their commas. */
function roomFor(config: Config, index: u32): u32 {
  let room: u32 = 0;
  let at = firstValue(config, index);
  for (; at != 0; at = changetype<Value>(at).next) room += changetype<Value>(at).size + 1;
  for (let i: u32 = 0; i < config.tagCount; i++) {
    const tag = tagAt(config, i);
    if (!tag.carry) continue;
    const name = nameOf(config, tag.index);
    room += name.size + 2 + tag.valueSize * BAGGAGE_ENCODED_MAX;
  }
  return room;
}

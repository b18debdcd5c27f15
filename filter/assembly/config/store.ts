// store: which configurations each plugin of this VM has, and the areas that they live in.
// Envoy may go back to a plugin of the configuration before without telling the filter: where a
// stream or a draining listener still holds it, a roll-back calls no proxy_on_configure. So the
// newest few configurations stay, each under a serial number, and a stream is served by the one
// that its root context was given.
// Promise: areas are made with the slot; accepting a configuration exchanges the one that was read
// into with the oldest of the slot. Nothing else is ever made, however often one is pushed.
//
//   slot 0 (KEPT_MAX areas)         slot 1                          being read
//   +------+------+-----+------+    +------+------+-----+------+    +------+
//   | kept | kept |  …  | kept |    | kept |      |  …  |      |    | area |  <- spare
//   +------+------+-----+------+    +------+------+-----+------+    +------+

import { equal } from '../bytes/slice';
import { areaMake } from './area';
import { Config } from './layout';
import { LABEL_SIZE_MAX } from './members';

/** Plugins that can share one VM. */
export const SLOTS_MAX: u32 = 16;
/**
 * Configurations that a plugin keeps: the newest, and those that Envoy may still go back to. One
 * pushed away by more than these, and gone back to while a stream of it lives, is the limit.
 */
export const KEPT_MAX: u32 = 8;
/** No configuration: serial numbers count from 1. */
export const NO_SERIAL: u32 = 0;

// A slot; `newest` is the serial of the configuration that was accepted last.
//   0        4        8                    136  392
//   +--------+--------+--------------------+----+
//   | newest | idSize | kept (KEPT_MAX)    | id |
//   +--------+--------+--------------------+----+
// One kept configuration; serial 0 = free. `age` grows with each that is accepted, first or again:
//   0        4        8      12
//   +--------+--------+------+-----+
//   | serial | config | area | age | 16
//   +--------+--------+------+-----+
const SLOT_ID_SIZE: usize = 4;
const SLOT_KEPT: usize = 8;
const KEPT_SIZE: u32 = 16;
const KEPT_CONFIG: usize = 4;
const KEPT_AREA: usize = 8;
const KEPT_AGE: usize = 12;
const SLOT_ID: u32 = 136;
const SLOT_SIZE: u32 = 392;

const slots: usize = memory.data(6272, 8);
let slotCount: u32 = 0;
let spare: usize = 0;
let lastSerial: u32 = NO_SERIAL;
let lastAge: u32 = 0;

function slotPtr(slot: u32): usize {
  return slots + slot * SLOT_SIZE;
}

function keptAt(slot: u32, index: u32): usize {
  return slotPtr(slot) + SLOT_KEPT + index * KEPT_SIZE;
}

/** The slot of an identity, made if new; -1 where all are taken. A longer identity is cut. */
export function slotFor(idPtr: usize, idSize: u32): i32 {
  const size = min(idSize, LABEL_SIZE_MAX);
  for (let i: u32 = 0; i < slotCount; i++) {
    if (equal(slotIdPtr(i), slotIdSize(i), idPtr, size)) return i;
  }
  if (slotCount == SLOTS_MAX) return -1;
  if (spare == 0) spare = areaMake();
  const slot = slotPtr(slotCount);
  memory.fill(slot, 0, SLOT_SIZE);
  store<u32>(slot, size, SLOT_ID_SIZE);
  memory.copy(slot + SLOT_ID, idPtr, size);
  for (let i: u32 = 0; i < KEPT_MAX; i++) {
    store<u32>(keptAt(slotCount, i), <u32>areaMake(), KEPT_AREA);
  }
  return slotCount++;
}

/** How many plugins share this VM. */
export function slotsInUse(): u32 {
  return slotCount;
}

export function slotIdPtr(slot: u32): usize {
  return slotPtr(slot) + SLOT_ID;
}

export function slotIdSize(slot: u32): u32 {
  return load<u32>(slotPtr(slot), SLOT_ID_SIZE);
}

/** The serial of the configuration that was accepted last, or `NO_SERIAL`. */
export function newestSerial(slot: u32): u32 {
  return load<u32>(slotPtr(slot));
}

/** The configuration of a serial; where it is no longer kept, the newest; 0 where there is none. */
export function configOf(slot: u32, serial: u32): usize {
  const newest = newestSerial(slot);
  let found: usize = 0;
  for (let i: u32 = 0; i < KEPT_MAX; i++) {
    const kept = keptAt(slot, i);
    const at = load<u32>(kept);
    if (at == NO_SERIAL) continue;
    if (at == serial) return load<u32>(kept, KEPT_CONFIG);
    if (at == newest) found = load<u32>(kept, KEPT_CONFIG);
  }
  return found;
}

/** One of the `KEPT_MAX` configurations that are kept, in no order; 0 = none. */
export function keptConfig(slot: u32, index: u32): usize {
  const kept = keptAt(slot, index);
  if (load<u32>(kept) == NO_SERIAL) return 0;
  return load<u32>(kept, KEPT_CONFIG);
}

/** The newest configuration, or 0. */
export function newestConfig(slot: u32): usize {
  return configOf(slot, newestSerial(slot));
}

/** Whether these very bytes are kept; they then are the newest again. */
export function renew(slot: u32, textPtr: usize, textSize: u32): bool {
  for (let i: u32 = 0; i < KEPT_MAX; i++) {
    const kept = keptAt(slot, i);
    if (load<u32>(kept) == NO_SERIAL) continue;
    const config = changetype<Config>(<usize>load<u32>(kept, KEPT_CONFIG));
    if (!equal(config.textPtr, config.textSize, textPtr, textSize)) continue;
    store<u32>(slotPtr(slot), load<u32>(kept));
    store<u32>(kept, ++lastAge, KEPT_AGE);
    return true;
  }
  return false;
}

/** The area to read a configuration into. */
export function spareArea(): usize {
  return spare;
}

/** Keeps the configuration that was compiled into the spare area, as the newest of its slot. */
export function install(slot: u32, configPtr: usize): void {
  const kept = oldest(slot);
  const area = <usize>load<u32>(kept, KEPT_AREA);
  lastSerial++;
  store<u32>(kept, lastSerial);
  store<u32>(kept, <u32>configPtr, KEPT_CONFIG);
  store<u32>(kept, <u32>spare, KEPT_AREA);
  store<u32>(kept, ++lastAge, KEPT_AGE);
  store<u32>(slotPtr(slot), lastSerial);
  spare = area;
}

/** A free place, else that of the configuration whose acceptance is longest ago. */
function oldest(slot: u32): usize {
  let found = keptAt(slot, 0);
  for (let i: u32 = 0; i < KEPT_MAX; i++) {
    const kept = keptAt(slot, i);
    if (load<u32>(kept) == NO_SERIAL) return kept;
    if (load<u32>(kept, KEPT_AGE) < load<u32>(found, KEPT_AGE)) found = kept;
  }
  return found;
}

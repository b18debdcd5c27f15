// store: which configuration is in force for which plugin of this VM, and their areas.
// Promise: an area is made for each slot and one more to read into; accepting a configuration
// exchanges the two. Nothing else is ever made, however often configurations are pushed.
//
//   slot 0   slot 1   …            being read
//   +------+ +------+              +------+
//   | area | | area |              | area |   <- spare
//   +------+ +------+              +------+

import { equal } from '../bytes/slice';
import { areaMake } from './area';
import { Config } from './layout';
import { LABEL_SIZE_MAX } from './members';

/** Plugins that can share one VM. */
export const SLOTS_MAX: u32 = 16;

//   0        4      8        12                     SLOT_SIZE
//   +--------+------+--------+----------------------+
//   | config | area | idSize | id (LABEL_SIZE_MAX)  |
//   +--------+------+--------+----------------------+
const SLOT_AREA: usize = 4;
const SLOT_ID_SIZE: usize = 8;
const SLOT_ID: usize = 12;
const SLOT_SIZE: u32 = 12 + 256;

const slots: usize = memory.data(4288, 8);
let slotCount: u32 = 0;
let spare: usize = 0;

function slotPtr(slot: u32): usize {
  return slots + slot * SLOT_SIZE;
}

/** The slot of an identity, made if new; -1 where all are taken. A longer identity is cut. */
export function slotFor(idPtr: usize, idSize: u32): i32 {
  const size = min(idSize, LABEL_SIZE_MAX);
  for (let i: u32 = 0; i < slotCount; i++) {
    const known = slotPtr(i);
    if (equal(known + SLOT_ID, load<u32>(known, SLOT_ID_SIZE), idPtr, size)) return i;
  }
  if (slotCount == SLOTS_MAX) return -1;
  const slot = slotPtr(slotCount);
  store<u32>(slot, 0);
  store<u32>(slot, <u32>areaMake(), SLOT_AREA);
  store<u32>(slot, size, SLOT_ID_SIZE);
  memory.copy(slot + SLOT_ID, idPtr, size);
  return slotCount++;
}

/** Whether more than one plugin shares this VM. */
export function slotsInUse(): u32 {
  return slotCount;
}

/** The Config in force, or 0. */
export function configOf(slot: u32): usize {
  return load<u32>(slotPtr(slot));
}

export function slotIdPtr(slot: u32): usize {
  return slotPtr(slot) + SLOT_ID;
}

export function slotIdSize(slot: u32): u32 {
  return load<u32>(slotPtr(slot), SLOT_ID_SIZE);
}

/** Whether these very bytes are in force. */
export function isInForce(slot: u32, textPtr: usize, textSize: u32): bool {
  const at = configOf(slot);
  if (at == 0) return false;
  const config = changetype<Config>(at);
  return equal(config.textPtr, config.textSize, textPtr, textSize);
}

/** The area to read a configuration into. */
export function spareArea(): usize {
  if (spare == 0) spare = areaMake();
  return spare;
}

/** Puts the configuration that was compiled into the spare area in force. */
export function install(slot: u32, configPtr: usize): void {
  const at = slotPtr(slot);
  const before = <usize>load<u32>(at, SLOT_AREA);
  store<u32>(at, <u32>spare, SLOT_AREA);
  store<u32>(at, <u32>configPtr);
  spare = before;
}

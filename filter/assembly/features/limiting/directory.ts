// directory: what the VMs of an entry agree on, in shared data: the secret that keys are hashed
// with, and a lane of slots for each limit. Keys of shared data can never be deleted, so there are
// as many lanes as there will ever be, and a limit that goes gives its lane to one that comes. A
// limit that stays has the same lane and secret after each push, in a new VM too.
// Configure time only. Promise: without shared data each VM goes on with what it has itself.
//
//   0        16                   40
//   +--------+--------------------+--   --+
//   | secret | lane 0             |  ...  |   LANES
//   +--------+--------------------+--   --+
//            | identity | born | seen |   u64 each; identity 0 = free; ns of the monotonic clock

import { Status } from '../../abi/enums';
import { Slice } from '../../bytes/slice';
import {
  putAscii,
  putByte,
  putBytes,
  putNumber,
  textPtr,
  textReset,
  textSize,
} from '../../bytes/text';
import { Config, LIMITS_MAX, Limit, limitAt, SECRET_SIZE } from '../../config/layout';
import { KEPT_MAX } from '../../config/store';
import { monotonicNs } from '../../shim/clock';
import { randomBytes } from '../../shim/random';
import { CAS_ANY, CAS_NEVER, getShared, setShared, sharedCas } from '../../shim/shared';

/**
 * As many as all configurations have limits that a VM keeps: a stream of the oldest of them must not
 * meet another limit in its slots, where each would take the other's counts for none.
 */
const LANES: u32 = KEPT_MAX * LIMITS_MAX;
const LANE_SIZE: u32 = 24;
const LANE_BORN: usize = 8;
const LANE_SEEN: usize = 16;
const SIZE: u32 = SECRET_SIZE + LANES * LANE_SIZE;
/** VMs that start at once write one after the other. */
const TRIES_MAX: u32 = 64;

/** The directory as it was read or made, to be written back. */
const copy: usize = memory.data(3088, 8);
const out: Slice = changetype<Slice>(memory.data(8, 8));
/** Of this VM, where the host shares none. */
const ownSecret: usize = memory.data(16, 8);
let ownMade: bool = false;

/**
 * Gives the configuration its secret, and each limit its lane, which goes into the names of its
 * slots. False: the host shares nothing.
 */
export function joinDirectory(config: Config): bool {
  const now = monotonicNs();
  putName(config);
  for (let attempt: u32 = 0; attempt < TRIES_MAX; attempt++) {
    const status = getShared(textPtr(), textSize(), out);
    if (status != Status.Ok && status != Status.NotFound) break;
    const known = status == Status.Ok && out.size == SIZE;
    if (known) memory.copy(copy, out.ptr, SIZE);
    else if (!makeEmpty()) break;
    for (let i: u32 = 0; i < config.limitCount; i++) takeLane(config, limitAt(config, i), now);
    let cas = CAS_NEVER;
    if (status == Status.Ok && sharedCas() != CAS_ANY) cas = sharedCas();
    const written = setShared(textPtr(), textSize(), copy, SIZE, cas);
    if (written == Status.CasMismatch) continue;
    if (written != Status.Ok) break;
    memory.copy(config.secret, copy, SECRET_SIZE);
    return true;
  }
  if (!ownMade) ownMade = randomBytes(ownSecret, SECRET_SIZE);
  memory.copy(config.secret, ownSecret, SECRET_SIZE);
  for (let i: u32 = 0; i < config.limitCount; i++) putLane(limitAt(config, i), i);
  return false;
}

/** When the limit was first seen in this proxy, in ns; after `joinDirectory`. */
export function bornAt(limit: Limit): u64 {
  for (let lane: u32 = 0; lane < LANES; lane++) {
    if (load<u64>(laneAt(lane)) == limit.identity) return load<u64>(laneAt(lane), LANE_BORN);
  }
  return u64.MAX_VALUE;
}

function putName(config: Config): void {
  textReset();
  putAscii('tagalong/1/limits/');
  putBytes(config.idPtr, config.idSize);
  putByte(0x2f);
  putNumber(<u32>config.direction);
}

function makeEmpty(): bool {
  memory.fill(copy, 0, SIZE);
  return randomBytes(copy, SECRET_SIZE);
}

function laneAt(lane: u32): usize {
  return copy + SECRET_SIZE + lane * LANE_SIZE;
}

/** The limit's lane, else a free one, else the one whose limit was longest not configured. */
function takeLane(config: Config, limit: Limit, now: u64): void {
  let taken: u32 = 0;
  let oldest = u64.MAX_VALUE;
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const at = laneAt(lane);
    const identity = load<u64>(at);
    if (identity == limit.identity) {
      store<u64>(at, now, LANE_SEEN);
      putLane(limit, lane);
      return;
    }
    const seen = identity == 0 ? 0 : load<u64>(at, LANE_SEEN);
    if (seen >= oldest || belongs(config, identity)) continue;
    oldest = seen;
    taken = lane;
  }
  const at = laneAt(taken);
  store<u64>(at, limit.identity);
  store<u64>(at, now, LANE_BORN);
  store<u64>(at, now, LANE_SEEN);
  putLane(limit, taken);
}

function belongs(config: Config, identity: u64): bool {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    if (limitAt(config, i).identity == identity) return true;
  }
  return false;
}

/** Into the name of the limit's slots, as `putSlot` (slot.ts) does with the slot. */
function putLane(limit: Limit, lane: u32): void {
  const digits = limit.slotPtr + limit.slotSize - 8;
  for (let i: u32 = 0; i < 4; i++) {
    const digit = (lane >> (12 - (i << 2))) & 15;
    store<u8>(digits + i, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
  }
}

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
//            | identity | born | left | drain |   u64 each; times in ns of the monotonic clock
// identity: 0 = free. left: when a push came without the limit, 0 = none did since it came with it.
// drain: how long its buckets take to be full again.

import { Status } from '../../abi/enums';
import { putHexWord } from '../../bytes/hex';
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
import { KEPT_MAX, keptConfig, slotsInUse } from '../../config/store';
import { monotonicNs } from '../../shim/clock';
import { randomBytes } from '../../shim/random';
import { CAS_ANY, CAS_NEVER, getShared, setShared, sharedCas } from '../../shim/shared';

/**
 * As many as all configurations have limits that a VM keeps: a stream of the oldest of them must not
 * meet another limit in its slots, where each would take the other's counts for none.
 */
const LANES: u32 = KEPT_MAX * LIMITS_MAX;
const LANE_SIZE: u32 = 32;
const LANE_BORN: usize = 8;
const LANE_LEFT: usize = 16;
const LANE_DRAIN: usize = 24;
const SIZE: u32 = SECRET_SIZE + LANES * LANE_SIZE;
/** A limit that left so long ago, 1 h, is gone, if its buckets have drained as well. */
const GONE_NS: u64 = 3_600_000_000_000;
const FOREVER_NS: u64 = 1 << 62;
/** How soon a lane is taken: those of limits that are gone, then fresh ones, then the others. */
const RANK_FRESH: u64 = 1 << 62;
const RANK_USED: u64 = 1 << 63;
/** VMs that start at once write one after the other. */
const TRIES_MAX: u32 = 64;

/** The directory as it was read or made, to be written back. */
const copy: usize = memory.data(4112, 8);
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
    noteLeft(config, now);
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

/** Which limits this push leaves out, though VMs that drain may still serve them. */
function noteLeft(config: Config, now: u64): void {
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const at = laneAt(lane);
    if (belongs(config, load<u64>(at))) store<u64>(at, 0, LANE_LEFT);
    else if (load<u64>(at, LANE_LEFT) == 0) store<u64>(at, now, LANE_LEFT);
  }
}

/** The limit's lane, else the one that is soonest taken. */
function takeLane(config: Config, limit: Limit, now: u64): void {
  let taken: u32 = 0;
  let lowest = u64.MAX_VALUE;
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const at = laneAt(lane);
    const identity = load<u64>(at);
    if (identity == limit.identity) {
      putLane(limit, lane);
      return;
    }
    const rank = identity == 0 ? RANK_FRESH : rankOf(at, now);
    if (rank >= lowest || belongs(config, identity)) continue;
    lowest = rank;
    taken = lane;
  }
  const at = laneAt(taken);
  store<u64>(at, limit.identity);
  store<u64>(at, now, LANE_BORN);
  store<u64>(at, 0, LANE_LEFT);
  // Of one in longer units it is more than any proxy lives.
  store<u64>(at, limit.shift != 0 ? FOREVER_NS : limit.tolerance, LANE_DRAIN);
  putLane(limit, taken);
}

/**
 * Of a lane that is not free. One that a kept configuration names is not gone, whenever it left:
 * Envoy goes back to it without a push, and would find another limit in its slots.
 */
function rankOf(at: usize, now: u64): u64 {
  const left = load<u64>(at, LANE_LEFT);
  const gone = left + max<u64>(GONE_NS, load<u64>(at, LANE_DRAIN)) < now;
  return gone && !isKept(load<u64>(at)) ? left : RANK_USED | left;
}

function isKept(identity: u64): bool {
  for (let slot: u32 = 0; slot < slotsInUse(); slot++) {
    for (let i: u32 = 0; i < KEPT_MAX; i++) {
      const at = keptConfig(slot, i);
      if (at != 0 && belongs(changetype<Config>(at), identity)) return true;
    }
  }
  return false;
}

function belongs(config: Config, identity: u64): bool {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    if (limitAt(config, i).identity == identity) return true;
  }
  return false;
}

/** Into the name of the limit's slots, before the slot (slot.ts). */
function putLane(limit: Limit, lane: u32): void {
  putHexWord(lane, limit.slotPtr + limit.slotSize - 8);
}

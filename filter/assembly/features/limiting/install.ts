// install: gives the limits of an accepted configuration their state: the buckets that they had
// before, where the limit is the same, else new ones.
// Promise: tables are made while configuring; one that no kept configuration names is used again, so
// that linear memory ends where a few configurations have what they need.

import { charge, unitsCeil } from '../../bytes/gcra';
import { Config, Limit, limitAt, Mode, Scope } from '../../config/layout';
import { KEPT_MAX, keptConfig, slotsInUse } from '../../config/store';
import { monotonicNs } from '../../shim/clock';
import { increment } from '../../shim/metrics';
import { bornAt, joinDirectory } from './directory';
import { defineLimitMetrics } from './outcomes';
import { findTable, firstTable, makeTable, openTable, Table, tableHolds } from './table';

/** A limit that is older than this when its VM is new was counted by another VM before: 10 s. */
const NEW_NS: u64 = 10_000_000_000;

/** At configure time, for a configuration that is kept already. */
export function limitsInit(config: Config): void {
  if (config.limitCount == 0 || config.mode == <u8>Mode.Disabled) return;
  const joined = joinDirectory(config);
  if (!joined) increment(config.storeErrors, 1);
  for (let i: u32 = 0; i < config.limitCount; i++) giveTable(limitAt(config, i), joined);
  defineLimitMetrics(config);
}

/** Whether answers to admitted requests say what is left. */
export function limitsTell(config: Config): bool {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    if (limitAt(config, i).onSuccess) return true;
  }
  return false;
}

function giveTable(limit: Limit, joined: bool): void {
  limit.table = findTable(limit.identity);
  if (limit.table != 0) return;
  let at = spareTable(limit.maxKeys);
  if (at == 0) at = makeTable(limit.maxKeys);
  const own = limit.scope == <u8>Scope.Worker;
  openTable(at, limit, own, own && joined ? firstWord(limit) : 0);
  limit.table = at;
}

/**
 * The word of keys that this VM has not seen. Where the limit is older than the VM, another VM has
 * counted it in this worker, and what it knew is gone with it: nobody gets a burst then, but one
 * token and the rate.
 */
function firstWord(limit: Limit): u64 {
  const now = monotonicNs();
  if (now < bornAt(limit) || now - bornAt(limit) < NEW_NS) return 0;
  return charge(0, unitsCeil(now, limit.shift), limit.interval, limit.burst - 1);
}

/** The smallest table with the room that no configuration can ask for any more; 0 = none. */
function spareTable(capacity: u32): usize {
  let found: usize = 0;
  for (let at = firstTable(); at != 0; at = changetype<Table>(at).nextTable) {
    if (!tableHolds(at, capacity) || isNamed(at)) continue;
    if (found == 0 || changetype<Table>(at).size < changetype<Table>(found).size) found = at;
  }
  return found;
}

function isNamed(table: usize): bool {
  for (let slot: u32 = 0; slot < slotsInUse(); slot++) {
    for (let i: u32 = 0; i < KEPT_MAX; i++) {
      const at = keptConfig(slot, i);
      if (at == 0) continue;
      const config = changetype<Config>(at);
      for (let j: u32 = 0; j < config.limitCount; j++) {
        if (limitAt(config, j).table == table) return true;
      }
    }
  }
  return false;
}

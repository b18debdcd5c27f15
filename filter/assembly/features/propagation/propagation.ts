// propagation: what came with a request goes on with the calls that the application makes for it,
// also where the application forwards one id only.
//
//   inbound:  request ──► remember under each of its keys ──► application
//   outbound: application ──► find by the first key that is remembered ──► fill in what is absent
//
// Envoy gives every request an x-request-id before filters run. One that is not remembered, beside
// a key that is, was made on this hop and gives way to the one that came.

import { MapType, Status } from '../../abi/enums';
import { equal, Slice } from '../../bytes/slice';
import { sameIds, sameTrace, TRACE_CONTEXT_SIZE, TraceContext } from '../../bytes/trace-context';
import {
  Carried,
  Config,
  carriedAt,
  Direction,
  HeaderName,
  HeaderNames,
  keyAt,
  Mode,
  nameAt,
  Propagate,
  StoreKey,
  tagAt,
} from '../../config/layout';
import { arenaTake } from '../../shim/arena';
import { monotonicNs } from '../../shim/clock';
import { addHeader, replaceHeader } from '../../shim/headers';
import { increment } from '../../shim/metrics';
import { explaining, explainPropagate } from '../explain';
import { counter, metricOf, putWord } from '../labels';
import { firstValue, putValue, Value } from '../request';
import { restoreBaggage } from '../tagging/baggage';
import {
  ENTRY_SIZE_MAX,
  entryAdd,
  entryBegin,
  entryConflicts,
  entryContext,
  entryDigest,
  entryField,
} from './entry';
import { mirrorInit } from './mirror';
import { makeRequestId, REQUEST_ID_SIZE } from './request-id';
import { putRequestKey, putTraceKey } from './request-key';
import { Stored, storedEntry, storeEntry } from './store';
import {
  addTrace,
  putHeader,
  readTrace,
  requestTrace,
  saysW3c,
  traceOfB3,
  traceOfW3c,
  writeTrace,
} from './trace-headers';
import { writersInit } from './writers';

const context: TraceContext = changetype<TraceContext>(memory.data(40, 8));
const requestKey: usize = memory.data(136, 8);
const w3cKey: usize = memory.data(24, 8);
const b3Key: usize = memory.data(24, 8);
const field: Slice = changetype<Slice>(memory.data(8, 8));
/** Sizes of the keys of this request, by StoreKey; 0 = it has none. */
let requestKeySize: u32 = 0;
let w3cKeySize: u32 = 0;
let b3KeySize: u32 = 0;
/** What is remembered of this request; 0 = nothing. */
let found: usize = 0;

/** At configure time, for an accepted configuration. */
export function propagationInit(config: Config): void {
  if (config.propagate == 0) return;
  const propagate = changetype<Propagate>(config.propagate);
  if (config.direction == <u8>Direction.Inbound) mirrorInit();
  writersInit();
  propagate.storedMetric = outcomeMetric(config, 'stored');
  propagate.restoredMetric = outcomeMetric(config, 'restored');
  propagate.missedMetric = outcomeMetric(config, 'missed');
  propagate.evictedMetric = outcomeMetric(config, 'evicted');
  propagate.conflictMetric = outcomeMetric(config, 'conflict');
  propagate.malformedMetric = outcomeMetric(config, 'malformed');
  propagate.madeMetric = outcomeMetric(config, 'made');
}

function outcomeMetric(config: Config, outcome: string): u32 {
  metricOf('tagalong_propagate_total', config);
  putWord('outcome', outcome);
  putWord('mode', config.mode == <u8>Mode.DryRun ? 'dryRun' : 'enforce');
  return counter();
}

function nameOf(config: Config, index: u32): HeaderName {
  return nameAt(changetype<HeaderNames>(config.names), index);
}

/** Puts the keys of this request together. */
function readKeys(config: Config, propagate: Propagate): void {
  const id = firstValue(config, propagate.requestId);
  requestKeySize = 0;
  if (id != 0) {
    requestKeySize = putRequestKey(
      changetype<Value>(id).ptr,
      changetype<Value>(id).size,
      requestKey,
    );
  }
  w3cKeySize = putTraceKey(traceOfW3c(), w3cKey);
  b3KeySize = putTraceKey(traceOfB3(), b3Key);
  // Two spellings of one trace are one key.
  if (b3KeySize != 0 && equal(w3cKey, w3cKeySize, b3Key, b3KeySize)) {
    if (hasKey(propagate, StoreKey.Traceparent)) b3KeySize = 0;
  }
}

function hasKey(propagate: Propagate, key: StoreKey): bool {
  for (let i: u32 = 0; i < propagate.keyCount; i++) if (keyAt(propagate, i) == key) return true;
  return false;
}

function keyPtrOf(key: StoreKey): usize {
  if (key == StoreKey.RequestId) return requestKey;
  return key == StoreKey.Traceparent ? w3cKey : b3Key;
}

function keySizeOf(key: StoreKey): u32 {
  if (key == StoreKey.RequestId) return requestKeySize;
  return key == StoreKey.Traceparent ? w3cKeySize : b3KeySize;
}

function keyName(key: StoreKey): string {
  if (key == StoreKey.RequestId) return 'by x-request-id';
  return key == StoreKey.Traceparent ? 'by traceparent' : 'by b3';
}

/**
 * Inbound, after its tags are decided, or before where they are not written: remembers the request
 * under each of its keys.
 */
export function rememberRequest(config: Config): void {
  const propagate = changetype<Propagate>(config.propagate);
  readTrace(config, propagate);
  if (firstValue(config, propagate.requestId) == 0) giveRequestId(config, propagate);
  readKeys(config, propagate);
  const now = monotonicNs();
  requestTrace(propagate, context);
  const entry = arenaTake(ENTRY_SIZE_MAX);
  if (now == 0 || entry == 0) {
    increment(config.storeErrors, 1);
    return;
  }
  entryBegin(entry, context);
  if (!addFields(config, propagate)) increment(config.storeErrors, 1);
  let stored = false;
  let conflict = false;
  for (let i: u32 = 0; i < propagate.keyCount; i++) {
    const key = keyAt(propagate, i);
    if (keySizeOf(key) == 0) continue;
    const outcome = storeEntry(propagate, keyPtrOf(key), keySizeOf(key), now);
    if (outcome == Stored.Refused) {
      increment(config.storeErrors, 1);
      continue;
    }
    stored = true;
    if (outcome == Stored.Conflict) conflict = true;
    if (outcome == Stored.Evicted) increment(propagate.evictedMetric, 1);
  }
  if (stored) increment(propagate.storedMetric, 1);
  if (conflict) increment(propagate.conflictMetric, 1);
  if (explaining()) explainPropagate(config, stored ? 'stored' : 'not stored', '');
}

/** The fields of an entry; false where one does not fit. */
function addFields(config: Config, propagate: Propagate): bool {
  let fits = true;
  for (let i: u32 = 0; i < propagate.carriedCount; i++) {
    const carried = carriedAt(propagate, i);
    if (!finalValue(config, carried)) continue;
    const name = nameOf(config, carried.index);
    if (!entryAdd(name.ptr, name.size, field.ptr, field.size)) fits = false;
  }
  // A tracestate belongs to its traceparent.
  const ofTrace = traceOfW3c().hasIds() && sameTrace(traceOfW3c(), context);
  if (ofTrace && !addJoined(config, propagate.tracestate)) fits = false;
  if (!addJoined(config, propagate.otSpanContext)) fits = false;
  entryDigest();
  // The request id is the key, or not what requests of one trace differ by.
  return addJoined(config, propagate.requestId) && fits;
}

/** What goes on to the application under a carried header, into `field`; false: nothing. */
function finalValue(config: Config, carried: Carried): bool {
  if (carried.tag == 0) return joinValues(config, carried.index);
  // A dry run writes nothing: what came goes on, and nothing that only would have been decided may
  // come back through an entry in force.
  if (config.mode != <u8>Mode.Enforce) return oneValue(config, carried.index);
  const tag = tagAt(config, carried.tag - 1);
  field.ptr = tag.valuePtr;
  field.size = tag.valueSize;
  return field.size != 0;
}

function addJoined(config: Config, index: u32): bool {
  if (!joinValues(config, index)) return true;
  const name = nameOf(config, index);
  return entryAdd(name.ptr, name.size, field.ptr, field.size);
}

/** The value of a header whose values are all one, into `field`; false: none. */
function oneValue(config: Config, index: u32): bool {
  const first = firstValue(config, index);
  if (first == 0) return false;
  field.ptr = changetype<Value>(first).ptr;
  field.size = changetype<Value>(first).size;
  for (let at = changetype<Value>(first).next; at != 0; at = changetype<Value>(at).next) {
    const value = changetype<Value>(at);
    if (!equal(value.ptr, value.size, field.ptr, field.size)) return false;
  }
  return field.size != 0;
}

/** The values of a header as one list (RFC 9110 section 5.3), into `field`; false: none. */
function joinValues(config: Config, index: u32): bool {
  const first = firstValue(config, index);
  if (first == 0) return false;
  field.ptr = changetype<Value>(first).ptr;
  field.size = changetype<Value>(first).size;
  if (changetype<Value>(first).next == 0) return field.size != 0;
  let size: u32 = 0;
  for (let at = first; at != 0; at = changetype<Value>(at).next) {
    size += changetype<Value>(at).size + 1;
  }
  const joined = arenaTake(size);
  if (joined == 0) return field.size != 0;
  let end = joined;
  for (let at = first; at != 0; at = changetype<Value>(at).next) {
    const value = changetype<Value>(at);
    if (value.size == 0) continue;
    if (end != joined) store<u8>(end++, 0x2c);
    memory.copy(end, value.ptr, value.size);
    end += value.size;
  }
  field.ptr = joined;
  field.size = <u32>(end - joined);
  return field.size != 0;
}

/** Makes a request id where the policy wants that. */
function giveRequestId(config: Config, propagate: Propagate): void {
  if (!propagate.makeRequestId) return;
  const id = makeRequestId();
  if (id == 0) {
    increment(config.randomErrors, 1);
    return;
  }
  // A dry run only counts: the application never sees the id.
  if (config.mode == <u8>Mode.Enforce) putValue(config, propagate.requestId, id, REQUEST_ID_SIZE);
  if (putHeader(config, propagate.requestId, id, REQUEST_ID_SIZE)) {
    increment(propagate.madeMetric, 1);
  }
}

/** Outbound, before its tags are decided: finds what is remembered, and shows it to them. */
export function findRequest(config: Config): void {
  found = 0;
  const propagate = changetype<Propagate>(config.propagate);
  for (let i: u32 = 0; i < config.tagCount; i++) tagAt(config, i).restoredSize = 0;
  readTrace(config, propagate);
  readKeys(config, propagate);
  const now = monotonicNs();
  if (now == 0) {
    increment(config.storeErrors, 1);
    return;
  }
  for (let i: u32 = 0; i < propagate.keyCount; i++) {
    const key = keyAt(propagate, i);
    if (keySizeOf(key) == 0) continue;
    found = storedEntry(propagate, keyPtrOf(key), keySizeOf(key), now);
    if (found == 0) {
      if (key == StoreKey.RequestId) requestKeySize = 0;
      continue;
    }
    if (key != StoreKey.RequestId) knowRequestId(propagate, now);
    if (explaining()) explainPropagate(config, 'found', keyName(key));
    showRestored(config, propagate);
    return;
  }
  if (explaining()) explainPropagate(config, 'found nothing', '');
}

/**
 * Another key was found. A request id that is not remembered too was made on this hop: its key's
 * size becomes 0.
 */
function knowRequestId(propagate: Propagate, now: u64): void {
  if (requestKeySize == 0) return;
  if (!hasKey(propagate, StoreKey.RequestId)) {
    requestKeySize = 0;
  } else if (0 == storedEntry(propagate, requestKey, requestKeySize, now)) {
    requestKeySize = 0;
  }
}

/** Tags and baggage that are absent are seen by the tags of this hop as what came. */
function showRestored(config: Config, propagate: Propagate): void {
  for (let i: u32 = 0; i < propagate.carriedCount; i++) {
    const carried = carriedAt(propagate, i);
    const name = nameOf(config, carried.index);
    if (carried.tag != 0) {
      if (!entryField(found, name.ptr, name.size, field)) continue;
      const tag = tagAt(config, carried.tag - 1);
      tag.restoredPtr = field.ptr;
      tag.restoredSize = field.size;
    } else if (carried.index + 1 == config.baggage && name.first == 0) {
      if (entryField(found, name.ptr, name.size, field))
        restoreBaggage(config, field.ptr, field.size);
    }
  }
}

/** Outbound, after its tags are decided. */
export function restoreRequest(config: Config): void {
  const propagate = changetype<Propagate>(config.propagate);
  if (found == 0) {
    increment(propagate.missedMetric, 1);
    if (firstValue(config, propagate.requestId) == 0) giveRequestId(config, propagate);
    return;
  }
  increment(propagate.restoredMetric, 1);
  restoreRequestId(config, propagate);
  restoreTrace(config, propagate);
  for (let i: u32 = 0; i < propagate.carriedCount; i++) {
    const carried = carriedAt(propagate, i);
    if (carried.tag == 0 && carried.index + 1 != config.baggage) fill(config, carried.index);
  }
}

/** Adds a header that the request has not, from the field of its name. */
function fill(config: Config, index: u32): void {
  const name = nameOf(config, index);
  if (name.first != 0 || !entryField(found, name.ptr, name.size, field)) return;
  putHeader(config, index, field.ptr, field.size);
}

function restoreRequestId(config: Config, propagate: Propagate): void {
  const name = nameOf(config, propagate.requestId);
  if (requestKeySize != 0) return;
  if (!entryField(found, name.ptr, name.size, field)) {
    if (name.first == 0) giveRequestId(config, propagate);
    return;
  }
  const id = changetype<Value>(name.first);
  if (name.first != 0 && equal(id.ptr, id.size, field.ptr, field.size)) return;
  if (config.mode != <u8>Mode.Enforce) return;
  const map = MapType.RequestHeaders;
  const status =
    name.first == 0
      ? addHeader(map, name.ptr, name.size, field.ptr, field.size)
      : replaceHeader(map, name.ptr, name.size, field.ptr, field.size);
  if (status != Status.Ok) increment(config.writeErrors, 1);
}

/**
 * The trace headers are one set. A trace of the application's own stands, and is only said in the
 * other formats too; without one it is that of the request, unless it is not known which request's.
 */
function restoreTrace(config: Config, propagate: Propagate): void {
  const came = entryContext(found);
  const known = !entryConflicts(found);
  let same: bool = false;
  requestTrace(propagate, context);
  if (context.hasIds()) {
    same = known && sameIds(context, came);
    if (same) addTrace(context, came);
  } else if (known && (context.sampling == 0 || context.sampling == came.sampling)) {
    same = true;
    memory.copy(changetype<usize>(context), changetype<usize>(came), TRACE_CONTEXT_SIZE);
  }
  writeTrace(config, propagate, context);
  // The one belongs to a traceparent of its trace, the other to its span.
  const ofTrace = known && sameTrace(context, came);
  if (ofTrace && saysW3c(config, propagate, context)) fill(config, propagate.tracestate);
  if (same) fill(config, propagate.otSpanContext);
}

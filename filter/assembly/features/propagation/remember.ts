// remember: inbound, what goes on to the application is remembered under each key of the request.

import { Slice } from '../../bytes/slice';
import { sameTrace, TraceContext } from '../../bytes/trace-context';
import { Carried, Config, carriedAt, keyAt, Mode, Propagate, tagAt } from '../../config/layout';
import { arenaTake } from '../../shim/arena';
import { requestNs } from '../../shim/clock';
import { increment } from '../../shim/metrics';
import { explaining, explainPropagate } from '../explain';
import { firstValue, nameOf, onlyValue, Value } from '../request';
import { ENTRY_SIZE_MAX, entryAdd, entryBegin, entryDigest } from './entry';
import { keyPtrOf, keySizeOf, readKeys } from './keys';
import { giveRequestId } from './request-id';
import { Stored, storeEntry } from './store';
import { readTrace, requestTrace, traceOfW3c } from './trace-headers';

const context: TraceContext = changetype<TraceContext>(memory.data(40, 8));
const field: Slice = changetype<Slice>(memory.data(8, 8));

/**
 * Inbound, after its tags are decided, or before where they are not written: remembers the request
 * under each of its keys.
 */
export function rememberRequest(config: Config): void {
  const propagate = changetype<Propagate>(config.propagate);
  readTrace(config, propagate);
  if (firstValue(config, propagate.requestId) == 0) giveRequestId(config, propagate);
  readKeys(config, propagate);
  const now = requestNs();
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
  let evicted: u32 = 0;
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
    if (outcome == Stored.Evicted) evicted++;
  }
  if (stored) increment(propagate.storedMetric, 1);
  if (evicted != 0) increment(propagate.evictedMetric, evicted);
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
  const at = onlyValue(config, index);
  if (at == 0) return false;
  field.ptr = changetype<Value>(at).ptr;
  field.size = changetype<Value>(at).size;
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

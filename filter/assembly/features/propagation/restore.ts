// restore: outbound, what is remembered of a request is filled in where the application left it out.
// The first key that is remembered decides. Envoy gives every request an x-request-id before filters
// run: one that is not remembered, beside a key that is, was made on this hop and gives way.

import { MapType, Status } from '../../abi/enums';
import { Slice } from '../../bytes/slice';
import { sameIds, sameTrace, samplingOfB3, TraceContext } from '../../bytes/trace-context';
import { Config, carriedAt, keyAt, Mode, Propagate, StoreKey, tagAt } from '../../config/layout';
import { requestNs } from '../../shim/clock';
import { addHeader, replaceHeader } from '../../shim/headers';
import { increment } from '../../shim/metrics';
import { explaining, explainPropagate } from '../explain';
import { firstValue, nameOf, Value } from '../request';
import { restoreBaggage } from '../tagging/baggage';
import { entryConflicts, entryContext, entryField } from './entry';
import { cameWith, forgetRequestKey, hasKey, keyName, keyPtrOf, keySizeOf, readKeys } from './keys';
import { giveRequestId } from './request-id';
import { storedEntry } from './store';
import { addTrace, putHeader, readTrace, requestTrace, saysW3c, writeTrace } from './trace-headers';

const context: TraceContext = changetype<TraceContext>(memory.data(40, 8));
const field: Slice = changetype<Slice>(memory.data(8, 8));
/** What is remembered of this request; 0 = nothing. */
let found: usize = 0;

/** Outbound, before its tags are decided: finds what is remembered, and shows it to them. */
export function findRequest(config: Config): void {
  found = 0;
  const propagate = changetype<Propagate>(config.propagate);
  for (let i: u32 = 0; i < config.tagCount; i++) tagAt(config, i).restoredSize = 0;
  readTrace(config, propagate);
  readKeys(config, propagate);
  const now = requestNs();
  if (now == 0) {
    increment(config.storeErrors, 1);
    return;
  }
  for (let i: u32 = 0; i < propagate.keyCount; i++) {
    const key = keyAt(propagate, i);
    if (keySizeOf(key) == 0) continue;
    found = storedEntry(propagate, keyPtrOf(key), keySizeOf(key), now);
    if (found == 0) {
      if (key == StoreKey.RequestId) forgetRequestKey();
      continue;
    }
    if (key != StoreKey.RequestId) knowRequestId(propagate, now);
    if (explaining()) explainPropagate(config, 'found', keyName(key));
    showRestored(config, propagate);
    return;
  }
  if (explaining()) explainPropagate(config, 'found nothing', '');
}

/** Another key was found: a request id that is not remembered too was made on this hop. */
function knowRequestId(propagate: Propagate, now: u64): void {
  const ptr = keyPtrOf(StoreKey.RequestId);
  const size = keySizeOf(StoreKey.RequestId);
  if (size == 0) return;
  const known =
    hasKey(propagate, StoreKey.RequestId) && storedEntry(propagate, ptr, size, now) != 0;
  if (!known) forgetRequestKey();
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
  if (keySizeOf(StoreKey.RequestId) != 0) return;
  if (!entryField(found, name.ptr, name.size, field)) {
    if (name.first == 0) giveRequestId(config, propagate);
    return;
  }
  if (name.first != 0 && changetype<Value>(name.first).size != 0) {
    // It may be another request's, or the same but for Envoy's sampling character.
    if (entryConflicts(found) || cameWith(field.ptr, field.size)) return;
  }
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
  } else if (known && (context.sampling == 0 || context.sampling == samplingOfB3(came))) {
    same = true;
    context.become(came);
  }
  writeTrace(config, propagate, context);
  // The one belongs to a traceparent of its trace, the other to its span.
  const ofTrace = known && sameTrace(context, came);
  if (ofTrace && saysW3c(config, propagate, context)) fill(config, propagate.tracestate);
  if (same) fill(config, propagate.otSpanContext);
}

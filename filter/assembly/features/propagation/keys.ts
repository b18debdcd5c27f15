// keys: the keys of the request that is being handled, at most three: its request id, and its trace
// as W3C and as B3 say it.

import { equal } from '../../bytes/slice';
import { Config, keyAt, Propagate, StoreKey } from '../../config/layout';
import { firstValue, Value } from '../request';
import { putRequestKey, putTraceKey } from './request-key';
import { traceOfB3, traceOfW3c } from './trace-headers';

const requestKey: usize = memory.data(136, 8);
const w3cKey: usize = memory.data(24, 8);
const b3Key: usize = memory.data(24, 8);
/** The key of another request id, to compare. */
const otherKey: usize = memory.data(136, 8);
// Sizes of the keys; 0 = the request has none.
let requestKeySize: u32 = 0;
let w3cKeySize: u32 = 0;
let b3KeySize: u32 = 0;
/** Of the request id that came, also when it has been forgotten. */
let cameKeySize: u32 = 0;

/** Puts them together; the trace has been read. */
export function readKeys(config: Config, propagate: Propagate): void {
  const id = firstValue(config, propagate.requestId);
  requestKeySize = 0;
  if (id != 0) {
    requestKeySize = putRequestKey(
      changetype<Value>(id).ptr,
      changetype<Value>(id).size,
      requestKey,
    );
  }
  cameKeySize = requestKeySize;
  w3cKeySize = putTraceKey(traceOfW3c(), w3cKey);
  b3KeySize = putTraceKey(traceOfB3(), b3Key);
  if (b3KeySize != 0 && equal(w3cKey, w3cKeySize, b3Key, b3KeySize)) dropLater(propagate);
}

/** Two spellings of one trace are one key, in the place of the one that the policy names first. */
function dropLater(propagate: Propagate): void {
  for (let i: u32 = 0; i < propagate.keyCount; i++) {
    const key = keyAt(propagate, i);
    if (key == StoreKey.RequestId) continue;
    if (key == StoreKey.B3) w3cKeySize = 0;
    else b3KeySize = 0;
    return;
  }
}

/** Whether the policy finds requests by it. */
export function hasKey(propagate: Propagate, key: StoreKey): bool {
  for (let i: u32 = 0; i < propagate.keyCount; i++) if (keyAt(propagate, i) == key) return true;
  return false;
}

export function keyPtrOf(key: StoreKey): usize {
  if (key == StoreKey.RequestId) return requestKey;
  return key == StoreKey.Traceparent ? w3cKey : b3Key;
}

/** 0 where the request has no such key. */
export function keySizeOf(key: StoreKey): u32 {
  if (key == StoreKey.RequestId) return requestKeySize;
  return key == StoreKey.Traceparent ? w3cKeySize : b3KeySize;
}

/** For an explanation. */
export function keyName(key: StoreKey): string {
  if (key == StoreKey.RequestId) return 'by x-request-id';
  return key == StoreKey.Traceparent ? 'by traceparent' : 'by b3';
}

/** The request id was made on this hop: nothing is remembered under it. */
export function forgetRequestKey(): void {
  requestKeySize = 0;
}

/** Whether the request came with this id, or with it but for the sampling character. */
export function cameWith(ptr: usize, size: u32): bool {
  return equal(otherKey, putRequestKey(ptr, size, otherKey), requestKey, cameKeySize);
}

// clock: nanoseconds now, from two clocks. 0 means that the host refused to say.

import { Status } from '../abi/enums';
import { proxy_get_current_time_nanoseconds } from '../abi/env';
import { clock_time_get } from '../abi/wasi_snapshot_preview1';

const MONOTONIC: u32 = 1;
const cell: usize = memory.data(8, 8);

/** Since 1970-01-01 UTC; it may jump when the clock is set. */
export function wallNs(): u64 {
  return proxy_get_current_time_nanoseconds(cell) == Status.Ok ? load<u64>(cell) : 0;
}

/** Since some moment in the past; it never goes back on one host. */
export function monotonicNs(): u64 {
  return clock_time_get(MONOTONIC, 1, cell) == 0 ? load<u64>(cell) : 0;
}

let requestStartNs: u64 = 0;

/** Begins a request: `requestNs` is read anew. */
export function clockReset(): void {
  requestStartNs = 0;
}

/**
 * As `monotonicNs`, but read once for a request, by whoever asks first; again where the host refused.
 * For whoever is called by features/handle.ts only.
 */
export function requestNs(): u64 {
  if (requestStartNs == 0) requestStartNs = monotonicNs();
  return requestStartNs;
}

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

let callbackStartNs: u64 = 0;

/** Begins a callback. */
export function clockReset(): void {
  callbackStartNs = 0;
}

/** As `monotonicNs`, but read once in a callback, by whoever asks first. */
export function callbackNs(): u64 {
  if (callbackStartNs == 0) callbackStartNs = monotonicNs();
  return callbackStartNs;
}

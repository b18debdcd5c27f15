// request-key: by which a request is found again when the application calls on: its request id, or
// the id of its trace.
//
//   | 'r' | request id |            | 't' | trace id, 16 bytes |
//
// Envoy writes its sampling decision into one character of every request id of 36 characters, the
// size of a UUID, and may change it from hop to hop: that character is masked.

import { TraceContext } from '../../bytes/trace-context';
import { KEY_SIZE_MAX } from './entry';

const UUID_SIZE: u32 = 36;
const SAMPLING_AT: u32 = 14;
const MASK: u32 = 0x30;
const REQUEST: u32 = 0x72;
const TRACE: u32 = 0x74;
export const TRACE_KEY_SIZE: u32 = 17;

/** Writes the key of a request id at `outPtr`; its size, or 0 for one that is empty or too long. */
export function putRequestKey(ptr: usize, size: u32, outPtr: usize): u32 {
  if (size == 0 || size + 1 > KEY_SIZE_MAX) return 0;
  store<u8>(outPtr, <u8>REQUEST);
  memory.copy(outPtr + 1, ptr, size);
  if (size == UUID_SIZE) store<u8>(outPtr + 1 + SAMPLING_AT, <u8>MASK);
  return size + 1;
}

/** Writes the key of a trace at `outPtr`; its size, or 0 where there are no ids. */
export function putTraceKey(context: TraceContext, outPtr: usize): u32 {
  if (!context.hasIds()) return 0;
  store<u8>(outPtr, <u8>TRACE);
  store<u64>(outPtr + 1, context.traceHigh);
  store<u64>(outPtr + 9, context.traceLow);
  return TRACE_KEY_SIZE;
}

// b3: trace contexts as Zipkin spells them (github.com/openzipkin/b3-propagation), in the one header
// `b3` or in several `x-b3-…`. Pure. Digits of ids are read in either case and written in lower
// case; the letter `d` has one case, as in every other reader.
//
//   80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90
//   trace id of 16 or 32 digits      span id          |  parent's span id
//                                             0, 1 or d
//
// What follows the span id may be left out from the right, and all but the 0, 1 or d.

import {
  parseSpanId,
  parseTraceId,
  putSpanId,
  putTraceId,
  Sampling,
  SPAN_ID_SIZE,
  samplingOfB3,
  TRACE_ID_SIZE_MAX,
  TraceContext,
} from './trace-context';

const DASH: u32 = 0x2d;
const ZERO: u32 = 0x30;
const ONE: u32 = 0x31;
const DEBUG: u32 = 0x64;
/** Four letters at once: the bit that upper case has not, and two words. */
const LOWER: u32 = 0x20202020;
const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;

/** Bytes of the longest single header. */
export const B3_SIZE_MAX: u32 = TRACE_ID_SIZE_MAX + 1 + SPAN_ID_SIZE + 2 + 1 + SPAN_ID_SIZE;

/** The decision of a byte; `Deferred`, which has none, where it is another byte. */
function samplingOf(byte: u32): Sampling {
  if (byte == ZERO) return Sampling.Deny;
  if (byte == ONE) return Sampling.Accept;
  return byte == DEBUG ? Sampling.Debug : Sampling.Deferred;
}

/** The byte of a decision; 0 where it is deferred. */
function byteOf(sampling: u32): u32 {
  if (sampling == Sampling.Deny) return ZERO;
  if (sampling == Sampling.Accept) return ONE;
  return sampling == Sampling.Debug ? DEBUG : 0;
}

/** `-D` or `-D-PARENT`, behind the span id. */
function parseTail(ptr: usize, size: u32, out: TraceContext): bool {
  if (size < 2 || <u32>load<u8>(ptr) != DASH) return false;
  out.sampling = <u8>samplingOf(load<u8>(ptr, 1));
  if (out.sampling == Sampling.Deferred) return false;
  if (size == 2) return true;
  if (<u32>load<u8>(ptr, 2) != DASH) return false;
  out.parentId = parseSpanId(ptr + 3, size - 3);
  return out.parentId != 0;
}

function parseParts(ptr: usize, size: u32, out: TraceContext): bool {
  if (size == 1) {
    out.sampling = <u8>samplingOf(load<u8>(ptr));
    return out.sampling != Sampling.Deferred;
  }
  if (size < 2 * SPAN_ID_SIZE + 1) return false;
  const narrow = <u32>load<u8>(ptr, SPAN_ID_SIZE) == DASH;
  const dash = narrow ? SPAN_ID_SIZE : TRACE_ID_SIZE_MAX;
  const end = dash + 1 + SPAN_ID_SIZE;
  if (end > size || <u32>load<u8>(ptr + dash) != DASH) return false;
  if (!parseTraceId(ptr, dash, out)) return false;
  out.spanId = parseSpanId(ptr + dash + 1, SPAN_ID_SIZE);
  if (out.spanId == 0) return false;
  return end == size || parseTail(ptr + end, size - end, out);
}

/** The value of `b3`; false, and `out` cleared, where it is anything else. */
export function parseB3(ptr: usize, size: u32, out: TraceContext): bool {
  out.clear();
  if (parseParts(ptr, size, out)) return true;
  out.clear();
  return false;
}

/** The value of `x-b3-sampled`: 1 or 0, -1 if it is neither. Old tracers write true and false. */
export function parseSampled(ptr: usize, size: u32): i32 {
  if (size == 4) return (load<u32>(ptr) | LOWER) == TRUE ? 1 : -1;
  if (size != 5) return parseFlags(ptr, size);
  return (load<u32>(ptr) | LOWER) == FALS && (load<u8>(ptr, 4) | 0x20) == 0x65 ? 0 : -1;
}

/** The value of `x-b3-flags`: 1 = debug, 0 = nothing said, -1 if it is neither. */
export function parseFlags(ptr: usize, size: u32): i32 {
  if (size != 1) return -1;
  const value = <u32>load<u8>(ptr) - ZERO;
  return value < 2 ? <i32>value : -1;
}

/**
 * The value of `b3`, at most `B3_SIZE_MAX` bytes; returns how many, 0 where the context says
 * nothing. The format has no place for a parent without a decision: it is left out then.
 */
export function putB3(context: TraceContext, outPtr: usize): u32 {
  const decision = byteOf(samplingOfB3(context));
  let size: u32 = 0;
  if (context.hasIds()) {
    size = putTraceId(context, outPtr);
    store<u8>(outPtr + size, <u8>DASH);
    size += 1 + putSpanId(context.spanId, outPtr + size + 1);
  }
  if (decision == 0) return size;
  if (size > 0) store<u8>(outPtr + size++, <u8>DASH);
  store<u8>(outPtr + size++, <u8>decision);
  if (!context.hasIds() || context.parentId == 0) return size;
  store<u8>(outPtr + size, <u8>DASH);
  return size + 1 + putSpanId(context.parentId, outPtr + size + 1);
}

/**
 * The one byte of `x-b3-sampled`, 0 where it is not to be sent: a deferred decision is no header,
 * and debug, which stands in `x-b3-flags`, implies it.
 */
export function sampledValue(context: TraceContext): u32 {
  const sampling = samplingOfB3(context);
  return sampling == Sampling.Debug ? 0 : byteOf(sampling);
}

/** The one byte of `x-b3-flags`, 0 where it is not to be sent. */
export function flagsValue(context: TraceContext): u32 {
  return samplingOfB3(context) == Sampling.Debug ? ONE : 0;
}

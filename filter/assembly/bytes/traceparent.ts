// traceparent: trace contexts as W3C Trace Context spells them (www.w3.org/TR/trace-context-2). Pure.
//
//   0  3                                36               53
//   00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
//   |  trace id                         span id          flags, bit 0 = sampled
//   version; a higher one may go on behind the flags, with a dash
//
// It has no parent and no deferred decision, and digits in lower case only.

import { hexValue, NO_DIGIT } from './hex';
import {
  parseSpanId,
  parseTraceId,
  putSpanId,
  Sampling,
  SPAN_ID_SIZE,
  samplingOfW3c,
  TRACE_ID_SIZE_MAX,
  TraceContext,
} from './trace-context';

const DASH: u32 = 0x2d;
const ZERO: u32 = 0x30;
const VERSION_FORBIDDEN: u32 = 0xff;
const FLAG_SAMPLED: u32 = 1;
const TRACE_AT: u32 = 3;
const SPAN_AT: u32 = TRACE_AT + TRACE_ID_SIZE_MAX + 1;
const FLAGS_AT: u32 = SPAN_AT + SPAN_ID_SIZE + 1;
/** Bytes of a value, without what a higher version adds. */
export const TRACEPARENT_SIZE: u32 = FLAGS_AT + 2;

/** Two digits; 256 or more if they are none. */
function byteAt(ptr: usize): u32 {
  const high = hexValue(load<u8>(ptr));
  const low = hexValue(load<u8>(ptr, 1));
  return low == NO_DIGIT ? 256 : (high << 4) | low;
}

/** Bit 6 of the bytes of a word that have it and not bit 5: upper case, and no digit or dash. */
function upperCaseOf(ptr: usize): u64 {
  const word = load<u64>(ptr);
  return word & ~(word << 1) & 0x4040404040404040;
}

/** Of a value of `TRACEPARENT_SIZE` bytes: seven words, the last over a byte of the one before. */
function hasUpperCase(ptr: usize): bool {
  const first = upperCaseOf(ptr) | upperCaseOf(ptr + 8) | upperCaseOf(ptr + 16);
  const second = upperCaseOf(ptr + 24) | upperCaseOf(ptr + 32) | upperCaseOf(ptr + 40);
  return (first | second | upperCaseOf(ptr + TRACEPARENT_SIZE - 8)) != 0;
}

function isDash(ptr: usize): bool {
  return <u32>load<u8>(ptr) == DASH;
}

function parseParts(ptr: usize, size: u32, out: TraceContext): bool {
  if (size < TRACEPARENT_SIZE || hasUpperCase(ptr)) return false;
  const version = byteAt(ptr);
  if (version >= VERSION_FORBIDDEN) return false;
  if (size > TRACEPARENT_SIZE && (version == 0 || !isDash(ptr + TRACEPARENT_SIZE))) return false;
  if (!isDash(ptr + TRACE_AT - 1) || !isDash(ptr + SPAN_AT - 1) || !isDash(ptr + FLAGS_AT - 1)) {
    return false;
  }
  const flags = byteAt(ptr + FLAGS_AT);
  if (flags > 255 || !parseTraceId(ptr + TRACE_AT, TRACE_ID_SIZE_MAX, out)) return false;
  out.spanId = parseSpanId(ptr + SPAN_AT, SPAN_ID_SIZE);
  out.sampling = <u8>((flags & FLAG_SAMPLED) != 0 ? Sampling.Accept : Sampling.Deny);
  // What the other flags of a higher version mean is not known.
  if (version == 0) out.flags = <u8>flags;
  return out.hasIds();
}

/** The value of `traceparent`; false, and `out` cleared, where it is anything else. */
export function parseTraceparent(ptr: usize, size: u32, out: TraceContext): bool {
  out.clear();
  if (parseParts(ptr, size, out)) return true;
  out.clear();
  return false;
}

/**
 * The value of `traceparent` in version 00; returns its size, or 0 where a context has no ids or no
 * decision, which would have to be invented. A trace id of 16 digits gets zeros on its left. The
 * sampled flag is the decision, other flags are as they came.
 */
export function putTraceparent(context: TraceContext, outPtr: usize): u32 {
  const sampling = samplingOfW3c(context);
  if (!context.hasIds() || sampling == Sampling.Deferred) return 0;
  store<u16>(outPtr, <u16>(ZERO | (ZERO << 8)));
  store<u8>(outPtr + TRACE_AT - 1, <u8>DASH);
  putSpanId(context.traceHigh, outPtr + TRACE_AT);
  putSpanId(context.traceLow, outPtr + TRACE_AT + SPAN_ID_SIZE);
  const sampled = sampling == Sampling.Deny ? 0 : FLAG_SAMPLED;
  const flags = (<u32>context.flags & ~FLAG_SAMPLED) | sampled;
  // Sixteen digits of which the last two stay.
  putSpanId(<u64>flags, outPtr + TRACEPARENT_SIZE - SPAN_ID_SIZE);
  store<u8>(outPtr + SPAN_AT - 1, <u8>DASH);
  putSpanId(context.spanId, outPtr + SPAN_AT);
  store<u8>(outPtr + FLAGS_AT - 1, <u8>DASH);
  return TRACEPARENT_SIZE;
}

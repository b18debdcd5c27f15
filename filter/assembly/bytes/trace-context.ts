// trace-context: what a request says of its trace, apart from the header that says it: ids and the
// sampling decision, and their hexadecimal digits. b3.ts and traceparent.ts are its spellings. Pure.
// An id is a number and 0 is none, so that a trace id of 16 digits and the same one with zeros on
// its left are one trace.

import { HEX_WORD_SIZE, hexDigits, hexNumber, NO_NUMBER } from './hex';

export const TRACE_ID_SIZE_MAX: u32 = 32;
export const SPAN_ID_SIZE: u32 = 16;

export enum Sampling {
  /** Whoever comes next decides. */
  Deferred = 0,
  Deny = 1,
  Accept = 2,
  /** Accepted, whatever a sampler further on says. */
  Debug = 3,
}

/**
 * Without ids (`spanId` 0) only `sampling` says something; `parentId` is 0 at the root of a trace.
 * `flags` are those of a traceparent of version 00, as they came; 0 otherwise.
 *   0           8          16       24         32         33      34     35         36      40
 *   +-----------+----------+--------+----------+----------+-------+------+----------+-------+
 *   | traceHigh | traceLow | spanId | parentId | sampling | flags | wide | decision | (pad) |
 *   +-----------+----------+--------+----------+----------+-------+------+----------+-------+
 */
@unmanaged
export class TraceContext {
  traceHigh: u64;
  traceLow: u64;
  spanId: u64;
  parentId: u64;
  sampling: u8;
  flags: u8;
  /** The trace id came with 32 digits. */
  wide: bool;
  /** What B3 headers without ids say beside ids that another format brought; `Deferred` = nothing. */
  decision: u8;

  /** Nothing said: no ids, the decision deferred. */
  clear(): void {
    this.traceHigh = 0;
    this.traceLow = 0;
    this.spanId = 0;
    this.parentId = 0;
    store<u64>(changetype<usize>(this), 0, SAYINGS);
  }

  /** Says what another one says. Five words: a call of `memory.copy` costs more. */
  become(other: TraceContext): void {
    this.traceHigh = other.traceHigh;
    this.traceLow = other.traceLow;
    this.spanId = other.spanId;
    this.parentId = other.parentId;
    store<u64>(changetype<usize>(this), load<u64>(changetype<usize>(other), SAYINGS), SAYINGS);
  }

  hasIds(): bool {
    return this.spanId != 0;
  }
}
export const TRACE_CONTEXT_SIZE: u32 = 40;
/** Where what is not an id stands, all in one word. */
const SAYINGS: usize = 32;

/** The decision for readers of B3. */
export function samplingOfB3(context: TraceContext): Sampling {
  return context.decision != Sampling.Deferred ? context.decision : context.sampling;
}

/** The decision for readers of W3C. */
export function samplingOfW3c(context: TraceContext): Sampling {
  return context.sampling != Sampling.Deferred ? context.sampling : context.decision;
}

/** The same trace, whatever the spelling. */
export function sameTrace(a: TraceContext, b: TraceContext): bool {
  return a.traceHigh == b.traceHigh && a.traceLow == b.traceLow;
}

/** The same span of the same trace; the parent is left out, as not every spelling has one. */
export function sameIds(a: TraceContext, b: TraceContext): bool {
  return sameTrace(a, b) && a.spanId == b.spanId;
}

/** 16 or 32 digits in either case, not all of them 0; `out` is written only if they are that. */
export function parseTraceId(ptr: usize, size: u32, out: TraceContext): bool {
  const wide = size == TRACE_ID_SIZE_MAX;
  if (!wide && size != SPAN_ID_SIZE) return false;
  const lowPtr = ptr + size - SPAN_ID_SIZE;
  const first: u64 = wide ? hexNumber(ptr) : 0;
  const second: u64 = wide ? hexNumber(ptr + HEX_WORD_SIZE) : 0;
  const third = hexNumber(lowPtr);
  const fourth = hexNumber(lowPtr + HEX_WORD_SIZE);
  const bits = first | second | third | fourth;
  if (bits == 0 || bits >= NO_NUMBER) return false;
  out.traceHigh = (first << 32) | second;
  out.traceLow = (third << 32) | fourth;
  out.wide = wide;
  return true;
}

/** 16 digits in either case; 0 if they are not that, or all of them 0. */
export function parseSpanId(ptr: usize, size: u32): u64 {
  if (size != SPAN_ID_SIZE) return 0;
  const high = hexNumber(ptr);
  const low = hexNumber(ptr + HEX_WORD_SIZE);
  return (high | low) < NO_NUMBER ? (high << 32) | low : 0;
}

/** 16 digits in lower case; returns how many. */
export function putSpanId(id: u64, outPtr: usize): u32 {
  store<u64>(outPtr, hexDigits(<u32>(id >> 32)));
  store<u64>(outPtr, hexDigits(<u32>id), HEX_WORD_SIZE);
  return SPAN_ID_SIZE;
}

/** 16 or 32 digits, as it came, in lower case; returns how many. */
export function putTraceId(context: TraceContext, outPtr: usize): u32 {
  let size: u32 = 0;
  if (context.wide) size = putSpanId(context.traceHigh, outPtr);
  return size + putSpanId(context.traceLow, outPtr + size);
}

// trace-headers: the trace context of a request, read from the headers that spell it, and written
// into those that are missing. A malformed or empty one is removed, as its reader would have to
// ignore it, and counted; nothing is ever invented.

import { MapType, Status } from '../../abi/enums';
import { flagsValue, parseB3, parseFlags, parseSampled, putB3, sampledValue } from '../../bytes/b3';
import {
  parseSpanId,
  parseTraceId,
  putSpanId,
  putTraceId,
  Sampling,
  sameIds,
  sameTrace,
  samplingOfW3c,
  TraceContext,
} from '../../bytes/trace-context';
import { parseTraceparent, putTraceparent } from '../../bytes/traceparent';
import {
  Config,
  keyAt,
  Mode,
  Propagate,
  readFormatAt,
  StoreKey,
  TraceFormat,
  writeFormatAt,
} from '../../config/layout';
import { addHeader, removeHeader } from '../../shim/headers';
import { increment } from '../../shim/metrics';
import { firstValue, forgetHeader, nameOf, onlyValue, Value } from '../request';

/** What each format says; cleared where it says nothing. */
const single: TraceContext = changetype<TraceContext>(memory.data(40, 8));
const multi: TraceContext = changetype<TraceContext>(memory.data(40, 8));
const w3c: TraceContext = changetype<TraceContext>(memory.data(40, 8));
/** A header's value while it is written; the longest is that of b3 with 68 bytes. */
const text: usize = memory.data(72, 8);

/** Reads every format; of those that the policy reads or writes, what is malformed is removed. */
export function readTrace(config: Config, propagate: Propagate): void {
  single.clear();
  multi.clear();
  w3c.clear();
  const b3 = takeValue(config, propagate, propagate.b3, TraceFormat.B3);
  if (b3 != 0 && !parseB3(ptrOf(b3), sizeOf(b3), single)) {
    dropOf(config, propagate, propagate.b3, TraceFormat.B3);
  }
  const cameW3c = firstValue(config, propagate.traceparent) != 0;
  const traceparent = takeValue(config, propagate, propagate.traceparent, TraceFormat.W3c);
  if (traceparent != 0 && !parseTraceparent(ptrOf(traceparent), sizeOf(traceparent), w3c)) {
    dropOf(config, propagate, propagate.traceparent, TraceFormat.W3c);
  }
  // A tracestate is nothing without the traceparent it came with.
  const alone = cameW3c && !w3c.hasIds() && firstValue(config, propagate.tracestate) != 0;
  if (alone || isEmpty(config, propagate.tracestate)) {
    dropOf(config, propagate, propagate.tracestate, TraceFormat.W3c);
  }
  if (isEmpty(config, propagate.otSpanContext)) drop(config, propagate, propagate.otSpanContext);
  readMulti(config, propagate);
  // Of two traces the single header's counts: nobody may go on with the other unseen.
  if (!single.hasIds() || !multi.hasIds() || sameTrace(single, multi)) return;
  if (!touches(propagate, TraceFormat.B3)) return;
  dropOf(config, propagate, propagate.b3TraceId, TraceFormat.B3Multi);
  dropOf(config, propagate, propagate.b3SpanId, TraceFormat.B3Multi);
  if (multi.parentId != 0) {
    dropOf(config, propagate, propagate.b3ParentSpanId, TraceFormat.B3Multi);
  }
  forgetIds(multi);
}

/** Leaves of a context its decision. */
function forgetIds(context: TraceContext): void {
  const sampling = context.sampling;
  context.clear();
  context.sampling = sampling;
}

/** Trace and span id stand and fall together; everything else falls alone. */
function readMulti(config: Config, propagate: Propagate): void {
  const format = TraceFormat.B3Multi;
  const trace = takeValue(config, propagate, propagate.b3TraceId, format);
  const span = takeValue(config, propagate, propagate.b3SpanId, format);
  if (trace != 0 || span != 0) {
    if (span != 0) multi.spanId = parseSpanId(ptrOf(span), sizeOf(span));
    const valid = trace != 0 && parseTraceId(ptrOf(trace), sizeOf(trace), multi);
    if (!valid || multi.spanId == 0) {
      multi.clear();
      if (trace != 0) dropOf(config, propagate, propagate.b3TraceId, format);
      if (span != 0) dropOf(config, propagate, propagate.b3SpanId, format);
    }
  }
  const parent = takeValue(config, propagate, propagate.b3ParentSpanId, format);
  if (parent != 0) {
    if (multi.hasIds()) multi.parentId = parseSpanId(ptrOf(parent), sizeOf(parent));
    if (multi.parentId == 0) dropOf(config, propagate, propagate.b3ParentSpanId, format);
  }
  const sampled = takeValue(config, propagate, propagate.b3Sampled, format);
  if (sampled != 0) {
    const decision = parseSampled(ptrOf(sampled), sizeOf(sampled));
    if (decision < 0) dropOf(config, propagate, propagate.b3Sampled, format);
    else multi.sampling = <u8>(decision == 1 ? Sampling.Accept : Sampling.Deny);
  }
  const flags = takeValue(config, propagate, propagate.b3Flags, format);
  if (flags != 0) {
    const debug = parseFlags(ptrOf(flags), sizeOf(flags));
    if (debug < 0) dropOf(config, propagate, propagate.b3Flags, format);
    else if (debug == 1) multi.sampling = <u8>Sampling.Debug;
  }
}

function ptrOf(value: usize): usize {
  return changetype<Value>(value).ptr;
}

function sizeOf(value: usize): u32 {
  return changetype<Value>(value).size;
}

function touches(propagate: Propagate, format: TraceFormat): bool {
  for (let i: u32 = 0; i < propagate.readCount; i++) {
    if (readFormatAt(propagate, i) == format) return true;
  }
  for (let i: u32 = 0; i < propagate.writeCount; i++) {
    if (writeFormatAt(propagate, i) == format) return true;
  }
  // What finds a request must not be seen in one way here and in another by the application.
  const key = format == TraceFormat.W3c ? StoreKey.Traceparent : StoreKey.B3;
  for (let i: u32 = 0; i < propagate.keyCount; i++) {
    if (keyAt(propagate, i) == key) return true;
  }
  return false;
}

/** The value of a header whose values are all one, not empty; another kind of header is dropped. */
function takeValue(config: Config, propagate: Propagate, index: u32, format: TraceFormat): usize {
  const first = firstValue(config, index);
  if (first == 0) return 0;
  if (sizeOf(first) != 0 && onlyValue(config, index) != 0) return first;
  dropOf(config, propagate, index, format);
  // Where nothing is removed, many an application takes the first.
  return config.mode == <u8>Mode.Enforce || sizeOf(first) == 0 ? 0 : first;
}

function isEmpty(config: Config, index: u32): bool {
  const first = firstValue(config, index);
  if (first == 0) return false;
  for (let at = first; at != 0; at = changetype<Value>(at).next) {
    if (sizeOf(at) != 0) return false;
  }
  return true;
}

/** Drops a header of a format that the policy touches. Few are malformed: only then it is asked. */
function dropOf(config: Config, propagate: Propagate, index: u32, format: TraceFormat): void {
  if (touches(propagate, format)) drop(config, propagate, index);
}

/** One that cannot be removed is still there: nothing may be added beside it. */
function drop(config: Config, propagate: Propagate, index: u32): void {
  increment(propagate.malformedMetric, 1);
  if (config.mode != <u8>Mode.Enforce) return;
  const name = nameOf(config, index);
  if (removeHeader(MapType.RequestHeaders, name.ptr, name.size) != Status.Ok) {
    increment(config.writeErrors, 1);
    return;
  }
  forgetHeader(config, index);
}

/** What W3C headers say; without ids where they say nothing. */
export function traceOfW3c(): TraceContext {
  return w3c;
}

/** What B3 headers say, the single one before the others. */
export function traceOfB3(): TraceContext {
  return single.hasIds() ? single : multi;
}

function contextOf(format: TraceFormat): TraceContext {
  if (format == TraceFormat.B3) return single;
  return format == TraceFormat.B3Multi ? multi : w3c;
}

/**
 * The one context of the request into `out`: of the first format that has ids, in the order in
 * which the policy reads them; of formats without ids the first decision. What other formats add
 * on the same span is added.
 */
export function requestTrace(propagate: Propagate, out: TraceContext): void {
  out.clear();
  for (let i: u32 = 0; i < propagate.readCount; i++) {
    const one = contextOf(readFormatAt(propagate, i));
    if (one.hasIds()) {
      if (!out.hasIds()) takeIds(out, one);
      else if (sameIds(one, out)) addTrace(out, one);
    } else if (out.hasIds()) {
      if (out.decision == Sampling.Deferred) out.decision = one.sampling;
    } else if (out.sampling == Sampling.Deferred) {
      out.sampling = one.sampling;
    }
  }
}

/** The ids of one format; a decision that another came with stays beside them. */
function takeIds(out: TraceContext, one: TraceContext): void {
  const decision = out.sampling;
  out.become(one);
  out.decision = decision;
}

/** Adds to a context what another one of the same span says beyond it. */
export function addTrace(to: TraceContext, from: TraceContext): void {
  if (to.parentId == 0) to.parentId = from.parentId;
  if (to.sampling == Sampling.Deferred) to.sampling = from.sampling;
  if (to.decision == Sampling.Deferred) to.decision = from.decision;
  if (to.flags == 0) to.flags = from.flags;
}

/** Writes a context into the formats that the policy writes, where their headers are absent. */
export function writeTrace(config: Config, propagate: Propagate, context: TraceContext): void {
  for (let i: u32 = 0; i < propagate.writeCount; i++) {
    const format = writeFormatAt(propagate, i);
    if (format == TraceFormat.B3) {
      put(config, propagate.b3, putB3(context, text));
    } else if (format == TraceFormat.W3c) {
      put(config, propagate.traceparent, putTraceparent(context, text));
    } else {
      writeMulti(config, propagate, context);
    }
  }
}

function writeMulti(config: Config, propagate: Propagate, context: TraceContext): void {
  // Ids of another span are there: nothing of this one may stand beside them.
  if (multi.hasIds() && !sameIds(multi, context)) return;
  if (context.hasIds()) {
    put(config, propagate.b3TraceId, putTraceId(context, text));
    put(config, propagate.b3SpanId, putSpanId(context.spanId, text));
  }
  if (context.parentId != 0) {
    put(config, propagate.b3ParentSpanId, putSpanId(context.parentId, text));
  }
  if (multi.sampling != Sampling.Deferred) return;
  putByte(config, propagate.b3Sampled, sampledValue(context));
  putByte(config, propagate.b3Flags, flagsValue(context));
}

/** Whether a request goes on with the W3C headers of a context, written before or now. */
export function saysW3c(config: Config, propagate: Propagate, context: TraceContext): bool {
  if (firstValue(config, propagate.traceparent) != 0) {
    return w3c.hasIds() && sameTrace(w3c, context);
  }
  const decided = samplingOfW3c(context) != Sampling.Deferred;
  return decided && context.hasIds() && writesW3c(propagate);
}

function writesW3c(propagate: Propagate): bool {
  for (let i: u32 = 0; i < propagate.writeCount; i++) {
    if (writeFormatAt(propagate, i) == TraceFormat.W3c) return true;
  }
  return false;
}

function putByte(config: Config, index: u32, byte: u32): void {
  store<u8>(text, <u8>byte);
  put(config, index, byte == 0 ? 0 : 1);
}

/** Adds what stands in `text` where there is no such header; an empty value is none. */
function put(config: Config, index: u32, size: u32): void {
  if (size != 0 && firstValue(config, index) == 0) putHeader(config, index, text, size);
}

/** Adds a header that the request has not; false, counted, where the host refuses. */
export function putHeader(config: Config, index: u32, ptr: usize, size: u32): bool {
  if (config.mode != <u8>Mode.Enforce) return true;
  const name = nameOf(config, index);
  const status = addHeader(MapType.RequestHeaders, name.ptr, name.size, ptr, size);
  if (status == Status.Ok) return true;
  increment(config.writeErrors, 1);
  return false;
}

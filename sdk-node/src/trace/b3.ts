// b3: B3 propagation in one header and in several, lower-case as HTTP/2 wants it. Pure.
// https://github.com/openzipkin/b3-propagation

import { isZero } from './ids.js';

/** Where a call stands in a trace. */
export interface B3 {
  /** 16 or 32 lower-case hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
}

/** `b3`: a place in a trace, or the sampling state, or both. */
export interface B3Single {
  readonly place: B3 | undefined;
  /** `0` deny, `1` accept, `d` debug; undefined: left to the receiver. */
  readonly sampling: string | undefined;
}

const SINGLE = /^(?:([01d])|([^-]+)-([^-]+)(?:-([01d]))?(?:-([^-]+))?)$/;

/**
 * Undefined: malformed. A parent without a sampling state is read, since each is optional, though
 * not every receiver does.
 */
export function readB3Single(value: string): B3Single | undefined {
  const [whole, alone, traceId, spanId, sampling, parentSpanId] = SINGLE.exec(value) ?? [];
  if (whole === undefined) return undefined;
  if (alone !== undefined) return { place: undefined, sampling: alone };
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  if (parentSpanId !== undefined && !isSpanId(parentSpanId)) return undefined;
  return { place: { traceId, spanId, parentSpanId }, sampling };
}

/**
 * A place in a trace. Where sampling is left to the receiver the parent is not sent: Envoy takes a
 * header with the one and without the other for truncated, and starts another trace.
 */
export function writeB3Single({ traceId, spanId, parentSpanId }: B3, sampling?: string): string {
  if (sampling === undefined) return `${traceId}-${spanId}`;
  const parent = parentSpanId === undefined ? '' : `-${parentSpanId}`;
  return `${traceId}-${spanId}-${sampling}${parent}`;
}

/** The `x-b3-…` headers, those that are well-formed; undefined: missing or malformed. */
export interface B3Multi {
  readonly place: B3 | undefined;
  /** `0` or `1`; `false` and `true`, as tracers older than the specification write it. */
  readonly sampled: string | undefined;
  /** `1`: debug, which implies accept; `0`: nothing. */
  readonly flags: string | undefined;
}

export function readB3Multi(came: ReadonlyMap<string, string>): B3Multi {
  const traceId = came.get('x-b3-traceid');
  const spanId = came.get('x-b3-spanid');
  const parentSpanId = came.get('x-b3-parentspanid');
  const place =
    isTraceId(traceId) && isSpanId(spanId)
      ? { traceId, spanId, parentSpanId: isSpanId(parentSpanId) ? parentSpanId : undefined }
      : undefined;
  const flags = oneOf(came.get('x-b3-flags'), '0', '1');
  const sampled = oneOf(came.get('x-b3-sampled'), '0', '1', 'false', 'true');
  // Debug is an accept: a deny beside it is what no tracer sends.
  const denied = sampled === '0' || sampled === 'false';
  return { place, sampled: flags === '1' && denied ? undefined : sampled, flags };
}

function isTraceId(id: string | undefined): id is string {
  return id !== undefined && /^(?:[0-9a-f]{16}){1,2}$/.test(id) && !isZero(id);
}

function isSpanId(id: string | undefined): id is string {
  return id !== undefined && /^[0-9a-f]{16}$/.test(id) && !isZero(id);
}

function oneOf(value: string | undefined, ...words: readonly string[]): string | undefined {
  return value !== undefined && words.includes(value) ? value : undefined;
}

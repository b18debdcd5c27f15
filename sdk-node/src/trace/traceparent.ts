// traceparent: the first header of W3C Trace Context, level 2 (which level 1 is a part of). Pure.
// https://www.w3.org/TR/trace-context-2/#traceparent-header

import { isZero } from './ids.js';

export interface Traceparent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the span of who sent it. */
  readonly parentId: string;
  /** Those that version 00 knows. */
  readonly flags: number;
}

/** The caller may have recorded the trace. */
export const SAMPLED = 0x01;
/** At least the last 7 bytes of the trace id are random. */
export const RANDOM = 0x02;

// A later version may add fields behind a dash; version 00 has none.
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined: malformed, and with it the tracestate beside it. */
export function readTraceparent(value: string): Traceparent | undefined {
  const [, version, traceId, parentId, flags, more] = FORM.exec(value) ?? [];
  if (traceId === undefined || parentId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(parentId)) return undefined;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) };
}

/** In version 00. */
export function writeTraceparent({ traceId, parentId, flags }: Traceparent): string {
  return `00-${traceId}-${parentId}-0${flags}`;
}

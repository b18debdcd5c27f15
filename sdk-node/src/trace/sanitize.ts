// sanitize: trace headers without what their own specifications call malformed. Pure.
// A header goes on as it came or not at all; tracestate.ts tells the exception.

import { isFieldValue, trimmed } from '../headers/field.js';
import { readB3Multi, readB3Single } from './b3.js';
import { readTraceparent } from './traceparent.js';
import { readTracestate } from './tracestate.js';

/** `incoming` and the result: flat lists of names and values. */
export function sanitize(incoming: readonly string[]): string[] {
  const came = cameOf(incoming);
  const multi = readB3Multi(came);
  const kept: string[] = [];
  for (const [name, value] of came) {
    const good = goodValue(name, value, came, multi);
    if (good !== undefined) kept.push(name, good);
  }
  return kept;
}

/** Name → value. */
export function cameOf(incoming: readonly string[]): Map<string, string> {
  const came = new Map<string, string>();
  for (let i = 0; i < incoming.length; i += 2) came.set(incoming[i]!, trimmed(incoming[i + 1]!));
  return came;
}

function goodValue(
  name: string,
  value: string,
  came: ReadonlyMap<string, string>,
  { place, sampled, flags }: ReturnType<typeof readB3Multi>,
): string | undefined {
  switch (name) {
    case 'traceparent':
      return readTraceparent(value) && value;
    case 'tracestate':
      return readTraceparent(came.get('traceparent') ?? '') && readTracestate(value);
    case 'b3':
      return readB3Single(value) && value;
    case 'x-b3-traceid':
      return place?.traceId;
    case 'x-b3-spanid':
      return place?.spanId;
    case 'x-b3-parentspanid':
      return place?.parentSpanId;
    case 'x-b3-sampled':
      return sampled;
    case 'x-b3-flags':
      return flags;
    default:
      return isFieldValue(value) ? value : undefined;
  }
}

// trace: the trace headers of a request, as each mode passes them on.
// Flat lists of names and values, as `rawHeaders`: no other shape is made on the way of a request.

import { Participation } from './participate.js';
import { sanitize } from './sanitize.js';

/**
 * - `verbatim`: what came goes on, byte for byte.
 * - `sanitize`: the same without what its own specification calls malformed.
 * - `participate`: this process is a hop of the trace: each call gets a span id of its own, whose
 *   parent is the incoming one; a trace that is malformed is started anew, and one is started where
 *   none came.
 */
export type Mode = 'verbatim' | 'sanitize' | 'participate';

/** The trace headers of a request. */
export interface Trace {
  /** Flat list: as it stands for the request that is being handled. */
  readonly headers: readonly string[];
  /** Flat list: as a call is to carry it; in mode participate another one for each call. */
  forCall(): readonly string[];
}

/** What goes on unchanged. */
class Unchanged implements Trace {
  readonly headers: readonly string[];

  constructor(headers: readonly string[]) {
    this.headers = headers;
  }

  forCall(): readonly string[] {
    return this.headers;
  }
}

/**
 * `incoming`: flat list of the trace headers of a request, each name once and in lower case.
 * Undefined: none to carry.
 */
export function traceOf(mode: Mode, incoming: readonly string[]): Trace | undefined {
  if (mode === 'participate') return new Participation(incoming);
  const headers = mode === 'sanitize' ? sanitize(incoming) : incoming;
  return headers.length === 0 ? undefined : new Unchanged(headers);
}

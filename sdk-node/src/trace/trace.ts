// trace: the trace headers of a request, as each mode passes them on. Pure.
// Flat lists of names and values, as `rawHeaders`: no other shape is made on the way of a request.

/**
 * - `verbatim`: what came goes on, byte for byte.
 * - `sanitize`: the same without what its own specification calls malformed.
 * - `participate`: this process is a hop of the trace: each call gets a span id of its own, whose
 *   parent is the incoming one; a trace that is malformed is started anew.
 */
export type Mode = 'verbatim' | 'sanitize' | 'participate';

/** The trace headers that a call is to carry. */
export interface Trace {
  /** Flat list of names and values; in mode participate another one for each call. */
  forCall(): readonly string[];
}

/** What came, as it came. */
class Verbatim implements Trace {
  readonly #headers: readonly string[];

  constructor(headers: readonly string[]) {
    this.#headers = headers;
  }

  forCall(): readonly string[] {
    return this.#headers;
  }
}

/** `incoming`: flat list of the trace headers of a request. Undefined: none to carry. */
export function traceOf(_mode: Mode, incoming: readonly string[]): Trace | undefined {
  return incoming.length === 0 ? undefined : new Verbatim(incoming);
}

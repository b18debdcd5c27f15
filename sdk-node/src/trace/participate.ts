// participate: this process as a hop of the trace. Each call gets a span id of its own whose parent
// is the incoming span; what came malformed is started anew; sampling stays what it was.

import { isFieldValue } from '../headers/field.js';
import {
  type B3,
  type B3Multi,
  type B3Single,
  readB3Multi,
  readB3Single,
  writeB3Single,
} from './b3.js';
import { type Ids, randomIds } from './ids.js';
import { cameOf } from './sanitize.js';
import { RANDOM, readTraceparent, type Traceparent, writeTraceparent } from './traceparent.js';
import { readTracestate } from './tracestate.js';

const B3_IDS = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid'];
const KNOWN = new Set(['traceparent', 'tracestate', 'b3', ...B3_IDS, 'x-b3-sampled', 'x-b3-flags']);

/** A format that names a trace, and how it is written for another span of that trace. */
interface Part {
  readonly traceId: string;
  /** Undefined: as it stands, for who asks what is being handled. */
  write(list: string[], span: string | undefined): void;
}

/**
 * The trace of a request that came with `incoming`, a flat list of names and values.
 *
 * - Formats that name one trace get one span id a call; those that name several keep their traces.
 * - A format that came malformed begins again, with a new trace id and a span of this process's
 *   own; tracestate is dropped then. Formats that begin again are one trace.
 * - A sampling state that came without ids goes on without ids.
 * - Trace headers of other formats go on as they came, if they may be sent at all.
 * - Where nothing of all this came, a W3C trace begins, as the specification has it. It is not
 *   marked as sampled: nobody has recorded it.
 */
export class Participation {
  readonly #parts: readonly Part[];
  /** For each part, the first one that is of the same trace: itself or one before it. */
  readonly #leaders: readonly number[];
  /** Flat list of what every call gets as it is. */
  readonly #same: readonly string[];
  readonly #ids: Ids;

  constructor(incoming: readonly string[], ids: Ids = randomIds) {
    const came = cameOf(incoming);
    const fresh = freshPlace(ids);
    const parts: Part[] = [];
    const same: string[] = [];

    if (came.has('traceparent') || came.has('tracestate')) parts.push(w3cPart(came, fresh));
    const b3 = came.get('b3');
    if (b3 !== undefined) {
      const single = readB3Single(b3) ?? { place: fresh(), sampling: undefined };
      if (single.place === undefined) same.push('b3', b3);
      else parts.push(singlePart(single.place, single));
    }
    const multi = readB3Multi(came);
    if (B3_IDS.some((name) => came.has(name))) parts.push(multiPart(multi.place ?? fresh(), multi));
    else addSampling(same, multi);
    for (const [name, value] of came) {
      if (!KNOWN.has(name) && isFieldValue(value)) same.push(name, value);
    }
    if (parts.length === 0 && same.length === 0) parts.push(w3cPart(came, fresh));

    this.#parts = parts;
    this.#leaders = parts.map((part) => parts.findIndex((other) => isSameTrace(part, other)));
    this.#same = same;
    this.#ids = ids;
  }

  get headers(): readonly string[] {
    const list: string[] = [];
    for (const part of this.#parts) part.write(list, undefined);
    list.push(...this.#same);
    return list;
  }

  forCall(): readonly string[] {
    const list: string[] = [];
    const spans: string[] = [];
    for (let i = 0; i < this.#parts.length; i++) {
      const leader = this.#leaders[i]!;
      const span = leader === i ? this.#ids.span() : spans[leader]!;
      spans.push(span);
      this.#parts[i]!.write(list, span);
    }
    list.push(...this.#same);
    return list;
  }
}

/** The place where a trace begins: the same one, whoever asks and however often. */
function freshPlace(ids: Ids): () => B3 {
  let place: B3 | undefined;
  return () => {
    place ??= { traceId: ids.trace(), spanId: ids.span(), parentSpanId: undefined };
    return place;
  };
}

/** 64-bit B3 names a trace by the lower half of its id. */
function isSameTrace({ traceId: a }: Part, { traceId: b }: Part): boolean {
  return a === b || (a.length !== b.length && (a.endsWith(b) || b.endsWith(a)));
}

function w3cPart(came: ReadonlyMap<string, string>, fresh: () => B3): Part {
  const read = readTraceparent(came.get('traceparent') ?? '');
  const parent = read ?? begin(fresh());
  const state = read && readTracestate(came.get('tracestate') ?? '');
  return {
    traceId: parent.traceId,
    write(list, span) {
      const { traceId, parentId, flags } = parent;
      list.push('traceparent', writeTraceparent({ traceId, parentId: span ?? parentId, flags }));
      if (state !== undefined) list.push('tracestate', state);
    },
  };
}

function begin({ traceId, spanId }: B3): Traceparent {
  return { traceId, parentId: spanId, flags: RANDOM };
}

function singlePart(place: B3, { sampling }: B3Single): Part {
  return {
    traceId: place.traceId,
    write(list, span) {
      list.push('b3', writeB3Single(span === undefined ? place : childOf(place, span), sampling));
    },
  };
}

function multiPart(place: B3, multi: B3Multi): Part {
  return {
    traceId: place.traceId,
    write(list, span) {
      const { traceId, spanId, parentSpanId } = span === undefined ? place : childOf(place, span);
      list.push('x-b3-traceid', traceId, 'x-b3-spanid', spanId);
      if (parentSpanId !== undefined) list.push('x-b3-parentspanid', parentSpanId);
      addSampling(list, multi);
    },
  };
}

function addSampling(list: string[], { sampled, flags }: B3Multi): void {
  if (sampled !== undefined) list.push('x-b3-sampled', sampled);
  if (flags !== undefined) list.push('x-b3-flags', flags);
}

function childOf({ traceId, spanId }: B3, span: string): B3 {
  return { traceId, spanId: span, parentSpanId: spanId };
}

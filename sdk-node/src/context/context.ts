// context: the headers of the request that is being handled.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { state } from '../core/state.js';
import { warnOnce } from '../core/warn.js';
import { type Carrier, entriesOf } from '../headers/carrier.js';
import { isFieldName, isFieldValue } from '../headers/field.js';
import { isNeverForwarded, TRACE_SET } from '../headers/names.js';
import { type Carried, caughtByPrefix, type Selection } from '../headers/selection.js';
import { settings } from '../options/settings.js';
import { type Trace, traceOf } from '../trace/trace.js';

/** What follows a request. */
export interface Context {
  /** Outgoing names, in lower case, and values as they came. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A context as this package makes them: flat lists, so that a call copies no map. */
export class Headed implements Context {
  readonly trace: Trace | undefined;
  /** Flat list of names and values that are filled in one by one. */
  readonly singles: readonly string[];

  constructor(trace: Trace | undefined, singles: readonly string[]) {
    this.trace = trace;
    this.singles = singles;
  }

  get headers(): ReadonlyMap<string, string> {
    const headers = new Map<string, string>();
    const all = [...(this.trace?.headers ?? []), ...this.singles];
    for (let i = 0; i < all.length; i += 2) headers.set(all[i]!, all[i + 1]!);
    return headers;
  }
}

const storage = state.storage as AsyncLocalStorage<Headed | undefined>;

/**
 * The headers to carry on from an incoming request; undefined where there are none. The values of
 * a repeated header are joined, as node:http does.
 */
export function extract(incoming: Carrier): Context | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of entriesOf(incoming)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return extractFrom(headers);
}

/** As `extract`, of an object with names in lower case as node:http and http2 make them. */
export function extractFrom(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Headed | undefined {
  const { enabled, selection, mode } = settings();
  if (!enabled) return undefined;
  if (selection !== listed) list(selection);
  let trace: string[] | undefined;
  let singles: string[] | undefined;
  for (let i = 0; i < wanted.length; i++) {
    const { name, as, trace: traced } = wanted[i]!;
    const value = headers[name];
    // An empty header says nothing, and an empty trace header breaks the next reader.
    if (value === undefined || value.length === 0) continue;
    const text = String(value);
    if (!isFieldValue(text)) continue;
    if (traced) {
      trace ??= [];
      trace.push(as, text);
    } else {
      singles ??= [];
      singles.push(as, text);
    }
  }
  if (selection.prefixes.length > 0) {
    for (const name in headers) {
      if (!caughtByPrefix(selection, name)) continue;
      const value = headers[name];
      if (value === undefined || value.length === 0) continue;
      const text = String(value);
      if (!isFieldValue(text)) continue;
      singles ??= [];
      singles.push(name, text);
    }
  }
  for (const { name, make } of selection.made) {
    if (headers[name] !== undefined && headers[name].length > 0) continue;
    const value = made(name, make);
    if (value === undefined) continue;
    singles ??= [];
    singles.push(selection.names.get(name)?.as ?? name, value);
  }
  const carried =
    trace === undefined && mode !== 'participate' ? undefined : traceOf(mode, trace ?? NONE);
  if (carried === undefined && singles === undefined) return undefined;
  return new Headed(carried, singles ?? NONE);
}

const NONE: readonly string[] = [];

/** The names of a selection as an array: iterating over its map made an object for each name. */
let wanted: readonly ({ readonly name: string } & Carried)[] = [];
let listed: Selection | undefined;

function list(selection: Selection): void {
  wanted = Array.from(selection.names, ([name, carried]) => ({ name, ...carried }));
  listed = selection;
}

// What the application makes may fail; a request is worth more than a header.
function made(name: string, make: () => string): string | undefined {
  try {
    const value = make();
    if (typeof value === 'string' && isFieldValue(value)) return value;
    warnOnce(`made:${name}`, `${name} is left out: what was made is no header value`);
  } catch (error) {
    warnOnce(`made:${name}`, `${name} is left out: making it failed: ${String(error)}`);
  }
  return undefined;
}

/** Calls `fn`, and everything that it starts, within a context; undefined: within none. */
export function run<T>(context: Context | undefined, fn: () => T): T {
  return storage.run(context === undefined ? undefined : headed(context), fn);
}

/** The context that is being handled. */
export function current(): Context | undefined {
  return storage.getStore();
}

/** As `current`, for who fills in headers. */
export function currentHeaded(): Headed | undefined {
  return storage.getStore();
}

/** A context of the caller's own making, as this package makes them; credentials are left out. */
export function headed(context: Context): Headed {
  if (context instanceof Headed) return context;
  const trace: string[] = [];
  const singles: string[] = [];
  for (const [name, value] of context.headers) {
    const lower = name.toLowerCase();
    // A client would throw at what is no field, into the caller's face.
    if (isNeverForwarded(lower) || !isFieldName(lower) || !isFieldValue(value)) continue;
    (TRACE_SET.includes(lower) ? trace : singles).push(lower, value);
  }
  return new Headed(trace.length === 0 ? undefined : traceOf(settings().mode, trace), singles);
}

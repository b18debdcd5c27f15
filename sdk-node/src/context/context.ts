// context: the headers of the request that is being handled.

import type { AsyncLocalStorage } from 'node:async_hooks';
import { state } from '../core/state.js';
import { type Carrier, entriesOf } from '../headers/carrier.js';
import { caughtByPrefix } from '../headers/selection.js';
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
    const all = [...(this.trace?.forCall() ?? []), ...this.singles];
    for (let i = 0; i < all.length; i += 2) headers.set(all[i]!, all[i + 1]!);
    return headers;
  }
}

const storage = state.storage as AsyncLocalStorage<Headed | undefined>;

/**
 * The headers to carry on from an incoming request; undefined where there are none. Of a repeated
 * header in a list the first counts; node:http joins or drops the others before.
 */
export function extract(incoming: Carrier): Context | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of entriesOf(incoming)) headers[name] ??= value;
  return extractFrom(headers);
}

/** As `extract`, of an object with names in lower case as node:http and http2 make them. */
export function extractFrom(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Headed | undefined {
  const { enabled, selection, mode } = settings();
  if (!enabled) return undefined;
  let trace: string[] | undefined;
  let singles: string[] | undefined;
  for (const [name, { as, trace: traced }] of selection.names) {
    const value = headers[name];
    // An empty header says nothing, and an empty trace header breaks the next reader.
    if (value === undefined || value.length === 0) continue;
    if (traced) {
      trace ??= [];
      trace.push(as, String(value));
    } else {
      singles ??= [];
      singles.push(as, String(value));
    }
  }
  if (selection.prefixes.length > 0) {
    for (const name in headers) {
      if (!caughtByPrefix(selection.prefixes, name) || selection.names.has(name)) continue;
      const value = headers[name];
      if (value === undefined || value.length === 0) continue;
      singles ??= [];
      singles.push(name, String(value));
    }
  }
  for (const { name, make } of selection.made) {
    if (headers[name] !== undefined && headers[name].length > 0) continue;
    singles ??= [];
    singles.push(selection.names.get(name)?.as ?? name, make());
  }
  const carried =
    trace === undefined && mode !== 'participate' ? undefined : traceOf(mode, trace ?? NONE);
  if (carried === undefined && singles === undefined) return undefined;
  return new Headed(carried, singles ?? NONE);
}

const NONE: readonly string[] = [];

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

/** A context of the caller's own making, as this package makes them. */
export function headed(context: Context): Headed {
  return context instanceof Headed
    ? context
    : (extract(Object.fromEntries(context.headers)) as Headed);
}

// dispatch: how a call of undici's is given what it carries on: options that are copied, filled in, and
// marked, so that whoever they are handed on to does not decide again.

import { channel } from 'node:diagnostics_channel';
import { currentHeaded, type Headed } from './context.js';
import { fill, LIST, type Listing, listing, listingOf, skipConnect } from './outgoing.js';

/** On the options of a call: what was decided, for the dispatchers that they are handed on to. */
const DECIDED = Symbol.for('tagalong.decided.1');

interface Decision {
  /** The context of the call, however late and wherever it is tried again. */
  readonly context: Headed | undefined;
  /** For whom the headers were filled in; another one is decided anew. Undefined: not yet. */
  readonly origin: unknown;
  readonly authority: string | undefined;
  /** The names filled in, in lower case. */
  readonly added: readonly string[];
}

/** What is used of the options to `dispatch`. */
export interface Carrying {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly [DECIDED]?: Decision;
}

type Dispatch<O, H, R> = (this: object, options: O, handler: H) => R;

/**
 * Dispatches with the headers of the request that the call is made for. Filled in there, unless
 * somebody adds headers of his own to requests as they are made: then after him, where what he has
 * set can be seen. `original` is called as a method of `dispatcher`, once.
 */
export function dispatchCarrying<O extends Carrying, H, R>(
  original: Dispatch<O, H, R>,
  dispatcher: object,
  options: O,
  handler: H,
): R {
  const own = decided(options, dispatcher);
  if (!created.hasSubscribers) return original.call(dispatcher, own, handler);
  return dispatchLate(original, dispatcher, own, handler);
}

/** Where OpenTelemetry and its like add headers, whatever is there already. */
const created = channel('undici:request:create');

/** What is used of the requests that undici makes. */
interface Made {
  readonly method: unknown;
  /** Flat list, without Host. */
  readonly headers: unknown;
  addHeader(name: string, value: string): void;
}

/** The decision for the request that is being made: undici makes it within `dispatch`. */
let making: Decision | undefined;

function dispatchLate<O extends Carrying, H, R>(
  original: Dispatch<O, H, R>,
  dispatcher: object,
  options: O,
  handler: H,
): R {
  const outer = making;
  making = options?.[DECIDED];
  try {
    return original.call(dispatcher, options, handler);
  } finally {
    making = outer;
  }
}

function fillLate(message: unknown): void {
  const decision = making;
  making = undefined;
  if (decision?.context === undefined || decision.authority === undefined) return;
  if (decision.added.length > 0) return;
  try {
    const { request } = message as { request: Made };
    if (request.method === 'CONNECT' || !Array.isArray(request.headers)) return;
    const names = listing(request.headers);
    fill(decision.context, decision.authority, names, LIST);
    const { added } = names;
    for (let i = 0; i < added.length; i += 2) request.addHeader(added[i]!, added[i + 1]!);
  } catch {
    // Without them, or the rest of them, then.
  }
}

let late = false;

/** After those who are there already. */
function listenLate(): void {
  if (late) return;
  late = true;
  created.subscribe(fillLate);
}

/** Options to dispatch: a copy with headers and a mark, or the given ones where all is decided. */
export function decided<O extends Carrying>(options: O, dispatcher: object): O {
  try {
    if (options === null || typeof options !== 'object') return options;
    const before = options[DECIDED];
    if (before !== undefined) {
      if (before.context === undefined) return options;
      if (before.authority !== undefined && before.origin === options.origin) return options;
    }
    return decide(options, before, dispatcher);
  } catch {
    return options;
  }
}

function decide<O extends Carrying>(
  options: O,
  before: Decision | undefined,
  dispatcher: object,
): O {
  const context = before === undefined ? currentHeaded() : before.context;
  // Marked even so: a pool's queue is emptied in the context of another call.
  if (context === undefined) return copyOf(options, NOTHING, options.headers);
  const { origin, method } = options;
  if (method === 'CONNECT') {
    skipConnect(String(options.path ?? ''));
    return copyOf(options, NOTHING, options.headers);
  }
  let headers = collected(options.headers);
  let names = namesOf(headers);
  const authority = names.host ?? authorityOfOrigin(origin) ?? authorityOfDispatcher(dispatcher);
  if (authority === undefined) {
    return copyOf(options, { context, origin, authority, added: [] }, headers);
  }
  if (before !== undefined && before.added.length > 0) {
    // Of a name for an address (Host says it) or a proxy's: the same one.
    if (before.authority === authority) {
      return copyOf(options, { ...before, origin }, headers);
    }
    headers = without(headers, new Set(before.added));
    names = namesOf(headers);
  }
  if (created.hasSubscribers) {
    listenLate();
    return copyOf(options, { context, origin, authority, added: [] }, headers);
  }
  fill(context, authority, names, LIST);
  const { added } = names;
  const decision = { context, origin, authority, added: added.filter((_, i) => i % 2 === 0) };
  return copyOf(options, decision, added.length === 0 ? headers : withAdded(headers, added));
}

const NOTHING: Decision = { context: undefined, origin: undefined, authority: '', added: [] };

/**
 * Options are a literal nearly always. The mark first, then the rest: a symbol that is added to a
 * spread copy makes a dictionary of it on Node 20, and undici 7 µs slower.
 */
function copyOf<O extends Carrying>(options: O, decision: Decision, headers: unknown): O {
  const prototype = Object.getPrototypeOf(options);
  const isLiteral = prototype === Object.prototype || prototype === null;
  const copy: { headers?: unknown; [DECIDED]?: Decision } = Object.assign(
    { [DECIDED]: decision },
    isLiteral ? options : valuesOf(options),
  );
  if (headers !== options.headers) copy.headers = headers;
  copy[DECIDED] = decision;
  return copy as O;
}

/** All that an object of a class answers to: its getters may want that very object. */
function valuesOf(options: object): object {
  const values: Record<PropertyKey, unknown> = {};
  let at: object = options;
  for (;;) {
    const next: object | null = Object.getPrototypeOf(at);
    // Object.prototype, of whichever realm.
    if (next === null) return values;
    for (const key of Reflect.ownKeys(at)) {
      if (key === 'constructor' || Object.hasOwn(values, key)) continue;
      values[key] = (options as Record<PropertyKey, unknown>)[key];
    }
    at = next;
  }
}

/** Headers in a shape that can be read twice: an iterable of pairs becomes an object. */
function collected(headers: unknown): unknown {
  if (headers === null || typeof headers !== 'object' || Array.isArray(headers)) return headers;
  if (typeof (headers as Iterable<unknown>)[Symbol.iterator] !== 'function') return headers;
  const all: Record<string, unknown> = Object.create(null);
  for (const [name, value] of headers as Iterable<[string, unknown]>) {
    all[name] = all[name] === undefined ? value : [all[name], value].flat();
  }
  return all;
}

function namesOf(headers: unknown): Listing {
  return Array.isArray(headers)
    ? listing(headers)
    : listingOf((headers ?? {}) as Record<string, unknown>);
}

function withAdded(headers: unknown, added: readonly string[]): unknown {
  if (Array.isArray(headers)) return [...headers, ...added];
  const copy: Record<string, unknown> = Object.assign({}, headers);
  for (let i = 0; i < added.length; i += 2) copy[added[i]!] = added[i + 1]!;
  return copy;
}

function without(headers: unknown, names: ReadonlySet<string>): unknown {
  if (Array.isArray(headers)) {
    return headers.filter((_, i) => !names.has(String(headers[i - (i % 2)]).toLowerCase()));
  }
  return Object.fromEntries(
    Object.entries((headers ?? {}) as Record<string, unknown>).filter(
      ([name]) => !names.has(name.toLowerCase()),
    ),
  );
}

function authorityOfOrigin(origin: unknown): string | undefined {
  if (origin === undefined || origin === null || origin === '') return undefined;
  if (typeof origin === 'object') {
    const { host, hostname } = origin as { host?: unknown; hostname?: unknown };
    const given = host ?? hostname;
    return typeof given === 'string' && given !== '' ? given : undefined;
  }
  const known = hosts.get(origin as string);
  if (known !== undefined) return known;
  const { host } = new URL(String(origin));
  if (hosts.size >= HOSTS_MAX) hosts.clear();
  hosts.set(origin as string, host);
  return host;
}

/** Origins whose host is kept: parsing one takes longer than all else that is done for a call. */
const HOSTS_MAX = 256;
const hosts = new Map<string, string>();

/** The origin of a Client or Pool, which undici keeps under a symbol. */
function authorityOfDispatcher(dispatcher: object): string | undefined {
  let known = origins.get(dispatcher);
  if (known === undefined) {
    const key = Object.getOwnPropertySymbols(dispatcher).find((one) => one.description === 'url');
    const url = key === undefined ? undefined : (dispatcher as Record<symbol, unknown>)[key];
    known = authorityOfOrigin(url) ?? '';
    origins.set(dispatcher, known);
  }
  return known === '' ? undefined : known;
}

const origins = new WeakMap<object, string>();

// undici: what fetch and undici send carries the headers of the request that it is made for.
// Decided in `dispatch`, where a call still is in its own context: a bounded pool sends it later,
// in the context of whoever gave a connection back. Filled in there too, unless somebody adds headers
// of his own to requests as they are made: then after him, where what he has set can be seen.

import { channel } from 'node:diagnostics_channel';
import { currentHeaded, type Headed } from '../context/context.js';
import { fill, LIST, type Listing, listing, listingOf, skipConnect } from '../context/outgoing.js';
import { passFor } from './http.js';
import { exported, type Wanted } from './modules.js';

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

interface Options {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly [DECIDED]?: Decision;
}

type Dispatch = (this: object, options: Options, handler: unknown) => unknown;
type Interceptor = (dispatch: Dispatch) => Dispatch;

interface Dispatcher {
  dispatch: Dispatch;
  compose(this: Dispatcher, ...interceptors: unknown[]): unknown;
}

const patched = new WeakSet<object>();

/** Patches what a dispatcher inherits, its siblings' too; false: it is none of undici's. */
function patchDispatcher(dispatcher: object | undefined): boolean {
  const { dispatch, compose, close, destroy } = (dispatcher ?? {}) as Partial<
    Record<string, unknown>
  >;
  if (![dispatch, compose, close, destroy].every((one) => typeof one === 'function')) return false;
  for (let at = dispatcher; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    if (patched.has(at)) continue;
    patched.add(at);
    if (Object.hasOwn(at, 'dispatch')) patchDispatch(at as Dispatcher);
    if (Object.hasOwn(at, 'compose')) patchCompose(at as Dispatcher);
  }
  return true;
}

function patchDispatch(prototype: Dispatcher): void {
  const original = prototype.dispatch;
  prototype.dispatch = passFor(
    function dispatch(this: object, options, handler) {
      const own = decided(options, this);
      if (!created.hasSubscribers) return original.call(this, own, handler);
      return dispatchLate(original, this, own, handler);
    } as Dispatch,
    original,
  );
}

// Interceptors that retry or redirect call again from a socket's context: the last interceptor is
// the first to be called, and decides before them.
function patchCompose(prototype: Dispatcher): void {
  const original = prototype.compose;
  prototype.compose = passFor(function compose(this: Dispatcher, ...args: unknown[]) {
    const given = (Array.isArray(args[0]) ? args[0] : args) as Interceptor[];
    const first: Interceptor = (dispatch) => (options, handler) =>
      dispatch.call(this, decided(options, this), handler);
    return original.call(this, ...given, first);
  }, original);
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

function dispatchLate(
  original: Dispatch,
  dispatcher: object,
  options: Options,
  handler: unknown,
): unknown {
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
function decided(options: Options, dispatcher: object): Options {
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

function decide(options: Options, before: Decision | undefined, dispatcher: object): Options {
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
function copyOf(options: Options, decision: Decision, headers: unknown): Options {
  const prototype = Object.getPrototypeOf(options);
  const isLiteral = prototype === Object.prototype || prototype === null;
  const copy: { headers?: unknown; [DECIDED]?: Decision } = Object.assign(
    { [DECIDED]: decision },
    isLiteral ? options : valuesOf(options),
  );
  if (headers !== options.headers) copy.headers = headers;
  copy[DECIDED] = decision;
  return copy;
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

const FILES = ['dispatcher-base', 'dispatcher', 'retry-agent', 'proxy-agent'];

/** undici from npm, any copy. */
export const UNDICI: readonly Wanted[] = FILES.map((file) => ({
  library: 'undici',
  file: `lib/dispatcher/${file}`,
  patch(exports) {
    const prototype = exported(exports, 'prototype') as object | undefined;
    if (!patchDispatcher(prototype)) return false;
    // It uses the dispatcher that another undici has set, be it Node's own.
    patchGlobals();
    return true;
  },
}));

const GLOBALS = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
] as const;

interface Scope {
  fetch: (this: unknown, ...args: unknown[]) => unknown;
  Headers: unknown;
  [key: symbol]: object | undefined;
}
const scope = globalThis as unknown as Scope;

function patchGlobals(): void {
  for (const key of GLOBALS) patchDispatcher(scope[key]);
}

/**
 * The undici within Node, which is loaded when first used: 13 to 24 ms that nobody else pays. For
 * the same reason WebSocket, whose descriptor alone loads it, is left as it is.
 */
export function installFetch(): void {
  const original = scope.fetch;
  if (typeof original !== 'function') return;
  let prepared = false;
  scope.fetch = passFor(function fetch(this: unknown, ...args: unknown[]) {
    if (!prepared) {
      prepared = true;
      // Loads it, which sets its dispatchers.
      void scope.Headers;
      patchGlobals();
    }
    return original.apply(this, args);
  }, original);
}

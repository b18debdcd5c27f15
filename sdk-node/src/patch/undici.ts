// undici: what fetch and undici send carries the headers of the request that it is made for.
// Decided in `dispatch`, where a call still is in its own context: a bounded pool sends it later,
// in the context of whoever gave a connection back.

import { type Carrying, decided, dispatchCarrying } from '../context/dispatch.js';
import { passFor } from './http.js';
import { exported, type Wanted } from './modules.js';

type Dispatch = (this: object, options: Carrying, handler: unknown) => unknown;
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
      return dispatchCarrying(original, this, options, handler);
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

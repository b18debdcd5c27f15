// dispatchers: for each hop with an address of its own, a pool of connections. Made of the undici
// that is there already: the built-in one, else the application's.

import { TagalongError } from '../core/errors.js';
import { split } from '../core/place.js';
import { once } from '../core/state.js';
import { connectWay } from './connector.js';
import type { Target, Way } from './way.js';

export interface DispatchOptions {
  readonly origin?: unknown;
  readonly path?: unknown;
  readonly method?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly upgrade?: unknown;
}

/** How a dispatcher calls its handlers: `onConnect`, … or `onRequestStart`, … */
export type Style = 'old' | 'new';

export type Dispatch = (options: DispatchOptions, handler: object) => boolean;

export interface HopDispatcher {
  readonly dispatch: Dispatch;
  readonly style: Style;
}

interface Dispatcher {
  dispatch: Dispatch;
  close(): unknown;
}
type AgentClass = new (options: object) => Dispatcher;

/** Pools kept: of a hop and, for direct ones, an authority. */
const POOLS_MAX = 256;

/** Each `tls` has pools of its own; it is told apart by identity. */
function numberOf(tls: object | undefined): number {
  if (tls === undefined) return 0;
  const known = once('tls-numbers', () => ({ numbers: new WeakMap<object, number>(), count: 0 }));
  const { numbers } = known;
  if (!numbers.has(tls)) numbers.set(tls, ++known.count);
  return numbers.get(tls)!;
}

const NEW = Symbol.for('undici.globalDispatcher.2');
const OLD = Symbol.for('undici.globalDispatcher.1');

/** The pool of a way; made at the first call. */
export function dispatcherOf(way: Way, target: Target): HopDispatcher {
  const pools = once<Map<string, HopDispatcher & { agent: Dispatcher }>>(
    'dispatchers',
    () => new Map(),
  );
  const key = `${way.key} ${target.secure} ${numberOf(way.tls)}`;
  const known = pools.get(key);
  if (known !== undefined) return known;
  const { Agent, style } = agentClass();
  if (pools.size >= POOLS_MAX) {
    const [oldest, { agent }] = pools.entries().next().value!;
    pools.delete(oldest);
    // Calls under way end; then its connections are closed.
    void Promise.resolve(agent.close()).catch(() => {});
  }
  const agent = new Agent({ connect: connectorOf(way) });
  const pool = {
    dispatch: (options: DispatchOptions, handler: object) => agent.dispatch(options, handler),
    style,
    agent,
  };
  pools.set(key, pool);
  return pool;
}

interface ConnectOptions {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
}

function connectorOf(way: Way) {
  return (
    { hostname, protocol, port }: ConnectOptions,
    callback: (error: Error | null, socket: unknown) => void,
  ) => {
    const secure = protocol === 'https:';
    const { host } = split(hostname, 0);
    const target = {
      authority: hostname,
      host: hostname.includes(':') && !hostname.startsWith('[') ? hostname : host,
      port: Number(port) || (secure ? 443 : 80),
      secure,
    };
    connectWay(way, target, SOCKET, 'http/1.1', (error, socket) => {
      if (error === null) socket?.setKeepAlive(true, KEEP_ALIVE_PROBE_MS).setNoDelay(true);
      callback(error, socket ?? null);
    });
  };
}

/** As undici's own connections. */
const SOCKET = { highWaterMark: 64 * 1024 };
const KEEP_ALIVE_PROBE_MS = 60_000;

/** The global dispatcher, for calls that an intercepting sidecar takes. */
export function globalDispatch(style: Style): Dispatch {
  touch();
  const globals = globalThis as { [NEW]?: Dispatcher; [OLD]?: Dispatcher };
  const dispatcher =
    style === 'new' ? (globals[NEW] ?? globals[OLD]) : (globals[OLD] ?? globals[NEW]);
  if (dispatcher === undefined) throw noUndici();
  return (options, handler) => dispatcher.dispatch(options, handler);
}

// What is under `.2` takes new handlers, whichever version; what is under `.1` takes old ones.
function agentClass(): { Agent: AgentClass; style: Style } {
  touch();
  for (const [symbol, style] of [
    [NEW, 'new'],
    [OLD, 'old'],
  ] as const) {
    const dispatcher = (globalThis as Record<symbol, unknown>)[symbol];
    const found = agentAmong(dispatcher) ?? agentIn(dispatcher);
    if (found !== undefined) return { Agent: found, style };
  }
  try {
    const { Agent } = require('undici') as { Agent: AgentClass };
    const { version } = require('undici/package.json') as { version: string };
    return { Agent, style: Number.parseInt(version, 10) >= 7 ? 'new' : 'old' };
  } catch (cause) {
    throw noUndici(cause);
  }
}

/** The class Agent of a dispatcher, or that it extends; undefined: it is a mock, a proxy's, … */
function agentAmong(dispatcher: unknown): AgentClass | undefined {
  for (
    let at = dispatcher ? Object.getPrototypeOf(dispatcher) : null;
    at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    if (at.constructor?.name === 'Agent') return at.constructor;
  }
  return undefined;
}

/** Of an agent that a dispatcher has: with NODE_USE_ENV_PROXY, for what goes past the proxy. */
function agentIn(dispatcher: unknown): AgentClass | undefined {
  if (typeof dispatcher !== 'object' || dispatcher === null) return undefined;
  for (const symbol of Object.getOwnPropertySymbols(dispatcher)) {
    const value = (dispatcher as Record<symbol, unknown>)[symbol];
    const found = typeof value === 'object' ? agentAmong(value) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Loads the built-in undici, which puts its dispatcher there. */
function touch(): void {
  void globalThis.Headers;
  if ((globalThis as Record<symbol, unknown>)[OLD] === undefined)
    void new globalThis.Request('http://x');
}

function noUndici(cause?: unknown): TagalongError {
  return new TagalongError(
    'TAGALONG_CONFIG',
    'A pool of connections for a hop cannot be made: the global dispatcher was replaced by one that is no Agent. Install undici beside the application (npm install undici).',
    { cause },
  );
}

// tune: what a server behind a sidecar does otherwise than one without.
// Keep-alive: Envoy keeps idle connections for an hour, Node for 5 s; a request that meets the
// closing of its connection is answered 503 UC. So Node is to keep them longer. `headersTimeout`
// and `requestTimeout` are left alone: they count from the first byte of a request.
// Close on drain: connections that Envoy leaves anyway are not left to their next request.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session } from 'node:http2';
import type { Server } from 'node:net';
import { TagalongError } from '../core/errors.js';
import { once } from '../core/state.js';
import { milliseconds } from '../options/options.js';
import { life } from './life.js';

export interface TuneOptions {
  /**
   * How long the proxy keeps an idle connection; default 3,600,000, as Envoy's `idle_timeout`. The
   * server's `keepAliveTimeout` is made 10 s longer.
   */
  proxyIdleMs?: number;
}

const PROXY_IDLE_MS = 3_600_000;
/** The two clocks of a connection do not start together: the proxy's starts when it has read. */
const MARGIN_MS = 10_000;
/** What `keepAliveTimeout` is where nobody set it: today's, and the one that Node's main line has. */
const DEFAULTS_MS: readonly unknown[] = [5_000, 65_000];

/** What is used of a server of node:http, https or http2. */
interface Tunable extends Server {
  keepAliveTimeout?: number;
  updateSettings?: unknown;
}

/** What the process has once: servers come from any copy of this package. */
const drain = once('drain', () => ({
  tuned: new WeakSet<object>(),
  /** Open HTTP/2 sessions of servers that were met. */
  sessions: new Map<Http2Session, Server>(),
  watched: false,
}));

/**
 * Prepares a server of node:http, https or http2 for a life behind Envoy: keeps idle connections
 * longer than the proxy does, and closes connections (`connection: close`, GOAWAY) after the request
 * at hand while the sidecar is draining. What the server has that is longer, or 0 (for ever),
 * stays; what is set later wins. Returns the server.
 * @throws TagalongError TAGALONG_CONFIG: `proxyIdleMs` is no number of milliseconds
 */
export function tuneServer<S extends Server>(
  server: S,
  { proxyIdleMs = PROXY_IDLE_MS }: TuneOptions = {},
): S {
  try {
    keepLonger(server, milliseconds(proxyIdleMs) + MARGIN_MS);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TagalongError('TAGALONG_CONFIG', `tuneServer: ${error.message}`, { cause: error });
  }
  closeOnDrain(server);
  return server;
}

/** Is it a server of HTTP? */
export function isTunable(server: Tunable): boolean {
  return server.keepAliveTimeout !== undefined || server.updateSettings !== undefined;
}

/** As `tuneServer`, unless somebody has set `keepAliveTimeout`. */
export function tuneDefault(server: Tunable): void {
  if (drain.tuned.has(server)) return;
  if (DEFAULTS_MS.includes(server.keepAliveTimeout)) keepLonger(server, PROXY_IDLE_MS + MARGIN_MS);
  closeOnDrain(server);
}

/**
 * A server that is closed waits for the connections whose requests were under way, each until its
 * keep-alive is over: from then on the time is what it was, so that a process ends when it did.
 */
function keepLonger(server: Tunable, ms: number): void {
  const own = server.keepAliveTimeout;
  // Undefined: HTTP/2, where sessions have no idle timeout.
  if (own === undefined || own === 0 || own >= ms) return;
  let listened = server.listening;
  if (!listened) {
    server.once('listening', () => {
      listened = true;
    });
  }
  Object.defineProperty(server, 'keepAliveTimeout', {
    get: () => (listened && !server.listening ? own : ms),
    set: (value) => {
      const plain = { value, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(server, 'keepAliveTimeout', plain);
    },
    enumerable: true,
    configurable: true,
  });
}

function closeOnDrain(server: Server): void {
  drain.tuned.add(server);
  meetSessions(server);
  if (drain.watched) return;
  drain.watched = true;
  const sidecar = life();
  sidecar.watch((to, from) => {
    if (to === 'draining') startDrain();
    else if (from === 'draining') unsubscribe(HTTP1_REQUEST, onRequest);
  });
  if (sidecar.state === 'draining') startDrain();
}

/** Published by node:http for each request, while somebody listens. */
const HTTP1_REQUEST = 'http.server.request.start';

function startDrain(): void {
  subscribe(HTTP1_REQUEST, onRequest);
  for (const [session, server] of drain.sessions) if (drain.tuned.has(server)) session.close();
}

function onRequest(message: unknown): void {
  const { server, response } = message as { server: object; response: object };
  if (drain.tuned.has(server)) Object.assign(response, { shouldKeepAlive: false });
}

const met = new WeakSet<object>();

/** Has the sessions of an HTTP/2 server from now on known; another server has none. */
export function meetSessions(server: Tunable): void {
  if (server.updateSettings === undefined || met.has(server)) return;
  met.add(server);
  server.on('session', (session: Http2Session) => {
    drain.sessions.set(session, server);
    session.once('close', () => drain.sessions.delete(session));
    // Opened while draining: one request, else who cannot help coming here would be turned away.
    session.once('stream', () => {
      if (drain.tuned.has(server) && life().state === 'draining') session.close();
    });
  });
}

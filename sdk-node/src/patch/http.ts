// http: what clients of node:http and https send carries the headers of the request that it is
// made for. Filled in where Node writes the head: all shapes of options end there, and what the
// caller sets until then counts as the caller's.

import type { ClientRequest } from 'node:http';
import { CONTEXT } from '../context/bind.js';
import { currentHeaded, type Headed } from '../context/context.js';
import { type Fields, fill, LIST, listing, skipConnect } from '../context/outgoing.js';
import { warnOnce } from '../core/warn.js';

interface Outgoing extends ClientRequest {
  /** What was current when the request was made; null: nothing. */
  [CONTEXT]?: Headed | null;
  /** Node's own: turns headers into the head. */
  _storeHeader(firstLine: string, headers: unknown): void;
}

type Request = (this: unknown, ...args: unknown[]) => Outgoing;

export function installHttpClients(): void {
  const http = process.getBuiltinModule('node:http');
  const https = process.getBuiltinModule('node:https');
  const { ClientRequest } = http;
  const prototype = ClientRequest.prototype as Outgoing;
  const atHead = typeof prototype._storeHeader === 'function';
  // `get` needs no wrapping: it writes the head before it returns.
  for (const module of [http, https] as unknown as { request: Request }[]) {
    const original = module.request;
    const request: Request = function request(...args) {
      const made = original.apply(this, args);
      // Somebody's stub of it.
      if (!(made instanceof ClientRequest)) return made;
      if (atHead) made[CONTEXT] = currentHeaded() ?? null;
      else fillEarly(made, currentHeaded());
      return made;
    };
    module.request = passFor(request, original);
  }
  if (atHead) {
    const original = prototype._storeHeader;
    prototype._storeHeader = function _storeHeader(this: Outgoing, firstLine, headers) {
      const made = this[CONTEXT];
      // Undefined: in the constructor still, or made by `get` or `new ClientRequest`.
      const context = made === undefined ? currentHeaded() : made;
      if (context === undefined || context === null) return original.call(this, firstLine, headers);
      return original.call(this, firstLine, filled(this, context, headers));
    };
  } else {
    warnOnce(
      'http:early',
      'This Node writes headers in a way that is not known here: calls through node:http with an array of headers carry nothing.',
    );
  }
}

/** A function that looks like the one it stands for. */
export function passFor<F extends object>(wrapper: F, original: object): F {
  for (const key of ['name', 'length'] as const) {
    const value = (original as unknown as Record<string, unknown>)[key];
    Object.defineProperty(wrapper, key, { value, configurable: true });
  }
  return wrapper;
}

const REQUEST: Fields<Outgoing> = {
  has: (request, name) => request.hasHeader(name),
  set(request, name, value) {
    try {
      request.setHeader(name, value);
    } catch {
      // Node judges by another rule than ours: without it, then.
    }
  },
};

// Before the head is written: a header that the caller sets later replaces ours.
function fillEarly(request: Outgoing, context: Headed | undefined): void {
  if (context === undefined || request.headersSent) return;
  filled(request, context, {});
}

/** The headers to write; lists of the caller's are copied, never changed. */
function filled(request: Outgoing, context: Headed, headers: unknown): unknown {
  try {
    if (request.method === 'CONNECT') {
      skipConnect(request.path);
      return headers;
    }
    if (headers !== null && typeof headers === 'object' && !Array.isArray(headers)) {
      fill(context, authorityOfRequest(request, request.getHeader('host')), request, REQUEST);
      return headers;
    }
    const flat = (headers ?? []) as unknown[];
    const paired = Array.isArray(flat[0]);
    const names = listing(paired ? flat.flat(1) : flat);
    fill(context, authorityOfRequest(request, names.host), names, LIST);
    const { added } = names;
    if (added.length === 0) return headers;
    return [...flat, ...(paired ? pairsOf(added) : added)];
  } catch {
    return headers;
  }
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

/** RFC 9112, 3.2.2: an absolute target wins over Host. */
function authorityOfRequest(request: Outgoing, host: unknown): string {
  const absolute = request.path.startsWith('/') ? null : ABSOLUTE.exec(request.path);
  if (absolute !== null) return absolute[1] ?? '';
  if (host === undefined) return request.host;
  return String(Array.isArray(host) ? host[0] : host);
}

function pairsOf(flat: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
  return pairs;
}

// http2: calls of node:http2 sessions carry the headers of the request that they are made for.
// Sessions of grpc-js, undici and http2-wrapper are left to their own patches: those libraries
// call `request` in the context of whichever call opened the session or freed a place in it.

import type { ClientHttp2Session } from 'node:http2';
import { currentHeaded, type Headed } from '../context/context.js';
import { fill, LIST, type Listing, listing, listingOf, skipConnect } from '../context/outgoing.js';
import { passFor } from './http.js';
import { exported, type Wanted } from './modules.js';

const AUTHORITY = Symbol.for('tagalong.authority.1');
const OWNED = Symbol.for('tagalong.owned.1');

interface Session extends ClientHttp2Session {
  /** Of the URL that it was opened with. */
  [AUTHORITY]?: string;
  /** Is it a client library's own? Undefined: not looked at yet. */
  [OWNED]?: boolean;
}

type Request = (this: Session, headers?: unknown, ...rest: unknown[]) => unknown;

export function installHttp2Clients(): void {
  const http2 = process.getBuiltinModule('node:http2') as unknown as {
    connect(this: unknown, ...args: unknown[]): Session;
  };
  const original = http2.connect;
  let patched = false;
  http2.connect = passFor(function connect(this: unknown, ...args: unknown[]): Session {
    const session = original.apply(this, args);
    session[AUTHORITY] = authorityOfUrl(args[0], args[1]);
    if (!patched) {
      // Its class is not exported.
      patched = true;
      patchRequest(Object.getPrototypeOf(session) as { request: Request });
    }
    return session;
  }, original);
}

function patchRequest(prototype: { request: Request }): void {
  const original = prototype.request;
  prototype.request = passFor(
    function request(this: Session, headers, ...rest) {
      const context = currentHeaded();
      if (context === undefined || isOwned(this)) return original.call(this, headers, ...rest);
      return original.call(this, filled(context, headers, this[AUTHORITY]), ...rest);
    } as Request,
    original,
  );
}

/** Descriptions of the properties by which undici and http2-wrapper know sessions of theirs. */
const MARKS = new Set(['open streams', 'currentStreamCount']);

function isOwned(session: Session): boolean {
  session[OWNED] ??= Object.getOwnPropertySymbols(session).some((key) =>
    MARKS.has(key.description ?? ''),
  );
  return session[OWNED];
}

/** A copy of the headers of a call, of the same shape, with what the context carries. */
function filled(context: Headed, headers: unknown, authority: string | undefined): unknown {
  try {
    if (Array.isArray(headers)) {
      const names = listing(headers);
      if (!fillStream(context, names, headers[headers.indexOf(':method') + 1], authority)) {
        return headers;
      }
      return [...headers, ...names.added];
    }
    // Not ours to tell what is wrong with it: a copy would be right.
    if (typeof (headers ?? {}) !== 'object') return headers;
    const given = (headers ?? {}) as Record<string, unknown>;
    const names = listingOf(given);
    if (/(^|\s)grpc-node-js\//.test(String(given['user-agent'] ?? ''))) return headers;
    if (!fillStream(context, names, given[':method'], authority)) return headers;
    const copy = { ...given };
    for (let i = 0; i < names.added.length; i += 2) copy[names.added[i]!] = names.added[i + 1]!;
    return copy;
  } catch {
    return headers;
  }
}

/** Is there anything to add? */
function fillStream(
  context: Headed,
  names: Listing,
  method: unknown,
  ofSession: string | undefined,
): boolean {
  const authority = names.host ?? ofSession ?? '';
  if (method === 'CONNECT') {
    skipConnect(authority);
    return false;
  }
  fill(context, authority, names, LIST);
  return names.added.length > 0;
}

function authorityOfUrl(to: unknown, options: unknown): string {
  try {
    if (typeof to === 'string') return new URL(to).host;
    if (to instanceof URL) return to.host;
  } catch {
    // Node has taken it, so it's one of the other forms.
  }
  for (const one of [to, options] as { hostname?: unknown; host?: unknown }[]) {
    const host = one?.hostname ?? one?.host;
    if (typeof host === 'string' && host !== '') return host;
  }
  return 'localhost';
}

interface Wrapper {
  request(
    this: unknown,
    origin: unknown,
    options: unknown,
    headers: unknown,
    more: unknown,
  ): unknown;
  getSession: unknown;
}

/** http2-wrapper, which got uses: a call may wait for a session that another opens. */
export const HTTP2_WRAPPER: Wanted = {
  library: 'http2-wrapper',
  file: 'source/agent',
  patch(exports) {
    const agent = exported(exports, 'Agent') as { prototype?: Wrapper } | undefined;
    const prototype = agent?.prototype;
    if (typeof prototype?.getSession !== 'function') return false;
    if (patchedAgents.has(prototype)) return true;
    patchedAgents.add(prototype);
    const original = prototype.request;
    prototype.request = passFor(function request(
      this: unknown,
      origin: unknown,
      options: unknown,
      headers: unknown,
      more: unknown,
    ) {
      const context = currentHeaded();
      const own =
        context === undefined ? headers : filled(context, headers, authorityOfUrl(origin, options));
      return original.call(this, origin, options, own, more);
    }, original);
    return true;
  },
};

const patchedAgents = new WeakSet<object>();

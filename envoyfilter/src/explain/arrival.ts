// arrival: a request as Envoy shows it to its first filter. Envoy names the client in
// x-forwarded-for at a gateway, believes that header inside the mesh, and gives every request an
// x-request-id before filters run.

import { HeaderMap } from '../host/index.js';
import type { Direction } from '../policy/policy.js';
import { forwardedEntries, sourceAddress } from './address.js';
import { toBytes } from './bytes.js';

/** A request as a user writes it. */
export interface ExplainRequest {
  /** Where it is seen; `sidecar`: inbound, and then the call that the application makes. */
  readonly at: Direction | 'sidecar';
  /** Default GET. */
  readonly method?: string;
  /** With its query; default `/`. */
  readonly path?: string;
  /** Default the header `host`, else `localhost`. */
  readonly authority?: string;
  /** Text, sent as UTF-8. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** As Envoy derived it; default the last entry of x-forwarded-for inside the mesh, 192.0.2.1. */
  readonly sourceAddress?: string;
  /** Virtual time since the explainer was made; default: that of the request before. */
  readonly nowMs?: number;
  /** Chooses what is random in it; default: another for each request. */
  readonly seed?: number;
  /** At `sidecar`: the headers that the application gives to its own call; default x-request-id. */
  readonly forwards?: readonly string[];
}

export interface Arrival {
  readonly headers: HeaderMap;
  readonly source: string;
}

/** TEST-NET-1, which nobody has. */
const NOBODY = '192.0.2.1';

/** @param requestId makes one where the request has none */
export function arrivalOf(
  request: ExplainRequest,
  at: Direction,
  requestId: () => string,
): Arrival {
  const sent = (request.headers ?? []).map(([name, value]) => [name.toLowerCase(), value] as const);
  const find = (name: string) => sent.filter(([other]) => other === name).map(([, value]) => value);
  const [host = 'localhost'] = [...find(':authority'), ...find('host')];
  const forwardedFor = find('x-forwarded-for');
  const last = forwardedEntries(forwardedFor).at(-1);
  const believed = at === 'gateway' || last === '' ? undefined : last;
  const source = sourceAddress(request.sourceAddress ?? believed ?? NOBODY);
  const chain = [...forwardedFor, source.replace(/^\[?(.*?)\]?:\d+$/, '$1')];
  const headers = HeaderMap.fromRequest([
    [':authority', toBytes(request.authority ?? host)],
    [':path', toBytes(request.path ?? '/')],
    [':method', request.method ?? 'GET'],
    [':scheme', 'http'],
    ...sent
      .filter(([name]) => !name.startsWith(':') && name !== 'host')
      .filter(([name]) => name !== 'x-forwarded-for' || at !== 'gateway')
      .map(([name, value]) => [toBytes(name), toBytes(value)] as const),
    ...(at === 'gateway' ? [['x-forwarded-for', chain.join(',')] as const] : []),
  ]);
  if (!headers.has('x-request-id')) headers.add('x-request-id', requestId());
  return { headers, source };
}

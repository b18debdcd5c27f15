// arrival: a request as Envoy shows it to its first filter. Envoy names the client in
// x-forwarded-for at a gateway, believes that header inside the mesh, and gives every request an
// x-request-id before filters run; at a gateway it takes away what only the mesh may say, a client's
// x-request-id among it (measured on Envoy 1.40, whose edge takes no client for a part of the mesh).

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

/** Not believed at a gateway. */
const OF_THE_MESH: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-url',
  'x-envoy-retry-on',
  'x-envoy-upstream-rq-timeout-ms',
]);

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
  const peer = source.replace(/^\[?(.*?)\]?:\d+$/, '$1');
  const chain = [...forwardedFor, peer];
  const headers = HeaderMap.fromRequest([
    [':authority', toBytes(request.authority ?? host)],
    [':path', toBytes(request.path ?? '/')],
    [':method', request.method ?? 'GET'],
    [':scheme', 'http'],
    ...sent
      .filter(([name]) => !name.startsWith(':') && name !== 'host')
      .filter(
        ([name]) => at !== 'gateway' || !(name === 'x-forwarded-for' || OF_THE_MESH.has(name)),
      )
      .map(([name, value]) => [toBytes(name), toBytes(trimmed(value))] as const),
    ...(at === 'gateway'
      ? [['x-forwarded-for', chain.join(',')] as const, ['x-envoy-external-address', peer] as const]
      : []),
  ]);
  if (!headers.has('x-request-id')) headers.add('x-request-id', requestId());
  return { headers, source };
}

/** Blanks around a value are none of it. */
function trimmed(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}

// probe: a guest, the requests through it, and what must be seen: the same on this host and in a
// real Envoy. What is seen of a probe is the lines its guest logs and the answers its clients get.

import type { Request } from '../../harness/client.js';
import type { Guest } from './wat.js';

export interface Probe {
  readonly guest: Guest;
  /** Default closed. */
  readonly policy?: 'closed' | 'open' | 'reload';
  readonly capabilities?: readonly string[];
  /** Delivered by config discovery, for what would keep a static listener from starting. */
  readonly discovered?: true;
  /** Default: one GET of `/`. */
  readonly requests?: readonly ProbeRequest[];
}

export interface ProbeRequest extends Omit<Request, 'port'> {
  /** To wait before it is sent. */
  readonly afterMs?: number;
}

/** What a host made of a probe. */
export interface Seen {
  /** `LABEL=VALUE; LABEL=VALUE; …` in the order that the guest logged them. */
  readonly lines: string;
  /** One for each request: `upstreamText`, `replyText`, HANGS or RESET. */
  readonly answers: readonly string[];
}

export const CONFIGURATION = 'the configuration';
export const VM_CONFIGURATION = 'vm config';

/** The answer where the client waits and nothing comes. */
export const HANGS = 'hangs';
/** The answer where the connection ends instead. */
export const RESET = 'reset';

type Pairs = readonly (readonly [name: string, value: string])[];

/** What proxies and codecs add by themselves, on one side or the other. */
const IGNORED = new Set([
  'connection',
  'date',
  'host',
  'keep-alive',
  'server',
  'transfer-encoding',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-upstream-service-time',
  'x-forwarded-proto',
  'x-request-id',
]);

function pairsText(pairs: Pairs, ignored: readonly string[] = []): string {
  return pairs
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !name.startsWith(':') && !IGNORED.has(name) && !ignored.includes(name))
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
}

/** An answer of the upstream: `200 > FORWARDED HEADERS < RESPONSE HEADERS`. */
export function upstreamText(status: number, forwarded: Pairs, response: Pairs): string {
  // The upstream's own, of which this host knows nothing.
  const own = ['content-type', 'content-length'];
  return `${status} >${pairsText(forwarded)} <${pairsText(response, own)}`;
}

/** A local reply: `reply 429 HEADERS | BODY`. */
export function replyText(status: number, headers: Pairs, body: string): string {
  // An HTTP/1 codec says 0 where a gRPC reply says nothing.
  const told = headers.filter(([name, value]) => name !== 'content-length' || value !== '0');
  return `reply ${status}${pairsText(told)}${body === '' ? '' : ` | ${body}`}`;
}

// variants: the clients, what may carry headers on for them, and what each of these carries.

import { PROCESSES } from './worker.js';

/** HTTP clients and gRPC, as they come with Node or from npm. */
export const CLIENTS = ['http', 'fetch', 'undici', 'grpc'] as const;
export type Client = (typeof CLIENTS)[number];

/** What the incoming requests of a case have: the headers of a trace and a tag, or none of them. */
export const CARRIES = ['headers', 'nothing'] as const;
export type Carry = (typeof CARRIES)[number];

/** B3 and W3C name the same trace, so that whoever reads one of them sends both. */
export const HEADERS = {
  'x-request-id': '4fd0b4b5-2b9c-9d2c-8a3e-0b6bd4a1b8a0',
  'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
  'x-b3-spanid': 'a2fb4a1d1a96d312',
  'x-b3-sampled': '1',
  traceparent: '00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-01',
  'x-traffic-tag': 'canary',
} as const;
export type HeaderName = keyof typeof HEADERS;
export const HEADER_NAMES = Object.keys(HEADERS) as HeaderName[];

const TRACE = HEADER_NAMES.filter((name) => name === 'traceparent' || name.startsWith('x-b3-'));

export interface SdkVariant {
  readonly name: string;
  /** For Node, before the script. */
  readonly nodeArgs: readonly string[];
  /**
   * Client → the headers that a call has if its request had them; none of the others. A client that
   * is not here is not measured: what does not do the job has no price.
   */
  readonly carried: Partial<Readonly<Record<Client, readonly HeaderName[]>>>;
  /** Calls go through the client of ours, with a route, as retries and breakers want it. */
  readonly routed?: boolean;
}

const REGISTER = ['--import', '@tagalong/node/register'];

function byAll(names: readonly HeaderName[]): Record<Client, readonly HeaderName[]> {
  return { http: names, fetch: names, undici: names, grpc: names };
}

/** The first is what the others are measured against. */
export const SDK_VARIANTS: readonly SdkVariant[] = [
  { name: 'bare', nodeArgs: [], carried: byAll([]) },
  { name: 'bare again', nodeArgs: [], carried: byAll([]) },
  { name: 'tagalong', nodeArgs: REGISTER, carried: byAll(HEADER_NAMES) },
  { name: 'tagalong', nodeArgs: REGISTER, carried: byAll(HEADER_NAMES), routed: true },
  { name: 'otel', nodeArgs: ['--require', `${PROCESSES}otel.cjs`], carried: byAll(TRACE) },
  {
    name: 'hpropagate',
    nodeArgs: ['--require', `${PROCESSES}hpropagate.cjs`],
    // It knows the clients that end in node:http's `request`.
    carried: { http: HEADER_NAMES },
  },
];

const ROUTED_BY: Readonly<Record<Client, string>> = {
  http: 'Agent',
  fetch: 'createFetch',
  undici: 'interceptor',
  grpc: 'channelOptions',
};

/** As it stands in a record: `tagalong`, `tagalong + createFetch`. */
export function nameOf({ name, routed }: SdkVariant, client: Client): string {
  return routed ? `${name} + ${ROUTED_BY[client]}` : name;
}

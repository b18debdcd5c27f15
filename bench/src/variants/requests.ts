// requests: what clients send in all variants: nine headers each, of about the same bytes, so that
// what a variant costs more is the variant's and not its request's.

import type { BenchRequest } from './variant.js';

const REQUEST_ID = '4fd0b4b5-2b9c-9d2c-8a3e-0b6bd4a1b8a0';
export const TAG = 'x-traffic-tag';

const HOST = ['host', 'shop.example'] as const;
const COMMON = [
  HOST,
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['accept', 'application/json'],
] as const;

export const TRACE = [
  ['x-b3-traceid', '463ac35c9f6413ad48485a3953bb6124'],
  ['x-b3-spanid', 'a2fb4a1d1a96d312'],
  ['x-b3-sampled', '1'],
] as const;

export interface Wanted {
  /** Of x-user-group; `internal` is who gets the canary. */
  readonly group?: string;
  readonly user?: string;
  readonly requestId?: string;
  /** Headers beyond the nine. */
  readonly more?: number;
}

/** As it comes to a service: with its trace. */
export function incoming({ group = 'internal', user = 'u-1729', ...rest }: Wanted = {}) {
  return request(group, user, TRACE, rest);
}

/** As an application sends it on that forwards x-request-id and nothing else. */
export function forgetful({ group = 'internal', user = 'u-1729', ...rest }: Wanted = {}) {
  const others = [
    ['accept-encoding', 'gzip, deflate, br, zstd'],
    ['accept-language', 'en-GB,en;q=0.8'],
    ['cache-control', 'no-cache'],
  ] as const;
  return request(group, user, others, rest);
}

function request(
  group: string,
  user: string,
  three: BenchRequest['headers'],
  { requestId = REQUEST_ID, more = 0 }: Wanted,
): BenchRequest {
  const filling = Array.from(
    { length: more },
    (_, i) => [`x-filling-${i}`, `a value of ordinary length ${i}`] as const,
  );
  return {
    path: '/cart/items?page=2',
    headers: [
      ...COMMON,
      ['x-request-id', requestId],
      ['x-user-group', group],
      ['x-user-id', user],
      ...three,
      ...filling,
    ],
  };
}

/** `count` requests that differ in who sends them. */
export function users(count: number): BenchRequest[] {
  return Array.from({ length: count }, (_, i) => incoming({ user: `u-${100_000 + i}` }));
}

// requests: what clients send in all variants: nine headers each, of about the same bytes, so that
// what a variant costs more is the variant's and not its request's.

import type { BenchRequest } from './variant.js';

export const TAG = 'x-traffic-tag';
/** The headers of a trace. */
export const TRACE = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'] as const;

const HOST = ['host', 'shop.example'] as const;
const OTHERS = [
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['accept', 'application/json'],
] as const;
/** Instead of a trace. */
const NO_TRACE = [
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['accept-language', 'en-GB,en;q=0.8'],
  ['cache-control', 'no-cache'],
] as const;

/** Of `stream`: more than a store holds. */
const STREAM = 10_000;
/** Of `remembered`: so few that none of them pushes another out of a store of 8192. */
const REMEMBERED = 200;

export interface Wanted {
  /** Of x-user-group; `internal` is who gets the canary. */
  readonly group?: string;
  readonly user?: string;
  /** Which request it is: its id and its trace; default 0. */
  readonly number?: number;
  /** A tag that the request has already. */
  readonly tag?: string;
  /** How many headers, at least 6; default 9. */
  readonly headers?: number;
}

const OWN_HEADERS = 9;
const FEW_HEADERS = 6;

/** As it comes to a service: with its trace. */
export function incoming(wanted: Wanted = {}): BenchRequest {
  return request(wanted, traceOf(wanted.number ?? 0));
}

/** As an application sends it on that forwards x-request-id and nothing else. */
export function forgetful(wanted: Wanted = {}): BenchRequest {
  return request(wanted, NO_TRACE);
}

/** Requests as a service sees them: no two have the same id, or the same trace. */
export function stream(): BenchRequest[] {
  return Array.from({ length: STREAM }, (_, number) => incoming({ number }));
}

/** Requests that are remembered, and what an application makes of them. */
export function remembered(): { came: BenchRequest[]; went: BenchRequest[] } {
  const numbers = Array.from({ length: REMEMBERED }, (_, number) => number);
  return {
    came: numbers.map((number) => incoming({ number, tag: 'canary' })),
    went: numbers.map((number) => forgetful({ number })),
  };
}

/** `count` requests that differ in who sends them. */
export function users(count: number): BenchRequest[] {
  return Array.from({ length: count }, (_, i) => incoming({ user: `u-${100_000 + i}` }));
}

function request(
  { group = 'internal', user = 'u-1729', number = 0, tag, headers = OWN_HEADERS }: Wanted,
  three: BenchRequest['headers'],
): BenchRequest {
  const few = headers < OWN_HEADERS;
  const filling = Array.from(
    { length: few ? 0 : headers - OWN_HEADERS },
    (_, i) => [`x-filling-${i}`, `a value of ordinary length ${i}`] as const,
  );
  if (few && headers !== FEW_HEADERS) throw new RangeError(`${headers} headers: 6, or 9 and more`);
  return {
    path: '/cart/items?page=2',
    headers: [
      HOST,
      ...(few ? [] : OTHERS),
      ['x-request-id', uuidOf(number)],
      ['x-user-group', group],
      ...(few ? [] : [['x-user-id', user] as const]),
      ...three,
      ...(tag === undefined ? [] : [[TAG, tag] as const]),
      ...filling,
    ],
  };
}

function traceOf(number: number): BenchRequest['headers'] {
  const [traceId, spanId, sampled] = TRACE;
  return [
    [traceId, digits(number, 1) + digits(number, 2)],
    [spanId, digits(number, 3)],
    [sampled, '1'],
  ];
}

/** Its 13th digit says that it is not sampled, as Envoy has it. */
function uuidOf(number: number): string {
  const [a, b] = [digits(number, 4), digits(number, 5)];
  return `${a.slice(0, 8)}-${a.slice(8, 12)}-4${a.slice(13)}-8${b.slice(1, 4)}-${b.slice(4)}`;
}

/** Sixteen hex digits that look like chance, and are the same each time (splitmix64). */
function digits(number: number, salt: number): string {
  let mixed = BigInt(number * 8 + salt) * 0x9e3779b97f4a7c15n;
  for (const [shift, factor] of [
    [30n, 0xbf58476d1ce4e5b9n],
    [27n, 0x94d049bb133111ebn],
  ] as const) {
    mixed = BigInt.asUintN(64, mixed);
    mixed = (mixed ^ (mixed >> shift)) * factor;
  }
  return BigInt.asUintN(64, mixed).toString(16).padStart(16, '0');
}

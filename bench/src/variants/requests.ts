// requests: what clients send in all variants: nine headers each, of about the same bytes, and no two
// alike, as in production: a proxy that is sent one request again and again finds all of it in its
// caches (3 µs of a store's 7 were that).

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

/** Of a stream: more than a store holds. */
const STREAM_SIZE = 10_000;
/** Of `remembered`: so few that none of them pushes another out, in any of the stores. */
const REMEMBERED = 50;

export interface Wanted {
  /** Of x-user-group; `internal` is who gets the canary. */
  readonly group?: string;
  /** Default: one of its own. */
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

/** Requests as a service sees them: each has an id, a trace and a user of its own. */
export function stream(wanted: Wanted = {}, count = STREAM_SIZE): BenchRequest[] {
  return numbers(count).map((number) => incoming({ ...wanted, number }));
}

/** Requests that are remembered, and what an application makes of them: the same ones, in turn. */
export function remembered(): { came: BenchRequest[]; went: BenchRequest[] } {
  return {
    came: numbers(REMEMBERED).map((number) => incoming({ number, tag: 'canary' })),
    went: numbers(STREAM_SIZE).map((number) => forgetful({ number: number % REMEMBERED })),
  };
}

/** As a stream, of so many users. */
export function users(count: number): BenchRequest[] {
  return numbers(Math.max(count, STREAM_SIZE)).map((number) =>
    incoming({ number, user: `u-${100_000 + (number % count)}` }),
  );
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

function request(
  { group = 'internal', number = 0, user, tag, headers = OWN_HEADERS }: Wanted,
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
      ...(few ? [] : [['x-user-id', user ?? `u-${100_000 + number}`] as const]),
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

/** What most variants are sent. */
export const STREAM: readonly BenchRequest[] = stream();

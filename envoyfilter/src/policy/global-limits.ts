// global-limits: the limits of scope `global`, as those need them who hand them to Envoy's rate limit
// filter and to the service behind it.
// Promise: pure, and what would keep Envoy or the service from loading what is rendered is refused
// here, with its place. All else of a limit is judged by the filter itself.

import { isDeepStrictEqual } from 'node:util';
import { readPath } from './place.js';
import { type FilterEntry, filterEntries, type Policy, PolicyError } from './policy.js';

export interface GlobalLimit {
  /** As in `spec.filters[0].limits[1]`. */
  readonly place: string;
  /** Lower-cased: it is part of a header's name, and one limit of the policy is one for all. */
  readonly name: string;
  /** The name as the policy has it, for those who read it. */
  readonly label: string;
  readonly requests: number;
  readonly unit: 'second' | 'minute' | 'hour';
  /** What tells its buckets apart, as the policy has it; undefined: one bucket. */
  readonly per: unknown;
  readonly dryRun: boolean;
  /** Of the answer to a request that is one too many. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly onServiceFailure: 'admit' | 'reject';
}

const UNITS: Readonly<Record<string, GlobalLimit['unit']>> = {
  s: 'second',
  m: 'minute',
  h: 'hour',
};
/** RFC 9110 section 5.6.2: what a header's name may hold. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** To Envoy the one begins a variable; to the service the other, at the end, stands for any text. */
const MEANT_OTHERWISE = /[%*]/;
const TOO_MANY_REQUESTS = 429;
/** From 400 on, those that are in Envoy's StatusCode; it refuses a listener with another. */
export const STATUSES: ReadonlySet<number> = new Set([
  ...range(400, 417),
  ...[421, 422, 423, 424, 426, 428, 429, 431],
  ...range(500, 508),
  ...[510, 511],
]);

/**
 * The global limits of one entry, in its order.
 * @throws PolicyError
 */
export function globalLimitsOf(entry: FilterEntry): GlobalLimit[] {
  const { limits } = entry.configuration;
  if (!Array.isArray(limits)) return [];
  const filter = entry.id.slice(entry.id.lastIndexOf('/') + 1);
  const found = limits.flatMap((limit: unknown, index) =>
    isRecord(limit) && limit.scope === 'global'
      ? [readLimit(limit, `spec.filters[${filter}].limits[${index}]`)]
      : [],
  );
  for (const [index, limit] of found.entries()) {
    const other = found.slice(0, index).find(({ name }) => name === limit.name);
    if (other === undefined) continue;
    const wanted = `a name that ${other.place} has not: both would use one header`;
    throw fault(`${limit.place}.name`, limit.name, wanted);
  }
  return found;
}

/**
 * The global limits of all entries, each name once, in the order of the file. Entries may share a
 * limit: it then counts the requests of all of them.
 * @throws PolicyError also where two that share a name are not the same limit
 */
export function globalLimitsIn(policy: Policy): GlobalLimit[] {
  const byName = new Map<string, GlobalLimit>();
  // Both directions of a sidecar's entry have the same limits: the second adds nothing.
  for (const limit of filterEntries(policy).flatMap(globalLimitsOf)) {
    const first = byName.get(limit.name);
    if (first === undefined) byName.set(limit.name, limit);
    else checkSame(first, limit);
  }
  return [...byName.values()];
}

function readLimit(limit: Record<string, unknown>, place: string): GlobalLimit {
  const { name, rate, reject } = limit;
  if (typeof name !== 'string' || !TOKEN.test(name) || MEANT_OTHERWISE.test(name)) {
    const wanted = 'a name that can be part of a header, such as letters, digits and -';
    throw fault(`${place}.name`, name, wanted);
  }
  const [, count = '', unit = ''] = /^(\d{1,10})\/([smh])$/.exec(String(rate)) ?? [];
  const requests = Number(count);
  if (requests < 1 || requests > 1e9) {
    throw fault(`${place}.rate`, rate, 'a rate such as 10/s, 600/m or 5000/h');
  }
  const answer = isRecord(reject) ? reject : {};
  return {
    place,
    name: name.toLowerCase(),
    label: name,
    requests,
    unit: UNITS[unit] as GlobalLimit['unit'],
    per: limit.per,
    dryRun: limit.dryRun === true,
    status: readStatus(answer.status, `${place}.reject.status`),
    headers: readHeaders(answer.headers, `${place}.reject.headers`),
    onServiceFailure: limit.onServiceFailure === 'reject' ? 'reject' : 'admit',
  };
}

function readStatus(status: unknown = TOO_MANY_REQUESTS, place: string): number {
  if (typeof status === 'number' && STATUSES.has(status)) return status;
  const wanted = 'one that Envoy has a name for, such as 429 or 503, since the limit is global';
  throw fault(place, status, wanted);
}

function readHeaders(headers: unknown = {}, place: string): Record<string, string> {
  const pairs = isRecord(headers) ? Object.entries(headers) : [];
  const bad = pairs.find(([name, value]) => typeof value !== 'string' || !TOKEN.test(name));
  if (bad !== undefined || !isRecord(headers)) {
    throw fault(place, bad?.[0] ?? headers, 'an object of headers and their values');
  }
  return headers as Record<string, string>;
}

/** What the service knows of a limit must be one thing, and so must what its buckets count. */
function checkSame(first: GlobalLimit, limit: GlobalLimit): void {
  const rateOf = ({ requests, unit }: GlobalLimit) => `${requests}/${unit[0]}`;
  const differing: [string, unknown, unknown][] = [
    ['rate', rateOf(limit), rateOf(first)],
    ['per', limit.per, first.per],
    ['dryRun', limit.dryRun, first.dryRun],
  ];
  for (const [key, found, wanted] of differing) {
    if (isDeepStrictEqual(found, wanted)) continue;
    const same = wanted === undefined ? 'none' : JSON.stringify(wanted);
    const remedy = `${same} as in ${first.place}, or another name: they are one limit`;
    throw fault(`${limit.place}.${key}`, found, remedy);
  }
}

function fault(place: string, found: unknown, wanted: string): PolicyError {
  const text = found === undefined ? 'nothing' : JSON.stringify(found);
  return new PolicyError(`${place}: found ${text}, wanted ${wanted}`, readPath(place));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

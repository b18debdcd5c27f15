// limits: rules about rate limits: which of them can ever reject, and what they cost.

import { isDeepStrictEqual } from 'node:util';
import type { LimitSpec } from '../../policy/sections.js';
import type { Report, Rule, Subject } from '../rule.js';
import { allLimits, type InFilter, limitsOf, nested, propagateOf } from '../sections.js';
import { quoted } from '../words.js';

/** A remembered request, and a bucket in a worker, at most. */
const ENTRY_BYTES = 2048;
const BUCKET_BYTES = 48;
const MIB = 1 << 20;
/** Of an entry. */
const BUCKETS_MAX = 65536;
/** Of one policy in each proxy; sidecars are commonly given 128 MiB and need half of it. */
const MEMORY_MAX = 32 * MIB;
const CAPACITY_DEFAULT = 8192;
const KEYS_DEFAULT = 4096;
/** Worker threads of a sidecar, as Istio starts it. */
const WORKERS = 2;
/** Operators of a path that name it as it is written. */
const CASED = ['exact', 'prefix', 'in'] as const;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const limits = (...list: string[]) =>
  `filters:\n  - at: gateway\n    namespace: istio-ingress\n    limits:\n${list.map((limit) => `      - ${limit}\n`).join('')}`;

export const LIMIT_RULES: readonly Rule[] = [
  {
    id: 'overlapping-limits',
    severity: 'warning',
    title: 'A limit that can never reject',
    why: 'All limits that match must admit a request. Of two for the same requests and the same buckets the one that is larger in rate and in burst always has tokens when the other has.',
    mend: 'Remove it, or give it another "when" or "per". A larger burst with a smaller rate, or the other way round, is no fault.',
    example: {
      bad: limits('{name: a, rate: 10/s, burst: 20}', '{name: b, rate: 600/m, burst: 1000}'),
      good: limits('{name: a, rate: 10/s, burst: 20}', '{name: b, rate: 500/m, burst: 1000}'),
    },
    check: ({ filters }) => filters.flatMap((filter) => overlapping(limitsOf(filter))),
  },
  {
    id: 'memory',
    severity: 'warning',
    title: 'A policy that takes much memory in every proxy',
    why: 'A remembered request takes up to 2 KiB of shared memory, a bucket 48 bytes in each worker thread. What a sidecar takes is taken by every pod of the mesh.',
    mend: 'Some twenty times the requests that are under way in one pod are enough for "capacity".',
    example: {
      bad: 'filters: [{at: sidecar, propagate: {capacity: 16385}}]\n',
      good: 'filters: [{at: sidecar, propagate: {capacity: 8192}}]\n',
    },
    check: memory,
  },
  {
    id: 'limit-ignores-no-case',
    severity: 'info',
    title: 'A limit of a path that other spellings pass by',
    why: 'Express, IIS and others serve /LOGIN as /login, and then a limit of the path /login is none. Paths are compared with their case unless told otherwise.',
    mend: 'Write "paths: {ignoreCase: true}" in the entry, or false where the service tells them apart.',
    example: {
      bad: limits('{name: login, rate: 10/s, when: {path: {exact: /login}}}'),
      good: `${limits('{name: login, rate: 10/s, when: {path: {exact: /login}}}')}    paths: {ignoreCase: false}\n`,
    },
    check: caseless,
  },
  {
    id: 'too-many-buckets',
    severity: 'error',
    title: 'More buckets than an entry may have',
    why: 'An entry has room for 65536 buckets in all its limits together.',
    mend: 'Give limits a smaller "maxKeys"; 4096 is the default.',
    example: {
      bad: limits(
        '{name: a, rate: 1/s, per: [{ip: true}], maxKeys: 65536}',
        '{name: b, rate: 1/s}',
      ),
      good: limits(
        '{name: a, rate: 1/s, per: [{ip: true}], maxKeys: 65535}',
        '{name: b, rate: 1/s}',
      ),
    },
    check: ({ filters }) =>
      filters.flatMap((filter) => {
        const buckets = bucketsOf(limitsOf(filter));
        if (buckets <= BUCKETS_MAX) return [];
        const message = `found ${buckets} buckets in all limits, wanted at most ${BUCKETS_MAX}`;
        return { path: [...filter.path, 'limits'], message };
      }),
  },
];

function bucketsOf(list: readonly InFilter<LimitSpec>[]): number {
  return list
    .map(({ spec }) => (spec.per === undefined ? 1 : (spec.maxKeys ?? KEYS_DEFAULT)))
    .reduce((sum, keys) => sum + keys, 0);
}

/** Requests a second, and how many at once. */
function sizeOf({ rate, burst }: LimitSpec): { perSecond: number; burst: number } {
  const [count = '0', unit = 's'] = rate.split('/');
  return { perSecond: Number(count) / (SECONDS[unit] ?? 1), burst: burst ?? Number(count) };
}

function overlapping(list: readonly InFilter<LimitSpec>[]): Report[] {
  return list.flatMap((limit, index) => {
    const narrower = list.find(
      (other, position) => position !== index && isNarrower(other, limit, position < index),
    );
    if (narrower === undefined) return [];
    const name = quoted(narrower.spec.name);
    const message = `found a limit that never rejects, since ${name} has the same requests and a size that is no larger, wanted one of them`;
    return [{ path: limit.path, message }];
  });
}

/** Whether `first` rejects whatever `second` would. Of two alike the second is too much. */
function isNarrower(
  { spec: first }: InFilter<LimitSpec>,
  { spec: second }: InFilter<LimitSpec>,
  isBefore: boolean,
): boolean {
  if (first.dryRun === true || second.dryRun === true) return false;
  const same = (['when', 'per'] as const).every((key) =>
    isDeepStrictEqual(first[key], second[key]),
  );
  if (!same || (first.scope ?? 'proxy') !== (second.scope ?? 'proxy')) return false;
  const [a, b] = [sizeOf(first), sizeOf(second)];
  if (a.perSecond === b.perSecond && a.burst === b.burst) return isBefore;
  return a.perSecond <= b.perSecond && a.burst <= b.burst;
}

function memory({ filters }: Subject): Report[] {
  return filters.flatMap((filter) => {
    const propagate = propagateOf(filter);
    const slots =
      propagate === undefined
        ? 0
        : 2 ** Math.ceil(Math.log2(propagate.capacity ?? CAPACITY_DEFAULT));
    const buckets = bucketsOf(limitsOf(filter));
    const total = slots * ENTRY_BYTES + buckets * BUCKET_BYTES * WORKERS;
    if (total <= MEMORY_MAX) return [];
    const parts = `${mib(slots * ENTRY_BYTES)} for ${slots} remembered requests, ${mib(buckets * BUCKET_BYTES)} of buckets in each worker`;
    return {
      path: [...filter.path, 'propagate', 'capacity'],
      message: `found up to ${mib(total)} in each proxy (${parts}), wanted at most ${mib(MEMORY_MAX)}`,
    };
  });
}

function mib(bytes: number): string {
  return `${Number((bytes / MIB).toFixed(1))} MiB`;
}

function caseless(subject: Subject): Report[] {
  return allLimits(subject).flatMap(({ spec, path, filter }) => {
    const paths = filter.spec.paths as { ignoreCase?: boolean } | undefined;
    if (spec.when === undefined || paths?.ignoreCase !== undefined) return [];
    return [...nested(spec.when, [...path, 'when'])].flatMap(({ when, path: at }) => {
      const key = CASED.find((operator) => when.path?.[operator] !== undefined);
      if (key === undefined || when.path?.ignoreCase !== undefined) return [];
      const spelt = [when.path?.[key] ?? []].flat().find((text) => /[a-z]/i.test(text));
      if (spelt === undefined) return [];
      const other = spelt === spelt.toUpperCase() ? spelt.toLowerCase() : spelt.toUpperCase();
      const message = `found a limit of ${quoted(spelt)} that ${quoted(other)} passes by, wanted "paths: {ignoreCase: true}", or false where services tell them apart`;
      return { path: [...at, 'path', key], message };
    });
  });
}

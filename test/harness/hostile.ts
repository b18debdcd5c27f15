// hostile: requests that no honest client sends, and what must come of each all the same.
// The policy strips, allows and trusts one tag each and looks at every part of a request, so that
// whatever a request is made of, some condition reads it.

import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';

/** A character above 0x7f stands for the byte of that number. */
export type Header = readonly [name: string, value: string];

export interface Hostile {
  readonly name: string;
  readonly method?: string;
  /** Absent: `/`; null: a request without `:path`. */
  readonly path?: string | null;
  readonly headers: readonly Header[];
  /** Tag headers as the next hop sees them. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
  /** Whether Envoy's default limits refuse it before any filter runs. */
  readonly oversized?: boolean;
  /** Whether it is more than the filter can read; default false. */
  readonly unreadable?: boolean;
}

/** Stripped: nothing that a client says may remain. */
export const STRIPPED = 'x-traffic-tag';
/** Allowed: `pre` and `prod` alone may remain. */
export const ALLOWED = 'x-stage';
/** Trusted: what a client says remains. */
export const TRUSTED = 'x-team';

export function hostileEntry(id: string): FilterEntry {
  const rule = (value: string, when: object) => ({ value, when });
  const tags = [
    {
      header: STRIPPED,
      rules: [
        rule('pathless', { path: { present: false } }),
        rule('cookie', { cookie: 'beta', exact: '1' }),
        rule('query', { query: 'group', exact: 'a b' }),
        rule('template', { path: { template: '/users/{id}/orders' } }),
        rule('needle', { header: 'x-long', contains: 'aab' }),
        rule('latin', { header: 'x-bytes', exact: '\u00e9' }),
        rule('empty', { header: 'x-empty', exact: '' }),
        rule('forged', { header: STRIPPED, present: true }),
      ],
      default: 'stable',
    },
    { header: ALLOWED, incoming: { allow: ['pre', 'prod'] } },
    { header: TRUSTED, incoming: 'trust' },
  ];
  return {
    id,
    direction: 'gateway',
    configuration: { id, direction: 'gateway', tags },
  };
}

const FORGED: readonly Header[] = [
  [STRIPPED, 'forged'],
  [ALLOWED, 'forged'],
];
const KIB = 1024;

function repeat<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function tagged(value: string, others: Record<string, string[]> = {}) {
  return { [STRIPPED]: [value], [ALLOWED]: [], [TRUSTED]: [], ...others };
}

export const hostile: readonly Hostile[] = [
  {
    name: 'a hundred cookies, the last of them counts',
    headers: [
      ...FORGED,
      ['cookie', [...repeat(99, (i) => `c${i}=${'v'.repeat(20)}`), 'beta=1'].join('; ')],
    ],
    tags: tagged('cookie'),
  },
  {
    name: 'fifty headers of cookies',
    headers: [
      ...FORGED,
      ...repeat(50, (i): Header => ['cookie', i === 31 ? 'beta=1' : `beta=${i}x`]),
    ],
    tags: tagged('cookie'),
  },
  {
    name: 'a cookie that is nothing but separators',
    headers: [...FORGED, ['cookie', '; = ;;==; '.repeat(800)]],
    tags: tagged('stable'),
  },
  {
    name: 'a value of 64 KiB that a search nearly finds at each byte',
    headers: [...FORGED, ['x-long', `${'a'.repeat(64 * KIB - 1)}c`]],
    tags: tagged('stable'),
    oversized: true,
  },
  {
    name: 'a value of 64 KiB that a search finds at its end',
    headers: [...FORGED, ['x-long', `${'a'.repeat(64 * KIB - 1)}b`]],
    tags: tagged('needle'),
    oversized: true,
  },
  {
    name: 'ninety headers, among them repeated ones that a condition reads',
    headers: [...FORGED, ...repeat(88, (i): Header => ['x-long', i === 87 ? 'aab' : 'aa'])],
    tags: tagged('needle'),
  },
  {
    name: 'a thousand headers that no condition reads',
    headers: [...FORGED, ...repeat(1000, (i): Header => [`x-other-${i}`, 'v']), [ALLOWED, 'pre']],
    tags: tagged('stable'),
    oversized: true,
  },
  {
    name: 'a thousand headers of the stripped tag',
    headers: repeat(1000, (i): Header => [STRIPPED, i % 2 === 0 ? 'stable' : 'forged']),
    tags: tagged('stable'),
    oversized: true,
  },
  {
    name: 'the stripped tag fifty times, as the value that a rule gives',
    headers: repeat(50, (): Header => [STRIPPED, 'stable']),
    tags: tagged('stable'),
  },
  {
    name: 'the stripped tag in every case of its letters',
    headers: [
      ['X-Traffic-Tag', 'forged'],
      ['X-TRAFFIC-TAG', 'forged'],
      ['x-tRaffic-taG', 'forged'],
    ],
    tags: tagged('stable'),
  },
  {
    name: 'allowed values that differ',
    headers: [
      [ALLOWED, 'pre'],
      [ALLOWED, 'prod'],
    ],
    tags: tagged('stable'),
  },
  {
    name: 'allowed values that are equal',
    headers: [
      [ALLOWED, 'pre'],
      [ALLOWED, 'pre'],
    ],
    tags: tagged('stable', { [ALLOWED]: ['pre'] }),
  },
  {
    name: 'an allowed value beside an empty one',
    headers: [
      [ALLOWED, 'pre'],
      [ALLOWED, ''],
    ],
    tags: tagged('stable'),
  },
  {
    name: 'trusted values that differ',
    headers: [
      [TRUSTED, 'a'],
      [TRUSTED, 'b'],
    ],
    tags: tagged('stable'),
  },
  {
    name: 'tags with bytes above ASCII',
    headers: [
      [STRIPPED, '\u00ff\u00fe'],
      [ALLOWED, 'pr\u00e9'],
      [TRUSTED, '\u00ff\u0080\u00fe'],
    ],
    tags: tagged('stable', { [TRUSTED]: ['\u00ff\u0080\u00fe'] }),
  },
  {
    name: 'a condition on bytes: UTF-8 is what it is, and Latin-1 is not',
    headers: [...FORGED, ['x-bytes', '\u00c3\u00a9']],
    tags: tagged('latin'),
  },
  {
    name: 'the same letter in Latin-1',
    headers: [...FORGED, ['x-bytes', '\u00e9']],
    tags: tagged('stable'),
  },
  {
    name: 'empty values throughout',
    headers: [
      [STRIPPED, ''],
      [ALLOWED, ''],
      [TRUSTED, ''],
      ['cookie', ''],
      ['x-long', ''],
      ['x-bytes', ''],
      ['x-empty', ''],
    ],
    tags: tagged('empty'),
  },
  {
    name: 'a value of blanks, which is an empty one',
    headers: [...FORGED, ['x-empty', '  \t ']],
    tags: tagged('empty'),
  },
  {
    name: 'names that only resemble the tags',
    headers: [
      ['x_traffic_tag', 'forged'],
      ['x-traffic-tags', 'forged'],
      ['x-traffic-ta', 'forged'],
      ['xx-traffic-tag', 'forged'],
      ['x-traffic-taf', 'forged'],
    ],
    tags: tagged('stable'),
  },
  {
    name: 'a CONNECT, which has no path',
    method: 'CONNECT',
    path: null,
    headers: [...FORGED, ['cookie', 'beta=1']],
    tags: tagged('pathless'),
  },
  {
    name: 'a query of 50 KiB in percent-encodings, the last field counts',
    path: `/?${'group=%61%20%62x&'.repeat(3000)}group=a%20b`,
    headers: FORGED,
    tags: tagged('query'),
  },
  {
    name: 'a query of encodings that are none',
    path: `/?${'group=%&gr%6=%zz&%=%2&'.repeat(500)}`,
    headers: FORGED,
    tags: tagged('stable'),
  },
  {
    name: 'a path of ten thousand segments',
    path: `/users/7${'/orders'.repeat(5000)}`,
    headers: FORGED,
    tags: tagged('stable'),
  },
  {
    name: 'a path with a segment of 40 KiB',
    path: `/users/${'7'.repeat(40 * KIB)}/orders?group=x`,
    headers: FORGED,
    tags: tagged('template'),
  },
  {
    name: 'a query of 500 KiB in percent-encodings',
    path: `/?${'group=%61%20%62x&'.repeat(30_000)}group=a%20b`,
    headers: FORGED,
    tags: tagged('query'),
    oversized: true,
  },
  {
    name: 'headers of more than 1 MiB: nothing can be read, and no forged tag comes in',
    headers: [
      ...FORGED,
      [TRUSTED, 'a'],
      ['cookie', 'beta=1'],
      ...repeat(40, (i): Header => [`x-other-${i}`, 'v'.repeat(40 * KIB)]),
      [ALLOWED, 'pre'],
      [TRUSTED, 'b'],
    ],
    tags: tagged('stable', { [TRUSTED]: ['a', 'b'] }),
    oversized: true,
    unreadable: true,
  },
];

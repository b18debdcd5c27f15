// ours: the filter of this repository, with the configurations that are measured. Each is what the
// policy renders for an entry, in a listener of its own.

import { fileURLToPath } from 'node:url';
import type { Direction, FilterEntry } from '../../../envoyfilter/src/policy/policy.js';
import { staticFilter } from '../../../envoyfilter/src/render/wasm-filter.js';
import { BY_ALL, CANARY, RESTORED, STABLE } from './answers.js';
import { forgetful, incoming, TAG, users } from './requests.js';
import type { BenchListener, BenchRequest, Expected, Variant } from './variant.js';

const WASM_PATH = fileURLToPath(new URL('../../../filter/dist/tagalong.wasm', import.meta.url));

type Sections = Readonly<Record<string, unknown>>;

const internal = { header: 'x-user-group', exact: 'internal' };
const testers = { name: 'testers', when: internal, value: 'canary' };
const tag = (rules: readonly object[]) => ({ tags: [{ header: TAG, rules }] });
const propagate = { propagate: { headers: [TAG], formats: { write: ['b3multi'] } } };
/** So much that nobody is ever limited. */
const PLENTY = { rate: '1000000/s', burst: 1_000_000 };
const limit = (scope: 'worker' | 'proxy', more: object = {}) => ({
  limits: [{ name: 'bench', scope, ...PLENTY, ...more }],
});
const perUser = (maxKeys: number) => ({ per: [{ header: 'x-user-id' }], maxKeys });

/** `count` rules of which the last matches; each looks at another value of the same header. */
export function manyRules(count: number, operator: 'exact' | 'regex' = 'exact'): object[] {
  const other = Array.from({ length: count - 1 }, (_, i) => {
    const value = operator === 'regex' ? `team-${i}-[0-9]+` : `team-${i}`;
    return { name: `rule-${i}`, when: { header: 'x-user-group', [operator]: value }, value: 'v2' };
  });
  return [...other, testers];
}

export function entry(sections: Sections, direction: Direction): FilterEntry {
  const id = 'bench/policy/0';
  return { id, direction, configuration: { id, direction, ...sections } };
}

export function listener(name: string, sections: Sections, direction: Direction): BenchListener {
  return {
    name,
    filters: [staticFilter(entry(sections, direction), { wasmPath: WASM_PATH })],
  };
}

interface Ours {
  readonly name: string;
  readonly title: string;
  readonly job?: string;
  readonly direction?: Direction;
  readonly sections: Sections;
  readonly requests?: readonly BenchRequest[];
  readonly expect?: Expected;
  readonly counts?: readonly string[];
}

function ours({ name, title, job, direction = 'inbound', sections, ...rest }: Ours): Variant {
  return {
    name,
    title,
    group: 'ours',
    ...(job === undefined ? {} : { job }),
    listeners: async () => [listener('bench', sections, direction)],
    load: {
      listener: 'bench',
      requests: rest.requests ?? [incoming()],
      expect: rest.expect ?? CANARY,
    },
    counts: rest.counts ?? [],
  };
}

const WRITTEN = ['tagalong_tag_total'];
const STORED = ['tagalong_propagate_total.*stored'];
const ADMITTED = ['tagalong_limit_total.*outcome=.=ok'];

export const tagNoMatch = ours({
  name: 'tag no match',
  title: 'a tag by a header, which does not match: nothing is written',
  sections: tag([testers]),
  requests: [incoming({ group: 'everybody' })],
  expect: STABLE,
});

export const tagWrite = ours({
  name: 'tag write',
  title: 'a tag by a header: written, the route chosen anew',
  job: 'tag',
  sections: tag([testers]),
  counts: WRITTEN,
});

export const store = ours({
  name: 'store',
  title: 'inbound: the trace is remembered under x-request-id and the trace id',
  job: 'store',
  sections: propagate,
  expect: STABLE,
  counts: STORED,
});

export const restore: Variant = {
  ...ours({
    name: 'restore',
    title: 'outbound: four headers are found by x-request-id and written',
    job: 'restore',
    direction: 'outbound',
    sections: propagate,
    requests: [forgetful()],
    expect: RESTORED,
    counts: ['tagalong_propagate_total.*restored'],
  }),
  listeners: async () => [
    { ...listener('bench', propagate, 'outbound'), routes: BY_ALL },
    listener('inbound', { ...tag([testers]), ...propagate }, 'inbound'),
  ],
  before: [{ listener: 'inbound', requests: [incoming()], expect: CANARY }],
};

export const limitWorker = ours({
  name: 'limit worker',
  title: 'one bucket for each worker',
  job: 'limit',
  sections: limit('worker'),
  expect: STABLE,
  counts: ADMITTED,
});

export const limitProxy = ours({
  name: 'limit proxy',
  title: 'one bucket for all workers of the proxy, exact',
  job: 'limit',
  sections: limit('proxy'),
  expect: STABLE,
  counts: ADMITTED,
});

export function limitKeys(scope: 'worker' | 'proxy', keys: number, maxKeys = keys): Variant {
  return ours({
    name: `limit ${scope} ${keys.toLocaleString('en')} keys`,
    title: `a bucket for each of ${keys.toLocaleString('en')} users, scope ${scope}`,
    sections: limit(scope, perUser(maxKeys)),
    requests: users(keys),
    expect: STABLE,
    counts: ADMITTED,
  });
}

export const everything = ours({
  name: 'everything',
  title: 'tag written, trace and tag remembered, one bucket for each worker: all in one pass',
  job: 'everything',
  sections: { ...tag([testers]), ...propagate, ...limit('worker') },
  counts: [...WRITTEN, ...STORED, ...ADMITTED],
});

export const OURS: readonly Variant[] = [
  tagNoMatch,
  tagWrite,
  ours({
    name: 'tag 20 rules',
    title: 'twenty rules, of which the last matches',
    sections: tag(manyRules(20)),
    counts: WRITTEN,
  }),
  ours({
    name: 'tag regex',
    title: 'five regular expressions, then a match',
    sections: tag(manyRules(6, 'regex')),
    counts: WRITTEN,
  }),
  ours({
    name: 'tag percent',
    title: 'all users have a bucket of theirs, and are in the share',
    sections: tag([
      {
        name: 'share',
        percent: 100,
        identity: [{ header: 'x-user-id' }],
        salt: 'bench',
        value: 'canary',
      },
    ]),
    counts: WRITTEN,
  }),
  store,
  restore,
  limitWorker,
  limitProxy,
  limitKeys('worker', 10_000, 16_384),
  limitKeys('proxy', 10_000, 16_384),
  everything,
];

/** Rules on a scale. */
export function rulesVariant(count: number): Variant {
  return {
    ...tagWrite,
    listeners: async () => [listener('bench', tag(manyRules(count)), 'inbound')],
  };
}

// ours: the filter of this repository, with the configurations that are measured. Each is what the
// policy renders for an entry, in a listener of its own.

import { fileURLToPath } from 'node:url';
import type { Direction } from '../../../envoyfilter/src/policy/policy.js';
import { staticFilter } from '../../../envoyfilter/src/render/wasm-filter.js';
import { BY_ALL, CANARY, RESTORED, STABLE } from './answers.js';
import { remembered, STREAM, stream, TAG, users } from './requests.js';
import type { BenchListener, BenchRequest, Expected, Variant } from './variant.js';

export const WASM_PATH = fileURLToPath(
  new URL('../../../filter/dist/tagalong.wasm', import.meta.url),
);

type Sections = Readonly<Record<string, unknown>>;

const internal = { header: 'x-user-group', exact: 'internal' };
/** Who gets the canary. */
export const TESTERS = { name: 'testers', when: internal, value: 'canary' };
export const tag = (rules: readonly object[]) => ({ tags: [{ header: TAG, rules }] });
export const PROPAGATE = { propagate: { headers: [TAG], formats: { write: ['b3multi'] } } };
/** So much that nobody is ever limited. */
const PLENTY = { rate: '1000000/s', burst: 1_000_000 };
/** A limit that nobody comes near. */
export const plenty = (scope: 'worker' | 'proxy', more: object = {}) => ({
  limits: [{ name: 'bench', scope, ...PLENTY, ...more }],
});
const perUser = (maxKeys: number) => ({ per: [{ header: 'x-user-id' }], maxKeys });

/** `count` rules of which the last matches; each looks at another value of the same header. */
export function manyRules(count: number, operator: 'exact' | 'regex' = 'exact'): object[] {
  const other = Array.from({ length: count - 1 }, (_, i) => {
    const value = operator === 'regex' ? `team-${i}-[0-9]+` : `team-${i}`;
    return { name: `rule-${i}`, when: { header: 'x-user-group', [operator]: value }, value: 'v2' };
  });
  return [...other, TESTERS];
}

/** The filter, in a static listener. */
export function ourFilter(sections: Sections, direction: Direction): object {
  const id = 'bench/policy/0';
  const entry = { id, direction, configuration: { id, direction, ...sections } };
  return staticFilter(entry, { wasmPath: WASM_PATH });
}

function listener(name: string, sections: Sections, direction: Direction): BenchListener {
  return { name, filters: [ourFilter(sections, direction)] };
}

const KNOWN = remembered();

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
      requests: rest.requests ?? STREAM,
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
  sections: tag([TESTERS]),
  requests: stream({ group: 'everybody' }),
  expect: STABLE,
});

export const tagWrite = ours({
  name: 'tag write',
  title: 'a tag by a header: written, the route chosen anew',
  job: 'tag',
  sections: tag([TESTERS]),
  counts: WRITTEN,
});

export const store = ours({
  name: 'store',
  title: 'inbound: the trace is remembered under x-request-id and the trace id',
  job: 'store',
  sections: PROPAGATE,
  expect: STABLE,
  counts: STORED,
});

export const restore: Variant = {
  ...ours({
    name: 'restore',
    title: 'outbound: four headers are found by x-request-id and written',
    job: 'restore',
    direction: 'outbound',
    sections: PROPAGATE,
    requests: KNOWN.went,
    expect: RESTORED,
    counts: ['tagalong_propagate_total.*restored'],
  }),
  listeners: async () => [
    { ...listener('bench', PROPAGATE, 'outbound'), routes: BY_ALL },
    listener('inbound', PROPAGATE, 'inbound'),
  ],
  before: [{ listener: 'inbound', requests: KNOWN.came, expect: CANARY }],
};

export const limitWorker = ours({
  name: 'limit worker',
  title: 'one bucket for each worker',
  job: 'limit',
  sections: plenty('worker'),
  expect: STABLE,
  counts: ADMITTED,
});

export const limitProxy = ours({
  name: 'limit proxy',
  title: 'one bucket for all workers of the proxy, exact',
  job: 'limit',
  sections: plenty('proxy'),
  expect: STABLE,
  counts: ADMITTED,
});

export function limitKeys(scope: 'worker' | 'proxy', keys: number, maxKeys = keys): Variant {
  return ours({
    name: `limit ${scope} ${keys.toLocaleString('en')} keys`,
    title: `a bucket for each of ${keys.toLocaleString('en')} users, scope ${scope}`,
    sections: plenty(scope, perUser(maxKeys)),
    requests: users(keys),
    expect: STABLE,
    counts: ADMITTED,
  });
}

export const everything = ours({
  name: 'everything',
  title: 'tag written, trace and tag remembered, one bucket for the proxy: all in one pass',
  job: 'everything',
  sections: { ...tag([TESTERS]), ...PROPAGATE, ...plenty('proxy') },
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

/** For a scale of rules. */
export function rulesVariant(count: number): Variant {
  const listeners = async () => [listener('bench', tag(manyRules(count)), 'inbound')];
  return { ...tagWrite, listeners };
}

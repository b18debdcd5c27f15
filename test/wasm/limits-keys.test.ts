// Buckets by key: whose requests share one, and what becomes of keys that are more than there are
// buckets.
// TAGALONG_KEYS=10000000 has as many distinct keys come in a row; it says how long that took.

import { describe, expect, it } from 'vitest';
import { type Ask, Limited, Random, SECOND } from '../harness/limited.js';

type Section = Readonly<Record<string, unknown>>;
type Pair = readonly [string, string];
/** The headers of a request, and what else it is. */
type Request = readonly [readonly Pair[], Ask?];

const SCOPES = ['worker', 'proxy'] as const;
const KEYS = Number(process.env.TAGALONG_KEYS ?? 100_000);
/** Buckets that share a slot of shared data: config/limit.ts. */
const SLOT_BUCKETS = 64;

const never = (more: Section): Section => ({ name: 'each', rate: '1/h', burst: 1, ...more });
const byHeader = (maxKeys: number, more: Section = {}) =>
  never({ per: [{ header: 'x-key' }], maxKeys, ...more });
const ofKey = (key: string | number): Pair[] => [['x-key', `${key}`]];

const header = (name: string, ...values: string[]): Request => [
  values.map((value): Pair => [name, value]),
];
const path = (text: string): Request => [[], { path: text }];
const from = (sourceAddress: string): Request => [[], { sourceAddress }];

interface Source {
  readonly per: Section;
  readonly sections?: Section;
  /** Each a client of its own: requests that share its bucket. */
  readonly clients: readonly (readonly Request[])[];
}

const SOURCES: Readonly<Record<string, Source>> = {
  header: {
    per: { header: 'x-key' },
    clients: [
      [header('x-key', 'a'), header('X-Key', 'a'), header('x-key', 'a', 'a')],
      [header('x-key', 'b'), header('x-key', 'b', 'b', 'b')],
      [header('x-key', 'A')],
      [header('x-key', 'a, a')],
      [header('x-key', 'v'.repeat(50_000))],
      [
        header('x-other', 'a'),
        header('x-key', ''),
        header('x-key', 'a', 'b'),
        header('x-key', 'a', ''),
      ],
    ],
  },
  cookie: {
    per: { cookie: 'uid' },
    clients: [
      [
        header('cookie', 'uid=a'),
        header('cookie', 'x=1; uid=a'),
        header('cookie', 'uid=a', 'uid=a'),
      ],
      [header('cookie', 'uid=b'), header('cookie', 'uid=b; uid=b')],
      [
        [[]],
        header('cookie', 'uid='),
        header('cookie', 'UID=a'),
        header('cookie', 'uid=a; uid=b'),
        header('cookie', 'uid=b', 'uid=c'),
        header('cookie', 'other=a'),
      ],
    ],
  },
  query: {
    per: { query: 'id' },
    clients: [
      [path('/?id=a'), path('/other?x=1&id=a'), path('/?id=%61'), path('/?i%64=a&id=a')],
      [path('/?id=b')],
      [path('/?id=a+b'), path('/?id=a%20b')],
      [
        path('/'),
        path('/?id='),
        path('/?id=a&id=b'),
        path('/?ID=a'),
        path('/?id'),
        path('/?x#id=a'),
      ],
    ],
  },
  ip: {
    per: { ip: true },
    clients: [
      [from('192.0.2.1:1'), from('192.0.2.1:2'), from('[::ffff:192.0.2.1]:3')],
      [from('192.0.2.2:1')],
      [from('[2001:db8::1]:1'), from('[2001:db8:0:0:ffff::9]:1')],
      [from('[2001:db8:0:1::1]:1')],
      [from(''), from('unix:/socket'), [[]]],
    ],
  },
  'ip by prefix': {
    per: { ip: { v4: 24, v6: 48 } },
    clients: [
      [from('192.0.2.1:1'), from('192.0.2.255:1')],
      [from('192.0.3.1:1')],
      [from('[2001:db8:0:1::1]:1'), from('[2001:db8:0:2::1]:1')],
    ],
  },
  host: {
    per: { host: true },
    clients: [
      [
        [[], { authority: 'a.example' }],
        [[], { authority: 'A.Example:8080' }],
        [[], { authority: 'a.example.' }],
      ],
      [[[], { authority: 'b.example' }]],
    ],
  },
  method: {
    per: { method: true },
    clients: [[[[], { method: 'GET' }]], [[[], { method: 'POST' }]], [[[], { method: 'get' }]]],
  },
  'a variable of the path': {
    per: { path: { template: '/users/{id}/orders', variable: 'id' } },
    clients: [
      [path('/users/7/orders'), path('/users/7/orders?id=8'), path('//users/./7/orders')],
      [path('/users/8/orders')],
      [path('/'), path('/users/7'), path('/users//orders'), path('/users/7/orders/9')],
    ],
  },
  'a tag': {
    per: { tag: 'x-tag' },
    sections: {
      tags: [
        {
          header: 'x-tag',
          rules: [
            { when: { header: 'x-team', exact: 'a' }, value: 'canary' },
            { when: { header: 'x-team', exact: 'b' }, value: 'stable' },
          ],
        },
      ],
    },
    clients: [
      [
        header('x-team', 'a'),
        [
          [
            ['x-team', 'a'],
            ['x-tag', 'forged'],
          ],
        ],
      ],
      [header('x-team', 'b')],
      [header('x-team', 'c'), header('x-tag', 'canary')],
    ],
  },
};

describe.each(SCOPES)('a bucket of scope %s', (scope) => {
  it.each(Object.entries(SOURCES))('is for one %s', (_name, { per, sections = {}, clients }) => {
    for (const requests of clients) {
      // Whoever of a client comes first, the others find nothing left.
      for (const first of requests) {
        const proxy = new Limited([never({ per: [per], scope })], { sections });
        expect(proxy.admits(...first), JSON.stringify(first)).toBe(true);
        for (const other of requests) {
          expect(proxy.admits(...other), JSON.stringify([first, other])).toBe(false);
        }
        for (const another of clients) {
          if (another === requests) continue;
          expect(proxy.admits(...another[0]!), JSON.stringify([first, another])).toBe(true);
        }
        expect(proxy.errors('store')).toBe(0);
      }
    }
  });

  it('is for one combination of values, each in its place', () => {
    const per = [{ header: 'x-a' }, { header: 'x-b' }, { method: true }];
    const proxy = new Limited([never({ per, scope })]);
    const requests: Request[] = [
      [
        [
          ['x-a', '1'],
          ['x-b', '2'],
        ],
      ],
      [
        [
          ['x-a', '2'],
          ['x-b', '1'],
        ],
      ],
      [[['x-a', '12']]],
      [[['x-b', '12']]],
      [
        [
          ['x-a', '1'],
          ['x-b', ''],
        ],
      ],
      [[['x-b', '1']]],
      [[]],
      [
        [
          ['x-a', '1'],
          ['x-b', '2'],
        ],
        { method: 'POST' },
      ],
    ];
    for (const request of requests) expect(proxy.admits(...request)).toBe(true);
    for (const request of requests) expect(proxy.admits(...request)).toBe(false);
  });
});

describe.each(SCOPES)('buckets of scope %s', (scope) => {
  it.each([1, 31, 32, 33, 40, SLOT_BUCKETS])('are as many as %d, to the key', (maxKeys) => {
    const proxy = new Limited([byHeader(maxKeys, { scope, overflow: 'reject' })]);
    for (let key = 0; key < maxKeys; key++) expect(proxy.admits(ofKey(key))).toBe(true);
    expect(proxy.count('each', 'overflow')).toBe(0);
    for (let key = 0; key < 2 * maxKeys; key++) expect(proxy.admits(ofKey(key))).toBe(false);
    expect(proxy.count('each', 'overflow')).toBe(maxKeys);
  });

  it.each([SLOT_BUCKETS + 1, 100, 1000, 4096])('are about %d, and never more', (maxKeys) => {
    const proxy = new Limited([byHeader(maxKeys, { scope, overflow: 'reject' })]);
    let admitted = 0;
    let early = 0;
    for (let key = 0; key < 3 * maxKeys; key++) {
      if (proxy.admits(ofKey(key))) admitted += 1;
      if (key === maxKeys >> 1) early = proxy.count('each', 'overflow');
    }
    // Of scope proxy they are shared out over slots by their keys, so that one may be full early.
    expect(early).toBe(0);
    expect(admitted).toBeGreaterThan(maxKeys * 0.95);
    expect(admitted).toBeLessThanOrEqual(maxKeys);
    expect(proxy.keys().length).toBeLessThanOrEqual(2 + Math.ceil(maxKeys / SLOT_BUCKETS));
  });

  it('are taken by new keys once they are full again, and by none before', () => {
    const limit = byHeader(SLOT_BUCKETS, { rate: '1/s', burst: 2, scope, overflow: 'reject' });
    const proxy = new Limited([limit]);
    const ask = (key: number) => Number(proxy.admits(ofKey(key)));
    for (let key = 0; key < SLOT_BUCKETS; key++) {
      // Those of the second half are drained, and take twice as long.
      expect(ask(key) + (key >= SLOT_BUCKETS / 2 ? ask(key) : 1)).toBe(2);
    }
    expect(ask(1000)).toBe(0);
    proxy.clock.now += SECOND;
    for (let key = 0; key < SLOT_BUCKETS / 2; key++) expect(ask(2000 + key)).toBe(1);
    expect(ask(3000)).toBe(0);
    // A client that had to make room was full; one that was drained has what came back since.
    for (let key = SLOT_BUCKETS / 2; key < SLOT_BUCKETS; key++) expect(ask(key)).toBe(1);
    for (let key = SLOT_BUCKETS / 2; key < SLOT_BUCKETS; key++) expect(ask(key)).toBe(0);
  });

  it('never give a fresh burst to a client that others try to push out', () => {
    for (const overflow of ['shared', 'reject', 'admit']) {
      const limit = byHeader(200, { rate: '100/m', burst: 3, scope, overflow });
      const proxy = new Limited([limit], { workers: 2 });
      const random = new Random(5);
      let admitted = 0;
      const start = proxy.clock.now;
      for (let i = 0; i < 20_000; i++) {
        proxy.clock.now += 1_000_000n;
        // The victim asks now and then, whoever wants its bucket comes all the time.
        if (i % 50 === 0 && proxy.admits(ofKey('client'), { worker: 0 })) admitted += 1;
        proxy.admits(ofKey(random.below(5000)), { worker: random.below(2) });
      }
      const seconds = Number(proxy.clock.now - start) / 1e9;
      expect(admitted, overflow).toBeLessThanOrEqual(3 + (seconds * 100) / 60);
      expect(admitted, overflow).toBeGreaterThan(((seconds * 100) / 60) * 0.9);
    }
  });

  it.each([
    ['shared', 7],
    ['reject', 0],
    ['admit', 100],
  ] as const)('in overflow: %s admits %d of a hundred', (overflow, expected) => {
    const limit = byHeader(16, { burst: 7, scope, overflow });
    const proxy = new Limited([limit]);
    for (let key = 0; key < 16; key++) expect(proxy.burst(9, ofKey(key))).toBe(7);
    let admitted = 0;
    for (let key = 0; key < 100; key++) if (proxy.admits(ofKey(`new ${key}`))) admitted += 1;
    expect([admitted, proxy.count('each', 'overflow')]).toEqual([expected, 100]);
    // Those that have a bucket have what they had.
    for (let key = 0; key < 16; key++) expect(proxy.admits(ofKey(key))).toBe(false);
    expect(proxy.errors()).toBe(0);
  });

  it(`take ${KEYS} keys in a row, and leave the memory as it was`, () => {
    const more = { rate: '1/s', burst: 5, scope };
    const proxy = new Limited([byHeader(4096, more)], { workers: 2 });
    const sizes = () => proxy.plugin.vms.map((vm) => vm.memory.size);
    const before = sizes();
    const started = performance.now();
    for (let i = 0; i < KEYS; i++) {
      proxy.clock.now += 100_000n;
      proxy.ask(ofKey(`${i * 7919}-${i}`), { worker: i & 1 });
    }
    if (process.env.TAGALONG_KEYS !== undefined) {
      const seconds = (performance.now() - started) / 1000;
      process.stdout.write(`${KEYS} keys of scope ${scope}: ${seconds.toFixed(1)} s\n`);
    }
    expect(sizes()).toEqual(before);
    expect(proxy.errors()).toBe(0);
    // 10,000 come a second, each is full again after one: of 4096, or of 4096 in each worker.
    expect(proxy.count('each', 'overflow')).toBeGreaterThan(KEYS / 10);
    expect(proxy.count('each', 'ok')).toBeGreaterThan(KEYS / 10);
    expect(proxy.keys().length).toBeLessThanOrEqual(2 + 4096 / SLOT_BUCKETS);
  }, 3_600_000);
});

// Ways around a limit that a client might try: spellings that a service behind reads as one, buckets
// that are given twice, requests too large to look at.

import { describe, expect, it } from 'vitest';
import { Admissions, type Ask, Limited, MS } from '../harness/limited.js';

type Pairs = readonly (readonly [string, string])[];
type Section = Readonly<Record<string, unknown>>;

const once = (more: Section): Section => ({ name: 'one', rate: '1/h', burst: 1, ...more });
const SCOPES = ['worker', 'proxy'] as const;

/** How many of the requests a limit of one for all of them admits. */
function admitted(limit: Section, requests: readonly (readonly [Pairs, Ask?])[]): number {
  const proxy = new Limited([limit]);
  const count = requests.filter(([headers, ask]) => proxy.admits(headers, ask)).length;
  expect(proxy.errors()).toBe(0);
  return count;
}

describe('a path', () => {
  const limited = (exact: string) => once({ when: { path: { exact } } });
  const paths = (list: readonly string[]) => list.map((path) => [[], { path }] as const);

  it.each([
    ['/login', ['/login', '/api//../login', '/a%2fb/../login', '/a/../login', '/x;y/../login']],
    ['/api/login', ['/api/login', '/api//../login', '/api/x%5cy/../login', '/api/x/../login']],
    ['/a/login', ['/a/login', '/a%2fb/../login', '/a//login']],
  ])('is %s in either reading', (exact, list) => {
    expect(admitted(limited(exact), paths(list))).toBe(1);
  });

  it('that could be the excepted one is not, unless it is in each reading', () => {
    const limit = once({ when: { not: { path: { exact: '/health' } } } });
    const doubtful = ['/search/..%2fhealth', '/search/..%5chealth', '/search', '//health'];
    expect(admitted(limit, paths(doubtful))).toBe(1);
    const sure = ['/health', '/health?x', '/he%61lth'];
    expect(admitted(limit, paths(sure))).toBe(sure.length);
  });

  it('is known by its variable in either reading', () => {
    const limit = once({ per: [{ path: { template: '/users/{id}/orders', variable: 'id' } }] });
    const list = ['/users/7/orders', '/users//7/orders', '/x/..//users/7/orders/'];
    expect(admitted(limit, paths(list))).toBe(1);
  });
});

describe('a key', () => {
  it.each([
    ['cookie', ['sid=7', 'sid="7"', 'sid=%37', 'sid = 7', 'a=b; sid=7', 'sid=7; sid="7"']],
    ['authorization', ['Bearer x', 'bearer x', 'BEARER   x']],
  ])('of %s is one in all its spellings', (name, spellings) => {
    const part = name === 'cookie' ? { cookie: 'sid' } : { header: name };
    const requests = spellings.map((value) => [[[name, value]]] as const);
    expect(admitted(once({ per: [part] }), requests)).toBe(1);
    expect(admitted(once({ per: [part] }), [...requests, [[[name, 'sid=8 x']]]])).toBe(2);
  });
});

describe.each(SCOPES)('the overflow of scope %s', (scope) => {
  it('gives nobody a second burst', () => {
    const proxy = new Limited([
      { name: 'one', rate: '1/s', burst: 20, scope, per: [{ header: 'x-key' }], maxKeys: 1 },
    ]);
    expect(proxy.admits([['x-key', 'first']])).toBe(true);
    const seen = new Admissions();
    // The first one's bucket is full again after a second, and `x` may have it.
    for (let i = 0; i < 4000; i++) {
      proxy.clock.now += MS;
      if (proxy.admits([['x-key', 'x']])) seen.times.push(proxy.clock.now);
    }
    expect(seen.excess('1/s', 20)).toBeLessThanOrEqual(0);
    expect(seen.times.length).toBeGreaterThan(20);
    // It is not locked out for ever.
    proxy.clock.now += 60_000n * MS;
    expect(proxy.burst(30, [['x-key', 'x']])).toBe(20);
  });
});

describe('a request too large to read', () => {
  // Envoy's own limits stop it, unless they were raised.
  const large: Pairs = [['x-large', 'v'.repeat(1 << 20)]];

  it.each(SCOPES)('is limited, and uses up nobody else, in scope %s', (scope) => {
    const proxy = new Limited([
      { name: 'pay', rate: '1/h', burst: 5, scope, when: { path: { exact: '/pay' } } },
      { name: 'key', rate: '1/h', burst: 20, scope, per: [{ header: 'x-key' }] },
    ]);
    expect(proxy.burst(20, large, { path: '/other' })).toBe(5);
    expect(proxy.burst(20, [['x-key', 'a']], { path: '/pay' })).toBe(5);
  });

  it('nearly, finds room for the limit and its answer', () => {
    for (let size = 880_000; size < 1_040_000; size += 4_000) {
      const proxy = new Limited([once({ when: { path: { exact: '/login' } } })]);
      const headers: Pairs = [['x-large', 'v'.repeat(size)]];
      const path = `/x//../${'./'.repeat(4000)}login`;
      expect(proxy.burst(3, headers, { path }), `${size}`).toBeLessThanOrEqual(1);
      expect(proxy.errors('reply'), `${size}`).toBe(0);
    }
  });
});

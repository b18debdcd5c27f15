// Several limits for one request: it is charged to all of them or to none, and limits that only count
// influence nobody.

import { describe, expect, it } from 'vitest';
import { Limited, Random } from '../harness/limited.js';

type Section = Readonly<Record<string, unknown>>;
type Pair = readonly [string, string];

const SCOPES = ['worker', 'proxy'] as const;
/** No token comes back while a test runs. */
const RATE = '1/h';

/** A limit for requests that carry a header of its name. */
const named = (name: string, burst: number, more: Section = {}): Section => {
  return { name, rate: RATE, burst, when: { header: `x-${name}`, present: true }, ...more };
};
const forAll = (...names: string[]) => names.map((name): Pair => [`x-${name}`, '1']);

/** How many are left of a limit: it is used up by asking for it alone. */
const left = (proxy: Limited, name: string, most = 1000) => {
  let count = 0;
  while (count < most && proxy.admits(forAll(name))) count += 1;
  return count;
};

const permutations = (items: readonly string[]): string[][] =>
  items.length <= 1
    ? [[...items]]
    : items.flatMap((item) =>
        permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
      );

describe('a request that one of several limits rejects', () => {
  const orders = permutations(['a', 'b', 'c']);
  const mixes = SCOPES.flatMap((a) => SCOPES.flatMap((b) => SCOPES.map((c) => [a, b, c] as const)));

  it.each(mixes)('takes nothing of the others: scopes %s, %s and %s', (...scopes) => {
    for (const order of orders) {
      const limits = order.map((name) => {
        const index = 'abc'.indexOf(name);
        return named(name, [5, 7, 2][index]!, { scope: scopes[index] });
      });
      const proxy = new Limited(limits);
      expect(proxy.burst(10, forAll('a', 'b', 'c')), order.join()).toBe(2);
      expect([left(proxy, 'a'), left(proxy, 'b'), left(proxy, 'c')], order.join()).toEqual([
        3, 5, 0,
      ]);
      expect(proxy.errors()).toBe(0);
    }
  });

  it('takes nothing where the bucket was not known to this worker before', () => {
    for (const order of permutations(['a', 'b'])) {
      const limits = order.map((name) => named(name, name === 'a' ? 9 : 1));
      const proxy = new Limited(limits, { workers: 2 });
      // Another worker has used up b; this one has to ask to know.
      proxy.admits(forAll('b'), { worker: 1 });
      expect(proxy.burst(20, forAll('a', 'b'))).toBe(0);
      expect(left(proxy, 'a')).toBe(9);
    }
  });

  it('is answered for the one that it has to wait for longest', () => {
    const limits = [named('a', 1, { rate: '1/s' }), named('b', 1), named('c', 1, { rate: '1/m' })];
    for (const order of permutations(['a', 'b', 'c'])) {
      const sorted = order.map((name) => limits['abc'.indexOf(name)]!);
      const proxy = new Limited(sorted.map((limit) => ({ ...limit, scope: 'worker' })));
      expect(proxy.admits(forAll('a', 'b', 'c'))).toBe(true);
      expect(proxy.ask(forAll('a', 'b', 'c'))?.headers.get('retry-after')).toBe('3600');
    }
  });

  it('gives back no more than it took, of tokens that were leased before', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new Random(seed);
      const burst = random.between(32, 400);
      const limits = [
        named('a', burst, { rate: '100/s' }),
        named('b', 1, { per: [{ header: 'x-key' }] }),
      ];
      const proxy = new Limited(random.below(2) === 0 ? limits : limits.reverse(), { workers: 2 });
      // Hardly any time passes: no token comes back.
      let admitted = 0;
      for (let i = 0; i < 1500; i++) {
        proxy.clock.now += 1000n;
        const worker = random.below(2);
        if (random.below(2) === 0) {
          if (proxy.admits(forAll('a'), { worker })) admitted += 1;
          continue;
        }
        // The other worker has used it up, and this one has to ask to know.
        const key: Pair = ['x-key', `${i}`];
        proxy.admits([...forAll('b'), key], { worker: 1 - worker });
        expect(proxy.admits([...forAll('a', 'b'), key], { worker })).toBe(false);
      }
      expect(admitted, `seed ${seed}`).toBeLessThanOrEqual(burst);
      // What workers took from one another while they gave back is lost; that is not much.
      expect(admitted, `seed ${seed}`).toBeGreaterThan(burst * 0.6);
    }
  });
});

describe('a limit that only counts', () => {
  it.each(SCOPES)('rejects nobody and is charged by the admitted alone: scope %s', (scope) => {
    for (const reverse of [false, true]) {
      const limits = [
        named('dry', 3, { dryRun: true, scope }),
        named('a', 5, { scope: 'worker' }),
        named('b', 8, { scope: 'proxy' }),
      ];
      const proxy = new Limited(reverse ? limits.reverse() : limits);
      expect(proxy.burst(20, forAll('dry', 'a', 'b'))).toBe(5);
      // Five were admitted: three it would have admitted, two it would not; the others it never saw.
      expect([proxy.count('dry', 'ok'), proxy.count('dry', 'dry')]).toEqual([3, 2]);
      expect(proxy.count('dry', 'limited')).toBe(0);
      expect([proxy.count('a', 'ok'), proxy.count('a', 'limited')]).toEqual([5, 15]);
      expect([proxy.count('b', 'ok'), proxy.count('b', 'limited')]).toEqual([5, 0]);
      expect(left(proxy, 'b')).toBe(3);
    }
  });

  it('is not charged for what another rejects', () => {
    const proxy = new Limited([named('dry', 10, { dryRun: true }), named('a', 1)]);
    proxy.burst(9, forAll('dry', 'a'));
    proxy.burst(9, forAll('dry'));
    expect([proxy.count('dry', 'ok'), proxy.count('dry', 'dry')]).toEqual([10, 0]);
  });
});

describe('a policy that only counts', () => {
  it.each(SCOPES)('admits all, and says what it would do: scope %s', (scope) => {
    const limits = [named('a', 3, { scope }), named('b', 5, { scope })];
    const proxy = new Limited(limits, { sections: { mode: 'dryRun' } });
    expect(proxy.burst(10, forAll('a', 'b'))).toBe(10);
    expect(['a', 'b'].map((name) => [proxy.count(name, 'ok'), proxy.count(name, 'dry')])).toEqual([
      [3, 7],
      [5, 5],
    ]);
  });

  it('is disabled without counting', () => {
    const proxy = new Limited([named('a', 1)], { sections: { mode: 'disabled' } });
    expect(proxy.burst(10, forAll('a'))).toBe(10);
    expect(proxy.count('a', 'ok')).toBe(0);
    expect(proxy.calls()).toEqual({});
  });
});

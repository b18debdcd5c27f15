// A limit to the request: what one bucket admits over time, in one worker and in several, and what
// a client is told.

import { describe, expect, it } from 'vitest';
import { Admissions, Limited, MS, Random, rateOf, SECOND } from '../harness/limited.js';

const login = { name: 'login', rate: '10/s', burst: 20 };

describe('10/s with a burst of 20', () => {
  it.each([
    ['worker', 1],
    ['worker', 4],
    ['proxy', 1],
    ['proxy', 4],
  ] as const)('scope %s, %d workers: 20, then 10 after a second', (scope, workers) => {
    const proxy = new Limited([{ ...login, scope }], { workers });
    const start = proxy.clock.now;
    // Each worker has a bucket of its own, or all have one.
    const buckets = scope === 'worker' ? workers : 1;
    const round = (at: bigint, count: number) => {
      const admitted = Array.from({ length: buckets * count }, (_, i) =>
        proxy.admits([], { at, worker: i % workers }),
      );
      // Whoever is rejected is so for the rest of this moment.
      expect(admitted).toEqual([...admitted].sort((a, b) => Number(b) - Number(a)));
      return admitted.filter(Boolean).length / buckets;
    };
    expect(round(start, 30)).toBe(20);
    expect(round(start + SECOND, 20)).toBe(10);
    // One token comes with each tenth of a second, not a ns earlier.
    expect(round(start + SECOND + 100n * MS - 1n, 3)).toBe(0);
    expect(round(start + SECOND + 100n * MS, 3)).toBe(1);
    expect(round(start + SECOND + 350n * MS, 9)).toBe(2);
    expect(round(start + SECOND + 399n * MS, 9)).toBe(0);
    expect(round(start + SECOND + 400n * MS, 9)).toBe(1);
    // However long nobody came, there are no more than the burst.
    expect(round(start + 3600n * SECOND, 50)).toBe(20);
    expect([proxy.count('login', 'ok'), proxy.errors()]).toEqual([buckets * 54, 0]);
  });

  it('is the same in each direction and order of workers', () => {
    const random = new Random(7);
    for (let i = 0; i < 20; i++) {
      const proxy = new Limited([login], { workers: 4 });
      const start = proxy.clock.now;
      const round = (at: bigint, count: number) => {
        let admitted = 0;
        for (let n = 0; n < count; n++) {
          if (proxy.admits([], { at, worker: random.below(4) })) admitted++;
        }
        return admitted;
      };
      expect([round(start, 30), round(start + SECOND, 20)]).toEqual([20, 10]);
    }
  });
});

describe('the buckets of workers', () => {
  it('never give more than they may, and all of it', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const [unit, most] = random.of([
        ['s', 20_000],
        ['m', 600_000],
        ['h', 5000],
      ] as const);
      const rate = `${random.between(1, most)}/${unit}`;
      const burst = random.between(1, 2000);
      const workers = random.between(1, 8);
      const proxy = new Limited([{ name: 'all', rate, burst, scope: 'worker' }], { workers });
      const { count, period } = rateOf(rate);
      const interval = Number(period) / Number(count);
      const admitted = Array.from({ length: workers }, () => new Admissions());
      const start = proxy.clock.now;
      const due = Array.from({ length: workers }, () => 0);
      for (let i = 0; i < 3000; i++) {
        const worker = random.below(workers);
        // Each worker's own time only grows.
        due[worker]! += random.of([0, 0, 0.1, 1, 1, 3]) * random.gap() * interval;
        const at = start + BigInt(Math.floor(due[worker]!));
        if (proxy.admits([], { worker, at })) admitted[worker]!.times.push(at);
      }
      const excess = admitted.map((one) => one.excess(rate, burst));
      expect(Math.max(...excess), `seed ${seed}`).toBeLessThanOrEqual(0);
    }
  });

  it.each([
    ['10/s', 20],
    ['1000/s', 1],
    ['999/s', 100],
    ['20000/s', 2000],
    ['100/m', 7],
    ['1/h', 3],
  ])('of %s with a burst of %d give all of it to who always asks', (rate, burst) => {
    const proxy = new Limited([{ name: 'all', rate, burst, scope: 'worker' }]);
    const { count, period } = rateOf(rate);
    const start = proxy.clock.now;
    const step = period / count / 8n;
    let admitted = 0;
    const steps = 8 * 5000;
    for (let i = 0; i <= steps; i++) {
      if (proxy.admits([], { at: start + BigInt(i) * step })) admitted++;
    }
    const allowed = burst + Number(BigInt(steps) * step * count) / Number(period);
    expect(admitted).toBeLessThanOrEqual(allowed);
    expect(admitted).toBeGreaterThan(allowed * 0.999 - 1);
  });
});

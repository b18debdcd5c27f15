// One bucket for all workers of a proxy: never more than the policy allows in any time, and hardly
// less, whatever the workers do.

import { describe, expect, it } from 'vitest';
import { Admissions, Limited, MS, Random, rateOf, SECOND } from '../harness/limited.js';

/** Who asks at a moment, as shares of all requests by worker. */
type Pattern = (random: Random, workers: number, at: bigint) => number;

const PATTERNS: Readonly<Record<string, Pattern>> = {
  any: (random, workers) => random.below(workers),
  // Most of it comes to one of them, little to the others.
  uneven: (random, workers) => (random.below(10) === 0 ? random.below(workers) : 0),
  // All of it comes to one, and then to another, while the first still holds what it took.
  jumping: (_random, workers, at) => Number((at / (37n * MS)) % BigInt(workers)),
  // One after the other stops for ever, the last one goes on.
  stopping: (random, workers, at) => {
    const gone = Number((at / (400n * MS)) % BigInt(workers));
    return gone + random.below(workers - gone);
  },
};

interface Run {
  readonly rate: string;
  readonly burst: number;
  readonly workers: number;
  /** Offered, as a multiple of the rate. */
  readonly load: (at: bigint) => number;
  readonly pattern: Pattern;
  readonly seconds: number;
  /** Ms that one worker's clock may be behind another's. */
  readonly skew: number;
}

/** Sends a run to a bucket; what was admitted, and how often it was asked. */
function admissions(run: Run, random: Random) {
  const { rate, burst, workers, load, pattern, skew } = run;
  const proxy = new Limited([{ name: 'all', rate, burst, scope: 'proxy' }], { workers });
  const { count, period } = rateOf(rate);
  const interval = Number(period) / Number(count);
  const start = proxy.clock.now;
  const behind = Array.from({ length: workers }, () => random.below(skew * 1_000_000 + 1));
  const admitted = new Admissions();
  let asked = 0;
  for (let at = 0; at < run.seconds * 1e9; ) {
    const passed = BigInt(Math.floor(at));
    at += (random.gap() * interval) / load(passed);
    const worker = pattern(random, workers, passed);
    const time = start + SECOND + passed - BigInt(behind[worker]!);
    if (proxy.admits([], { worker, at: time })) admitted.times.push(time);
    asked += 1;
  }
  expect(proxy.errors()).toBe(0);
  return { admitted, asked };
}

const CASES = 40;

describe('a bucket of all workers', () => {
  it.each(Object.entries(PATTERNS))('never gives more than it may: %s', (_name, pattern) => {
    for (let seed = 1; seed <= CASES; seed++) {
      const random = new Random(seed);
      const perSecond = random.of([1, 7, 10, 33, 100, 999, 5000, 20_000]);
      const burst = random.of([1, 2, 31, 32, 33, 100, 640, 2000, random.between(1, 2000)]);
      const phase = random.between(1, 9);
      const run: Run = {
        rate: `${perSecond}/s`,
        burst,
        workers: random.between(1, 8),
        // Now and then more than there is, then less, so that the bucket is full and empty by turns.
        load: (at) => [0.1, 3, 0.6, 20, 1][Number(at / (BigInt(phase) * 50n * MS)) % 5]!,
        pattern,
        seconds: Math.min(Math.max(1, 3000 / perSecond), 60),
        skew: random.of([0, 0, 1, 20]),
      };
      const { admitted } = admissions(run, random);
      expect(admitted.excess(run.rate, burst), `seed ${seed}`).toBeLessThanOrEqual(0);
    }
  });

  it('never gives more, where a slot has many that come and go by clocks that differ', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed);
      const rate = random.of(['100/s', '1000/s', '20000/s']);
      const burst = random.of([1, 3, 40, 200]);
      const limit = { name: 'each', rate, burst, per: [{ header: 'x-key' }], maxKeys: 32 };
      const proxy = new Limited([limit], { workers: 3 });
      const behind = [0n, BigInt(random.below(20)) * MS, BigInt(random.below(5)) * MS];
      const keys = Array.from({ length: 12 }, () => new Admissions());
      let now = proxy.clock.now + SECOND;
      for (let i = 0; i < 6000; i++) {
        if (random.below(20) === 0) now += BigInt(random.below(40_000_000));
        const worker = random.below(3);
        const key = random.below(12);
        const at = now - behind[worker]!;
        const admitted = proxy.admits([['x-key', `${key}`]], { worker, at });
        if (admitted) keys[key]!.times.push(at);
      }
      const excess = Math.max(...keys.map((key) => key.excess(rate, burst)));
      expect(excess, `seed ${seed}`).toBeLessThanOrEqual(0);
      expect([proxy.count('each', 'overflow'), proxy.errors()]).toEqual([0, 0]);
    }
  });

  it('is not exceeded by what a worker kept to the last moment', () => {
    const burst = 400;
    for (let wait = 0; wait < 2600; wait += 39) {
      const proxy = new Limited([{ name: 'all', rate: '1000/s', burst }], { workers: 2 });
      const admitted = new Admissions();
      const start = proxy.clock.now;
      const ask = (worker: number, at: bigint) => {
        const asks = proxy.admits([], { worker, at });
        if (asks) admitted.times.push(at);
        return asks;
      };
      // Asked for more and more often, worker 0 takes a good deal ahead.
      for (let i = 0; i < 100; i++) ask(0, start + BigInt(i) * MS);
      // The bucket is full again, and what was taken is spent, in part, as late as that goes.
      const late = start + 100n * MS + BigInt(wait) * MS;
      for (let i = 0; i < wait % 64; i++) ask(0, late);
      for (let i = 0; i < 2 * burst; i++) ask(1, late + BigInt(i % 3) * MS);
      for (let i = 0; i < burst; i++) ask(0, late + 4n * MS);
      for (let i = 0; i < burst; i++) ask(1, late + 900n * MS);
      expect(admitted.excess('1000/s', burst), `after ${wait} ms`).toBeLessThanOrEqual(0);
    }
  });

  it.each<[string, number, number]>([
    ['20000/s', 2000, 1],
    ['20000/s', 2000, 4],
    ['1000/s', 1000, 4],
    ['1000/s', 200, 4],
    ['100/s', 100, 4],
    ['10/s', 20, 4],
  ])('of %s and a burst of %d gives %d workers hardly less', (rate, burst, workers) => {
    const perSecond = Number(rateOf(rate).count);
    // So long that what is left when it ends is little.
    const seconds = (10_000 + 10 * burst) / perSecond;
    // Where it jumps, most of what a worker still holds is lost with it.
    for (const [name, least] of Object.entries({ any: 0.98, uneven: 0.98, jumping: 0.92 })) {
      for (const load of [1.5, 4]) {
        const pattern = PATTERNS[name]!;
        const run = { rate, burst, workers, load: () => load, pattern, seconds, skew: 0 };
        const { admitted, asked } = admissions(run, new Random(2));
        const due = Math.min(asked, burst + perSecond * seconds);
        expect(admitted.times.length / due, `${name} × ${load}`).toBeGreaterThan(least);
      }
    }
  });

  it('loses no more of a worker that stops than what it held', () => {
    const run = { rate: '1000/s', burst: 1000, workers: 8, load: () => 4, skew: 0, seconds: 4 };
    const pattern = PATTERNS.stopping!;
    const { admitted } = admissions({ ...run, pattern }, new Random(2));
    expect(admitted.times.length).toBeGreaterThan(1000 + 4000 - 7 * 2 * 64 - 128);
  });
});

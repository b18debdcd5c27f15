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

const CASES = 60;

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
});

// When requests are due, and what is read from how long they took, against sorted values.

import { describe, expect, it } from 'vitest';
import { latencyOf, merged, percentiles } from '../../bench/src/load/latency.js';
import { dueTimes } from '../../bench/src/load/schedule.js';
import { seeded } from '../../bench/src/statistics/statistics.js';

/** The oracle: the smallest value that so many do not exceed. */
function exact(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1)]!;
}

/** From 20 µs to 20 s, each order of magnitude as often as the others; ms. */
function times(count: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => 0.02 * 10 ** (6 * random()));
}

describe('latency', () => {
  it('has the percentiles of the values, to a thousandth', () => {
    const values = times(20_000, 1);
    const latency = latencyOf(Float64Array.from(values));
    const wanted = [1, 10, 50, 75, 90, 99, 99.9, 99.99, 100];
    percentiles(latency, wanted).forEach((us, i) => {
      const ratio = us / (exact(values, wanted[i]!) * 1000);
      expect(Math.abs(ratio - 1)).toBeLessThan(0.002);
    });
    expect(latency.count).toBe(20_000);
    expect([latency.p50, latency.p90, latency.p99, latency.p999]).toEqual(
      percentiles(latency, [50, 90, 99, 99.9]),
    );
    expect(latency.max).toBeCloseTo(Math.max(...values) * 1000, 0);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(latency.mean / (mean * 1000)).toBeCloseTo(1, 3);
  });

  it('leaves out what has no time, and holds what is out of its range', () => {
    const latency = latencyOf(Float64Array.of(Number.NaN, -1, 1, 1e9));
    expect(latency).toMatchObject({ count: 3, max: (2 ** 31 - 1) / 10 });
    expect(latencyOf(new Float64Array(2).fill(Number.NaN))).toMatchObject({ count: 0, max: 0 });
  });

  it('adds up', () => {
    const rounds = [times(3_000, 2), times(1_000, 3)];
    const sum = merged(rounds.map((round) => latencyOf(Float64Array.from(round))));
    const whole = latencyOf(Float64Array.from(rounds.flat()));
    expect(sum.count).toBe(4_000);
    const wanted = [50, 90, 99, 99.9];
    expect(percentiles(sum, wanted)).toEqual(percentiles(whole, wanted));
  });
});

describe('the schedule', () => {
  it('is uniform', () => {
    expect([...dueTimes(4, 100, 'uniform', 1)]).toEqual([0, 10, 20, 30]);
  });

  it('jitters inside the interval of each', () => {
    const due = [...dueTimes(1_000, 1_000, 'jittered', 1)];
    expect(due.every((ms, i) => ms >= i && ms < i + 1)).toBe(true);
    expect(new Set(due.map((ms) => (ms % 1).toFixed(2))).size).toBeGreaterThan(90);
  });

  it('is that of a Poisson process', () => {
    const due = dueTimes(20_000, 1_000, 'poisson', 1);
    expect([...due]).toEqual([...due].sort((a, b) => a - b));
    expect(due[19_999]).toBeLessThanOrEqual(20_000);
    // Of gaps with a mean of 1 ms, e^-1 are longer than 1 ms and e^-3 longer than 3 ms.
    const gaps = [...due].slice(1).map((ms, i) => ms - due[i]!);
    const longer = (ms: number) => gaps.filter((gap) => gap > ms).length / gaps.length;
    expect(longer(1)).toBeCloseTo(Math.exp(-1), 1);
    expect(longer(3)).toBeCloseTo(Math.exp(-3), 2);
  });

  it('is the same from the same seed only', () => {
    const of = (seed: number) => [...dueTimes(10, 100, 'poisson', seed)];
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});

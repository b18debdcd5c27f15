// The statistics of bench/sdk: what some rounds say, against plain reckoning.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, estimate, median, orderOf, seeded } from '../../bench/sdk/statistics.mjs';

const values = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
});

describe('the median', () => {
  it.each([
    [[3], 3],
    [[3, 1], 2],
    [[3, 1, 2], 2],
    [[10, 9, 1, 2], 5.5],
  ])('of %j is %d', (given, expected) => {
    expect(median(given)).toBe(expected);
    expect(() => median([])).toThrow(RangeError);
  });

  it('has as many values above as below, and leaves them as they were', () => {
    fc.assert(
      fc.property(values, (given) => {
        const before = [...given];
        const middle = median(given);
        expect(given).toEqual(before);
        expect(given.filter((one) => one < middle).length).toBeLessThanOrEqual(given.length / 2);
        expect(given.filter((one) => one > middle).length).toBeLessThanOrEqual(given.length / 2);
      }),
    );
  });
});

describe('an estimate', () => {
  it('is the same for the same rounds', () => {
    expect(estimate([1, 5, 2, 8, 3])).toEqual(estimate([1, 5, 2, 8, 3]));
  });

  it('of equal rounds has no width', () => {
    expect(estimate([7, 7, 7])).toEqual({ median: 7, low: 7, high: 7 });
  });

  it('lies around the median, within the values', () => {
    fc.assert(
      fc.property(values, (given) => {
        const { low, median: middle, high } = estimate(given);
        expect(low).toBeLessThanOrEqual(middle);
        expect(high).toBeGreaterThanOrEqual(middle);
        expect(low).toBeGreaterThanOrEqual(Math.min(...given));
        expect(high).toBeLessThanOrEqual(Math.max(...given));
      }),
      { numRuns: 20 },
    );
  });

  it('holds the true median about as often as it says', () => {
    const random = seeded(42);
    let held = 0;
    const trials = 200;
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = estimate(Array.from({ length: 15 }, random), random);
      if (low <= 0.5 && high >= 0.5) held++;
    }
    expect(held / trials).toBeGreaterThan(0.88);
    expect(held / trials).toBeLessThanOrEqual(1);
  });
});

describe('a difference', () => {
  it('is taken round by round, so that what moves all of a round moves nothing', () => {
    const base = [10, 50, 20, 90, 30];
    const found = difference(
      base.map((one) => one + 3),
      base,
    );
    expect(found).toEqual({ median: 3, low: 3, high: 3 });
  });

  it('wants a pair for each round', () => {
    expect(() => difference([1, 2], [1])).toThrow(RangeError);
  });
});

describe('the order of a round', () => {
  it('has every variant once, and another one first in each round', () => {
    for (let count = 1; count <= 6; count++) {
      const firsts = new Set<number>();
      const pairs = new Map<string, number>();
      for (let round = 0; round < 4 * count; round++) {
        const order = orderOf(round, count);
        expect([...order].sort()).toEqual(Array.from({ length: count }, (_, i) => i));
        firsts.add(order[0]!);
        order.slice(1).forEach((one, i) => {
          const pair = `${order[i]}${one}`;
          pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
        });
      }
      expect(firsts.size).toBe(count);
      // Neighbours stand either way round about equally often.
      for (const [pair, times] of pairs) {
        const other = pairs.get([...pair].reverse().join('')) ?? 0;
        expect(Math.abs(times - other)).toBeLessThanOrEqual(2 * count);
        expect(other).toBeGreaterThan(0);
      }
    }
  });
});

describe('seeded numbers', () => {
  it('are even, from 0 up to 1, and the same again', () => {
    const [first, second, other] = [seeded(1), seeded(1), seeded(2)];
    const buckets = new Array(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const number = first();
      expect(number).toBe(second());
      buckets[Math.floor(number * 10)]++;
    }
    expect(Math.min(...buckets)).toBeGreaterThan(850);
    expect(Math.max(...buckets)).toBeLessThan(1150);
    expect(seeded(1)()).not.toBe(other());
  });
});

// What some rounds say, against plain reckoning.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bootstrap,
  difference,
  estimate,
  median,
  orderOf,
  ratio,
  seeded,
} from '../../bench/src/statistics/statistics.js';

const values = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), {
  minLength: 1,
  maxLength: 40,
});
/** Each costs 4,000 medians. */
const FEW = { numRuns: 20 };

/** Of many made-up measurements, the share whose interval holds the truth. */
function coverage(
  truth: number,
  interval: (random: () => number) => { low: number; high: number },
) {
  const random = seeded(42);
  const trials = Array.from({ length: 200 }, () => interval(random));
  return trials.filter(({ low, high }) => low <= truth && truth <= high).length / trials.length;
}

const rounds = (count: number, one: (round: number) => number) =>
  Array.from({ length: count }, (_, round) => one(round));

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

  it('of equal rounds has no width, of none there is none', () => {
    expect(estimate([7, 7, 7])).toEqual({ value: 7, low: 7, high: 7 });
    expect(() => estimate([])).toThrow(RangeError);
  });

  it('lies around the median, within the values', () => {
    fc.assert(
      fc.property(values, (given) => {
        const { low, value, high } = estimate(given);
        expect(value).toBe(median(given));
        expect(low).toBeLessThanOrEqual(value);
        expect(high).toBeGreaterThanOrEqual(value);
        expect(low).toBeGreaterThanOrEqual(Math.min(...given));
        expect(high).toBeLessThanOrEqual(Math.max(...given));
      }),
      FEW,
    );
  });

  it('holds the true median about as often as it says', () => {
    const held = coverage(0.5, (random) => estimate(rounds(15, random)));
    expect(held).toBeGreaterThan(0.88);
    expect(held).toBeLessThan(1);
  });

  it('is narrower of more rounds', () => {
    const random = seeded(7);
    const [few, many] = [9, 81].map((count) => estimate(rounds(count, random)));
    expect(many!.high - many!.low).toBeLessThan((few!.high - few!.low) / 1.5);
  });
});

describe('a difference', () => {
  it('is taken round by round, so that what moves all of a round moves nothing', () => {
    const base = [10, 50, 20, 90, 30];
    const found = difference(
      base.map((one) => one + 3),
      base,
    );
    expect(found).toEqual({ value: 3, low: 3, high: 3 });
  });

  it('turned round is the same with the other sign', () => {
    const one = [4, 9, 2, 7, 7];
    const other = [1, 3, 3, 8, 2];
    expect(difference(one, other)).toEqual({ value: 3, low: -1, high: 6 });
    expect(difference(other, one)).toEqual({ value: -3, low: -6, high: 1 });
  });

  it('wants a pair for each round', () => {
    expect(() => difference([1, 2], [1])).toThrow(RangeError);
  });
});

describe('a ratio', () => {
  it('is how many times what the floor is over the base', () => {
    const base = [10, 50, 20, 90, 30];
    const over = (cost: number) => base.map((one) => one + cost);
    expect(ratio(over(12), base, over(4))).toEqual({ value: 3, low: 3, high: 3 });
    expect(ratio(over(4), base, over(4))).toEqual({ value: 1, low: 1, high: 1 });
    expect(ratio(base, base, over(4))).toEqual({ value: 0, low: 0, high: 0 });
  });

  it('depends on no unit, nor on the weather of a round', () => {
    const round = fc.record({
      base: fc.integer({ min: 1, max: 1000 }),
      floor: fc.integer({ min: 1, max: 100 }),
      cost: fc.integer({ min: 0, max: 500 }),
      weather: fc.integer({ min: 0, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(round, { minLength: 1, maxLength: 20 }), (given) => {
        const plain = ratio(
          given.map(({ base, cost }) => base + cost),
          given.map(({ base }) => base),
          given.map(({ base, floor }) => base + floor),
        );
        const other = ratio(
          given.map(({ base, cost, weather }) => 8 * (base + cost + weather)),
          given.map(({ base, weather }) => 8 * (base + weather)),
          given.map(({ base, floor, weather }) => 8 * (base + floor + weather)),
        );
        expect(other).toEqual(plain);
        expect(plain.low).toBeLessThanOrEqual(plain.value);
        expect(plain.high).toBeGreaterThanOrEqual(plain.value);
      }),
      FEW,
    );
  });

  it('is one of medians, not the median of ratios', () => {
    // The rounds' own are 2, 1.5 and 1.
    expect(ratio([12, 16, 14], [10, 10, 10], [11, 14, 14]).value).toBe(1);
    const base = rounds(9, () => 10);
    const floor = base.map((one, round) => (round === 4 ? one + 0.001 : one + 2));
    const found = ratio(
      base.map((one) => one + 3),
      base,
      floor,
    );
    expect(found).toEqual({ value: 1.5, low: 1.5, high: 1.5 });
  });

  it('holds the truth about as often as it says', () => {
    const held = coverage(2, (random) => {
      const noise = () => 4 * (random() - 0.5);
      const weather = rounds(15, () => 100 * random());
      const around = (cost: number) => weather.map((one) => one + cost + noise());
      return ratio(around(20), around(0), around(10));
    });
    expect(held).toBeGreaterThan(0.88);
    expect(held).toBeLessThan(1);
  });

  it('wants a pair for each round', () => {
    expect(() => ratio([1, 2], [1, 2], [1])).toThrow(RangeError);
    expect(() => ratio([1, 2], [1], [1, 2])).toThrow(RangeError);
  });
});

describe('a bootstrap', () => {
  it('is of all rounds once, its interval of as many, some more than once', () => {
    const asked: (readonly number[])[] = [];
    const { value } = bootstrap(5, (chosen) => asked.push(chosen));
    expect(asked[value - 1]).toEqual([0, 1, 2, 3, 4]);
    expect(asked.length).toBeGreaterThan(1_000);
    expect(asked.every((chosen) => chosen.length === 5)).toBe(true);
    expect(new Set(asked.flat())).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(asked.some((chosen) => new Set(chosen).size < 5)).toBe(true);
    expect(() => bootstrap(0, () => 1)).toThrow(RangeError);
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

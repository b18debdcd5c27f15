// The filter's cell rate algorithm against fractions and big integers. A limit is count / period and
// a burst; what is promised of it is checked over all pairs of admissions, in whole numbers: both
// sides of a comparison are multiplied by what one of them would be divided by.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Gcra, Probe } from './probe.js';

let gcra: Gcra;
beforeAll(async () => {
  ({ gcra } = await Probe.load());
});

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const PER_SECOND_MAX = 1_000_000n;
const BURST_MAX = 1_000_000_000;
const U64_MAX = (1n << 64n) - 1n;
const TOLERANCE_END = 1n << 61n;
/** Where times end, in ns. */
const TIME_END = 1n << 62n;

interface Limit {
  readonly count: number;
  readonly periodNs: bigint;
  readonly burst: number;
}

/** Numbers from `min` to `max`, as many of one size as of another, and the ends. */
function sized(min: number, max: number): fc.Arbitrary<number> {
  const any = fc
    .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(9))
    .map(([power, more]) => Math.min(max, Math.floor(min * (max / min) ** power) + more));
  const ends = [min, min + 1, max - 1, max];
  return fc.oneof(
    { weight: 3, arbitrary: any },
    { weight: 2, arbitrary: fc.constantFrom(...ends) },
  );
}

const rate = fc.constantFrom(SECOND, MINUTE, HOUR).chain((periodNs) =>
  fc.record({
    periodNs: fc.constant(periodNs),
    count: sized(1, Number((PER_SECOND_MAX * periodNs) / SECOND)),
  }),
);

function limits(burst: fc.Arbitrary<number>): fc.Arbitrary<Limit> {
  return fc.tuple(rate, burst).map(([one, many]) => ({ ...one, burst: many }));
}
/** The slowest with the longest bursts: what needs longer units. */
const slow = fc
  .record({ count: fc.nat(4).map((n) => n + 1), burst: sized(600_000, BURST_MAX) })
  .map((some): Limit => ({ ...some, periodNs: HOUR }));
const limit = fc.oneof(
  { weight: 4, arbitrary: limits(sized(1, BURST_MAX)) },
  { weight: 1, arbitrary: slow },
);

/** The words of one limit, as the filter makes them at configure time. */
function wordsOf({ count, periodNs, burst }: Limit) {
  const shift = gcra.rateShift(count, periodNs, burst);
  const interval = gcra.rateInterval(count, periodNs, shift);
  return { shift, interval, tolerance: BigInt(burst) * interval, unit: 1n << BigInt(shift) };
}

/** Where time goes, as a part of something in thousandths and some ns; and what is asked for then. */
interface Step {
  readonly of: 'interval' | 'tolerance';
  readonly thousandths: number;
  readonly ns: number;
  readonly back: boolean;
  readonly ask: 'one' | 'all' | 'more' | number;
}

const step: fc.Arbitrary<Step> = fc.record({
  of: fc.constantFrom('interval', 'interval', 'tolerance'),
  thousandths: fc.oneof(fc.constantFrom(0, 1000, 2000), fc.nat(3000)),
  ns: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -5000, max: 5000 })),
  back: fc.nat(3).map((n) => n === 0),
  ask: fc.oneof(fc.constantFrom('one' as const, 'all' as const, 'more' as const), fc.nat(1000)),
});
const steps = fc.array(step, { minLength: 1, maxLength: 40 });
const start = fc.oneof(
  fc.constantFrom(0n, 1n, 1_800_000_000n * SECOND, TIME_END - 1n),
  fc.bigInt({ min: 0n, max: TIME_END - 1n }),
);

function timeAfter(now: bigint, { count, periodNs, burst }: Limit, move: Step): bigint {
  const many = move.of === 'interval' ? 1n : BigInt(burst);
  const far = (many * periodNs * BigInt(move.thousandths)) / (BigInt(count) * 1000n);
  const next = now + (move.back ? -far : far) + BigInt(move.ns);
  return next < 0n ? 0n : next >= TIME_END ? TIME_END - 1n : next;
}

interface Turn {
  readonly atNs: bigint;
  readonly free: bigint;
  readonly taken: bigint;
}

/** The bucket asked and charged at each step, and what came of it. */
function play(limit: Limit, startNs: bigint, moves: readonly Step[]): Turn[] {
  const { shift, interval, tolerance } = wordsOf(limit);
  let word = 0n;
  let atNs = startNs;
  return moves.map((move) => {
    atNs = timeAfter(atNs, limit, move);
    const free = gcra.tokensFree(word, gcra.unitsFloor(atNs, shift), interval, tolerance);
    const asked = {
      one: 1n,
      all: free,
      more: free + 1n,
    };
    const ask =
      typeof move.ask === 'string'
        ? asked[move.ask]
        : (BigInt(limit.burst) * BigInt(move.ask)) / 1000n;
    const taken = ask <= free ? ask : 0n;
    if (taken > 0n) {
      word = gcra.charge(word, gcra.unitsCeil(atNs, shift), interval, Number(taken));
    }
    return { atNs, free, taken };
  });
}

/** The leaky bucket of I.371, in ns: a level that falls by one in a ns. */
class LeakyBucket {
  #level = 0n;
  #atNs = 0n;
  readonly #interval: bigint;
  readonly #capacity: bigint;

  constructor(intervalNs: bigint, burst: number) {
    this.#interval = intervalNs;
    this.#capacity = intervalNs * BigInt(burst);
  }

  #levelAt(atNs: bigint): bigint {
    const level = this.#level - (atNs - this.#atNs);
    return level > 0n ? level : 0n;
  }

  /** How many fit, and `spareNs` besides. */
  free(atNs: bigint, spareNs = 0n): bigint {
    const room = this.#capacity - spareNs - this.#levelAt(atNs);
    return room > 0n ? room / this.#interval : 0n;
  }

  take(atNs: bigint, tokens: bigint): void {
    this.#level = this.#levelAt(atNs) + tokens * this.#interval;
    this.#atNs = atNs;
  }
}

/** In any closed window at most burst + its length * count / period. */
function expectInBounds({ count, periodNs, burst }: Limit, turns: readonly Turn[]): void {
  const sorted = turns
    .filter(({ taken }) => taken > 0n)
    .sort((one, other) => (one.atNs < other.atNs ? -1 : one.atNs > other.atNs ? 1 : 0));
  sorted.forEach((first, index) => {
    let sum = 0n;
    for (const last of sorted.slice(index)) {
      sum += last.taken;
      const allowed = BigInt(burst) * periodNs + (last.atNs - first.atNs) * BigInt(count);
      expect(sum * periodNs <= allowed, `${sum} from ${first.atNs} to ${last.atNs}`).toBe(true);
    }
  });
}

describe('gcra, over any times and any limit', () => {
  it('never admits more in a window than the burst and what came back', () => {
    fc.assert(
      fc.property(limit, start, steps, (one, from, moves) => {
        expectInBounds(one, play(one, from, moves));
      }),
      { numRuns: 4000 },
    );
  });

  it('admits what a leaky bucket of the rounded interval does, but for two units of its own', () => {
    fc.assert(
      fc.property(limit, start, steps, (one, from, moves) => {
        const { interval, unit } = wordsOf(one);
        // In ns nothing is rounded but the interval.
        const spareNs = unit === 1n ? 0n : 2n * unit;
        const leaky = new LeakyBucket(interval * unit, one.burst);
        for (const { atNs, free, taken } of play(one, from, moves)) {
          expect(free).toBeLessThanOrEqual(leaky.free(atNs));
          expect(free).toBeGreaterThanOrEqual(leaky.free(atNs, spareNs));
          if (taken > 0n) leaky.take(atNs, taken);
        }
      }),
      { numRuns: 4000 },
    );
  });

  it('decides as the virtual scheduling of I.371 does, one request after the other', () => {
    const few = limits(sized(1, 40));
    const each = fc.array(step, { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(few, start, each, fc.nat(60), (one, from, moves, requests) => {
        const { shift, interval, tolerance } = wordsOf(one);
        expect(shift).toBe(0);
        const late = tolerance - interval;
        let word = 0n;
        let arrival = 0n;
        let atNs = from;
        for (const move of moves) {
          atNs = timeAfter(atNs, one, move);
          for (let i = 0; i < requests; i++) {
            const conforms = atNs >= arrival - late;
            expect(gcra.tokensFree(word, atNs, interval, tolerance) > 0n).toBe(conforms);
            if (!conforms) break;
            arrival = (arrival > atNs ? arrival : atNs) + interval;
            word = gcra.charge(word, atNs, interval, 1);
            expect(word).toBe(arrival);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('loses no more of a rate than a thousandth, and of a burst nothing', () => {
    const many = limits(sized(2, BURST_MAX));
    const thousandths = fc.array(fc.nat(990), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(many, slow), start, thousandths, (one, from, moves) => {
        const { shift, interval, tolerance, unit } = wordsOf(one);
        let word = 0n;
        let atNs = from;
        let sum = 0n;
        // Never so long that it is full again: what a full bucket misses is not the rounding's.
        const longest = (tolerance - interval) * unit;
        for (const move of [0, ...moves]) {
          atNs += (longest * BigInt(move)) / 1000n;
          if (atNs >= TIME_END) break;
          const free = gcra.tokensFree(word, gcra.unitsFloor(atNs, shift), interval, tolerance);
          if (sum === 0n) expect(free).toBe(BigInt(one.burst));
          word = gcra.charge(word, gcra.unitsCeil(atNs, shift), interval, Number(free));
          sum += free;
          // sum > burst - 1 + (length - 2 units) * 0.999 * count / period
          const length = atNs - from - 2n * unit;
          const kept = (sum - BigInt(one.burst) + 1n) * one.periodNs * 1000n;
          expect(kept > length * BigInt(one.count) * 999n, `${sum} until ${atNs}`).toBe(true);
        }
      }),
      { numRuns: 4000 },
    );
  });
});

describe('a rate in units', () => {
  const ceil = (dividend: bigint, divisor: bigint) => (dividend + divisor - 1n) / divisor;
  const shifts = fc.nat(20);

  it('has the interval that is its fraction rounded up, and loses less than a thousandth', () => {
    fc.assert(
      fc.property(rate, shifts, ({ count, periodNs }, shift) => {
        const interval = gcra.rateInterval(count, periodNs, shift);
        expect(interval).toBe(ceil(periodNs, BigInt(count) << BigInt(shift)));
        if (shift > 0) return;
        expect(interval * BigInt(count) * 999n).toBeLessThan(periodNs * 1000n);
      }),
      { numRuns: 8000 },
    );
  });

  it('has the shortest units that its tolerance allows, and loses less than a part in 10^9', () => {
    fc.assert(
      fc.property(fc.oneof(limit, slow), ({ count, periodNs, burst }) => {
        const shift = gcra.rateShift(count, periodNs, burst);
        const tolerance = (by: number) => gcra.rateInterval(count, periodNs, by) * BigInt(burst);
        expect(tolerance(shift)).toBeLessThan(TOLERANCE_END);
        if (shift === 0) return;
        expect(tolerance(shift - 1)).toBeGreaterThanOrEqual(TOLERANCE_END);
        expect(shift).toBeLessThanOrEqual(11);
        const inNs = (gcra.rateInterval(count, periodNs, shift) << BigInt(shift)) * BigInt(count);
        expect((inNs - periodNs) * 1_000_000_000n).toBeLessThan(periodNs);
      }),
      { numRuns: 8000 },
    );
  });

  it('has units that are whole fractions of times', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: U64_MAX }), fc.nat(63), (ns, shift) => {
        const unit = 1n << BigInt(shift);
        expect(gcra.unitsFloor(ns, shift)).toBe(ns / unit);
        expect(gcra.unitsCeil(ns, shift)).toBe(ceil(ns, unit));
      }),
      { numRuns: 8000 },
    );
  });
});

describe('a bucket of any word', () => {
  const u64 = fc.oneof(
    fc.constantFrom(0n, 1n, TOLERANCE_END, TIME_END, (1n << 63n) - 1n, 1n << 63n, U64_MAX),
    fc.bigInt({ min: 0n, max: U64_MAX }),
    fc.tuple(fc.bigInt({ min: 0n, max: U64_MAX }), fc.nat(63)).map(([n, by]) => n >> BigInt(by)),
  );
  const interval = u64.map((n) => (n === 0n ? 1n : n));
  const tokens = fc.oneof(fc.constantFrom(0, 1, 2, 0xffffffff), fc.nat(1000), fc.nat(0xffffffff));
  const least = (...all: bigint[]) => all.reduce((a, b) => (a < b ? a : b));
  const most = (...all: bigint[]) => all.reduce((a, b) => (a > b ? a : b));

  it('has as many tokens as big integers say', () => {
    fc.assert(
      fc.property(u64, u64, interval, u64, (word, now, each, tolerance) => {
        const room = most(now + tolerance - most(word, now), 0n);
        expect(gcra.tokensFree(word, now, each, tolerance)).toBe(room / each);
        expect(gcra.isFull(word, now)).toBe(word <= now);
      }),
      { numRuns: 12_000 },
    );
  });

  it('is charged what big integers say, up to the greatest number', () => {
    fc.assert(
      fc.property(u64, u64, interval, tokens, (word, now, each, many) => {
        const wanted = least(U64_MAX, most(word, now) + BigInt(many) * each);
        expect(gcra.charge(word, now, each, many)).toBe(wanted);
      }),
      { numRuns: 12_000 },
    );
  });

  it('has fewer tokens the further the clock is back', () => {
    fc.assert(
      fc.property(u64, u64, u64, interval, u64, (word, one, other, each, tolerance) => {
        const [early, late] = [least(one, other), most(one, other)];
        const free = (now: bigint) => gcra.tokensFree(word, now, each, tolerance);
        expect(free(early)).toBeLessThanOrEqual(free(late));
      }),
      { numRuns: 6000 },
    );
  });

  it('says when tokens are free, and neither sooner nor later', () => {
    const near = fc
      .tuple(interval, fc.nat(1000), u64, fc.bigInt({ min: -10_000n, max: 10_000n }))
      .map(([each, burst, now, off]) => {
        const tolerance = least(each * BigInt(burst), U64_MAX);
        const word = least(most(now + tolerance + off, 0n), U64_MAX);
        return { word, now, each, tolerance };
      });
    const any = fc.record({ word: u64, now: u64, each: interval, tolerance: u64 });
    fc.assert(
      fc.property(fc.oneof(near, any), tokens, ({ word, now, each, tolerance }, many) => {
        const wait = gcra.unitsUntilFree(word, now, each, tolerance, many);
        const free = (at: bigint) => gcra.tokensFree(word, at, each, tolerance);
        if (BigInt(many) * each > tolerance) {
          expect(wait).toBe(U64_MAX);
          expect(free(U64_MAX)).toBeLessThan(BigInt(many));
          return;
        }
        expect(now + wait).toBeLessThanOrEqual(most(word, now));
        expect(free(now + wait)).toBeGreaterThanOrEqual(BigInt(many));
        if (wait > 0n) expect(free(now + wait - 1n)).toBeLessThan(BigInt(many));
      }),
      { numRuns: 12_000 },
    );
  });
});

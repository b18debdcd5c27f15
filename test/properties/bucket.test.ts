// The filter's bucket: against vectors of another implementation, and as a lot: even over the
// buckets, and drawn anew for each salt. The identities are always the same, and so are all counts;
// a bound is what one good hash in a thousand would miss.

import { beforeAll, describe, expect, it } from 'vitest';
import vectors from '../vectors/bucket.json' with { type: 'json' };
import { Probe, utf8 } from './probe.js';

const BUCKETS = 10_000;
const OF_EACH_KIND = 250_000;
/** A normal value is further from its mean, on either side, once in a thousand times. */
const SIGMAS = 3.29;

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const hex = (value: number, size: number) => value.toString(16).padStart(size, '0');

/** Numbers of 32 bits, the same in each run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function uuids(): () => string {
  const next = numbers(1);
  return () => {
    const last = hex(next(), 8) + hex(next() & 0xffff, 4);
    return `${hex(next(), 8)}-${hex(next() & 0xffff, 4)}-4${hex(next() & 0xfff, 3)}-a00f-${last}`;
  };
}

function traceIds(): () => string {
  const next = numbers(2);
  return () => hex(next(), 8) + hex(next(), 8);
}

/** A million, a quarter of each kind. */
const KINDS: Record<string, (index: number) => string> = {
  'numbers in sequence': (index) => String(index),
  'padded numbers in sequence': (index) => `user-${String(index).padStart(9, '0')}`,
  UUIDs: uuids(),
  'hex ids': traceIds(),
};

function identitiesOf(kind: string): Uint8Array[] {
  const make = KINDS[kind] as (index: number) => string;
  return Array.from({ length: OF_EACH_KIND }, (_, index) => utf8(make(index)));
}

function bucketsOf(salt: string, identities: readonly Uint8Array[]): Uint16Array {
  const salted = utf8(salt);
  const buckets = new Uint16Array(identities.length);
  identities.forEach((identity, index) => {
    buckets[index] = probe.bucket(salted, identity);
  });
  return buckets;
}

/** Of counts in `cells` equal ranges of buckets. */
function chiSquare(buckets: Uint16Array, cells: number): number {
  const counts = new Float64Array(cells);
  for (const one of buckets) {
    const cell = Math.floor((one * cells) / BUCKETS);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const expected = buckets.length / cells;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** 99.9 % of the chi-square distribution of `cells - 1` degrees are below (Wilson, Hilferty). */
function quantile(cells: number): number {
  const part = 2 / (9 * (cells - 1));
  return (cells - 1) * (1 - part + 3.0902 * Math.sqrt(part)) ** 3;
}

/** How many of `all` draws may hit, a hit having `chance`. */
function expectNear(hits: number, all: number, chance: number): void {
  const bound = SIGMAS * Math.sqrt(all * chance * (1 - chance));
  expect(Math.abs(hits - all * chance)).toBeLessThanOrEqual(bound);
}

describe('bucket', () => {
  it('is what the vectors say', () => {
    const found = vectors.map(({ salt, identity }) => probe.bucket(utf8(salt), utf8(identity)));
    expect(found).toEqual(vectors.map((vector) => vector.bucket));
  });

  it('has vectors of every size up to a hundred bytes', () => {
    const sizes = new Set(vectors.map((one) => utf8(`${one.salt}\0${one.identity}`).length));
    for (let size = 1; size <= 100; size++) expect(sizes).toContain(size);
  });
});

type Two = [Uint16Array, Uint16Array];

describe('the buckets of a million identities', () => {
  const names = Object.keys(KINDS);
  const salts = ['checkout-2026-11', 'checkout-2026-12'] as const;
  const dealt = new Map<string, Uint16Array>();
  const of = (salt: string) => dealt.get(salt) as Uint16Array;
  const ofKind = (salt: string, kind: string) => {
    const from = names.indexOf(kind) * OF_EACH_KIND;
    return of(salt).subarray(from, from + OF_EACH_KIND);
  };

  beforeAll(() => {
    const identities = names.flatMap(identitiesOf);
    for (const salt of salts) dealt.set(salt, bucketsOf(salt, identities));
  });

  it.each(names)('are even over %s', (kind) => {
    for (const salt of salts) {
      for (const cells of [100, BUCKETS]) {
        expect(chiSquare(ofKind(salt, kind), cells)).toBeLessThan(quantile(cells));
      }
    }
  });

  it.each(salts)('are even over all, with the salt %s', (salt) => {
    expect(new Set(of(salt)).size).toBe(BUCKETS);
    for (const cells of [100, BUCKETS]) {
      expect(chiSquare(of(salt), cells)).toBeLessThan(quantile(cells));
    }
  });

  it('keep who is in when the percentage is raised', () => {
    const buckets = of(salts[0]);
    const percents = [0, 0.01, 1, 10, 10.01, 20, 50, 99.99, 100];
    const inside = percents.map((percent) => {
      const limit = Math.round(percent * 100);
      return buckets.map((bucket) => (bucket < limit ? 1 : 0));
    });
    percents.forEach((percent, step) => {
      const now = inside[step] as Uint16Array;
      const before = inside[step - 1];
      let count = 0;
      let lost = 0;
      now.forEach((holds, index) => {
        count += holds;
        if (before?.[index] === 1 && holds === 0) lost++;
      });
      expect(lost).toBe(0);
      expectNear(count, buckets.length, percent / 100);
    });
  });

  it('have nothing to do with each other for two salts that are alike', () => {
    const all = salts.map(of) as Two;
    for (const [one, other] of [
      all,
      ...names.map((kind) => salts.map((salt) => ofKind(salt, kind)) as Two),
    ]) {
      let inOne = 0;
      let inBoth = 0;
      one.forEach((bucket, index) => {
        if (bucket >= 1000) return;
        inOne++;
        if ((other[index] as number) < 1000) inBoth++;
      });
      expectNear(inBoth, inOne, 0.1);
    }
  });
});

// figures: what a record's raw rounds say: each measurement with its interval, with what it is over
// the base of its case, and with that as a multiple of the floor's. Reckoned once for a record.

import {
  type BenchRecord,
  type Measurement,
  NO_OP,
  NONE,
  NONE_AGAIN,
  type Part,
} from '../record/record.js';
import { difference, type Estimate, estimate, ratio } from '../statistics/statistics.js';

/** Node without anything, and once more: the base and the control of the SDK's cases. */
export const BARE = 'bare';
export const BARE_AGAIN = 'bare again';

/** What a part is measured against: the first of these that its case has. */
const BASES: Readonly<Record<Part, readonly string[]>> = {
  cpu: [NONE],
  latency: [NONE],
  throughput: [NONE],
  memory: [NO_OP],
  startup: [NONE, NO_OP],
  hops: [NONE],
  scaling: [NONE],
  micro: [],
  sdk: [BARE],
};

/** Where "× no-op" means something: CPU time per request that a filter adds. */
const WITH_RATIO: readonly Part[] = ['cpu', 'hops', 'scaling'];

export interface Figure extends Omit<Measurement, 'rounds'> {
  readonly rounds: number;
  readonly value: Estimate;
  /** What it is measured against, and how much more than that it is; not on the base itself. */
  readonly base?: string;
  readonly over?: Estimate;
  /** `over` as a multiple of what the no-op wasm is over the base; not of that or of controls. */
  readonly ratio?: Estimate;
  /** Of a percentile: percent more than the base, so that p50 and p99.9 can be read together. */
  readonly percent?: Estimate;
}

const known = new WeakMap<readonly Measurement[], readonly Figure[]>();

/** All figures, in the order of the record. A record is never changed: they are reckoned once. */
export function figuresOf(record: BenchRecord): readonly Figure[] {
  const { measurements } = record;
  const figures = known.get(measurements) ?? reckon(measurements);
  known.set(measurements, figures);
  return figures;
}

export function figuresOfPart(record: BenchRecord, part: Part): readonly Figure[] {
  return figuresOf(record).filter((figure) => figure.part === part);
}

/** The same thing measured twice: what it is over the base is what equals differ by. */
export function isControl(variant: string): boolean {
  return variant === NONE_AGAIN || variant === BARE_AGAIN;
}

/** Tells one measurement of a record from all others, in any record. */
export function keyOf({ part, case: name, variant, figure, at }: Omit<Measurement, 'rounds'>) {
  return JSON.stringify([part, name, variant, figure, at ?? null]);
}

function reckon(measurements: readonly Measurement[]): Figure[] {
  const byKey = new Map(measurements.map((one) => [keyOf(one), one]));
  const beside = (one: Measurement, variant: string) => {
    const other = variant === one.variant ? undefined : byKey.get(keyOf({ ...one, variant }));
    // What was not taken together is not compared.
    return other?.rounds.length === one.rounds.length ? other : undefined;
  };
  return measurements.map((one) => {
    const { rounds, ...what } = one;
    const plain = { ...what, rounds: rounds.length, value: estimateOf(rounds) };
    const names = BASES[one.part];
    const name = names.find((base) => base === one.variant || beside(one, base) !== undefined);
    const base = name === undefined ? undefined : beside(one, name);
    if (name === undefined || base === undefined) return plain;
    const over = { base: name, over: difference(rounds, base.rounds) };
    if (ninesOf(one.figure) !== undefined)
      return { ...plain, ...over, percent: percent(rounds, base.rounds) };
    const floor = one.unit === 'µs' && !isControl(one.variant) ? beside(one, NO_OP) : undefined;
    if (!WITH_RATIO.includes(one.part) || floor === undefined) return { ...plain, ...over };
    return { ...plain, ...over, ratio: ratio(rounds, base.rounds, floor.rounds) };
  });
}

/** How many nines: p90 is one, p99.9 are three; undefined for what is no percentile. */
export function ninesOf(figure: string): number | undefined {
  const [, digits] = /^p(\d+(?:\.\d+)?)$/.exec(figure) ?? [];
  return digits === undefined ? undefined : -Math.log10(1 - Number(digits) / 100);
}

function percent(rounds: readonly number[], base: readonly number[]): Estimate {
  const nothing = rounds.map(() => 0);
  const { value, low, high } = ratio(rounds, nothing, base);
  const more = (times: number) => (times - 1) * 100;
  return { value: more(value), low: more(low), high: more(high) };
}

/** Counts are the same in each round; there is nothing to resample then. */
function estimateOf(rounds: readonly number[]): Estimate {
  const [first = 0] = rounds;
  const same = rounds.every((value) => value === first);
  return same ? { value: first, low: first, high: first } : estimate(rounds);
}

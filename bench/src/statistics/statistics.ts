// statistics: what some rounds of a measurement say. Pure; the same rounds give the same answer.
// Rounds of one case are paired: round 3 of every variant was taken in the same weather. So what is
// compared is resampled by whole rounds (bootstrap), never by values that were not taken together.

const RESAMPLES = 4_000;
const LOW = 0.025;
const HIGH = 0.975;
/** Of fewer rounds, percentiles would promise 95 % and hold less: 75 % of three. */
export const ROUNDS_MIN = 6;

/** A figure and where it lies at 95 %; of fewer than `ROUNDS_MIN` rounds the range that they span. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median of the rounds. */
export function estimate(rounds: readonly number[]): Estimate {
  return bootstrap(rounds.length, (chosen) => median(chosen.map((round) => rounds[round]!)));
}

/** What `rounds` are more than `base`: the median of the differences within each round. */
export function difference(rounds: readonly number[], base: readonly number[]): Estimate {
  paired(rounds, base);
  return estimate(rounds.map((value, round) => value - base[round]!));
}

/**
 * (rounds - base) / (floor - base), each difference the median over the rounds. Not the median of
 * ratios: one round in which the floor came close to the base would decide it. Where the floor cannot
 * be told from the base, the ratio has no upper end: it is Infinity, never negative.
 */
export function ratio(
  rounds: readonly number[],
  base: readonly number[],
  floor: readonly number[],
): Estimate {
  paired(rounds, base);
  paired(floor, base);
  const over = rounds.map((value, round) => value - base[round]!);
  const under = floor.map((value, round) => value - base[round]!);
  const middle = (values: readonly number[], chosen: readonly number[]) =>
    median(chosen.map((round) => values[round]!));
  return bootstrap(rounds.length, (chosen) => {
    const divisor = middle(under, chosen);
    return divisor > 0 ? middle(over, chosen) / divisor : Number.POSITIVE_INFINITY;
  });
}

/** @param figure of some rounds, given by their numbers, some more than once */
export function bootstrap(rounds: number, figure: (chosen: readonly number[]) => number): Estimate {
  if (rounds === 0) throw new RangeError('a figure of no rounds');
  const figures = resamplesOf(rounds)
    .map(figure)
    .sort((a, b) => (a === b ? 0 : a - b));
  const at = (share: number) => figures[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))]!;
  const [low, high] = rounds < ROUNDS_MIN ? [at(0), at(1)] : [at(LOW), at(HIGH)];
  const all = Array.from({ length: rounds }, (_, round) => round);
  return { value: figure(all), low, high };
}

const resamples = new Map<number, readonly (readonly number[])[]>();

/** Kept: a record has hundreds of figures, and choosing takes longer than reckoning. */
function resamplesOf(rounds: number): readonly (readonly number[])[] {
  let found = resamples.get(rounds);
  if (found === undefined) {
    const random = seeded(1);
    const choose = () => Array.from({ length: rounds }, () => Math.floor(random() * rounds));
    found = Array.from({ length: RESAMPLES }, choose);
    resamples.set(rounds, found);
  }
  return found;
}

/**
 * The order of `count` variants in a round: every two rounds another one comes first, and every
 * second round is the one before it backwards, so that none is always behind the same neighbour.
 */
export function orderOf(round: number, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => (i + (round >> 1)) % count);
  return round % 2 === 0 ? order : order.reverse();
}

/** Numbers from 0 up to 1, the same from the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function paired(rounds: readonly number[], others: readonly number[]): void {
  if (rounds.length !== others.length) throw new RangeError('rounds without their pair');
}

// statistics: what some rounds of a measurement say. Pure; the same rounds give the same answer.

const RESAMPLES = 10_000;

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values) {
  if (values.length === 0) throw new RangeError('median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median, and where it lies at 95 %: percentiles of the medians of resamples (bootstrap). Of
 * few values that is narrow: fewer than 9 rounds prove nothing.
 */
export function estimate(values, random = seeded(1)) {
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)])),
  ).sort((a, b) => a - b);
  const at = (share) => medians[Math.min(RESAMPLES - 1, Math.floor(share * RESAMPLES))];
  return { median: median(values), low: at(0.025), high: at(0.975) };
}

/** What `values` cost more than `base`, round by round: both were measured in the same weather. */
export function difference(values, base, random = seeded(1)) {
  if (values.length !== base.length) throw new RangeError('rounds without their pair');
  return estimate(
    values.map((value, round) => value - base[round]),
    random,
  );
}

/**
 * The order of `count` variants in a round: every two rounds another one comes first, and every
 * second round is the one before it backwards, so that none is always behind the same neighbour.
 */
export function orderOf(round, count) {
  const order = Array.from({ length: count }, (_, i) => (i + (round >> 1)) % count);
  return round % 2 === 0 ? order : order.reverse();
}

/** Numbers from 0 up to 1, the same from the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

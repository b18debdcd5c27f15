// schedule: when each request of an open load is due. Pure; the same seed gives the same times.

import { seeded } from '../statistics/statistics.js';

/**
 * `uniform`: one interval after the other. `jittered`: each anywhere in its interval. `poisson`: as
 * independent users send; the number in the whole time is fixed, so that the rate is exact.
 */
export type Pace = 'uniform' | 'jittered' | 'poisson';

/** @returns milliseconds from the start, ascending */
export function dueTimes(count: number, rate: number, pace: Pace, seed: number): Float64Array {
  const intervalMs = 1000 / rate;
  const random = seeded(seed);
  const due = new Float64Array(count);
  if (pace === 'poisson') {
    // The times of a Poisson process whose number is known are uniform ones, sorted.
    for (let i = 0; i < count; i++) due[i] = random() * count * intervalMs;
    return due.sort();
  }
  for (let i = 0; i < count; i++) {
    due[i] = (pace === 'jittered' ? i + random() : i) * intervalMs;
  }
  return due;
}

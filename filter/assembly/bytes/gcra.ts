// gcra: the generic cell rate algorithm (ITU-T I.371): a token bucket that is one word, and
// no timer. Pure: time is an argument. `count` tokens come back in each period, up to `burst`.
//
//   word = when the bucket will be full again; 0 = never used, and so is any time that is over
//
//           | now               | word               | now + tolerance
//   --------+-------------------+--------------------+----------------> units of 2^shift ns
//           |<-- owed, used up->|<--     free      ->|
//           |<--       tolerance = burst * interval -->|     free / interval = tokens to be had
//
// Promise: in any time from a to b no more is admitted than burst + (b - a) * count / period, also
// where the clock goes back; to hold it, times are rounded down to ask and up to charge, and the
// interval up. Nothing traps or wraps, whatever the word.
// Assumes: count, period, burst and interval are at least 1; now < 2^62 units, in ns the year 2116.

/** What burst * interval stays below: added to a time below 2^62 it is below 2^63. */
const TOLERANCE_END: u64 = 1 << 61;
/** Until tokens are free that the bucket never has. */
export const NEVER: u64 = u64.MAX_VALUE;

export function unitsFloor(ns: u64, shift: u32): u64 {
  return ns >> shift;
}

export function unitsCeil(ns: u64, shift: u32): u64 {
  const units = ns >> shift;
  return units << shift == ns ? units : units + 1;
}

/**
 * Between two tokens, at least 1. In ns, up to one is lost: of 1,000,000/s nothing, of 999,999/s,
 * 1001 ns instead of 1000.001, 0.0998 %. Slower rates lose less than 0.1 % too: their interval is
 * 1000 ns or more. In longer units it is 2^30 units or more (`rateShift`, burst <= 10^9), and a
 * part in 10^9 is lost.
 */
export function rateInterval(count: u32, periodNs: u64, shift: u32): u64 {
  // To round up twice is to round up once: the least whole number that is not below the fraction.
  const quotient = periodNs / count;
  return unitsCeil(quotient * count == periodNs ? quotient : quotient + 1, shift);
}

/** The shortest units for which burst * interval < 2^61: ns, but for 1/h and 10^9 it is 11. */
export function rateShift(count: u32, periodNs: u64, burst: u32): u32 {
  const intervalMax = (TOLERANCE_END - 1) / burst;
  let shift: u32 = 0;
  while (rateInterval(count, periodNs, shift) > intervalMax) shift++;
  return shift;
}

/** How many requests may be admitted at `now`, rounded down; at most the burst. */
export function tokensFree(word: u64, now: u64, interval: u64, tolerance: u64): u64 {
  const owed = word > now ? word - now : 0;
  return owed < tolerance ? (tolerance - owed) / interval : 0;
}

/** The word once `tokens` are taken at `nowCeil`, `now` rounded up; at most u64.MAX_VALUE. */
export function charge(word: u64, nowCeil: u64, interval: u64, tokens: u32): u64 {
  const from = max<u64>(word, nowCeil);
  if (tokens > (u64.MAX_VALUE - from) / interval) return u64.MAX_VALUE;
  return from + interval * tokens;
}

/** How long until `tokens` are free, if none is taken: 0 = they are; `NEVER` = more than the burst. */
export function unitsUntilFree(
  word: u64,
  now: u64,
  interval: u64,
  tolerance: u64,
  tokens: u32,
): u64 {
  if (tokens > tolerance / interval) return NEVER;
  const owed = word > now ? word - now : 0;
  const mayOwe = tolerance - interval * tokens;
  return owed > mayOwe && tokens != 0 ? owed - mayOwe : 0;
}

/** Such a word says no more than 0 does. */
export function isFull(word: u64, now: u64): bool {
  return word <= now;
}

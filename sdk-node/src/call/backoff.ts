// backoff: how long to wait before a repetition. A delay is a value; no timer in here. Pure.

/**
 * Full jitter: anything up to `min(capMs, baseMs * 2^n)`, so that callers who failed together do
 * not come back together. `n`: repetitions made so far; `random`: 0 up to, not including, 1.
 */
export function backoffMs(n: number, baseMs: number, capMs: number, random: number): number {
  return random * Math.min(capMs, baseMs * 2 ** n);
}

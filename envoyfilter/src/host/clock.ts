// clock: wall and monotonic time as nanoseconds, taken as a value so that tests own it.
// Promise: `monotonic` never goes back. Nothing else in the host reads the system's time.
// The guest sees them through proxy_get_current_time_nanoseconds and WASI clock_time_get.

/** A source of time. Both answers are nanoseconds; `wall` counts from the Unix epoch. */
export interface Clock {
  wall(): bigint;
  monotonic(): bigint;
}

/** The machine's own clocks. `wall` has a resolution of one millisecond. */
export const systemClock: Clock = {
  wall: () => BigInt(Date.now()) * 1_000_000n,
  monotonic: () => process.hrtime.bigint(),
};

/** A clock that stands still until it is told otherwise. */
export class ManualClock implements Clock {
  #wall: bigint;
  #monotonic: bigint;

  /**
   * @param wall start of the wall clock in ns since 1970; default 2026-01-01T00:00:00Z
   * @param monotonic start of the monotonic clock in ns; default one hour, as after a boot
   */
  constructor(wall = 1_767_225_600_000_000_000n, monotonic = 3_600_000_000_000n) {
    this.#wall = wall;
    this.#monotonic = monotonic;
  }

  wall(): bigint {
    return this.#wall;
  }

  monotonic(): bigint {
    return this.#monotonic;
  }

  /**
   * Moves both clocks forward by `ns` nanoseconds.
   * @throws RangeError when `ns` is negative: monotonic time does not go back.
   */
  advance(ns: bigint): void {
    if (ns < 0n) throw new RangeError(`advance wants nanoseconds >= 0, got ${ns}`);
    this.#wall += ns;
    this.#monotonic += ns;
  }

  /** Moves both clocks forward by `ms` milliseconds, which may have a fraction. */
  advanceMs(ms: number): void {
    this.advance(BigInt(Math.round(ms * 1e6)));
  }

  /** Sets the wall clock alone, as an operator or NTP does; it may go back. */
  setWall(ns: bigint): void {
    this.#wall = ns;
  }
}

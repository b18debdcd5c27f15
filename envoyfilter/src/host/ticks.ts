// ticks: the timers of root contexts, due by the monotonic clock.
// Promise: a timer fires once for each period that has begun anew, like Envoy's: a period counts
// from the end of the tick before, so that a clock that jumps over five periods fires once.

import type { Context } from './context.js';

const NS_PER_MS = 1_000_000n;

interface Timer {
  readonly periodNs: bigint;
  dueNs: bigint;
}

export class Ticks {
  readonly #timers = new Map<Context, Timer>();

  /** @param ms 0 stops the timer */
  set(root: Context, ms: number, nowNs: bigint): void {
    if (ms === 0) {
      this.#timers.delete(root);
      return;
    }
    const periodNs = BigInt(ms) * NS_PER_MS;
    this.#timers.set(root, { periodNs, dueNs: nowNs + periodNs });
  }

  delete(root: Context): void {
    this.#timers.delete(root);
  }

  /** When the next one is due; undefined where none is set. */
  get nextNs(): bigint | undefined {
    let next: bigint | undefined;
    for (const { dueNs } of this.#timers.values()) {
      if (next === undefined || dueNs < next) next = dueNs;
    }
    return next;
  }

  /** Fires what is due at `nowNs`, or everything where no time is given. */
  fire(tick: (root: Context) => void, nowNs?: bigint): void {
    for (const [root, timer] of [...this.#timers]) {
      if (nowNs !== undefined && timer.dueNs > nowNs) continue;
      tick(root);
      // The tick may have set another timer, or none.
      if (this.#timers.get(root) === timer) timer.dueNs = (nowNs ?? timer.dueNs) + timer.periodNs;
    }
  }
}

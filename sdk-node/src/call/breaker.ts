// breaker: whether a hop is worth trying. Only connections that fail count: an answer, whatever it
// says, proves that the hop is there. Pure; the clock comes in.

/** Hops kept; those through an intercepting sidecar are one for each authority. */
const HOPS_MAX = 1024;

export class Breaker {
  #failures = 0;
  #open = false;
  #probeAtMs = 0;
  #epoch = 0;
  readonly #failuresMax: number;
  readonly #probeMs: number;

  constructor(failuresMax: number, probeMs: number) {
    this.#failuresMax = failuresMax;
    this.#probeMs = probeMs;
  }

  get open(): boolean {
    return this.#open;
  }

  /**
   * May a call try this hop? While it is open, or known dead, one call each `probeMs` may. `epoch`
   * goes up when the hop is known to be back: an open one then closes at once.
   */
  admits(nowMs: number, dead: boolean, epoch: number): boolean {
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.succeeded();
    }
    if (dead && !this.#open) this.#trip(nowMs);
    if (!this.#open) return true;
    if (nowMs < this.#probeAtMs) return false;
    this.#probeAtMs = nowMs + this.#probeMs;
    return true;
  }

  /** Would it admit a call at that time? Asking takes nobody's turn. */
  mayAdmit(atMs: number): boolean {
    return !this.#open || atMs >= this.#probeAtMs;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#open = false;
  }

  failed(nowMs: number): void {
    this.#failures++;
    if (this.#open || this.#failures >= this.#failuresMax) this.#trip(nowMs);
  }

  #trip(nowMs: number): void {
    this.#open = true;
    this.#probeAtMs = nowMs + this.#probeMs;
  }
}

/** The breakers of a client, by the key of their hop. */
export class Breakers {
  readonly #known = new Map<string, Breaker>();
  readonly #failures: number;
  readonly #probeMs: number;

  constructor(failures: number, probeMs: number) {
    this.#failures = failures;
    this.#probeMs = probeMs;
  }

  of(key: string): Breaker {
    let breaker = this.#known.get(key);
    if (breaker === undefined) {
      if (this.#known.size >= HOPS_MAX) {
        this.#known.delete(this.#known.keys().next().value as string);
      }
      breaker = new Breaker(this.#failures, this.#probeMs);
      this.#known.set(key, breaker);
    }
    return breaker;
  }

  get size(): number {
    return this.#known.size;
  }
}

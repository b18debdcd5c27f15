// budget: how many repetitions an authority is given: a share of its calls, and a floor for those
// that have few. Pure; the clock comes in.
// Promise: repetitions granted <= ratio * calls + floorPerSecond * seconds + one second's floor.

/** What calls pay in is there for this long. */
const WINDOW_S = 10;
/** Authorities kept; hosts come from the application, so there may be any number. */
const AUTHORITIES_MAX = 1024;

/** A sum that rounding has kept below one. */
const EPSILON = 1e-9;

class Account {
  /** Paid in and not spent, by second modulo the window. */
  readonly #slots = new Float64Array(WINDOW_S);
  #second: number;
  #floor: number;
  #floorAtMs: number;
  readonly #ratio: number;
  readonly #floorPerSecond: number;

  constructor(ratio: number, floorPerSecond: number, nowMs: number) {
    this.#ratio = ratio;
    this.#floorPerSecond = floorPerSecond;
    this.#second = Math.floor(nowMs / 1000);
    this.#floor = Math.max(1, floorPerSecond) * Math.sign(floorPerSecond);
    this.#floorAtMs = nowMs;
  }

  pay(nowMs: number): void {
    this.#advance(nowMs);
    const slot = this.#second % WINDOW_S;
    this.#slots[slot] = this.#slots[slot]! + this.#ratio;
  }

  take(nowMs: number): boolean {
    this.#advance(nowMs);
    if (this.#sum() + EPSILON >= 1) {
      this.#spend(1);
      return true;
    }
    if (this.#floor + EPSILON < 1) return false;
    this.#floor -= 1;
    return true;
  }

  charge(count: number, nowMs: number): void {
    this.#advance(nowMs);
    this.#spend(count);
  }

  #sum(): number {
    let sum = 0;
    for (const slot of this.#slots) sum += slot;
    return sum;
  }

  /** What was paid in first goes first. */
  #spend(count: number): void {
    for (let age = WINDOW_S - 1; age >= 0 && count > 0; age--) {
      const slot = (this.#second + WINDOW_S - age) % WINDOW_S;
      const spent = Math.min(count, this.#slots[slot]!);
      this.#slots[slot] = this.#slots[slot]! - spent;
      count -= spent;
    }
  }

  #advance(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(WINDOW_S, second - this.#second);
    for (let i = 1; i <= passed; i++) this.#slots[(this.#second + i) % WINDOW_S] = 0;
    if (passed > 0) this.#second = second;
    const elapsedMs = Math.max(0, nowMs - this.#floorAtMs);
    const full = Math.max(1, this.#floorPerSecond) * Math.sign(this.#floorPerSecond);
    this.#floor = Math.min(full, this.#floor + (elapsedMs / 1000) * this.#floorPerSecond);
    this.#floorAtMs = Math.max(this.#floorAtMs, nowMs);
  }
}

export class Budget {
  readonly #accounts = new Map<string, Account>();
  readonly #ratio: number;
  readonly #floorPerSecond: number;

  constructor(ratio: number, floorPerSecond: number) {
    this.#ratio = ratio;
    this.#floorPerSecond = floorPerSecond;
  }

  /** A call begins: it pays its share in. */
  pay(authority: string, nowMs: number): void {
    this.#account(authority, nowMs).pay(nowMs);
  }

  /** Takes one repetition out; false: none is left. */
  take(authority: string, nowMs: number): boolean {
    return this.#account(authority, nowMs).take(nowMs);
  }

  /** Somebody on the way has repeated for us: that is taken out, as far as there is something. */
  charge(authority: string, count: number, nowMs: number): void {
    this.#account(authority, nowMs).charge(count, nowMs);
  }

  get size(): number {
    return this.#accounts.size;
  }

  #account(authority: string, nowMs: number): Account {
    let account = this.#accounts.get(authority);
    if (account !== undefined) return account;
    if (this.#accounts.size >= AUTHORITIES_MAX) {
      const oldest = this.#accounts.keys().next().value as string;
      this.#accounts.delete(oldest);
    }
    account = new Account(this.#ratio, this.#floorPerSecond, nowMs);
    this.#accounts.set(authority, account);
    return account;
  }
}

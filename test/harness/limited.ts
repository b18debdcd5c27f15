// limited: the release module with limits, on several workers of one proxy, its time in the hands of
// the test; and what the promise of a limit means, counted over the admissions of one bucket.

import {
  type Clock,
  Host,
  type HostOptions,
  type Plugin,
} from '../../envoyfilter/src/host/index.js';
import type { Direction } from '../../envoyfilter/src/policy/policy.js';
import { entryFor, type LoadOptions, loadFilter, metricOf, requestOf, type Start } from './host.js';

type Section = Readonly<Record<string, unknown>>;
type Stream = ReturnType<Plugin['open']>;
export type Reply = NonNullable<ReturnType<Stream['requestHeaders']>['reply']>;

export const SECOND = 1_000_000_000n;
export const MS = 1_000_000n;

/** A clock that says what it is told: each worker may have read it a little earlier than another. */
export class LooseClock implements Clock {
  /** Monotonic, in ns. */
  now: bigint;
  refused = false;

  constructor(now = 3_600n * SECOND) {
    this.now = now;
  }

  wall(): bigint {
    return 1_767_225_600n * SECOND + this.now;
  }

  monotonic(): bigint {
    return this.now;
  }
}

export interface LimitedOptions extends Omit<HostOptions, 'clock'> {
  /** Beside the limits. */
  readonly sections?: Section;
  readonly id?: string;
  readonly direction?: Direction;
  /** Of another one, to be another policy of the same proxy. */
  readonly host?: Host;
  readonly clock?: LooseClock;
  readonly load?: LoadOptions;
}

export interface Ask extends Start {
  readonly worker?: number;
  /** When the worker reads its clock, in ns; default the clock as it stands. */
  readonly at?: bigint;
  readonly sourceAddress?: string;
}

export class Limited {
  readonly clock: LooseClock;
  readonly host: Host;
  readonly id: string;
  readonly plugin: Plugin;
  readonly #streams: (Stream | undefined)[] = [];
  readonly #direction: Direction;
  readonly #sections: Section;

  constructor(limits: readonly Section[], options: LimitedOptions = {}) {
    const { sections = {}, id, direction, host, clock, load, ...rest } = options;
    this.id = id ?? 'test/limits/0';
    this.#direction = direction ?? 'gateway';
    this.#sections = sections;
    this.clock = clock ?? new LooseClock();
    this.host = host ?? new Host({ logLevel: 'error', ...rest, clock: this.clock });
    const entry = entryFor({ ...sections, limits }, this.id, this.#direction);
    this.plugin = loadFilter(this.host, entry, load);
    if (!this.plugin.accepted) throw new Error(this.host.logs.map((it) => it.message).join('\n'));
  }

  /** Offers other limits, or other sections beside them. */
  push(limits: readonly Section[], sections: Section = this.#sections): void {
    const entry = entryFor({ ...sections, limits }, this.id, this.#direction);
    if (!this.plugin.configure(JSON.stringify(entry.configuration))) {
      throw new Error(this.host.logs.map(({ message }) => message).join('\n'));
    }
    for (const stream of this.#streams.splice(0)) stream?.done();
  }

  /** Undefined: the request goes on. */
  ask(headers: readonly (readonly [string, string])[] = [], options: Ask = {}): Reply | undefined {
    const { worker = 0, at, sourceAddress, ...start } = options;
    if (at !== undefined) this.clock.now = at;
    // A stream that is asked again and again spares what opening one costs.
    let stream = this.#streams[worker];
    if (stream === undefined || sourceAddress !== undefined) {
      stream?.done();
      stream = this.plugin.open({
        worker,
        ...(sourceAddress === undefined ? {} : { sourceAddress }),
      });
      this.#streams[worker] = stream;
    }
    const { action, reply, failed } = stream.requestHeaders(requestOf(headers, start));
    if (failed !== undefined) throw new Error(`the VM has failed: ${failed}`);
    if ((action === 'continue') !== (reply === undefined)) throw new Error('the request hangs');
    return reply;
  }

  admits(headers: readonly (readonly [string, string])[] = [], options: Ask = {}): boolean {
    return this.ask(headers, options) === undefined;
  }

  /** How many of so many requests at once are admitted. */
  burst(
    count: number,
    headers: readonly (readonly [string, string])[] = [],
    ask: Ask = {},
  ): number {
    let admitted = 0;
    for (let i = 0; i < count; i++) if (this.admits(headers, ask)) admitted++;
    return admitted;
  }

  /** Host calls of all requests since the last push, by name. */
  calls(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const stream of this.#streams) {
      for (const [name, count] of stream?.calls ?? []) sum[name] = (sum[name] ?? 0) + count;
    }
    return sum;
  }

  /** tagalong_limit_total. */
  count(limit: string, outcome: string): number {
    return metricOf(this.host, this.id, 'tagalong_limit_total', { limit, outcome });
  }

  errors(kind?: string): number {
    return metricOf(
      this.host,
      this.id,
      'tagalong_errors_total',
      kind === undefined ? {} : { kind },
    );
  }

  /** Keys of shared data that limits have made. */
  keys(): string[] {
    return this.host.sharedData
      .keys('tagalong')
      .filter((key) => key.startsWith('tagalong/1/limit'));
  }
}

const PERIODS: Readonly<Record<string, bigint>> = { s: SECOND, m: 60n * SECOND, h: 3600n * SECOND };

/** `10/s` as a fraction: 10 in 10^9 ns. */
export function rateOf(text: string): { readonly count: bigint; readonly period: bigint } {
  const [count = '', unit = ''] = text.split('/');
  return { count: BigInt(count), period: PERIODS[unit]! };
}

/** When requests of one bucket were admitted, in ns, in any order. */
export class Admissions {
  readonly times: bigint[] = [];

  /**
   * By how many requests the worst window from one admission to another holds more than
   * burst + rate × window; at most 0 where the limit holds. Exact: in units of 1 / period.
   */
  excess(rate: string, burst: number): number {
    const { count, period } = rateOf(rate);
    const times = [...this.times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    let least: bigint | undefined;
    let worst = -BigInt(burst) * period;
    times.forEach((time, index) => {
      // Of n admissions from i to j: n = j - i + 1.
      const level = BigInt(index) * period - time * count;
      if (least === undefined || level < least) least = level;
      const over = level - least + period - BigInt(burst) * period;
      if (over > worst) worst = over;
    });
    return Number(worst) / Number(period);
  }
}

/** Deterministic: the sequence is the same on every machine (Marsaglia, xorshift32). */
export class Random {
  #state: number;

  constructor(seed = 0x9e3779b9) {
    this.#state = seed >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.below(2);
  }

  below(count: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return Math.floor(((this.#state >>> 0) / 0x1_0000_0000) * count);
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** Exponentially distributed, of mean 1: between two requests that know nothing of one another. */
  gap(): number {
    return -Math.log((this.below(0x1000_0000) + 1) / 0x1000_0000);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

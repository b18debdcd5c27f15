// host: one simulated Envoy process: its plugins, its shared data, metrics, log and time.

import { webcrypto } from 'node:crypto';
import { type Clock, ManualClock, systemClock } from './clock.js';
import { type ForeignFunction, foreignFunctions } from './foreign.js';
import { Log, type LogEntry } from './log.js';
import { Metrics } from './metrics.js';
import { Plugin, type PluginOptions } from './plugin.js';
import { SharedData } from './shared-data.js';
import type { LogLevel } from './status.js';
import { VmPool } from './vm-pool.js';

export interface HostOptions {
  /** Worker threads; default 1. */
  readonly workers?: number;
  /** Default: the machine's clocks. */
  readonly clock?: Clock;
  /** Fills bytes for WASI random_get; default: cryptographic. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Called for each log line that is kept. */
  readonly onLog?: (entry: LogEntry) => void;
  /** Lines below it are dropped, as Envoy drops them; default info. */
  readonly logLevel?: LogLevel;
  /** Which Envoy's VM key: 1.36 leaves the capability list out of it; default 1.40. */
  readonly version?: '1.36' | '1.40';
  /** A status to answer instead of performing a host call; for tests of what a guest does then. */
  readonly fault?: (call: string, streamId: number) => number | undefined;
  /** Functions for proxy_call_foreign_function beside, or instead of, those that Envoy has. */
  readonly foreign?: Readonly<Record<string, ForeignFunction>>;
}

export class Host {
  readonly sharedData = new SharedData();
  readonly metrics = new Metrics();
  readonly clock: Clock;
  readonly #log: Log;
  readonly #pool: VmPool;

  constructor(options: HostOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.#log = new Log(options.logLevel, options.onLog);
    this.#pool = new VmPool(options.workers ?? 1, options.version !== '1.36', {
      sharedData: this.sharedData,
      metrics: this.metrics,
      log: this.#log,
      clock: this.clock,
      random: options.random ?? ((bytes) => void webcrypto.getRandomValues(bytes)),
      foreign: foreignFunctions(options.foreign),
      fault: options.fault,
    });
  }

  /** What guests and the host logged, oldest first; bounded. */
  get logs(): readonly LogEntry[] {
    return this.#log.entries;
  }

  /**
   * Loads a plugin as a listener that names it would.
   * @throws WasmLoadError where the code cannot be loaded
   */
  load(options: PluginOptions): Plugin {
    return new Plugin(this.#pool, options);
  }

  /**
   * Moves a ManualClock forward, and runs each tick at the time it is due.
   * @param ms may have a fraction
   * @throws TypeError where the host runs on another clock
   */
  advance(ms: number): void {
    const { clock } = this;
    if (!(clock instanceof ManualClock)) {
      throw new TypeError('advance wants a host with a ManualClock');
    }
    const endNs = clock.monotonic() + BigInt(Math.round(ms * 1e6));
    for (;;) {
      const nextNs = this.#nextTickNs();
      if (nextNs === undefined || nextNs > endNs) break;
      const waitNs = nextNs - clock.monotonic();
      if (waitNs > 0n) clock.advance(waitNs);
      this.tick();
    }
    clock.advance(endNs - clock.monotonic());
  }

  /** Runs the ticks that are due by the clock, each once. */
  tick(): void {
    const now = this.clock.monotonic();
    for (const vm of this.#pool.vms()) vm.tick(now);
  }

  #nextTickNs(): bigint | undefined {
    const due = this.#pool.vms().flatMap(({ ticks }) => ticks.nextNs ?? []);
    return due.reduce<bigint | undefined>(
      (least, one) => (least === undefined || one < least ? one : least),
      undefined,
    );
  }
}

// simulated: a variant of the benchmark on the V8 host instead of in Envoy: the same filter, the
// same requests in turn, the same answers. Its time and its random bytes are the same on each run.
// Promise: a request that is not answered as the variant says throws, and so does one that the
// variant's counters missed.

import {
  HeaderMap,
  Host,
  ManualClock,
  type Plugin,
  type Stream,
} from '../../../envoyfilter/src/host/index.js';
import { seeded } from '../statistics/statistics.js';
import type { BenchRequest, Exchange, Variant } from '../variants/variant.js';
import { answerOf, headersOf, type Listener, listenerOf, type Route } from './listener.js';

/** From one request to the next: 10,000 in a second. */
const GAP_NS = 100_000n;
/** Streams do not count the calls of WASI; the clock counts these. */
const CLOCK = 'clock_time_get';

export interface SimulatedOptions {
  /** What runs instead of the module of the filter that is measured. */
  readonly rewrite?: (module: Uint8Array) => Promise<Uint8Array>;
  /** A callback that may be called beside those that the variant allows. */
  readonly callback?: string;
  /** Headers that each response has to have once it has passed the filter. */
  readonly answered?: readonly string[];
}

interface Served {
  readonly plugin: Plugin;
  readonly routes: readonly Route[];
}

export class Simulated {
  /** Host calls of the requests so far, by name. Whoever counts may clear it. */
  readonly calls = new Map<string, number>();
  readonly #variant: Variant;
  readonly #answered: readonly string[];
  readonly #clock = new CountingClock();
  readonly #host: Host;
  readonly #served = new Map<string, Served>();
  #next = 0;

  /**
   * @throws Error where a listener has not exactly one filter, a wasm; where that refuses its
   * configuration; where what comes before the load is not answered as the variant says
   */
  static async of(variant: Variant, options: SimulatedOptions = {}): Promise<Simulated> {
    const { rewrite = async (module) => module, callback, answered = [] } = options;
    const listeners = (await variant.listeners()).map(listenerOf);
    const own = listeners.find(({ name }) => name === variant.load.listener)!;
    const code = await rewrite(own.plugin.code);
    const plugin = { ...own.plugin, code, ...alsoAllowing(own, callback) };
    const others = listeners.filter((one) => one !== own);
    return new Simulated(variant, [...others, { ...own, plugin }], answered);
  }

  private constructor(
    variant: Variant,
    listeners: readonly Listener[],
    answered: readonly string[],
  ) {
    const random = seeded(1);
    const fill = (bytes: Uint8Array) => bytes.set(bytes.map(() => random() * 256));
    const host = new Host({ clock: this.#clock, random: fill, logLevel: 'error' });
    this.#host = host;
    this.#variant = variant;
    this.#answered = answered;
    for (const { name, plugin, routes } of listeners) {
      const loaded = host.load(plugin);
      if (!loaded.accepted) throw new Error(`${variant.name}: ${loaded.rejected}`);
      this.#served.set(name, { plugin: loaded, routes });
    }
    for (const exchange of variant.before ?? []) this.#pass(exchange.requests, exchange);
    this.calls.clear();
  }

  /** Sends the next requests, each when the one before is answered and gone. */
  send(count: number): void {
    this.#checked(count, () => {
      for (let i = 0; i < count; i++) this.#pass(this.#take(1), this.#variant.load);
    });
  }

  /**
   * Sends the next requests, all of them open at once.
   * @returns ns that filter and host needed for the headers of all requests, without what makes
   * streams and header maps, and without the responses
   */
  time(count: number): number {
    return this.#checked(count, () => this.#pass(this.#take(count), this.#variant.load));
  }

  /** What an export of the measured VM answers. */
  ask(callback: string, argument: number): number {
    const [, worker] = this.#served.get(this.#variant.load.listener)!.plugin.vms;
    const answer = worker?.call(worker.current, callback, argument);
    if (answer === undefined) throw new Error(`${this.#variant.name}: no answer of ${callback}`);
    return answer;
  }

  #take(count: number): BenchRequest[] {
    const { requests } = this.#variant.load;
    const at = (i: number) => requests[i % requests.length]!;
    const taken = Array.from({ length: count }, (_, i) => at(this.#next + i));
    this.#next += count;
    return taken;
  }

  /** What `send` answers, if it has the variant's counters grow by one for each request. */
  #checked<T>(count: number, send: () => T): T {
    const before = this.#counted();
    const answer = send();
    for (const [pattern, value] of this.#counted()) {
      const grown = Number(value - before.get(pattern)!);
      if (grown === count) continue;
      throw new Error(`${this.#variant.name}: ${pattern} grew by ${grown} in ${count} requests`);
    }
    return answer;
  }

  #pass(requests: readonly BenchRequest[], { listener, expect }: Exchange): number {
    const { plugin, routes } = this.#served.get(listener)!;
    const arrived = requests.map((request) => ({
      stream: plugin.open({ sourceAddress: '192.0.2.1:1234' }),
      headers: HeaderMap.fromRequest(headersOf(request)),
    }));
    const reads = this.#clock.reads;
    const start = process.hrtime.bigint();
    const outcomes = arrived.map(({ stream, headers }) => stream.requestHeaders(headers));
    const end = process.hrtime.bigint();
    outcomes.forEach((outcome, i) => {
      const answer = answerOf(outcome, routes);
      if (answer !== `${expect.status} ${expect.body}`) {
        throw new Error(`${this.#variant.name}: ${answer}, not ${expect.status} ${expect.body}`);
      }
      this.#respond(arrived[i]!.stream);
    });
    if (this.#clock.reads > reads) this.#count(CLOCK, this.#clock.reads - reads);
    this.#clock.advance(GAP_NS * BigInt(requests.length));
    return Number(end - start);
  }

  #respond(stream: Stream): void {
    const { headers } = stream.responseHeaders([[':status', '200']]);
    const missing = this.#answered.filter((name) => headers.get(name) === undefined);
    if (missing.length > 0) throw new Error(`${this.#variant.name}: no ${missing} in a response`);
    stream.done();
    for (const [name, count] of stream.calls) this.#count(name, count);
  }

  #count(call: string, count: number): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + count);
  }

  /** Counters that the variant names, summed over all whose names fit. */
  #counted(): Map<string, bigint> {
    const metrics = [...this.#host.metrics.snapshot()];
    return new Map(
      (this.#variant.counts ?? []).map((pattern) => {
        const fits = metrics.filter(([name]) => new RegExp(pattern).test(name));
        return [pattern, fits.reduce((sum, [, value]) => sum + value, 0n)];
      }),
    );
  }
}

class CountingClock extends ManualClock {
  reads = 0;

  override monotonic(): bigint {
    this.reads += 1;
    return super.monotonic();
  }
}

/** A list that is empty allows everything already. */
function alsoAllowing({ plugin }: Listener, callback?: string) {
  const { allowedCapabilities: allowed } = plugin;
  const more = callback === undefined || allowed.length === 0 ? [] : [callback];
  return { allowedCapabilities: [...allowed, ...more] };
}

// subject: a variant that runs: its proxy, warm, and the check that it does its job.

import type { Upstream } from '../envoy/bootstrap.js';
import { BenchProxy } from '../envoy/proxy.js';
import {
  type ClosedReport,
  faultOf,
  type LoadOptions,
  type OpenReport,
  type Report,
} from '../load/index.js';
import {
  type BenchListener,
  type BenchRequest,
  type Exchange,
  NEXT,
  type Variant,
} from '../variants/variant.js';
import type { Bench } from './bench.js';

/** Requests to a listener at once: enough that the proxy always has one to work on. */
export const CONNECTIONS = 16;
const LOG_LINES = 20;

/** A variant did not do its job. */
export class WrongAnswer extends Error {}

export class Subject {
  readonly variant: Variant;
  /** The first is the one that requests come to. */
  readonly proxies: readonly BenchProxy[];
  readonly #bench: Bench;
  readonly #load: LoadOptions;
  #sent = 0;
  /** The turn of the next request: slices go on where the one before ended. */
  #turn = 0;
  #countsBefore: readonly number[] = [];

  private constructor(
    bench: Bench,
    variant: Variant,
    proxies: readonly BenchProxy[],
    port: number,
  ) {
    this.#bench = bench;
    this.variant = variant;
    this.proxies = proxies;
    this.#load = loadOf(port, variant.load);
  }

  /** As `start`, and then so many requests. */
  static async warm(
    bench: Bench,
    variant: Variant,
    load: number | { readonly requests: number; readonly connections: number },
    workers = 1,
  ): Promise<Subject> {
    const { requests, connections } =
      typeof load === 'number' ? { requests: load, connections: CONNECTIONS } : load;
    const subject = await Subject.start(bench, variant, workers);
    try {
      await subject.prepare();
      await subject.closed(requests, connections);
      return subject;
    } catch (error) {
      await subject.stop();
      throw error;
    }
  }

  /** Starts proxies of its own. @throws Error where they answer otherwise than expected */
  private static async start(bench: Bench, variant: Variant, workers: number): Promise<Subject> {
    const { envoy, core, signal } = bench;
    const proxies: BenchProxy[] = [];
    const start = async (listeners: readonly BenchListener[], upstreams: readonly Upstream[]) => {
      const common = { envoy, core, workers, signal };
      proxies.unshift(await BenchProxy.start({ ...common, listeners, upstreams }));
    };
    try {
      const next = (await variant.next?.()) ?? [];
      if (next[0] !== undefined) await start(next, []);
      const upstreams = await Promise.all(
        proxies.map(async (proxy) => ({ name: NEXT, at: await proxy.port(next[0]!.name) })),
      );
      const listeners = await variant.listeners();
      await start(listeners, [...upstreams, ...socketsOf(listeners)]);
      const port = await proxies[0]!.port(variant.load.listener);
      const subject = new Subject(bench, variant, proxies, port);
      subject.#countsBefore = await subject.#counts();
      return subject;
    } catch (error) {
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      throw error;
    }
  }

  /** Of all its proxies, so far. */
  async cpuMicros(): Promise<number> {
    return sum(await Promise.all(this.proxies.map((proxy) => proxy.cpuMicros())));
  }

  async memoryMiB(): Promise<number> {
    return sum(await Promise.all(this.proxies.map((proxy) => proxy.memoryMiB())));
  }

  get startMs(): number {
    return sum(this.proxies.map((proxy) => proxy.startMs));
  }

  /** To be called before each measurement. */
  async prepare(): Promise<void> {
    for (const exchange of this.variant.before ?? []) await this.#exchange(exchange);
  }

  /** So many requests, as fast as they are answered. */
  async closed(count: number, connections = CONNECTIONS): Promise<ClosedReport> {
    const first = this.#turn;
    return this.#judge(await this.#bench.load.closed({ ...this.#load, first, count, connections }));
  }

  /** At a fixed rate. */
  async open(rate: number, seconds: number): Promise<OpenReport> {
    const load = { ...this.#load, first: this.#turn, pace: 'poisson' as const };
    return this.#judge(await this.#bench.load.open({ ...load, rate, seconds }));
  }

  /** Whether it did its job with every request. @throws Error where it did not */
  async verify(): Promise<void> {
    const { name, counts = [], never = [] } = this.variant;
    const now = await this.#counts();
    for (const [i, pattern] of counts.entries()) {
      const found = now[i]! - this.#countsBefore[i]!;
      if (found === this.#sent) continue;
      throw new WrongAnswer(`${name}: ${this.#sent} requests, and ${pattern} counted ${found}`);
    }
    for (const pattern of never) {
      const found = await this.proxies[0]!.count(pattern);
      if (found !== 0) throw new WrongAnswer(`${name}: ${pattern} counted ${found}, wanted none`);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.stop()));
  }

  async #exchange(exchange: Exchange): Promise<void> {
    const load = loadOf(await this.proxies[0]!.port(exchange.listener), exchange, 1);
    fault(this, await this.#bench.load.closed({ ...load, count: exchange.requests.length }));
  }

  #counts(): Promise<number[]> {
    const { counts = [] } = this.variant;
    return Promise.all(counts.map((pattern) => this.proxies[0]!.count(pattern)));
  }

  #judge<T extends Report>(report: T): T {
    fault(this, report);
    this.#sent += report.answered;
    this.#turn += report.answered;
    return report;
  }
}

/** @throws Error where not all answers were as expected */
function fault({ variant, proxies }: Subject, report: Report): void {
  const found = faultOf(report);
  if (found === undefined) return;
  const logs = proxies.flatMap((proxy) => proxy.logs.slice(-LOG_LINES));
  throw new WrongAnswer([`${variant.name}: ${found}`, ...logs].join('\n'));
}

function loadOf(
  port: number,
  { requests, expect }: Exchange,
  connections = CONNECTIONS,
): LoadOptions {
  return {
    port,
    connections,
    requests: requests.map((request) => ({ bytes: bytesOf(request) })),
    expect: { status: expect.status, contains: [`\r\n\r\n${expect.body}`] },
  };
}

function bytesOf({ path, headers }: BenchRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
}

/** Listeners on sockets are clusters of the same name. */
function socketsOf(listeners: readonly BenchListener[]): Upstream[] {
  return listeners.flatMap(({ name, socket }) =>
    socket === undefined ? [] : [{ name, at: socket }],
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

// proxy: an Envoy under test, on a core of its own, and what it used of processor and memory.

import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { type EnvoyProcess, startEnvoy } from '../../../envoyfilter/src/envoy/index.js';
import type { BenchListener } from '../variants/variant.js';
import { benchBootstrap, type Upstream } from './bootstrap.js';

export interface ProxyOptions {
  readonly envoy: string;
  readonly listeners: readonly BenchListener[];
  readonly upstreams?: readonly Upstream[];
  /** Worker threads; default 1. */
  readonly workers?: number;
  /** The core that all its threads stay on; default: where the kernel likes. */
  readonly core?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NS_PER_US = 1_000;
const KIB_PER_MIB = 1_024;

export class BenchProxy {
  /** From its start until it was ready. */
  readonly startMs: number;
  readonly #envoy: EnvoyProcess;

  private constructor(envoy: EnvoyProcess, startMs: number) {
    this.#envoy = envoy;
    this.startMs = startMs;
  }

  static async start(options: ProxyOptions): Promise<BenchProxy> {
    const { listeners, upstreams, workers, core, signal } = options;
    const startMs = performance.now();
    const envoy = await startEnvoy({
      path: options.envoy,
      bootstrap: benchBootstrap(listeners, upstreams),
      concurrency: workers,
      signal,
    });
    const proxy = new BenchProxy(envoy, performance.now() - startMs);
    try {
      if (core !== undefined) pin(envoy.pid, core);
      return proxy;
    } catch (error) {
      await envoy.stop();
      throw error;
    }
  }

  async port(listener: string): Promise<number> {
    return (await this.#envoy.listener(listener)).port;
  }

  /** Time that all its threads have run so far, as the scheduler counts it. */
  async cpuMicros(): Promise<number> {
    const folder = `/proc/${this.#envoy.pid}/task`;
    const times = (await readdir(folder)).map(async (task) => {
      const [runNs] = (await readFile(`${folder}/${task}/schedstat`, 'utf8')).split(' ');
      return Number(runNs) / NS_PER_US;
    });
    return (await Promise.all(times)).reduce((sum, one) => sum + one, 0);
  }

  /** Memory that no other process shares, in MiB. */
  async memoryMiB(): Promise<number> {
    const text = await readFile(`/proc/${this.#envoy.pid}/smaps_rollup`, 'utf8');
    const kib = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)];
    return kib.reduce((sum, [, size]) => sum + Number(size), 0) / KIB_PER_MIB;
  }

  /** The sum of all counters whose names match. */
  async count(pattern: string): Promise<number> {
    const found = await this.#envoy.admin.stats(pattern);
    return [...found.values()].reduce((sum, value) => sum + value, 0);
  }

  get logs(): readonly string[] {
    return this.#envoy.logs;
  }

  stop(): Promise<void> {
    return this.#envoy.stop();
  }
}

/** All its threads, and those that they will start. */
function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

// generator: a load generator as a process of its own, pinned to a core.
// Promise: it ends with this process, however that ends; a load that cannot be run, or a process
// that ends, is an error, and all that happens to a request is in the report.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  ClosedOptions,
  ClosedReport,
  Job,
  LoadOptions,
  OpenOptions,
  OpenReport,
  PacedOptions,
  PacedReport,
  Reply,
  Report,
} from './jobs.js';
import { pack } from './requests.js';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
const OUTPUT_CHARS = 4_000;
/** Of more, Envoy may read three at once and closes the connection. */
const DEPTH_MAX = 2;

export class LoadError extends Error {
  override readonly name = 'LoadError';
}

export interface GeneratorOptions {
  /** From 0. Without it, or without `taskset` on this machine, the kernel chooses. */
  readonly core?: number;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class LoadGenerator {
  /** Undefined where it is not pinned. */
  readonly core: number | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';
  #end: string | undefined;
  #waiting: Waiting | undefined;

  private constructor(core: number | undefined) {
    this.core = core;
    const node = [process.execPath, '--import', import.meta.resolve('tsx'), CHILD];
    const pinned = core === undefined ? node : ['taskset', '--cpu-list', String(core), ...node];
    const [program = '', ...args] = pinned;
    const stdio = ['ignore', 'inherit', 'pipe', 'ipc'] as const;
    // `advanced`: requests go as bytes, not as JSON.
    this.#child = spawn(program, args, { stdio: [...stdio], serialization: 'advanced' });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-OUTPUT_CHARS);
    });
    this.#child.on('message', (reply: Reply) => this.#settle((waiting) => waiting.resolve(reply)));
    this.#exited = new Promise((resolve) => {
      const ended = (how: string) => {
        this.#end ??= how;
        this.#settle((waiting) => waiting.reject(this.#ended()));
        resolve();
      };
      this.#child.on('error', (error) => ended(error.message));
      this.#child.on('close', (code, signal) => ended(`ended with ${signal ?? `code ${code}`}`));
    });
  }

  /** @throws LoadError where the process does not start, e.g. since there is no such core */
  static async start({ core }: GeneratorOptions = {}): Promise<LoadGenerator> {
    const canPin = spawnSync('taskset', ['--version']).error === undefined;
    const generator = new LoadGenerator(canPin ? core : undefined);
    await generator.#reply();
    return generator;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Open loop: a fixed rate, each request timed from when it was due. */
  async open(options: OpenOptions): Promise<OpenReport> {
    positive(options, ['rate', 'seconds', 'connections']);
    return this.#run('open', options);
  }

  /**
   * A fixed rate without latencies, for cheap: the generator sleeps between sends, and each
   * millisecond sends what is due.
   */
  async paced(options: PacedOptions): Promise<PacedReport> {
    positive(options, ['rate', 'count', 'connections']);
    return this.#run('paced', options);
  }

  /** Closed loop: as many requests as the server takes. */
  async closed(options: ClosedOptions): Promise<ClosedReport> {
    positive(options, ['connections']);
    if (options.count === undefined && options.seconds === undefined) {
      throw new LoadError('a closed load has a count or seconds');
    }
    if ((options.depth ?? 1) > DEPTH_MAX) throw new LoadError(`depth is at most ${DEPTH_MAX}`);
    return this.#run('closed', options);
  }

  /** Ends the process, which has nothing to lose; any number of times. A load that runs fails. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async #run<T extends Report>(kind: Job['kind'], options: LoadOptions): Promise<T> {
    if (this.#waiting !== undefined) throw new LoadError('another load is running');
    if (this.#end !== undefined) throw this.#ended();
    const { requests, expect, ...rest } = options;
    const job = { kind, ...rest, packed: pack(requests, expect) };
    const answer = this.#reply();
    this.#child.send(job);
    const reply = await answer;
    if (reply.kind === 'failed') throw new LoadError(reply.message);
    return (reply as { report: Report }).report as T;
  }

  #reply(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }

  #ended(): LoadError {
    const where = this.core === undefined ? '' : ` on core ${this.core}`;
    const said = this.#output.trim() || 'nothing';
    return new LoadError(`the load generator${where} ${this.#end}; it said: ${said}`);
  }
}

/** @throws LoadError where one of these is not a number above 0 */
function positive<T extends object>(options: T, names: readonly (keyof T & string)[]): void {
  for (const name of names) {
    const value = options[name];
    if (typeof value !== 'number' || !(value > 0)) {
      throw new LoadError(`${name} is above 0; it was ${String(value)}`);
    }
  }
}

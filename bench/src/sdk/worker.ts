// worker: a process of the measurement, on a core of its own, that is spoken with by messages, each
// answered by one.
// Promise: it ends with us, on `stop`, and when the signal of its start aborts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Of the slowest load there is: 12,000 calls take 4 s. */
const ANSWER_TIMEOUT_MS = 120_000;
/** Kept of what a process says of its errors. */
const STDERR_MAX = 4_000;

/** Where the processes' scripts are. */
export const PROCESSES = fileURLToPath(new URL('processes/', import.meta.url));

export interface Placed {
  /** `process.execPath`, or another Node. */
  readonly node: string;
  /** For Node: options, script, arguments. */
  readonly args: readonly string[];
  /** Counted from 0; without `taskset`, or with one core, it runs anywhere. */
  readonly core: 0 | 1;
  /** Kills it. */
  readonly signal?: AbortSignal | undefined;
}

let canPin: boolean | undefined;

/** Whether processes keep to their cores here. */
export function isPinned(): boolean {
  canPin ??= spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;
  return canPin;
}

/** The command line of a process on its core. */
export function commandOf({ node, args, core }: Placed): [command: string, ...line: string[]] {
  return isPinned() ? ['taskset', '-c', String(core), node, ...args] : [node, ...args];
}

/** Our environment without what changes how Node starts; no sidecar is waited for. */
export function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(NODE|TAGALONG)/.test(name));
  return { ...Object.fromEntries(inherited), TAGALONG_SIDECAR: 'none' };
}

export class Worker {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<void>;
  #stderr = '';
  #failure: Error | undefined;
  #waiting: ((failure: Error | undefined, message?: unknown) => void) | undefined;

  private constructor(placed: Placed) {
    const [command, ...line] = commandOf(placed);
    const { signal } = placed;
    this.#name = placed.args.join(' ');
    this.#child = spawn(command, line, {
      cwd: PROCESSES,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_MAX);
    });
    this.#child.on('message', (message) => this.#waiting?.(undefined, message));
    this.#child.on('error', (error) => this.#fail(signal?.aborted ? signal.reason : error));
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, killedBy) => {
        this.#fail(new Error(`${this.#name}: ended with ${killedBy ?? code}\n${this.#stderr}`));
        resolve();
      });
    });
  }

  /**
   * Starts it, and waits for its first message.
   * @throws Error it ended before; the reason of the signal, if that aborted
   */
  static async start<T>(placed: Placed): Promise<{ worker: Worker; said: T }> {
    placed.signal?.throwIfAborted();
    const worker = new Worker(placed);
    try {
      return { worker, said: (await worker.#answer()) as T };
    } catch (error) {
      await worker.stop();
      throw error;
    }
  }

  /**
   * Its answer to a message; one at a time.
   * @throws Error it ended, or said nothing for 120 s; the reason of the signal, if that aborted
   */
  async ask<T>(message: object): Promise<T> {
    const answer = this.#answer();
    // To one that has just ended it cannot be sent: `close` will say why it did.
    if (this.#failure === undefined) this.#child.send(message, () => {});
    return (await answer) as T;
  }

  /**
   * Ends it, at once: it has nothing to tidy up. May be called again. Not by `disconnect`: a child
   * whose channel we close has no event `close`.
   */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const silent = () => this.#fail(new Error(`${this.#name}: no answer`));
      const timer = setTimeout(silent, ANSWER_TIMEOUT_MS);
      this.#waiting = (failure, message) => {
        this.#waiting = undefined;
        clearTimeout(timer);
        if (failure === undefined) resolve(message);
        else reject(failure);
      };
    });
  }

  /** The first failure is what is told. */
  #fail(failure: Error): void {
    this.#failure ??= failure;
    this.#waiting?.(this.#failure);
  }
}

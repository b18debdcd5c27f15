// socket-process: a program that listens on a Unix socket, as a child of its own.
// Promise: it ends with this process, however that ends, and then its folder goes too (guard.ts).

import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { type Guard, guard, killGroup } from '../../envoyfilter/src/envoy/guard.js';
import { until } from './ecds.js';

const START_TIMEOUT_MS = 30_000;
const OUTPUT_CHARS = 4_000;

export interface SocketProcessOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Where it will listen: a path. */
  readonly socket: string;
  /** Where it runs. */
  readonly folder: string;
  /** Beside our own. */
  readonly env?: Readonly<Record<string, string>>;
}

export class SocketProcess {
  readonly #options: SocketProcessOptions;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  readonly #guard: Guard | undefined;
  #ended = false;
  #output = '';

  constructor(options: SocketProcessOptions) {
    const [program = '', ...args] = options.command;
    this.#options = options;
    this.#child = spawn(program, args, {
      cwd: options.folder,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_CHARS);
      });
    }
    this.#child.on('error', (error) => {
      this.#output += error.message;
    });
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', () => {
        this.#ended = true;
        this.#guard?.ended();
        resolve();
      });
    });
    const { pid } = this.#child;
    this.#guard = pid === undefined ? undefined : guard(pid, [options.folder]);
  }

  /** @throws Error with what it said, where it ends first or takes half a minute */
  async listening(): Promise<void> {
    const [program] = this.#options.command;
    const settled = async () => this.#ended || (await accepts(this.#options.socket));
    try {
      await until(`${program} does not listen`, settled, START_TIMEOUT_MS);
      if (this.#ended) throw new Error(`${program} has ended`);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said: ${this.#output}`);
    }
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#ended && this.#child.pid !== undefined) killGroup(this.#child.pid, name);
  }

  /** The end at once; any number of times. The folder stays. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#closed;
    this.#guard?.release();
  }
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

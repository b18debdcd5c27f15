// operator: somebody who runs `tagalong up` in a terminal, reads what it says, and ends it.

import { setTimeout as delay } from 'node:timers/promises';
import { main } from '../../../envoyfilter/src/cli/main.js';

const UNTIL_MS = 20_000;
const POLL_MS = 10;

export class Operator {
  #out = '';
  #err = '';
  readonly #stopped = new AbortController();
  readonly #code: Promise<number>;
  #ended = false;

  constructor(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env) {
    const terminal = {
      out: (text: string) => {
        this.#out += text;
      },
      err: (text: string) => {
        this.#err += text;
      },
      colour: { out: false, err: false },
      stdin: async () => '',
      signal: this.#stopped.signal,
      cwd,
      env,
    };
    this.#code = main(['up', ...args], terminal, '0.0.0').finally(() => {
      this.#ended = true;
    });
  }

  /** Waits until it has said this, on either stream, `times` times. */
  async reads(pattern: RegExp, times = 1): Promise<RegExpExecArray> {
    const every = new RegExp(pattern.source, `g${pattern.flags.replace('g', '')}`);
    const deadline = performance.now() + UNTIL_MS;
    for (;;) {
      const found = [...this.said.matchAll(every)][times - 1];
      if (found !== undefined) return found;
      if (this.#ended || performance.now() > deadline) {
        throw new Error(`it has not said ${pattern}, but:\n${this.said}`);
      }
      await delay(POLL_MS);
    }
  }

  /** The port that it says, the `times`th time. */
  async port(times = 1): Promise<number> {
    return Number((await this.reads(/ready {2}http:\/\/127\.0\.0\.1:(\d+)\//, times))[1]);
  }

  get said(): string {
    return this.#out + this.#err;
  }

  get out(): string {
    return this.#out;
  }

  /** Until it ends by itself. */
  ends(): Promise<number> {
    return this.#code;
  }

  /** Ctrl-C; the exit code. */
  stop(): Promise<number> {
    this.#stopped.abort('SIGINT');
    return this.#code;
  }
}

// app: a Node application as a child process, which tells what it sees in lines of JSON.
// Promise: it ends with this process, however that ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Guard, guard } from '../../../envoyfilter/src/envoy/guard.js';

export interface AppOptions {
  /** The executable. */
  readonly node: string;
  /** Below `apps/sidecar`. */
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Before the script; default `--import @tagalong/node/register`. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the application says: `is` tells the lines apart. */
export type Line = { readonly is: string } & Record<string, unknown>;

export const REGISTER = ['--import', '@tagalong/node/register'];
const LINE_TIMEOUT_MS = 20_000;

export class App {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly exit: Promise<Exit>;
  #errors = '';
  #ended: Exit | undefined;
  readonly #waiting = new Set<() => void>();

  constructor({ node, script, env = {}, flags = REGISTER, args = [] }: AppOptions) {
    const path = fileURLToPath(new URL(`../apps/sidecar/${script}`, import.meta.url));
    const clean = Object.entries(process.env).filter(
      ([name]) => !/^(TAGALONG|NODE_OPTIONS|VITEST|KUBERNETES)/.test(name),
    );
    this.#child = spawn(node, [...flags, path, ...args], {
      env: { ...Object.fromEntries(clean), ...env },
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid, stdout, stderr } = this.#child;
    const watch: Guard | undefined = pid === undefined ? undefined : guard(pid, []);
    createInterface({ input: stdout! }).on('line', (text) => {
      if (text.startsWith('{')) this.lines.push(JSON.parse(text));
      else this.#errors += `${text}\n`;
      this.#wake();
    });
    stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-8_000);
    });
    this.exit = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#errors += error.message;
      });
      this.#child.on('close', (code, signal) => {
        this.#ended = { code, signal };
        watch?.ended();
        watch?.release();
        resolve(this.#ended);
        this.#wake();
      });
    });
  }

  /** What it wrote to standard error, and what was no JSON. */
  get errors(): string {
    return this.#errors;
  }

  /**
   * The first line that answers, from index `from` on, past or to come.
   * @throws Error with what it said, where it ends first or takes too long
   */
  async line(
    wanted: string | ((line: Line) => boolean),
    { from = 0, timeoutMs = LINE_TIMEOUT_MS } = {},
  ): Promise<Line> {
    const fits = typeof wanted === 'string' ? (line: Line) => line.is === wanted : wanted;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find(fits);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (this.#ended || leftMs <= 0) {
        const why = this.#ended ? `has ended: ${JSON.stringify(this.#ended)}` : 'is late';
        const said = this.lines.map((line) => JSON.stringify(line)).join('\n');
        throw new Error(`the application ${why}; no line ${wanted}\n${said}\n${this.#errors}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, leftMs);
        const waiting = this.#waiting;
        function done() {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    }
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#child.kill(signal);
    return this.exit;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** Runs an application to its end; its lines. */
export async function runApp(options: AppOptions): Promise<App & { ended: Exit }> {
  const app = new App(options);
  return Object.assign(app, { ended: await app.exit });
}

// build-command: a command of a build, which may take minutes, or hang on a network that is not there.
// Promise: it does not outlive this process, however that ends, nor does what it was to leave.

import { spawn } from 'node:child_process';
import { guard, killGroup } from '../../envoyfilter/src/envoy/guard.js';

const TIMEOUT_MS = 1_200_000;
/** What is done sooner is not told of. */
const TELL_AFTER_MS = 1_000;
const TELL_EVERY_MS = 10_000;
const OUTPUT_CHARS = 2_000;

export interface Command {
  /** What messages call it. */
  readonly name: string;
  readonly line: readonly string[];
  readonly cwd: string;
  /** Besides those of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Files and folders that go if this process dies meanwhile. */
  readonly remove: readonly string[];
}

/** Why it failed, or nothing. What takes its time is told of on standard error. */
export function run({ name, line, cwd, env, remove }: Command): Promise<string | undefined> {
  const [program = '', ...args] = line;
  const startMs = performance.now();
  const tell = (what: string) => {
    const seconds = Math.round((performance.now() - startMs) / 1000);
    process.stderr.write(`${name} ${what}, ${seconds} s\n`);
  };
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    const watch = pid === undefined ? undefined : guard(pid, remove);
    const timer = setTimeout(() => pid && killGroup(pid, 'SIGKILL'), TIMEOUT_MS);
    let told = false;
    const begin = setTimeout(() => {
      tell('has begun');
      told = true;
    }, TELL_AFTER_MS);
    const ticker = setInterval(() => tell('goes on'), TELL_EVERY_MS);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_CHARS);
      });
    }
    child.on('error', (error) => {
      output += error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      clearTimeout(begin);
      clearInterval(ticker);
      watch?.release();
      if (told) tell(code === 0 ? 'is done' : 'has failed');
      const end = signal ?? `exit code ${code}`;
      resolve(code === 0 ? undefined : `${name}: ${end}: ${output.trim()}`);
    });
  });
}

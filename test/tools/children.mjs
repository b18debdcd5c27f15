// children: commands that a tool runs, one after the other.
// Promise: what runs when the tool is told to stop is stopped with it, grandchildren included.

import { spawn } from 'node:child_process';

/** From the first signal to SIGKILL; a second signal does not wait. */
const GRACE_MS = 5_000;

/** The signal that told this process to stop, if any. */
export let interruptedBy;

const running = new Set();

/** Ends all that runs when this process is told to end. Call it once, before run(). */
export function stopChildrenWithUs() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      const again = interruptedBy !== undefined;
      interruptedBy ??= signal;
      for (const child of running) kill(child, again ? 'SIGKILL' : signal);
      if (!again) {
        setTimeout(() => {
          for (const child of running) kill(child, 'SIGKILL');
        }, GRACE_MS).unref();
      }
    });
  }
  process.on('exit', () => {
    for (const child of running) kill(child, 'SIGKILL');
  });
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Runs a command, its output going where ours goes.
 * @param {readonly string[]} command
 * @param {{env?: NodeJS.ProcessEnv, cwd?: string, capture?: boolean}} [options] `capture`: the
 *   output is also in the result
 * @returns {Promise<{code: number, output: string}>} code as a shell has it: 128 + number for a
 *   signal, 127 where there is no such command
 */
export function run(command, { env = process.env, cwd, capture = false } = {}) {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env,
      cwd,
      // A group of its own, so that it hears a Ctrl-C once, from us, and so do its children.
      detached: true,
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
    });
    let output = '';
    for (const [stream, ours] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
        ours.write(text);
      });
    }
    if (child.pid !== undefined) running.add(child);
    child.on('error', (error) => {
      process.stderr.write(`${command.join(' ')}: ${error.message}\n`);
      if (child.pid === undefined) resolve({ code: 127, output });
    });
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code: code ?? 128, output });
    });
  });
}

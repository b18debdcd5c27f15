// launch: a TypeScript program of this repository, from a fresh clone. Sets up, then runs it with our
// arguments, our terminal and our signals, and ends with its exit code.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ROOT, SetupError, setup } from './setup.mjs';

/** @param {string} main its path in the repository */
export async function launch(main) {
  try {
    await setup();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  }
  const line = ['--import', 'tsx', join(ROOT, main), ...process.argv.slice(2)];
  const child = spawn(process.execPath, line, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal gives Ctrl-C to the whole group: the program has it already, and a second one may
      // well mean "at once" to it.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

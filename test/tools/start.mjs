// start: the demo mesh, from a fresh clone. Sets up, then runs test/demo/main.ts with our arguments,
// our terminal and our signals, and ends with its exit code.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ROOT, SetupError, setup } from './setup.mjs';

try {
  await setup();
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exit(1);
}

const main = join(ROOT, 'test/demo/main.ts');
const child = spawn(process.execPath, ['--import', 'tsx', main, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // A terminal gives Ctrl-C to the whole group: the demo has it already, and a second one may
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

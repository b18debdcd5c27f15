#!/usr/bin/env node
// bin: the process of the command `tagalong`; nothing else of it touches the process.

import { createRequire } from 'node:module';
import { FINDINGS } from './cli/exit.js';
import { main } from './cli/main.js';
import { processTerminal } from './cli/terminal.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
// `tagalong render … | head` is no fault, and `tagalong validate … | head -1` ends as it would.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') process.exit();
  process.stderr.write(`error: the output cannot be written: ${message}\n`);
  process.exit(FINDINGS);
});
// Nobody reads the messages: the data is whole without them.
process.stderr.on('error', () => {});
process.exitCode = await main(process.argv.slice(2), processTerminal(), version);

#!/usr/bin/env node
// bin: the process of the command `tagalong`; nothing else of it touches the process.

import { createRequire } from 'node:module';
import { main } from './cli/main.js';
import { processTerminal } from './cli/terminal.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
// `tagalong render … | head` is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await main(process.argv.slice(2), processTerminal(), version);

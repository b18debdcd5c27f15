// server: an HTTP server that closes idle connections early, and whose loop is busy. Argument 1:
// `tuned` or `bare`; argument 2: how long the proxy keeps connections, in ms.

import http from 'node:http';
import { tuneServer } from '@tagalong/node';
import { listen, say } from './lib.mjs';

const [manner, proxyIdleMs] = process.argv.slice(2);
/** What Node waits longer than it was told: set from Node 22 on, else fixed. */
const FIXED_BUFFER_MS = 1_000;
const CLOSE_MS = 150;
/** A request that comes while the loop is busy is read after the timers that are due. */
const BUSY_MS = 15;
const BUSY_EVERY_MS = 30;

const server = http.createServer((_, response) => response.end('hello'));
const settable = server.keepAliveTimeoutBuffer !== undefined;
if (settable) server.keepAliveTimeoutBuffer = 0;
server.keepAliveTimeout = settable ? CLOSE_MS : 1;
const closesAfterMs = server.keepAliveTimeout + (settable ? 0 : FIXED_BUFFER_MS);
if (manner === 'tuned') tuneServer(server, { proxyIdleMs: Number(proxyIdleMs) });
const port = await listen(server, 0, '127.0.0.1');
setInterval(() => {
  const untilMs = performance.now() + BUSY_MS;
  while (performance.now() < untilMs);
}, BUSY_EVERY_MS);
say('listens', { port, closesAfterMs, keepAliveMs: server.keepAliveTimeout });

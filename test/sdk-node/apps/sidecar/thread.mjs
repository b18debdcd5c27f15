// thread: the application has found out that there is no sidecar; then a thread is started, whose
// connection does not wait for the same to be found out again.

import http from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { configure, sidecar } from '@tagalong/node';
import { listen, ownAddress, say } from './lib.mjs';

/** Long enough to be told from no wait at all. */
const GRACE_MS = 3_000;
const probe = 'http://127.0.0.1:1/healthz/ready';
configure({ sidecar: { expect: 'auto', probe, graceMs: GRACE_MS } });

if (isMainThread) {
  const port = await listen(http.createServer((_, response) => response.end('hello')));
  const state = await sidecar.wait();
  const thread = new Worker(new URL(import.meta.url), { workerData: port });
  thread.on('message', (told) => {
    say('thread', { main: state, ...told });
    process.exit(0);
  });
} else {
  const startMs = performance.now();
  http.get({ host: ownAddress(), port: workerData }, (response) => {
    response.resume();
    parentPort.postMessage({ state: sidecar.state, ms: performance.now() - startMs });
  });
}

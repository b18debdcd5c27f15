// costs: counts and bytes of a request whose handler makes one call, with something to carry and
// with nothing. Run with --expose-gc and a young generation that holds all of it, after counting.mjs.

import http from 'node:http';
import { incoming, listen, report } from './lib.mjs';

const { counts, replaced } = globalThis.counted;
const N = 100;
const BATCHES = 9;
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const echo = await listen(http.createServer((_request, response) => response.end('x')));
const call = (port, headers) =>
  new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, headers, agent }, (response) => {
        response.resume().on('end', resolve);
      })
      .on('error', reject);
  });
const front = await listen(
  http.createServer(async (_request, response) => {
    await call(echo, undefined);
    response.end('x');
  }),
);

/** Runs for each request, and the median over batches of the bytes that one allocates. */
async function measure(headers) {
  for (let i = 0; i < 3 * N; i++) await call(front, headers);
  const before = counts.runs;
  const bytes = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    globalThis.gc();
    const heap = process.memoryUsage().heapUsed;
    for (let i = 0; i < N; i++) await call(front, headers);
    bytes.push((process.memoryUsage().heapUsed - heap) / N);
  }
  bytes.sort((a, b) => a - b);
  return { runs: (counts.runs - before) / (BATCHES * N), bytes: bytes[BATCHES >> 1] };
}

const nothing = await measure({ 'x-other': 'a', 'x-another': 'b' });
const something = await measure(incoming(1));
report({
  replaced: replaced(),
  nothing,
  something,
});

// chaos: an open loop of calls by one client, whatever becomes of its sidecar. Argument 2: options as
// JSON. A third are GETs, a third POSTs with an idempotency key, a third POSTs without. Sends what
// came of each to the parent.

import { subscribe } from 'node:diagnostics_channel';
import { createFetch } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { interceptor } from '@tagalong/node/undici';
import { unary } from './chaos-call.mjs';

const { kind, rate, seconds, deadlineMs, direct, floorPerSecond } = JSON.parse(process.argv[2]);
const AUTHORITY = kind === 'grpc' ? 'ratings.test:50051' : 'reviews.test:9080';
const KINDS = ['get', 'keyed', 'post'];

let wire = 0;
let tries = 0;
const via = {};
subscribe('tagalong:attempt', ({ outcome, via: hop }) => {
  tries++;
  if (outcome !== 'ECONNREFUSED') wire++;
  via[hop] = (via[hop] ?? 0) + 1;
});
const hops = [{ via: 'sidecar' }];
if (direct) hops.push({ via: 'direct', address: direct, plaintext: true });
const options = {
  routes: { [AUTHORITY]: hops },
  deadlineMs,
  retry: { budget: { floorPerSecond } },
};

const clients = {
  fetch: () => {
    const fetch = createFetch(options);
    return async (init) => {
      const response = await fetch(`http://${AUTHORITY}/`, init);
      await response.text();
      return response.status;
    };
  },
  interceptor: async () => {
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent().compose(interceptor(options));
    return async (init) => {
      const { statusCode, body } = await request(`http://${AUTHORITY}/`, { ...init, dispatcher });
      await body.text();
      return statusCode;
    };
  },
  grpc: async () => {
    const { default: grpc } = await import('@grpc/grpc-js');
    const insecure = grpc.credentials.createInsecure();
    const idempotent = ({ headers }) => headers.has('idempotency-key') || headers.has('x-get');
    const client = new grpc.Client(
      AUTHORITY,
      insecure,
      channelOptions(AUTHORITY, insecure, { ...options, retry: { ...options.retry, idempotent } }),
    );
    return ({ headers, method }) =>
      new Promise((resolve, reject) => {
        const metadata = new grpc.Metadata();
        for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
        if (method === 'GET') metadata.set('x-get', '1');
        // An answer of Envoy's is a status here.
        unary(client, metadata, 'b', (error) =>
          error ? reject(error.cause ?? error) : resolve(200),
        );
      });
  },
};

const call = await clients[kind]();
const results = [];
let running = 0;
let lagMs = 0;
const TICK_MS = 4;
/** When the loop last came round, and how late. */
let tickMs = performance.now();
let tickLateMs = 0;
async function one(n) {
  const which = KINDS[n % 3];
  const id = `${n}`;
  const headers = { 'x-id': id, 'x-kind': `${kind}-${which}` };
  if (which === 'keyed') headers['idempotency-key'] = id;
  const init =
    which === 'get' ? { method: 'GET', headers } : { method: 'POST', headers, body: 'b' };
  const at = Date.now();
  const start = performance.now();
  running++;
  const told = await call(init).then(
    (status) => ({ status }),
    (error) => ({
      error: error?.code ?? String(error),
      typed: error?.name === 'TagalongError',
      sent: error?.sent,
      cause: error?.cause?.code ?? error?.cause?.message ?? error?.details,
      tried: error?.attempts?.map(({ via, outcome }) => `${via}:${outcome}`).join(),
    }),
  );
  running--;
  const now = performance.now();
  // What the loop is late by as this call ends, be its turn before or after that of the tick.
  const lateMs = Math.max(tickLateMs, now - tickMs - TICK_MS);
  results.push({ id, which, at, ms: now - start, lateMs, ...told });
}

process.send({ ready: true });
await new Promise((resolve) => process.once('message', resolve));
const began = performance.now();
let sent = 0;
await new Promise((resolve) => {
  tickMs = began;
  const timer = setInterval(() => {
    const now = performance.now();
    tickLateMs = Math.max(0, now - tickMs - TICK_MS);
    lagMs = Math.max(lagMs, tickLateMs);
    tickMs = now;
    const due = Math.min(rate * seconds, Math.floor(((now - began) / 1000) * rate));
    while (sent < due) void one(sent++);
    if (sent < rate * seconds || running > 0) return;
    clearInterval(timer);
    resolve();
  }, TICK_MS);
});
process.send({ results, wire, tries, via, lagMs }, () => process.disconnect());

// life: calls while the sidecar starts, drains and is dead. Tells, as one JSON object, what came of
// each. The sidecar is played: a probe, and a proxy or the upstream itself.

import { subscribe } from 'node:diagnostics_channel';
import http, { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { configure, createFetch, sidecar } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { Agent } from '@tagalong/node/http';
import { refusedPort, upstream } from './upstream.mjs';

const explicit = process.argv[2] === 'explicit';
const main = await upstream('main');
const other = await upstream('other');
const refused = await refusedPort();
let says = 503;
const probe = createServer((_, response) => response.writeHead(says).end()).listen(0, '127.0.0.1');
await new Promise((resolve) => probe.once('listening', resolve));
const holds = [];
subscribe('tagalong:hold', (message) => holds.push(message));
const { port } = probe.address();
configure({
  sidecar: {
    expect: 'expect',
    probe: `http://127.0.0.1:${port}/`,
    ...(explicit ? { proxy: main.url } : {}),
  },
});
const state = async (wanted) => {
  const until = Date.now() + 10_000;
  while (sidecar.state !== wanted && Date.now() < until) await delay(10);
  return sidecar.state;
};
const direct = (at) => ({ via: 'direct', address: `127.0.0.1:${at}`, plaintext: true });
const SIDECAR = { via: 'sidecar' };
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const told = (promise) =>
  promise.then(
    async (response) => ({ status: response.status, text: await response.text() }),
    ({ name, code, sent, message, cause }) => ({ name, code, sent, message, cause: cause?.code }),
  );
const AUTHORITY = explicit ? 'reviews.test:9080' : main.authority;
const fetchBy = (...more) =>
  createFetch({ retry, routes: { [AUTHORITY]: [SIDECAR, ...more] }, deadlineMs: 5_000 });
const url = `http://${AUTHORITY}`;
const results = { starting: await state('starting') };

if (explicit) {
  // Held, once: until the sidecar is ready, or the deadline is over.
  results.overdue = await told(
    createFetch({ deadlineMs: 200, routes: { [AUTHORITY]: [SIDECAR] } })(`${url}/ok`),
  );
  const agent = new Agent({ routes: { [AUTHORITY]: [SIDECAR] } });
  const first = fetchBy()(`${url}/ok`);
  const byAgent = new Promise((resolve) =>
    http.get(`${url}/agent`, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }),
  );
  await delay(300);
  results.arrivedWhileHeld = main.arrived.length;
  says = 200;
  results.held = await told(first);
  results.heldAgent = await byAgent;
  results.holds = holds.map(({ ended }) => ended);
}
says = 200;
results.ready = await state('ready');
main.arrived.length = 0;
says = 503;
sidecar.wait({ timeoutMs: 1 }).catch(() => {});
// The probe asks each five seconds; a refusal has it ask at once.
await told(
  createFetch({ routes: { 'gone.test': [{ via: 'proxy', url: `http://127.0.0.1:${refused}` }] } })(
    'http://gone.test/',
  ),
);
results.draining = await state('draining');
results.drainingReset = await told(fetchBy()(`${url}/reset`));
results.drainingResets = main.arrived.length;
results.drainingPast = await told(fetchBy(direct(other.port))(`${url}/reset-by-main`));
const agent = new Agent({ keepAlive: true, routes: { [AUTHORITY]: [SIDECAR] } });
await new Promise((resolve) =>
  http.get(`${url}/ok`, { agent }, (response) => {
    response.resume();
    response.on('end', () => setTimeout(resolve, 50));
  }),
);
results.drainingKept = Object.values(agent.freeSockets).flat().length;

probe.closeAllConnections();
probe.close();
results.dead = await state('dead');
results.deadAlone = await told(fetchBy()(`${url}/ok`));
results.deadPast = await told(
  fetchBy(direct(other.port))(`${url}/ok`, { method: 'POST', body: 'b' }),
);
results.deadCaught = await told(fetchBy(direct(refused))(`${url}/ok`));
results.deadCaughtAgent = await new Promise((resolve) =>
  http
    .get(`${url}/ok`, { agent: new Agent({ routes: { [AUTHORITY]: [direct(refused)] } }) })
    .on('error', ({ code }) => resolve(code)),
);
const insecure = grpc.credentials.createInsecure();
const client = new grpc.Client(
  AUTHORITY,
  insecure,
  channelOptions(AUTHORITY, insecure, { retry, routes: { [AUTHORITY]: [direct(refused)] } }),
);
results.deadCaughtGrpc = await new Promise((resolve) =>
  client.makeUnaryRequest(
    '/a/b',
    (v) => v,
    (v) => v,
    Buffer.from(''),
    (error) => resolve({ code: error.cause?.code, details: error.details }),
  ),
);
process.stdout.write(JSON.stringify(results), () => process.exit());

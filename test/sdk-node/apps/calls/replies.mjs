// replies: calls without a key through an Envoy that answers by itself, by createFetch and gRPC, with
// a direct address as the next hop. Arguments: options as JSON. Tells, as one JSON object, what came
// of each.

import { subscribe } from 'node:diagnostics_channel';
import grpc from '@grpc/grpc-js';
import { createFetch } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { METHOD, unary } from './chaos-call.mjs';
import { upstream } from './upstream.mjs';

const { port, suppressingPort, names, grpcNames } = JSON.parse(process.argv[2]);
const other = await upstream('other');
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const attempts = [];
subscribe('tagalong:attempt', ({ via, outcome, sent }) =>
  attempts.push(`${via} ${outcome} ${sent}`),
);

const server = new grpc.Server();
let calls = 0;
server.addService(
  { call: METHOD },
  {
    call: (_, done) => {
      calls++;
      done(null, Buffer.from('other'));
    },
  },
);
const grpcPort = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  ),
);
const hops = (at, direct) => [
  { via: 'proxy', url: `http://127.0.0.1:${at}` },
  { via: 'direct', address: `127.0.0.1:${direct}`, plaintext: true },
];

async function post(name) {
  const authority = `${name}.test`;
  const at = ['suppressed', 'forged'].includes(name) ? suppressingPort : port;
  const fetch = createFetch({ retry, routes: { [authority]: hops(at, other.port) } });
  const before = other.arrived.length;
  attempts.length = 0;
  const response = await fetch(`http://${authority}/ok`, { method: 'POST', body: 'the-body' });
  const text = await response.text();
  return {
    status: response.status,
    text,
    count: response.headers.get('x-envoy-attempt-count'),
    other: other.arrived.length - before,
    attempts: [...attempts],
  };
}

function call(name) {
  const authority = `${name}.test`;
  const insecure = grpc.credentials.createInsecure();
  const routes = { [authority]: hops(port, grpcPort) };
  const client = new grpc.Client(
    authority,
    insecure,
    channelOptions(authority, insecure, { retry, routes }),
  );
  const before = calls;
  attempts.length = 0;
  return new Promise((resolve) => {
    unary(client, new grpc.Metadata(), 'the-body', (error, answer) => {
      client.close();
      resolve({
        status: error?.code ?? 0,
        text: error?.details ?? String(answer),
        code: error?.cause?.code,
        other: calls - before,
        attempts: [...attempts],
      });
    });
  });
}

const told = { fetch: {}, grpc: {} };
for (const name of names) told.fetch[name] = await post(name);
for (const name of grpcNames) told.grpc[name] = await call(`grpc-${name}`);
other.close();
server.forceShutdown();
process.stdout.write(JSON.stringify(told));

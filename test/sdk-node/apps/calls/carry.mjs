// carry: what calls through the SDK's own clients carry on, with `register` or without it. Tells, as
// one JSON object, what each client's server got, and what is left of the caller's own objects.

import { once } from 'node:events';
import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import { createFetch, extract, run } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { interceptor } from '@tagalong/node/undici';
import { Agent, Pool } from 'undici';
import { METHOD, unary } from './chaos-call.mjs';

const NAMES = ['x-request-id', 'x-b3-traceid', 'x-b3-spanid', 'x-traffic-tag', 'traceparent'];
const INCOMING = {
  'x-request-id': '7',
  'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
  'x-b3-spanid': 'a2fb4a1d1a96d312',
  'x-traffic-tag': 'canary',
  authorization: 'Bearer secret',
};

const seen = [];
const server = createServer(({ rawHeaders }, response) => {
  const own = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && [...NAMES, 'authorization'].includes(name.toLowerCase())
      ? [`${name.toLowerCase()}=${rawHeaders[i + 1]}`]
      : [],
  );
  seen.push(own.sort());
  response.end();
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address();
const url = `http://127.0.0.1:${port}/`;

const rpc = new grpc.Server();
rpc.addService(
  { call: METHOD },
  {
    call: ({ metadata }, done) => {
      const own = NAMES.flatMap((name) => metadata.get(name).map((value) => `${name}=${value}`));
      seen.push(own.sort());
      done(null, Buffer.from('ok'));
    },
  },
);
const rpcPort = await new Promise((resolve, reject) => {
  const insecure = grpc.ServerCredentials.createInsecure();
  rpc.bindAsync('127.0.0.1:0', insecure, (error, at) => (error ? reject(error) : resolve(at)));
});
const insecure = grpc.credentials.createInsecure();
const target = `127.0.0.1:${rpcPort}`;
const client = new grpc.Client(target, insecure, channelOptions(target, insecure));
const call = (metadata) =>
  new Promise((resolve, reject) => {
    unary(client, metadata, 'b', (error) => (error ? reject(error) : resolve()));
  });

const fetch = createFetch();
const agent = new Agent().compose(interceptor());
const { origin } = new URL(url);
const pool = new Pool(origin).compose(interceptor({ origin }));
const headers = { 'x-b3-traceid': 'f'.repeat(32) };
const metadata = new grpc.Metadata();
const CALLS = {
  fetch: async () => (await fetch(url)).text(),
  'fetch, own trace': async () => (await fetch(url, { headers })).text(),
  interceptor: async () =>
    (await agent.request({ origin: url, path: '/', method: 'GET' })).body.text(),
  'interceptor, a pool': async () => (await pool.request({ path: '/', method: 'GET' })).body.text(),
  grpc: () => call(metadata),
};

const told = {};
for (const [name, make] of Object.entries(CALLS)) {
  await run(extract(INCOMING), make);
  const within = seen.pop();
  await make();
  told[name] = { within, outside: seen.pop() };
}
told.untouched = { headers: Object.keys(headers), metadata: Object.keys(metadata.getMap()) };
process.stdout.write(JSON.stringify(told));
client.close();
rpc.forceShutdown();
await Promise.all([agent.close(), pool.close()]);
server.close();
server.closeAllConnections();

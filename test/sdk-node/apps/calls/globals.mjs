// globals: the built-in fetch under a global dispatcher of the application's own (argument 2: of which
// undici), hops at a Unix socket, and upgrades. Tells, as one JSON object, what came of each.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { createFetch } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { Agent } from '@tagalong/node/http';
import { interceptor } from '@tagalong/node/undici';
import { refusedPort, upstream } from './upstream.mjs';

const undici = await import(process.argv[2]);
const main = await upstream('main');
const refused = await refusedPort();
const direct = { via: 'direct', address: main.authority, plaintext: true };
const proxy = (port) => ({ via: 'proxy', url: `http://127.0.0.1:${port}` });
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const results = {};
const text = async (promise) => {
  try {
    return await (await promise).text();
  } catch (error) {
    return `${error.code} ${error.cause?.code ?? error.message}`;
  }
};
const post = { method: 'POST', body: 'b' };

// Hops at a Unix socket.
const folder = mkdtempSync(join(tmpdir(), 'tagalong-'));
const path = join(folder, 'proxy.sock');
const local = http.createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => response.end(`${request.headers.host} ${body}`));
});
local.listen(path);
await once(local, 'listening');
const unix = (at) => ({ via: 'proxy', url: `unix:${at}` });
const routes = {
  'unix.test': [unix(path)],
  'gone.test': [unix(join(folder, 'gone.sock')), direct],
};
const composed = new undici.Agent().compose(interceptor({ routes, retry }));
const byAgent = (host) =>
  new Promise((resolve) => {
    const request = http.request(
      { host, method: 'POST', agent: new Agent({ routes }) },
      (response) => {
        let all = '';
        response.on('data', (chunk) => {
          all += chunk;
        });
        response.on('end', () => resolve(all));
      },
    );
    request.on('error', ({ code }) => resolve(code)).end('b');
  });
const bytes = (value) => value;
const grpcPath = join(folder, 'grpc.sock');
const server = new grpc.Server();
server.addService(
  {
    call: {
      path: '/t.T/Call',
      ...{ requestStream: false, responseStream: false },
      ...{ requestSerialize: bytes, requestDeserialize: bytes },
      ...{ responseSerialize: bytes, responseDeserialize: bytes },
    },
  },
  { call: (call, done) => done(null, Buffer.from(call.getHost())) },
);
await new Promise((resolve, reject) =>
  server.bindAsync(`unix:${grpcPath}`, grpc.ServerCredentials.createInsecure(), (error) =>
    error ? reject(error) : resolve(),
  ),
);
const insecure = grpc.credentials.createInsecure();
const client = new grpc.Client(
  'unix.test:50051',
  insecure,
  channelOptions('unix.test:50051', insecure, { routes: { 'unix.test': [unix(grpcPath)] } }),
);
results.unix = {
  fetch: await text(createFetch({ routes, retry })('http://unix.test/', post)),
  'fetch, gone': await text(createFetch({ routes, retry })('http://gone.test/ok', post)),
  request: await text(
    undici.request('http://unix.test/', { ...post, dispatcher: composed }).then(({ body }) => body),
  ),
  agent: await byAgent('unix.test'),
  'agent, gone': await byAgent('gone.test'),
  grpc: await new Promise((resolve) => {
    client.makeUnaryRequest('/t.T/Call', bytes, bytes, Buffer.from('b'), (error, answer) =>
      resolve(error ? error.details : String(answer)),
    );
  }),
};
client.close();
server.forceShutdown();
local.close();
rmSync(folder, { recursive: true });

// Upgrades go by the same hops: not straight to where nothing was listed.
const upgrading = http.createServer().on('upgrade', (request, socket) => {
  socket.end(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n${request.headers.host}`,
  );
});
upgrading.listen(0, '127.0.0.1');
await once(upgrading, 'listening');
const upgrade = async (hops) => {
  const dispatcher = new undici.Agent().compose(
    interceptor({ routes: { 'up.test': hops }, retry }),
  );
  try {
    const { socket } = await undici.upgrade('http://up.test/', { protocol: 'x', dispatcher });
    let all = '';
    for await (const chunk of socket) all += chunk;
    return all;
  } catch (error) {
    return error.code;
  }
};
const { port: upPort } = upgrading.address();
results.upgrade = {
  proxy: await upgrade([proxy(upPort)]),
  'refused, direct': await upgrade([
    proxy(refused),
    { via: 'direct', address: `127.0.0.1:${upPort}`, plaintext: true },
  ]),
  refused: await upgrade([proxy(refused)]),
  answered: await upgrade([{ via: 'direct', address: main.authority, plaintext: true }]),
};
upgrading.close();

// A global dispatcher of the application's own, under the built-in fetch.
let calls = 0;
const counting = new undici.Agent().compose((dispatch) => (options, handler) => {
  calls++;
  return dispatch(options, handler);
});
undici.setGlobalDispatcher(counting);
results.global = {
  sidecar: await text(createFetch()(`${main.url}/ok`, post)),
  calls,
  'next hop': await text(
    createFetch({ routes: { 'g.test': [proxy(refused), direct] }, retry })(
      'http://g.test/ok',
      post,
    ),
  ),
};
const mock = new undici.MockAgent();
mock.disableNetConnect();
mock.get('http://mocked.test').intercept({ path: '/ok', method: 'POST' }).reply(200, 'mocked');
undici.setGlobalDispatcher(mock);
results.mock = {
  sidecar: await text(createFetch({ retry })('http://mocked.test/ok', post)),
  unmatched: await text(createFetch({ retry })('http://mocked.test/other', post)),
  proxy: await text(
    createFetch({ routes: { 'g.test': [direct] }, retry })('http://g.test/ok', post),
  ),
};
main.close();
process.stdout.write(JSON.stringify(results), () => process.exit());

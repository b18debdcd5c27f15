// hostile: calls with sloppy callers, and servers that lie or hang. Tells, as one JSON object, what
// came of each.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import grpc from '@grpc/grpc-js';
import { createFetch } from '@tagalong/node';
import { channelOptions } from '@tagalong/node/grpc';
import { Agent } from '@tagalong/node/http';
import { LOCAL, refusedPort, UF, upstream } from './upstream.mjs';

const HUNG_MS = 3_000;
const pem = (kind) =>
  readFileSync(new URL(`../propagation/localhost.${kind}.pem`, import.meta.url));
const main = await upstream('main');
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const results = {};

async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}
const orHung = (promise) =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, HUNG_MS, 'hung').unref())]);
const told = (error) => ({ name: error.name, code: error.code, sent: error.sent });

// Connections that end while requests wait for one.
const closing = http.createServer((_, response) =>
  response.writeHead(200, { connection: 'close' }).end(),
);
const closingPort = await listening(closing);
const get = (port, agent, host = '127.0.0.1') =>
  new Promise((resolve) => {
    http
      .get({ host, port, agent }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      })
      .on('error', ({ code }) => resolve(code));
  });
results.queue = {};
for (const keepAlive of [false, true]) {
  const via = { via: 'proxy', url: `http://127.0.0.1:${closingPort}` };
  const agent = new Agent({ keepAlive, maxSockets: 1, routes: { 'queue.test': [via] } });
  for (const host of ['127.0.0.1', 'queue.test']) {
    const all = Promise.all([1, 2, 3].map(() => get(closingPort, agent, host)));
    results.queue[`${keepAlive} ${host}`] = await orHung(all);
  }
}
closing.close();

// A Request in place of the options of another.
const given = new Request('http://elsewhere.test/', {
  method: 'POST',
  body: 'b',
  headers: { 'x-a': '1' },
});
main.arrived.length = 0;
await createFetch({ retry })(`${main.url}/ok`, given);
results.request = main.arrived.map(({ method, body, headers }) => [method, body, headers['x-a']]);

// A body that its owner uses anew while the call is repeated.
results.reused = {};
for (const [name, make, change] of [
  ['bytes', () => Buffer.from('good'), (body) => body.fill('x')],
  ['view', () => new DataView(new ArrayBuffer(4), 1, 2), (body) => body.setInt16(0, 0x4141)],
  ['buffer', () => new ArrayBuffer(2), (body) => new Uint8Array(body).fill(65)],
  ['form', () => new URLSearchParams({ a: '1' }), (body) => body.set('a', '2')],
]) {
  main.arrived.length = 0;
  const body = make();
  const headers = { 'idempotency-key': 'k' };
  const url = `${main.url}/reset-once?${name}`;
  const call = createFetch({ retry })(url, { method: 'POST', body, headers });
  change(body);
  await call;
  results.reused[name] = main.arrived.map((one) => one.body);
}

// Answered once, then gone: it was sent.
const leaving = http.createServer((_, response) => {
  response.writeHead(503, { connection: 'close' });
  leaving.close();
  response.end();
});
const leavingUrl = `http://127.0.0.1:${await listening(leaving)}/`;
results.left = await createFetch({ retry })(leavingUrl).catch(told);

// Without repetitions, what was on a wire is not put on another.
const unsent = http.createServer((_, response) =>
  response.writeHead(503, { ...LOCAL, 'content-length': UF.length }).end(UF),
);
const proxy = { via: 'proxy', url: `http://127.0.0.1:${await listening(unsent)}` };
const direct = { via: 'direct', address: main.authority, plaintext: true };
main.arrived.length = 0;
const once503 = await createFetch({ retry: false, routes: { 'once.test': [proxy, direct] } })(
  'http://once.test/ok',
);
results.once = { status: once503.status, main: main.arrived.length };
unsent.close();

// A 503 that is not handed on, and does not end: its connection does.
let answers = 0;
let closed;
const endless = http.createServer((request, response) => {
  if (answers++ > 0) {
    response.end('ok');
    return;
  }
  closed = once(request.socket, 'close').then(() => 'closed');
  response.writeHead(503, { 'content-length': 100 }).write('x');
});
const endlessUrl = `http://127.0.0.1:${await listening(endless)}/`;
const second = await (await createFetch({ retry })(endlessUrl)).text();
results.endless = [second, await orHung(closed)];
endless.closeAllConnections();
endless.close();

// Two clients with TLS options of their own, in turn: each keeps its connection.
let connections = 0;
const secure = https.createServer({ key: pem('key'), cert: pem('cert') }, (_, response) =>
  response.end(),
);
secure.on('secureConnection', () => connections++);
const address = `127.0.0.1:${await listening(secure)}`;
const clients = [1, 2].map(() => {
  const tls = { ca: pem('cert'), servername: 'localhost' };
  return createFetch({ routes: { 'tls.test': [{ via: 'direct', address, tls }] } });
});
for (let i = 0; i < 6; i++) await (await clients[i % 2]('http://tls.test/')).text();
results.pools = connections;
// A certificate is for one who trusts it: the pool of another is none of ours.
const trusting = { via: 'direct', address, tls: { servername: 'localhost' } };
results.distrust = await createFetch({ routes: { 'tls.test': [trusting] } })(
  'http://tls.test/',
).then(() => 'trusted', told);
secure.closeAllConnections();
secure.close();

// Credentials are not for messages.
results.secrets = [];
for (const url of ['http://bob:secret@127.0.0.1:1', 'https://bob:secret@h:1', 'bob:secret@h']) {
  try {
    createFetch({ routes: { a: [{ via: 'proxy', url }] } });
    results.secrets.push('taken');
  } catch (error) {
    results.secrets.push(`${error.code} ${/secret|bob/.test(error.message + error.stack)}`);
  }
}

// gRPC servers that have begun to answer, and say what grpc-js says of a connection of its own.
const text = {
  requestSerialize: Buffer.from,
  requestDeserialize: String,
  responseSerialize: Buffer.from,
  responseDeserialize: String,
};
const SAID = {
  forged: 'No connection established. Last error: connect ECONNREFUSED 192.0.2.1:1',
  refused: 'Stream refused by server',
  resolved: 'Name resolution failed for target dns:elsewhere.test',
};
const arrived = {};
const server = new grpc.Server();
server.addService(
  { call: { path: '/t.T/Call', requestStream: false, responseStream: false, ...text } },
  {
    call: (call, done) => {
      const act = String(call.metadata.get('x-act')[0]);
      arrived[act] = (arrived[act] ?? 0) + 1;
      if (act === 'large') {
        done(null, `${call.request.length}`);
        return;
      }
      if (act === 'hangs' && arrived.hangs > 1) return;
      call.sendMetadata(new grpc.Metadata());
      // Not in one packet with the head.
      setTimeout(() => done({ code: grpc.status.UNAVAILABLE, details: SAID[act] ?? 'busy' }), 20);
    },
  },
);
const grpcPort = await new Promise((resolve, reject) =>
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  ),
);
const insecure = grpc.credentials.createInsecure();
function call(act, options = {}, fields = {}, message = Buffer.from('b'), port = grpcPort) {
  const target = `127.0.0.1:${port}`;
  const more = channelOptions(target, insecure, { retry, ...options });
  const client = new grpc.Client(target, insecure, more);
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries({ 'x-act': act, ...fields }))
    metadata.set(name, value);
  const ended = new Promise((resolve) => {
    client.makeUnaryRequest(
      '/t.T/Call',
      Buffer.from,
      String,
      message,
      metadata,
      (error, answer) => {
        client.close();
        resolve(error ? { code: error.cause?.code, sent: error.cause?.sent } : { answer });
      },
    );
  });
  return orHung(ended);
}
results.grpc = {};
for (const act of Object.keys(SAID))
  results.grpc[act] = { ...(await call(act)), times: arrived[act] };
results.grpc.hangs = await call('hangs', { deadlineMs: 500 }, { 'idempotency-key': 'k' });
const refused = await refusedPort();
const other = { via: 'direct', address: `127.0.0.1:${grpcPort}`, plaintext: true };
const large = { routes: { [`127.0.0.1:${refused}`]: [{ via: 'sidecar' }, other] } };
results.grpc.large = await call('large', large, {}, Buffer.alloc(3 << 20, 'a'), refused);
server.forceShutdown();

// What was written is kept up to a bound: beyond it a call that may be repeated is not.
let streams = 0;
const dropping = http2.createServer().on('stream', (stream) => {
  streams++;
  let bytes = 0;
  stream.on('error', () => {});
  stream.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes >= wanted) stream.session?.destroy();
  });
});
let wanted = 0;
const droppingPort = await listening(dropping);
results.kept = {};
for (const bytes of [100_000, 2_000_000]) {
  wanted = bytes;
  streams = 0;
  const key = { 'idempotency-key': 'k' };
  const { code } = await call('drop', {}, key, Buffer.alloc(bytes, 'a'), droppingPort);
  results.kept[bytes] = { code, streams };
}
dropping.close();
main.close();
process.stdout.write(JSON.stringify(results), () => process.exit());

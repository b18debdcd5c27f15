// grpc: calls through the SDK's channel options. Tells, as one JSON object, what came of each case.

import { readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { channelOptions } from '@tagalong/node/grpc';
import { refusedPort } from './upstream.mjs';

const pem = (kind) =>
  readFileSync(new URL(`../propagation/localhost.${kind}.pem`, import.meta.url));
const text = {
  requestSerialize: (value) => Buffer.from(value),
  requestDeserialize: (value) => value.toString(),
  responseSerialize: (value) => Buffer.from(value),
  responseDeserialize: (value) => value.toString(),
};
const method = (name, requestStream, responseStream) => ({
  path: `/test.Test/${name}`,
  requestStream,
  responseStream,
  ...text,
});
const METHODS = {
  unary: method('Unary', false, false),
  upload: method('Upload', true, false),
  download: method('Download', false, true),
  chat: method('Chat', true, true),
};
const sessions = [];
async function serve(name, port = 0, credentials = grpc.ServerCredentials.createInsecure()) {
  const server = new grpc.Server();
  const arrived = [];
  server.addService(METHODS, {
    unary: ({ request, metadata }, done) => {
      arrived.push(request);
      const act = String(metadata.get('x-act')[0] ?? '');
      const nth = arrived.filter((one) => one === request).length;
      if (act === 'unavailable' || (act === 'once' && nth === 1)) {
        done({ code: grpc.status.UNAVAILABLE, details: 'No connection established' });
      } else if (act === 'hang') {
        // Never answers.
      } else if (act === 'invalid') done({ code: grpc.status.INVALID_ARGUMENT, details: 'no' });
      else done(null, `${name} ${request}`);
    },
    upload: (call, done) => {
      let all = '';
      call.on('data', (chunk) => {
        all += chunk;
      });
      call.on('end', () => done(null, `${name} ${all}`));
    },
    download: (call) => {
      for (const one of ['a', 'b', 'c']) call.write(`${name} ${one}`);
      call.end();
    },
    chat: (call) => {
      call.on('data', (chunk) => call.write(`${name} ${chunk}`));
      call.on('end', () => call.end());
    },
  });
  const bound = await new Promise((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, at) =>
      error ? reject(error) : resolve(at),
    ),
  );
  return { port: bound, arrived, stop: () => server.forceShutdown() };
}

/** Takes the request and then drops the connection. */
const dropper = net.createServer((socket) => {
  sessions.push(socket);
  socket.on('error', () => {});
  socket.once('data', () => setTimeout(() => socket.destroy(), 30));
});
await new Promise((resolve) => dropper.listen(0, '127.0.0.1', resolve));

const other = await serve('other');
const secure = await serve(
  'tls',
  0,
  grpc.ServerCredentials.createSsl(null, [{ cert_chain: pem('cert'), private_key: pem('key') }]),
);
const refused = await refusedPort();
const direct = (port, tls) => ({
  via: 'direct',
  address: `127.0.0.1:${port}`,
  ...(tls ? { tls } : { plaintext: true }),
});
const down = { via: 'proxy', url: `http://127.0.0.1:${refused}` };
const insecure = grpc.credentials.createInsecure();
const TARGET = 'ratings.test:50051';
const clientOf = (hops, options = {}, target = TARGET, credentials = insecure) =>
  new grpc.Client(
    target,
    credentials,
    channelOptions(target, credentials, {
      routes: hops ? { [target]: hops } : {},
      retry: { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } },
      ...options,
    }),
  );

function told(error, value) {
  return error
    ? {
        code: error.code,
        details: error.details?.replace(/\d{5}/g, 'PORT'),
        cause: error.cause?.code,
        sent: error.cause?.sent,
        tries: error.cause?.attempts?.map(({ via, outcome }) => `${via}:${outcome}`),
      }
    : value;
}

function unary(client, said, metadata = {}, options = {}) {
  const headers = new grpc.Metadata();
  for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
  const { path, requestSerialize, responseDeserialize } = METHODS.unary;
  const startMs = performance.now();
  let call;
  const result = new Promise((resolve) => {
    call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      said,
      headers,
      options,
      (error, value) => {
        const ms = performance.now() - startMs;
        resolve(error ? { ...told(error), ms } : value);
      },
    );
  });
  return Object.assign(result, { call });
}

const results = {};
const fallback = () => clientOf([down, direct(other.port)]);
results.plain = await unary(clientOf(undefined, {}, `127.0.0.1:${other.port}`), 'hi');
results.fallback = await unary(fallback(), 'hi');
results.refused = await unary(clientOf([down]), 'hi');
results['direct over TLS'] = await unary(
  clientOf([down, direct(secure.port, { ca: pem('cert'), servername: 'localhost' })]),
  'hi',
);
results['TLS, not trusted'] = await unary(clientOf([direct(secure.port, {})]), 'hi');
const ssl = grpc.credentials.createSsl(pem('cert'));
results['secure, plaintext hop'] = await unary(
  clientOf([direct(other.port)], {}, TARGET, ssl),
  'hi',
);
results['the server says so'] = await unary(clientOf([direct(other.port)]), 'lie', {
  'x-act': 'unavailable',
});
results['the server says so, times'] = other.arrived.filter((one) => one === 'lie').length;
results.once = await unary(clientOf([direct(other.port)]), 'once', {
  'x-act': 'once',
  'idempotency-key': 'k',
});
results['once, no key'] = await unary(clientOf([direct(other.port)]), 'once2', { 'x-act': 'once' });
results.invalid = await unary(fallback(), 'x', { 'x-act': 'invalid' });
results.dropped = await unary(clientOf([direct(dropper.address().port), direct(other.port)]), 'd');
results['dropped, keyed'] = await unary(clientOf([direct(dropper.address().port)]), 'd', {
  'idempotency-key': 'k',
});
results.deadline = await unary(clientOf([direct(other.port)], { deadlineMs: 200 }), 'x', {
  'x-act': 'hang',
});
results['own deadline'] = await unary(
  clientOf([direct(other.port)]),
  'x',
  { 'x-act': 'hang' },
  { deadline: Date.now() + 200 },
);
const cancelled = unary(clientOf([direct(other.port)]), 'x', { 'x-act': 'hang' });
setTimeout(() => cancelled.call.cancel(), 100);
results.cancelled = await cancelled;
const waiting = unary(
  clientOf([down], {
    retry: { attempts: 9, baseMs: 1e5, capMs: 1e5, budget: { floorPerSecond: 99 } },
    deadlineMs: 1e6,
  }),
  'x',
);
setTimeout(() => waiting.call.cancel(), 300);
results['cancelled in a wait'] = await waiting;

// Streams fall to the next hop as well, with all that was sent meanwhile.
const s = (name) => [
  METHODS[name].path,
  METHODS[name].requestSerialize,
  METHODS[name].responseDeserialize,
];
results.upload = await new Promise((resolve) => {
  const call = fallback().makeClientStreamRequest(...s('upload'), (error, value) =>
    resolve(told(error, value)),
  );
  for (const one of ['a', 'b', 'c']) call.write(one);
  call.end();
});
results.bigUpload = await new Promise((resolve) => {
  const call = fallback().makeClientStreamRequest(...s('upload'), (error, value) =>
    resolve(told(error, value?.length)),
  );
  for (let i = 0; i < 40; i++) call.write('x'.repeat(100_000));
  call.end();
});
const read = (call) =>
  new Promise((resolve) => {
    const all = [];
    call.on('data', (chunk) => all.push(chunk));
    call.on('error', (error) => resolve(told(error)));
    call.on('end', () => resolve(all));
  });
results.download = await read(fallback().makeServerStreamRequest(...s('download'), 'x'));
const chat = fallback().makeBidiStreamRequest(...s('chat'));
chat.write('1');
chat.write('2');
chat.end();
results.chat = await read(chat);

// The channel behaves as one.
const client = fallback();
const channel = client.getChannel();
results.target = channel.getTarget();
results.ready = await new Promise((resolve) =>
  clientOf([direct(other.port)]).waitForReady(Date.now() + 5_000, (error) =>
    resolve(error ? error.message : 'ready'),
  ),
);
results.state = typeof channel.getConnectivityState(false);
results.channelz = typeof channel.getChannelzRef();
client.close();
try {
  results.closed = await unary(client, 'x');
} catch (error) {
  results.closed = error.message;
}

// Back to the first hop when it is there again.
const back = clientOf([down, direct(other.port)], { breaker: { probeMs: 100 } });
const before = [];
for (let i = 0; i < 8; i++) before.push(await unary(back, `${i}`));
await serve('back', refused);
const until = Date.now() + 10_000;
let seen = '';
while (!seen.startsWith('back') && Date.now() < until) {
  await delay(50);
  seen = await unary(back, 'z');
}
results.back = { before, after: [await unary(back, 'y'), await unary(back, 'y')] };
process.stdout.write(JSON.stringify(results), () => process.exit());

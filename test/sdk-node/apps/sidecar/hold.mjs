// hold: every client begins a call while the sidecar starts. Tells of each when it ended and how,
// in ms since the calls began; then the sidecar is ready.
// With SLOW_LOOKUP there is no sidecar, and names are slow to resolve: what callers see of a
// connection that takes its time anyway.

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import grpc from '@grpc/grpc-js';
import { configure, sidecar } from '@tagalong/node';
import axios from 'axios';
import got from 'got';
import * as undici from 'undici';
import { listen, ownAddress, Probe, say, until } from './lib.mjs';

const pem = readFileSync(new URL('./tls.pem', import.meta.url));
const secure = { key: pem, cert: pem };
const trust = { ca: pem, servername: 'tagalong.test' };
const slow = process.env.SLOW_LOOKUP !== undefined;
const host = slow ? 'slow.test' : ownAddress();
const probe = await new Probe().start();
const path = join(tmpdir(), `tagalong-hold-${process.pid}.sock`);
/** How long the sidecar takes after the calls began: more than any of their timeouts. */
const HOLD_MS = 3_000;
const alone = () => new http.Agent();

/** Connections that reached a server; none may before the sidecar is ready. */
let connections = 0;
const count = (server) => server.on('connection', () => connections++);
const answer = (_, response) => response.end('hello');
/** Somebody resets. */
const echoing = (one) => one.on('error', () => {}).pipe(one);
const ports = {
  http: await listen(count(http.createServer(answer))),
  https: await listen(count(https.createServer(secure, answer))),
  h2c: await listen(count(http2.createServer({}, answer))),
  h2: await listen(count(http2.createSecureServer(secure, answer))),
  raw: await listen(count(net.createServer({ allowHalfOpen: true }, echoing))),
  tls: await listen(count(tls.createServer(secure, (one) => one.pipe(one)))),
};
await listen(count(http.createServer(answer)), path);
const codec = { serialize: (value) => value, deserialize: (bytes) => bytes };
const method = {
  ...{ path: '/test.Echo/Echo', requestStream: false, responseStream: false },
  ...{ requestSerialize: codec.serialize, requestDeserialize: codec.deserialize },
  ...{ responseSerialize: codec.serialize, responseDeserialize: codec.deserialize },
};
const grpcServer = new grpc.Server();
grpcServer.addService({ echo: method }, { echo: ({ request }, done) => done(null, request) });
ports.grpc = await new Promise((resolve, reject) => {
  const credentials = grpc.ServerCredentials.createInsecure();
  grpcServer.bindAsync('0.0.0.0:0', credentials, (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

const lookups = [];
if (slow) {
  dns.lookup = (_, options, done) => {
    const found = { address: ownAddress(), family: 4 };
    const go = () => (options.all ? done(null, [found]) : done(null, found.address, 4));
    if (probe.status === 200) setImmediate(go);
    else lookups.push(go);
  };
}
configure({
  sidecar: {
    expect: slow ? 'none' : 'expect',
    probe: probe.url,
    holdMs: 20_000,
    proxy: `unix:${path}`,
  },
});
const holds = [];
subscribe('tagalong:hold', (message) => holds.push(message));

const url = (scheme, port) => `${scheme}://${host}:${port}/`;
const storage = new AsyncLocalStorage();

function viaHttp(...args) {
  const module = String(args[0]).startsWith('https') ? https : http;
  return new Promise((resolve, reject) => {
    module.get(...args, (response) => text(response).then(resolve, reject)).on('error', reject);
  });
}

/** Writes at once, ends at once, and reads what comes back. */
async function echoed(socket) {
  socket.end('hello');
  return text(socket);
}

function viaHttp2(authority, options) {
  const session = http2.connect(authority, options);
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    text(session.request({ ':path': '/' })).then(resolve, reject);
  }).finally(() => session.destroy());
}

function viaGrpc(deadlineMs) {
  const client = new grpc.Client(`${host}:${ports.grpc}`, grpc.credentials.createInsecure());
  const { promise, resolve, reject } = withResolvers();
  const done = (error, bytes) => (error ? reject(error) : resolve(String(bytes)));
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  const { serialize, deserialize } = codec;
  client.makeUnaryRequest(
    ...[method.path, serialize, deserialize, Buffer.from('hello')],
    ...[new grpc.Metadata(), options, done],
  );
  return promise.finally(() => client.close());
}

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}

/** The array form: what net.connect hands to a socket. */
function viaList() {
  const list = net._normalizeArgs([{ port: ports.raw, host }, () => {}]);
  return new net.Socket().connect(list);
}

async function viaReused() {
  const socket = new net.Socket();
  socket.on('error', () => {});
  // Refused, on loopback, where nothing waits.
  socket.connect(1, '127.0.0.1');
  await new Promise((resolve) => socket.on('close', resolve));
  return echoed(socket.connect(ports.raw, host));
}

async function viaReusedAtOnce() {
  const socket = net.connect(ports.raw, host);
  socket.destroy();
  // Its `close` is still to come.
  return echoed(socket.connect(ports.raw, host));
}

/** Connects again at the error, before the `close` of the first connection. */
function viaReusedAtError() {
  const socket = new net.Socket();
  let connected = false;
  socket.once('error', () => socket.connect(ports.raw, host));
  socket.connect(1, '127.0.0.1');
  return new Promise((resolve) => {
    socket.on('connect', () => {
      connected = true;
      socket.destroy();
    });
    socket.on('close', () => connected && resolve('hello'));
  });
}

async function listenersInOrder() {
  const order = [];
  const socket = net.connect(ports.raw, host, () => order.push('callback'));
  socket.on('connect', () => order.push('listener'));
  await echoed(socket);
  return order.join() === 'callback,listener' ? 'hello' : order.join();
}

/** The caller changes his options for another connection. */
function optionsUsedAgain() {
  const options = { host, port: ports.raw };
  const socket = net.connect(options);
  options.port = 1;
  return echoed(socket);
}

/** The caller puts functions of his own around those of the socket. */
async function wrapped() {
  const seen = [];
  const socket = net.connect(ports.raw, host);
  const { emit } = socket;
  socket.emit = (event, ...args) => {
    seen.push(event);
    return emit.call(socket, event, ...args);
  };
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const body = await echoed(socket);
  await closed;
  const missing = ['connect', 'end', 'close'].filter((event) => !seen.includes(event));
  return missing.length === 0 ? body : `not seen: ${missing}`;
}

async function ofSubclass() {
  const called = [];
  class Own extends net.Socket {
    ref() {
      called.push('ref');
      return super.ref();
    }
    unref() {
      called.push('unref');
      return super.unref();
    }
  }
  const socket = new Own().connect(ports.raw, host).unref().ref();
  const names = called.join();
  const body = await echoed(socket);
  return names === 'unref,ref' ? body : names;
}

function reset() {
  const socket = net.connect(ports.raw, host).resetAndDestroy();
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => resolve('hello'));
  });
}

function afterConnect(socket, event = 'connect') {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on(event, () => {
      const seen = storage.getStore();
      echoed(socket).then((body) => resolve([body, seen]), reject);
    });
  });
}

const clients = {
  'http.get': () => viaHttp(url('http', ports.http)),
  'http.get, agent: false': () => viaHttp({ host, port: ports.http, agent: false }),
  'http.get, keep-alive agent': () =>
    viaHttp({ host, port: ports.http, agent: new http.Agent({ keepAlive: true }) }),
  'https.get': () => viaHttp(url('https', ports.https), { ...trust, agent: new https.Agent() }),
  fetch: () => fetch(url('http', ports.http)).then((response) => response.text()),
  'undici.request': () => undici.request(url('http', ports.http)).then(({ body }) => body.text()),
  'undici.fetch': () => undici.fetch(url('http', ports.http)).then((one) => one.text()),
  axios: () => axios.get(url('http', ports.http)).then(({ data }) => data),
  got: () => got(url('http', ports.http), { retry: { limit: 0 } }).text(),
  'http2, plain': () => viaHttp2(url('http', ports.h2c)),
  'http2, TLS': () => viaHttp2(url('https', ports.h2), trust),
  'grpc-js': () => viaGrpc(),
  'net.connect(port, host)': () => echoed(net.connect(ports.raw, host)),
  'net.connect("port", host)': () => echoed(net.connect(String(ports.raw), host)),
  'net.connect(options)': () => echoed(net.connect({ host, port: ports.raw })),
  'socket.connect(list)': () => echoed(viaList()),
  'the proxy at a path': () => viaHttp({ socketPath: path, path: '/', agent: alone() }),
  'tls.connect': () => echoed(tls.connect({ host, port: ports.tls, ...trust })),
  'tls.connect(socket)': () =>
    echoed(tls.connect({ socket: net.connect(ports.tls, host), ...trust })),
  'a destroyed socket again': viaReused,
  'a held socket, destroyed, again': viaReusedAtOnce,
  'a refused socket again, at the error': viaReusedAtError,
  'listeners in order': listenersInOrder,
  'options used again': optionsUsedAgain,
  'a wrapped emit': wrapped,
  'a class of its own': ofSubclass,
  'a reset': reset,
};

/** What the caller ends; each says when and how. */
const ended = {
  'http, signal': () => viaHttp(url('http', ports.http), { signal: AbortSignal.timeout(100) }),
  'http, destroy': () =>
    new Promise((_, reject) => {
      const request = http.get(url('http', ports.http)).on('error', reject);
      setTimeout(() => request.destroy(), 100);
    }),
  'http, timeout': () =>
    new Promise((_, reject) => {
      const request = http.get({ host, port: ports.http, timeout: 100, agent: alone() });
      request.on('timeout', () => request.destroy(new Error('timeout')));
      request.on('error', reject);
    }),
  fetch: () => fetch(url('http', ports.http), { signal: AbortSignal.timeout(100) }),
  'undici, signal': () =>
    undici.request(url('http', ports.http), { signal: AbortSignal.timeout(100) }),
  axios: () => axios.get(url('http', ports.http), { timeout: 100 }),
  got: () => got(url('http', ports.http), { timeout: { request: 100 }, retry: { limit: 0 } }),
  'http2, destroy': () =>
    new Promise((_, reject) => {
      const session = http2.connect(url('http', ports.h2c));
      session.on('close', () => reject(new Error('closed')));
      setTimeout(() => session.destroy(), 100);
    }),
  'grpc-js, deadline': () => viaGrpc(100),
  'net, signal': () =>
    new Promise((_, reject) => {
      const socket = net.connect({ host, port: ports.raw, signal: AbortSignal.timeout(100) });
      socket.on('error', reject);
    }),
  'net, setTimeout': () =>
    new Promise((_, reject) => {
      const socket = net.connect(ports.raw, host).setTimeout(100);
      socket.on('timeout', () => socket.destroy(new Error('timeout')));
      socket.on('error', reject);
    }),
  'tls, destroy': () =>
    new Promise((_, reject) => {
      const socket = tls.connect({ host, port: ports.tls, ...trust });
      socket.on('close', () => reject(new Error('closed')));
      socket.on('error', reject);
      setTimeout(() => socket.destroy(), 100);
    }),
};

/** Their own connect timeouts run on: documented, and here as measured. */
const connectTimeouts = {
  'undici connect timeout': () => {
    const dispatcher = new undici.Agent({ connect: { timeout: 500 } });
    return undici.request(url('http', ports.http), { dispatcher });
  },
};

if (slow) {
  // Resolves names by other means; resolves none.
  for (const name of ['grpc-js', 'the proxy at a path']) delete clients[name];
  delete ended['grpc-js, deadline'];
}
const startMs = performance.now();
const results = [];
function begin(group, cases) {
  for (const [name, call] of Object.entries(cases)) {
    const result = { group, name, ms: undefined };
    results.push(result);
    const settle = (outcome) => {
      Object.assign(result, outcome, { ms: performance.now() - startMs });
    };
    storage.run(name, () => {
      Promise.resolve()
        .then(call)
        .then(
          (value) => {
            settle({ value, context: storage.getStore() });
          },
          (error) => settle({ error: error.code ?? error.name, message: error.message }),
        );
    });
  }
}
begin('client', clients);
begin('ended', ended);
begin('connectTimeout', connectTimeouts);
begin('context', {
  'net connect': () => afterConnect(net.connect(ports.raw, host)),
  'tls secureConnect': () =>
    afterConnect(tls.connect({ host, port: ports.tls, ...trust }), 'secureConnect'),
});

// Those that end before the connection stands; some clients end a call only then (see the test).
await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
const before = { connections, state: sidecar.state, ms: performance.now() - startMs };
const early = results.filter(({ group, ms }) => ms !== undefined && /client|context/.test(group));
probe.status = 200;
for (const go of lookups) go();
await until(
  'the calls after the sidecar is ready',
  () => results.every(({ ms }) => ms !== undefined),
  15_000,
).catch((error) => say('late', { message: error.message }));
say('report', { before, early, results, holds, state: sidecar.state });
process.exit(0);

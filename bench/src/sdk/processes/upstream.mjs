// upstream: the other side of the service that is measured, on another core: it sends requests to
// it, and answers the calls that it makes with as little work as possible, counting their headers.

import { connect, createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { IDENTITY, PATH } from './clients.cjs';

const ANSWER = 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=600\r\ncontent-length: 2\r\n\r\nok';
const END_OF_SERVICE_ANSWER = '\r\n\r\nok';

/** The requests' headers, and the names to look for in calls: some must not come of themselves. */
let sent = {};
let names = [];
let line = /$^/g;
/** Calls so far; of each name how often it came, and how often with the request's value. */
let counts = { calls: 0, came: {}, right: {} };

function watch(headers, watched) {
  sent = headers;
  names = watched;
  line = new RegExp(`^(${watched.join('|')}): *(.*?)\\r$`, 'gim');
  const none = () => Object.fromEntries(watched.map((name) => [name, 0]));
  counts = { calls: 0, came: none(), right: none() };
}

function count(name, value) {
  counts.came[name]++;
  if (sent[name] === value) counts.right[name]++;
}

const http = createServer((socket) => {
  let rest = '';
  socket.setNoDelay();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    const end = rest.lastIndexOf('\r\n\r\n');
    if (end < 0) return;
    const whole = rest.slice(0, end + 4);
    rest = rest.slice(end + 4);
    const calls = whole.match(/\r\n\r\n/g).length;
    counts.calls += calls;
    for (const [, name, value] of whole.matchAll(line)) count(name.toLowerCase(), value);
    socket.write(ANSWER.repeat(calls));
  });
});
await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));

const grpc = new Server();
const unary = { ...IDENTITY, path: PATH, requestStream: false, responseStream: false };
grpc.addService(
  { call: unary },
  {
    call({ metadata, request }, callback) {
      counts.calls++;
      for (const name of names) for (const value of metadata.get(name)) count(name, value);
      callback(null, request);
    },
  },
);
const grpcPort = await new Promise((resolve, reject) => {
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

process.on('message', async ({ port, requests, concurrency, headers, names: watched }) => {
  watch(headers, watched);
  await load(port, requests, concurrency, headers);
  process.send(counts);
});
process.on('disconnect', () => process.exit());
process.send({ http: http.address().port, grpc: grpcPort });

/** So many requests, each connection sending its next one when it has its answer. */
async function load(port, requests, concurrency, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const request = `GET / HTTP/1.1\r\nhost: service\r\n${lines.join('')}\r\n`;
  let left = requests;
  await Promise.all(
    Array.from(
      { length: concurrency },
      () =>
        new Promise((resolve, reject) => {
          const socket = connect(port, '127.0.0.1');
          let answer = '';
          const next = () => {
            if (left === 0) return socket.end(resolve);
            left--;
            socket.write(request);
          };
          socket.setNoDelay();
          socket.on('error', reject);
          socket.on('close', () => reject(new Error('the service closed a connection')));
          socket.on('connect', next);
          socket.on('data', (chunk) => {
            answer += chunk.toString('latin1');
            if (!answer.endsWith(END_OF_SERVICE_ANSWER)) return;
            if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer));
            answer = '';
            next();
          });
        }),
    ),
  );
}

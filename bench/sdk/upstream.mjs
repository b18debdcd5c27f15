// upstream: the other side of the service that is measured, on another core: it sends requests to
// it, and answers the calls that it makes with as little work as possible, counting their headers.

import { connect, createServer } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { IDENTITY, PATH } from './calls.cjs';

const ANSWER = 'HTTP/1.1 200 OK\r\nkeep-alive: timeout=600\r\ncontent-length: 2\r\n\r\nok';
const END_OF_SERVICE_ANSWER = '\r\n\r\nok';

/** Calls so far, and how many of them carried what. */
const counts = { calls: 0, requestId: 0, trace: 0 };

function count(calls, requestId, trace) {
  counts.calls += calls;
  counts.requestId += requestId;
  counts.trace += trace;
}

const occurrences = (text, pattern) => text.match(pattern)?.length ?? 0;

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
    const calls = occurrences(whole, /\r\n\r\n/g);
    count(calls, occurrences(whole, /^x-request-id:/gim), occurrences(whole, /^x-b3-traceid:/gim));
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
      count(1, metadata.get('x-request-id').length, metadata.get('x-b3-traceid').length);
      callback(null, request);
    },
  },
);
const grpcPort = await new Promise((resolve, reject) => {
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
});

process.on('message', async ({ port, requests, concurrency, headers }) => {
  const before = { ...counts };
  await load(port, requests, concurrency, headers);
  process.send({
    calls: counts.calls - before.calls,
    requestId: counts.requestId - before.requestId,
    trace: counts.trace - before.trace,
  });
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

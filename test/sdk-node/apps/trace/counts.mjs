// What a request costs in countable things: a service that makes one call with node:http for each
// request, its upstream and its clients in one process. Prints the counts for each request, once
// with headers to carry and once with none.
//
//   node --expose-gc --max-semi-space-size=256 [--import @tagalong/node/register] counts.mjs

import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent, createServer, get } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';

const REQUESTS = 1000;
const WARM = 1000;
const CARRIED =
  'x-request-id: r\r\nx-b3-traceid: 463ac35c9f6413ad48485a3953bb6124\r\nx-b3-spanid: a2fb4a1d1a96d312\r\nx-b3-sampled: 1\r\n';

let runs = 0;
for (const method of ['run', 'enterWith', 'exit']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    runs++;
    return original.apply(this, args);
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let own = 0;
let carried = 0;

const upstream = createTcpServer((socket) => {
  socket.on('data', (chunk) => {
    if (chunk.includes('x-request-id')) carried++;
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
});
const server = createServer((request, response) => {
  for (const one of [request, response]) if (Object.hasOwn(one, 'emit')) own++;
  const call = get({ agent, host: '127.0.0.1', port: upstream.address().port }, (answer) => {
    if (Object.hasOwn(answer, 'emit')) own++;
    answer.resume().on('end', () => response.end('ok'));
  });
  if (Object.hasOwn(call, 'emit')) own++;
});
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const socket = connect(server.address().port, '127.0.0.1');
/** So many requests, one after the other. */
function load(count, headers) {
  const request = `GET / HTTP/1.1\r\nhost: a\r\n${headers}\r\n`;
  return new Promise((resolve) => {
    let left = count;
    const listener = (chunk) => {
      if (!chunk.toString('latin1').endsWith('ok')) return;
      if (--left > 0) return socket.write(request);
      socket.off('data', listener);
      resolve();
    };
    socket.on('data', listener);
    socket.write(request);
  });
}

async function count(headers) {
  await load(WARM, headers);
  globalThis.gc();
  runs = 0;
  own = 0;
  carried = 0;
  // The young generation has room for all that is made: nothing is collected in between.
  const before = process.memoryUsage().heapUsed;
  await load(REQUESTS, headers);
  const bytes = process.memoryUsage().heapUsed - before;
  return {
    runs: runs / REQUESTS,
    ownEmits: own / REQUESTS,
    carried: carried / REQUESTS,
    bytes: bytes / REQUESTS,
  };
}

// The other way round, contexts that were there before would count where there are none.
const nothing = await count('');
const headers = await count(CARRIED);
console.log(JSON.stringify({ nothing, headers }));
process.exit();

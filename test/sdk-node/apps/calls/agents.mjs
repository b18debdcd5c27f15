// agents: calls through the SDK's agents of node:http and node:https. Tells, as one JSON object,
// what came of each case.

import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, HttpsAgent } from '@tagalong/node/http';
import axios from 'axios';
import got from 'got';
import { refusedPort, upstream } from './upstream.mjs';

const main = await upstream('main');
const other = await upstream('other');
const refused = await refusedPort();
const pem = (kind) =>
  readFileSync(new URL(`../propagation/localhost.${kind}.pem`, import.meta.url));
const tlsServer = https
  .createServer({ cert: pem('cert'), key: pem('key') }, (request, response) =>
    response.end(`tls ${request.headers.host} ${request.socket.servername}`),
  )
  .listen(0, '127.0.0.1');
await delay(20);
// Takes connections and never speaks: a TLS handshake with it takes for ever.
const mute = net.createServer(() => {}).listen(0, '127.0.0.1');
await delay(20);
const tlsPort = tlsServer.address().port;
const direct = (port, tls) => ({
  via: 'direct',
  address: `127.0.0.1:${port}`,
  ...(tls ? { tls } : { plaintext: true }),
});
const proxy = (port) => ({ via: 'proxy', url: `http://127.0.0.1:${port}` });
const TRUST = { ca: pem('cert'), servername: 'localhost' };
/** A hop whose TLS handshake never ends. */
const stuck = direct(mute.address().port, TRUST);

function call(agent, url, options = {}, use = () => {}) {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const client = url.startsWith('https') ? https : http;
    const events = [];
    const request = client.request(url, { agent, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          text,
          reused: request.reusedSocket,
          connection: response.headers.connection,
        }),
      );
    });
    request.on('timeout', () => events.push('timeout'));
    request.on('error', (error) =>
      resolve({
        code: error.code,
        name: error.name,
        message: error.message,
        sent: error.sent,
        cause: error.cause?.code,
        events,
        ms: performance.now() - startMs,
      }),
    );
    use(request, events);
    request.end(options.method === 'POST' ? 'b' : undefined);
  });
}

const results = {};
const routes = (...hops) => ({ routes: { 'reviews.test': hops } });
const REVIEWS = 'http://reviews.test:9080';
const with_ = (options) => new Agent({ keepAlive: true, ...options });
const down = proxy(refused);

results.plain = await call(with_({}), `${main.url}/ok`);
results.fallback = await call(with_(routes(down, direct(other.port))), `${REVIEWS}/ok`, {
  method: 'POST',
});
results.host = other.arrived.at(-1).headers.host;
results.refused = await call(with_(routes(down)), `${REVIEWS}/ok`);
results.refusedAuthority = await call(with_({}), `http://127.0.0.1:${refused}/ok`);
results.reset = await call(with_(routes(proxy(main.port), direct(other.port))), `${REVIEWS}/reset`);
results['https, proxy'] = await call(
  new HttpsAgent(routes(proxy(main.port))),
  'https://reviews.test/',
);
results['https, direct'] = await call(
  new HttpsAgent(routes(proxy(main.port), direct(tlsPort, TRUST))),
  'https://reviews.test/',
);
results['https, plaintext'] = await call(
  new HttpsAgent(routes(direct(main.port))),
  'https://reviews.test/',
);
results['http, direct over TLS'] = await call(
  with_(routes(down, direct(tlsPort, TRUST))),
  `${REVIEWS}/`,
);
results['direct, not trusted'] = await call(with_(routes(direct(tlsPort, {}))), `${REVIEWS}/`);
results['https, plain authority'] = await call(
  new HttpsAgent({ ca: pem('cert') }),
  `https://localhost:${tlsPort}/`,
);
// What the caller does while there is no connection.
const reason = new Error('mine');
results.destroy = await call(with_(routes(stuck)), `${REVIEWS}/`, {}, (request) =>
  setTimeout(() => request.destroy(reason), 100),
);
const controller = new AbortController();
setTimeout(() => controller.abort(), 100);
results.signal = await call(with_(routes(stuck)), `${REVIEWS}/`, { signal: controller.signal });
const giveUp = (request) => request.on('timeout', () => request.destroy(reason));
results.timeout = await call(with_(routes(stuck)), `${REVIEWS}/`, { timeout: 100 }, giveUp);
results['agent timeout'] = await call(
  with_({ ...routes(stuck), timeout: 100 }),
  `${REVIEWS}/`,
  {},
  giveUp,
);
results.setTimeout = await call(with_(routes(stuck)), `${REVIEWS}/`, {}, (request) => {
  giveUp(request);
  setImmediate(() => request.setTimeout(100));
});
results.deadline = await call(with_({ ...routes(stuck), deadlineMs: 150 }), `${REVIEWS}/`);
const doomed = with_(routes(stuck));
setTimeout(() => doomed.destroy(), 100);
results['agent destroyed'] = await call(doomed, `${REVIEWS}/`);
results['timeout of the answer'] = await call(
  with_(routes(down, direct(other.port))),
  `${REVIEWS}/hang`,
  { timeout: 100 },
  giveUp,
);

// maxSockets holds, and all calls are answered, though the first hop is dead.
const narrow = with_({
  ...routes(down, direct(other.port)),
  maxSockets: 2,
  breaker: { failures: 1e6 },
});
let most = 0;
const timer = setInterval(() => {
  const all = Object.values(narrow.sockets).flat().length;
  most = Math.max(most, all);
}, 1);
const many = await Promise.all(
  Array.from({ length: 40 }, (_, i) => call(narrow, `${REVIEWS}/ok?${i}`, { method: 'POST' })),
);
clearInterval(timer);
results.narrow = {
  statuses: [...new Set(many.map(({ status, code }) => status ?? code))],
  most,
  total: narrow.totalSocketCount,
  queued: Object.keys(narrow.requests).length,
};
const total = with_({ ...routes(down, direct(other.port)), maxTotalSockets: 3 });
const both = await Promise.all(
  Array.from({ length: 20 }, (_, i) => call(total, `${i % 2 ? REVIEWS : main.url}/ok`)),
);
results.total = [...new Set(both.map(({ status, code }) => status ?? code))];

// Nothing stays direct when the proxy is back.
const back = with_({ ...routes(down, direct(other.port)), breaker: { probeMs: 100 } });
const through = async () => (await call(back, `${REVIEWS}/ok`)).text;
const before = [];
for (let i = 0; i < 8; i++) before.push(await through());
const server = http
  .createServer((_, response) => response.end('back'))
  .listen(refused, '127.0.0.1');
await delay(150);
const after = [];
for (let i = 0; i < 5; i++) after.push(await through());
results.back = { before, after, free: Object.keys(back.freeSockets).length };
server.closeAllConnections();
server.close();

const agents = { http: with_(routes(down, direct(other.port))) };
results.axios = await axios
  .post(`${REVIEWS}/ok`, 'b', { httpAgent: agents.http, proxy: false })
  .then(({ data }) => data);
results.got = await got
  .post(`${REVIEWS}/ok`, { agent: agents, body: 'b', retry: { limit: 0 } })
  .text();
results.axiosTimeout = await axios
  .get(`${REVIEWS}/`, { httpAgent: with_(routes(stuck)), proxy: false, timeout: 100 })
  .then(
    () => 'answered',
    ({ code }) => code,
  );
results.gotTimeout = await got(`${REVIEWS}/`, {
  agent: { http: with_(routes(stuck)) },
  timeout: { request: 100 },
  retry: { limit: 0 },
}).then(
  () => 'answered',
  ({ code }) => code,
);
try {
  new Agent({ routes: { a: [{ via: 'direct', address: 'a:1' }] } });
} catch (error) {
  results.config = `${error.code} ${error.message}`;
}
process.stdout.write(JSON.stringify(results), () => process.exit());

// storm: many requests at once through few connections; each must carry its own headers and no
// other's, and calls outside any request none.

import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import got from 'got';
import * as undici from 'undici';
import {
  ask,
  bodyOf,
  echo,
  incoming,
  inParallel,
  listen,
  report,
  tally,
  tls,
  verdict,
} from './lib.mjs';

const require = createRequire(import.meta.url);
const major = Number(process.versions.node.split('.')[0]);
const COUNT = 250;
const WIDTH = 200;
/** Of so many calls one comes without anything to carry, and one is made outside any request. */
const EVERY = 5;

// Answers late, so that calls queue up.
const slow = http.createServer((request, response) => setTimeout(() => echo(request, response), 2));
const echoPort = await listen(slow);
const origin = `http://127.0.0.1:${echoPort}`;
const h2 = http2.createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
  const pairs = Object.entries(request.headers).filter(([name]) => name[0] !== ':');
  setTimeout(() => response.end(JSON.stringify(pairs)), 2);
});
const h2Port = await listen(h2);

const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const clients = {
  'http.Agent, 4 sockets': () => ask(echoPort, { agent }),
  fetch: async () => (await fetch(origin)).json(),
  got: () => got(origin, { agent: { http: agent } }).json(),
  'got http2': () =>
    got(`https://127.0.0.1:${h2Port}/`, {
      http2: true,
      https: { rejectUnauthorized: false },
    }).json(),
};
const libs = {
  undici6: require('undici6'),
  undici7: undici,
  ...(major >= 22 ? { undici8: require('undici8') } : {}),
};
for (const [name, lib] of Object.entries(libs)) {
  const bounded = new lib.Agent({ connections: 4 });
  const pool = new lib.Pool(origin, { connections: 4 });
  const pipelining = new lib.Client(origin, { pipelining: 10 });
  const retry = new lib.RetryAgent(new lib.Agent({ connections: 4 }));
  const composed = new lib.Agent({ connections: 4 }).compose(
    lib.interceptors.retry(),
    lib.interceptors.redirect({ maxRedirections: 2 }),
  );
  const overH2 = new lib.Agent({
    allowH2: true,
    connections: 2,
    connect: { rejectUnauthorized: false },
  });
  const path = { path: '/', method: 'GET' };
  Object.assign(clients, {
    [`${name} Agent, 4 connections`]: async () =>
      (await lib.request(origin, { dispatcher: bounded })).body.json(),
    [`${name} fetch, 4 connections`]: async () =>
      (await lib.fetch(origin, { dispatcher: bounded })).json(),
    [`${name} Pool, 4 connections`]: async () => (await pool.request(path)).body.json(),
    [`${name} Client`]: async () => (await pipelining.request(path)).body.json(),
    [`${name} RetryAgent`]: async () =>
      (await lib.request(origin, { dispatcher: retry })).body.json(),
    [`${name} composed`]: async () =>
      (await lib.request(origin, { dispatcher: composed })).body.json(),
    [`${name} allowH2`]: async () =>
      (await lib.request(`https://127.0.0.1:${h2Port}`, { dispatcher: overH2 })).body.json(),
  });
}
// One that fails at first, so that calls are made again from a socket's context.
const failing = new Set();
const flaky = await listen(
  http.createServer((request, response) => {
    const id = request.url;
    if (failing.has(id)) return echo(request, response);
    failing.add(id);
    response.statusCode = 503;
    return setTimeout(() => response.end(), 2);
  }),
);
let flakyId = 0;
for (const [name, lib] of Object.entries(libs)) {
  const options = { minTimeout: 1, maxTimeout: 5, maxRetries: 3 };
  const retry = new lib.RetryAgent(new lib.Agent({ connections: 4 }), options);
  const composed = new lib.Agent({ connections: 4 }).compose(lib.interceptors.retry(options));
  for (const [kind, dispatcher] of [
    ['RetryAgent', retry],
    ['interceptors.retry', composed],
  ]) {
    clients[`${name} ${kind}, tried again`] = async () => {
      flakyId += 1;
      const url = `http://127.0.0.1:${flaky}/${flakyId}`;
      return (await lib.request(url, { dispatcher })).body.json();
    };
  }
}

// One session for all; streams are opened at once.
const shared = http2.connect(`https://127.0.0.1:${h2Port}`, { rejectUnauthorized: false });
clients['http2 session'] = () => bodyOf(shared.request({ ':path': '/' }));

let name;
const front = http.createServer(async (request, response) => {
  try {
    for await (const _ of request);
    response.end(JSON.stringify(await clients[name]()));
  } catch (error) {
    response.end(JSON.stringify(`failed: ${error.stack}`));
  }
});
const port = await listen(front);
const found = {};
for (name of Object.keys(clients)) {
  const verdicts = await inParallel(COUNT, WIDTH, async (i) => {
    if (i % EVERY === 1) {
      // Later than the others, whose contexts the connections are opened in.
      await new Promise((resolve) => setTimeout(resolve, 10));
      return `outside ${verdict(await clients[name](), i)}`;
    }
    if (i % EVERY === 2)
      return `bare ${verdict(await ask(port, { method: 'POST', body: 'x' }), i)}`;
    return verdict(await ask(port, { headers: incoming(i), method: 'POST', body: 'x' }), i);
  });
  const counts = tally(verdicts);
  const right =
    counts.right === (COUNT / EVERY) * (EVERY - 2) &&
    counts['outside none'] === COUNT / EVERY &&
    counts['bare none'] === COUNT / EVERY;
  found[name] = right ? 'right' : JSON.stringify(counts).slice(0, 600);
}
report(found);

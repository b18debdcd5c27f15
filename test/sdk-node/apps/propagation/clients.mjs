// clients: an HTTP handler that calls on with every client and call shape; reports for each what
// the next service got.

import http, { get as namedGet, request as namedRequest } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { pipeline as streamPipeline } from 'node:stream/promises';
import axios from 'axios';
import got from 'got';
import * as undici from 'undici';
import { ask, bodyOf, checks, echo, listen, report, tls } from './lib.mjs';

const require = createRequire(import.meta.url);
const undici6 = require('undici6');
const major = Number(process.versions.node.split('.')[0]);
const undici8 = major >= 22 ? require('undici8') : undefined;

const echoPort = await listen(http.createServer(echo));
const httpsPort = await listen(https.createServer(tls, echo));
const echoH2 = http2.createServer();
echoH2.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  stream.respond({ ':status': 200 });
  stream.end(JSON.stringify(Object.entries(headers).filter(([name]) => name[0] !== ':')));
});
const h2Port = await listen(echoH2);
const h2sServer = http2.createSecureServer({ ...tls, allowHTTP1: true }, (request, response) =>
  response.end(JSON.stringify(Object.entries(request.headers).filter(([name]) => name[0] !== ':'))),
);
const h2sPort = await listen(h2sServer);

const url = `http://127.0.0.1:${echoPort}/`;
const target = { host: '127.0.0.1', port: echoPort };
const answer = (request) =>
  new Promise((resolve, reject) => {
    request.on('response', (response) => bodyOf(response).then(resolve, reject));
    request.on('error', reject);
  });
const viaCallback = (call) =>
  new Promise((resolve, reject) => {
    call((response) => bodyOf(response).then(resolve, reject)).on('error', reject);
  });
const ended = (request) => {
  const result = answer(request);
  request.end();
  return result;
};
const tick = () => new Promise((resolve) => setTimeout(resolve, 1));

const h2Call = (session, headers) =>
  new Promise((resolve, reject) => {
    const stream = session.request(...headers);
    stream.on('error', reject);
    bodyOf(stream).then(resolve, reject);
  });

const viaUndici = (name, lib) => ({
  [`${name}.request`]: async () => (await lib.request(url)).body.json(),
  [`${name}.request headers object`]: async () =>
    (await lib.request(url, { headers: { Accept: '*/*', 'x-list': ['a', 'b'] } })).body.json(),
  [`${name}.request headers flat`]: async () =>
    (await lib.request(url, { headers: ['Accept', '*/*'] })).body.json(),
  [`${name}.request headers pairs`]: async () =>
    (await lib.request(url, { headers: new Map([['Accept', '*/*']]) })).body.json(),
  [`${name}.request POST`]: async () =>
    (await lib.request(url, { method: 'POST', body: 'x' })).body.json(),
  [`${name}.fetch`]: async () => (await lib.fetch(url)).json(),
  [`${name}.stream`]: async () => {
    const chunks = [];
    const { Writable } = await import('node:stream');
    await lib.stream(
      url,
      { method: 'GET' },
      () =>
        new Writable({
          write(chunk, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        }),
    );
    return JSON.parse(Buffer.concat(chunks).toString());
  },
  [`${name}.pipeline`]: async () => {
    const duplex = lib.pipeline(url, { method: 'POST' }, ({ body }) => body);
    duplex.end('x');
    return bodyOf(duplex);
  },
  [`${name}.Client`]: async () => {
    const client = new lib.Client(`http://127.0.0.1:${echoPort}`);
    try {
      return await (await client.request({ path: '/', method: 'GET' })).body.json();
    } finally {
      await client.close();
    }
  },
  [`${name}.Pool`]: async () => {
    const pool = new lib.Pool(`http://127.0.0.1:${echoPort}`, { connections: 1 });
    try {
      return await (await pool.request({ path: '/', method: 'GET' })).body.json();
    } finally {
      await pool.close();
    }
  },
  [`${name}.dispatch`]: () =>
    new Promise((resolve, reject) => {
      const chunks = [];
      const client = new lib.Agent();
      client.dispatch(
        { origin: `http://127.0.0.1:${echoPort}`, path: '/', method: 'GET' },
        lib === undici6
          ? {
              onConnect() {},
              onHeaders: () => true,
              onData: (chunk) => chunks.push(chunk) > 0,
              onComplete: () => resolve(JSON.parse(Buffer.concat(chunks).toString())),
              onError: reject,
            }
          : {
              onRequestStart() {},
              onResponseStart() {},
              onResponseData: (_controller, chunk) => void chunks.push(chunk),
              onResponseEnd: () => resolve(JSON.parse(Buffer.concat(chunks).toString())),
              onResponseError: (_controller, error) => reject(error),
            },
      );
    }),
  [`${name}.compose`]: async () => {
    const agent = new lib.Agent().compose(lib.interceptors.retry());
    return (await lib.request(url, { dispatcher: agent })).body.json();
  },
});

const cases = {
  'http.get(string, cb)': () => viaCallback((cb) => http.get(url, cb)),
  'http.get(URL, cb)': () => viaCallback((cb) => http.get(new URL(url), cb)),
  'http.get(options, cb)': () => viaCallback((cb) => http.get(target, cb)),
  'get by name': () => viaCallback((cb) => namedGet(url, cb)),
  'http.request(options, cb)': () => viaCallback((cb) => http.request(target, cb).end()),
  'http.request(URL, cb)': () => viaCallback((cb) => http.request(new URL(url), cb).end()),
  'http.request(URL, options, cb)': () =>
    viaCallback((cb) => http.request(new URL(url), { method: 'GET' }, cb).end()),
  'http.request(string, options, cb)': () =>
    viaCallback((cb) => http.request(url, { headers: { accept: '*/*' } }, cb).end()),
  'http.request(string).on(response)': () => ended(http.request(url)),
  'request by name': () => ended(namedRequest(url)),
  'http.request headers object': () =>
    ended(http.request({ ...target, headers: { Accept: '*/*', 'X-List': ['a', 'b'] } })),
  'http.request headers flat': () =>
    ended(http.request({ ...target, headers: ['Host', '127.0.0.1', 'Accept', '*/*'] })),
  'http.request headers flat, no host': () =>
    ended(http.request({ ...target, headers: ['Accept', '*/*', 'Host', '127.0.0.1'] })),
  'http.request headers pairs': () =>
    ended(
      http.request({
        ...target,
        headers: [
          ['Host', '127.0.0.1'],
          ['Accept', '*/*'],
        ],
      }),
    ),
  'http.request headers expect': async () => {
    const request = http.request({
      ...target,
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 1 },
    });
    const result = answer(request);
    request.on('continue', () => request.end('x'));
    return result;
  },
  'http.request setHeader later': () => {
    const request = http.request(target);
    request.setHeader('accept', '*/*');
    return ended(request);
  },
  'http.request POST with a body': () => {
    const request = http.request({ ...target, method: 'POST' });
    const result = answer(request);
    request.write('a');
    request.end('b');
    return result;
  },
  'http.request piped into': async () => {
    const request = http.request({ ...target, method: 'POST' });
    const result = answer(request);
    await streamPipeline(Readable.from(['a', 'b']), request);
    return result;
  },
  'http.request flushHeaders': () => {
    const request = http.request(target);
    request.flushHeaders();
    return ended(request);
  },
  'new http.ClientRequest': () => ended(new http.ClientRequest(target)),
  'http.request ended in another context': async () => {
    const request = http.request(target);
    const result = answer(request);
    setTimeoutOutside(() => request.end());
    return result;
  },
  'https.get(string, options, cb)': () =>
    viaCallback((cb) =>
      https.get(`https://127.0.0.1:${httpsPort}/`, { rejectUnauthorized: false }, cb),
    ),
  'https.request(options, cb)': () =>
    viaCallback((cb) =>
      https.request({ host: '127.0.0.1', port: httpsPort, rejectUnauthorized: false }, cb).end(),
    ),
  'after await and timer': async () => {
    await null;
    await tick();
    return viaCallback((cb) => http.get(url, cb));
  },
  axios: async () => (await axios.get(url)).data,
  'axios POST': async () => (await axios.post(url, { a: 1 })).data,
  'axios instance, fetch adapter': async () =>
    (await axios.create({ adapter: 'fetch' }).get(url)).data,
  got: () => got(url).json(),
  'got POST': () => got.post(url, { json: { a: 1 } }).json(),
  'got stream': () => bodyOf(got.stream(url)),
  'got http2': () =>
    got(`https://127.0.0.1:${h2sPort}/`, {
      http2: true,
      https: { rejectUnauthorized: false },
    }).json(),
  fetch: async () => (await fetch(url)).json(),
  'fetch(Request)': async () => (await fetch(new Request(url, { headers: { a: 'b' } }))).json(),
  'fetch POST': async () => (await fetch(url, { method: 'POST', body: 'x' })).json(),
  'fetch with an npm dispatcher': async () => {
    const lib = major >= 26 ? undici8 : major >= 24 ? undici : undici6;
    return (await fetch(url, { dispatcher: new lib.Agent() })).json();
  },
  ...viaUndici('undici6', undici6),
  ...viaUndici('undici7', undici),
  ...(undici8 === undefined ? {} : viaUndici('undici8', undici8)),
  'undici7 options of a class': async () => {
    class Call {
      #headers = { accept: '*/*' };
      origin = `http://127.0.0.1:${echoPort}`;
      path = '/';
      get method() {
        return 'GET';
      }
      get headers() {
        return this.#headers;
      }
    }
    const agent = new undici.Agent();
    const { body } = await agent.request(new Call());
    return body.json().finally(() => agent.close());
  },
  'undici7 allowH2': async () => {
    const agent = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    try {
      const { body } = await undici.request(`https://127.0.0.1:${h2sPort}/`, { dispatcher: agent });
      return await body.json();
    } finally {
      await agent.close();
    }
  },
  http2: async () => {
    const session = http2.connect(`http://127.0.0.1:${h2Port}`);
    try {
      return await h2Call(session, [{ ':path': '/' }]);
    } finally {
      session.close();
    }
  },
  'http2 without headers': async () => {
    const session = http2.connect(new URL(`http://127.0.0.1:${h2Port}`));
    try {
      return await h2Call(session, []);
    } finally {
      session.close();
    }
  },
  ...(major >= 24
    ? {
        'http2 flat headers': async () => {
          const session = http2.connect(`http://127.0.0.1:${h2Port}`);
          try {
            return await h2Call(session, [[':path', '/', 'accept', '*/*']]);
          } finally {
            session.close();
          }
        },
      }
    : {}),
};

const timers = [];
/** Calls back in no request's context. */
function setTimeoutOutside(callback) {
  timers.push(callback);
}
setInterval(() => {
  for (const callback of timers.splice(0)) callback();
}, 2).unref();

const front = http.createServer(async (request, response) => {
  const name = decodeURIComponent(request.url.slice(1));
  try {
    response.end(JSON.stringify(await cases[name]()));
  } catch (error) {
    response.end(JSON.stringify(`failed: ${error.stack}`));
  }
});
const port = await listen(front);

const { found, check } = checks();
for (const name of Object.keys(cases)) {
  const path = `/${encodeURIComponent(name)}`;
  await check(name, (headers) => ask(port, { path, headers }));
}
report(found);

// traps: where headers must not go, what of the caller's must stay as it is, and what must arrive
// byte for byte. Each check is [what came out, what is wanted].

import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import net from 'node:net';
import axios from 'axios';
import followRedirects from 'follow-redirects';
import got from 'got';
import * as undici from 'undici';
import { ask, bodyOf, echo, incoming, listen, report, verdict } from './lib.mjs';

const require = createRequire(import.meta.url);
const undici6 = require('undici6');
const major = Number(process.versions.node.split('.')[0]);
const libs = {
  undici6,
  undici7: undici,
  ...(major >= 22 ? { undici8: require('undici8') } : {}),
};

const warnings = [];
process.on('warning', (warning) => {
  if (warning.name === 'TagalongWarning') warnings.push(warning.message);
});

// Every name is here.
dns.lookup = (_name, options, callback) => {
  const done = callback ?? options;
  if (options?.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
};
const INSIDE = 'reviews.shop.svc';
const OUTSIDE = 'shop.example.com';

/** What each service got, by path. */
const arrived = new Map();
const service = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://a');
  const to = url.searchParams.get('to');
  const pairs = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    pairs.push([request.rawHeaders[i].toLowerCase(), request.rawHeaders[i + 1]]);
  }
  arrived.set(`${request.headers.host} ${url.pathname}`, pairs);
  if (to) response.writeHead(302, { location: to }).end();
  else echo(request, response);
});
const echoPort = await listen(service);
const at = (host, path = '/') => `http://${host}:${echoPort}${path}`;

let job;
const front = http.createServer(async (request, response) => {
  try {
    for await (const _ of request);
    response.end(JSON.stringify((await job()) ?? null));
  } catch (error) {
    response.end(JSON.stringify(`failed: ${error.stack}`));
  }
});
const frontPort = await listen(front);
/** Runs a job in the context of a request. */
function within(headers, what) {
  job = what;
  return ask(frontPort, { headers });
}

const found = {};
function is(name, got, want) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  found[name] = a === b ? 'right' : `${a}, want ${b}`;
}

const ended = (request) =>
  new Promise((resolve, reject) => {
    request.on('response', (response) => bodyOf(response).then(resolve, reject));
    request.on('error', reject);
    request.end();
  });

const agent6 = new undici6.Agent();
/** url, headers → body; following redirects. */
const followers = {
  fetch: async (url, headers) => (await fetch(url, { headers })).json(),
  axios: async (url, headers) => (await axios.get(url, { headers })).data,
  got: (url, headers) => got(url, { headers }).json(),
  'follow-redirects': (url, headers) => ended(followRedirects.http.request(url, { headers })),
  'undici6 maxRedirections': async (url, headers) =>
    (await undici6.request(url, { headers, maxRedirections: 3, dispatcher: agent6 })).body.json(),
  ...Object.fromEntries(
    Object.entries(libs).map(([name, lib]) => [
      `${name} interceptors.redirect`,
      async (url, headers) => {
        const dispatcher = new lib.Agent().compose(
          lib.interceptors.redirect({ maxRedirections: 3 }),
        );
        return (await lib.request(url, { headers, dispatcher })).body.json();
      },
    ]),
  ),
};
/** The same, without redirects. */
const clients = {
  ...followers,
  'http.request': (url, headers) => ended(http.request(url, { headers })),
  'http.request, headers set later': (url, headers) => {
    const request = http.request(url);
    for (const [name, value] of Object.entries(headers ?? {})) request.setHeader(name, value);
    return ended(request);
  },
  'http.request, flat': (url, headers) =>
    ended(
      http.request(url, {
        headers: ['Host', new URL(url).host, ...Object.entries(headers ?? {}).flat()],
      }),
    ),
  'undici7 flat': async (url, headers) =>
    (await undici.request(url, { headers: Object.entries(headers ?? {}).flat() })).body.json(),
  'undici7 Headers': async (url, headers) =>
    (await undici.request(url, { headers: new undici.Headers(headers ?? {}) })).body.json(),
};

// --- the authority decides, at each hop
for (const [name, follow] of Object.entries(followers)) {
  for (const [way, hops, want] of [
    ['in to in', [INSIDE, 'ratings'], ['right', 'right']],
    ['in to out', [INSIDE, OUTSIDE], ['right', 'none']],
    ['out to in', [OUTSIDE, INSIDE], ['none', 'right']],
    ['in to out to in', [INSIDE, OUTSIDE, 'ratings'], ['right', 'none', 'right']],
  ]) {
    arrived.clear();
    const [first, ...rest] = hops;
    let to = '';
    for (const hop of rest.toReversed()) {
      to = at(hop, `/${hop}${to === '' ? '' : `?to=${encodeURIComponent(to)}`}`);
    }
    await within(incoming(1), () =>
      follow(at(first, `/${first}?to=${encodeURIComponent(to)}`), undefined),
    );
    const got = hops.map((hop) =>
      verdict(arrived.get(`${hop}:${echoPort} /${hop}`) ?? 'never came', 1),
    );
    is(`redirect ${way}: ${name}`, got, want);
  }
}

// --- the first skip of a host is told once, with what to do
is(
  'the skip is told once',
  warnings.filter((text) => text.includes(OUTSIDE)).map((text) => text.includes('TAGALONG_MESH')),
  [true],
);

// --- the caller's own
const tag = (pairs) => (Array.isArray(pairs) ? pairs : []).filter(([n]) => n === 'x-traffic-tag');
for (const [name, call] of Object.entries(clients)) {
  const mine = Object.freeze({ 'X-Traffic-Tag': 'mine' });
  const pairs = await within(incoming(1), () => call(at(INSIDE), mine));
  is(`kept: ${name}`, tag(pairs), [['x-traffic-tag', 'mine']]);
  is(`not mutated: ${name}`, mine, { 'X-Traffic-Tag': 'mine' });
  const traced = await within(incoming(1), () => call(at(INSIDE), { Traceparent: 'mine' }));
  is(
    `trace not mixed: ${name}`,
    (Array.isArray(traced) ? traced : [])
      .filter(([n]) => /^(traceparent|x-b3|x-request-id|x-traffic-tag|baggage)/.test(n))
      .sort(),
    [
      ['baggage', 'k=1'],
      ['traceparent', 'mine'],
      ['x-request-id', 'r-1'],
      ['x-traffic-tag', 't-1'],
    ],
  );
}
{
  const headers = ['Host', 'reviews', 'Accept', '*/*'];
  const options = Object.freeze({
    host: '127.0.0.1',
    port: echoPort,
    headers: Object.freeze(headers),
  });
  await within(incoming(1), () => ended(http.request(options)));
  is('flat array not mutated', headers, ['Host', 'reviews', 'Accept', '*/*']);
  const frozen = Object.freeze({ ':path': '/' });
  const server = http2.createServer((_request, response) => response.end('[]'));
  const port = await listen(server);
  await within(incoming(1), async () => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    await bodyOf(session.request(frozen));
    session.close();
  });
  is('http2 headers not mutated', frozen, { ':path': '/' });
  const refused = await within(incoming(1), async () => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    try {
      const stream = session.request('no headers');
      stream.on('error', () => {}).close();
      return 'taken';
    } catch (error) {
      return error.code;
    } finally {
      session.close();
    }
  });
  is('http2 headers of a wrong type are refused', refused, 'ERR_INVALID_ARG_TYPE');
}

// --- Host and the absolute form
const raw = { host: '127.0.0.1', port: echoPort };
for (const [name, options, want] of [
  ['Host inside', { headers: { Host: INSIDE } }, 'right'],
  ['Host outside', { headers: { Host: OUTSIDE } }, 'none'],
  ['Host in a flat list, outside', { headers: ['Host', OUTSIDE] }, 'none'],
  ['Host in pairs, outside', { headers: [['host', OUTSIDE]] }, 'none'],
  ['absolute form inside', { path: `http://${INSIDE}/`, headers: { Host: OUTSIDE } }, 'right'],
  ['absolute form outside', { path: `http://${OUTSIDE}/` }, 'none'],
  ['no headers at all', { setHost: false, headers: { connection: 'close' } }, '400'],
  ['link-local address', { headers: { Host: '169.254.169.254' } }, 'none'],
]) {
  const pairs = await within(incoming(1), () => ended(http.request({ ...raw, ...options })));
  is(`authority: ${name}`, want === '400' ? pairs : verdict(pairs, 1), want === '400' ? '' : want);
}
for (const [name, lib] of Object.entries(libs)) {
  for (const [host, want] of [
    [INSIDE, 'right'],
    [OUTSIDE, 'none'],
  ]) {
    const byHost = await within(incoming(1), async () =>
      (await lib.request(at('127.0.0.1'), { headers: { host } })).body.json(),
    );
    is(`authority: ${name} host ${host}`, verdict(byHost, 1), want);
    const client = new lib.Client(at(host, ''));
    const ofClient = await within(incoming(1), async () =>
      (await client.request({ path: '/', method: 'GET' })).body.json(),
    );
    is(`authority: ${name} Client of ${host}`, verdict(ofClient, 1), want);
    await client.close();
  }
}
{
  // What setHost: false with no headers leaves is filled too.
  let text = '';
  const bare = net.createServer((socket) => {
    socket.on('data', (chunk) => {
      text += chunk;
      socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
  });
  const port = await listen(bare);
  await within(incoming(1), () =>
    ended(http.request({ host: '127.0.0.1', port, setHost: false })).then(() => null),
  );
  is('setHost: false and no headers', /x-traffic-tag: t-1\r\n/.test(text), true);
}
{
  const server = http2.createServer((request, response) =>
    response.end(JSON.stringify(Object.entries(request.headers))),
  );
  const port = await listen(server);
  for (const [name, to, headers, want] of [
    ['of the session, inside', INSIDE, {}, 'right'],
    ['of the session, outside', OUTSIDE, {}, 'none'],
    ['of the stream, outside', INSIDE, { ':authority': OUTSIDE }, 'none'],
    ['of the stream, inside', OUTSIDE, { ':authority': INSIDE }, 'right'],
  ]) {
    const pairs = await within(incoming(1), async () => {
      const session = http2.connect(`http://${to}:${port}`);
      const result = await bodyOf(session.request({ ':path': '/', ...headers }));
      session.close();
      return result;
    });
    is(`http2 authority: ${name}`, verdict(pairs, 1), want);
  }
}

// --- CONNECT
{
  const seen = [];
  const proxy = http.createServer((request, response) => {
    // A proxy that does not tunnel.
    seen.push(['plain', verdict(Object.entries(request.headers), 1)]);
    echo(request, response);
  });
  proxy.on('connect', (request, socket) => {
    seen.push(['CONNECT', verdict(Object.entries(request.headers), 1)]);
    const upstream = net.connect(echoPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [upstream, socket]) one.on('error', () => {});
  });
  const proxyPort = await listen(proxy);
  await within(
    incoming(1),
    () =>
      new Promise((resolve, reject) => {
        http
          .request({ host: '127.0.0.1', port: proxyPort, method: 'CONNECT', path: 'reviews:80' })
          .on('connect', (_response, socket) => resolve(socket.destroy() && null))
          .on('error', reject)
          .end();
      }),
  );
  is('CONNECT of node:http', seen.splice(0), [['CONNECT', 'none']]);
  for (const [name, lib] of Object.entries(libs)) {
    for (const [host, want] of [
      [INSIDE, 'right'],
      [OUTSIDE, 'none'],
    ]) {
      const dispatcher = new lib.ProxyAgent({
        uri: `http://127.0.0.1:${proxyPort}`,
        proxyTunnel: true,
      });
      const pairs = await within(incoming(1), async () =>
        (await lib.request(at(host), { dispatcher })).body.json(),
      );
      is(
        `ProxyAgent of ${name} to ${host}`,
        [verdict(pairs, 1), seen.splice(0)],
        [want, [['CONNECT', 'none']]],
      );
      await dispatcher.close();
    }
  }
  for (const name of ['undici7', 'undici8']) {
    const lib = libs[name];
    if (lib === undefined) continue;
    for (const [host, want] of [
      [INSIDE, 'right'],
      [OUTSIDE, 'none'],
    ]) {
      const dispatcher = new lib.ProxyAgent({
        uri: `http://127.0.0.1:${proxyPort}`,
        proxyTunnel: false,
      });
      const pairs = await within(incoming(1), async () =>
        (await lib.request(at(host), { dispatcher })).body.json(),
      );
      is(`ProxyAgent without tunnel of ${name} to ${host}`, verdict(pairs, 1), want);
      seen.splice(0);
      await dispatcher.close();
    }
  }
  const server = http2.createServer();
  const got = [];
  server.on('stream', (stream, headers) => {
    got.push([headers[':method'], verdict(Object.entries(headers), 1)]);
    stream.respond({ ':status': 200 });
    stream.end();
  });
  const port = await listen(server);
  await within(incoming(1), async () => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':method': 'CONNECT', ':authority': 'reviews:80' });
    stream.end();
    await bodyOf(stream);
    session.close();
  });
  is('CONNECT of node:http2', got, [['CONNECT', 'none']]);
}

// --- never forwarded
const SECRETS = {
  authorization: 'Bearer s',
  'proxy-authorization': 'Basic s',
  cookie: 'a=b',
  'x-forwarded-for': '1.2.3.4',
  'x-forwarded-proto': 'https',
  forwarded: 'for=1.2.3.4',
  'x-envoy-attempt-count': '3',
  'x-envoy-expected-rq-timeout-ms': '15000',
  'end-user': 'jason',
  jwt: 's',
  'idempotency-key': 'k',
};
for (const [name, call] of Object.entries(clients)) {
  const pairs = await within({ ...SECRETS, ...incoming(1) }, () => call(at(INSIDE), undefined));
  const leaked = pairs.filter(([n]) => n in SECRETS);
  is(`never forwarded: ${name}`, [verdict(pairs, 1), leaked], ['right', []]);
}

// --- byte for byte
const SETS = {
  'b3: 0': { b3: '0' },
  'b3: d': { b3: 'd' },
  'x-b3-sampled alone': { 'x-b3-sampled': '0' },
  'b3 that defers': { b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1' },
  'x-b3 that defers': { 'x-b3-traceid': '463ac35c9f6413ad', 'x-b3-spanid': 'a2fb4a1d1a96d312' },
  'b3 with a parent': {
    b3: '80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90',
  },
  'x-b3 with a parent': {
    'x-b3-traceid': '80f198ee56343ba864fe8b2a57d3eff7',
    'x-b3-spanid': 'e457b5a2e4d86bd1',
    'x-b3-parentspanid': '05e3ac9a4f6e3b90',
    'x-b3-flags': '1',
  },
  '64-bit trace id': { b3: '463ac35c9f6413ad-a2fb4a1d1a96d312-1' },
  'upper case': { 'x-b3-traceid': '463AC35C9F6413AD', 'x-b3-spanid': 'A2FB4A1D1A96D312' },
  'flags ff': { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff' },
  'version cc': {
    traceparent: 'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future',
  },
  'tracestate alone': { tracestate: 'a=1,b=2' },
  'b3 with junk': { b3: 'junk 463ac35c9f6413ad-a2fb4a1d1a96d312-1 junk' },
  'B3 and W3C with other ids': {
    b3: '463ac35c9f6413ad-a2fb4a1d1a96d312-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  'the other tracers': {
    'x-ot-span-context': 'a;b;c',
    'x-cloud-trace-context': '105445aa7843bc8bf206b12000100000/1;o=1',
    'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678',
    'x-datadog-trace-id': '1',
    'x-datadog-parent-id': '2',
    'x-datadog-sampling-priority': '1',
    sw8: '1-abc',
    'grpc-trace-bin': 'AAEC/w',
  },
};
for (const [name, call] of Object.entries(clients)) {
  const wrong = [];
  for (const [set, headers] of Object.entries(SETS)) {
    const pairs = await within(headers, () => call(at(INSIDE), undefined));
    const got = (Array.isArray(pairs) ? pairs : []).filter(([n]) =>
      /^(b3|x-b3-|trace|x-ot|x-cloud|x-amzn|x-datadog|sw8|grpc-trace|x-request|baggage)/.test(n),
    );
    const same =
      JSON.stringify(got.toSorted()) === JSON.stringify(Object.entries(headers).toSorted());
    if (!same) wrong.push([set, got]);
  }
  is(`verbatim: ${name}`, wrong, []);
}

// --- values that no client would send: the call goes out without them
{
  const { run } = await import('@tagalong/node');
  const hostile = {
    headers: new Map([
      ['x-request-id', 'a\nb'],
      ['x-traffic-tag', 'ok'],
    ]),
  };
  for (const [name, call] of Object.entries(clients)) {
    const pairs = await run(hostile, () => call(at(INSIDE), undefined)).catch((error) => error);
    is(`a line break in a value: ${name}`, tag(pairs), [['x-traffic-tag', 'ok']]);
  }
}
report(found);

// dispatch: calls through createFetch and the interceptor; argument 2: whose undici. Tells, as one
// JSON object, what came of each case.

import { subscribe } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { createFetch } from '@tagalong/node';
import { interceptor } from '@tagalong/node/undici';
import { refusedPort, upstream } from './upstream.mjs';

const which = process.argv[2];
const undici = which === 'builtin' ? undefined : await import(which);
const main = await upstream('main');
const other = await upstream('other');
const refused = await refusedPort();
const direct = (port) => ({ via: 'direct', address: `127.0.0.1:${port}`, plaintext: true });
const proxy = (port) => ({ via: 'proxy', url: `http://127.0.0.1:${port}` });
const SIDECAR = { via: 'sidecar' };
const retry = { baseMs: 1, capMs: 5, budget: { floorPerSecond: 1000 } };
const attempts = [];
subscribe('tagalong:attempt', (message) => attempts.push(message));

/** One `call(options)(url, init)` for each kind of client: { status, text }. */
const kinds = {
  fetch: (options) => {
    const fetch = createFetch({ retry, ...options, ...(undici ? { fetch: undici.fetch } : {}) });
    return async (url, init) => {
      const response = await fetch(url, init);
      return {
        status: response.status,
        text: await response.text(),
        cookies: response.headers.getSetCookie(),
      };
    };
  },
  request: (options) => {
    const agent = new undici.Agent().compose(interceptor({ retry, ...options }));
    return async (url, init) => {
      const response = await undici.request(url, { ...init, dispatcher: agent });
      const text = await response.body.text();
      return { status: response.statusCode, text, trailers: response.trailers };
    };
  },
};

async function outcome(promise, startMs = performance.now()) {
  const before = attempts.length;
  const told = await promise.then(
    (value) => value,
    (error) => ({
      name: error?.name,
      code: error?.code,
      sent: error?.sent,
      attempts: error?.attempts?.length,
      cause: error?.cause?.code ?? error?.cause?.cause?.code,
      message: String(error?.message ?? error),
    }),
  );
  return { ...told, ms: performance.now() - startMs, tries: attempts.slice(before) };
}

async function* chunks() {
  yield Buffer.from('one');
  yield Buffer.from('two');
}

const results = {};
for (const [kind, make] of Object.entries(kinds)) {
  if (kind === 'request' && undici === undefined) continue;
  const cases = {};
  const run = async (name, path, init = {}, options = {}) => {
    const { url = main.url, ...rest } = options;
    main.arrived.length = 0;
    other.arrived.length = 0;
    const told = await outcome(make(rest)(url + path, init));
    cases[name] = {
      ...told,
      main: main.arrived.map(({ method, body }) => `${method} ${body}`),
      other: other.arrived.map(({ method, body, headers }) => `${method} ${body} ${headers.host}`),
    };
  };
  const post = { method: 'POST', body: 'b' };
  const keyed = { ...post, headers: { 'idempotency-key': 'k' } };
  const none = { url: `http://127.0.0.1:${refused}` };
  const fallback = (hop = SIDECAR) => ({
    ...none,
    routes: { '127.0.0.1': [hop, direct(other.port)] },
  });
  const viaProxy = (port, ...more) => ({
    url: 'http://reviews.test:9080',
    routes: { 'reviews.test': [proxy(port), ...more] },
  });

  await run('get', '/ok');
  await run('post', '/ok', post);
  await run('long', '/long');
  cases.long.text = cases.long.text?.length;
  await run('trailers', '/trailers');
  await run('refused', '/ok', post, none);
  await run('refused, next hop', '/ok', post, fallback());
  await run('refused proxy, next hop', '/ok', post, viaProxy(refused, direct(other.port)));
  await run('proxy', '/ok', post, viaProxy(main.port));
  await run(
    'proxy of https',
    '/ok',
    {},
    {
      url: 'https://reviews.test',
      routes: { 'reviews.test': [proxy(main.port)] },
    },
  );
  await run('reset, GET', '/reset-once');
  await run('reset, GET, always', '/reset');
  await run('reset, POST', '/reset', post);
  await run('reset, keyed POST', '/reset-once', keyed);
  await run('reset, empty key', '/reset', { ...post, headers: { 'idempotency-key': ' ' } });
  await run('reset, caller says so', '/reset-once', post, {
    retry: { ...retry, idempotent: ({ url }) => url.pathname === '/reset-once' },
  });
  await run(
    'reset, idempotent throws',
    '/reset',
    {},
    {
      retry: {
        ...retry,
        idempotent: () => {
          throw new Error('oops');
        },
      },
    },
  );
  await run('reset, no retry', '/reset-once', {}, { retry: false });
  await run('503 of the app', '/app-503');
  await run('503 of the app, once', '/app-503-once');
  await run('503 of the app, POST', '/app-503', post);
  await run('retry-after', '/later-once');
  await run('retry-after beyond the deadline', '/much-later');
  await run('UF', '/uf', post, viaProxy(main.port, direct(other.port)));
  await run('UF, once', '/uf-once', post, viaProxy(main.port));
  await run('UF, always', '/uf', post, viaProxy(main.port));
  await run('UC, POST', '/uc', post);
  await run('UC, GET', '/uc');
  await run('UF, direct', '/uf', post, viaProxy(refused, direct(main.port)));
  await run('URX', '/urx', {}, viaProxy(main.port, direct(other.port)));
  await run('overloaded', '/overloaded');
  await run('budget', '/reset', {}, { retry: { budget: { ratio: 0, floorPerSecond: 0 } } });
  await run(
    'budget, answer',
    '/app-503',
    {},
    {
      retry: { budget: { ratio: 0, floorPerSecond: 0 } },
    },
  );
  await run('deadline', '/hang', {}, { deadlineMs: 200 });
  await run(
    'wait beyond the deadline',
    '/ok',
    {},
    {
      ...none,
      deadlineMs: 200,
      retry: { ...retry, attempts: 100, baseMs: 2e9, capMs: 2e9 },
      breaker: { failures: 1000 },
    },
  );
  await run('half a body', '/half');
  const stream = (more) => ({ method: 'POST', duplex: 'half', ...more });
  const once = kind === 'fetch' ? ReadableStream.from(chunks()) : chunks();
  await run('stream, refused', '/ok', stream({ body: once }), fallback());
  const again = kind === 'fetch' ? ReadableStream.from(chunks()) : Readable.from(chunks());
  await run(
    'stream, reset, keyed',
    '/reset-once',
    stream({ body: again, headers: { 'idempotency-key': 'k' } }),
  );
  await run('bytes', '/reset-once', { ...keyed, body: new Uint8Array([104, 105]) });
  if (kind === 'fetch') {
    await run('form', '/reset-once', { ...keyed, body: new URLSearchParams({ a: 'ü' }) });
    await run(
      'redirect',
      '/redirect',
      { ...post, headers: { 'x-to': `${none.url}/ok` } },
      {
        ...fallback(),
        url: main.url,
        routes: { [`127.0.0.1:${refused}`]: [SIDECAR, direct(other.port)] },
      },
    );
  }
  // What the caller aborts ends at once, with the caller's own reason.
  const reason = new Error('mine');
  for (const [name, path, options] of [
    ['abort in flight', '/hang', {}],
    [
      'abort in a wait',
      '/ok',
      { ...none, retry: { attempts: 9, baseMs: 9e4, capMs: 9e4 }, deadlineMs: 1e6 },
    ],
  ]) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 100);
    let thrown;
    const startMs = performance.now();
    const { url = main.url, ...rest } = options;
    await make(rest)(url + path, { signal: controller.signal }).catch((error) => {
      thrown = error;
    });
    cases[name] = {
      same: thrown === reason,
      ms: performance.now() - startMs,
      said: String(thrown),
    };
  }
  const early = AbortSignal.abort(reason);
  cases['abort before'] = {
    same: await make({})(`${main.url}/ok`, { signal: early }).then(
      () => false,
      (error) => error === reason,
    ),
  };
  // Five refusals open the breaker; then the hop is asked once a probe; and it comes back.
  const call = make({
    routes: { 'back.test': [proxy(refused), direct(other.port)] },
    breaker: { probeMs: 100 },
  });
  const through = async () => {
    const before = attempts.length;
    await call('http://back.test/ok', {});
    return attempts
      .slice(before)
      .map(({ via }) => via)
      .join();
  };
  const before = [];
  for (let i = 0; i < 8; i++) before.push(await through());
  await delay(120);
  const probed = [await through(), await through()];
  const { createServer } = await import('node:http');
  const back = createServer((_, response) => response.end('back')).listen(refused, '127.0.0.1');
  await delay(120);
  const after = [await through(), await through(), await through()];
  back.closeAllConnections();
  back.close();
  cases.breaker = { before, probed, after };
  results[kind] = cases;
}
const mock = createFetch({ fetch: async (url) => new Response(`mock ${url}`) });
results.mock = await (await mock('http://nowhere.test/')).text();
try {
  await createFetch()('nonsense:');
} catch (error) {
  results.invalid = `${error.name} ${error.code ?? ''}`;
}
main.close();
other.close();
process.stdout.write(JSON.stringify(results));

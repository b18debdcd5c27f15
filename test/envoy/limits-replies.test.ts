// What a client is told of limits by real Envoys: over HTTP/1.1, HTTP/2 and gRPC, when it is rejected
// and when it is admitted; and that one who waits as told gets in.

import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { type Answer, send } from '../harness/client.js';
import { type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { WASM_PATH } from '../harness/wasm.js';

type Pairs = readonly (readonly [string, string])[];

const LISTENER = 'gateway';
const WORKERS = 2;
const BODY = '{"error":"slow down","é":"~100%"}';
const perUser = { per: [{ header: 'x-user' }] };

const ID = 'shop/replies/0';
const entry: FilterEntry = {
  id: ID,
  direction: 'gateway',
  configuration: {
    id: ID,
    direction: 'gateway',
    limits: [
      { name: 'plain', when: { path: { exact: '/plain' } }, rate: '1/h', burst: 2, ...perUser },
      {
        name: 'own words',
        when: { path: { exact: '/own' } },
        ...{ rate: '1/h', burst: 1, ...perUser },
        reject: {
          status: 503,
          body: BODY,
          headers: { 'content-type': 'application/json', 'X-Limited': 'yes, by us' },
        },
      },
      {
        name: 'silent',
        when: { path: { exact: '/silent' } },
        ...{ rate: '1/h', burst: 1, ...perUser },
        reject: { body: '' },
      },
      {
        name: 'told',
        when: { path: { prefix: '/told' } },
        ...{ rate: '1/h', burst: 3, ...perUser },
        reply: { onSuccess: true },
      },
      {
        name: 'tighter',
        when: { path: { exact: '/told/tighter' } },
        ...{ rate: '60/h', burst: 1, ...perUser },
        reply: { onSuccess: true },
      },
      { name: 'waiting', when: { path: { exact: '/wait' } }, rate: '40/m', burst: 1, ...perUser },
      {
        name: 'jitter',
        when: { path: { exact: '/jitter' } },
        ...{ rate: '1/h', burst: 1, ...perUser },
        reply: { jitter: '1h' },
      },
    ],
  },
};

const values = (pairs: Pairs, name: string) =>
  pairs.flatMap(([given, value]) => (given.toLowerCase() === name ? [value] : []));
/** Headers that tell of limits, by name. */
const told = (pairs: Pairs) =>
  Object.fromEntries(
    pairs
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => /^(retry-after$|(x-)?ratelimit)/.test(name)),
  );

describe.each(['1.40.0', '1.36.4'])('a client of a limit in Envoy %s', (version) => {
  let upstream: EchoServer;
  let envoy: EnvoyProcess;
  let agent: Agent;
  let port: number;
  let session: ClientHttp2Session;
  let reached = 0;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    upstream = await startEchoServer();
    upstream.server.on('request', () => {
      reached++;
    });
    const filters = [staticFilter(entry, { wasmPath: WASM_PATH, envoy: version })];
    envoy = await startEnvoy({
      path,
      concurrency: WORKERS,
      bootstrap: bootstrap(
        [{ name: LISTENER, filters, routes: [route('echo')] }],
        [{ name: 'echo', port: upstream.port }],
      ),
    });
    ({ port } = await envoy.listener(LISTENER));
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
  });
  afterAll(async () => {
    session?.destroy();
    agent?.destroy();
    await envoy?.stop();
    await upstream?.close();
  });

  interface Timed extends Answer {
    readonly sentMs: number;
    readonly readMs: number;
  }

  async function ask(path: string, headers: Pairs, method = 'GET'): Promise<Timed> {
    const sentMs = performance.now();
    const answer = await send({ port, path, headers, method, agent });
    return { ...answer, sentMs, readMs: performance.now() };
  }

  /** A user whose bucket is empty, since `sentMs` at the earliest. */
  async function spent(path: string, burst: number): Promise<{ user: Pairs; sentMs: number }> {
    const user: Pairs = [['x-user', randomUUID()]];
    let sentMs = Infinity;
    for (let i = 0; i < burst; i++) {
      const answer = await ask(path, user);
      expect(answer.status).toBe(200);
      sentMs = Math.min(sentMs, answer.sentMs);
    }
    return { user, sentMs };
  }

  /** Whole seconds that are left of some, from a bucket's first request to now: one of these. */
  function left(seconds: number, sentMs: number): RegExp {
    const passed = Math.ceil((performance.now() - sentMs) / 1000);
    const all = Array.from({ length: passed + 1 }, (_, i) => String(seconds - i));
    return new RegExp(`^(${all.join('|')})$`);
  }

  describe('over HTTP/1.1', () => {
    it('is told when to come again, how much is allowed and how much is left', async () => {
      const { user, sentMs } = await spent('/plain', 2);
      const { status, headers, body } = await ask('/plain', user);
      expect([status, body]).toEqual([429, 'rate limit exceeded']);
      expect(values(headers, 'content-type')).toEqual(['text/plain']);
      expect(values(headers, 'content-length')).toEqual([String(body.length)]);
      const seconds = left(7200, sentMs).source.slice(1, -1);
      expect(told(headers)).toEqual({
        'retry-after': expect.stringMatching(left(3600, sentMs)),
        ratelimit: expect.stringMatching(new RegExp(`^"plain";r=0;t=${seconds}$`)),
        'ratelimit-policy': '"plain";q=2;w=7200',
        'x-ratelimit-limit': '2',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': expect.stringMatching(left(7200, sentMs)),
      });
    });

    it('is answered with what the policy says', async () => {
      const { user } = await spent('/own', 1);
      const { status, headers, body } = await ask('/own', user);
      expect([status, Buffer.from(body, 'latin1').toString()]).toEqual([503, BODY]);
      expect(values(headers, 'content-type')).toEqual(['application/json']);
      expect(values(headers, 'x-limited')).toEqual(['yes, by us']);
      expect(values(headers, 'retry-after')).toHaveLength(1);
    });

    it('gets an empty body where the policy says so', async () => {
      const { user } = await spent('/silent', 1);
      const { status, body } = await ask('/silent', user);
      expect([status, body]).toEqual([429, '']);
    });

    it.each([
      'OPTIONS',
      'DELETE',
      'POST',
      'PUT',
      'PATCH',
    ])('is told the same for %s', async (method) => {
      const { user } = await spent('/plain', 2);
      const { status, headers, body } = await ask('/plain', user, method);
      expect([status, body]).toEqual([429, 'rate limit exceeded']);
      expect(told(headers)).toHaveProperty('retry-after');
    });

    it('gets no body for HEAD, and all headers', async () => {
      const { user } = await spent('/plain', 2);
      const { headers: get } = await ask('/plain', user);
      const { status, headers, body } = await ask('/plain', user, 'HEAD');
      expect([status, body]).toEqual([429, '']);
      const names = (pairs: Pairs) => pairs.map(([name]) => name.toLowerCase()).sort();
      expect(names(headers)).toEqual(names(get));
    });

    it('is answered while it still sends a body', async () => {
      const { user } = await spent('/plain', 2);
      const before = reached;
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const outgoing = request({
          ...{ host: '127.0.0.1', port, path: '/plain', method: 'POST', agent: false },
          headers: [...user, ['host', 'test'], ['transfer-encoding', 'chunked']].flat(),
        });
        outgoing.on('response', (incoming) => {
          resolve(incoming.statusCode);
          outgoing.destroy();
        });
        outgoing.on('error', reject);
        // More is to come: nobody waits for it.
        outgoing.write('x'.repeat(1000));
      });
      expect(status).toBe(429);
      expect(reached).toBe(before);
    });

    it('goes on over the same connection', async () => {
      const { user } = await spent('/plain', 2);
      const cx = `^listener\\.${LISTENER}\\.downstream_cx_total$`;
      const before = await envoy.admin.stats(cx);
      for (let i = 0; i < 5; i++) expect((await ask('/plain', user)).status).toBe(429);
      expect((await ask('/', user)).status).toBe(200);
      expect(await envoy.admin.stats(cx)).toEqual(before);
    });

    it('gets in where it waits as told, and not before', async () => {
      const user: Pairs = [['x-user', randomUUID()]];
      // A token comes back 1.5 s after the first was taken.
      let taken = await ask('/wait', user);
      expect(taken.status).toBe(200);
      for (let round = 0; round < 2; round++) {
        const early = await ask('/wait', user);
        // On a machine that was so slow the token may be back.
        if (early.readMs - taken.sentMs < 1500) expect(early.status).toBe(429);
        if (early.status === 200) continue;
        const [seconds] = values(early.headers, 'retry-after').map(Number);
        expect(seconds).toBeOneOf([1, 2]);
        const againMs = early.readMs + seconds! * 1000;
        for (let ms = 1; ms > 0; ms = againMs - performance.now()) await delay(ms);
        taken = await ask('/wait', user);
        expect(taken.status).toBe(200);
      }
    });

    it('is told various times where the policy asks for jitter', async () => {
      const { user } = await spent('/jitter', 1);
      const times = new Set<number>();
      for (let i = 0; i < 20; i++) {
        const { headers } = await ask('/jitter', user);
        times.add(Number(values(headers, 'retry-after')[0]));
      }
      expect(Math.min(...times)).toBeGreaterThan(3500);
      expect(Math.max(...times)).toBeLessThanOrEqual(7200);
      // Of 3601 values, twenty: that there are fewer than ten is beyond belief.
      expect(times.size).toBeGreaterThan(10);
    });
  });

  describe('that is admitted', () => {
    it('is told how much is left of the tightest limit', async () => {
      const user: Pairs = [['x-user', randomUUID()]];
      const seen: unknown[] = [];
      for (const path of ['/told', '/told/tighter', '/told', '/told']) {
        const { status, headers } = await ask(path, user);
        const { ratelimit = '', ...more } = told(headers);
        const [, name, remaining] = /^"(.*)";r=(\d+);t=\d+$/.exec(ratelimit) ?? [];
        expect(more['x-ratelimit-remaining']).toBe(remaining);
        expect(more).not.toHaveProperty(status === 200 ? 'retry-after' : 'never');
        seen.push([status, name, remaining, more['x-ratelimit-limit']]);
      }
      expect(seen).toEqual([
        [200, 'told', '2', '3'],
        [200, 'tighter', '0', '1'],
        [200, 'told', '0', '3'],
        [429, 'told', '0', '3'],
      ]);
    });

    it('is told of no other limit', async () => {
      const { headers } = await ask('/plain', [['x-user', randomUUID()]]);
      expect(told(headers)).toEqual({});
    });

    it('is told by what stands behind, where that tells of limits of its own', async () => {
      const answered = (line: string) =>
        ask('/told', [
          ['x-user', randomUUID()],
          ['x-answer', line],
        ]);
      // Either all of the filter's headers or none: two limits in one answer make no sense.
      const { headers } = await answered('X-RateLimit-Remaining: 99');
      expect(told(headers)).toEqual({ 'x-ratelimit-remaining': '99' });
      const { headers: others } = await answered('retry-after: 7');
      expect(told(others)).toMatchObject({ 'retry-after': '7', 'x-ratelimit-remaining': '2' });
    });
  });

  interface Response {
    readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
    /** Whether the headers were all there was: END_STREAM in their frame. */
    readonly ended: boolean;
    readonly trailers: IncomingHttpHeaders;
    readonly body: string;
  }

  /** A request over the one HTTP/2 connection. */
  function stream(headers: Record<string, string>, body?: Buffer): Promise<Response> {
    return new Promise((resolve, reject) => {
      const outgoing = session.request(headers, { endStream: body === undefined });
      let head: Pick<Response, 'headers' | 'ended'> | undefined;
      let trailers: IncomingHttpHeaders = {};
      let text = '';
      outgoing.setEncoding('utf8');
      outgoing.on('response', (seen, flags) => {
        head = { headers: seen, ended: (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0 };
      });
      outgoing.on('trailers', (seen) => {
        trailers = seen;
      });
      outgoing.on('data', (chunk) => {
        text += chunk;
      });
      outgoing.on('error', reject);
      outgoing.on('end', () => {
        if (head === undefined) reject(new Error('no response'));
        else resolve({ ...head, trailers, body: text });
      });
      if (body !== undefined) outgoing.end(body);
    });
  }

  describe('over HTTP/2', () => {
    it('is told the same', async () => {
      const { user } = await spent('/plain', 2);
      const { headers: first } = await ask('/plain', user);
      const [, name = ''] = user[0]!;
      const { headers, body } = await stream({ ':path': '/plain', 'x-user': name });
      expect([headers[':status'], body]).toEqual([429, 'rate limit exceeded']);
      const pairs = Object.entries(headers) as [string, string][];
      expect(Object.keys(told(pairs)).sort()).toEqual(Object.keys(told(first)).sort());
    });

    it('loses no other stream of its connection', async () => {
      const user = randomUUID();
      const all = Array.from({ length: 50 }, (_, i) =>
        stream({ ':path': i % 2 === 0 ? '/plain' : '/', 'x-user': user }),
      );
      const found = { limited: [0, 0], free: [0, 0] };
      for (const [i, { headers }] of (await Promise.all(all)).entries()) {
        found[i % 2 === 0 ? 'limited' : 'free'][headers[':status'] === 200 ? 0 : 1]!++;
      }
      expect(found).toEqual({ limited: [2, 23], free: [25, 0] });
    });
  });

  describe('that speaks gRPC', () => {
    /** An empty message, as gRPC frames it. */
    const message = Buffer.alloc(5);
    const call = (path: string, user: string, type = 'application/grpc') => {
      const headers = { ':method': 'POST', ':path': path, 'content-type': type, te: 'trailers' };
      return stream({ ...headers, 'x-user': user }, message);
    };

    it.each([
      'application/grpc',
      'application/grpc+proto',
    ])('gets RESOURCE_EXHAUSTED, and nothing but trailers: %s', async (type) => {
      const user = randomUUID();
      const before = reached;
      for (let i = 0; i < 2; i++) {
        expect((await call('/plain', user, type)).headers['x-ratelimit-limit']).toBeUndefined();
      }
      const { headers, ended, trailers, body } = await call('/plain', user, type);
      expect(headers).toMatchObject({
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '8',
        'grpc-message': 'rate limit exceeded',
        'retry-after': expect.stringMatching(/^\d+$/),
        'x-ratelimit-remaining': '0',
      });
      expect({ ended, trailers, body }).toEqual({ ended: true, trailers: {}, body: '' });
      expect(reached).toBe(before + 2);
    });

    it('gets the words of the policy, percent-encoded', async () => {
      const user = randomUUID();
      await call('/own', user);
      const { headers, ended } = await call('/own', user);
      expect([headers[':status'], headers['grpc-status'], ended]).toEqual([200, '8', true]);
      expect(decodeURIComponent(String(headers['grpc-message']))).toBe(BODY);
      expect(headers['x-limited']).toBe('yes, by us');
    });

    it('is not meant by another type that begins alike', async () => {
      const user = randomUUID();
      await call('/plain', user, 'application/grpc-web');
      await call('/plain', user, 'application/grpc-web');
      const { headers, body } = await call('/plain', user, 'application/grpc-web');
      expect([headers[':status'], body]).toEqual([429, 'rate limit exceeded']);
      expect(headers).not.toHaveProperty('grpc-status');
    });
  });
});

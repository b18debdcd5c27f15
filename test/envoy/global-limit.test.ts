// Limits of scope global: real Envoys, the real rate limit service, a real Redis. The service counts
// in windows of the clock, here of an hour; every test has limits or buckets of its own in it.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry, Policy } from '../../envoyfilter/src/policy/policy.js';
import { filterEntries } from '../../envoyfilter/src/policy/policy.js';
import { rateLimitServiceConfig } from '../../envoyfilter/src/render/ratelimit.js';
import { type Answer, send } from '../harness/client.js';
import { type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { LimitedProxy } from '../harness/limited-proxy.js';
import { findRateLimitService, RateLimitService } from '../harness/ratelimit-service.js';

const WINDOW_MS = 3_600_000;
/** No test takes as long as this, or it would see two windows. */
const WINDOW_END_MS = 20_000;
const TIMEOUT_MS = 60_000;

// Top-level, since it decides whether there are tests at all.
const program = await findRateLimitService();

type Pairs = [string, string][];

const PER_USER = [{ header: 'x-user' }];
const path = (exact: string) => ({ path: { exact } });

const LIMITS = [
  { name: 'Login', when: path('/login'), per: PER_USER, rate: '20/h', scope: 'global' },
  { name: 'login_all', when: path('/all'), rate: '8/h', scope: 'global' },
  {
    name: 'strict',
    when: path('/strict'),
    per: PER_USER,
    rate: '5/h',
    burst: 3,
    scope: 'global',
    reject: { status: 403, body: 'no', headers: { 'x-hint': '100% full' } },
    onServiceFailure: 'reject',
  },
  {
    name: 'lenient',
    when: path('/lenient'),
    per: PER_USER,
    rate: '5/h',
    burst: 3,
    scope: 'global',
    onServiceFailure: 'admit',
  },
];

function policyOf(limits: readonly object[], mode: 'enforce' | 'dryRun' = 'enforce'): Policy {
  return {
    metadata: { name: 'store', namespace: 'shop' },
    spec: { mode, filters: [{ at: 'gateway', limits }] },
  };
}

function entryOf(policy: Policy): FilterEntry {
  const [entry] = filterEntries(policy);
  if (entry === undefined) throw new Error('a policy of one entry');
  return entry;
}

const headersOf = ({ headers }: Answer) =>
  Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));

/** The headers that reached the upstream. */
const arrived = ({ body }: Answer): Pairs => JSON.parse(body).headers;

const handedOver = (pairs: readonly (readonly [string, string])[]) =>
  pairs.filter(([name]) => name.toLowerCase().startsWith('x-tagalong-limit-'));

/** One after the other, to each port in turn. */
async function sendTimes(
  times: number,
  ports: readonly number[],
  request: { path: string; headers?: Pairs },
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < times; i++) {
    answers.push(await send({ port: ports[i % ports.length] as number, ...request }));
  }
  return answers;
}

const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status);
const count = (answers: readonly Answer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;
const times = <T>(length: number, value: T) => Array.from({ length }, () => value);

describe.skipIf(program === undefined).each(['1.40.0', '1.36.4'])(
  'a global limit on Envoy %s',
  { timeout: TIMEOUT_MS },
  (version) => {
    let envoyPath: string;
    let upstream: EchoServer;
    let service: RateLimitService;
    const started: { stop(): Promise<void> }[] = [];

    const startService = async (limits: readonly object[]) => {
      const config = rateLimitServiceConfig(policyOf(limits));
      if (program === undefined || config === undefined) throw new Error('nothing to start');
      const one = await RateLimitService.start(program, config);
      started.push(one);
      return one;
    };
    const startProxy = async (policy: Policy, by: RateLimitService, timeoutMs?: number) => {
      const proxy = await LimitedProxy.start({
        path: envoyPath,
        version,
        entry: entryOf(policy),
        service: by,
        upstreamPort: upstream.port,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      });
      started.push(proxy);
      return proxy;
    };
    const startTwo = async (policy: Policy, by: RateLimitService) =>
      [await startProxy(policy, by), await startProxy(policy, by)] as const;
    const stopAll = async () => {
      for (const one of started.splice(0).reverse()) await one.stop();
    };

    beforeAll(async () => {
      envoyPath = (await findEnvoy({ version })).path;
      upstream = await startEchoServer();
    });
    beforeEach(async () => {
      const left = WINDOW_MS - (Date.now() % WINDOW_MS);
      if (left < WINDOW_END_MS) await delay(left);
      service = await startService(LIMITS);
    }, TIMEOUT_MS);
    afterEach(stopAll);
    afterAll(() => upstream?.close());

    it('is one for all proxies, and one for each value of its key', async () => {
      const [one, other] = await startTwo(policyOf(LIMITS), service);
      const ports = [one.port, other.port];
      const login = (user: string) => ({ path: '/login', headers: [['x-user', user]] as Pairs });

      // 15 to each: less than the 20 of the gate in either.
      const ada = await sendTimes(30, ports, login('ada'));
      expect(statuses(ada)).toEqual([...times(20, 200), ...times(10, 429)]);
      expect(await one.asked('login')).toEqual({ ok: 10, over_limit: 5 });
      expect(await other.asked('login')).toEqual({ ok: 10, over_limit: 5 });
      expect(statuses(await sendTimes(2, ports, login('bob')))).toEqual([200, 200]);

      // A bucket for all: its limit must not be taken for bucket `all` of the limit `login`.
      expect(count(await sendTimes(12, ports, { path: '/all' }), 200)).toBe(8);
      expect(await one.asked('login_all')).toEqual({ ok: 4, over_limit: 2 });
    });

    it('is asked of the service by many at once, and never admits one too many', async () => {
      const [one, other] = await startTwo(policyOf(LIMITS), service);
      const answers = await Promise.all(
        [one.port, other.port].flatMap((port) =>
          times(15, port).map((port) =>
            send({ port, path: '/login', headers: [['x-user', 'eve']] }),
          ),
        ),
      );
      expect([count(answers, 200), count(answers, 429)]).toEqual([20, 10]);
    });

    it('has a gate in each proxy, which spares the service', async () => {
      const proxy = await startProxy(policyOf(LIMITS), service);
      const answers = await sendTimes(6, [proxy.port], {
        path: '/lenient',
        headers: [['x-user', 'ada']],
      });
      expect(statuses(answers)).toEqual([200, 200, 200, 429, 429, 429]);
      expect(await proxy.asked('lenient')).toEqual({ ok: 3 });
    });

    it('is asked only for requests that it is for', async () => {
      const proxy = await startProxy(policyOf(LIMITS), service);
      expect(statuses(await sendTimes(3, [proxy.port], { path: '/' }))).toEqual([200, 200, 200]);
      for (const { name } of LIMITS) expect(await proxy.asked(name.toLowerCase())).toEqual({});
    });

    it('answers as the policy says, and tells when to come back', async () => {
      const [one, other] = await startTwo(policyOf(LIMITS), service);
      const ports = [one.port, other.port];
      const request = { path: '/strict', headers: [['x-user', 'ada']] as Pairs };
      const answers = await sendTimes(6, ports, request);
      expect(statuses(answers)).toEqual([...times(5, 200), 403]);
      expect(headersOf(answers[0] as Answer)['x-ratelimit-remaining']).toBe('4');
      const headers = headersOf(answers[5] as Answer);
      expect(headers).toMatchObject({
        'x-hint': '100% full',
        'x-ratelimit-limit': '5, 5;w=3600',
        'x-ratelimit-remaining': '0',
        'ratelimit-policy': '"strict";q=5;w=3600',
        // Another Envoy before this one does not try again.
        'x-envoy-ratelimited': 'true',
      });
      const seconds = Number(headers['retry-after']);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(3600);
      expect(headers['x-ratelimit-reset']).toBe(String(seconds));
      expect(headers.ratelimit).toBe(`"strict";r=0;t=${seconds}`);
    });

    it('answers gRPC with RESOURCE_EXHAUSTED', async () => {
      const [one, other] = await startTwo(policyOf(LIMITS), service);
      const ports = [one.port, other.port];
      const headers: Pairs = [
        ['x-user', 'ada'],
        ['content-type', 'application/grpc'],
        ['te', 'trailers'],
      ];
      const answers = await sendTimes(6, ports, { path: '/strict', headers });
      expect(answers.map((answer) => headersOf(answer)['grpc-status'])).toEqual([
        ...times(5, undefined),
        '8',
      ]);
      expect(answers[5]?.status).toBe(200);
      expect(headersOf(answers[5] as Answer)['retry-after']).toMatch(/^\d+$/);
    });

    it('keeps what it hands over to itself, and takes none from a client', async () => {
      const [one, other] = await startTwo(policyOf(LIMITS), service);
      const forged = (value: string): Pairs => [
        ['x-tagalong-limit-login', value],
        ['X-Tagalong-Limit-Login', 'b'],
        ['x-tagalong-limit-login_all', 'all'],
      ];
      // No limit is for this one: nothing is asked, nothing is used up.
      const free = await send({ port: one.port, headers: forged('a') });
      expect(handedOver(arrived(free))).toEqual([]);
      expect(handedOver(free.headers)).toEqual([]);
      expect(await one.asked('login')).toEqual({});
      expect(await one.asked('login_all')).toEqual({});

      // A bucket of one's own choice for each request would never be full.
      const answers: Answer[] = [];
      for (let i = 0; i < 24; i++) {
        const { port } = i % 2 === 0 ? one : other;
        const headers: Pairs = [['x-user', 'eve'], ...forged(String(i))];
        answers.push(await send({ port, path: '/login', headers }));
      }
      expect(statuses(answers)).toEqual([...times(20, 200), ...times(4, 429)]);
      for (const answer of answers) {
        expect(handedOver(answer.headers)).toEqual([]);
        if (answer.status === 200) expect(handedOver(arrived(answer))).toEqual([]);
      }
    });

    it('does without the service what the policy says, and keeps its gate', async () => {
      const proxy = await startProxy(policyOf(LIMITS), service);
      const user: Pairs = [['x-user', 'ada']];
      await service.kill();
      const lenient = await sendTimes(5, [proxy.port], { path: '/lenient', headers: user });
      expect(statuses(lenient)).toEqual([200, 200, 200, 429, 429]);
      expect(await proxy.asked('lenient')).toEqual({ error: 3, failure_mode_allowed: 3 });
      const strict = await sendTimes(5, [proxy.port], { path: '/strict', headers: user });
      expect(statuses(strict)).toEqual([503, 503, 503, 403, 403]);
      expect(await proxy.asked('strict')).toEqual({ error: 3 });
      const grpc: Pairs = [
        ['x-user', 'bob'],
        ['content-type', 'application/grpc'],
      ];
      const answer = await send({ port: proxy.port, path: '/strict', headers: grpc });
      expect(headersOf(answer)).toMatchObject({ 'grpc-status': '14' });
    });

    it('waits for a service that hangs no longer than it was told', async () => {
      const proxy = await startProxy(policyOf(LIMITS), service, 200);
      const user: Pairs = [['x-user', 'ada']];
      service.hang();
      const both = ['/lenient', '/strict'].map((path) =>
        send({ port: proxy.port, path, headers: user }),
      );
      expect(statuses(await Promise.all(both))).toEqual([200, 503]);
    });

    it('in dry run rejects nothing, whichever of the two configurations comes first', async () => {
      const limit = (name: string, dryRun: boolean) => ({
        ...{ name, when: path(`/${name}`), rate: '2/h', scope: 'global', dryRun },
        onServiceFailure: 'reject',
      });
      const mixed = await startService([limit('proxy', false), limit('service', true)]);
      const policy = policyOf([limit('proxy', true), limit('service', false)]);
      const [one, other] = await startTwo(policy, mixed);
      for (const name of ['proxy', 'service']) {
        const answers = await sendTimes(4, [one.port, other.port], { path: `/${name}` });
        expect(statuses(answers)).toEqual([200, 200, 200, 200]);
      }
      expect(await one.asked('proxy')).toEqual({ ok: 1, over_limit: 1 });
      expect(await one.asked('service')).toEqual({ ok: 2 });
      await mixed.kill();
      expect((await send({ port: one.port, path: '/proxy' })).status).toBe(200);
    });

    it('is not asked for by an entry in dry run, nor by a client there', async () => {
      const proxy = await startProxy(policyOf(LIMITS, 'dryRun'), service);
      const headers: Pairs = [['x-tagalong-limit-login_all', 'all']];
      const answers = await sendTimes(10, [proxy.port], { path: '/all', headers });
      expect(statuses(answers)).toEqual(times(10, 200));
      for (const answer of answers) expect(handedOver(arrived(answer))).toEqual([]);
      expect(await proxy.asked('login_all')).toEqual({});
    });
  },
);

// Limits in real Envoys, to the request: how many are admitted and where they go, what becomes of
// those that are rejected, and what is told of both.
// Rates are so slow that no token comes back while a test runs, or the times of a test are measured,
// and it is done again where they leave more than one right outcome.

import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route, whenHeader } from '../harness/bootstrap.js';
import { type Answer, send } from '../harness/client.js';
import { until } from '../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { Pressure, requestBytes } from '../harness/pressure.js';
import { WASM_PATH } from '../harness/wasm.js';

type Pairs = readonly (readonly [string, string])[];

const TAG = 'x-traffic-tag';
const COOKIE = 'visitor';
const CONNECTIONS = 16;

/** Limits that no token comes back to. */
const never = (name: string, burst: number, more: object = {}) => {
  return { name, rate: '1/h', burst, ...more };
};
const onPath = (exact: string) => ({ when: { path: { exact } } });
const perUser = { per: [{ header: 'x-user' }] };

const CLASSIC = { rate: '10/s', burst: 20, ...perUser };
const INTERVAL_MS = 100;

/** By listener. */
const POLICIES: Readonly<Record<string, object>> = {
  classic: {
    limits: (['proxy', 'worker'] as const).map((scope) => {
      return { name: scope, scope, ...onPath(`/${scope}`), ...CLASSIC };
    }),
  },
  several: {
    limits: [
      never('all of ab', 3, onPath('/ab')),
      never('each of ab', 1, { ...onPath('/ab'), ...perUser }),
      never('each of ba', 1, { ...onPath('/ba'), ...perUser }),
      never('all of ba', 3, onPath('/ba')),
      never('own', 2, { ...onPath('/own'), scope: 'worker' }),
      never('each of own', 1, { ...onPath('/own'), ...perUser }),
    ],
  },
  tags: {
    tags: [
      {
        header: TAG,
        incoming: 'strip',
        rules: [
          { when: { header: 'x-user-group', exact: 'internal' }, value: 'canary' },
          { percent: 100, mint: { cookie: COOKIE }, value: 'stable' },
        ],
        echo: true,
      },
    ],
    limits: [
      never('canaries', 2, { when: { tag: { [TAG]: 'canary' } } }),
      never('each tag', 3, { ...onPath('/each'), per: [{ tag: TAG }] }),
    ],
  },
  told: {
    limits: [
      never('first', 2, { ...onPath('/told') }),
      never('trial', 1, { ...onPath('/told'), dryRun: true }),
      never('few', 1, {
        ...onPath('/few'),
        ...perUser,
        ...{ scope: 'worker', maxKeys: 2, overflow: 'reject' },
      }),
    ],
  },
  left: { limits: [never('first', 2)] },
  flooded: { limits: [never('one', 1, onPath('/one')), never('other', 1, onPath('/other'))] },
};

function entryOf(policy: string): FilterEntry {
  const id = `shop/${policy}/0`;
  const direction = 'gateway';
  return { id, direction, configuration: { id, direction, ...POLICIES[policy] } };
}

const values = (pairs: Pairs, name: string) =>
  pairs.flatMap(([given, value]) => (given.toLowerCase() === name ? [value] : []));

describe.each(['1.40.0', '1.36.4'])('limits in Envoy %s', (version) => {
  const upstreams: Record<string, EchoServer> = {};
  /** What reached an upstream, as `CLUSTER METHOD PATH`. */
  const reached: string[] = [];
  const envoys: Record<number, EnvoyProcess> = {};
  const agents: Agent[] = [];

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    for (const name of ['stable', 'canary']) {
      const upstream = await startEchoServer(name);
      upstream.server.on('request', ({ method, url }) => reached.push(`${name} ${method} ${url}`));
      upstreams[name] = upstream;
    }
    const listeners = Object.keys(POLICIES).map((name) => ({
      name,
      filters: [staticFilter(entryOf(name), { wasmPath: WASM_PATH, envoy: version })],
      routes: [route('canary', whenHeader(TAG, 'canary')), route('stable')],
    }));
    const clusters = Object.entries(upstreams).map(([name, { port }]) => ({ name, port }));
    for (const concurrency of [1, 4]) {
      envoys[concurrency] = await startEnvoy({
        path,
        concurrency,
        bootstrap: bootstrap(listeners, clusters),
        componentLogLevel: 'wasm:info',
      });
    }
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    for (const envoy of Object.values(envoys)) await envoy.stop();
    for (const upstream of Object.values(upstreams)) await upstream.close();
  });

  function agentOf(connections: number): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    agents.push(agent);
    return agent;
  }

  /** Asks an Envoy of so many workers. */
  async function ask(
    workers: number,
    policy: string,
    path: string,
    headers: Pairs = [],
    agent?: Agent,
  ): Promise<Answer> {
    const { port } = await envoys[workers]!.listener(policy);
    return send({ port, path, headers, ...(agent && { agent }) });
  }

  describe('of 10/s with a burst of 20', () => {
    interface Round {
      readonly statuses: readonly number[];
      readonly begunMs: number;
      readonly firstReadMs: number;
      readonly endedMs: number;
    }

    /** So many requests, one after the other or all together. */
    async function round(count: number, inTurn: boolean, one: () => Promise<number>) {
      const begunMs = performance.now();
      let firstReadMs = Infinity;
      const timed = async () => {
        const status = await one();
        firstReadMs = Math.min(firstReadMs, performance.now());
        return status;
      };
      const statuses: number[] = [];
      if (inTurn) for (let i = 0; i < count; i++) statuses.push(await timed());
      else statuses.push(...(await Promise.all(Array.from({ length: count }, timed))));
      return { statuses, begunMs, firstReadMs, endedMs: performance.now() } satisfies Round;
    }

    async function sleepUntil(atMs: number): Promise<void> {
      for (let leftMs = 1; leftMs > 0; leftMs = atMs - performance.now()) await delay(leftMs);
    }

    /**
     * Twenty and ten, and a second later ten and ten; undefined where that took too long to tell.
     * The first is decided at some `t`, from `begunMs` to `firstReadMs`; from then on there are
     * 20 + floor((now - t) / 100 ms). So the first round is exact if it is over within 100 ms of its
     * begin, and the second one if it begins 1 s after `firstReadMs` and is over 1.1 s after `begunMs`.
     */
    async function tryClassic(
      inTurn: boolean,
      one: () => Promise<number>,
    ): Promise<readonly (readonly number[])[] | undefined> {
      const first = await round(30, inTurn, one);
      if (first.endedMs - first.begunMs >= INTERVAL_MS) return undefined;
      await sleepUntil(first.firstReadMs + 10 * INTERVAL_MS);
      const second = await round(20, inTurn, one);
      if (second.endedMs - first.begunMs >= 11 * INTERVAL_MS) return undefined;
      return [first.statuses, second.statuses];
    }

    const times = (count: number, status: number) => Array<number>(count).fill(status);

    it.each([
      ['proxy', 1, 1],
      ['proxy', 1, CONNECTIONS],
      ['proxy', 4, CONNECTIONS],
      ['worker', 1, 1],
      ['worker', 1, CONNECTIONS],
    ] as const)(
      'scope %s, %i workers, %i connections: 20, then 10 after a second',
      { timeout: 90_000 },
      async (scope, workers, connections) => {
        const agent = agentOf(connections);
        const envoy = envoys[workers]!;
        const { port } = await envoy.listener('classic');
        // Connections are made before times are measured.
        const warm = () => send({ port, agent }).then(({ status }) => status);
        await round(connections, false, warm);
        const inTurn = connections === 1;
        let found: readonly (readonly number[])[] | undefined;
        await until(
          '50 requests take less than 100 ms',
          async () => {
            const headers: Pairs = [['x-user', randomUUID()]];
            const one = () => send({ port, agent, path: `/${scope}`, headers });
            found = await tryClassic(inTurn, () => one().then(({ status }) => status));
            return found !== undefined;
          },
          60_000,
        );
        const [first = [], second = []] = found ?? [];
        if (inTurn) {
          expect(first).toEqual([...times(20, 200), ...times(10, 429)]);
          expect(second).toEqual([...times(10, 200), ...times(10, 429)]);
          return;
        }
        expect(first.toSorted()).toEqual([...times(20, 200), ...times(10, 429)]);
        expect(second.toSorted()).toEqual([...times(10, 200), ...times(10, 429)]);
        // Sixteen connections over four workers: that all come to one is a matter of 4^-15.
        const used = await envoy.admin.stats('^listener\\.classic\\.worker_.*cx_active$');
        const busy = [...used.values()].filter((count) => count > 0).length;
        expect(busy).toBeGreaterThan(workers === 1 ? 0 : 1);
      },
    );
  });

  describe('of which several are for a request', () => {
    const asks = async (workers: number, path: string, users: string) => {
      const statuses: number[] = [];
      for (const user of users) {
        statuses.push((await ask(workers, 'several', path, [['x-user', user]])).status);
      }
      return statuses;
    };

    // One connection a request: they come to one worker and another.
    it.each([
      ['/ab', 1],
      ['/ab', 4],
      ['/ba', 1],
      ['/ba', 4],
    ])('lose nothing by requests that another rejects: %s, %i workers', async (path, workers) => {
      expect(await asks(workers, path, 'aaaa')).toEqual([200, 429, 429, 429]);
      expect(await asks(workers, path, 'bab')).toEqual([200, 429, 429]);
      expect(await asks(workers, path, 'bcd')).toEqual([429, 200, 429]);
    });

    it('lose nothing where one is of scope worker and one of scope proxy', async () => {
      expect(await asks(1, '/own', 'aaabac')).toEqual([200, 429, 429, 200, 429, 429]);
    });
  });

  describe('and tags', () => {
    const tester: Pairs = [['x-user-group', 'internal']];

    it('admit by a tag that was decided, and what is admitted goes where its tag says', async () => {
      reached.length = 0;
      const answers: string[] = [];
      for (let i = 0; i < 4; i++) {
        const { status, body } = await ask(4, 'tags', `/canary/${i}`, tester);
        const echo = status === 200 ? (JSON.parse(body) as Echo) : undefined;
        answers.push(`${status} ${echo?.service} ${echo && values(echo.headers, TAG)}`);
        const other = await ask(4, 'tags', `/stable/${i}`);
        expect((JSON.parse(other.body) as Echo).service).toBe('stable');
      }
      expect(answers).toEqual([
        ...Array(2).fill('200 canary canary'),
        ...Array(2).fill('429 undefined undefined'),
      ]);
      // What is rejected reaches nobody.
      expect(reached).toEqual([
        ...['canary GET /canary/0', 'stable GET /stable/0'],
        ...['canary GET /canary/1', 'stable GET /stable/1'],
        ...['stable GET /stable/2', 'stable GET /stable/3'],
      ]);
    });

    it('count a forged tag as the one that was decided', async () => {
      const statuses: number[] = [];
      for (const forged of ['a', 'b', 'c', 'd']) {
        statuses.push((await ask(4, 'tags', '/each', [[TAG, forged]])).status);
      }
      expect(statuses).toEqual([200, 200, 200, 429]);
    });

    it('give what is rejected neither echo nor cookie', async () => {
      await until('all tokens are taken', async () => {
        return (await ask(1, 'tags', '/each')).status === 429;
      });
      const rejected = await ask(1, 'tags', '/each');
      const admitted = await ask(1, 'tags', '/');
      const seen = [rejected, admitted].map(({ status, headers }) => {
        return [status, values(headers, TAG), values(headers, 'set-cookie').length];
      });
      expect(seen).toEqual([
        [429, [], 0],
        [200, ['stable'], 1],
      ]);
    });
  });

  describe('told of by metrics', () => {
    /** Of one policy: outcomes by `LIMIT OUTCOME MODE`, and what is left by `LIMIT`. */
    async function metrics(policy: string): Promise<Record<string, number>> {
      const samples = await envoys[1]!.admin.prometheus('tagalong_limit_');
      const own = samples.filter(({ labels }) => labels.policy === `shop/${policy}/0`);
      return Object.fromEntries(
        own.map(({ name, labels, value }) => {
          const { policy: _, direction, limit, outcome, mode, ...more } = labels;
          const remaining = name === 'tagalong_limit_remaining';
          expect(name).toBe(remaining ? name : 'tagalong_limit_total');
          expect([direction, more]).toEqual(['gateway', {}]);
          return [remaining ? limit : `${limit} ${outcome} ${mode}`, value];
        }),
      );
    }

    it('count each outcome', async () => {
      const zeros = ['first ok', 'first limited', 'few ok', 'few limited', 'few overflow'];
      expect(await metrics('told')).toEqual({
        ...Object.fromEntries(zeros.map((name) => [`${name} enforce`, 0])),
        ...{ 'trial ok dryRun': 0, 'trial dry dryRun': 0 },
        ...{ first: 2, trial: 1, few: 1 },
      });
      const statuses: number[] = [];
      for (let i = 0; i < 5; i++) statuses.push((await ask(1, 'told', '/told')).status);
      expect(statuses).toEqual([200, 200, 429, 429, 429]);
      const users: number[] = [];
      for (const user of 'abcda') {
        users.push((await ask(1, 'told', '/few', [['x-user', user]])).status);
      }
      expect(users).toEqual([200, 200, 429, 429, 429]);
      expect(await metrics('told')).toMatchObject({
        'first ok enforce': 2,
        'first limited enforce': 3,
        'trial ok dryRun': 1,
        'trial dry dryRun': 1,
        'few ok enforce': 2,
        'few limited enforce': 3,
        'few overflow enforce': 2,
      });
    });

    it('show how much is left', async () => {
      expect((await metrics('left')).first).toBe(2);
      // The gauge is written once a second.
      await until('none is left, and shown', async () => {
        await ask(1, 'left', '/');
        return (await metrics('left')).first === 0;
      });
    });
  });

  it('are told of by one line for each limit in ten seconds', { timeout: 60_000 }, async () => {
    const envoy = envoys[1]!;
    const { port } = await envoy.listener('flooded');
    const after = envoy.logCount;
    /** The limits that lines told of, and how many requests they told of. */
    const told = () => {
      const pattern = / tagalong shop\/flooded\/0: limit "(\w+)" rejects (\d+) requests? since/;
      return envoy.logs.slice(after - envoy.logCount).flatMap((line) => {
        const [, limit = '', count] = pattern.exec(line) ?? [];
        return count === undefined ? [] : [{ limit, count: Number(count) }];
      });
    };
    const limits = ['one', 'other'];
    const shots = limits.map((limit) => ({ label: limit, bytes: requestBytes(`/${limit}`) }));
    const begunMs = performance.now();
    const pressure = Pressure.start({
      ...{ port, connections: 8, depth: 1, durationMs: 50_000 },
      shot: (turn) => shots[turn % 2]!,
    });
    // One of the two versions shows what comes next.
    const times = version === '1.40.0' ? 2 : 1;
    await until('lines of both', async () => told().length >= 2 * times, 40_000);
    const tookMs = performance.now() - begunMs;
    await expect
      .poll(() => envoy.admin.stats('flooded.*downstream_rq_4xx'))
      .toSatisfy((stats) => {
        return [...(stats as Map<string, number>).values()].some((count) => count > 1000);
      });
    const { tally, lost } = await pressure.stop();
    expect({ lost, admitted: tally.count({ status: 200 }) }).toEqual({ lost: 0, admitted: 2 });
    const lines = told();
    expect(lines.map(({ limit }) => limit).sort()).toEqual(
      limits.flatMap((limit) => Array(times).fill(limit)),
    );
    expect(lines.slice(0, 2).map(({ count }) => count)).toEqual([1, 1]);
    if (times === 1) return;
    expect(tookMs).toBeGreaterThanOrEqual(10_000);
    for (const { limit, count } of lines.slice(2)) {
      expect(count).toBeGreaterThan(1000);
      expect(count).toBeLessThan(tally.count({ label: limit, status: 429 }));
    }
  });
});

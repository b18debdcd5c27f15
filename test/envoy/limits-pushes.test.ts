// What a limit has counted lasts in real Envoys: through pushes of a configuration or a listener, into
// a new VM, through a configuration that is refused, and through a listener's removal; and what a push
// does change begins anew.
// Rates are so slow that no token comes back while a test runs. Each test has limits of its own.

import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { capabilitiesOf } from '../../envoyfilter/src/render/capabilities.js';
import { send } from '../harness/client.js';
import { Delivery } from '../harness/delivery.js';
import { until } from '../harness/ecds.js';
import { Load } from '../harness/load.js';

type Pairs = readonly (readonly [string, string])[];

const ID = 'shop/lasting/0';
const BURST = 5;
const PUSHED = 'x-pushed';

/** What an entry may hold beside the limits of a test. */
interface Beside {
  readonly limits?: readonly object[];
  readonly tags?: readonly object[];
  readonly propagate?: object;
}

const limit = (name: string, more: object = {}) => {
  return { name, when: { path: { exact: `/${name}` } }, rate: '1/h', burst: BURST, ...more };
};

/** Whoever comes to `/pushed` a second time is told which entry serves. */
function entryOf(pushed: number, { limits = [], ...more }: Beside = {}): FilterEntry {
  const teller = limit('pushed', { burst: 1, reject: { headers: { [PUSHED]: String(pushed) } } });
  const direction = 'gateway';
  const sections = { limits: [...limits, teller], ...more };
  return { id: ID, direction, configuration: { id: ID, direction, ...sections } };
}

const stays: FilterEntry = {
  id: 'shop/stays/0',
  direction: 'outbound',
  configuration: { id: 'shop/stays/0', direction: 'outbound', tags: [{ header: 'x-tag' }] },
};

const WAYS = [
  { transport: 'ECDS', workers: 1 },
  { transport: 'LDS', workers: 1 },
  { transport: 'ECDS', workers: 4 },
  { transport: 'LDS', workers: 4 },
] as const;
const CASES = ['1.40.0', '1.36.4'].flatMap((version) => {
  return WAYS.map((way) => [way.transport, version, way.workers, way] as const);
});

describe.each(
  CASES,
)('over %s pushes to Envoy %s, %i workers, a limit', (_way, version, workers, way) => {
  let delivery: Delivery;
  let pushed = 0;
  const agents: Agent[] = [];

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const direct_response = { status: 200, body: { inline_string: 'admitted' } };
    delivery = await Delivery.start({
      ...{ path, version, outbound: stays },
      transport: way.transport,
      concurrency: workers,
      routes: [{ match: { prefix: '/' }, direct_response }],
      clusters: [],
      first: entryOf(0),
    });
    await send({ port: await delivery.inbound(), path: '/pushed' });
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    await delivery?.stop();
  });

  /** Whether new connections are served by it, so many that they come to all workers. */
  async function inForce(): Promise<boolean> {
    const port = await delivery.inbound();
    const answers = await Promise.all(
      Array.from({ length: workers === 1 ? 1 : 16 }, () => send({ port, path: '/pushed' })),
    );
    return answers.every(({ headers }) => {
      return headers.some(([name, value]) => name === PUSHED && value === String(pushed));
    });
  }

  async function push(beside: Beside): Promise<void> {
    pushed++;
    await delivery.push(entryOf(pushed, beside));
    await until(`push ${pushed} is in force`, inForce);
  }

  /** The statuses of so many requests, each over a connection of its own. */
  async function statuses(path: string, count: number, headers: Pairs = []): Promise<number[]> {
    const port = await delivery.inbound();
    const all: number[] = [];
    for (let i = 0; i < count; i++) all.push((await send({ port, path, headers })).status);
    return all;
  }

  /** How many of so many requests are admitted. */
  async function admitted(path: string, count: number, headers: Pairs = []): Promise<number> {
    const all = await statuses(path, count, headers);
    expect(all.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    return all.filter((status) => status === 200).length;
  }

  async function vmsMade(): Promise<number> {
    const stats = await delivery.envoy.admin.stats('^wasm\\..*\\.created$');
    return [...stats.values()].reduce((sum, value) => sum + value, 0);
  }

  /** What may change around a limit and in it, and how it rejects then. */
  const CHANGES: [string, (own: object) => Beside, number][] = [
    ['a tag', (own) => ({ limits: [own], tags: [{ header: 'x-tag', default: 'new' }] }), 429],
    ['its answer', (own) => ({ limits: [{ ...own, reject: { status: 503 } }] }), 503],
    ['its place', (own) => ({ limits: [limit('before'), own, limit('behind')] }), 429],
    ['another limit', (own) => ({ limits: [own] }), 429],
  ];
  const SCOPES = workers === 1 ? (['proxy', 'worker'] as const) : (['proxy'] as const);
  const KEPT = SCOPES.flatMap((scope) => {
    return CHANGES.map(([what, ...change]) => [what, scope, ...change] as const);
  });

  it.each(
    KEPT,
  )('keeps what it has counted where %s changes: scope %s', async (_what, scope, make, rejected) => {
    const own = limit(randomUUID(), { scope });
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 3)).toBe(3);
    await push(make(own));
    expect(await statuses(`/${own.name}`, 4)).toEqual([200, 200, rejected, rejected]);
  });

  it('keeps the buckets of its keys', async () => {
    const own = limit(randomUUID(), { per: [{ header: 'x-user' }] });
    const of = (user: number, count: number) =>
      admitted(`/${own.name}`, count, [['x-user', String(user)]]);
    await push({ limits: [own] });
    const taken = [1, 2, 3, 4, 5];
    for (const count of taken) expect(await of(count, count)).toBe(count);
    await push({ limits: [own], tags: [{ header: 'x-tag', default: 'new' }] });
    for (const count of taken) expect(await of(count, 6)).toBe(BURST - count);
  });

  it('keeps what it has counted in a new VM: scope proxy', async () => {
    const own = limit(randomUUID());
    const telling = { limits: [own, limit('other', { reply: { onSuccess: true } })] };
    expect(capabilitiesOf(entryOf(0, telling))).not.toEqual(capabilitiesOf(entryOf(0)));
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 2)).toBe(2);
    const before = await vmsMade();
    await push(telling);
    expect(await vmsMade()).toBeGreaterThan(before);
    expect(await admitted(`/${own.name}`, 2)).toBe(2);
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 3)).toBe(1);
  });

  it('begins anew where what it counts changes', async () => {
    const own = limit(randomUUID());
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 6)).toBe(5);
    await push({ limits: [{ ...own, burst: 3 }] });
    expect(await admitted(`/${own.name}`, 6)).toBe(3);
    // Taken back, it goes on where it was: whoever pushes back and forth gains nothing.
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 6)).toBe(0);
  });

  it('keeps what it has counted while it was not configured', async () => {
    const own = limit(randomUUID());
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 4)).toBe(4);
    await push({});
    expect(await admitted(`/${own.name}`, 6)).toBe(6);
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 3)).toBe(1);
  });

  it('goes on where a configuration is refused', async () => {
    const own = limit(randomUUID());
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 3)).toBe(3);
    const after = delivery.envoy.logCount;
    await delivery.push(entryOf(pushed, { limits: [{ ...own, rate: '1 per hour' }] }));
    await delivery.envoy.waitForLog(/configuration refused at .*rate/, { after });
    expect(await admitted(`/${own.name}`, 6)).toBe(2);
    await push({ limits: [own] });
    expect(await admitted(`/${own.name}`, 1)).toBe(0);
  });

  it('is one for a connection from before the push, while Envoy lets it, and those from after it', async () => {
    const own = limit(randomUUID());
    await push({ limits: [own] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    // The port of before, which its connection goes on with.
    const port = await delivery.inbound();
    const old = async () => (await send({ port, path: `/${own.name}`, agent })).status;
    expect(await old()).toBe(200);
    await push({ limits: [own], tags: [{ header: 'x-tag', default: 'new' }] });
    expect(await admitted(`/${own.name}`, 1)).toBe(1);
    expect(await old()).toBe(200);
    expect(await admitted(`/${own.name}`, 1)).toBe(1);
    expect(await old()).toBe(200);
    expect([await old(), await admitted(`/${own.name}`, 1)]).toEqual([429, 0]);
  });

  it('admits no more under load, however often it is pushed', async () => {
    const own = limit(randomUUID(), { burst: 300 });
    await push({ limits: [own] });
    let port = await delivery.inbound();
    const load = Load.start(8, async () => {
      return String((await send({ port, path: `/${own.name}` })).status);
    });
    for (let i = 0; i < 6; i++) {
      const tags = i % 2 === 0 ? [{ header: 'x-tag', default: String(i), echo: i % 4 === 0 }] : [];
      await push({ limits: [own], tags });
      port = await delivery.inbound();
    }
    await until('all is taken', async () => (load.seen.get('429') ?? 0) > 50);
    await load.stop();
    expect([...load.seen.keys()].sort()).toEqual(['200', '429']);
    // Never more. What a worker had taken in advance is lost with its VM, nothing else.
    expect(load.seen.get('200')).toBeLessThanOrEqual(300);
    expect(load.seen.get('200')).toBeGreaterThan(300 * 0.6);
  });

  if (way.transport === 'LDS') {
    it('keeps what it has counted where its listener goes and comes again', async () => {
      const own = limit(randomUUID());
      await push({ limits: [own] });
      expect(await admitted(`/${own.name}`, 3)).toBe(3);
      const port = await delivery.inbound();
      await delivery.removeAll();
      await until('nobody listens', () =>
        send({ port }).then(
          () => false,
          () => true,
        ),
      );
      await push({ limits: [own] });
      expect(await admitted(`/${own.name}`, 6)).toBe(2);
    });
  }
});

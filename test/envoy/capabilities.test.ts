// Pushes that widen and narrow what the filter may do, under load, by each way that a control plane
// has: they take effect, cost no request, and lose nothing that is remembered.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { capabilitiesOf } from '../../envoyfilter/src/render/capabilities.js';
import { route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { Delivery } from '../harness/delivery.js';
import { until } from '../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { Load } from '../harness/load.js';
import { wasmBytes } from '../harness/wasm.js';

const TAG = 'x-traffic-tag';
const ID = 'shop/growing/0';
const AT_ONCE = 8;

/** What a policy may hold, each with all before it; its name is the tag that it gives. */
const LEVELS = ['tags', 'echo', 'mint', 'propagate'] as const;
type Level = (typeof LEVELS)[number];

function inbound(level: Level, value: string = level): FilterEntry {
  const has = (other: Level) => LEVELS.indexOf(level) >= LEVELS.indexOf(other);
  const rule = { percent: 100, mint: { cookie: 'visitor' }, value };
  const tag = {
    header: TAG,
    incoming: 'strip',
    ...(has('mint') ? { rules: [rule] } : { default: value }),
    echo: has('echo'),
  };
  const sections = { tags: [tag], ...(has('propagate') ? { propagate: {} } : {}) };
  const direction = 'inbound';
  return { id: ID, direction, configuration: { id: ID, direction, ...sections } };
}

const outbound: FilterEntry = {
  id: ID,
  direction: 'outbound',
  configuration: { id: ID, direction: 'outbound', tags: [{ header: TAG }], propagate: {} },
};

/** What a request to `inbound` shows: tag at the upstream, echo, number of cookies. */
const shown = (value: string, level: Level = value as Level) =>
  `${value}, echo ${level === 'tags' ? '' : value}, ${LEVELS.indexOf(level) >= 2 ? 1 : 0} cookies`;

const WAYS = [
  { name: 'ECDS over HTTP/1.1', transport: 'ECDS', drainSeconds: 600 },
  { name: 'LDS over HTTP/1.1, drain time 600 s', transport: 'LDS', drainSeconds: 600 },
  { name: 'LDS over HTTP/1.1, drain time 1 s', transport: 'LDS', drainSeconds: 1 },
] as const;

const CASES = ['1.40.0', '1.36.4'].flatMap((version) => {
  return WAYS.map((way) => [way.name, version, way] as const);
});

let upstream: EchoServer;
let held: Server;
let folder: string;
beforeAll(async () => {
  upstream = await startEchoServer();
  held = createServer().listen(0, '127.0.0.1');
  await once(held, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'tagalong-modules-'));
});
afterAll(async () => {
  await upstream?.close();
  held?.closeAllConnections();
  held?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe.each(CASES)('a push by %s to Envoy %s', (_way, version, way) => {
  let delivery: Delivery;
  const agents: Agent[] = [];

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    delivery = await Delivery.start({
      path,
      version,
      ...way,
      outbound,
      first: inbound('tags'),
      routes: [route('held', { prefix: '/held' }), route('echo')],
      clusters: [
        { name: 'echo', port: upstream.port },
        { name: 'held', port: (held.address() as AddressInfo).port },
      ],
    });
  });
  afterAll(async () => {
    for (const agent of agents) agent.destroy();
    await delivery?.stop();
  });

  type Pairs = readonly (readonly [string, string])[];
  const values = (pairs: Pairs, name: string) =>
    pairs.flatMap(([given, value]) => (given.toLowerCase() === name ? [value] : []));

  /** One request to `inbound`, over a kept connection if there is an agent. */
  async function request(port: number, keep?: Agent, id: string = randomUUID()): Promise<string> {
    const headers: Pairs = [
      [TAG, 'forged'],
      ['x-request-id', id],
    ];
    const answer = await send({ port, headers, ...(keep && { agent: keep }) });
    if (answer.status !== 200) throw new Error(`answered ${answer.status}`);
    const tag = values((JSON.parse(answer.body) as Echo).headers, TAG).join();
    const echo = values(answer.headers, TAG).join();
    return `${tag}, echo ${echo}, ${values(answer.headers, 'set-cookie').length} cookies`;
  }

  /** The tag that a call with this request id leaves with. */
  async function restored(id: string): Promise<string> {
    const answer = await send({ port: await delivery.outbound(), headers: [['x-request-id', id]] });
    return values((JSON.parse(answer.body) as Echo).headers, TAG).join();
  }

  /** Pushes, and waits until new connections are served by it. */
  async function push(level: Level, value: string = level): Promise<void> {
    await delivery.push(inbound(level, value));
    await until(`${value} is in force`, async () => {
      return (await request(await delivery.inbound())) === shown(value, level);
    });
  }

  /** Load, half of it on connections that are kept where Envoy does not cut those that drain. */
  async function startLoad(): Promise<Load> {
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    const keeps = way.drainSeconds > 60;
    let now = await delivery.inbound();
    return Load.start(AT_ONCE, async (turn) => {
      if (turn % 50 === 0) now = await delivery.inbound();
      return request(now, keeps && turn % 2 === 0 ? agent : undefined);
    });
  }

  function troubles(): string[] {
    return delivery.envoy.logs.filter((line) => /\]\[(error|critical)\]/.test(line));
  }

  it('widens and narrows what the filter may do, and every request is served by one of them', async () => {
    const lists = LEVELS.map((level) => capabilitiesOf(inbound(level)).join());
    expect(new Set(lists).size).toBe(LEVELS.length);
    await push('tags');
    const before = troubles();
    const load = await startLoad();
    const steps: Level[] = ['echo', 'mint', 'propagate', 'mint', 'echo', 'tags', 'propagate'];
    for (const level of steps) {
      await push(level);
      const id = randomUUID();
      await request(await delivery.inbound(), undefined, id);
      expect(await restored(id), level).toBe(level === 'propagate' ? level : '');
    }
    await push('tags');
    await load.stop();
    const allowed = LEVELS.map((level) => shown(level));
    expect([...load.seen.keys()].sort()).toEqual(allowed.sort());
    expect(troubles()).toEqual(before);
  });

  it('leaves what is remembered, whatever it brings', async () => {
    await push('propagate', 'first');
    const load = await startLoad();
    const id = randomUUID();
    await request(await delivery.inbound(), undefined, id);
    expect(await restored(id)).toBe('first');
    for (const level of ['propagate', 'tags', 'mint', 'propagate'] as const) {
      await push(level, `${level} again`);
      expect(await restored(id), level).toBe('first');
    }
    await load.stop();
    expect([...load.seen.keys()].filter((one) => one.startsWith('failed'))).toEqual([]);
  });

  it.each(
    LEVELS,
  )('%s leaves the cookie and the echo of a request that is under way', async (level) => {
    await push('mint', 'under way');
    const asked = once(held, 'request');
    const answer = send({ port: await delivery.inbound(), path: '/held' });
    const [, response] = (await asked) as [unknown, ServerResponse];
    await push(level, `${level} meanwhile`);
    response.end();
    const { status, headers } = await answer;
    expect(status).toBe(200);
    expect(values(headers, TAG)).toEqual(['under way']);
    expect(values(headers, 'set-cookie')).toEqual([expect.stringMatching(/^visitor=[\da-f]{32};/)]);
  });

  it.each([
    ['that is cut short', () => wasmBytes().slice(0, 1000)],
    ['that is empty', () => new Uint8Array()],
    ['that is text', () => Buffer.from('not a module')],
    ['that is not there', () => undefined],
  ] as [
    string,
    () => Uint8Array | undefined,
  ][])('of a module %s is refused, and the one before serves every request', async (name, make) => {
    const module = join(folder, `${version} ${way.name} ${name}`.replaceAll(/[^\w.]/g, '-'));
    const bytes = make();
    if (bytes !== undefined) await writeFile(module, bytes);
    await push('propagate', 'good');
    const id = randomUUID();
    await request(await delivery.inbound(), undefined, id);
    const load = await startLoad();
    const refused = await delivery.refused();
    const after = delivery.envoy.logCount;
    await delivery.push(inbound('propagate', 'bad'), module);
    await until('Envoy refuses it', async () => (await delivery.refused()) > refused);
    await delivery.envoy.waitForLog(/Unable to create Wasm|Invalid path/, { after });
    const count = load.count;
    await until('load goes on', async () => load.count > count + 20);
    await load.stop();
    expect([...load.seen.keys()]).toEqual([shown('good', 'propagate')]);
    expect(await restored(id)).toBe('good');
    await push('propagate', 'good again');
  });

  if (way.transport === 'ECDS') {
    it('of nothing is refused, and the one before serves every request', async () => {
      await push('propagate', 'kept');
      const id = randomUUID();
      await request(await delivery.inbound(), undefined, id);
      const load = await startLoad();
      const refused = await delivery.refused();
      await delivery.removeAll();
      await until('Envoy refuses it', async () => (await delivery.refused()) > refused);
      const count = load.count;
      await until('load goes on', async () => load.count > count + 20);
      await push('propagate', 'back');
      await load.stop();
      const allowed = ['kept', 'back'].map((value) => shown(value, 'propagate'));
      expect([...load.seen.keys()].sort()).toEqual(allowed.sort());
      expect(await restored(id)).toBe('kept');
    });
  } else {
    it('of no listeners, taken back, loses nothing that is remembered', async () => {
      await push('propagate', 'removed');
      const id = randomUUID();
      const port = await delivery.inbound();
      await request(port, undefined, id);
      await delivery.removeAll();
      await until('nobody listens', () =>
        request(port).then(
          () => false,
          () => true,
        ),
      );
      await push('propagate', 'back');
      expect(await restored(id)).toBe('removed');
    });
  }
});

// What Envoy and its clients see of a configuration that the filter refuses.

import { once } from 'node:events';
import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import {
  discoveredFilter,
  extensionConfig,
  staticFilter,
} from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, type Listener, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { DiscoveryFolder, until, withConfiguration } from '../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { type Mistake, mistakes, refusal } from '../harness/mistakes.js';
import { WASM_PATH } from '../harness/wasm.js';

const TAG = 'x-traffic-tag';
const LISTENER = 'type.googleapis.com/envoy.config.listener.v3.Listener';
const FORGED: readonly [string, string] = [TAG, 'forged'];

let upstream: EchoServer;
let agent: Agent;
beforeAll(async () => {
  upstream = await startEchoServer();
  agent = new Agent({ keepAlive: true });
});
afterAll(async () => {
  agent?.destroy();
  await upstream?.close();
});

function clusters() {
  return [{ name: 'echo', port: upstream.port }];
}

/** An entry whose rule is told by its value; `echo` changes the list of capabilities. */
function entry(id: string, value: string, echo = false): FilterEntry {
  const direction = 'gateway';
  const tags = [{ header: TAG, default: value, echo }];
  return { id, direction, configuration: { id, direction, tags } };
}

/** Headers as the next hop saw them, without those that Envoy makes anew for each request. */
async function forwarded(port: number): Promise<string[]> {
  const { status, body } = await send({ port, agent, headers: [FORGED, ['x-other', 'kept']] });
  expect(status, body).toBe(200);
  const { headers } = JSON.parse(body) as Echo;
  return headers.filter(([name]) => name !== 'x-request-id' && name !== 'host').map(String);
}

/** The tag that one request arrived with; a status other than 200 in its place. */
function tagOf(port: number): Promise<string> {
  return tagBy(port, { agent });
}

/** As `tagOf`, on a new connection: one that is kept belongs to the listener that accepted it. */
function tagAnew(port: number): Promise<string> {
  return tagBy(port, {});
}

async function tagBy(port: number, connection: { agent?: Agent }): Promise<string> {
  const { status, body } = await send({ port, headers: [FORGED], ...connection });
  if (status !== 200) return String(status);
  const { headers } = JSON.parse(body) as Echo;
  return headers.flatMap(([name, value]) => (name === TAG ? [value] : [])).join();
}

/** tagalong_config by policy and state; a state that no VM has reported is left out. */
async function states(envoy: EnvoyProcess): Promise<Map<string, Record<string, number>>> {
  const found = new Map<string, Record<string, number>>();
  for (const { name, labels, value } of await envoy.admin.prometheus('tagalong_config')) {
    if (name !== 'tagalong_config') continue;
    const { policy = '', state = '' } = labels;
    found.set(policy, { ...found.get(policy), [state]: value });
  }
  return found;
}

function refusalsOf(envoy: EnvoyProcess, id: string): string[] {
  return envoy.logs.filter((line) => line.includes(` ${id} `) && line.includes('refused at'));
}

async function counter(envoy: EnvoyProcess, name: string): Promise<number> {
  return (await envoy.admin.stats(`^${name.replaceAll('.', '\\.')}$`)).get(name) ?? 0;
}

/** Listeners as discovery sends them. */
function listenerResources(listeners: readonly Listener[]): object[] {
  const { static_resources } = bootstrap(listeners, []) as {
    static_resources: { listeners: object[] };
  };
  return static_resources.listeners.map((one) => ({ '@type': LISTENER, ...one }));
}

/** Sends request after request on one connection until stopped; every answer is kept. */
function keepSending(port: number) {
  const seen = new Map<string, number>();
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      const tag = await tagOf(port);
      seen.set(tag, (seen.get(tag) ?? 0) + 1);
    }
  })();
  return {
    seen,
    async stop() {
      stopped = true;
      await done;
    },
  };
}

describe.each(['1.40.0', '1.36.4'])('a refused configuration in Envoy %s', (version) => {
  const options = { wasmPath: WASM_PATH, envoy: version };
  let path: string;
  beforeAll(async () => {
    path = (await findEnvoy({ version })).path;
  });

  function listener(name: string, filter: object): Listener {
    return { name, filters: [filter], routes: [route('echo')] };
  }

  describe('in a static listener', () => {
    let envoy: EnvoyProcess;
    let plain: string[];
    let gauges: Map<string, Record<string, number>>;
    const idOf = (index: number) => `static/${index}/0`;

    beforeAll(async () => {
      const listeners = mistakes.map(({ configuration }, index) => {
        const id = idOf(index);
        return listener(
          id,
          withConfiguration(staticFilter(entry(id, 'canary'), options), configuration),
        );
      });
      listeners.push({ name: 'plain', filters: [], routes: [route('echo')] });
      envoy = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters()) });
      plain = await forwarded((await envoy.listener('plain')).port);
      gauges = await states(envoy);
    });
    afterAll(() => envoy?.stop());

    it.each(
      mistakes.map((mistake, index) => [mistake.name, mistake, index] as const),
    )('lets requests pass as they came, and says why: %s', async (_name, mistake, index) => {
      const id = idOf(index);
      expect(await forwarded((await envoy.listener(id)).port)).toEqual(plain);
      expect(plain).toContain(String(FORGED));
      // One line for each VM that was offered it.
      const lines = refusalsOf(envoy, id);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        expect(line).toContain('[error]');
        expect(line).toContain(`tagalong ${id} gateway: ${refusal(mistake)}`);
        expect(line).toMatch(/; none is in force, requests pass$/);
      }
      expect(gauges.get(id)).toEqual({ active: 0, rejected: 1 });
    });
  });

  describe('from discovery, when Envoy starts', () => {
    /** Filters of one Envoy: it takes an inotify instance for each, of 128 that a user may have. */
    const BATCH = 30;
    interface Start {
      readonly tag: string;
      readonly lines: readonly string[];
      readonly ofEnvoy: readonly string[];
      readonly update: Record<string, number | undefined>;
    }
    const starts = new Map<number, Start>();
    const nameOf = (index: number) => `start-${index}`;
    const idOf = (index: number) => `start/${index}/0`;

    async function start(indices: readonly number[]): Promise<void> {
      const folder = await DiscoveryFolder.make();
      let envoy: EnvoyProcess | undefined;
      try {
        for (const index of indices) {
          const filter = extensionConfig(nameOf(index), entry(idOf(index), 'canary'), options);
          const bytes = mistakes[index]!.configuration;
          await folder.push(nameOf(index), [withConfiguration(filter, bytes)]);
        }
        const listeners = indices.map((index) =>
          listener(nameOf(index), discoveredFilter(nameOf(index), folder.source(nameOf(index)))),
        );
        const running = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters()) });
        envoy = running;
        // A VM that refused is thrown away, its gauges with it; on a busy machine some moments later.
        const gone = async () => (await states(running)).size === 0;
        await until('the VMs that refused are thrown away', gone);
        const stats = await envoy.admin.stats('extension_config_discovery');
        for (const index of indices) {
          const prefix = `extension_config_discovery.http_filter.${nameOf(index)}`;
          starts.set(index, {
            tag: await tagOf((await envoy.listener(nameOf(index))).port),
            lines: refusalsOf(envoy, idOf(index)),
            ofEnvoy: envoy.logs.filter((line) =>
              line.includes(`update rejected: Unable to create Wasm plugin ${idOf(index)}`),
            ),
            update: {
              rejected: stats.get(`${prefix}.update_rejected`),
              success: stats.get(`${prefix}.update_success`),
            },
          });
        }
      } finally {
        await envoy?.stop();
        await folder.remove();
      }
    }

    beforeAll(async () => {
      for (let from = 0; from < mistakes.length; from += BATCH) {
        await start([...mistakes.keys()].slice(from, from + BATCH));
      }
    });

    it.each(
      mistakes.map((mistake, index) => [mistake.name, mistake, index] as const),
    )('is refused by Envoy, and requests pass: %s', (_name, mistake, index) => {
      const { tag, lines, ofEnvoy, update } = starts.get(index)!;
      expect(tag).toBe('forged');
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`tagalong ${idOf(index)} gateway: ${refusal(mistake)}`);
      expect(ofEnvoy).toHaveLength(1);
      // Envoy's own counters tell of a refusal at start; the filter's gauge went with its VM.
      expect(update).toEqual({ rejected: 1, success: 0 });
    });
  });

  describe('from discovery, as an update', () => {
    const ID = 'update/policy/0';
    const NAME = 'update';
    const PREFIX = `extension_config_discovery.http_filter.${NAME}`;
    let envoy: EnvoyProcess;
    let folder: DiscoveryFolder;
    let port: number;
    let traffic: ReturnType<typeof keepSending>;
    let good = 'good-0';

    const push = (value: string) =>
      folder.push(NAME, [extensionConfig(NAME, entry(ID, value), options)]);

    beforeAll(async () => {
      folder = await DiscoveryFolder.make();
      await push(good);
      const filter = discoveredFilter(NAME, folder.source(NAME));
      envoy = await startEnvoy({
        path,
        bootstrap: bootstrap([listener(NAME, filter)], clusters()),
      });
      port = (await envoy.listener(NAME)).port;
      traffic = keepSending(port);
    });
    afterAll(async () => {
      await traffic?.stop();
      await envoy?.stop();
      await folder?.remove();
    });

    it.each(
      mistakes.map((mistake, index) => [mistake.name, mistake, index] as const),
    )('leaves the one before in force, and the next good one replaces it: %s', async (_name, mistake, index) => {
      expect(await tagOf(port)).toBe(good);
      const rejected = await counter(envoy, `${PREFIX}.update_rejected`);
      const after = envoy.logCount;
      const refused = refusalsOf(envoy, ID).length;
      const filter = extensionConfig(NAME, entry(ID, 'canary'), options);
      await folder.push(NAME, [withConfiguration(filter, mistake.configuration)]);
      await until('Envoy refuses the update', async () => {
        return (await counter(envoy, `${PREFIX}.update_rejected`)) > rejected;
      });
      expect(await tagOf(port)).toBe(good);
      expect((await states(envoy)).get(ID)).toEqual({ active: 1, rejected: 1 });
      await envoy.waitForLog(/Filesystem config update rejected/, { after });
      const lines = refusalsOf(envoy, ID).slice(refused);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`tagalong ${ID} gateway: ${refusal(mistake)}`);
      expect(lines[0]).toMatch(/; Envoy keeps the one before, and without one requests pass$/);

      good = `good-${index + 1}`;
      await push(good);
      await until('the next good one decides', async () => (await tagOf(port)) === good);
      expect((await states(envoy)).get(ID)).toEqual({ active: 1, rejected: 0 });
    });

    it('costs no request: each was answered 200, by a configuration that was good', async () => {
      await traffic.stop();
      const expected = ['good-0', ...mistakes.map((_, index) => `good-${index + 1}`)];
      expect(expected).toEqual(expect.arrayContaining([...traffic.seen.keys()]));
      const requests = [...traffic.seen.values()].reduce((sum, count) => sum + count, 0);
      expect(requests).toBeGreaterThan(2 * mistakes.length);
    });
  });

  describe('as an update of a whole listener', () => {
    const ID = 'listener/policy/0';
    // Each update leaves a listener behind that drains: one mistake of every dozen.
    const some = mistakes.filter((_, index) => index % 12 === 0);
    let envoy: EnvoyProcess;
    let folder: DiscoveryFolder;
    let traffic: ReturnType<typeof keepSending>;
    let good = 'good-0';

    /** Sends the listener with this filter and waits until it is in use. */
    async function push(filter: object): Promise<void> {
      const made = await counter(envoy, 'listener_manager.listener_create_success');
      await folder.push('listeners', resources(filter));
      await until('the listener is made', async () => {
        return (await counter(envoy, 'listener_manager.listener_create_success')) > made;
      });
    }
    function resources(filter: object): object[] {
      return listenerResources([listener(ID, filter)]);
    }
    async function port(): Promise<number> {
      return (await envoy.listener(ID)).port;
    }
    function goodFilter(value: string, echo = false): object {
      return staticFilter(entry(ID, value, echo), options);
    }
    function badFilter({ configuration }: Mistake, echo = false): object {
      return withConfiguration(goodFilter('canary', echo), configuration);
    }

    beforeAll(async () => {
      folder = await DiscoveryFolder.make();
      await folder.push('listeners', resources(goodFilter(good)));
      const dynamic_resources = { lds_config: folder.source('listeners') };
      envoy = await startEnvoy({
        path,
        bootstrap: { ...bootstrap([], clusters()), dynamic_resources },
      });
      traffic = keepSending(await port());
    });
    afterAll(async () => {
      await traffic?.stop();
      await envoy?.stop();
      await folder?.remove();
    });

    it.each(
      some.map((mistake, index) => [mistake.name, mistake, index] as const),
    )('leaves the last good one in force, and the next good one replaces it: %s', async (_name, mistake, index) => {
      await until('the good one decides', async () => (await tagAnew(await port())) === good);
      await push(badFilter(mistake));
      await until('every VM has refused it', async () => {
        return refusalsOf(envoy, ID).filter((line) => line.includes(refusal(mistake))).length > 1;
      });
      expect(await tagAnew(await port())).toBe(good);
      expect((await states(envoy)).get(ID)).toEqual({ active: 1, rejected: 1 });

      good = `good-${index + 1}`;
      await push(goodFilter(good));
      await until('the next good one decides', async () => (await tagAnew(await port())) === good);
      expect((await states(envoy)).get(ID)).toEqual({ active: 1, rejected: 0 });
    });

    it('is served by the last good one also where its VM is new', async () => {
      const created = await counter(envoy, 'wasm.envoy.wasm.runtime.v8.created');
      const after = envoy.logCount;
      // Another list of capabilities makes another VM, which finds the last good in shared data.
      await push(badFilter(mistakes[0]!, true));
      await envoy.waitForLog(/the last good configuration is in force again/, { after });
      expect(await counter(envoy, 'wasm.envoy.wasm.runtime.v8.created')).toBeGreaterThan(created);
      expect(await tagAnew(await port())).toBe(good);
      expect((await states(envoy)).get(ID)).toEqual({ active: 1, rejected: 1 });
    });

    it('costs no request', async () => {
      await traffic.stop();
      const expected = ['good-0', ...some.map((_, index) => `good-${index + 1}`)];
      expect(expected).toEqual(expect.arrayContaining([...traffic.seen.keys()]));
    });
  });

  // Envoy asks the filter nothing where it still holds a plugin of the very same configuration: one
  // that streams still use, or a listener that drains. A stream's root context tells which it is.
  describe('an update that is taken back', () => {
    const ID = 'revert/policy/0';
    const NAME = 'revert';
    const PATIENCE_MS = 1000;
    let envoy: EnvoyProcess;
    let folder: DiscoveryFolder;
    let holding: Server;

    const push = (value: string) =>
      folder.push(NAME, [extensionConfig(NAME, entry(ID, value), options)]);
    async function port(): Promise<number> {
      return (await envoy.listener(NAME)).port;
    }

    beforeAll(async () => {
      // Never answers, so that its stream lives on.
      holding = createServer(() => {}).listen(0, '127.0.0.1');
      await once(holding, 'listening');
      folder = await DiscoveryFolder.make();
      await push('one');
      const all = bootstrap(
        [
          {
            name: NAME,
            filters: [discoveredFilter(NAME, folder.source(NAME))],
            routes: [route('holding', { prefix: '/hold' }), route('echo')],
          },
        ],
        [...clusters(), { name: 'holding', port: (holding.address() as AddressInfo).port }],
      );
      envoy = await startEnvoy({ path, bootstrap: all });
    });
    afterAll(async () => {
      await envoy?.stop();
      holding?.closeAllConnections();
      holding?.close();
      await folder?.remove();
    });

    it('is taken back where no stream holds it', async () => {
      for (const value of ['two', 'one', 'two', 'one']) {
        await push(value);
        await until(`${value} decides`, async () => (await tagOf(await port())) === value);
      }
    });

    it('is refused where it is bad', async () => {
      const prefix = `extension_config_discovery.http_filter.${NAME}`;
      const bad = extensionConfig(NAME, entry(ID, 'one'), options);
      await folder.push(NAME, [withConfiguration(bad, '{')]);
      await until('Envoy refuses the update', async () => {
        return (await counter(envoy, `${prefix}.update_rejected`)) > 0;
      });
      const made = await counter(envoy, `${prefix}.update_success`);
      await push('one');
      await until('Envoy takes the one before again', async () => {
        return (await counter(envoy, `${prefix}.update_success`)) > made;
      });
      expect(await tagOf(await port())).toBe('one');
    });

    it.fails('is then no longer told of by the gauge', async () => {
      const stated = async () => (await states(envoy)).get(ID)?.rejected === 0;
      await until('the gauge is 0', stated, PATIENCE_MS);
    });

    it('takes effect while a stream of the one before lives', async () => {
      const held = once(holding, 'request');
      send({ port: await port(), path: '/hold' }).catch(() => {});
      await held;
      await push('two');
      await until('two decides', async () => (await tagOf(await port())) === 'two');
      await push('one');
    });

    it('is then taken back', async () => {
      await until('one decides', async () => (await tagOf(await port())) === 'one');
    });
  });

  describe('an update of a whole listener that is taken back', () => {
    const ID = 'drain/policy/0';
    let envoy: EnvoyProcess;
    let folder: DiscoveryFolder;

    async function push(value: string): Promise<void> {
      const filter = staticFilter(entry(ID, value), options);
      await folder.push('listeners', listenerResources([listener(ID, filter)]));
    }
    async function decides(value: string): Promise<boolean> {
      return (await tagAnew((await envoy.listener(ID)).port)) === value;
    }

    beforeAll(async () => {
      folder = await DiscoveryFolder.make();
      await push('one');
      const dynamic_resources = { lds_config: folder.source('listeners') };
      envoy = await startEnvoy({
        path,
        bootstrap: { ...bootstrap([], clusters()), dynamic_resources },
      });
    });
    afterAll(async () => {
      await envoy?.stop();
      await folder?.remove();
    });

    it('takes effect', async () => {
      await until('one decides', () => decides('one'));
      await push('two');
      await until('two decides', () => decides('two'));
      await push('one');
    });

    it('is then taken back, while the listener of the one before drains', async () => {
      await until('one decides', () => decides('one'));
    });
  });
});

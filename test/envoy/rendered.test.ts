// What `render --as envoy` writes, in real Envoys: it starts, decides, falls back, and whatever is
// wrong with a filter, requests pass.

import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterSpec, Policy } from '../../envoyfilter/src/policy/policy.js';
import {
  type EnvoyOptions,
  envoyConfiguration,
  renderEnvoy,
} from '../../envoyfilter/src/render/envoy/envoy.js';
import { wasmModule } from '../../envoyfilter/src/render/module.js';
import { send } from '../harness/client.js';
import { until } from '../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { WASM_PATH, wasmBytes } from '../harness/wasm.js';

const run = promisify(execFile);
const TAG = 'x-traffic-tag';
const module = wasmModule(wasmBytes());

const GATEWAY: FilterSpec = {
  at: 'gateway',
  tags: [
    {
      header: TAG,
      rules: [{ when: { cookie: 'beta', present: true }, value: 'canary' }],
      default: 'stable',
    },
  ],
};

function policy(filters: readonly FilterSpec[] = [GATEWAY]): Policy {
  return {
    metadata: { name: 'edge', namespace: 'shop' },
    spec: {
      filters,
      routes: [
        {
          host: 'reviews',
          tag: TAG,
          versions: {
            stable: { version: 'v1' },
            canary: { version: 'v2' },
            staged: { labels: { version: 'v3' }, when: { [TAG]: 'canary', 'x-stage': 'pre' } },
          },
          default: 'stable',
          fallback: 'stable',
        },
      ],
    },
  };
}

const servers: EchoServer[] = [];
let endpoints: Record<string, string>;
beforeAll(async () => {
  for (const name of ['stable', 'canary', 'staged', 'app']) {
    servers.push(await startEchoServer(name));
  }
  endpoints = Object.fromEntries(
    ['stable', 'canary', 'staged', 'app'].map((name, index) => [
      name,
      `127.0.0.1:${servers[index]?.port}`,
    ]),
  );
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

interface Asked {
  readonly status: number;
  readonly service: string | undefined;
  readonly tag: string | undefined;
}

async function ask(port: number, headers: readonly [string, string][] = []): Promise<Asked> {
  const { status, body } = await send({ port, headers: [[TAG, 'forged'], ...headers] });
  if (status !== 200) return { status, service: undefined, tag: undefined };
  const echo = JSON.parse(body) as Echo;
  const tag = echo.headers.find(([name]) => name === TAG)?.[1];
  return { status, service: echo.service, tag };
}

const BETA: [string, string] = ['cookie', 'beta=1'];

describe.each(['1.40.0', '1.36.4'])('a rendered Envoy %s', (version) => {
  const target = { istio: '1.31', envoy: version.replace(/\.\d+$/, '') };
  let path: string;
  let folder: string;
  const started: EnvoyProcess[] = [];

  beforeAll(async () => {
    path = (await findEnvoy({ version })).path;
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((envoy) => envoy.stop()));
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  const options = (more: Partial<EnvoyOptions> = {}): EnvoyOptions => ({
    target,
    module,
    endpoints,
    port: 0,
    address: '127.0.0.1',
    ...more,
  });

  /** Starts it as `render -o` and `envoy -c` would, and returns the port of its first listener. */
  async function start(
    more: Partial<EnvoyOptions> = {},
    change: (files: Map<string, object>) => void = () => {},
    wasm: Uint8Array = wasmBytes(),
    given: Policy = policy(),
  ): Promise<{ envoy: EnvoyProcess; port: number }> {
    folder = await mkdtemp(join(tmpdir(), 'tagalong-rendered-'));
    const made = envoyConfiguration([given], options({ root: folder, adminPort: 0, ...more }));
    const files = new Map(made.extensions);
    change(files);
    await writeFile(join(folder, 'tagalong.wasm'), wasm);
    for (const [name, content] of files) await put(name, content);
    const envoy = await startEnvoy({ path, bootstrap: made.bootstrap });
    started.push(envoy);
    return { envoy, port: (await envoy.listener('shop/edge/0/gateway')).port };
  }

  /** A file in the place of the one before, as a control plane would replace it. */
  async function put(name: string, content: object): Promise<void> {
    const place = join(folder, name);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(`${place}.new`, stringify(content));
    await rename(`${place}.new`, place);
  }

  const only = (files: Map<string, object>): [string, Record<string, unknown>] => {
    const [entry] = [...files];
    if (entry === undefined) throw new Error('a file for the one filter');
    return entry as [string, Record<string, unknown>];
  };
  const missing = (files: Map<string, object>) => {
    const [name] = only(files);
    files.set(name, { version_info: '1', resources: [] });
  };
  const refused = (files: Map<string, object>) => {
    const [name, content] = only(files);
    files.set(name, JSON.parse(JSON.stringify(content).replace('\\"tags\\"', '\\"tgas\\"')));
  };

  it.each([
    'folder',
    'stream',
  ] as const)('is valid, and sends each to its version: %s', async (to) => {
    folder = await mkdtemp(join(tmpdir(), 'tagalong-rendered-'));
    for (const { path: name, content } of renderEnvoy([policy()], options({ to, port: 10_000 }))
      .files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), content);
    }
    // Names of files in it are from the folder that Envoy is started in.
    await run(path, ['--mode', 'validate', '-c', 'envoy.yaml', '--log-level', 'error'], {
      cwd: folder,
    });
    await rm(folder, { recursive: true });

    const { port } = await start({ to });
    expect(await ask(port)).toEqual({ status: 200, service: 'stable', tag: 'stable' });
    expect(await ask(port, [BETA])).toEqual({ status: 200, service: 'canary', tag: 'canary' });
    const staged = await ask(port, [BETA, ['x-stage', 'pre']]);
    expect(staged).toEqual({ status: 200, service: 'staged', tag: 'canary' });
  });

  it('is valid with limits that are counted by a service', async () => {
    const limits = [{ name: 'all', rate: '10/s', scope: 'global' }];
    const { metadata, spec } = policy([{ at: 'sidecar', limits, propagate: {} }]);
    const given = { metadata, spec: { ...spec, rateLimitService: { host: 'limiter.example' } } };
    folder = await mkdtemp(join(tmpdir(), 'tagalong-rendered-'));
    const [file] = renderEnvoy([given], options({ to: 'stream', port: 10_000 })).files;
    await writeFile(join(folder, 'envoy.yaml'), file?.content ?? '');
    const args = ['--mode', 'validate', '-c', 'envoy.yaml', '--log-level', 'error'];
    await run(path, args, { cwd: folder });
  });

  it('has labels on every metric of the filter', async () => {
    const { envoy, port } = await start();
    await ask(port);
    const samples = (await envoy.admin.prometheus()).filter(({ name }) =>
      name.startsWith('tagalong_'),
    );
    expect(samples.length).toBeGreaterThan(2);
    for (const { labels } of samples) {
      expect(labels).toMatchObject({ policy: 'shop/edge/0', direction: 'gateway' });
    }
  });

  it('sends a version without a healthy endpoint to the one that it falls back to', async () => {
    const gone = await startEchoServer('gone');
    const canary = `127.0.0.1:${gone.port}`;
    const { port } = await start({ endpoints: { ...endpoints, canary } });
    expect((await ask(port, [BETA])).service).toBe('gone');
    await gone.close();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(port, [BETA])));
    const wanted = { status: 200, service: 'stable', tag: 'canary' };
    expect(answers).toEqual(answers.map(() => wanted));
  });

  it.each([
    ['asks the rate limit service for what the filter hands over', undefined, 1],
    ['asks nothing for what a client hands over, while no filter is in force', refused, 0],
  ])('%s', async (_what, change, asked) => {
    const limits = [{ name: 'all', rate: '10/s', scope: 'global' }];
    const { metadata, spec } = policy([{ ...GATEWAY, limits }]);
    // Nobody is there: to ask is an error, and the request is admitted.
    const rateLimitService = { host: '127.0.0.1', port: 1 };
    const { envoy, port } = await start({}, change, wasmBytes(), {
      metadata,
      spec: { ...spec, rateLimitService },
    });
    expect((await ask(port, [['x-tagalong-limit-all', 'forged']])).status).toBe(200);
    const stats = await envoy.admin.stats('ratelimit.all.error');
    expect([...stats.values()].reduce((sum, value) => sum + value, 0)).toBe(asked);
  });

  describe('lets requests pass', () => {
    const unfiltered = { status: 200, service: 'stable', tag: 'forged' };

    it.each([
      ['a resource that is missing', missing, undefined],
      ['a configuration that is refused', refused, undefined],
      ['a module that is corrupt', undefined, Buffer.from('\0asm no more')],
      ['a module that is cut off', undefined, wasmBytes().subarray(0, 50_000)],
    ])('at start with %s', async (_what, change, wasm) => {
      const { port } = await start({}, change, wasm);
      expect(await ask(port)).toEqual(unfiltered);
      expect(await ask(port, [BETA])).toEqual(unfiltered);
      // And the next good one decides. By another name: to Envoy a file is what it is called, and the
      // same configuration again is no update.
      await copyFile(WASM_PATH, join(folder, 'good.wasm'));
      const good = envoyConfiguration([policy()], options({ root: folder }));
      const [name, content] = only(new Map(good.extensions));
      await put(name, JSON.parse(JSON.stringify(content).replace('tagalong.wasm', 'good.wasm')));
      await until('the good one decides', async () => (await ask(port)).tag === 'stable');
    });

    it('and keeps the filter on an update that is missing, refused or corrupt', async () => {
      const { envoy, port } = await start();
      const counter = async (name: string) => {
        const full = `extension_config_discovery.http_filter.shop/edge/0/gateway.${name}`;
        return (await envoy.admin.stats(full)).get(full) ?? 0;
      };
      const bad = new Map<string, object>(
        envoyConfiguration([policy()], options({ root: folder })).extensions,
      );
      const [name, good] = only(bad);
      refused(bad);
      await put(name, only(bad)[1]);
      await until(
        'Envoy refuses the configuration',
        async () => (await counter('update_rejected')) === 1,
      );
      expect(await ask(port)).toMatchObject({ status: 200, tag: 'stable' });

      await writeFile(join(folder, 'corrupt.wasm'), '\0asm no more');
      await put(name, JSON.parse(JSON.stringify(good).replace('tagalong.wasm', 'corrupt.wasm')));
      await until('Envoy refuses the module', async () => (await counter('update_rejected')) === 2);
      expect(await ask(port)).toMatchObject({ status: 200, tag: 'stable' });

      const attempts = await counter('update_attempt');
      await put(name, { version_info: '9', resources: [] });
      await until('Envoy reads that there is nothing', async () => {
        return (await counter('update_attempt')) > attempts || (await ask(port)).tag === 'forged';
      });
      expect((await ask(port)).status).toBe(200);

      await put(name, { ...good, version_info: '10' });
      await until('the good one decides', async () => (await ask(port)).tag === 'stable');
    });
  });
});

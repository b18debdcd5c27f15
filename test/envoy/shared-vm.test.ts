// Without a VM configuration and a capability list, as Istio's WasmPlugin renders a filter, several
// plugins share one VM: each stream must find the configuration of its own.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { pluginConfig } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { WASM_PATH } from '../harness/wasm.js';

function entry(name: string, header: string, value: string): FilterEntry {
  const id = `shared/${name}/0`;
  const tags = [{ header, default: value, echo: true }];
  return { id, direction: 'gateway', configuration: { id, direction: 'gateway', tags } };
}

/** The filter with nothing that WasmPlugin cannot express. */
function asWasmPlugin(one: FilterEntry, configuration?: string): object {
  const options = configuration === undefined ? {} : { configuration };
  const config = pluginConfig(one, false, { wasmPath: WASM_PATH, ...options });
  const { vm_id, runtime, code } = config.vm_config;
  return {
    name: one.id,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm',
      config: { ...config, vm_config: { vm_id, runtime, code } },
    },
  };
}

describe.each(['1.40.0', '1.36.4'])('plugins that share a VM in Envoy %s', (version) => {
  let envoy: EnvoyProcess;
  let upstream: EchoServer;

  beforeAll(async () => {
    upstream = await startEchoServer();
    const one = entry('one', 'x-one', 'first');
    const two = entry('two', 'x-two', 'second');
    const bad = entry('bad', 'x-bad', 'never');
    const routes = [route('echo')];
    const listeners = [
      { name: 'one', filters: [asWasmPlugin(one)], routes },
      { name: 'two', filters: [asWasmPlugin(two)], routes },
      { name: 'both', filters: [asWasmPlugin(one), asWasmPlugin(two)], routes },
      { name: 'bad', filters: [asWasmPlugin(bad, '{"id": 7}')], routes },
    ];
    const { path } = await findEnvoy({ version });
    const clusters = [{ name: 'echo', port: upstream.port }];
    envoy = await startEnvoy({ path, concurrency: 2, bootstrap: bootstrap(listeners, clusters) });
  });
  afterAll(async () => {
    await envoy?.stop();
    await upstream?.close();
  });

  it.each([
    ['one', { 'x-one': 'first' }],
    ['two', { 'x-two': 'second' }],
    ['both', { 'x-one': 'first', 'x-two': 'second' }],
    ['bad', {}],
  ] as [string, Record<string, string>][])('serve listener %s each its own', async (name, tags) => {
    const { port } = await envoy.listener(name);
    const names = ['x-one', 'x-two', 'x-bad'];
    for (let i = 0; i < 50; i++) {
      const answer = await send({ port });
      const { headers } = JSON.parse(answer.body) as Echo;
      const seen = (pairs: readonly (readonly [string, string])[]) =>
        Object.fromEntries(pairs.filter(([header]) => names.includes(header)));
      expect(answer.status).toBe(200);
      expect(seen(headers)).toEqual(tags);
      expect(seen(answer.headers)).toEqual(tags);
    }
  });

  it('report each its own state', async () => {
    const samples = await envoy.admin.prometheus();
    const states = samples
      .filter(({ name, value }) => name === 'tagalong_config' && value === 1)
      .map(({ labels }) => `${labels.policy} ${labels.state}`);
    expect(states.sort()).toEqual([
      'shared/bad/0 rejected',
      'shared/one/0 active',
      'shared/two/0 active',
    ]);
  });
});

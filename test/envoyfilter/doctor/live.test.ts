// Real Envoys, healthy and otherwise, and what doctor says of each.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import createWabt from 'wabt';
import { readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import { extensionConfig, staticFilter } from '../../../envoyfilter/src/render/wasm-filter.js';
import { route } from '../../harness/bootstrap.js';
import { until, withConfiguration } from '../../harness/ecds.js';
import { WASM_PATH } from '../../harness/wasm.js';
import {
  anotherModule,
  ENTRY,
  LISTENER,
  NAME,
  Patient,
  POLICY,
  problemsOf,
  resource,
  type Sickness,
  VERSIONS,
} from './patient.js';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function start(version: string, sickness?: Sickness): Promise<Patient> {
  const patient = await Patient.start(version, sickness);
  ended.push(() => patient.stop());
  return patient;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'tagalong-doctor-'));
  ended.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

function mutation(name: string): object {
  const request_mutations = [{ remove: 'x-traffic-tag' }];
  const typed_config = {
    '@type': `${TYPE}.header_mutation.v3.HeaderMutation`,
    mutations: { request_mutations },
  };
  return { name, typed_config };
}

describe.each(VERSIONS)('in Envoy %s doctor', (version) => {
  it('finds nothing wrong where nothing is', async () => {
    const patient = await start(version);
    await patient.request();
    const report = await patient.report();
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ healthy: true, proxy: { envoy: version, state: 'LIVE' } });
    expect(report.filters).toEqual([
      expect.objectContaining({ id: 'shop/shop/0', direction: 'gateway', listeners: [LISTENER] }),
    ]);
  });

  it('says that the filter is absent, and from which listeners', async () => {
    const patient = await start(version, { filters: () => [] });
    expect(problemsOf(await patient.report())).toEqual([
      expect.stringMatching(/^filter-absent: No filter of Tagalong .* Listeners: edge \(127/),
    ]);
  });

  it('says which entry is absent, and what is there', async () => {
    const patient = await start(version);
    const text = JSON.stringify({ apiVersion: 'tagalong/v1', kind: 'Policy', ...POLICY });
    const other = readPolicy(text.replaceAll('"shop"', '"other"'));
    expect(problemsOf(await patient.report({ policies: [other] }))).toEqual([
      expect.stringMatching(/^filter-absent: other\/other\/0 \(gateway\) .* has: shop\/shop\/0/),
    ]);
  });

  it('says that it was not delivered', async () => {
    const patient = await start(version, { delivered: [] });
    expect(await patient.request()).toBe(200);
    expect(problemsOf(await patient.report())).toEqual([
      `not-delivered: ${NAME} in listener edge has not been delivered: requests pass it untouched.`,
    ]);
  });

  it('says that a configuration is refused, why, and what is in force', async () => {
    const patient = await start(version);
    await patient.request();
    await patient.push([withConfiguration(resource(version), '{"limit":[]}')]);
    await until('the update is refused', async () => !(await patient.report()).healthy);
    const { findings } = await patient.report();
    expect(findings.map(({ check }) => check)).toEqual(['config-rejected', 'update-refused']);
    expect(findings[1]).toMatchObject({
      what: `Envoy refuses version 2 of ${NAME}; version 1 is still in force.`,
      remedy: expect.stringMatching(/^The reason: .*refused at \$: found the key "limit", wanted/),
    });
  });

  it('takes no refusal for one that has been mended', async () => {
    const patient = await start(version);
    await patient.request();
    await patient.push([withConfiguration(resource(version), '{"limit":[]}')]);
    await until('the update is refused', async () => !(await patient.report()).healthy);
    await patient.push([resource(version)]);
    await until('it is back', async () => (await patient.report()).healthy);
    const { findings } = await patient.report();
    expect(findings.map(({ check, level }) => `${level} ${check}`)).toEqual([
      'note config-rejected',
      'note update-refused',
    ]);
  });

  it('says why a filter in the listener itself refuses its configuration', async () => {
    const configuration = '{"limit":[]}';
    const filter = staticFilter(ENTRY, { wasmPath: WASM_PATH, envoy: version, configuration });
    const patient = await start(version, { filters: () => [filter] });
    expect(await patient.request()).toBe(200);
    const { findings } = await patient.report({ policies: undefined });
    expect(findings[0]).toMatchObject({
      check: 'config-rejected',
      level: 'problem',
      remedy: expect.stringMatching(/^The reason: .*refused at \$: found the key "limit"/),
    });
  });

  it('says that a module does not load', async () => {
    const path = join(await folder(), 'corrupt.wasm');
    await writeFile(path, 'no module');
    const patient = await start(version, { delivered: [resource(version, path)] });
    expect(await patient.request()).toBe(200);
    expect(problemsOf(await patient.report())).toContain(
      `update-refused: Envoy refuses version 1 of ${NAME}; requests pass untouched.`,
    );
  });

  it('says that a module cannot be fetched', async () => {
    // Listens, and hangs up on everybody.
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ended.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as { port: number };
    const http_uri = { uri: 'http://files.test/t.wasm', cluster: 'files', timeout: '1s' };
    const code = { remote: { http_uri, sha256: '0'.repeat(64), retry_policy: { num_retries: 0 } } };
    const delivered = [extensionConfig(NAME, ENTRY, { code, envoy: version })];
    const patient = await start(version, { delivered, clusters: [{ name: 'files', port }] });
    await until('the fetch has failed', async () => {
      return problemsOf(await patient.report()).some((it) => it.startsWith('fetch-failed'));
    });
  });

  it('says that another module runs', async () => {
    const path = join(await folder(), 'other.wasm');
    await writeFile(path, await anotherModule());
    const patient = await start(version, { delivered: [resource(version, path)] });
    await patient.request();
    expect(problemsOf(await patient.report())).toEqual([
      expect.stringMatching(/^module-differs: shop\/shop\/0 \(gateway\) runs another version/),
    ]);
  });

  it('says where the configuration is another than the policy', async () => {
    const patient = await start(version);
    await patient.request();
    const text = JSON.stringify({ apiVersion: 'tagalong/v1', kind: 'Policy', ...POLICY });
    const newer = readPolicy(text.replace('"stable"', '"canary"'));
    expect(problemsOf(await patient.report({ policies: [newer] }))).toEqual([
      expect.stringMatching(/^config-differs: .* than the policy: tags\[0\]\.default differ\.$/),
    ]);
  });

  it('says that labels are missing, and what the remedy is', async () => {
    const patient = await start(version, {
      bootstrap: ({ stats_config: _, ...rest }) => rest,
    });
    await patient.request();
    const { findings } = await patient.report();
    expect(findings).toEqual([
      expect.objectContaining({
        check: 'labels-missing',
        what: expect.stringMatching(/policy, direction, tag, rule, value, mode/),
        remedy: expect.stringContaining('stats_tags'),
      }),
    ]);
  });

  it('says that a filter is there twice', async () => {
    const patient = await start(version, { filters: (healthy) => [healthy, healthy] });
    await patient.request();
    expect(problemsOf(await patient.report())).toEqual([
      expect.stringMatching(/^duplicate: shop\/shop\/0 \(gateway\) is in listener edge more than/),
    ]);
  });

  it('says what undoes its tags', async () => {
    const patient = await start(version, {
      filters: (healthy) => [healthy, mutation('cleaner')],
    });
    await patient.request();
    expect(problemsOf(await patient.report())).toEqual([
      expect.stringMatching(/^shadowed: cleaner stands behind shop\/shop\/0 .* \(x-traffic-tag\)/),
    ]);
  });

  it('says that counters stand still where another filter answers', async () => {
    const abort = { http_status: 503, percentage: { numerator: 100 } };
    const fault = { '@type': `${TYPE}.fault.v3.HTTPFault`, abort };
    const patient = await start(version, {
      filters: (healthy) => [{ name: 'fault', typed_config: fault }, healthy],
    });
    expect(await patient.request()).toBe(503);
    const report = await patient.report();
    expect(problemsOf(report)).toEqual([
      expect.stringMatching(
        /^counters-still: 1 request came to .* since it started, and it counted/,
      ),
    ]);
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        check: 'shadowed',
        what: expect.stringMatching(/fault \(aborts\)/),
      }),
    );
  });

  it('reads counters twice where told to', async () => {
    const patient = await start(version);
    await patient.request();
    const idle = await patient.report({}, 1);
    expect(idle.healthy).toBe(true);
    expect(idle.findings).toEqual([
      expect.objectContaining({ check: 'no-requests', what: expect.stringContaining('1 s') }),
    ]);
    const moving = patient.report({}, 1);
    let over = false;
    void moving.finally(() => {
      over = true;
    });
    while (!over) await patient.request();
    expect((await moving).findings).toEqual([]);
  });

  it('says that a route switches it off', async () => {
    const off = {
      [NAME]: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true },
    };
    const routes = [{ ...route('echo'), name: 'all', typed_per_filter_config: off }];
    const patient = await start(version, { routes });
    await patient.request();
    expect(problemsOf(await patient.report())).toEqual([
      expect.stringMatching(/^disabled: shop\/shop\/0 .* is switched off by route all/),
      expect.stringMatching(/^counters-still: /),
    ]);
  });

  it('says that filters are in VMs that share nothing', async () => {
    const second = { ...ENTRY, id: 'shop/shop/1' };
    const filter = staticFilter(
      { ...second, configuration: { ...second.configuration, id: second.id } },
      { wasmPath: WASM_PATH, envoy: version },
    ) as { typed_config: { config: { vm_config: { vm_id: string } } } };
    filter.typed_config.config.vm_config.vm_id = 'else';
    const patient = await start(version, { filters: (healthy) => [healthy, filter] });
    await patient.request();
    expect(problemsOf(await patient.report({ policies: undefined }))).toEqual([
      expect.stringMatching(/^vm-ids: .* different vm_id: tagalong, else\./),
    ]);
  });

  it('says that a VM has failed', async () => {
    const path = join(await folder(), 'trap.wasm');
    await writeFile(path, await trapping());
    const patient = await start(version, { delivered: [resource(version, path)] });
    expect(await patient.request()).toBe(503);
    await patient.request();
    expect(problemsOf(await patient.report())).toContainEqual(
      expect.stringMatching(/^vm-failed: The VM of shop\/shop\/0 has failed: .* 1 request came/),
    );
  });
});

/** A module with Tagalong's root id, in effect, that traps at the first request. */
async function trapping(): Promise<Uint8Array> {
  const { parseWat } = await createWabt();
  const module = parseWat(
    'trap.wat',
    `(module
      (memory (export "memory") 1)
      (func (export "proxy_abi_version_0_2_1"))
      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_context_create") (param i32 i32))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable))`,
  );
  return module.toBinary({}).buffer;
}

// The module as it ships: what it weighs, what it asks for, what it offers.

import { describe, expect, it } from 'vitest';
import { HOST_CALLS, Host } from '../../envoyfilter/src/host/index.js';
import { wasm } from '../../envoyfilter/src/host/wasm-api.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { capabilitiesOf } from '../../envoyfilter/src/render/capabilities.js';
import { entryFor, loadFilter, loadShared, metricOf, requestOf, textOf } from '../harness/host.js';
import { wasmBytes } from '../harness/wasm.js';

/** Bytes that the module may have. */
const SIZE_MAX = 110_000;
const PAGE = 65_536;

const bytes = wasmBytes();
const module = new wasm.Module(bytes);

/** With everything that makes a list of capabilities longer. */
const full: FilterEntry = entryFor(
  {
    tags: [
      {
        header: 'x-traffic-tag',
        incoming: { allow: ['canary', 'stable'] },
        rules: [
          { when: { cookie: 'beta', exact: '1' }, value: 'beta' },
          { when: { ip: ['10.0.0.0/8'] }, value: 'inside' },
          { when: { query: 'group', contains: 'x' }, value: 'group' },
          {
            percent: 10,
            identity: [{ header: 'x-user' }],
            mint: { cookie: 'id' },
            value: 'canary',
          },
        ],
        default: 'stable',
        carry: ['baggage'],
        echo: true,
      },
      { header: 'x-stage' },
    ],
    limits: [
      { name: 'each', rate: '1000/s', burst: 100, per: [{ ip: true }, { tag: 'x-stage' }] },
      { name: 'own', rate: '1/s', scope: 'worker', reply: { onSuccess: true } },
      { name: 'dry', rate: '1/m', per: [{ header: 'x-traffic-tag' }], dryRun: true },
    ],
    propagate: { headers: ['x-traffic-tag', 'x-tenant'] },
  },
  'test/policy/0',
  'inbound',
);

describe('the release module', () => {
  it(`is smaller than ${SIZE_MAX} bytes`, () => {
    expect(bytes.length).toBeLessThan(SIZE_MAX);
  });

  it('imports what it calls, and nothing else', () => {
    const imports = wasm.Module.imports(module).map(({ module, name }) => `${module}.${name}`);
    expect(imports.sort()).toEqual([
      'env.proxy_add_header_map_value',
      'env.proxy_define_metric',
      'env.proxy_get_buffer_bytes',
      'env.proxy_get_header_map_pairs',
      'env.proxy_get_header_map_value',
      'env.proxy_get_log_level',
      'env.proxy_get_property',
      'env.proxy_get_shared_data',
      'env.proxy_increment_metric',
      'env.proxy_log',
      'env.proxy_record_metric',
      'env.proxy_remove_header_map_value',
      'env.proxy_replace_header_map_value',
      'env.proxy_send_local_response',
      'env.proxy_set_shared_data',
      'wasi_snapshot_preview1.clock_time_get',
      'wasi_snapshot_preview1.random_get',
    ]);
  });

  it('exports its callbacks and its memory, and nothing else', () => {
    const exports = wasm.Module.exports(module).map(({ kind, name }) => `${kind} ${name}`);
    expect(exports.sort()).toEqual([
      'function proxy_abi_version_0_2_1',
      'function proxy_on_configure',
      'function proxy_on_context_create',
      'function proxy_on_memory_allocate',
      'function proxy_on_request_headers',
      'function proxy_on_response_headers',
      'function proxy_on_vm_start',
      'memory memory',
    ]);
  });

  it('has every import and callback in the longest list of capabilities, and no other name', () => {
    const names = [...wasm.Module.imports(module), ...wasm.Module.exports(module)]
      .map(({ name }) => name)
      // Not restrictable.
      .filter((name) => !/^memory$|abi_version|memory_allocate/.test(name));
    expect(capabilitiesOf(full)).toEqual(names.sort());
  });

  it('is never refused a call by the list of its own policy', () => {
    for (const entry of [
      full,
      entryFor({}),
      entryFor({ mode: 'disabled', tags: [{ header: 'x-traffic-tag', echo: true }] }),
      entryFor({ mode: 'disabled', propagate: {} }, 'test/policy/0', 'inbound'),
      entryFor({ mode: 'dryRun', propagate: {} }, 'test/policy/0', 'inbound'),
      entryFor({ mode: 'dryRun', tags: [{ header: 'x-traffic-tag', echo: true }] }),
      entryFor({ tags: [{ header: 'x-traffic-tag' }] }),
      entryFor({ limits: [{ name: 'own', rate: '1/s', burst: 1, scope: 'worker' }] }),
      entryFor({ limits: [{ name: 'all', rate: '1/s', burst: 1, per: [{ ip: true }] }] }),
      entryFor({ mode: 'dryRun', limits: [{ name: 'all', rate: '1/s', burst: 1 }] }),
    ]) {
      const host = new Host();
      const plugin = loadFilter(host, entry);
      plugin.configure('{');
      for (const headers of [[], [['x-traffic-tag', 'forged']]] as [string, string][][]) {
        const stream = plugin.open({ sourceAddress: '10.0.0.1:1' });
        stream.requestHeaders(requestOf(headers));
        stream.responseHeaders([[':status', '200']]);
        stream.done();
      }
      const refused = host.logs.filter(({ message }) => message.includes('restricted'));
      expect(refused).toEqual([]);
    }
  });

  it('asks the host for nothing when it is instantiated', () => {
    const called: string[] = [];
    const env = Object.fromEntries(HOST_CALLS.map((name) => [name, () => called.push(name)]));
    const wasi = Object.fromEntries(
      ['clock_time_get', 'random_get'].map((name) => [name, () => called.push(name)]),
    );
    const imports = { env, wasi_snapshot_preview1: wasi };
    const { exports } = new wasm.Instance(module, imports);
    expect(called).toEqual([]);
    const { buffer } = exports.memory as { buffer: ArrayBuffer };
    // The arena (1 MiB) and the tables of streams and metrics; memory at least doubles to grow.
    expect(buffer.byteLength).toBeLessThanOrEqual(2 * 17 * PAGE);
  });
});

describe('linear memory', () => {
  it('holds its areas and the echo ring once configured, and does not grow with requests', () => {
    const host = new Host({ logLevel: 'error' });
    const plugin = loadFilter(host, full);
    const pages = plugin.memory().buffer.byteLength / PAGE;
    // Ten areas, the ring, the mirror of the store, the buckets; memory at least doubles to grow.
    expect(pages).toBeLessThanOrEqual(2 * (10 * 17 + 64 + 48 + 2 * 4));
    const heap = metricOf(host, full.id, 'tagalong_heap_bytes');
    const requests = [
      requestOf(),
      requestOf([['x-traffic-tag', 'canary']]),
      requestOf([
        ['x-traffic-tag', 'forged'],
        ['x-traffic-tag', 'twice'],
      ]),
      requestOf([
        ['cookie', 'a=b; beta=1'],
        ['x-stage', 'pre'],
      ]),
      requestOf([], { path: `/?${'group=%78&'.repeat(100)}` }),
      requestOf([], { method: 'CONNECT', path: null }),
      requestOf([
        ['x-request-id', '0af76519-16cd-43dd-8448-eb211c80319c'],
        ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
        ['tracestate', 'a=b'],
        ['b3', ''],
        ['baggage', 'a=1,x-traffic-tag=canary'],
      ]),
      requestOf([['x-other', 'v'.repeat(60_000)]]),
      requestOf([['x-other', 'v'.repeat(1 << 20)]]),
      requestOf(Array.from({ length: 500 }, (_, i) => [`x-${i}`, String(i)] as [string, string])),
    ];
    for (let i = 0; i < 10_000; i++) {
      const stream = plugin.open({ sourceAddress: '10.0.0.1:1' });
      const { failed } = stream.requestHeaders(requests[i % requests.length]!);
      if (failed !== undefined) throw new Error(`request ${i}: the VM has failed`);
      if (i % 3 !== 0) stream.responseHeaders([[':status', '200']]);
      stream.done();
    }
    expect(plugin.memory().buffer.byteLength / PAGE).toBe(pages);
    plugin.configure(textOf(full));
    expect(metricOf(host, full.id, 'tagalong_heap_bytes')).toBe(heap);
  });

  it('is the same for sixteen plugins in one VM, after any number of requests', () => {
    const host = new Host({ logLevel: 'error' });
    const plugins = Array.from({ length: 16 }, (_, index) =>
      loadShared(host, `plugin-${index}`, textOf(full)),
    );
    const before = plugins[0]!.memory().buffer.byteLength;
    // More streams at once than the filter remembers: the oldest are forgotten, none traps.
    const streams = Array.from({ length: 5000 }, (_, i) => plugins[i % 16]!.open());
    for (const stream of streams.reverse()) {
      expect(stream.requestHeaders(requestOf()).failed).toBeUndefined();
      stream.done();
    }
    expect(plugins[0]!.memory().buffer.byteLength).toBe(before);
  });
});

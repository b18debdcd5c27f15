import { describe, expect, it } from 'vitest';
import type { DeliverySpec, FilterSpec, Policy } from '../../../envoyfilter/src/policy/policy.js';
import { capabilitiesOf } from '../../../envoyfilter/src/render/capabilities.js';
import {
  envoyFilters,
  renderEnvoyFilter,
} from '../../../envoyfilter/src/render/istio/envoyfilter.js';
import { namesIn, wasmModule } from '../../../envoyfilter/src/render/module.js';
import type { RenderOptions } from '../../../envoyfilter/src/render/options.js';
import { targetOf } from '../../../envoyfilter/src/render/render.js';
import { wasmBytes } from '../../harness/wasm.js';
import { tinyModule } from './tiny-module.js';

const TAGS = [{ header: 'x-traffic-tag', default: 'stable' }];
const GLOBAL = { name: 'all', rate: '10/s', scope: 'global' };

function policy(filters: readonly FilterSpec[], delivery?: DeliverySpec): Policy {
  return {
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { filters, rateLimitService: { host: 'limiter.infra' }, ...(delivery && { delivery }) },
  };
}

function options(more: Partial<RenderOptions> = {}): RenderOptions {
  return { target: targetOf('envoyfilter'), module: tinyModule, ...more };
}

interface Patch {
  applyTo: string;
  match: { context: string; listener?: { filterChain: { filter: { subFilter?: object } } } };
  patch: { operation: string; value: Record<string, unknown> };
}

/** The parts of the rendered objects that tests are about. */
function rendered(given: Policy, more: Partial<RenderOptions> = {}) {
  return envoyFilters([given], options(more)).resources.map(({ metadata, spec }) => {
    const { configPatches, ...rest } = spec as {
      priority: number;
      workloadSelector?: object;
      configPatches: Patch[];
    };
    return { ...metadata, ...rest, patches: configPatches };
  });
}

/** Envoy's plugin configuration in the first object. */
function pluginOf(given: Policy, more: Partial<RenderOptions> = {}) {
  const [first] = rendered(given, more);
  const extension = first?.patches.find(({ applyTo }) => applyTo === 'EXTENSION_CONFIG');
  const { config } = extension?.patch.value.typed_config as {
    config: Record<string, unknown> & { vm_config: Record<string, unknown> };
  };
  return config;
}

describe('an EnvoyFilter', () => {
  it('is made for each entry and direction, in the namespace and for the pods of the entry', () => {
    const found = rendered(
      policy([
        { at: 'gateway', namespace: 'edge', selector: { istio: 'gw' }, tags: TAGS },
        { at: 'sidecar', tags: TAGS },
      ]),
    );
    expect(
      found.map(({ name, namespace, workloadSelector, priority, patches }) => ({
        name,
        namespace,
        workloadSelector,
        priority,
        contexts: [...new Set(patches.map(({ match }) => match.context))],
      })),
    ).toEqual([
      {
        name: 'tagalong-shop-0-gateway',
        namespace: 'edge',
        workloadSelector: { labels: { istio: 'gw' } },
        priority: 10,
        contexts: ['GATEWAY'],
      },
      ...[
        ['inbound', 'SIDECAR_INBOUND'],
        ['outbound', 'SIDECAR_OUTBOUND'],
      ].map(([direction, context]) => ({
        name: `tagalong-shop-1-${direction}`,
        namespace: 'shop',
        workloadSelector: undefined,
        priority: 20,
        contexts: [context],
      })),
    ]);
  });

  it('names in its listener patch what its extension patch brings, with a way out for both', () => {
    const [found] = rendered(policy([{ at: 'gateway', tags: TAGS }]));
    const [extension, filter] = found?.patches ?? [];
    expect(extension).toMatchObject({
      applyTo: 'EXTENSION_CONFIG',
      patch: { operation: 'ADD', value: { name: 'shop/shop/0/gateway' } },
    });
    expect(filter).toMatchObject({
      applyTo: 'HTTP_FILTER',
      match: {
        listener: { filterChain: { filter: { subFilter: { name: 'envoy.filters.http.router' } } } },
      },
      patch: {
        operation: 'INSERT_BEFORE',
        value: {
          name: 'shop/shop/0/gateway',
          config_discovery: {
            config_source: { ads: {} },
            default_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
            },
            type_urls: [
              'envoy.extensions.filters.http.wasm.v3.Wasm',
              'envoy.extensions.filters.http.rbac.v3.RBAC',
            ],
          },
        },
      },
    });
  });

  // Faults are injected by the route as it is when Istio's filter for them runs.
  it.each([
    [undefined, 'envoy.filters.http.router'],
    [{}, 'envoy.filters.http.router'],
    [{ canary: { abort: { status: 503 } } }, 'envoy.filters.http.fault'],
  ])('with the faults %j stands before %s', (faults, anchor) => {
    const { metadata, spec } = policy([{ at: 'inbound', limits: [GLOBAL] }]);
    const versions = { stable: { version: 'v1' }, canary: { version: 'v2' } };
    const route = { host: 'reviews', tag: 'x-traffic-tag', versions, default: 'stable' };
    const routes = [{ ...route, ...(faults && { faults }) }];
    const given = { metadata, spec: { ...spec, routes } };
    const [found] = rendered(given);
    const filters = found?.patches.filter(({ applyTo }) => applyTo === 'HTTP_FILTER') ?? [];
    expect(filters).toHaveLength(4);
    for (const { match } of filters) {
      expect(match.listener?.filterChain.filter.subFilter).toEqual({ name: anchor });
    }
    const { notes } = envoyFilters([given], options());
    expect(notes.some((note) => note.includes('CORS'))).toBe(anchor.endsWith('fault'));
  });

  it('puts the filters of global limits around the wasm, in the order of its patches', () => {
    const [found] = rendered(policy([{ at: 'inbound', limits: [GLOBAL] }]));
    const filters = found?.patches.filter(({ applyTo }) => applyTo === 'HTTP_FILTER') ?? [];
    expect(filters.map(({ patch }) => [patch.operation, patch.value.name])).toEqual([
      ['INSERT_BEFORE', 'shop/shop/0/limits/guard'],
      ['INSERT_BEFORE', 'shop/shop/0/inbound'],
      ['INSERT_BEFORE', 'shop/shop/0/limits/all'],
      ['INSERT_BEFORE', 'shop/shop/0/limits'],
    ]);
    expect(JSON.stringify(filters[2])).toContain('"cluster_name":"outbound|8081||limiter.infra"');
  });

  it('is there when it is disabled, so that one push switches it on', () => {
    const [found] = rendered(policy([{ at: 'inbound', mode: 'disabled', limits: [GLOBAL] }]));
    expect(found?.patches.map(({ applyTo }) => applyTo)).toEqual([
      'EXTENSION_CONFIG',
      'HTTP_FILTER',
    ]);
    expect(JSON.stringify(found)).toContain('\\"mode\\":\\"disabled\\"');
  });

  it('wants the rate limit service where a limit is global', () => {
    const { metadata, spec } = policy([{ at: 'inbound', limits: [GLOBAL] }]);
    const { rateLimitService: _, ...rest } = spec;
    expect(() => envoyFilters([{ metadata, spec: rest }], options())).toThrow(
      'spec.rateLimitService: found none',
    );
  });

  it('may do what the policy needs and the module can, no more', () => {
    const given = policy([{ at: 'gateway', tags: TAGS }]);
    expect(pluginOf(given).capability_restriction_config).toEqual({
      allowed_capabilities: Object.fromEntries(
        [
          'proxy_get_header_map_pairs',
          'proxy_log',
          'proxy_on_configure',
          'proxy_on_request_headers',
          'proxy_on_vm_start',
          'proxy_replace_header_map_value',
        ].map((name) => [name, {}]),
      ),
    });
  });

  it.each([
    ['1.28', undefined],
    ['1.31', undefined],
    // istiod 1.31 does not know the field in the VM's place and would drop it.
    ['1.31', '1.40'],
  ])('has the capability list where istiod %s passes it on to Envoy %s', (istio, envoy) => {
    const config = pluginOf(policy([{ at: 'gateway', tags: TAGS }]), {
      target: targetOf('envoyfilter', istio, envoy),
    });
    expect(config).toHaveProperty('capability_restriction_config');
    expect(config.vm_config).not.toHaveProperty('capability_restriction_config');
  });

  it.each([
    [{ onFailure: 'open' }, 'FAIL_OPEN', undefined],
    [{ onFailure: 'closed' }, 'FAIL_CLOSED', undefined],
    [{}, 'FAIL_RELOAD', { backoff: { base_interval: '0.1s' } }],
  ] as const)('has for %j the failure policy %s', (delivery, failure_policy, reload_config) => {
    const config = pluginOf(policy([{ at: 'gateway', tags: TAGS }], delivery));
    expect(config.failure_policy).toBe(failure_policy);
    expect(config.reload_config).toEqual(reload_config);
  });

  // An agent that cannot fetch it denies every request under any other policy.
  it.each([
    [{ http: 'https://x.example/t.wasm' }, undefined, 'FAIL_OPEN'],
    [{ oci: 'r.example/t:1' }, 'reload', 'FAIL_OPEN'],
    [{ oci: 'r.example/t:1' }, 'closed', 'FAIL_CLOSED'],
    [{ file: '/t.wasm' }, 'reload', 'FAIL_RELOAD'],
  ] as const)('never asks for a reload of what is fetched: %j, %s', async (code, onFailure, policy_) => {
    const given = policy([{ at: 'gateway' }], { code, ...(onFailure && { onFailure }) });
    expect(pluginOf(given).failure_policy).toBe(policy_);
    const { notes } = await renderEnvoyFilter([given], options());
    expect(notes.some((note) => note.includes('onFailure is open, not reload'))).toBe(
      policy_ === 'FAIL_OPEN',
    );
  });

  it.each<[string, DeliverySpec['code'], object]>([
    [
      'inline',
      undefined,
      { local: { inline_bytes: Buffer.from(tinyModule.bytes).toString('base64') } },
    ],
    ['a file', { file: '/opt/t.wasm' }, { local: { filename: '/opt/t.wasm' } }],
    ['a ConfigMap', { configMap: 'm' }, { local: { filename: '/etc/tagalong/tagalong.wasm' } }],
    [
      'a URL, with the sha256 of the bytes',
      { http: 'https://x.example/t.wasm' },
      {
        remote: {
          http_uri: { uri: 'https://x.example/t.wasm', cluster: '_', timeout: '30s' },
          sha256: tinyModule.sha256,
        },
      },
    ],
    [
      'an image, whose digest is not that of the bytes',
      { oci: 'r.example/t:1' },
      { remote: { http_uri: { uri: 'oci://r.example/t:1', cluster: '_', timeout: '30s' } } },
    ],
  ])('takes the module from %s', (_what, code, wanted) => {
    const delivery = code === undefined ? {} : { code };
    expect(pluginOf(policy([{ at: 'gateway' }], delivery)).vm_config.code).toEqual(wanted);
  });

  it.each([
    [{ file: 'opt/t.wasm' }, 'a path from the root'],
    [{ http: 'ftp://x' }, 'a URL with http:// or https://'],
    [{ tape: 'x' }, 'inline, or one of'],
  ])('refuses the code %j', (code, wanted) => {
    const given = policy([{ at: 'gateway' }], { code } as unknown as DeliverySpec);
    expect(() => envoyFilters([given], options())).toThrow(wanted);
  });

  it('has a ConfigMap with the module beside it in each namespace, and a patch of its pods', async () => {
    const given = policy([{ at: 'gateway', namespace: 'edge' }, { at: 'sidecar' }], {
      code: { configMap: 'filter' },
    });
    const { files } = await renderEnvoyFilter([given], options());
    expect(files.map(({ path }) => path)).toEqual([
      'configmap.edge.filter.yaml',
      'configmap.shop.filter.yaml',
      'envoyfilter.edge.tagalong-shop-0-gateway.yaml',
      'envoyfilter.shop.tagalong-shop-1-inbound.yaml',
      'envoyfilter.shop.tagalong-shop-1-outbound.yaml',
      'pod-annotations/edge.gateways.yaml',
      'pod-annotations/shop.yaml',
    ]);
  });

  it('that two policies would own is refused, with both named', () => {
    const one = policy([{ at: 'gateway' }]);
    const other = { ...one, metadata: { name: 'shop', namespace: 'other' } };
    const both = [one, { ...other, spec: { filters: [{ at: 'gateway', namespace: 'shop' }] } }];
    expect(() => renderEnvoyFilter(both as Policy[], options())).toThrow(
      'EnvoyFilter shop/tagalong-shop-0-gateway: found it in shop.shop and other.shop',
    );
  });
});

describe('the release module', () => {
  const names = namesIn(wasmModule(wasmBytes()));
  const everything: FilterSpec = {
    at: 'inbound',
    tags: [{ header: 'x-a', rules: [{ mint: { cookie: 'id' } }], echo: true }],
    limits: [{ name: 'a', rate: '1/s' }],
    propagate: {},
  };
  const entry = { id: 'a/b/0', direction: 'inbound' as const, configuration: { ...everything } };

  it('has every capability that a policy can need', () => {
    expect(capabilitiesOf(entry, names)).toEqual(capabilitiesOf(entry));
  });

  it('imports nothing of a proxy that no policy can need', () => {
    const wanted = new Set(capabilitiesOf(entry));
    const imported = [...names].filter((name) => /^proxy_(?!on_|abi_version)/.test(name));
    expect(imported.filter((name) => !wanted.has(name))).toEqual([]);
  });
});

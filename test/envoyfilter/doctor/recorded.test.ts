// States that are hard to bring a real Envoy into, as its administration interface would show them:
// Istio's proxies, filters behind the router, stand-ins of Istio's agent.

import { describe, expect, it } from 'vitest';
import { examine, type Question, type Report } from '../../../envoyfilter/src/doctor/doctor.js';
import type { Snapshot } from '../../../envoyfilter/src/doctor/snapshot.js';
import { filterEntries, readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import { extensionConfig } from '../../../envoyfilter/src/render/wasm-filter.js';
import { problemsOf } from './patient.js';

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const ADMIN = 'type.googleapis.com/envoy.admin.v3';
const SHA256 = 'a'.repeat(64);
const ISTIO_WASM = `/var/lib/istio/data/00/${SHA256}.wasm`;

const POLICY = readPolicy(`
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - {at: gateway, namespace: istio-ingress, tags: [{header: x-traffic-tag, default: stable}]}
    - {at: sidecar, selector: {app: reviews}, propagate: {headers: [x-traffic-tag]}}
`);
const [, INBOUND, OUTBOUND] = filterEntries(POLICY);

const counter = (direction: string) =>
  `wasmcustom.tagalong_propagate_total.policy=.=shop/shop/1;.;direction=.=${direction};.;`;
/** Both directions have counted a request; how many came is not among what Istio keeps. */
const COUNTED = { [counter('inbound')]: 1, [counter('outbound')]: 1 };

interface State {
  readonly version?: string;
  readonly state?: string;
  readonly labels?: object;
  readonly nodeId?: string;
  readonly namespace?: string;
  /** HTTP filters before the router, of each direction. */
  readonly inbound?: readonly object[];
  readonly outbound?: readonly object[];
  readonly after?: readonly object[];
  /** Resources of discovery. */
  readonly extensions?: readonly object[];
  readonly stats?: Readonly<Record<string, number>>;
  readonly samples?: Snapshot['samples'];
  readonly refusedListener?: string;
}

const router = { name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router` } };
const discovered = (name: string) => ({ name, config_discovery: {} });

function listener(name: string, direction: string, filters: readonly object[]): object {
  const manager = {
    '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    http_filters: filters,
  };
  return {
    name,
    traffic_direction: direction,
    address: { socket_address: { address: '0.0.0.0', port_value: 15006 } },
    filter_chains: [{ filters: [{ name: 'http', typed_config: manager }] }],
  };
}

/** A sidecar of Istio with both directions of the policy's second entry, unless told otherwise. */
function snapshot(state: State = {}): Snapshot {
  const {
    version = '1.39.1',
    inbound = [discovered('shop/shop/1/inbound')],
    outbound = [discovered('shop/shop/1/outbound')],
    after = [],
    extensions = [INBOUND!, OUTBOUND!].map((entry) =>
      extensionConfig(`${entry.id}/${entry.direction}`, entry, {
        wasmPath: ISTIO_WASM,
        envoy: '1.39',
      }),
    ),
  } = state;
  const dynamic = [
    listener('virtualInbound', 'INBOUND', [...inbound, router, ...after]),
    listener('0.0.0.0_9080', 'OUTBOUND', [...outbound, router, ...after]),
  ];
  return {
    server: {
      version: `abc/${version}/Clean/RELEASE/BoringSSL`,
      state: state.state ?? 'LIVE',
      node: {
        id: state.nodeId ?? 'sidecar~10.0.0.7~reviews-v1-x.shop~shop.svc.cluster.local',
        metadata: {
          NAMESPACE: state.namespace ?? 'shop',
          LABELS: state.labels ?? { app: 'reviews', version: 'v1' },
        },
      },
    },
    configDump: {
      configs: [
        {
          '@type': `${ADMIN}.ListenersConfigDump`,
          // The agent's own, for health and statistics.
          static_listeners: [{ listener: listener('agent', 'UNSPECIFIED', [router]) }],
          dynamic_listeners: dynamic.map((one) => ({
            name: (one as { name: string }).name,
            active_state: { listener: one },
            ...(state.refusedListener === (one as { name: string }).name
              ? { error_state: { details: 'terminal filter must be the last' } }
              : {}),
          })),
        },
        {
          '@type': `${ADMIN}.EcdsConfigDump`,
          ecds_filters: extensions.map((one) => ({ version_info: '7', ecds_filter: one })),
        },
      ],
    },
    versions: new Map(extensions.map((one) => [(one as { name: string }).name, '7'] as const)),
    stats: new Map(Object.entries(state.stats ?? COUNTED)),
    samples: state.samples ?? [],
    modules: new Map(),
  };
}

function report(state: State = {}, question: Partial<Question> = {}): Report {
  const module: Question['module'] = {
    sha256: SHA256,
    offers: new Set(),
    refusal: () => undefined,
  };
  return examine(snapshot(state), { policies: [POLICY], module, ...question });
}

describe('of a proxy of Istio doctor', () => {
  it('expects what the policy has for it, and takes the checksum from the path', () => {
    expect(report().findings).toEqual([]);
    expect(report().filters.map(({ id, direction }) => `${id} ${direction}`)).toEqual([
      'shop/shop/1 inbound',
      'shop/shop/1 outbound',
    ]);
  });

  it('says which direction is missing, and where an object must be', () => {
    const { findings } = report({ inbound: [] });
    expect(findings[0]).toMatchObject({
      check: 'filter-absent',
      what: 'shop/shop/1 (inbound) is not in this proxy; it has: shop/shop/1 (outbound).',
      remedy: expect.stringContaining('must be in namespace shop'),
    });
  });

  it('expects nothing where the selector does not fit', () => {
    const without = { inbound: [], outbound: [], labels: { app: 'ratings' } };
    expect(problemsOf(report(without))).toEqual([
      expect.stringMatching(/^filter-absent: .* and the policy has none for it either/),
    ]);
    expect(report({ labels: { app: 'ratings' } }).findings.map(({ check }) => check)).toEqual([
      'entry-unknown',
      'entry-unknown',
    ]);
  });

  it('says that a gateway lacks its entry', () => {
    const nodeId = 'router~10.0.0.8~gateway.istio-ingress~istio-ingress.svc.cluster.local';
    const state = { nodeId, namespace: 'istio-ingress', inbound: [], outbound: [] };
    expect(problemsOf(report(state))).toEqual([
      'filter-absent: No filter of Tagalong is in this proxy. ' +
        'Listeners: virtualInbound (0.0.0.0:15006), 0.0.0.0_9080 (0.0.0.0:15006).',
    ]);
    expect(problemsOf(report({ ...state, namespace: 'elsewhere' }))).toEqual([
      expect.stringContaining('and the policy has none for it either'),
    ]);
  });

  it('cannot tell whether a filter that counted nothing was asked', () => {
    const { findings, healthy } = report({ stats: { [counter('inbound')]: 1 } });
    expect(healthy).toBe(true);
    expect(findings).toEqual([
      expect.objectContaining({
        check: 'counters-still',
        level: 'note',
        what: expect.stringMatching(
          /^shop\/shop\/1 \(outbound\) counted nothing since it started; /,
        ),
      }),
    ]);
  });

  it('knows the stand-in of a module that the agent could not fetch', () => {
    const rbac = (rules?: object) => ({
      name: 'shop/shop/1/inbound',
      typed_config: { '@type': `${TYPE}.http.rbac.v3.RBAC`, ...(rules && { rules }) },
    });
    const outbound = { outbound: [] };
    expect(problemsOf(report({ ...outbound, extensions: [rbac()] }))).toContain(
      'fetch-failed: The module of shop/shop/1/inbound in listener virtualInbound could not be ' +
        'fetched; requests pass untouched meanwhile.',
    );
    expect(problemsOf(report({ ...outbound, extensions: [rbac({ action: 'DENY' })] }))).toContain(
      'fetch-failed: The module of shop/shop/1/inbound in listener virtualInbound could not be ' +
        'fetched; requests are answered 403 meanwhile.',
    );
  });

  it('says what the annotation is for where labels are missing', () => {
    const name = 'tagalong_config_policy___shop_shop_1____direction___inbound____state___active___';
    const [finding] = report({ samples: [{ name, labels: {}, value: 1 }] }).findings;
    expect(finding).toMatchObject({
      check: 'labels-missing',
      what: expect.stringContaining('(policy, direction, state)'),
      remedy: expect.stringMatching(/proxy\.istio\.io\/config.*extraStatTags: \[policy, /),
    });
  });
});

describe('doctor', () => {
  it('says that the filter stands behind the router', () => {
    const state = { inbound: [], after: [discovered('shop/shop/1/inbound')] };
    expect(problemsOf(report(state))).toContainEqual(
      expect.stringMatching(/^shadowed: .* in listener virtualInbound stands behind the router/),
    );
  });

  it('says why the update of a listener is refused', () => {
    expect(problemsOf(report({ refusedListener: 'virtualInbound' }))).toEqual([
      'listener-refused: Envoy refuses the update of listener virtualInbound: terminal filter ' +
        'must be the last',
    ]);
  });

  it.each([
    ['1.35.9', 'problem', 'Envoy is 1.35.9; Tagalong is tested with 1.36 to 1.40.'],
    ['1.41.0-dev', 'note', 'Envoy is 1.41.0-dev; Tagalong is tested with 1.36 to 1.40.'],
  ])('has a word on Envoy %s', (version, level, what) => {
    expect(report({ version }).findings).toEqual([
      expect.objectContaining({ check: 'envoy-version', level, what }),
    ]);
    expect(report({ version: '1.36.0' }).findings).toEqual([]);
    expect(report({ version: '1.40.3' }).findings).toEqual([]);
  });

  it('says that a proxy is not at work', () => {
    expect(problemsOf(report({ state: 'DRAINING' }))).toEqual([
      'not-live: The proxy is not at work: its state is DRAINING.',
    ]);
  });

  it('says that a list of capabilities lacks what the configuration needs', () => {
    const [extension] = [INBOUND!].map((entry) =>
      extensionConfig('shop/shop/1/inbound', entry, { wasmPath: ISTIO_WASM, envoy: '1.40' }),
    ) as [{ typed_config: { config: { vm_config: Record<string, object> } } }];
    extension.typed_config.config.vm_config.capability_restriction_config = {
      allowed_capabilities: { proxy_log: {} },
    };
    const module: Question['module'] = {
      sha256: SHA256,
      offers: new Set(['proxy_log', 'random_get']),
      refusal: () => undefined,
    };
    expect(problemsOf(report({ extensions: [extension], outbound: [] }, { module }))).toContain(
      'capabilities: shop/shop/1 (inbound) may not use 1 call that it needs: random_get.',
    );
  });

  it('counts what a filter could not do', () => {
    const labels = { policy: 'shop/shop/1', direction: 'inbound', kind: 'store' };
    const samples = [{ name: 'tagalong_errors_total', labels, value: 2 }];
    expect(report({ samples }).findings).toEqual([
      expect.objectContaining({
        check: 'errors',
        level: 'note',
        what: 'shop/shop/1 (inbound) counts 2 errors of kind store.',
      }),
    ]);
  });

  it('reads a dump of any form', () => {
    const odd = {
      ...snapshot(),
      configDump: { configs: [{ '@type': `${ADMIN}.EcdsConfigDump` }] },
    };
    const module: Question['module'] = { sha256: '', offers: new Set(), refusal: () => undefined };
    expect(examine(odd, { module }).healthy).toBe(false);
    for (const broken of [null, 1, [], [{ listener: 3 }], [{ listener: { filter_chains: {} } }]]) {
      const configs = [{ '@type': `${ADMIN}.ListenersConfigDump`, static_listeners: broken }];
      expect(examine({ ...odd, configDump: { configs } }, { module }).filters).toEqual([]);
    }
  });
});

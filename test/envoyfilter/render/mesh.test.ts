import { describe, expect, it } from 'vitest';
import type { MeshSpec, Policy } from '../../../envoyfilter/src/policy/policy.js';
import {
  meshResources,
  podAnnotations,
  podSysctls,
  proxyConfig,
} from '../../../envoyfilter/src/render/istio/mesh.js';
import { toYaml } from '../../../envoyfilter/src/render/resource.js';
import { goldenBeside } from '../../harness/golden.js';

const expectGolden = goldenBeside(import.meta.url);

const route = {
  host: 'reviews',
  tag: 'x-traffic-tag',
  versions: { stable: { version: 'v1' } },
  default: 'stable',
};

function policy(mesh?: MeshSpec, more: Partial<Policy['spec']> = {}, name = 'shop'): Policy {
  const filters = [
    { at: 'gateway', namespace: 'istio-ingress' },
    { at: 'sidecar', namespace: 'reviews' },
  ] as const;
  return {
    metadata: { name, namespace: 'shop' },
    spec: { filters, routes: [route], ...(mesh && { mesh }), ...more },
  };
}

function hostsOf(policies: readonly Policy[]): Record<string, string[]> {
  const sidecars = meshResources(policies).resources.filter(({ kind }) => kind === 'Sidecar');
  return Object.fromEntries(
    sidecars.map(({ metadata, spec }) => {
      const { egress } = spec as { egress: { hosts: string[] }[] };
      return [metadata.namespace ?? '', egress[0]?.hosts ?? []];
    }),
  );
}

describe('the resources of the mesh', () => {
  it('are rendered as they were', () => {
    const hosts = ['payments', 'data/*', 'api.example.com'];
    const rateLimitService = { host: 'ratelimit.limits.svc.cluster.local' };
    const { resources, notes } = meshResources([
      policy({ sidecar: { hosts } }, { rateLimitService }),
    ]);
    expectGolden('mesh.yaml', toYaml(resources, notes.join('\n')));
  });

  it('are the count of attempts where there are routes, and nothing else unasked', () => {
    const kinds = meshResources([policy()]).resources.map(({ kind, metadata }) => [
      ...[kind, metadata.namespace],
    ]);
    expect(kinds).toEqual([
      ['EnvoyFilter', 'shop'],
      ['EnvoyFilter', 'reviews'],
    ]);
    expect(meshResources([policy(undefined, { routes: [] })])).toEqual({
      resources: [],
      notes: [],
    });
    expect(hostsOf([policy({ sidecar: false })])).toEqual({});
  });

  it('are one Sidecar for a namespace that two policies share', () => {
    const other = { ...route, host: 'ratings.data.svc.cluster.local' };
    const hosts = hostsOf([
      policy({ sidecar: true }),
      policy({ sidecar: { hosts: ['payments'] } }, { routes: [other] }, 'other'),
    ]);
    const all = [
      'data/ratings.data.svc.cluster.local',
      'istio-system/*',
      'shop/payments.shop.svc.cluster.local',
      'shop/reviews.shop.svc.cluster.local',
    ];
    expect(hosts).toEqual({ shop: all, reviews: all });
  });
});

describe('pods', () => {
  it('hold the application where the mesh is spoken of and it is not forbidden', () => {
    const held = [undefined, {}, { holdApplication: true }, { holdApplication: false }].map(
      (mesh) => proxyConfig(policy(mesh)).holdApplicationUntilProxyStarts,
    );
    expect(held).toEqual([undefined, true, true, undefined]);
  });

  it('reach the ports of direct routes past the proxy, which is noted', () => {
    const direct = {
      b: { address: '[2001:db8::1]:9443', tls: true },
      a: { address: 'a:9080', plaintext: true },
      c: { address: 'c:9443', tls: true },
    } as const;
    const given = policy(undefined, { sdk: { direct } });
    expect(podAnnotations(given)).toEqual({
      'traffic.sidecar.istio.io/excludeOutboundPorts': '9080,9443',
    });
    expect(meshResources([given]).notes.join()).toContain('port 9080, 9443');
    expect(podAnnotations(policy())).toEqual({});
  });

  it('keep connections to istiod alive only where asked to', () => {
    const values = podSysctls(policy({ xdsKeepalive: true })).map(({ value }) => value);
    expect(values).toEqual(['30', '5', '3']);
    const { notes } = meshResources([policy({ xdsKeepalive: true })]);
    expect(notes.join()).toContain('Kubernetes allows from 1.29');
    expect(podSysctls(policy({ xdsKeepalive: false }))).toEqual([]);
    expect(podSysctls(policy())).toEqual([]);
  });
});

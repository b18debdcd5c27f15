import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { DeliverySpec, FilterSpec, Policy } from '../../../envoyfilter/src/policy/policy.js';
import { deliveryOf } from '../../../envoyfilter/src/render/delivery.js';
import { podPatch, podTemplates } from '../../../envoyfilter/src/render/istio/pod-template.js';
import { LABELS } from '../../../envoyfilter/src/render/stats-tags.js';
import { tinyModule } from './tiny-module.js';

function policy(
  name: string,
  filters: readonly FilterSpec[],
  spec: { delivery?: DeliverySpec; mesh?: object } = {},
): Policy {
  return { metadata: { name, namespace: 'shop' }, spec: { filters, ...spec } };
}

const templates = (...policies: Policy[]) =>
  podTemplates(policies.map((one) => ({ policy: one, delivery: deliveryOf(one, tinyModule) })));

describe('the annotations of pods', () => {
  it('make labels of the metrics, in every namespace with a filter', () => {
    const found = templates(policy('a', [{ at: 'gateway', namespace: 'edge' }, { at: 'sidecar' }]));
    expect(found.map(({ namespace, role }) => [namespace, role])).toEqual([
      ['edge', 'gateways'],
      ['shop', 'sidecars'],
    ]);
    for (const { annotations } of found) {
      expect(parse(annotations['proxy.istio.io/config'] ?? '').extraStatTags).toEqual(LABELS);
    }
  });

  it('are one proxy configuration for all that is wanted of it', () => {
    const mesh = { holdApplication: true };
    const [edge, shop] = templates(
      policy('a', [{ at: 'gateway', namespace: 'edge' }, { at: 'inbound' }], { mesh }),
      policy('b', [{ at: 'outbound' }]),
    );
    expect(parse(shop?.annotations['proxy.istio.io/config'] ?? '')).toEqual({
      holdApplicationUntilProxyStarts: true,
      extraStatTags: [...LABELS],
    });
    // No application waits for a gateway.
    expect(parse(edge?.annotations['proxy.istio.io/config'] ?? '')).toEqual({
      extraStatTags: [...LABELS],
    });
  });

  it('mount the ConfigMap where the filter looks for the module', () => {
    const [one] = templates(
      policy('a', [{ at: 'inbound' }], { delivery: { code: { configMap: 'm' } } }),
    );
    expect(JSON.parse(one?.annotations['sidecar.istio.io/userVolume'] ?? '')).toEqual({
      tagalong: { configMap: { name: 'm' } },
    });
    expect(JSON.parse(one?.annotations['sidecar.istio.io/userVolumeMount'] ?? '')).toEqual({
      tagalong: { mountPath: '/etc/tagalong', readOnly: true },
    });
  });

  // Istio's template for gateways reads no annotation for volumes.
  it('of gateways are none for a volume: it is in their own pods', () => {
    const code = { configMap: 'm' };
    const [sidecars, gateways] = templates(
      policy('a', [{ at: 'gateway' }, { at: 'inbound' }], { delivery: { code } }),
    );
    if (sidecars === undefined || gateways === undefined) throw new Error('a template for each');
    expect(Object.keys(gateways.annotations)).toEqual(['proxy.istio.io/config']);
    expect(parse(podPatch(gateways)).spec.template.spec).toEqual({
      containers: [
        {
          name: 'istio-proxy',
          volumeMounts: [{ name: 'tagalong', mountPath: '/etc/tagalong', readOnly: true }],
        },
      ],
      volumes: [{ name: 'tagalong', configMap: { name: 'm' } }],
    });
    expect(parse(podPatch(sidecars)).spec.template).not.toHaveProperty('spec');
  });

  it('that two policies want differently are refused', () => {
    const of = (name: string, at: 'inbound' | 'gateway' = 'inbound') =>
      policy(name, [{ at }], { delivery: { code: { configMap: name } } });
    expect(() => templates(of('a'), of('a'))).not.toThrow();
    expect(() => templates(of('a'), of('b'))).toThrow(
      'pods of namespace shop: found sidecar.istio.io/userVolume as',
    );
    expect(() => templates(of('a', 'gateway'), of('b'))).not.toThrow();
    expect(() => templates(of('a', 'gateway'), of('b', 'gateway'))).toThrow(
      'pods of namespace shop: found ConfigMap as "a" and as "b"',
    );
  });

  it('are a patch that kustomize takes', () => {
    const [one] = templates(policy('a', [{ at: 'inbound' }], { mesh: { xdsKeepalive: true } }));
    if (one === undefined) throw new Error('a template');
    expect(parse(podPatch(one))).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'any', namespace: 'shop' },
      spec: {
        template: {
          metadata: { annotations: one.annotations },
          spec: { securityContext: { sysctls: one.sysctls } },
        },
      },
    });
    expect(one.sysctls.length).toBeGreaterThan(0);
  });
});

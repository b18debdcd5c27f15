import { describe, expect, it } from 'vitest';
import { render, targetOf } from '../../../envoyfilter/src/render/render.js';
import { apiOf, envoyOf, ISTIOS, versionIn } from '../../../envoyfilter/src/render/target.js';
import { tinyModule } from './tiny-module.js';

describe('the target', () => {
  it('is the newest Istio with its own Envoy, or the newest Envoy where there is no Istio', () => {
    expect(targetOf('envoyfilter')).toEqual({ istio: '1.31', envoy: '1.39' });
    expect(targetOf('envoyfilter', '1.28')).toEqual({ istio: '1.28', envoy: '1.36' });
    expect(targetOf('envoy')).toEqual({ istio: '1.31', envoy: '1.40' });
    expect(targetOf('envoy', undefined, 'v1.37.2')).toEqual({ istio: '1.31', envoy: '1.37' });
    expect(ISTIOS.map(envoyOf)).toEqual(['1.36', '1.37', '1.38', '1.39']);
  });

  it.each([
    ['--istio', '1.27', undefined, '1.28, 1.29, 1.30, 1.31'],
    ['--istio', 'latest', undefined, '1.28, 1.29'],
    ['--envoy', undefined, '1.41', '1.36, 1.37, 1.38, 1.39, 1.40'],
    ['--envoy', undefined, '1.4', '1.36, 1.37'],
  ])('is refused with what there is: %s', (option, istio, envoy, wanted) => {
    const found = `found ${option} ${istio ?? envoy}, wanted one of ${wanted}`;
    expect(() => targetOf('envoyfilter', istio, envoy)).toThrow(found);
  });

  it('has the API of the older of istiod and the proxy', () => {
    expect(apiOf({ istio: '1.31', envoy: '1.40' })).toBe('1.39');
    expect(apiOf({ istio: '1.31', envoy: '1.36' })).toBe('1.36');
  });

  it('reads versions exactly', () => {
    expect(versionIn('1.31.4', ISTIOS)).toBe('1.31');
    expect(versionIn('1.3', ISTIOS)).toBeUndefined();
    expect(versionIn('1.311', ISTIOS)).toBeUndefined();
  });
});

describe('what a version lacks', () => {
  const policy = {
    metadata: { name: 'a', namespace: 'b' },
    spec: { filters: [{ at: 'gateway' as const }], delivery: { code: { file: '/a.wasm' } } },
  };
  const options = { module: tinyModule };

  it('is an error with the remedy', async () => {
    const old = { ...options, target: targetOf('trafficextension', '1.29') };
    await expect(render('trafficextension', [policy], old)).rejects.toThrow(
      'found --istio 1.29, wanted 1.30 or newer',
    );
    const recent = { ...options, target: targetOf('trafficextension', '1.30') };
    await expect(render('trafficextension', [policy], recent)).resolves.toBeDefined();
  });

  it.each(['wasmplugin', 'trafficextension'] as const)('%s cannot hold the module', async (as) => {
    const { delivery: _, ...spec } = policy.spec;
    const inline = { ...policy, spec };
    await expect(render(as, [inline], { ...options, target: targetOf(as) })).rejects.toThrow(
      'spec.delivery.code: found inline, wanted {oci: IMAGE}',
    );
  });

  it('--only is for what has parts', async () => {
    const only = { ...options, target: targetOf('envoy'), only: 'routes' as const };
    await expect(render('envoy', [policy], only)).rejects.toThrow('found --only routes');
  });
});

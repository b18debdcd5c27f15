// A configuration that the filter refuses, a module that is none, a resource that never comes: through
// Istio none of them fails a request, at start and on update.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { As } from '../../envoyfilter/src/render/render.js';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { type K8sObject, type RenderedForIstio, renderForIstio } from './rendered.js';
import { GATEWAY_PORT, Shop, WEB, WEB_ROUTE } from './shop.js';

const policy = (value: string, ...more: readonly string[]) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags: [{header: x-traffic-tag, rules: [{name: all, value: ${value}}]}]
${more.join('\n')}
  delivery: {code: {file: ${WASM_PATH}}}
`;
const ANOTHER = `
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags: [{header: x-other, rules: [{name: all, value: other}]}]
`;

interface Patch {
  readonly applyTo: string;
  readonly patch: { readonly value: Record<string, unknown> };
}
interface Wasm {
  readonly config: {
    readonly name: string;
    configuration: { value: string };
    vm_config: { code: unknown };
  };
}

/**
 * The resources with something else in place of each filter's EXTENSION_CONFIG patch, or none; and
 * listeners that do not wait long for what never comes.
 */
function spoilt(resources: readonly K8sObject[], spoil: (wasm: Wasm) => boolean): K8sObject[] {
  const copy = structuredClone(resources) as K8sObject[];
  for (const { kind, spec } of copy) {
    if (kind !== 'EnvoyFilter') continue;
    const all = spec as { configPatches: Patch[] };
    all.configPatches = all.configPatches.filter(({ applyTo, patch }) => {
      const { typed_config, config_discovery } = patch.value as {
        typed_config?: Wasm;
        config_discovery?: { config_source: Record<string, unknown> };
      };
      if (config_discovery !== undefined) {
        config_discovery.config_source.initial_fetch_timeout = '0.2s';
      }
      if (applyTo !== 'EXTENSION_CONFIG' || typed_config === undefined) return true;
      return spoil(typed_config);
    });
  }
  return copy;
}

const TROUBLES = {
  'a refused configuration': (wasm: Wasm) => {
    wasm.config.configuration.value = JSON.stringify({
      ...JSON.parse(wasm.config.configuration.value),
      tags: 'none',
    });
    return true;
  },
  'a corrupt module': (wasm: Wasm) => {
    const bytes = Buffer.from('this is no module').toString('base64');
    wasm.config.vm_config.code = { local: { inline_bytes: bytes } };
    return true;
  },
} as const;

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])('on Envoy %s', (envoy) => {
  let judge: Judge;
  let shop: Shop | undefined;
  const render = async (
    value: string,
    as: As = 'envoyfilter',
    ...more: readonly string[]
  ): Promise<RenderedForIstio> => {
    const rendered = await renderForIstio([policy(value, ...more)], { as, envoy });
    const { resources, annotations } = rendered;
    return { annotations, resources: [WEB_ROUTE, ...spoilt(resources, () => true)] };
  };
  const seen = async (...headers: readonly string[]) => {
    const answer = await shop!.edge.get(WEB, GATEWAY_PORT);
    return [answer.status, ...headers.flatMap((header) => answer.got(header))];
  };
  const tag = () => seen('x-traffic-tag');

  beforeAll(async () => {
    judge = await Judge.start();
  });
  afterAll(() => judge?.stop());
  afterEach(async () => {
    await shop?.close();
    shop = undefined;
  });

  it.each(
    Object.entries(TROUBLES),
  )('%s lets requests pass, and what was before stays', async (_, trouble) => {
    const good: RenderedForIstio = await render('canary');
    const bad = spoilt(good.resources, trouble);
    shop = await Shop.open(judge, { ...good, resources: bad }, envoy, true);
    expect(await tag()).toEqual([200]);
    await shop.edge.waitForLog(/rejected: Unable to create Wasm plugin/);
    await shop.apply(good.resources);
    expect(await tag()).toEqual([200, 'canary']);
    const next = spoilt((await render('stable')).resources, trouble);
    expect(await shop.attempt(next)).toEqual([expect.stringMatching(/wasm/i)]);
    expect(await tag()).toEqual([200, 'canary']);
  });

  it('a refused configuration that comes with another filter leaves what was before', async () => {
    const good = await render('canary');
    shop = await Shop.open(judge, good, envoy);
    expect(await tag()).toEqual([200, 'canary']);
    const { resources } = await render('stable', 'envoyfilter', ANOTHER);
    const next = spoilt(resources, (wasm) => {
      return !wasm.config.name.endsWith('/0') || TROUBLES['a refused configuration'](wasm);
    });
    expect(await shop.attempt(next)).toEqual([expect.stringMatching(/wasm/i)]);
    expect(await seen('x-traffic-tag', 'x-other')).toEqual([200, 'canary', 'other']);
  });

  // It has no default, and cannot be strict: the filter itself lets requests pass.
  it('a configuration that a WasmPlugin brings and the filter refuses fails no request', async () => {
    const good = await render('canary', 'wasmplugin');
    const bad = structuredClone(good.resources) as K8sObject[];
    for (const { kind, spec } of bad) {
      if (kind !== 'WasmPlugin') continue;
      (spec as { pluginConfig: Record<string, unknown> }).pluginConfig.tags = 'none';
    }
    shop = await Shop.open(judge, { ...good, resources: bad }, envoy);
    expect(await tag()).toEqual([200]);
    await shop.apply(good.resources);
    expect(await tag()).toEqual([200, 'canary']);
    await shop.apply(bad);
    expect(await tag()).toEqual([200, 'canary']);
  });

  it('a resource that does not come lets requests pass', async () => {
    const good = await render('canary');
    const bare = spoilt(good.resources, () => false);
    shop = await Shop.open(judge, { ...good, resources: bare }, envoy);
    expect(await tag()).toEqual([200]);
    await shop.apply(good.resources);
    expect(await tag()).toEqual([200, 'canary']);
  });
});

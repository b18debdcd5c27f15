// Where Istio's own code puts rendered filters in a proxy's chain, and what that is good for.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/ecds.js';
import { WASM_PATH } from '../harness/wasm.js';
import type { IstioProxy } from './istio-proxy.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, ORIGIN, WEB, WITH_CORS } from './shop.js';

const policy = (code: string, faults = '') => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags:
        - header: x-traffic-tag
          rules:
            - {name: testers, when: {header: x-user-group, exact: internal}, value: canary}
          default: stable
      limits:
        - {name: everything, rate: 100000/h, scope: global}
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags: [{header: x-second, default: after}]
  routes:
    - {host: web, gateways: [istio-ingress/edge], tag: x-traffic-tag,
       versions: {stable: {version: v1}, canary: {version: v2}}, default: stable${faults}}
  rateLimitService: {host: web, port: 80}
  delivery: {code: ${code}}
`;
const FAULTS = ', faults: {canary: {abort: {status: 418}}}';

const LIMITED = `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: limited, namespace: istio-ingress}
spec:
  filters:
    - at: gateway
      selector: {istio: ingressgateway}
      limits: [{name: one, rate: 1/h, burst: 1}]
`;

/** Names of the HTTP filters of the gateway's listener, in their order. */
async function chainOf(proxy: IstioProxy): Promise<string[]> {
  const dump = JSON.stringify(await proxy.admin.configDump('?resource=dynamic_listeners'));
  const [, filters = ''] =
    /"http_filters":(\[.*?envoy\.filters\.http\.router"[^\]]*\])/.exec(dump) ?? [];
  const found = JSON.parse(filters || '[]') as { name: string }[];
  return found.map(({ name }) => name);
}

const istio = await findIstio();

describe.skipIf(istio === undefined)('a rendered filter in Istio', () => {
  let judge: Judge;
  let web: Service;
  let edge: IstioProxy | undefined;
  beforeAll(async () => {
    judge = await Judge.start();
    web = await Service.start({ host: WEB, port: 80, versions: { v1: 1, v2: 1 } });
  });
  afterEach(() => edge?.stop());
  afterAll(async () => {
    await judge?.stop();
    await web?.stop();
  });

  /** A gateway with what the policy is rendered as. */
  async function open(text: string, as: 'envoyfilter' | 'wasmplugin', envoy: string) {
    const { resources } = await renderForIstio([text], { as, envoy });
    await judge.apply([GATEWAY, web.resource(), ...resources]);
    const labels = { istio: 'ingressgateway' };
    edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy });
    return edge;
  }

  const LIMITS = ['shop/shop/0/limits/everything', 'shop/shop/0/limits'];

  it.each([
    ['without faults', '', 'envoy.filters.http.router'],
    ['with faults', FAULTS, 'envoy.filters.http.fault'],
  ])('stands with its limits in the order of the policy: %s', async (_what, faults, anchor) => {
    const proxy = await open(policy('inline', faults), 'envoyfilter', '1.39');
    const chain = await chainOf(proxy);
    const from = chain.indexOf('shop/shop/0/limits/guard');
    expect(chain.slice(from, from + 6)).toEqual([
      'shop/shop/0/limits/guard',
      'shop/shop/0/gateway',
      ...LIMITS,
      'shop/shop/1/gateway',
      anchor,
    ]);
  });

  it('as a WasmPlugin has its guard before and its limits behind', async () => {
    const proxy = await open(policy(`{file: ${WASM_PATH}}`), 'wasmplugin', '1.39');
    const chain = await chainOf(proxy);
    const at = (part: string) => chain.findIndex((name) => name.includes(part));
    expect(at('limits/guard')).toBe(0);
    expect(at('tagalong-shop-0-gateway')).toBeGreaterThan(0);
    expect(at('tagalong-shop-1-gateway')).toBeGreaterThan(at('tagalong-shop-0-gateway'));
    expect(chain.slice(-3)).toEqual([...LIMITS, 'envoy.filters.http.router']);
  });

  it.each([
    '1.36',
    '1.40',
  ])('decides the tag before its faults are injected, on Envoy %s', async (envoy) => {
    const proxy = await open(policy('inline', FAULTS), 'envoyfilter', envoy);
    const ask = async (headers: Record<string, string>) =>
      (await proxy.get(WEB, GATEWAY_PORT, '/', headers)).status;
    expect(await ask({ 'x-user-group': 'internal' })).toBe(418);
    expect(await ask({})).toBe(200);
    // What a client says of itself is no tag.
    expect(await ask({ 'x-traffic-tag': 'canary' })).toBe(200);
  });

  it('answers by a limit what browsers may read', async () => {
    const { resources } = await renderForIstio([LIMITED], { envoy: '1.39' });
    await judge.apply([GATEWAY, web.resource(), WITH_CORS, ...resources]);
    const labels = { istio: 'ingressgateway' };
    edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy: '1.39' });
    const ask = () => edge?.get(WEB, GATEWAY_PORT, '/', { origin: ORIGIN });
    expect((await ask())?.status).toBe(200);
    const limited = await ask();
    expect(limited?.status).toBe(429);
    expect(limited?.said('access-control-allow-origin')).toEqual([ORIGIN]);
  });

  // An update that never came with the rest: the proxy waits for it as long as it is told to, 15 s.
  it('whose configuration is missing lets requests pass, and is in force once it is there', async () => {
    const { resources } = await renderForIstio([policy('inline')], { envoy: '1.39' });
    const all = [GATEWAY, web.resource(), ...resources];
    await judge.apply(all.map(withoutExtension));
    const labels = { istio: 'ingressgateway' };
    edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy: '1.39' });
    const ask = async () => {
      const answer = await edge?.get(WEB, GATEWAY_PORT, '/', { 'x-traffic-tag': 'forged' });
      return [answer?.status, ...(answer?.got('x-traffic-tag') ?? [])];
    };
    expect(await ask()).toEqual([200, 'forged']);
    await judge.apply(all);
    await until('the filter decides', async () => (await ask())[1] === 'stable');
    await judge.apply(all.map(withoutExtension));
    expect(await ask()).toEqual([200, 'stable']);
  }, 60_000);
});

/** An EnvoyFilter with its listener patches alone. */
function withoutExtension(resource: object): object {
  const { kind, spec } = resource as {
    kind: string;
    spec: { configPatches: { applyTo: string }[] };
  };
  if (kind !== 'EnvoyFilter') return resource;
  const configPatches = spec.configPatches.filter(({ applyTo }) => applyTo !== 'EXTENSION_CONFIG');
  return { ...resource, spec: { ...spec, configPatches } };
}

// What changes by push, while traffic goes through: features come and go, and no request notices.

import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/ecds.js';
import { Load } from '../harness/load.js';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, GATEWAY_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB, WEB_ROUTE } from './shop.js';

const LIMIT = 'limits: [{name: login, when: {path: {exact: /login}}, rate: 1/h}]';
const TAG = 'tags: [{header: x-traffic-tag, rules: [{name: all, value: canary}]}]';
const PROPAGATE = 'propagate: {headers: [x-tenant]}';

/** A policy whose sidecar entry has these sections, and whose gateway tags everybody. */
const policy = (...sections: readonly string[]) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags: [{header: x-edge, rules: [{name: all, value: edge}]}]
    - at: sidecar
      selector: {app: frontend}
${sections.map((section) => `      ${section}`).join('\n')}
  delivery: {code: {file: ${WASM_PATH}}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined).each([
  ['envoyfilter', '1.36'],
  ['envoyfilter', '1.40'],
  ['wasmplugin', '1.36'],
  ['wasmplugin', '1.40'],
] as const)('by push of %s, on Envoy %s', (as, envoy) => {
  let judge: Judge;
  let shop: Shop;
  const resources = async (...sections: readonly string[]) => [
    WEB_ROUTE,
    ...(await renderForIstio([policy(...sections)], { as, envoy })).resources,
  ];
  const push = async (...sections: readonly string[]) => shop.apply(await resources(...sections));

  beforeAll(async () => {
    judge = await Judge.start();
    shop = await Shop.open(judge, await renderForIstio([policy(TAG)], { as, envoy }), envoy);
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it('a limit comes and goes', async () => {
    const login = async () => (await shop.sidecar.receive(APP_PORT, '/login')).status;
    const twice = async () => [await login(), await login()];
    expect(await twice()).toEqual([200, 200]);
    await push(TAG, LIMIT);
    expect(await twice()).toEqual([200, 429]);
    await push(TAG);
    expect(await twice()).toEqual([200, 200]);
  });

  it('a tag comes and goes', async () => {
    const tag = async () => (await shop.sidecar.get(REVIEWS, REVIEWS_PORT)).got('x-traffic-tag');
    await push(TAG);
    expect(await tag()).toEqual(['canary']);
    await push(LIMIT);
    expect(await tag()).toEqual([]);
    await push(TAG);
    expect(await tag()).toEqual(['canary']);
  });

  it('a propagate section comes and goes', async () => {
    let requests = 0;
    const tenantOfCall = async () => {
      const id = `00000000-0000-4000-8000-${String(++requests).padStart(12, '0')}`;
      await shop.sidecar.receive(APP_PORT, '/', { 'x-request-id': id, 'x-tenant': 'blue' });
      const call = await shop.sidecar.get(REVIEWS, REVIEWS_PORT, '/', { 'x-request-id': id });
      return call.got('x-tenant');
    };
    expect(await tenantOfCall()).toEqual([]);
    await push(TAG, PROPAGATE);
    expect(await tenantOfCall()).toEqual(['blue']);
    await push(TAG);
    expect(await tenantOfCall()).toEqual([]);
  });

  it('nothing fails of the traffic that goes through meanwhile', async () => {
    await push(TAG);
    const kinds = ['edge', 'inbound', 'outbound'] as const;
    const agent = new Agent({ keepAlive: true });
    const load = Load.start(6, async (turn) => {
      const kind = kinds[turn % kinds.length]!;
      // Every other over a connection that is kept, as sidecars and browsers have it.
      const kept = turn % 2 === 0 ? {} : { agent };
      const answer = await {
        edge: () => shop.edge.send(GATEWAY_PORT, { headers: { host: WEB }, ...kept }),
        inbound: () => shop.sidecar.send(APP_PORT, kept),
        outbound: () => shop.sidecar.send(REVIEWS_PORT, { headers: { host: REVIEWS }, ...kept }),
      }[kind]();
      return `${kind} ${answer.status}`;
    });
    const states = [
      await resources(TAG, LIMIT),
      await resources(TAG, LIMIT, PROPAGATE),
      await resources(PROPAGATE),
      [WEB_ROUTE], // the policy is gone
      await resources(TAG),
      [WEB_ROUTE],
      await resources(TAG, PROPAGATE),
    ];
    try {
      for (const state of states) {
        await shop.apply(state);
        const before = load.count;
        await until('requests go through', async () => load.count > before + 30);
      }
    } finally {
      await load.stop();
      agent.destroy();
    }
    expect([...load.seen.keys()].sort()).toEqual(kinds.map((kind) => `${kind} 200`));
  });
});

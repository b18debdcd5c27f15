// Faults in the routes move all of a policy's filters before Istio's own for faults: in every kind of
// listener there is one to stand before.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB_ROUTE } from './shop.js';

const POLICY = `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: sidecar
      selector: {app: frontend}
      tags: [{header: x-traffic-tag, rules: [{name: some, when: {path: {exact: /canary}}, value: canary}]}]
      limits: [{name: login, when: {path: {exact: /login}}, rate: 1/h}]
  routes:
    - host: reviews
      tag: x-traffic-tag
      versions: {stable: {version: v1}, canary: {version: v2}}
      default: stable
      faults: {canary: {abort: {status: 418}}}
  delivery: {code: {file: ${WASM_PATH}}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined).each([
  ['envoyfilter', '1.36'],
  ['envoyfilter', '1.40'],
  ['wasmplugin', '1.40'],
] as const)('with faults, by %s on Envoy %s', (as, envoy) => {
  let judge: Judge;
  let shop: Shop;
  beforeAll(async () => {
    judge = await Judge.start();
    const { resources, annotations } = await renderForIstio([POLICY], { as, envoy });
    shop = await Shop.open(judge, { resources: [WEB_ROUTE, ...resources], annotations }, envoy);
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it('inbound requests are limited', async () => {
    expect((await shop.sidecar.receive(APP_PORT, '/login')).status).toBe(200);
    expect((await shop.sidecar.receive(APP_PORT, '/login')).status).toBe(429);
  });

  it('outbound requests are tagged before a fault is decided', async () => {
    const ask = async (path: string) =>
      (await shop.sidecar.get(REVIEWS, REVIEWS_PORT, path)).status;
    expect(await ask('/canary')).toBe(418);
    expect(await ask('/')).toBe(200);
  });
});

// Objects that come one by one, in the order in which they are rendered, and go in the other: no
// request fails in between.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { type K8sObject, renderForIstio } from './rendered.js';
import { APP_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB_ROUTE } from './shop.js';

const policy = (versions: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: sidecar
      selector: {app: frontend}
      tags: [{header: x-traffic-tag, incoming: trust}]
      limits: [{name: login, when: {path: {exact: /login}}, rate: 1/h}]
  routes:
    - host: reviews
      port: ${REVIEWS_PORT}
      tag: x-traffic-tag
      versions: ${versions}
      default: stable
      fallback: stable
  delivery: {code: {file: ${WASM_PATH}}}
`;
const TWO = '{stable: {version: v1}, canary: {version: v2}}';
const THREE = '{stable: {version: v1}, canary: {version: v2}, feature: {version: v3}}';

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])('in order, Envoy %s', (envoy) => {
  let judge: Judge;
  let shop: Shop;
  const statuses = async () => {
    const call = async (tag: string) =>
      (await shop.sidecar.get(REVIEWS, REVIEWS_PORT, '/', { 'x-traffic-tag': tag })).status;
    const received = (await shop.sidecar.receive(APP_PORT, '/')).status;
    return [await call('stable'), await call('canary'), received];
  };

  beforeAll(async () => {
    judge = await Judge.start();
    shop = await Shop.open(judge, { resources: [WEB_ROUTE], annotations: {} }, envoy);
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it.each([
    ['two versions', TWO],
    ['three versions, one without pods', THREE],
  ])('objects of %s come and go, and all is answered', async (_what, versions) => {
    const { resources } = await renderForIstio([policy(versions)], { envoy });
    const kinds = resources.map(({ kind }: K8sObject) => kind);
    expect(kinds).toContain('VirtualService');
    const counts = [...kinds.keys(), kinds.length];
    for (const count of [...counts, ...counts.toReversed()]) {
      await shop.apply([WEB_ROUTE, ...resources.slice(0, count)]);
      const last = kinds[count - 1] ?? 'nothing';
      expect({ last, answers: await statuses() }).toEqual({ last, answers: [200, 200, 200] });
    }
  });

  it('a route without its subsets would be answered with 503', async () => {
    const { resources } = await renderForIstio([policy(TWO)], { envoy });
    await shop.apply([WEB_ROUTE, ...resources.filter(({ kind }) => kind !== 'DestinationRule')]);
    expect((await statuses()).slice(0, 2)).toEqual([503, 503]);
    await shop.apply([WEB_ROUTE]);
  });
});

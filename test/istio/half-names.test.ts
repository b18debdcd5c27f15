// Hosts that are neither a service's short name nor its full one: Istio completes nothing, and the
// service is reached as if there were no route, which `render` says on stderr.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { REVIEWS, REVIEWS_PORT, Shop, WEB_ROUTE } from './shop.js';

const policy = (host: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters: []
  routes:
    - host: ${host}
      tag: x-traffic-tag
      versions: {stable: {version: v1}, canary: {version: v2}}
      default: stable
`;

const istio = await findIstio();

describe.skipIf(istio === undefined)('a route of', () => {
  let judge: Judge;
  let shop: Shop;
  const versions = async () => {
    const calls = Array.from({ length: 24 }, () =>
      shop.sidecar.get(REVIEWS, REVIEWS_PORT, '/', { 'x-traffic-tag': 'canary' }),
    );
    const seen = (await Promise.all(calls)).map(({ status, version }) => `${status} ${version}`);
    return [...new Set(seen)].sort();
  };

  beforeAll(async () => {
    judge = await Judge.start();
    shop = await Shop.open(judge, { resources: [WEB_ROUTE], annotations: {} }, '1.40');
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it.each([
    ['reviews', ['200 v2']],
    [REVIEWS, ['200 v2']],
    ['reviews.shop', ['200 v1', '200 v2']],
    ['reviews.shop.svc', ['200 v1', '200 v2']],
  ])('%s leads to %j', async (host, seen) => {
    const { resources } = await renderForIstio([policy(host)], { envoy: '1.40' });
    await shop.apply([WEB_ROUTE, ...resources]);
    expect(await versions()).toEqual(seen);
  });
});

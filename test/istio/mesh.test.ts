// From a policy to traffic: rendered, translated by Istio's own code, served by real Envoys.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, GATEWAY_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB } from './shop.js';

const policy = (code: string) => `
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
          echo: true
    - at: sidecar
      selector: {app: frontend}
      tags: [{header: x-traffic-tag}]
      propagate: {}
      limits:
        - {name: login, when: {path: {exact: /login}}, rate: 1/h, burst: 2}
  routes:
    - {host: web, gateways: [istio-ingress/edge], tag: x-traffic-tag,
       versions: {stable: {version: v1}, canary: {version: v2}}, default: stable}
    - {host: reviews, tag: x-traffic-tag,
       versions: {stable: {version: v1}, canary: {version: v2}}, default: stable}
  delivery: {code: ${code}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined)('a policy through Istio', () => {
  let judge: Judge;
  beforeAll(async () => {
    judge = await Judge.start();
  });
  afterAll(() => judge?.stop());

  describe.each([
    ['envoyfilter', 'inline', '1.36'],
    ['envoyfilter', 'inline', '1.40'],
    ['envoyfilter', `{file: ${WASM_PATH}}`, '1.40'],
    ['wasmplugin', `{file: ${WASM_PATH}}`, '1.36'],
    ['wasmplugin', `{file: ${WASM_PATH}}`, '1.40'],
    ['trafficextension', `{file: ${WASM_PATH}}`, '1.40'],
  ] as const)('as %s with code %s on Envoy %s', (as, code, envoy) => {
    let shop: Shop;
    beforeAll(async () => {
      const rendered = await renderForIstio([policy(code)], { as, envoy });
      shop = await Shop.open(judge, rendered, envoy);
    });
    afterAll(() => shop?.close());

    it('decides tags at the gateway, where none is believed, and routes by them', async () => {
      const ask = (headers: Record<string, string>) =>
        shop.edge.get(WEB, GATEWAY_PORT, '/', headers);
      const seen = await Promise.all([
        ask({}),
        ask({ 'x-user-group': 'internal' }),
        ask({ 'x-traffic-tag': 'canary' }),
      ]);
      expect(seen.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(seen.map(({ version }) => version)).toEqual(['v1', 'v2', 'v1']);
      expect(seen.map((one) => one.got('x-traffic-tag'))).toEqual([
        ['stable'],
        ['canary'],
        ['stable'],
      ]);
      expect(seen.map((one) => one.said('x-traffic-tag'))).toEqual([
        ['stable'],
        ['canary'],
        ['stable'],
      ]);
    });

    it('gives a call of the application the tag of the request that it is for', async () => {
      const id = 'f1d9a0e8-7c1d-4b52-9d3c-5d6a4f1c2b3e';
      const inbound = await shop.sidecar.receive(APP_PORT, '/', {
        'x-request-id': id,
        'x-traffic-tag': 'canary',
      });
      expect([inbound.status, inbound.version]).toEqual([200, 'app']);
      const call = await shop.sidecar.get(REVIEWS, REVIEWS_PORT, '/', { 'x-request-id': id });
      expect([call.status, call.version]).toEqual([200, 'v2']);
      expect(call.got('x-traffic-tag')).toEqual(['canary']);
      const other = await shop.sidecar.get(REVIEWS, REVIEWS_PORT);
      expect([other.status, other.version, other.got('x-traffic-tag')]).toEqual([200, 'v1', []]);
    });

    it('limits what comes in', async () => {
      const statuses: number[] = [];
      for (let i = 0; i < 4; i++) {
        statuses.push((await shop.sidecar.receive(APP_PORT, '/login')).status);
      }
      expect(statuses).toEqual([200, 200, 429, 429]);
      expect((await shop.sidecar.receive(APP_PORT, '/login')).said('retry-after')).not.toEqual([]);
      expect((await shop.sidecar.receive(APP_PORT, '/other')).status).toBe(200);
    });

    it('counts all that under labels, by the rendered annotation', async () => {
      const samples = await Promise.all(
        [shop.edge, shop.sidecar].map(({ admin }) => admin.prometheus('tagalong')),
      );
      const ours = samples.flat().filter(({ name }) => name.startsWith('tagalong_'));
      const names = new Set(ours.map(({ name }) => name));
      for (const name of ['tag_total', 'limit_total', 'propagate_total', 'config']) {
        expect(names).toContain(`tagalong_${name}`);
      }
      // What is left of a label that was not taken out.
      expect([...names].filter((name) => /__|=/.test(name))).toEqual([]);
      const bare = ours.filter(({ labels }) => !labels.policy || !labels.direction);
      expect(bare).toEqual([]);
      // A plugin's VM serves several entries: what is its own has the plugin's name.
      const entries = new Set(
        ours
          .filter(({ labels }) => labels.direction !== 'any')
          .map(({ labels }) => `${labels.policy} ${labels.direction}`),
      );
      expect([...entries].sort()).toEqual([
        'shop/shop/0 gateway',
        'shop/shop/1 inbound',
        'shop/shop/1 outbound',
      ]);
      const tagged = ours.find(
        ({ name, labels }) => name === 'tagalong_tag_total' && labels.value === 'canary',
      );
      expect(tagged?.labels).toMatchObject({
        ...{ policy: 'shop/shop/0', direction: 'gateway', mode: 'enforce' },
        ...{ tag: 'x-traffic-tag', rule: 'testers' },
      });
      const limited = ours.find(
        ({ name, labels }) => name === 'tagalong_limit_total' && labels.outcome === 'limited',
      );
      expect(limited?.value).toBeGreaterThanOrEqual(2);
    });
  });
});

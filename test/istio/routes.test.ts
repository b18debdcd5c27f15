// Rendered routes through Istio's own code and Envoy: which version, faults, the count of attempts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy, RouteSpec } from '../../envoyfilter/src/policy/policy.js';
import { meshResources } from '../../envoyfilter/src/render/istio/mesh.js';
import { renderRoutes } from '../../envoyfilter/src/render/istio/routes.js';
import type { Headers, IstioProxy } from './istio-proxy.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, REVIEWS, REVIEWS_PORT, SHOP } from './shop.js';

const ROUTE: RouteSpec = {
  host: 'reviews',
  tag: 'X-Traffic-Tag',
  gateways: ['mesh', `${EDGE}/edge`],
  versions: {
    stable: { version: 'v1' },
    canary: { version: 'v2' },
    'Feat.1': { labels: { version: 'v3' }, when: { 'x-traffic-tag': 'canary', 'x-stage': 'pre' } },
  },
  default: 'stable',
};

function policy(route: Partial<RouteSpec>): Policy {
  return {
    metadata: { name: 'shop', namespace: SHOP },
    spec: { filters: [{ at: 'gateway', namespace: EDGE }], routes: [{ ...ROUTE, ...route }] },
  };
}

const istio = await findIstio();

describe.skipIf(istio === undefined)('routes', () => {
  let judge: Judge;
  let reviews: Service;
  beforeAll(async () => {
    judge = await Judge.start();
    const versions = { v1: 1, v2: 1, v3: 1 };
    reviews = await Service.start({ host: REVIEWS, port: REVIEWS_PORT, versions });
  });
  afterAll(async () => {
    await reviews?.stop();
    await judge?.stop();
  });

  function apply(route: Partial<RouteSpec> = {}): Promise<void> {
    const all = [renderRoutes([policy(route)]), meshResources([policy(route)])];
    const resources = all.flatMap(({ resources }) => resources);
    return judge.apply([GATEWAY, reviews.resource(), ...resources]);
  }

  describe.each(['1.36', '1.37', '1.38', '1.39', '1.40'])('on Envoy %s', (envoy) => {
    let sidecar: IstioProxy;
    let edge: IstioProxy;
    beforeAll(async () => {
      await apply();
      const labels = { istio: 'ingressgateway' };
      edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy });
      sidecar = await judge.proxy({
        kind: 'sidecar',
        namespace: SHOP,
        labels: { app: 'a' },
        envoy,
      });
    });
    afterAll(() => Promise.all([edge?.stop(), sidecar?.stop()]));

    const inside = (headers: Headers = {}) => sidecar.get(REVIEWS, REVIEWS_PORT, '/', headers);
    const outside = (headers: Headers = {}) => edge.get(REVIEWS, GATEWAY_PORT, '/', headers);

    it.each([
      [{}, 'v1'],
      [{ 'x-traffic-tag': 'canary' }, 'v2'],
      [{ 'X-TRAFFIC-TAG': 'canary' }, 'v2'],
      [{ 'x-traffic-tag': 'Canary' }, 'v1'],
      [{ 'x-traffic-tag': 'unknown' }, 'v1'],
      [{ 'x-traffic-tag': 'canary', 'x-stage': 'pre' }, 'v3'],
      [{ 'x-stage': 'pre' }, 'v1'],
    ] satisfies [Headers, string][])('lead %j to %s', async (headers, version) => {
      await apply();
      const seen = [await inside(headers), await outside(headers)];
      expect(seen.map(({ status, version }) => [status, version])).toEqual([
        [200, version],
        [200, version],
      ]);
    });

    // Behind the filter a tag comes once.
    it('look at each value of a repeated tag, or at all as one, as Envoy does', async () => {
      await apply();
      const each = { '1.36': 'v1', '1.37': 'v1', '1.38': 'v1', '1.39': 'v2', '1.40': 'v2' }[envoy];
      const answer = await inside({ 'x-traffic-tag': ['stable', 'canary'] });
      expect([answer.status, answer.version]).toEqual([200, each]);
    });

    it('hold for callers in any namespace, wherever the policy is', async () => {
      const elsewhere = {
        ...policy({ host: REVIEWS }),
        metadata: { name: 'a', namespace: 'policies' },
      };
      await judge.apply([reviews.resource(), ...renderRoutes([elsewhere]).resources]);
      const options = {
        kind: 'sidecar',
        namespace: 'callers',
        labels: { app: 'b' },
        envoy,
      } as const;
      const caller = await judge.proxy(options);
      try {
        const ask = (headers: Headers) => caller.get(REVIEWS, REVIEWS_PORT, '/', headers);
        const seen = [await ask({}), await ask({ 'x-traffic-tag': 'canary' })];
        expect(seen.map(({ status, version }) => `${status} ${version}`)).toEqual([
          '200 v1',
          '200 v2',
        ]);
      } finally {
        await caller.stop();
      }
    });

    it('count attempts for applications, not for clients outside', async () => {
      await apply();
      const [own, theirs] = [await inside(), await outside()];
      expect(own.said('x-envoy-attempt-count')).toEqual(['1']);
      expect(theirs.said('x-envoy-attempt-count')).toEqual([]);
      // Istio's own doing.
      expect(own.got('x-envoy-attempt-count')).toEqual(['1']);
    });

    it('inject faults into one version', async () => {
      await apply({ faults: { canary: { abort: { status: 418 }, delay: { fixed: '1ms' } } } });
      expect((await inside()).status).toBe(200);
      expect((await inside({ 'x-traffic-tag': 'canary' })).status).toBe(418);
      expect((await outside({ 'x-traffic-tag': 'canary' })).status).toBe(418);
      await apply({ faults: { canary: { abort: { status: 418, percent: 0 } } } });
      expect((await inside({ 'x-traffic-tag': 'canary' })).status).toBe(200);
    });

    it('have timeouts, retries, outliers and connections that Istio and Envoy take', async () => {
      await apply({
        timeout: '1500ms',
        retries: { attempts: 1, perTryTimeout: '1s', retryOn: ['connect-failure', '503'] },
        outlierDetection: { consecutiveErrors: 2, interval: '1s', baseEjectionTime: '1m' },
        connection: {
          connectTimeout: '250ms',
          maxRequestsPerConnection: 100,
          keepalive: { time: '30s', interval: '5s', probes: 3 },
        },
      });
      expect((await inside({ 'x-traffic-tag': 'canary' })).version).toBe('v2');
    });
  });

  it('are all that a proxy knows where the policy says so', async () => {
    const host = 'ratings.data.svc.cluster.local';
    const ratings = await Service.start({ host, port: 9080, versions: { v1: 1 } });
    const proxy = await judge.proxy({ kind: 'sidecar', namespace: SHOP, labels: { app: 'c' } });
    const known = async (sidecar: boolean | { hosts: string[] }) => {
      const limited = policy({});
      const spec = { ...limited.spec, mesh: { sidecar } };
      const { resources } = meshResources([{ ...limited, spec }]);
      await judge.apply([reviews.resource(), ratings.resource(), ...resources]);
      const clusters = await proxy.admin.get('/clusters');
      return [REVIEWS, host].filter((one) => clusters.includes(`||${one}::`));
    };
    try {
      expect(await known(false)).toEqual([REVIEWS, host]);
      expect(await known(true)).toEqual([REVIEWS]);
      expect(await known({ hosts: [host] })).toEqual([REVIEWS, host]);
      expect((await proxy.get(REVIEWS, REVIEWS_PORT)).status).toBe(200);
    } finally {
      await proxy.stop();
      await ratings.stop();
    }
  });

  it('are nothing that istioctl warns of', async () => {
    const { resources } = renderRoutes([policy({ fallback: 'stable', port: REVIEWS_PORT })]);
    const mesh = meshResources([policy({})]).resources;
    const input = JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [...resources, ...mesh],
    });
    const { code, stderr } = await judge.istioctl(['validate', '-f', '-'], input);
    expect([code, stderr]).toEqual([0, 'validation succeed\n']);
  });
});

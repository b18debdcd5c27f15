// A limit of scope `global` as it is rendered for Istio: the real rate limit service, which proxies
// find by the cluster that istiod makes of its ServiceEntry.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readPolicy } from '../../envoyfilter/src/policy/policy.js';
import { rateLimitServiceConfig } from '../../envoyfilter/src/render/ratelimit.js';
import { findRateLimitService, RateLimitService } from '../harness/ratelimit-service.js';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, WEB } from './shop.js';

const LIMITER = 'limiter.infra.svc.cluster.local';
const PORT = 8081;
const BURST = 10;
const WINDOW_MS = 3_600_000;
/** No test takes as long as this, or it would see two windows. */
const WINDOW_END_MS = 20_000;

/** The gate that each proxy has before the service lets more pass than the service does. */
const policy = (name: string, code: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: ${name}, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: ${EDGE}
      selector: {istio: ingressgateway}
      limits:
        - {name: all, rate: 3/h, burst: ${BURST}, scope: global}
  routes:
    - {host: web, gateways: [${EDGE}/edge], tag: x-traffic-tag,
       versions: {stable: {version: v1}}, default: stable}
  rateLimitService: {host: ${LIMITER}, timeout: 10s}
  delivery: {code: ${code}}
`;

const istio = await findIstio();
const program = await findRateLimitService();

describe.skipIf(istio === undefined || program === undefined)('a global limit in Istio', () => {
  let judge: Judge;
  let web: Service;
  beforeAll(async () => {
    judge = await Judge.start();
    web = await Service.start({ host: WEB, port: 80, versions: { v1: 1 } });
  });
  afterAll(async () => {
    await judge?.stop();
    await web?.stop();
  });

  beforeEach(async () => {
    const left = WINDOW_MS - (Date.now() % WINDOW_MS);
    if (left < WINDOW_END_MS) await delay(left);
  });

  it.each([
    ['envoyfilter', '1.36'],
    ['envoyfilter', '1.40'],
    ['wasmplugin', '1.40'],
  ] as const)(
    'is one for two gateways, as %s on Envoy %s',
    async (as, envoy) => {
      const code = as === 'wasmplugin' ? `{file: ${WASM_PATH}}` : 'inline';
      const text = policy(`${as}-${envoy.replace('.', '-')}`, code);
      const config = rateLimitServiceConfig(readPolicy(text));
      if (program === undefined || config === undefined) throw new Error('nothing to start');
      const service = await RateLimitService.start(program, config);
      try {
        const { resources } = await renderForIstio([text], { as, envoy });
        await judge.apply([GATEWAY, web.resource(), limiter(service.socket), ...resources]);
        const labels = { istio: 'ingressgateway' };
        const proxies = await Promise.all(
          [1, 2].map(() => judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy })),
        );
        const statuses: number[] = [];
        for (let i = 0; i < 6; i++) {
          const forged = { 'x-tagalong-limit-all': 'of-my-own' };
          const answer = await proxies[i % 2]?.get(WEB, GATEWAY_PORT, '/', forged);
          statuses.push(answer?.status ?? 0);
          expect(answer?.got('x-tagalong-limit-all')).toEqual([]);
        }
        expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
        await Promise.all(proxies.map((proxy) => proxy.stop()));
      } finally {
        await service.stop();
      }
    },
    60_000,
  );
});

/** The service as Istio is told of it. */
function limiter(socket: string): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'limiter', namespace: 'infra' },
    spec: {
      hosts: [LIMITER],
      location: 'MESH_INTERNAL',
      resolution: 'STATIC',
      ports: [{ number: PORT, name: 'grpc', protocol: 'GRPC' }],
      endpoints: [{ address: `unix://${socket}` }],
    },
  };
}

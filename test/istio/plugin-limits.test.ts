// Where a limit answers, as each kind of resource puts the filter: before Istio's filter for CORS or
// behind it, which decides whether a browser may read the answer.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, ORIGIN, WEB, WITH_CORS } from './shop.js';

const POLICY = `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: limited, namespace: istio-ingress}
spec:
  filters:
    - at: gateway
      selector: {istio: ingressgateway}
      limits: [{name: one, rate: 1/h, burst: 1}]
  delivery: {code: {file: ${WASM_PATH}}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined)('the answer of a limit', () => {
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

  it.each([
    ['envoyfilter', [ORIGIN]],
    ['wasmplugin', []],
    ['trafficextension', []],
  ] as const)('by %s allows origins %j', async (as, origins) => {
    const { resources } = await renderForIstio([POLICY], { as, envoy: '1.39' });
    await judge.apply([GATEWAY, web.resource(), WITH_CORS, ...resources]);
    const labels = { istio: 'ingressgateway' };
    const edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy: '1.39' });
    try {
      const ask = () => edge.get(WEB, GATEWAY_PORT, '/', { origin: ORIGIN });
      expect((await ask()).status).toBe(200);
      const limited = await ask();
      expect(limited.status).toBe(429);
      expect(limited.said('access-control-allow-origin')).toEqual(origins);
    } finally {
      await edge.stop();
    }
  });
});

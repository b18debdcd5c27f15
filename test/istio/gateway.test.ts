// A Gateway of the Kubernetes Gateway API, named in a policy: its proxies have the filter, no others.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import type { IstioProxy } from './istio-proxy.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, WEB } from './shop.js';

const policy = (code: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: ${EDGE}
      gateway: edge
      tags: [{header: x-traffic-tag, default: stable}]
  routes:
    - {host: web, gateways: [${EDGE}/edge], tag: x-traffic-tag, versions: {stable: {version: v1}}, default: stable}
  delivery: {code: ${code}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined)('a policy for a Kubernetes Gateway', () => {
  let judge: Judge;
  let web: Service;
  const proxies: IstioProxy[] = [];
  beforeAll(async () => {
    judge = await Judge.start();
    web = await Service.start({ host: WEB, port: 80, versions: { v1: 1 } });
    for (const name of ['edge', 'other']) {
      const labels = {
        istio: 'ingressgateway',
        'gateway.networking.k8s.io/gateway-name': name,
      };
      proxies.push(await judge.proxy({ kind: 'router', namespace: EDGE, labels }));
    }
  });
  afterAll(async () => {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await web?.stop();
    await judge?.stop();
  });

  it.each([
    ['envoyfilter', 'inline'],
    ['wasmplugin', `{file: ${WASM_PATH}}`],
    ['trafficextension', `{file: ${WASM_PATH}}`],
  ] as const)('is for its proxies alone, as %s', async (as, code) => {
    const { resources } = await renderForIstio([policy(code)], { as });
    await judge.apply([GATEWAY, web.resource(), ...resources]);
    const answers = await Promise.all(proxies.map((proxy) => proxy.get(WEB, GATEWAY_PORT)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers.map((answer) => answer.got('x-traffic-tag'))).toEqual([['stable'], []]);
  });
});

// Limits of scope `global` whose service is not in the mesh yet: nothing is rejected, and requests are
// answered as `onServiceFailure` says.

import { afterEach, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, Shop, WEB_ROUTE } from './shop.js';

const policy = (failure: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  rateLimitService: {host: nowhere.shop.svc.cluster.local}
  filters:
    - at: inbound
      selector: {app: frontend}
      limits:
        - {name: login, when: {path: {exact: /login}}, rate: 100/s, scope: global, onServiceFailure: ${failure}}
  delivery: {code: {file: ${WASM_PATH}}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined)('without a rate limit service', () => {
  let judge: Judge | undefined;
  let shop: Shop | undefined;
  afterEach(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it.each([
    ['1.36', 'envoyfilter', 'admit', 200],
    ['1.40', 'envoyfilter', 'admit', 200],
    ['1.40', 'envoyfilter', 'reject', 503],
    ['1.40', 'wasmplugin', 'admit', 200],
  ] as const)('Envoy %s takes %s with %s, and answers %i', async (envoy, as, failure, status) => {
    judge = await Judge.start();
    const { resources, annotations } = await renderForIstio([policy(failure)], { as, envoy });
    shop = await Shop.open(judge, { resources: [WEB_ROUTE, ...resources], annotations }, envoy);
    expect((await shop.sidecar.receive(APP_PORT, '/login')).status).toBe(status);
    expect((await shop.sidecar.receive(APP_PORT, '/')).status).toBe(200);
  });
});

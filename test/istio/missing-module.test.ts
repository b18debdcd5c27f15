// A module that a proxy does not have, since its pod started before the volume was there: what the
// kinds of resources make of it, which `render` says on stderr.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB_ROUTE } from './shop.js';

const policy = (code: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: sidecar
      selector: {app: frontend}
      tags: [{header: x-traffic-tag, rules: [{name: all, value: canary}]}]
  delivery: {code: ${code}, onFailure: open}
`;
const WAYS = ['{file: /tagalong-is-not-here.wasm}', '{configMap: tagalong-is-not-here}'];

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])(
  'a missing module, Envoy %s',
  (envoy) => {
    let judge: Judge;
    let shop: Shop;
    const statuses = async () => [
      (await shop.sidecar.get(REVIEWS, REVIEWS_PORT)).status,
      (await shop.sidecar.receive(APP_PORT, '/')).status,
    ];

    beforeEach(async () => {
      judge = await Judge.start();
      shop = await Shop.open(judge, { resources: [WEB_ROUTE], annotations: {} }, envoy, true);
    });
    afterEach(async () => {
      await shop?.close();
      await judge?.stop();
    });

    it.each(
      WAYS.flatMap((code) => [
        ['envoyfilter', code, 200] as const,
        ['wasmplugin', code, 500] as const,
        ['trafficextension', code, 500] as const,
      ]),
    )('by %s and %s is answered with %i, and with 200 once that is gone', async (as, code, status) => {
      expect(await statuses()).toEqual([200, 200]);
      const { resources } = await renderForIstio([policy(code)], { as, envoy });
      expect(await shop.attempt([WEB_ROUTE, ...resources])).not.toEqual([]);
      expect(await statuses()).toEqual([status, status]);
      await shop.apply([WEB_ROUTE]);
      expect(await statuses()).toEqual([200, 200]);
    });
  },
);

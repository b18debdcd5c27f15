// Two entries of one policy on one proxy: each is its own filter, the first of the file before the
// second, and when one goes the other stays as it was.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WASM_PATH } from '../harness/wasm.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB_ROUTE } from './shop.js';

const FIRST = `
    - at: sidecar
      selector: {app: frontend}
      tags: [{header: x-first, incoming: strip, rules: [{name: all, value: one}]}]
      limits: [{name: login, when: {path: {exact: /login}}, rate: 1/h}]`;
/** Decides by what the first has decided. */
const SECOND = `
    - at: sidecar
      selector: {app: frontend}
      tags:
        - header: x-second
          incoming: strip
          rules: [{name: after, when: {header: x-first, exact: one}, value: after}]
          default: before
      limits: [{name: search, when: {path: {exact: /search}}, rate: 1/h}]`;
/** Of the whole namespace, beside one with a selector. */
const WIDE = SECOND.replace('{app: frontend}', '{}');

const policy = (...entries: readonly string[]) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:${entries.join('')}
  delivery: {code: {file: ${WASM_PATH}}}
`;

const istio = await findIstio();

describe.skipIf(istio === undefined).each([
  ['envoyfilter', '1.36'],
  ['envoyfilter', '1.40'],
  ['wasmplugin', '1.36'],
  ['wasmplugin', '1.40'],
  ['trafficextension', '1.40'],
] as const)('two entries on one proxy by %s, on Envoy %s', (as, envoy) => {
  let judge: Judge;
  let shop: Shop;
  const push = async (...entries: readonly string[]) =>
    shop.apply([
      WEB_ROUTE,
      ...(await renderForIstio([policy(...entries)], { as, envoy })).resources,
    ]);
  const tags = async () => {
    const answer = await shop.sidecar.get(REVIEWS, REVIEWS_PORT);
    return [answer.got('x-first'), answer.got('x-second')];
  };
  const twice = async (path: string) => [
    (await shop.sidecar.receive(APP_PORT, path)).status,
    (await shop.sidecar.receive(APP_PORT, path)).status,
  ];

  beforeAll(async () => {
    judge = await Judge.start();
    shop = await Shop.open(
      judge,
      await renderForIstio([policy(FIRST, SECOND)], { as, envoy }),
      envoy,
    );
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it('stand in the order of the file, with limits of their own', async () => {
    expect(await tags()).toEqual([['one'], ['after']]);
    expect(await twice('/login')).toEqual([200, 429]);
    expect(await twice('/search')).toEqual([200, 429]);
  });

  it('stand in the order of the file where one is for the whole namespace', async () => {
    await push(FIRST, WIDE);
    expect(await tags()).toEqual([['one'], ['after']]);
  });

  it('stand the other way round after a push of the other order', async () => {
    await push(SECOND, FIRST);
    expect(await tags()).toEqual([['one'], ['before']]);
  });

  it('leave the first as it was where the second goes', async () => {
    await push(FIRST);
    expect(await tags()).toEqual([['one'], []]);
    expect((await twice('/search')).at(-1)).toBe(200);
    await push(FIRST, SECOND);
    expect(await tags()).toEqual([['one'], ['after']]);
  });
});

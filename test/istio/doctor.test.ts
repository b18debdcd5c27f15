// What doctor says of proxies that Istio has configured: their node, their discovery and their
// statistics are Istio's, of which many are left out.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { examine, type Report } from '../../envoyfilter/src/doctor/doctor.js';
import { refusalBy } from '../../envoyfilter/src/doctor/second-opinion.js';
import { takeSnapshot } from '../../envoyfilter/src/doctor/snapshot.js';
import { readPolicy } from '../../envoyfilter/src/policy/policy.js';
import { namesIn, wasmModule } from '../../envoyfilter/src/render/module.js';
import { WASM_PATH, wasmBytes } from '../harness/wasm.js';
import type { IstioProxy } from './istio-proxy.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { type K8sObject, renderForIstio } from './rendered.js';
import { APP_PORT, GATEWAY_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB } from './shop.js';

const POLICY = `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      namespace: istio-ingress
      selector: {istio: ingressgateway}
      tags: [{header: x-traffic-tag, default: stable}]
    - at: sidecar
      propagate: {headers: [x-traffic-tag]}
`;

const module = wasmModule(wasmBytes());
const OWN = { ...module, offers: namesIn(module), refusal: refusalBy(module.bytes) };

async function report(proxy: IstioProxy, policy = POLICY): Promise<Report> {
  const snapshot = await takeSnapshot(proxy.admin, 0);
  return examine(snapshot, { policies: [readPolicy(policy)], module: OWN });
}

const checksOf = ({ findings }: Report) => findings.map(({ check }) => check);

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])('of Envoy %s doctor', (envoy) => {
  let judge: Judge;
  let shop: Shop | undefined;

  beforeAll(async () => {
    judge = await Judge.start();
  });
  afterAll(() => judge?.stop());
  afterEach(async () => {
    await shop?.close();
    shop = undefined;
  });

  async function ask(): Promise<void> {
    await shop!.edge.get(WEB, GATEWAY_PORT);
    await shop!.sidecar.receive(APP_PORT);
    await shop!.sidecar.get(REVIEWS, REVIEWS_PORT);
  }

  it('finds nothing wrong where what is rendered is applied', async () => {
    shop = await Shop.open(judge, await renderForIstio([POLICY], { envoy }), envoy);
    await ask();
    expect((await report(shop.edge)).findings).toEqual([]);
    expect((await report(shop.sidecar)).findings).toEqual([]);
    const { filters } = await report(shop.sidecar);
    expect(filters.map(({ id, direction }) => `${id} ${direction}`).sort()).toEqual([
      'shop/shop/1 inbound',
      'shop/shop/1 outbound',
    ]);
  });

  it('knows the filters that WasmPlugins bring', async () => {
    const policy = `${POLICY}  delivery: {code: {file: ${WASM_PATH}}}\n`;
    const rendered = await renderForIstio([policy], { as: 'wasmplugin', envoy });
    shop = await Shop.open(judge, rendered, envoy);
    await ask();
    expect((await report(shop.edge)).findings).toEqual([]);
    expect((await report(shop.sidecar)).findings).toEqual([]);
  });

  it('says that the annotation is missing', async () => {
    const { resources } = await renderForIstio([POLICY], { envoy });
    shop = await Shop.open(judge, { resources, annotations: {} }, envoy);
    await ask();
    const [finding, ...others] = (await report(shop.edge)).findings;
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      check: 'labels-missing',
      remedy: expect.stringContaining('extraStatTags'),
    });
  });

  it('says that an object is in the wrong namespace', async () => {
    const good = await renderForIstio([POLICY], { envoy });
    const resources = good.resources.map((one) =>
      one.metadata.namespace === 'istio-ingress'
        ? { ...one, metadata: { ...one.metadata, namespace: 'shop' } }
        : one,
    );
    shop = await Shop.open(judge, { ...good, resources }, envoy);
    const { findings } = await report(shop.edge);
    expect(findings).toEqual([
      expect.objectContaining({
        check: 'filter-absent',
        remedy: expect.stringContaining('must be in namespace istio-ingress'),
      }),
    ]);
  });

  it('says that an update is refused, and why', async () => {
    const good = await renderForIstio([POLICY], { envoy });
    shop = await Shop.open(judge, good, envoy);
    await ask();
    const text = JSON.stringify(good.resources);
    const bad = text.replaceAll('\\"default\\":\\"stable\\"', '\\"default\\":7');
    expect(bad).not.toBe(text);
    expect(await shop.attempt(JSON.parse(bad) as K8sObject[])).toHaveLength(1);
    const found = await report(shop.edge);
    expect(checksOf(found)).toEqual(['config-rejected', 'update-refused']);
    expect(found.findings[1]).toMatchObject({
      what: expect.stringMatching(
        /of shop\/shop\/0\/gateway; what was before is still in force\.$/,
      ),
      remedy: expect.stringMatching(
        /^The reason: .*refused at \$\.tags\[0\]\.default: found 7, wanted/,
      ),
    });
  });
});

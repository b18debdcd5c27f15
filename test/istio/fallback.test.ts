// A version without a healthy endpoint: its requests go to the fallback, and none is answered 503.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/ecds.js';
import { Load } from '../harness/load.js';
import type { IstioProxy } from './istio-proxy.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { type RenderedForIstio, renderForIstio } from './rendered.js';
import { Service } from './service.js';
import { EDGE, GATEWAY, GATEWAY_PORT, SHOP } from './shop.js';

const HOST = 'reviews.shop.svc.cluster.local';
const PORT = 9080;
const AT_ONCE = 4;
/** Of v2 more than there are tries. */
const MANY = { v1: 2, v2: 4 };

const policy = (versions: string) => `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: ${SHOP}}
spec:
  filters: [{at: gateway, namespace: ${EDGE}, tags: [{header: x-traffic-tag, incoming: trust}]}]
  routes:
    - host: reviews
      gateways: [mesh, ${EDGE}/edge]
      tag: x-traffic-tag
      default: stable
      fallback: stable
      ${versions}
`;

interface Case {
  readonly name: string;
  readonly versions: string;
  readonly endpoints: Readonly<Record<string, number>>;
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const CASES: readonly Case[] = [
  {
    name: 'two versions',
    versions: 'versions: {stable: {version: v1}, canary: {version: v2}}',
    endpoints: MANY,
  },
  {
    name: 'two versions with a label in common, beside other pods',
    versions:
      'versions: {stable: {version: v1, track: main}, canary: {version: v2, track: main}, next: {track: next}}',
    endpoints: { ...MANY, v3: 2 },
    labels: { v1: { track: 'main' }, v2: { track: 'main' }, v3: { track: 'next' } },
  },
  {
    name: 'three versions, by an aggregate cluster',
    versions: `port: ${PORT}
      versions: {stable: {version: v1}, canary: {version: v2}, next: {version: v3}}`,
    endpoints: { ...MANY, v3: 2 },
  },
];

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])('fallback on Envoy %s', (envoy) => {
  let judge: Judge;
  let sidecar: IstioProxy;
  let edge: IstioProxy;
  let service: Service | undefined;
  beforeAll(async () => {
    judge = await Judge.start();
    sidecar = await judge.proxy({ kind: 'sidecar', namespace: SHOP, labels: { app: 'a' }, envoy });
    await judge.apply([GATEWAY]);
    const labels = { istio: 'ingressgateway' };
    edge = await judge.proxy({ kind: 'router', namespace: EDGE, labels, envoy });
  });
  afterAll(() => judge?.stop());
  afterEach(() => service?.stop());

  const ask = async (tag: string) => {
    const { status, version } = await sidecar.get(HOST, PORT, '/', { 'x-traffic-tag': tag });
    return `${status} ${version}`;
  };
  const askEdge = async (tag: string) => {
    const { status, version } = await edge.get(HOST, GATEWAY_PORT, '/', { 'x-traffic-tag': tag });
    return `${status} ${version}`;
  };
  /** Each answer once. */
  const answers = async (tag: string, asking = ask) => {
    const all: string[] = [];
    for (let i = 0; i < 12; i++) all.push(await asking(tag));
    return [...new Set(all)];
  };

  describe.each(CASES)('of $name', ({ versions, endpoints, labels = {} }) => {
    let rendered: RenderedForIstio;
    beforeAll(async () => {
      rendered = await renderForIstio([policy(versions)], { envoy });
    });

    const start = () => Service.start({ host: HOST, port: PORT, versions: endpoints, labels });
    const apply = (...services: object[]) =>
      judge.apply([GATEWAY, ...services, ...rendered.resources]);

    it.each([
      ['a sidecar', ask],
      ['a gateway', askEdge],
    ])('takes over when all endpoints die, the request under way included: %s', async (_, asking) => {
      service = await start();
      await apply(service.resource());
      expect(await answers('canary', asking)).toEqual(['200 v2']);
      expect(await answers('stable', asking)).toEqual(['200 v1']);
      const load = Load.start(AT_ONCE, () => asking('canary'));
      await until('requests go through', async () => load.count > 40);
      await service.kill('v2');
      const before = load.seen.get('200 v1') ?? 0;
      await until('the fallback answers', async () => (load.seen.get('200 v1') ?? 0) > before + 40);
      await load.stop();
      // Those under way when the servers died had been sent: nobody may send them twice.
      const others = [...load.seen].filter(([seen]) => !/^200 v[12]$/.test(seen));
      const failed = others.reduce((sum, [, count]) => sum + count, 0);
      expect(failed, JSON.stringify(others)).toBeLessThanOrEqual(AT_ONCE);
      expect(await answers('canary', asking)).toEqual(['200 v1']);
      expect(await answers('stable', asking)).toEqual(['200 v1']);
    });

    it('takes over where there is no endpoint, and gives back when there is', async () => {
      service = await start();
      const others = Object.keys(endpoints).filter((version) => version !== 'v2');
      await apply(service.resource(others));
      expect(await answers('canary')).toEqual(['200 v1']);
      await apply(service.resource());
      expect(await answers('canary')).toEqual(['200 v2']);
    });

    it('gives back when dead endpoints are replaced', async () => {
      const dead = await start();
      await apply(dead.resource());
      await dead.kill('v2');
      expect(await answers('canary')).toEqual(['200 v1']);
      await until('nobody tries the dead any more', async () => {
        const { said } = await sidecar.get(HOST, PORT, '/', { 'x-traffic-tag': 'canary' });
        return said('x-envoy-attempt-count')[0] === '1';
      });
      service = await start();
      await apply(service.resource());
      expect(await answers('canary')).toEqual(['200 v2']);
      await dead.stop();
    });
  });
});

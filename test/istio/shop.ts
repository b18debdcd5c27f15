// shop: the mesh that most of these tests are about.
//
//   client ── edge (gateway) ── web v1|v2
//             application ── sidecar ── reviews v1|v2
//
// The application is an echo server; what it calls is played by the test.

import { type EchoServer, startEchoServer } from '../harness/echo-server.js';
import type { IstioProxy } from './istio-proxy.js';
import type { Judge } from './judge.js';
import type { RenderedForIstio } from './rendered.js';
import { Service } from './service.js';

export const GATEWAY_PORT = 8080;
export const APP_PORT = 3000;
export const WEB = 'web.shop.svc.cluster.local';
export const REVIEWS = 'reviews.shop.svc.cluster.local';
export const REVIEWS_PORT = 9080;
export const EDGE = 'istio-ingress';
export const SHOP = 'shop';

/** What a client outside sees; the rest is in the mesh. */
export const GATEWAY = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'edge', namespace: EDGE },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: GATEWAY_PORT, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  },
};

/** For policies that do not route it. */
export const WEB_ROUTE = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: SHOP },
  spec: {
    hosts: [WEB],
    gateways: [`${EDGE}/edge`],
    http: [{ route: [{ destination: { host: WEB } }] }],
  },
};

/** Of a page that calls another host. */
export const ORIGIN = 'https://shop.example';
/** WEB behind the gateway, for pages of ORIGIN. */
export const WITH_CORS = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: EDGE },
  spec: {
    hosts: ['*'],
    gateways: ['edge'],
    http: [
      {
        corsPolicy: { allowOrigins: [{ exact: ORIGIN }], allowMethods: ['GET'] },
        route: [{ destination: { host: WEB } }],
      },
    ],
  },
};

export class Shop {
  readonly edge: IstioProxy;
  readonly sidecar: IstioProxy;
  readonly #judge: Judge;
  readonly #backends: Backends;

  private constructor(judge: Judge, backends: Backends, edge: IstioProxy, sidecar: IstioProxy) {
    this.#judge = judge;
    this.#backends = backends;
    this.edge = edge;
    this.sidecar = sidecar;
  }

  /** Starts everything with what was rendered; `envoy` as MAJOR.MINOR, `mayReject` as proxies have it. */
  static async open(
    judge: Judge,
    { resources, annotations }: RenderedForIstio,
    envoy: string,
    mayReject = false,
  ): Promise<Shop> {
    const backends = await Backends.start();
    await judge.apply([...backends.resources(), ...resources]);
    const edge = await judge.proxy({
      kind: 'router',
      namespace: EDGE,
      labels: { istio: 'ingressgateway' },
      annotations: annotations[EDGE] ?? {},
      ...{ envoy, mayReject },
    });
    const sidecar = await judge.proxy({
      kind: 'sidecar',
      namespace: SHOP,
      labels: { app: 'frontend' },
      annotations: annotations[SHOP] ?? {},
      ingress: { port: APP_PORT, to: backends.app.port },
      ...{ envoy, mayReject },
    });
    return new Shop(judge, backends, edge, sidecar);
  }

  /** Other resources instead of those before. */
  apply(resources: readonly object[]): Promise<void> {
    return this.#judge.apply([...this.#backends.resources(), ...resources]);
  }

  /** As `apply`, for what proxies shall reject: what they say of it. */
  async attempt(resources: readonly object[]): Promise<string[]> {
    const said = await this.#judge.attempt([...this.#backends.resources(), ...resources]);
    return said.map(({ message }) => message);
  }

  async close(): Promise<void> {
    await Promise.all([this.edge.stop(), this.sidecar.stop()]);
    await this.#backends.stop();
  }
}

class Backends {
  readonly app: EchoServer;
  readonly #services: readonly Service[];

  private constructor(app: EchoServer, services: readonly Service[]) {
    this.app = app;
    this.#services = services;
  }

  static async start(): Promise<Backends> {
    const versions = { v1: 1, v2: 1 };
    return new Backends(await startEchoServer('app'), [
      await Service.start({ host: WEB, port: 80, versions }),
      await Service.start({ host: REVIEWS, port: REVIEWS_PORT, versions }),
    ]);
  }

  resources(): object[] {
    return [GATEWAY, ...this.#services.map((service) => service.resource())];
  }

  async stop(): Promise<void> {
    await Promise.all([this.app.close(), ...this.#services.map((service) => service.stop())]);
  }
}

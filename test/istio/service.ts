// service: a service of the mesh: real servers that answer with what reached them, and the
// ServiceEntry by which Istio knows them.

import { type EchoServer, startEchoServer } from '../harness/echo-server.js';

export interface ServiceOptions {
  /** In full, as `reviews.shop.svc.cluster.local`. */
  readonly host: string;
  readonly port: number;
  /** By version, how many endpoints; their pods' labels are `version: NAME`. */
  readonly versions: Readonly<Record<string, number>>;
  /** Labels of a version's pods, besides `version`. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

interface Endpoint {
  readonly version: string;
  readonly server: EchoServer;
}

export class Service {
  readonly host: string;
  readonly port: number;
  readonly #options: ServiceOptions;
  readonly #endpoints: readonly Endpoint[];

  private constructor(options: ServiceOptions, endpoints: readonly Endpoint[]) {
    this.host = options.host;
    this.port = options.port;
    this.#options = options;
    this.#endpoints = endpoints;
  }

  /** Each endpoint answers as the service that its version names, see echo-server.ts. */
  static async start(options: ServiceOptions): Promise<Service> {
    const endpoints: Endpoint[] = [];
    for (const [version, count] of Object.entries(options.versions)) {
      for (let i = 0; i < count; i++) {
        endpoints.push({ version, server: await startEchoServer(version) });
      }
    }
    return new Service(options, endpoints);
  }

  /** A port of one of the version's endpoints. */
  portOf(version: string): number {
    const found = this.#endpoints.find((one) => one.version === version);
    if (found === undefined) throw new Error(`${this.host} has no ${version}`);
    return found.server.port;
  }

  /** As Istio is told of it, with the endpoints of these versions; default all. */
  resource(versions: readonly string[] = Object.keys(this.#options.versions)): object {
    const [name = '', namespace = ''] = this.host.split('.');
    return {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name, namespace },
      spec: {
        hosts: [this.host],
        ports: [{ number: this.port, name: 'http', protocol: 'HTTP' }],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        endpoints: this.#endpoints
          .filter(({ version }) => versions.includes(version))
          .map(({ version, server }) => ({
            address: '127.0.0.1',
            ports: { http: server.port },
            labels: { version, ...this.#options.labels?.[version] },
          })),
      },
    };
  }

  /** All endpoints of a version end; Istio is not told. */
  async kill(version: string): Promise<void> {
    const gone = this.#endpoints.filter((one) => one.version === version);
    await Promise.all(gone.map(({ server }) => server.close()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#endpoints.map(({ server }) => server.close().catch(() => {})));
  }
}

// proxy: a real Envoy as a sidecar: its outbound and inbound listeners, and the endpoint that the
// probe asks, on ports that stay the same when it is started again.

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../../envoyfilter/src/envoy/index.js';
import { bootstrap, route } from '../../harness/bootstrap.js';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';

export interface ProxyOptions {
  /** Where requests go. */
  readonly upstream: number;
  /** Fields of the cluster, beside its address. */
  readonly cluster?: object;
}

export class SidecarProxy {
  readonly port: number;
  readonly probePort: number;
  readonly #options: ProxyOptions;
  #envoy: EnvoyProcess | undefined;

  private constructor(port: number, probePort: number, options: ProxyOptions) {
    this.port = port;
    this.probePort = probePort;
    this.#options = options;
  }

  /** Chooses its ports, and does not start it. */
  static async make(options: ProxyOptions): Promise<SidecarProxy> {
    return new SidecarProxy(await freePort(), await freePort(), options);
  }

  get probe(): string {
    return `http://127.0.0.1:${this.probePort}/healthz/ready`;
  }

  async start(): Promise<void> {
    const { path } = await findEnvoy();
    this.#envoy = await startEnvoy({ path, bootstrap: this.#bootstrap() });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const envoy = this.#running();
    process.kill(-envoy.pid, 'SIGKILL');
    await envoy.exited;
    await envoy.stop();
  }

  /** From now on the probe is answered 503, as by Istio's agent after SIGTERM. */
  async fail(): Promise<void> {
    await this.#running().admin.post('/healthcheck/fail');
  }

  /** No listener accepts connections any more; those that are open go on. */
  async drain(): Promise<void> {
    await this.#running().admin.post('/drain_listeners');
  }

  async stop(): Promise<void> {
    await this.#envoy?.stop();
  }

  #running(): EnvoyProcess {
    if (this.#envoy === undefined) throw new Error('the proxy was not started');
    return this.#envoy;
  }

  #bootstrap(): object {
    const healthCheck = {
      name: 'envoy.filters.http.health_check',
      typed_config: {
        '@type': `${TYPE}.health_check.v3.HealthCheck`,
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: '/healthz/ready' } }],
      },
    };
    const made = bootstrap(
      [
        { name: 'traffic', filters: [], routes: [route('app')] },
        { name: 'probe', filters: [healthCheck], routes: [route('app')] },
      ],
      [{ name: 'app', port: this.#options.upstream }],
    ) as Bootstrap;
    const [traffic, probe] = made.static_resources.listeners;
    traffic!.address.socket_address.port_value = this.port;
    probe!.address.socket_address.port_value = this.probePort;
    Object.assign(made.static_resources.clusters[0]!, this.#options.cluster);
    return made;
  }
}

interface Bootstrap {
  static_resources: {
    listeners: { address: { socket_address: { port_value: number } } }[];
    clusters: object[];
  };
}

/** A port where nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// sdk-sidecar: a real Envoy as the sidecar that an application calls through: an explicit proxy on a
// port that stays the same from one life to the next, and a probe that tells whether it is ready.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';

const TYPE = 'type.googleapis.com/envoy.extensions';
const DRAIN_S = 3;
const MOST = 0xffffffff;
const READY = '/healthz/ready';

export interface SdkSidecarOptions {
  /** Authority → port on loopback; `http2`: of gRPC. */
  readonly upstreams: Readonly<Record<string, { port: number; http2?: boolean }>>;
}

export class SdkSidecar {
  readonly port: number;
  readonly probePort: number;
  readonly #options: SdkSidecarOptions;
  #envoy: EnvoyProcess | undefined;

  private constructor(options: SdkSidecarOptions, port: number, probePort: number) {
    this.#options = options;
    this.port = port;
    this.probePort = probePort;
  }

  /** Its ports are chosen; it is not started yet. */
  static async make(options: SdkSidecarOptions): Promise<SdkSidecar> {
    return new SdkSidecar(options, await freePort(), await freePort());
  }

  /** What the SDK is told. */
  get env(): Record<string, string> {
    return {
      TAGALONG_SIDECAR: 'expect',
      TAGALONG_PROBE: `http://127.0.0.1:${this.probePort}${READY}`,
      TAGALONG_PROXY: `http://127.0.0.1:${this.port}`,
    };
  }

  async start(): Promise<void> {
    const { path } = await findEnvoy();
    this.#envoy = await startEnvoy({
      path,
      name: 'sidecar',
      bootstrap: this.#bootstrap(),
      args: ['--drain-time-s', String(DRAIN_S), '--drain-strategy', 'immediate'],
    });
  }

  /** kill -9. Says when it was alive at last, and when it was gone. */
  async kill(): Promise<{ fromMs: number; toMs: number }> {
    const envoy = this.#envoy!;
    const fromMs = Date.now();
    process.kill(envoy.pid, 'SIGKILL');
    await envoy.exited;
    const toMs = Date.now();
    await envoy.stop();
    this.#envoy = undefined;
    return { fromMs, toMs };
  }

  /** As at the end of a pod: not ready any more, connections are closed after their next answer. */
  async drain(): Promise<void> {
    const { url } = this.#envoy!.admin;
    for (const path of ['/healthcheck/fail', '/drain_listeners?graceful']) {
      const response = await fetch(new URL(path, url), { method: 'POST' });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
    }
  }

  async stop(): Promise<void> {
    await this.#envoy?.stop();
    this.#envoy = undefined;
  }

  #bootstrap(): object {
    const { upstreams } = this.#options;
    const hosts = Object.keys(upstreams);
    const health = {
      name: 'envoy.filters.http.health_check',
      typed_config: {
        '@type': `${TYPE}.filters.http.health_check.v3.HealthCheck`,
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: READY } }],
      },
    };
    const virtualHosts = hosts.map((host) => ({
      name: host,
      domains: [host],
      // The SDK's proof that nothing was sent needs it; rendered routes have it.
      include_attempt_count_in_response: true,
      routes: [{ match: { prefix: '/' }, route: { cluster: host, timeout: '10s' } }],
    }));
    return {
      static_resources: {
        listeners: [
          listener('outbound', this.port, virtualHosts, []),
          listener('probe', this.probePort, [], [health]),
        ],
        clusters: hosts.map((host) => cluster(host, upstreams[host]!)),
      },
    };
  }
}

function listener(name: string, port: number, virtual_hosts: object[], filters: object[]): object {
  return {
    name,
    address: loopback(port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              route_config: { virtual_hosts },
              http_filters: [
                ...filters,
                {
                  name: 'envoy.filters.http.router',
                  typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

function cluster(name: string, { port, http2 }: { port: number; http2?: boolean }): object {
  const options = {
    '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    // As Istio's default: calls that were held come all at once.
    circuit_breakers: {
      thresholds: [{ max_connections: MOST, max_pending_requests: MOST, max_requests: MOST }],
    },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
    },
    ...(http2
      ? {
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': options,
          },
        }
      : {}),
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

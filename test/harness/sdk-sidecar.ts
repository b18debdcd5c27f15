// sdk-sidecar: a real Envoy as the sidecar that an application calls through: an explicit proxy on a
// port that stays the same from one life to the next, and a probe that tells whether it is ready.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { bootstrap, breakers, httpFilter, virtualHost } from './sdk-bootstrap.js';

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
    const upstreams = Object.entries(this.#options.upstreams);
    const virtual_hosts = upstreams.map(([host]) =>
      virtualHost({ host, domains: [host], action: { timeout: '10s' } }),
    );
    const health = httpFilter('health_check', 'HealthCheck', {
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: READY } }],
    });
    return bootstrap(
      [
        { name: 'outbound', port: this.port, routes: { virtual_hosts } },
        { name: 'probe', port: this.probePort, routes: {}, filters: [health] },
      ],
      // As Istio's default: calls that were held come all at once.
      upstreams.map(([name, at]) => ({ name, ...at, settings: breakers(MOST) })),
    );
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

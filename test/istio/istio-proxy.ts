// istio-proxy: a real Envoy that has all of its configuration from Istio's control plane.

import type { Agent } from 'node:http';
import {
  type AdminClient,
  type EnvoyProcess,
  findEnvoy,
  SUPPORTED_VERSIONS,
  startEnvoy,
} from '../../envoyfilter/src/envoy/index.js';
import { type Answer, send } from '../harness/client.js';
import { until } from '../harness/ecds.js';
import type { Echo } from '../harness/echo-server.js';
import { type IstioNode, istioBootstrap } from './istio-bootstrap.js';

/** By name; an array for a repeated header. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

export interface IstioProxyOptions extends IstioNode {
  /** MAJOR.MINOR, of those that are supported. */
  readonly envoy: string;
}

export interface MeshRequest {
  readonly method?: string;
  /** Default `/`. */
  readonly path?: string;
  readonly headers?: Headers;
  readonly agent?: Agent;
}

/** What came back, and what the service says that it got; undefined where the proxy answered. */
export interface MeshAnswer extends Answer {
  readonly echo: Echo | undefined;
  /** The version that answered, see service.ts. */
  readonly version: string | undefined;
  /** The values of a header as the service got them. */
  got(header: string): string[];
  /** The values of a header of the answer. */
  said(header: string): string[];
}

export class IstioProxy {
  readonly node: IstioNode;
  readonly #envoy: EnvoyProcess;
  readonly #onStop: (proxy: IstioProxy) => void;
  readonly #ports = new Map<number, number>();

  private constructor(node: IstioNode, envoy: EnvoyProcess, onStop: (proxy: IstioProxy) => void) {
    this.node = node;
    this.#envoy = envoy;
    this.#onStop = onStop;
  }

  static async start(
    options: IstioProxyOptions,
    adsPort: number,
    onStop: (proxy: IstioProxy) => void,
  ): Promise<IstioProxy> {
    const version = SUPPORTED_VERSIONS.find((one) => one.startsWith(`${options.envoy}.`));
    if (version === undefined) throw new Error(`Envoy ${options.envoy} is not supported`);
    const { path } = await findEnvoy({ version });
    const envoy = await startEnvoy({
      path,
      name: options.name,
      bootstrap: istioBootstrap(options, adsPort),
      componentLogLevel: 'wasm:info',
      // As Istio's agent has it.
      args: ['--drain-time-s', '45', '--drain-strategy', 'immediate'],
    });
    return new IstioProxy(options, envoy, onStop);
  }

  get admin(): AdminClient {
    return this.#envoy.admin;
  }

  get logs(): readonly string[] {
    return this.#envoy.logs;
  }

  /** The first log line that matches, past or to come. */
  waitForLog(pattern: RegExp): Promise<string> {
    return this.#envoy.waitForLog(pattern);
  }

  /** A GET to a host of the mesh, by the listener of its port: outbound, or a gateway's. */
  get(host: string, port: number, path = '/', headers: Headers = {}): Promise<MeshAnswer> {
    return this.send(port, { path, headers: { host, ...headers } });
  }

  /** A GET to the application behind this proxy, by the inbound listener of its port. */
  receive(port: number, path = '/', headers: Headers = {}): Promise<MeshAnswer> {
    return this.send(port, { path, headers });
  }

  /** Any request; the `host` header is among the headers, or is the loopback's. */
  async send(port: number, request: MeshRequest): Promise<MeshAnswer> {
    const { headers = {}, ...rest } = request;
    const pairs = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    );
    const answer = await send({ ...rest, port: await this.portOf(port), headers: pairs });
    return meshAnswer(answer);
  }

  /** Where the listener of a port of the mesh listens on this machine. */
  async portOf(port: number): Promise<number> {
    const known = this.#ports.get(port);
    if (known !== undefined) return known;
    const listeners = await this.admin.listeners();
    const found = listeners.find(({ name }) => name.endsWith(`_${port}`));
    if (found === undefined) {
      const names = listeners.map(({ name }) => name).join(', ') || 'none';
      throw new Error(`${this.node.name} has no listener for port ${port}; it has: ${names}`);
    }
    this.#ports.set(port, found.port);
    return found.port;
  }

  /** Waits until what it has taken is at work. */
  async warmed(): Promise<void> {
    this.#ports.clear();
    const warming = '^(listener_manager.total_listeners_warming|cluster_manager.warming_clusters)$';
    await until(`${this.node.name} is still warming`, async () => {
      const stats = await this.admin.stats(warming);
      return [...stats.values()].every((count) => count === 0);
    });
  }

  stop(): Promise<void> {
    this.#onStop(this);
    return this.#envoy.stop();
  }
}

function meshAnswer(answer: Answer): MeshAnswer {
  const echo = echoOf(answer.body);
  const valuesIn = (pairs: Answer['headers'], header: string) =>
    pairs.filter(([name]) => name.toLowerCase() === header).map(([, value]) => value);
  return {
    ...answer,
    echo,
    version: echo?.service,
    got: (header) => valuesIn(echo?.headers ?? [], header),
    said: (header) => valuesIn(answer.headers, header),
  };
}

function echoOf(body: string): Echo | undefined {
  try {
    const echo: Partial<Echo> = JSON.parse(body);
    return typeof echo.service === 'string' ? (echo as Echo) : undefined;
  } catch {
    return undefined;
  }
}

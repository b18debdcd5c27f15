// envoy-sidecar: a real Envoy at both ends of an application that the test plays, and the next hop
// behind it. Each policy has two listeners of its own, named `inbound POLICY`, `outbound POLICY`.

import { Agent, createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EnvoyProcess, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { bootstrap, type Listener, route } from './bootstrap.js';
import { send } from './client.js';
import { type Echo, type EchoServer, startEchoServer } from './echo-server.js';

type Pairs = readonly (readonly [string, string])[];
/** By name in lower case; an array for a repeated header. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;
/** The headers of the call that the application makes for a request; undefined: it makes none. */
export type Play = (request: Headers) => Headers | undefined | Promise<Headers | undefined>;

/** An entry as one of the sidecar's two filters. */
export function sidecarEntry(
  id: string,
  direction: 'inbound' | 'outbound',
  sections: Readonly<Record<string, unknown>>,
): FilterEntry {
  return { id, direction, configuration: { id, direction, ...sections } };
}

/** The two ends of a policy. */
export interface SidecarPolicy {
  /** HTTP filters before the router. */
  readonly inbound: readonly object[];
  readonly outbound: readonly object[];
  /** Fields of both HTTP connection managers set against their defaults. */
  readonly manager?: object;
}

export interface EnvoySidecarOptions {
  readonly path: string;
  /** Worker threads; default 4. */
  readonly concurrency?: number;
  /** By name. */
  readonly policies: Readonly<Record<string, SidecarPolicy>>;
}

/** What was seen of a request and of the call made for it, without what HTTP or Envoy add. */
export interface Passed {
  readonly app: Headers;
  readonly next: Headers | undefined;
}

/** How a request comes; what is absent is a GET of `/` over kept connections. */
export interface Manner {
  readonly connections?: Connections;
  readonly method?: string;
  readonly path?: string;
  /** Of a proxy before the sidecar; default its own inbound listener. */
  readonly port?: number;
}

export interface Connections {
  readonly inbound: Agent;
  readonly outbound: Agent;
}

const PLAY = 'x-play';
const OF_THE_HOP = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding'],
  ...['x-forwarded-proto', 'x-envoy-expected-rq-timeout-ms', PLAY],
]);

export class EnvoySidecar {
  readonly envoy: EnvoyProcess;
  readonly #app: Application;
  readonly #next: EchoServer;
  readonly #kept: Connections;
  readonly #ports = new Map<string, number>();

  private constructor(envoy: EnvoyProcess, app: Application, next: EchoServer) {
    this.envoy = envoy;
    this.#app = app;
    this.#next = next;
    const agent = () => new Agent({ keepAlive: true, maxSockets: 64 });
    this.#kept = { inbound: agent(), outbound: agent() };
  }

  static async start(options: EnvoySidecarOptions): Promise<EnvoySidecar> {
    const next = await startEchoServer();
    const app = await Application.start();
    try {
      const listeners = Object.entries(options.policies).flatMap(([name, policy]): Listener[] => {
        const manager = policy.manager ?? {};
        const of = (end: 'inbound' | 'outbound', cluster: string): Listener => {
          const routes = [route(cluster)];
          return { name: `${end} ${name}`, filters: policy[end], routes, manager };
        };
        return [of('inbound', 'app'), of('outbound', 'next')];
      });
      const clusters = [
        { name: 'app', port: app.port },
        { name: 'next', port: next.port },
      ];
      const envoy = await startEnvoy({
        path: options.path,
        concurrency: options.concurrency ?? 4,
        bootstrap: bootstrap(listeners, clusters),
      });
      return new EnvoySidecar(envoy, app, next);
    } catch (error) {
      await Promise.all([app.close(), next.close()]);
      throw error;
    }
  }

  async port(end: keyof Connections, policy: string): Promise<number> {
    const name = `${end} ${policy}`;
    const port = this.#ports.get(name) ?? (await this.envoy.listener(name)).port;
    this.#ports.set(name, port);
    return port;
  }

  /**
   * A request through the inbound listener, for which the application does what is played.
   * @throws Error where the request or the call is not answered with 200
   */
  async pass(policy: string, request: Headers, play?: Play, manner?: Manner): Promise<Passed> {
    const { app, next } = await this.exchange(policy, request, play, manner);
    return { app, next };
  }

  /** As `pass`, with the headers of the answer. */
  async exchange(
    policy: string,
    request: Headers,
    play: Play = () => undefined,
    manner: Manner = {},
  ): Promise<Passed & { readonly answer: Headers }> {
    const { connections = this.#kept, port, ...line } = manner;
    let app: Headers = {};
    let next: Headers | undefined;
    const id = this.#app.expect(async (seen) => {
      app = seen;
      const call = await play(seen);
      if (call !== undefined) next = await this.call(policy, call, connections.outbound);
    });
    const { status, headers, body } = await send({
      ...line,
      port: port ?? (await this.port('inbound', policy)),
      headers: [...pairsOf(request), [PLAY, id]],
      agent: connections.inbound,
    });
    if (status !== 200) throw new Error(`the request was answered ${status} ${body}`);
    return { app, next, answer: headersOf(headers) };
  }

  /** A call of the application: what the next hop sees of it. */
  async call(policy: string, headers: Headers, agent = this.#kept.outbound): Promise<Headers> {
    const port = await this.port('outbound', policy);
    const { status, body } = await send({ port, headers: pairsOf(headers), agent });
    if (status !== 200) throw new Error(`the call was answered ${status} ${body}`);
    return headersOf((JSON.parse(body) as Echo).headers);
  }

  /** Counters of a metric that are not 0, by the values of some labels, joined by blanks. */
  async counts(
    metric: string,
    policy: string,
    labels: readonly string[],
  ): Promise<Record<string, number>> {
    const samples = await this.envoy.admin.prometheus(`^wasmcustom\\.${metric}`);
    return Object.fromEntries(
      samples
        .filter(({ name, value, labels }) => {
          return name === metric && labels.policy === policy && value !== 0;
        })
        .map((one) => [labels.map((label) => one.labels[label]).join(' '), one.value]),
    );
  }

  /**
   * Connections of their own to each worker of a policy's listeners: request and call can then be
   * made to meet any two of them. Nothing else may connect meanwhile.
   */
  async connectionsByWorker(policy: string, workers: number): Promise<Connections[]> {
    const inbound = await this.#agentsByWorker(policy, 'inbound', workers);
    const outbound = await this.#agentsByWorker(policy, 'outbound', workers);
    return inbound.map((one, worker) => ({ inbound: one, outbound: outbound[worker]! }));
  }

  async #agentsByWorker(policy: string, end: keyof Connections, workers: number): Promise<Agent[]> {
    const found = new Map<number, Agent>();
    // The kernel deals connections to workers by chance.
    for (let tries = 0; found.size < workers && tries < 50 * workers; tries++) {
      const before = await this.connectionsOf(end, policy);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const connections = { inbound: agent, outbound: agent };
      if (end === 'inbound') await this.pass(policy, {}, undefined, { connections });
      else await this.call(policy, {}, agent);
      const after = await this.connectionsOf(end, policy);
      const worker = after.findIndex((count, index) => count !== before[index]);
      if (worker < 0 || found.has(worker)) agent.destroy();
      else found.set(worker, agent);
    }
    if (found.size < workers) throw new Error(`${end}: ${found.size} of ${workers} workers`);
    return [...found].sort(([a], [b]) => a - b).map(([, agent]) => agent);
  }

  /** How many connections each worker of a listener has accepted. */
  async connectionsOf(end: keyof Connections, policy: string): Promise<number[]> {
    const stats = await this.envoy.admin.stats(`^listener\\.${end} ${policy}\\.worker_`);
    const counts: number[] = [];
    for (const [name, value] of stats) {
      const worker = /\.worker_(\d+)\.downstream_cx_total$/.exec(name)?.[1];
      if (worker !== undefined) counts[Number(worker)] = value;
    }
    return counts;
  }

  async stop(): Promise<void> {
    this.#kept.inbound.destroy();
    this.#kept.outbound.destroy();
    await this.envoy.stop();
    await Promise.all([this.#app.close(), this.#next.close()]);
  }
}

/** An HTTP server that does for each request what it was told to expect. */
class Application {
  readonly #server: Server;
  readonly #expected = new Map<string, (seen: Headers) => Promise<void>>();
  #count = 0;

  private constructor() {
    const options = { keepAliveTimeout: 60_000, maxHeaderSize: 1 << 22 };
    this.#server = createServer(options, async (request, response) => {
      const id = String(request.headers[PLAY]);
      const expected = this.#expected.get(id);
      this.#expected.delete(id);
      const pairs: [string, string][] = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        pairs.push([request.rawHeaders[i]!, request.rawHeaders[i + 1]!]);
      }
      try {
        await expected?.(headersOf(pairs));
        response.end();
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
    this.#server.maxHeadersCount = 0;
  }

  static async start(): Promise<Application> {
    const app = new Application();
    await new Promise<void>((resolve) => app.#server.listen(0, '127.0.0.1', resolve));
    return app;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What to do for the request whose `x-play` is the answer. */
  expect(play: (seen: Headers) => Promise<void>): string {
    const id = String(this.#count++);
    this.#expected.set(id, play);
    return id;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

function pairsOf(headers: Headers): Pairs {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
}

function headersOf(pairs: Pairs): Headers {
  const headers: Record<string, string | string[]> = {};
  for (const [given, value] of pairs) {
    const name = given.toLowerCase();
    if (OF_THE_HOP.has(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

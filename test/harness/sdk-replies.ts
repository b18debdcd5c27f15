// sdk-replies: a real Envoy that answers by itself in each way it knows, one for each authority, and
// the upstreams behind it, which keep count of what arrived.

import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createRaw, type Server, type Socket } from 'node:net';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { bootstrap, breakers, virtualHost } from './sdk-bootstrap.js';

const EJECTED = '60s';

/** What Envoy does with a call, by the first label of its authority; `grpc-` before: over HTTP/2. */
export const REPLIES = [
  'uf',
  'urx',
  'uh',
  'uc',
  'uo',
  'nc',
  'nr',
  'ut',
  'died',
  'ejected',
  'suppressed',
  'forged',
] as const;
export type ReplyName = (typeof REPLIES)[number];

interface Upstream {
  readonly port: number;
  readonly arrived: () => number;
  readonly close: () => void;
}

const RETRIES = { num_retries: 2, retry_back_off: { base_interval: '0.005s' } };

export class SdkReplies {
  readonly port: number;
  /** Its router leaves out the headers that are Envoy's own. */
  readonly suppressingPort: number;
  readonly #envoy: EnvoyProcess;
  readonly #upstreams: ReadonlyMap<string, Upstream>;

  private constructor(
    envoy: EnvoyProcess,
    ports: { port: number; suppressingPort: number },
    upstreams: ReadonlyMap<string, Upstream>,
  ) {
    this.#envoy = envoy;
    this.port = ports.port;
    this.suppressingPort = ports.suppressingPort;
    this.#upstreams = upstreams;
  }

  static async start(version: string): Promise<SdkReplies> {
    const upstreams = new Map<string, Upstream>();
    for (const prefix of ['', 'grpc-']) {
      upstreams.set(`${prefix}uc`, await taker());
      upstreams.set(`${prefix}ut`, await taker({ keeps: true }));
      upstreams.set(`${prefix}died`, await taker({ dies: true }));
    }
    upstreams.set('ejected', await refuser('down'));
    upstreams.set('suppressed', await refuser(''));
    upstreams.set('forged', await refuser('no healthy upstream'));
    const { path } = await findEnvoy({ version });
    try {
      const envoy = await startEnvoy({
        path,
        name: 'replies',
        bootstrap: configuration(upstreams),
      });
      const [{ port }, { port: suppressingPort }] = await Promise.all([
        envoy.listener('plain'),
        envoy.listener('suppressing'),
      ]);
      return new SdkReplies(envoy, { port, suppressingPort }, upstreams);
    } catch (error) {
      for (const { close } of upstreams.values()) close();
      throw error;
    }
  }

  /** How many requests have come to each upstream. */
  arrived(): Record<string, number> {
    return Object.fromEntries([...this.#upstreams].map(([name, { arrived }]) => [name, arrived()]));
  }

  async stop(): Promise<void> {
    for (const { close } of this.#upstreams.values()) close();
    await this.#envoy.stop();
  }
}

/** Takes what comes, and hangs up; `keeps`: does not; `dies`: listens no more from then on. */
async function taker(mode: { keeps?: boolean; dies?: boolean } = {}): Promise<Upstream> {
  let arrived = 0;
  const sockets = new Set<Socket>();
  const server: Server = createRaw((socket) => {
    sockets.add(socket);
    let all = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      all += chunk.toString('latin1');
      // The body of the calls, whole, over HTTP/1.1 and in a frame of HTTP/2 alike.
      if (!all.includes('the-body')) return;
      all = '';
      arrived++;
      if (mode.dies) server.close();
      if (!mode.keeps) socket.destroy();
    });
  });
  return { port: await bound(server), arrived: () => arrived, close: () => end(server, sockets) };
}

/** An application that has taken a call and answers 503. */
async function refuser(said: string): Promise<Upstream> {
  let arrived = 0;
  const server: HttpServer = createServer((request, response) => {
    request.resume().on('end', () => {
      arrived++;
      response.writeHead(503, { 'content-length': said.length }).end(said);
    });
  });
  const port = await bound(server);
  return {
    port,
    arrived: () => arrived,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function end(server: Server, sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
  server.close();
}

async function bound(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

function configuration(upstreams: ReadonlyMap<string, Upstream>): object {
  const names = ['', 'grpc-'].flatMap((prefix) => REPLIES.map((name) => `${prefix}${name}`));
  const virtual_hosts = names
    .filter((host) => !host.endsWith('nr'))
    .map((host) => {
      const domains = [`${host}.test`, `${host}.test:*`];
      return virtualHost({ host, domains, action: actionOf(host) });
    });
  const shared = { port: 0, routes: { virtual_hosts, validate_clusters: false } };
  return bootstrap(
    [
      { name: 'plain', ...shared },
      { name: 'suppressing', ...shared, router: { suppress_envoy_headers: true } },
    ],
    names
      .filter((name) => !/nc$|nr$/.test(name))
      .map((name) => ({
        name,
        // Where nobody listens, unless there is an upstream.
        port: name.endsWith('uh') ? undefined : (upstreams.get(name)?.port ?? 1),
        http2: name.startsWith('grpc-'),
        settings: settingsOf(name),
      })),
  );
}

function actionOf(host: string): object {
  const name = host.replace('grpc-', '');
  if (name === 'ut') return { timeout: '0.2s' };
  if (name === 'urx') return { retry_policy: { retry_on: 'connect-failure', ...RETRIES } };
  if (name === 'died') return { retry_policy: { retry_on: 'reset,connect-failure', ...RETRIES } };
  if (name === 'ejected') {
    // Istio's list.
    const retry_on = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
    // Late enough, nearly always, that the worker has heard of the ejection.
    const retry_back_off = { base_interval: '0.5s', max_interval: '0.5s' };
    const statuses = { retriable_status_codes: [503] };
    return { retry_policy: { retry_on, ...statuses, ...RETRIES, retry_back_off } };
  }
  return {};
}

function settingsOf(host: string): object {
  const name = host.replace('grpc-', '');
  if (name === 'uo') return breakers(0);
  if (name === 'ejected') {
    return {
      outlier_detection: {
        consecutive_5xx: 1,
        base_ejection_time: EJECTED,
        max_ejection_percent: 100,
      },
      // Workers are told of ejections at once, not once a second.
      common_lb_config: { healthy_panic_threshold: { value: 0 }, update_merge_window: '0s' },
    };
  }
  return {};
}

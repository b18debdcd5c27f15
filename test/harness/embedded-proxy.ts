// embedded-proxy: a proxy of the mesh without Envoy: the same wasm in the V8 host, with a small
// HTTP proxy around it. For machines where no Envoy can be had; it proves nothing about Envoy.

import { randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import { Host, type Plugin } from '../../envoyfilter/src/host/index.js';
import { loadFilter, samplesOf } from './host.js';
import { type MeshProxy, type ProxyListener, type ProxySpec, VIA } from './proxy.js';

/** Headers that belong to one connection (RFC 9110 section 7.6.1). */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te']);

export class EmbeddedProxy implements MeshProxy {
  readonly #host = new Host();
  readonly #servers = new Map<string, Server>();
  readonly #spec: ProxySpec;

  private constructor(spec: ProxySpec) {
    this.#spec = spec;
  }

  static async start(spec: ProxySpec): Promise<EmbeddedProxy> {
    const proxy = new EmbeddedProxy(spec);
    for (const listener of spec.listeners) await proxy.#listen(listener);
    return proxy;
  }

  async port(listener: string): Promise<number> {
    const server = this.#servers.get(listener);
    if (server === undefined) throw new Error(`no listener ${listener}`);
    return (server.address() as AddressInfo).port;
  }

  async metrics(): Promise<Sample[]> {
    return samplesOf(this.#host);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  }

  #listen(listener: ProxyListener): Promise<void> {
    const plugin = loadFilter(this.#host, listener.filter);
    const server = createServer((req, res) => this.#forward(listener, plugin, req, res));
    this.#servers.set(listener.name, server);
    return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  #forward(
    listener: ProxyListener,
    plugin: Plugin,
    ...[req, res]: Parameters<Parameters<typeof createServer>[1] & object>
  ): void {
    const stream = plugin.open({ sourceAddress: `${req.socket.remoteAddress}:0` });
    const outcome = stream.requestHeaders([
      [':method', req.method ?? 'GET'],
      [':path', req.url ?? '/'],
      [':authority', req.headers.host ?? ''],
      [':scheme', 'http'],
      ...pairsOf(req.rawHeaders).filter(([name]) => name !== 'host'),
      // As Envoy, which makes one before filters run.
      ...(req.headers['x-request-id'] ? [] : [['x-request-id', randomUUID()] as const]),
    ]);
    if (outcome.reply !== undefined) {
      const { status, headers, body } = outcome.reply;
      const fields = [...headers].filter(([name]) => !name.startsWith(':'));
      res.writeHead(status, fields.flat()).end(body, 'latin1');
      stream.done();
      return;
    }
    const pairs = [...outcome.headers];
    const route = listener.routes.find(
      ({ when }) =>
        when === undefined ||
        pairs.some(([name, value]) => name === when.header && value === when.value),
    );
    const cluster = route?.cluster ?? '';
    const tag = pairs.find(([name]) => name === 'x-traffic-tag')?.[1] ?? '-';
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: this.#spec.clusters[cluster],
        method: req.method,
        path: pairs.find(([name]) => name === ':path')?.[1],
        setHost: false,
        headers: [
          ['host', req.headers.host ?? ''],
          ...pairs.filter(([name]) => !name.startsWith(':')),
        ].flat(),
      },
      (incoming) => {
        const answered = stream.responseHeaders([
          [':status', String(incoming.statusCode)],
          ...pairsOf(incoming.rawHeaders).filter(([name]) => !HOP_BY_HOP.has(name)),
        ]);
        const place = `${this.#spec.name} ${listener.name}`;
        const headers = [...answered.headers].filter(([name]) => !name.startsWith(':'));
        res.writeHead(incoming.statusCode ?? 502, [
          ...headers.flat(),
          ...[VIA, `${place} tag=${tag} to=${cluster}`],
        ]);
        incoming.pipe(res);
        stream.done();
      },
    );
    outgoing.on('error', (error) => {
      stream.done();
      res
        .writeHead(503)
        .end(`${this.#spec.name}: ${cluster} cannot be reached: ${error.message}\n`);
    });
    req.pipe(outgoing);
  }
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) {
    pairs.push([(raw[i] ?? '').toLowerCase(), raw[i + 1] ?? '']);
  }
  return pairs.filter(([name]) => !HOP_BY_HOP.has(name));
}

// admin: a client of Envoy's administration interface, one question a method.
// Assumes: plain HTTP. Each request has its own connection: a proxy under test comes and goes, and a
// pooled connection to one that is gone answers with somebody else's error.

import { request } from 'node:http';
import { parsePrometheus, type Sample } from './prometheus.js';

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A listener by the name in its configuration; the port is the real one, also where it was 0. */
export interface ListenerAddress extends Address {
  readonly name: string;
}

/** Bytes, as /memory says. */
export interface MemoryUse {
  readonly allocated: number;
  readonly heapSize: number;
  readonly pageheapUnmapped: number;
  readonly pageheapFree: number;
  readonly totalThreadCache: number;
  readonly totalPhysicalBytes: number;
}

/** /config_dump; what a section holds depends on its '@type'. */
export interface ConfigDump {
  readonly configs: ReadonlyArray<{ readonly '@type': string } & Record<string, unknown>>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 10_000;

/** The answer was not 200, or there was none. `status` is undefined in the latter case. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code = 'ENVOY_ADMIN';
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

export class AdminClient {
  readonly host: string;
  readonly port: number;
  /** 'http://HOST:PORT', without a slash at the end. */
  readonly url: string;

  /** A URL such as 'http://127.0.0.1:15000', or its parts. */
  constructor(base: string | URL | Address) {
    const url =
      typeof base === 'string' || base instanceof URL
        ? new URL(base)
        : new URL(`http://${base.host.includes(':') ? `[${base.host}]` : base.host}:${base.port}`);
    if (url.protocol !== 'http:') throw new TypeError(`admin URL ${url}: wanted http://`);
    this.host = url.hostname.replace(/^\[|\]$/g, '');
    this.port = url.port === '' ? 80 : Number(url.port);
    this.url = url.origin;
  }

  /** Any question; does not judge the status. Rejects with AdminError where no answer came. */
  ask(method: 'GET' | 'POST', path: string, timeoutMs = TIMEOUT_MS): Promise<AdminAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) =>
        reject(new AdminError(`${method} ${this.url}${path}: ${cause.message}`, undefined, cause));
      const signal = AbortSignal.timeout(timeoutMs);
      const { host, port } = this;
      request({ host, port, method, path, agent: false, signal }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('error', fail);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      })
        .on('error', (error) => fail(signal.aborted ? new Error(`${timeoutMs} ms passed`) : error))
        .end();
    });
  }

  /** The body of a 200 answer, else AdminError. */
  async get(path: string, timeoutMs?: number): Promise<string> {
    return this.#ok('GET', path, timeoutMs);
  }

  /** For what changes something: /logging?level=debug, /drain_listeners, /reset_counters … */
  async post(path: string, timeoutMs?: number): Promise<string> {
    return this.#ok('POST', path, timeoutMs);
  }

  async #ok(method: 'GET' | 'POST', path: string, timeoutMs?: number): Promise<string> {
    const { status, body } = await this.ask(method, path, timeoutMs);
    if (status === 200) return body;
    const text = body.trim().slice(0, 200);
    throw new AdminError(`${method} ${this.url}${path}: ${status} ${text}`, status);
  }

  /** LIVE, DRAINING, PRE_INITIALIZING or INITIALIZING. */
  async state(timeoutMs?: number): Promise<string> {
    return (await this.ask('GET', '/ready', timeoutMs)).body.trim();
  }

  /** True once the server is LIVE: configuration loaded, listeners at work. */
  async ready(timeoutMs?: number): Promise<boolean> {
    return (await this.state(timeoutMs)) === 'LIVE';
  }

  /**
   * Counters and gauges by full name. `filter` is an RE2 pattern that may match anywhere in the
   * name. Histograms and text values are left out.
   */
  async stats(filter?: string): Promise<Map<string, number>> {
    // JSON, because a name that a filter made up may itself hold ': '.
    const body = await this.get(`/stats?format=json${filterQuery(filter)}`);
    const { stats } = JSON.parse(body) as { stats: { name?: string; value?: unknown }[] };
    const found = new Map<string, number>();
    for (const { name, value } of stats) {
      if (name !== undefined && typeof value === 'number') found.set(name, value);
    }
    return found;
  }

  /** All samples of /stats/prometheus, histograms included; `filter` as in stats(). */
  async prometheus(filter?: string): Promise<Sample[]> {
    return parsePrometheus(await this.get(`/stats/prometheus?${filterQuery(filter).slice(1)}`));
  }

  /** The configuration in force; `query` as in '?resource=dynamic_listeners' or '?include_eds'. */
  async configDump(query = ''): Promise<ConfigDump> {
    return JSON.parse(await this.get(`/config_dump${query}`)) as ConfigDump;
  }

  /** The listeners with the address to connect to: a wildcard address reads as the loopback one. */
  async listeners(): Promise<ListenerAddress[]> {
    const answer = JSON.parse(await this.get('/listeners?format=json')) as {
      listener_statuses?: {
        name: string;
        local_address?: { socket_address?: { address: string; port_value?: number } };
      }[];
    };
    const found: ListenerAddress[] = [];
    for (const { name, local_address } of answer.listener_statuses ?? []) {
      const socket = local_address?.socket_address; // absent for a Unix socket
      if (socket === undefined) continue;
      found.push({ name, host: connectable(socket.address), port: socket.port_value ?? 0 });
    }
    return found;
  }

  async memory(): Promise<MemoryUse> {
    const answer = JSON.parse(await this.get('/memory')) as Record<string, string>;
    const bytes = (key: string) => Number(answer[key] ?? 0);
    return {
      allocated: bytes('allocated'),
      heapSize: bytes('heap_size'),
      pageheapUnmapped: bytes('pageheap_unmapped'),
      pageheapFree: bytes('pageheap_free'),
      totalThreadCache: bytes('total_thread_cache'),
      totalPhysicalBytes: bytes('total_physical_bytes'),
    };
  }
}

function filterQuery(filter: string | undefined): string {
  return filter === undefined ? '' : `&filter=${encodeURIComponent(filter)}`;
}

/** An address that one can connect to: the wildcards 0.0.0.0 and :: become the loopback. */
export function connectable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

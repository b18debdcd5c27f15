// Hostile requests in a real Envoy: with limits raised so that the filter sees them, and with
// Envoy's own limits, which refuse the largest before any filter runs.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { type Hostile, hostile, hostileEntry, STRIPPED } from '../harness/hostile.js';
import { WASM_PATH } from '../harness/wasm.js';

type Pair = readonly [string, string];
interface Seen {
  readonly status: number;
  readonly headers: readonly Pair[];
}

const RAISED = 'raised/policy/0';
const DEFAULTS = 'defaults/policy/0';
const TOO_LARGE = 431;

let upstream: EchoServer;
/** Raw headers of the CONNECT requests that reached the upstream. */
const connects: string[][] = [];

beforeAll(async () => {
  upstream = await startEchoServer();
  upstream.server.on('connect', (request: IncomingMessage, socket) => {
    connects.push(request.rawHeaders);
    socket.end('HTTP/1.1 200 OK\r\n\r\n');
  });
});
afterAll(() => upstream?.close());

/** Sends a CONNECT; the headers are those that the upstream saw. */
function connect(port: number, headers: readonly Pair[]): Promise<Seen> {
  const before = connects.length;
  const flat = [['host', 'test.example:443'], ...headers].flat();
  return new Promise((resolve, reject) => {
    httpRequest({
      host: '127.0.0.1',
      port,
      method: 'CONNECT',
      path: 'test.example:443',
      headers: flat,
      agent: false,
    })
      .on('connect', ({ statusCode = 0 }, socket) => {
        socket.destroy();
        const raw = connects[before] ?? [];
        const pairs = raw.flatMap((name, i): Pair[] =>
          i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : [],
        );
        resolve({ status: statusCode, headers: pairs });
      })
      .on('response', ({ statusCode = 0 }) => resolve({ status: statusCode, headers: [] }))
      .on('error', reject)
      .end();
  });
}

async function pass(port: number, { method = 'GET', path, headers }: Hostile): Promise<Seen> {
  if (method === 'CONNECT') return connect(port, headers);
  const { status, body } = await send({ port, method, path: path ?? '/', headers });
  return { status, headers: status === 200 ? (JSON.parse(body) as Echo).headers : [] };
}

function valuesOf(headers: readonly Pair[], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

describe.each(['1.40.0', '1.36.4'])('a hostile request in Envoy %s', (version) => {
  let envoy: EnvoyProcess;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const filter = (id: string) =>
      staticFilter(hostileEntry(id), { wasmPath: WASM_PATH, envoy: version });
    const routes = [{ match: { connect_matcher: {} }, route: { cluster: 'echo' } }, route('echo')];
    const upgrades = { upgrade_configs: [{ upgrade_type: 'CONNECT' }] };
    const raised = {
      ...upgrades,
      max_request_headers_kb: 8192,
      common_http_protocol_options: { max_headers_count: 10_000 },
    };
    const listeners = [
      { name: RAISED, filters: [filter(RAISED)], routes, manager: raised },
      { name: DEFAULTS, filters: [filter(DEFAULTS)], routes, manager: upgrades },
    ];
    const clusters = [{ name: 'echo', port: upstream.port }];
    envoy = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters) });
  });
  afterAll(() => envoy?.stop());

  it.each(
    hostile.map((one) => [one.name, one] as const),
  )('is decided where limits are raised: %s', async (_name, one) => {
    const { port } = await envoy.listener(RAISED);
    const { status, headers } = await pass(port, one);
    expect(status).toBe(200);
    for (const [name, values] of Object.entries(one.tags)) {
      expect(valuesOf(headers, name), name).toEqual(values);
    }
    const unreadable = hostile
      .slice(0, hostile.indexOf(one) + 1)
      .filter((before) => before.unreadable === true).length;
    expect(await errorsOf(RAISED)).toEqual(unreadable === 0 ? {} : { headers: unreadable });
  });

  it.each(
    hostile.map((one) => [one.name, one] as const),
  )('is refused by Envoy itself, or decided, with its own limits: %s', async (_name, one) => {
    const { port } = await envoy.listener(DEFAULTS);
    const { status, headers } = await pass(port, one);
    expect(status).toBe(one.oversized === true ? TOO_LARGE : 200);
    if (status !== 200) return;
    for (const [name, values] of Object.entries(one.tags)) {
      expect(valuesOf(headers, name), name).toEqual(values);
    }
  });

  it('leaves no trace but its answer: no VM has failed, and the next request is decided', async () => {
    for (const id of [RAISED, DEFAULTS]) {
      const { port } = await envoy.listener(id);
      const { headers } = await pass(port, { name: '', headers: [['cookie', 'beta=1']], tags: {} });
      expect(valuesOf(headers, STRIPPED)).toEqual(['cookie']);
    }
    const trouble = envoy.logs.filter((line) => /\]\[(error|critical)\]/.test(line));
    expect(trouble).toEqual([]);
    expect(await errorsOf(DEFAULTS)).toEqual({});
    const stats = await envoy.admin.stats('wasm');
    const failures = [...stats].filter(([name, count]) => /fail|reload/.test(name) && count !== 0);
    expect(failures).toEqual([]);
  });

  /** tagalong_errors_total of an entry by kind, zeros left out. */
  async function errorsOf(id: string): Promise<Record<string, number>> {
    const samples = await envoy.admin.prometheus('tagalong_errors_total');
    return Object.fromEntries(
      samples
        .filter(({ labels, value }) => labels.policy === id && value !== 0)
        .map(({ labels, value }) => [labels.kind, value]),
    );
  }
});

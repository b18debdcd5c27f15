// What a caller sees of a connection that waits for the sidecar, on every Node: the same as of one
// that takes its time anyway.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';
import { ownAddress } from '../apps/sidecar/lib.mjs';
import { App, type AppOptions, type Line, runApp } from './app.js';

interface Result {
  readonly group: 'client' | 'ended' | 'connectTimeout' | 'context';
  readonly name: string;
  readonly ms: number;
  readonly value?: unknown;
  readonly error?: string | number;
  readonly context?: string;
}

interface Report extends Line {
  readonly before: { connections: number; state: string; ms: number };
  readonly results: readonly Result[];
  readonly holds: readonly { authority: string; ms: number; ended: string }[];
}

/** How long calls are held there, and what is taken for early. */
const HELD_MS = 3_000;
const EARLY_MS = 1_500;

/** Aborted while connecting, these say so when they have connected, with or without a hold. */
const LATE = ['undici, signal', 'http2, destroy'];

const nodes = await nodeBinaries();

describe.each(nodes)('hold, Node $version', (node) => {
  let held: Report;
  let slow: Report;

  beforeAll(async () => {
    const app = await runApp({ node: node.path, script: 'hold.mjs' });
    held = (await app.line('report')) as Report;
    const bare = { script: 'hold.mjs', flags: [], env: { SLOW_LOOKUP: '1' } };
    slow = (await (await runApp({ node: node.path, ...bare })).line('report')) as Report;
  });

  const of = (report: Report, group: Result['group']) =>
    report.results.filter((one) => one.group === group);

  it('lets no connection through until the sidecar is ready', () => {
    expect(held.before).toMatchObject({ connections: 0, state: 'starting' });
    expect(held.before.ms).toBeGreaterThanOrEqual(HELD_MS);
  });

  it('answers every client afterwards, each in its context', () => {
    const clients = of(held, 'client').filter(({ name }) => !name.startsWith('a held socket'));
    expect(clients.length).toBeGreaterThanOrEqual(20);
    for (const { name, value, ms, context } of clients) {
      expect({ name, value, context }).toEqual({ name, value: 'hello', context: name });
      expect(ms, name).toBeGreaterThan(HELD_MS);
    }
    for (const { name, value } of of(held, 'context')) expect(value).toEqual(['hello', name]);
  });

  it('ends what the caller ends, when and as without a hold', () => {
    const plain = (report: Report) =>
      of(report, 'ended')
        .filter(({ name }) => !name.startsWith('grpc-js'))
        .map(({ name, ms, error }) => ({ name, error, early: ms < EARLY_MS }));
    expect(plain(held)).toEqual(plain(slow));
    for (const { name, ms } of of(held, 'ended')) {
      expect(ms, name).toBeGreaterThanOrEqual(99);
      if (!LATE.includes(name)) expect(ms, name).toBeLessThan(EARLY_MS);
    }
    const grpc = of(held, 'ended').find(({ name }) => name === 'grpc-js, deadline');
    expect(grpc?.error, 'DEADLINE_EXCEEDED').toBe(4);
  });

  it('treats a socket that is used again as without a hold', () => {
    const again = (report: Report) =>
      of(report, 'client').find(({ name }) => name.startsWith('a held socket'))?.error;
    expect(again(held)).toBe(again(slow));
  });

  it("leaves undici's own connect timeout running", () => {
    for (const report of [held, slow]) {
      expect(of(report, 'connectTimeout')).toMatchObject([{ error: 'UND_ERR_CONNECT_TIMEOUT' }]);
    }
  });

  it('tells of each connection how long it waited and why no longer', () => {
    const ended = held.holds.map((one) => one.ended);
    expect(ended.filter((one) => one === 'ready').length).toBeGreaterThanOrEqual(20);
    expect(ended.filter((one) => one === 'abort').length).toBeGreaterThanOrEqual(9);
    expect(new Set(ended)).toEqual(new Set(['ready', 'abort']));
    const path = held.holds.filter(({ authority }) => authority.startsWith('unix:/'));
    expect(path).toHaveLength(1);
    for (const { ms, ended } of held.holds) {
      if (ended === 'ready') expect(ms).toBeGreaterThan(HELD_MS - 500);
      else expect(ms).toBeLessThan(EARLY_MS);
    }
  });
});

describe.each(nodes)('a held connection, Node $version', (node) => {
  let server: Server;
  let url: string;
  let loopback: string;
  let asked = 0;
  let probe: Server;
  let probeUrl: string;

  beforeAll(async () => {
    server = await listening((_, response) => response.end('hello'));
    const { port } = server.address() as AddressInfo;
    const host = ownAddress();
    url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
    loopback = `http://127.0.0.1:${port}/`;
    probe = await listening((_, response) => {
      asked++;
      response.writeHead(503).end();
    });
    probeUrl = `http://127.0.0.1:${(probe.address() as AddressInfo).port}/healthz/ready`;
  });

  afterAll(() => {
    for (const one of [server, probe]) {
      one.close();
      one.closeAllConnections();
    }
  });

  const started = { TAGALONG_SIDECAR: 'expect' };
  const run = (manner: string, env: Record<string, string> = started, more: Partial<Run> = {}) =>
    runApp(appOf(node, manner, more.url ?? url, { TAGALONG_PROBE: probeUrl, ...env }, more));

  it('keeps a job alive that has nothing else to do', async () => {
    const app = await run('http', { ...started, TAGALONG_HOLD_MS: '700' });
    const result = await app.line('result');
    expect(result).toMatchObject({ status: 200 });
    expect(result.ms).toBeGreaterThan(690);
    expect(await app.line('tagalong:hold')).toMatchObject({ ended: 'timeout' });
    expect(app.ended).toEqual({ code: 0, signal: null });
    expect(app.errors).toMatch(/TagalongWarning: .* has waited 700 ms .*TAGALONG_SIDECAR=none/);
  });

  it.each(['unref', 'unref before'])('lets a process end by itself: %s', async (manner) => {
    const startMs = performance.now();
    const app = await run(manner);
    expect(app.ended).toEqual({ code: 0, signal: null });
    // The hold is 30 s.
    expect(performance.now() - startMs).toBeLessThan(15_000);
  });

  it('counts for the process again after ref', async () => {
    const app = await run('unref, ref', { ...started, TAGALONG_HOLD_MS: '700' });
    expect((await app.line('result')).ms).toBeGreaterThan(690);
  });

  it('lets the process end once its socket is destroyed', async () => {
    const app = await run('destroy');
    expect(await app.line('result')).toMatchObject({ pending: false });
    expect((await app.line('result')).ms).toBeLessThan(EARLY_MS);
    expect(await app.line('tagalong:hold')).toMatchObject({ ended: 'abort' });
    expect(app.ended.code).toBe(0);
  });

  it('waits once, whoever asks', async () => {
    const app = await run('hold', { ...started, TAGALONG_HOLD_MS: '300' });
    expect((await app.line('result')).ms).toBeLessThan(EARLY_MS);
    expect(app.lines.filter(({ is }) => is === 'tagalong:hold')).toHaveLength(1);
  });

  it('does not start the timeout of its socket anew when it goes on', async () => {
    const app = await run('timeout', { ...started, TAGALONG_HOLD_MS: '700' });
    expect(await app.line('tagalong:hold')).toMatchObject({ ended: 'timeout' });
    const { ms } = await app.line('result');
    expect(ms).toBeGreaterThan(990);
    expect(ms).toBeLessThan(1_600);
  });

  it('does not wait anew, in a thread that is started late, for what is known', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '::1' };
    const app = await runApp({ node: node.path, script: 'thread.mjs', env });
    const told = await app.line('thread');
    expect(told).toMatchObject({ main: 'none', state: 'none' });
    // Of a grace of 3 s.
    expect(told.ms).toBeLessThan(EARLY_MS);
  });

  it.each([
    ['on a laptop', {}],
    ['with TAGALONG_SIDECAR=none', { TAGALONG_SIDECAR: 'none', KUBERNETES_SERVICE_HOST: '::1' }],
    ['with TAGALONG=off', { TAGALONG: 'off', ...started }],
  ] as const)('is not held, and nobody asked, %s', async (_, env) => {
    const before = asked;
    const app = await run('http', env);
    expect(await app.line('begins')).toMatchObject({ state: 'none' });
    expect(await app.line('result')).toMatchObject({ status: 200 });
    expect(app.lines.some(({ is }) => is.startsWith('tagalong:'))).toBe(false);
    expect(asked).toBe(before);
  });

  it('is not held with TAGALONG_HOLD_MS=0', async () => {
    const app = await run('http', { ...started, TAGALONG_HOLD_MS: '0' });
    expect(await app.line('begins')).toMatchObject({ state: 'starting' });
    expect(await app.line('result')).toMatchObject({ status: 200 });
    expect(app.lines.some(({ is }) => is === 'tagalong:hold')).toBe(false);
  });

  it('is not held to a loopback address, unless that is the proxy', async () => {
    const free = await run('http', started, { url: loopback });
    expect(free.lines.some(({ is }) => is === 'tagalong:hold')).toBe(false);
    const env = { ...started, TAGALONG_HOLD_MS: '300', TAGALONG_PROXY: loopback };
    const held = await run('http', env, { url: loopback });
    expect(await held.line('tagalong:hold')).toMatchObject({ ended: 'timeout' });
  });

  it('goes on when a Kubernetes pod has refused for the grace, and the sidecar may come back', async () => {
    const port = await freePort();
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', TAGALONG_PROBE: `http://[::1]:${port}/` };
    const options = JSON.stringify({ sidecar: { graceMs: 800 } });
    const app = new App(appOf(node, 'watch', url, env, { options }));
    const result = await app.line('result');
    expect(result).toMatchObject({ status: 200 });
    expect(result.ms).toBeGreaterThan(790);
    expect(result.ms).toBeLessThan(3_500);
    expect(await app.line('tagalong:hold')).toMatchObject({ ended: 'none' });
    expect(await app.line('tagalong:sidecar')).toMatchObject({ from: 'starting', to: 'none' });
    const late = await listening((_, response) => response.end(), port, '::1');
    const back = await app.line(({ to }) => to === 'ready');
    expect(back).toMatchObject({ from: 'none', why: 'answered 200' });
    await app.kill();
    late.close();
    late.closeAllConnections();
  });

  it.each([
    ['bad port', 'ERR_SOCKET_BAD_PORT'],
    ['no port', 'ERR_MISSING_ARGS'],
  ])('is refused at once where it cannot be: %s', async (manner, code) => {
    const app = await run(manner);
    expect(await app.line('result')).toMatchObject({ thrown: code });
    expect(app.ended.code).toBe(0);
  });

  it('tells what was wrong with its options as an error, later', async () => {
    const app = await run('bad family', { ...started, TAGALONG_HOLD_MS: '300' });
    expect(await app.line('result')).toMatchObject({ error: 'ERR_INVALID_IP_ADDRESS' });
  });

  it('ends a process that does not listen for its error, as without', async () => {
    const nobody = `http://${new URL(url).hostname}:${await freePort()}/`;
    const app = await run('unhandled', { ...started, TAGALONG_HOLD_MS: '300' }, { url: nobody });
    expect(app.ended).toEqual({ code: 1, signal: null });
    expect(app.errors).toContain('ECONNREFUSED');
  });
});

interface Run {
  readonly url: string;
  /** For `configure`. */
  readonly options: string;
}

function appOf(
  node: NodeBinary,
  manner: string,
  url: string,
  env: Record<string, string>,
  { options }: Partial<Run> = {},
): AppOptions {
  const args = [manner, url, ...(options === undefined ? [] : [options])];
  return { node: node.path, script: 'call.mjs', env, args };
}

async function listening(
  handler: Parameters<typeof createServer>[1],
  port = 0,
  host?: string,
): Promise<Server> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

/** A port where nobody listens, on any address. */
async function freePort(): Promise<number> {
  const server = await listening(() => {});
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// The life of a real Envoy, as the applications beside it see it: started late, killed, started
// again, drained. All Nodes at once: one proxy, one story.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeBinaries } from '../../harness/nodes.js';
import { App, type Line } from './app.js';
import { SidecarProxy } from './proxy.js';

/** One probe every 5 s, give or take a fifth; and what a loaded machine adds. */
const STEADY_MS = 6_000;
const SLACK_MS = 1_500;
/** Of the call that is under way when the proxy drains. */
const SLOW_MS = 4_000;

interface Call extends Line {
  readonly startMs: number;
  readonly endMs: number;
  readonly status?: number;
  readonly error?: string;
}

interface Change extends Line {
  readonly from: string;
  readonly to: string;
  readonly why: string;
  readonly atMs: number;
}

const nodes = await nodeBinaries();

describe('life', () => {
  let upstream: Server;
  let proxy: SidecarProxy;
  let apps: App[];

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      setTimeout(() => response.end('hello'), request.url === '/slow' ? SLOW_MS : 0);
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    proxy = await SidecarProxy.make({ upstream: (upstream.address() as AddressInfo).port });
  });

  afterAll(async () => {
    await Promise.all((apps ?? []).map((app) => app.kill()));
    await proxy?.stop();
    upstream?.close();
    upstream?.closeAllConnections();
  });

  const each = (check: (app: App, version: string) => Promise<void>) =>
    Promise.all(apps.map((app, i) => check(app, nodes[i]!.version)));

  /** The next change of the state, from a line on. */
  const change = async (app: App, to: string, from: number) =>
    (await app.line((line) => line.is === 'state' && line.to === to, { from })) as Change;

  const calls = (app: App, from = 0) =>
    app.lines.slice(from).filter(({ is }) => is === 'call') as Call[];

  it('follows the proxy, and so do calls', async () => {
    await startsLate();
    await diesAndComesBack();
    await drains();
    await listensNoMore();
  }, 90_000);

  /** Every call is held while the proxy is not there. */
  async function startsLate() {
    apps = nodes.map(
      ({ path }) =>
        new App({
          node: path,
          script: 'traffic.mjs',
          env: {
            KUBERNETES_SERVICE_HOST: '10.0.0.1',
            TAGALONG_PROBE: proxy.probe,
            TAGALONG_PROXY: `http://127.0.0.1:${proxy.port}`,
          },
        }),
    );
    await each(async (app) => {
      expect(await app.line('begins')).toMatchObject({ state: 'starting' });
    });
    await proxy.start();
    await each(async (app, version) => {
      const ready = await change(app, 'ready', 0);
      expect(ready).toMatchObject({ from: 'starting', why: 'answered 200' });
      // Some that began before and some that began after.
      await app.line((line) => line.is === 'call' && (line as Call).startMs > ready.atMs);
      const early = calls(app).filter(({ startMs }) => startMs < ready.atMs);
      expect(early.length, version).toBeGreaterThan(0);
      for (const { endMs } of early) expect(endMs).toBeGreaterThan(ready.atMs);
      for (const { status, error } of calls(app)) {
        expect({ version, status, error }).toEqual({ version, status: 200 });
      }
    });
  }

  /** A kill -9 is noticed by the first refused call, and what takes its place soon after. */
  async function diesAndComesBack() {
    const from = apps.map(({ lines }) => lines.length);
    await proxy.kill();
    await each(async (app, version) => {
      const start = from[apps.indexOf(app)]!;
      const dead = await change(app, 'dead', start);
      expect(dead).toMatchObject({ from: 'ready', why: 'refused' });
      const refused = (await app.line(({ error }) => error === 'ECONNREFUSED', {
        from: start,
      })) as Call;
      // Not by the next of the probes that are 5 s apart.
      expect(dead.atMs - refused.endMs, version).toBeLessThan(SLACK_MS);
    });
    // Calls that meet nobody are not held: the proxy was ready once.
    await each(async (app) => {
      const dead = app.lines.findLast(({ to }) => to === 'dead') as Change;
      const call = (await app.line(
        (line) => line.is === 'call' && (line as Call).startMs > dead.atMs,
      )) as Call;
      expect(call.error).toBe('ECONNREFUSED');
      expect(call.endMs - call.startMs).toBeLessThan(SLACK_MS);
    });
    const again = apps.map(({ lines }) => lines.length);
    await proxy.start();
    await each(async (app) => {
      const start = again[apps.indexOf(app)]!;
      const ready = await change(app, 'ready', start);
      expect(ready.from).toBe('dead');
      await app.line(
        (line) => line.is === 'call' && (line as Call).startMs > ready.atMs && line.status === 200,
        { from: start },
      );
    });
  }

  /** Draining while the probe says so; calls go on, one that is under way finishes. */
  async function drains() {
    const from = apps.map(({ lines }) => lines.length);
    const failedMs = performance.now();
    await proxy.fail();
    await each(async (app, version) => {
      const start = from[apps.indexOf(app)]!;
      const draining = await change(app, 'draining', start);
      expect(draining).toMatchObject({ from: 'ready', why: 'answered 503' });
      expect(performance.now() - failedMs, version).toBeLessThan(STEADY_MS + SLACK_MS);
      // Calls go on, and the one that was begun when the proxy was ready is answered.
      const slow = (await app.line('slow', { from: start })) as Call;
      expect(slow.status, version).toBe(200);
      const late = await app.line(
        (line) => line.is === 'call' && (line as Call).startMs > draining.atMs,
        { from: start },
      );
      expect(late.status, version).toBe(200);
    });
  }

  /** Dead when the drained proxy listens no more. */
  async function listensNoMore() {
    const from = apps.map(({ lines }) => lines.length);
    await proxy.drain();
    await each(async (app) => {
      const dead = await change(app, 'dead', from[apps.indexOf(app)]!);
      expect(dead).toMatchObject({ from: 'draining', why: 'refused' });
    });
  }
});

describe('pace', () => {
  it('is quick while the sidecar starts, slow when it is ready, bounded under refusals', async () => {
    await Promise.all(
      nodes.map(async ({ path, version }) => {
        const app = new App({ node: path, script: 'pace.mjs' });
        const { starting, ready, refused, gaps, contexts } = (await app.line(
          'paces',
        )) as unknown as {
          starting: number;
          ready: number;
          refused: number;
          gaps: number[];
          contexts: unknown[];
        };
        await app.kill();
        // A second of 0, 100, 250, 475, 813 ms, give or take a fifth; then three seconds of nothing.
        expect(starting, version).toBeGreaterThanOrEqual(3);
        expect(starting, version).toBeLessThanOrEqual(7);
        expect(ready, version).toBe(0);
        // A second of 200 refusals.
        expect(refused, version).toBeGreaterThanOrEqual(3);
        expect(refused, version).toBeLessThanOrEqual(12);
        for (const gap of gaps) expect(gap, version).toBeGreaterThan(80);
        // Probes belong to nobody's request.
        expect(contexts, version).toEqual(['none', 'none']);
      }),
    );
  });
});

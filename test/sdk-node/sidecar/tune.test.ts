import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';
import { App, REGISTER, runApp } from './app.js';
import { SidecarProxy } from './proxy.js';

/** An hour, and what a server waits longer. */
const LONG_MS = 3_610_000;

const nodes = await nodeBinaries();

describe.each(nodes)('tune, Node $version', (node) => {
  it('keeps connections longer than the proxy, and closes them while it drains', async () => {
    const app = await runApp({ node: node.path, script: 'tune.mjs', flags: REGISTER });
    expect(await app.line('set')).toMatchObject({
      usual: LONG_MS,
      shorter: LONG_MS,
      given: 70_000,
      longer: 70_000,
      atBound: 70_001,
      forever: 0,
      https: LONG_MS,
      afterwards: 7_000,
      wrong: 'TAGALONG_CONFIG',
      // The server for both has the timeout from Node 24 on.
      http2: [
        [true, true],
        [node.major < 24, node.major < 24],
      ],
    });
    expect(await app.line('idle')).toMatchObject({ answers: 2, ended: false });
    expect(await app.line('starting')).toMatchObject({
      state: 'starting',
      usual: 5_000,
      secure: 5_000,
    });
    expect(await app.line('ready')).toMatchObject({
      usual: LONG_MS,
      secure: LONG_MS,
      set: 7_000,
      setAfterListen: 6_000,
      setAtOnce: 6_000,
      setWhenListening: 6_000,
      setWhenReady: 6_000,
      closed: 5_000,
      after: LONG_MS,
      never: 5_000,
      ...(node.major < 24 ? {} : { both: LONG_MS }),
    });
    const open = {
      usual: 'keep-alive',
      secure: 'keep-alive',
      set: 'keep-alive',
      both: 'keep-alive',
    };
    expect(await app.line('drain')).toMatchObject({
      before: open,
      draining: { usual: 'close', secure: 'close', set: 'close', both: 'close' },
      again: open,
      during: true,
      slow: 'hello',
      told: { goaway: true, closed: true },
      fresh: 'hello',
    });
    expect(app.ended.code).toBe(0);
  });
});

describe.each(nodes)('keep-alive behind a real Envoy, Node $version', (node) => {
  /** Envoy's, of a connection to the service. */
  const IDLE_MS = 2_000;
  /** Before and after the moment at which the bare service closes. */
  const OFF_MS = [-10, -5, 0, 5, 10];
  const WIDTH = 32;
  const BARE_MAX_MS = 60_000;
  const TUNED_MS = 8_000;
  const ends: (() => Promise<unknown> | undefined)[] = [];

  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  });

  async function start(manner: 'bare' | 'tuned'): Promise<{ proxy: SidecarProxy; paceMs: number }> {
    const app = serverOf(node, manner, IDLE_MS);
    ends.push(() => app.kill());
    const { port, closesAfterMs, keepAliveMs } = await app.line('listens');
    if (manner === 'tuned') expect(keepAliveMs).toBe(IDLE_MS + 10_000);
    const cluster = {
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
          common_http_protocol_options: { idle_timeout: `${IDLE_MS / 1_000}s` },
          explicit_http_config: { http_protocol_options: {} },
        },
      },
    };
    const proxy = await SidecarProxy.make({ upstream: port as number, cluster });
    ends.push(() => proxy.stop());
    await proxy.start();
    return { proxy, paceMs: closesAfterMs as number };
  }

  /** How many of the answers of a round are a 503 for a connection that the service closed. */
  async function round(proxy: SidecarProxy): Promise<number> {
    const answers = await Promise.all(Array.from({ length: WIDTH }, () => get(proxy.port)));
    const wrong = answers.filter(({ status }) => status !== 200);
    for (const { status, body } of wrong) {
      expect({ status, body }).toEqual({
        status: 503,
        body: expect.stringMatching(/connection termination/),
      });
    }
    return wrong.length;
  }

  /** Round after round, until one was wrong or the time is over. */
  async function wrongWithin(manner: 'bare' | 'tuned', ms: number): Promise<number> {
    const { proxy, paceMs } = await start(manner);
    const endMs = performance.now() + ms;
    let wrong = 0;
    for (let i = 0; wrong === 0 && performance.now() < endMs; i++) {
      wrong = await round(proxy);
      const pauseMs = paceMs + OFF_MS[i % OFF_MS.length]!;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return wrong;
  }

  it('answers 503 UC now and then where the service closes first', async () => {
    expect(await wrongWithin('bare', BARE_MAX_MS)).toBeGreaterThan(0);
  }, 90_000);

  it('never does where the server is tuned', async () => {
    expect(await wrongWithin('tuned', TUNED_MS)).toBe(0);
  }, 90_000);
});

function serverOf(node: NodeBinary, manner: string, proxyIdleMs: number): App {
  const args = [manner, String(proxyIdleMs)];
  return new App({ node: node.path, script: 'server.mjs', flags: [], args });
}

function get(port: number): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

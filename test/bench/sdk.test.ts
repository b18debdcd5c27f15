// The part of the benchmark that is about the SDK: what a record has of it, that a wrong answer
// fails the run, and that nothing is left of a run that ended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { measureCalls, stepsOfCalls } from '../../bench/src/sdk/calls.js';
import { measureSdk } from '../../bench/src/sdk/sdk.js';
import { sdkVersions, settingsOf } from '../../bench/src/sdk/settings.js';
import { measureStartup } from '../../bench/src/sdk/startup.js';
import { HEADER_NAMES, SDK_VARIANTS, type SdkVariant } from '../../bench/src/sdk/variants.js';
import { Worker } from '../../bench/src/sdk/worker.js';

const MAJOR = Number.parseInt(process.versions.node, 10);
const TINY = { nodes: [MAJOR], rounds: 1, calls: 40, warm: 4 };
/** Of a process each: 26 where calls are measured, and 20 starts. */
const ALL_TIMEOUT_MS = 180_000;
const ignored = () => {};

const named = (name: string) =>
  SDK_VARIANTS.filter((variant) => variant.name === name && !variant.routed);
/** Bare Node, said to be something else. */
const pretending = (given: Partial<SdkVariant>): SdkVariant => ({
  name: 'pretending',
  nodeArgs: [],
  carried: { http: [], grpc: [] },
  ...given,
});
/** Processes of ours; one that has just ended is gone when the loop comes round. */
async function processes(): Promise<number> {
  await turn();
  await turn();
  return process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length;
}

describe('a run', () => {
  it(
    'has every variant of every client, in µs, and the starts, in ms',
    async () => {
      const settings = await settingsOf({ ...TINY, carries: ['headers'] });
      const steps: [done: number, total: number][] = [];
      const measurements = await measureSdk(settings, (...step) => steps.push(step));

      const [calls, starts] = [measurements.slice(0, 21), measurements.slice(21)];
      expect(calls.map((one) => `${one.case}: ${one.variant}`)).toEqual(
        [
          ['http', 'Agent', 'otel', 'hpropagate'],
          ['fetch', 'createFetch', 'otel'],
          ['undici', 'interceptor', 'otel'],
          ['grpc', 'channelOptions', 'otel'],
        ].flatMap(([client, ours, ...others]) =>
          ['bare', 'bare again', 'tagalong', `tagalong + ${ours}`, ...others].map(
            (variant) => `${client}, headers, Node ${MAJOR}: ${variant}`,
          ),
        ),
      );
      expect(starts.map((one) => `${one.case}: ${one.variant} ${one.figure}`)).toEqual(
        ['CommonJS', 'ES module'].flatMap((application) =>
          ['bare', 'bare again', 'tagalong', 'otel', 'hpropagate'].flatMap((variant) =>
            ['cpu', 'wall'].map(
              (figure) => `start, ${application}, Node ${MAJOR}: ${variant} ${figure}`,
            ),
          ),
        ),
      );
      for (const one of measurements) {
        expect(one).toMatchObject({ part: 'sdk', unit: calls.includes(one) ? 'µs' : 'ms' });
        expect(one.rounds).toHaveLength(1);
        // Far less than µs or ms would be another unit.
        expect(one.rounds[0]).toBeGreaterThan(5);
        expect(one.rounds[0]).toBeLessThan(50_000);
      }
      expect(calls.every(({ figure }) => figure === 'cpu')).toBe(true);
      expect(steps).toEqual(Array.from({ length: 23 }, (_, done) => [done + 1, 23]));
      expect(await processes()).toBe(0);
    },
    ALL_TIMEOUT_MS,
  );

  it('without headers has none of the calls through a route, and none may carry any', async () => {
    const settings = await settingsOf({ ...TINY, clients: ['http'], carries: ['nothing'] });
    const measurements = await measureCalls(settings, ignored);
    expect(measurements.map((one) => `${one.case}: ${one.variant}`)).toEqual(
      ['bare', 'bare again', 'tagalong', 'otel', 'hpropagate'].map(
        (variant) => `http, nothing, Node ${MAJOR}: ${variant}`,
      ),
    );
  });

  it('takes as many rounds as it is told', async () => {
    const settings = await settingsOf({
      ...TINY,
      rounds: 3,
      clients: ['http'],
      carries: ['headers'],
    });
    const bare = named('bare');
    expect(stepsOfCalls(settings, bare)).toBe(3);
    const [measurement] = await measureCalls(settings, ignored, bare);
    expect(new Set(measurement!.rounds).size).toBe(3);
  });
});

describe('a wrong answer fails the run:', () => {
  const cases: [what: string, client: 'http' | 'grpc', variant: SdkVariant, error: RegExp][] = [
    [
      'nothing carried where all must be',
      'http',
      pretending({ carried: { http: HEADER_NAMES } }),
      /^http, headers, Node \d+, pretending: x-request-id came 0 times, rightly 0: want 40$/,
    ],
    [
      'nothing carried by gRPC',
      'grpc',
      pretending({ carried: { grpc: ['x-traffic-tag'] } }),
      /x-traffic-tag came 0 times, rightly 0: want 40/,
    ],
    [
      'more carried than is said',
      'http',
      { ...named('tagalong')[0]!, carried: { http: [] } },
      /x-request-id came 40 times, rightly 40: want 0/,
    ],
    [
      'another value',
      'http',
      {
        ...named('tagalong')[0]!,
        nodeArgs: [
          '--import',
          'data:text/javascript,process.env.TAGALONG_MODE="participate"',
          ...named('tagalong')[0]!.nodeArgs,
        ],
      },
      /x-b3-spanid came 40 times, rightly 0: want 40/,
    ],
    [
      'a service that does not start',
      'http',
      pretending({ nodeArgs: ['--import', './missing.mjs'] }),
      /service\.cjs .*ended with 1\n[\s\S]*missing\.mjs/,
    ],
  ];

  it.each(cases)('%s', async (_what, client, variant, error) => {
    const settings = await settingsOf({ ...TINY, clients: [client], carries: ['headers'] });
    await expect(measureCalls(settings, ignored, [variant])).rejects.toThrow(error);
    expect(await processes()).toBe(0);
  });

  it('a start without what was to be started', async () => {
    const settings = await settingsOf(TINY);
    const forgotten = pretending({ nodeArgs: ['--no-warnings'] });
    await expect(measureStartup(settings, ignored, [forgotten])).rejects.toThrow(
      '--no-warnings start.cjs: 0 modules were loaded beside it',
    );
    const unawares = [pretending({ nodeArgs: ['--import', './missing.mjs'] })];
    await expect(measureStartup(settings, ignored, unawares)).rejects.toThrow('missing.mjs');
  });
});

describe('a run that is aborted', () => {
  const reason = new Error('enough');

  it('throws the reason, and leaves no process', async () => {
    for (const abortAt of [0, 1]) {
      const controller = new AbortController();
      const { signal } = controller;
      const settings = await settingsOf({ ...TINY, rounds: 1_000, clients: ['http'], signal });
      if (abortAt === 0) controller.abort(reason);
      const run = measureCalls(settings, (done) => {
        if (done === abortAt) setImmediate(() => controller.abort(reason));
      });
      await expect(run).rejects.toBe(reason);
      expect(await processes()).toBe(0);
    }
  });

  it('ends a start that is under way', async () => {
    const controller = new AbortController();
    const settings = await settingsOf({ ...TINY, signal: controller.signal });
    const endless = pretending({ nodeArgs: ['--import', 'data:text/javascript,for(;;);'] });
    const run = measureStartup(settings, ignored, [endless]);
    const rejected = expect(run).rejects.toBe(reason);
    await until(async () => (await processes()) > 0);
    controller.abort(reason);
    await rejected;
    await until(async () => (await processes()) === 0);
  });
});

describe('a process', () => {
  const SAYS_ITS_PID = 'process.send(process.pid); setInterval(() => {}, 1e3)';
  const node = process.execPath;

  it('ends when it is stopped, and again has nothing against it', async () => {
    const { worker, said } = await Worker.start<number>({
      node,
      args: ['-e', SAYS_ITS_PID],
      core: 0,
    });
    await worker.stop();
    await worker.stop();
    expect(() => process.kill(said, 0)).toThrow('ESRCH');
    await expect(worker.ask({})).rejects.toThrow('ended with SIGKILL');
  });

  it('that ends by itself is told with what it said', async () => {
    const broken = 'process.send(1); process.on("message", () => { throw new Error("oops") })';
    const { worker } = await Worker.start({ node, args: ['-e', broken], core: 0 });
    await expect(worker.ask({})).rejects.toThrow(/ended with 1\n[\s\S]*oops/);
    await worker.stop();
  });

  it('that is none is told', async () => {
    const missing = { node: '/missing/node', args: [], core: 0 } as const;
    await expect(Worker.start(missing)).rejects.toThrow('/missing/node');
  });

  it('has nothing of the environment that changes Node or the SDK', async () => {
    process.env.NODE_OPTIONS = '--no-such-flag';
    process.env.TAGALONG = 'off';
    try {
      const args = ['-e', 'process.send(process.env)'];
      const { worker, said } = await Worker.start<object>({ node, args, core: 0 });
      await worker.stop();
      const names = Object.keys(said).filter((name) => /^(NODE|TAGALONG)/.test(name));
      expect(names.sort()).toEqual(['TAGALONG_SIDECAR']);
    } finally {
      delete process.env.NODE_OPTIONS;
      delete process.env.TAGALONG;
    }
  });

  it('ends with whoever started it', async () => {
    const url = new URL('../../bench/src/sdk/worker.ts', import.meta.url);
    const script = `const { Worker } = await import('${url}');
      const node = process.execPath;
      const { said } = await Worker.start({ node, args: ['upstream.mjs'], core: 1 });
      console.log(said.http);`;
    const line = ['--import', 'tsx', '--input-type=module', '-e', script];
    const parent = spawn(node, line, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [port] = await once(parent.stdout.setEncoding('utf8'), 'data');
    expect(await accepts(Number(port))).toBe(true);
    parent.kill('SIGKILL');
    await until(async () => !(await accepts(Number(port))));
  });
});

describe('settings', () => {
  it('quick need no other Node than ours', async () => {
    const { nodes, rounds, clients, carries } = await settingsOf({ quick: true });
    expect(nodes).toEqual([
      { major: MAJOR, version: process.versions.node, path: process.execPath },
    ]);
    expect({ rounds, clients, carries }).toEqual({
      rounds: 3,
      clients: ['http', 'fetch'],
      carries: ['headers'],
    });
    expect(await settingsOf({ quick: true, rounds: 2 })).toMatchObject({ rounds: 2 });
  });

  it('are refused if they are none, told by name', async () => {
    for (const name of ['rounds', 'calls', 'warm', 'concurrency']) {
      for (const value of [0, 1.5, Number.NaN]) {
        const told = `${name}: ${value}: want a whole number from 1`;
        await expect(settingsOf({ nodes: [MAJOR], [name]: value })).rejects.toThrow(told);
      }
      await settingsOf({ nodes: [MAJOR], [name]: 1 });
    }
    await expect(settingsOf({ nodes: [MAJOR, 21] })).rejects.toThrow(/^nodes: 21: want one of 20/);
  });

  it('tell the versions of all that is measured', async () => {
    const settings = await settingsOf({ nodes: [MAJOR] });
    const versions = sdkVersions(settings);
    expect(versions[`Node ${MAJOR}`]).toBe(process.versions.node);
    expect(Object.keys(versions)).toHaveLength(7);
    for (const version of Object.values(versions)) expect(version).toMatch(/^\d+\.\d+\.\d+/);
  });
});

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('not within 20 s');
    await delay(10);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('connect', () => resolve(true))
      .on('error', () => resolve(false))
      .on('close', () => socket.destroy());
    socket.on('connect', () => socket.end());
  });
}

// Every feature at once through a gateway and a sidecar, for a while: honest and hostile requests,
// clients that want too much and clients that give up, then pushes; nothing is wrong, nothing traps,
// nothing grows.
// `npx vitest run --root test envoy/endurance` is the short one, which runs with all tests;
// TAGALONG_ENDURANCE=full before it takes five minutes of load and 1,000 pushes for each Envoy, and
// prints its figures.

import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { discoveredFilter, extensionConfig } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { send as request } from '../harness/client.js';
import { DiscoveryFolder, until } from '../harness/ecds.js';
import { EnvoySidecar, type Headers } from '../harness/envoy-sidecar.js';
import { hostile, hostileEntry } from '../harness/hostile.js';
import { Load } from '../harness/load.js';
import { WASM_PATH } from '../harness/wasm.js';

const PLANS = {
  short: { warmUpMs: 3_000, loadMs: 7_000, warmUpPushes: 30, pushes: 200 },
  full: { warmUpMs: 30_000, loadMs: 300_000, warmUpPushes: 100, pushes: 1000 },
} as const;
const PLAN_NAME = process.env.TAGALONG_ENDURANCE === 'full' ? 'full' : 'short';
const PLAN = PLANS[PLAN_NAME];
const AT_ONCE = 16;
const WORKERS = 2;
/** How much the resident memory of an Envoy may differ after load, and after pushes. */
const GROWTH_MIB = 16;
/** What a test may take beyond its plan. */
const SLACK_MS = 120_000;
const MIB = 1024;

const TAG = 'x-traffic-tag';
const VERSION_TAG = 'x-pushed';
const COOKIE = 'visitor';
const LIMITED = '/limited';
/** What the sidecar gives a user of `LIMITED`; the gateway would give one more at once. */
const ALLOWANCE = { burst: 2, perSecond: 10 };
const ASKED = 6;

/** All that a policy can hold, around the tags whose every condition hostile requests look for. */
function entryOf(direction: FilterEntry['direction'], pushed: number): FilterEntry {
  const id = 'shop/endurance/0';
  const looking = hostileEntry(id).configuration.tags as object[];
  const sticky = {
    header: 'x-share',
    rules: [
      {
        name: 'half',
        when: { not: { path: { regex: '/(a+)+b' } } },
        percent: 50,
        identity: [{ header: 'x-user' }, { cookie: COOKIE }],
        mint: { cookie: COOKIE },
        value: 'in',
      },
    ],
    default: 'out',
    carry: ['baggage'],
    echo: true,
  };
  const tags = [
    ...(direction === 'gateway' ? looking : [{ header: TAG }]),
    direction === 'gateway' ? sticky : { header: 'x-share', carry: ['baggage'], echo: true },
    { header: VERSION_TAG, incoming: 'strip', default: `push ${pushed}`, echo: true },
  ];
  const perUser = { when: { path: { exact: LIMITED } }, per: [{ header: 'x-user' }] };
  const limits = [
    // Whatever comes is counted, and there is always enough.
    { name: 'all', rate: '1000000/s', reply: { onSuccess: true } },
    {
      ...{ name: 'users', ...perUser, rate: `${ALLOWANCE.perSecond}/s` },
      burst: direction === 'gateway' ? ALLOWANCE.burst + 1 : ALLOWANCE.burst,
    },
    // More keys than buckets, and it harms nobody.
    {
      ...{ name: 'trial', ...perUser, rate: '1/h', scope: 'worker', maxKeys: 64, dryRun: true },
      per: [{ header: 'x-user' }, { ip: true }, { cookie: COOKIE }],
    },
  ];
  const propagate = { headers: [TAG, 'x-share', 'x-stage', 'baggage'], capacity: 1024 };
  const sections = direction === 'gateway' ? { tags, limits } : { tags, limits, propagate };
  return { id, direction, configuration: { id, direction, ...sections } };
}

const DIRECTIONS = ['gateway', 'inbound', 'outbound'] as const;
const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** Resident memory in KiB. */
function rss({ pid }: EnvoyProcess): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe.each(['1.40.0', '1.36.4'])(`a ${PLAN_NAME} while of everything in Envoy %s`, (version) => {
  let folder: DiscoveryFolder;
  let sidecar: EnvoySidecar;
  let gateway: EnvoyProcess;
  let envoys: readonly EnvoyProcess[];
  let port: number;
  let pushed = 0;
  let rejected = 0;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    folder = await DiscoveryFolder.make();
    for (const direction of DIRECTIONS) await send(direction);
    const filter = (name: string) => discoveredFilter(name, folder.source(name));
    const manager = {
      max_request_headers_kb: 8192,
      common_http_protocol_options: { max_headers_count: 10_000 },
    };
    sidecar = await EnvoySidecar.start({
      path,
      concurrency: WORKERS,
      policies: { main: { inbound: [filter('inbound')], outbound: [filter('outbound')], manager } },
    });
    const edge = {
      name: 'edge',
      filters: [filter('gateway')],
      routes: [route('sidecar')],
      manager,
    };
    const clusters = [{ name: 'sidecar', port: await sidecar.port('inbound', 'main') }];
    gateway = await startEnvoy({
      path,
      concurrency: WORKERS,
      bootstrap: bootstrap([edge], clusters),
    });
    port = (await gateway.listener('edge')).port;
    envoys = [gateway, sidecar.envoy];
  });
  afterAll(async () => {
    await gateway?.stop();
    await sidecar?.stop();
    await folder?.remove();
  });

  function send(direction: FilterEntry['direction']): Promise<void> {
    const options = { wasmPath: WASM_PATH, envoy: version };
    const resource = extensionConfig(direction, entryOf(direction, pushed), options);
    return folder.push(direction, [resource]);
  }

  /** A request whose call is found again by one of its ids, with all that belongs to it. */
  async function honest(turn: number): Promise<string> {
    const [id, trace, span, user] = [randomUUID(), hex(16), hex(8), hex(4)];
    const came = {
      'x-request-id': id,
      traceparent: `00-${trace}-${span}-01`,
      tracestate: `turn=${turn}`,
      baggage: `turn=${turn}`,
      'x-stage': turn % 2 === 0 ? 'pre' : 'prod',
    };
    const forwarded: Headers = [
      { 'x-request-id': id },
      { traceparent: came.traceparent },
      { b3: `${trace}-${span}-1` },
    ][turn % 3]!;
    const visitor: Headers = turn % 4 === 0 ? {} : { 'x-user': user };
    const request = {
      ...came,
      ...visitor,
      [TAG]: 'forged',
      cookie: turn % 2 === 0 ? 'beta=1' : '',
    };
    const { app, next, answer } = await sidecar.exchange('main', request, () => forwarded, {
      port,
    });
    const share = String(app['x-share']);
    const wanted = {
      ...came,
      ...forwarded,
      baggage: `turn=${turn},x-share=${share}`,
      'x-b3-traceid': trace,
      'x-b3-spanid': span,
      'x-b3-sampled': '1',
      [TAG]: turn % 2 === 0 ? 'cookie' : 'stable',
      'x-share': share,
      [VERSION_TAG]: next?.[VERSION_TAG],
    };
    const cookies = [answer['set-cookie'] ?? []].flat().length;
    const right =
      isDeepStrictEqual(next, wanted) &&
      (share === 'in' || share === 'out') &&
      answer['x-share'] === share &&
      cookies === (turn % 4 === 0 ? 1 : 0);
    return right ? 'honest' : `wrong: ${JSON.stringify({ wanted, next, answer })}`;
  }

  /** One of those that no honest client sends; the application sends it on as it came. */
  const requests = hostile.filter(({ path }) => path !== null);
  async function rude(turn: number): Promise<string> {
    const one = requests[turn % requests.length]!;
    const headers: Record<string, string[]> = {};
    for (const [name, value] of one.headers) {
      headers[name] ??= [];
      headers[name].push(value);
    }
    const trash = {
      traceparent: hex(turn % 60),
      b3: `${hex(8)}-`,
      baggage: `${hex(turn % 99)}=,;`,
    };
    let app: Headers;
    try {
      const manner = { port, path: one.path ?? '/' };
      ({ app } = await sidecar.pass('main', { ...headers, ...trash }, (seen) => seen, manner));
    } catch (error) {
      // What cannot be read is for every limit; those for users it shares with all of its kind.
      const limited = one.unreadable === true && /429 rate limit/.test((error as Error).message);
      if (limited) return 'hostile';
      throw error;
    }
    const [tag] = one.tags[TAG] ?? [];
    return isDeepStrictEqual(app[TAG], tag) ? 'hostile' : `wrong: ${one.name}: ${app[TAG]}`;
  }

  /** A user who asks for more than there is: what is allowed is given, and no more. */
  async function greedy(): Promise<string> {
    const begunMs = performance.now();
    const headers = [['x-user', hex(8)]] as const;
    const seen: string[] = [];
    for (let i = 0; i < ASKED; i++) {
      const { status, headers: told } = await request({ port, path: LIMITED, headers });
      const again = told.filter(([name]) => name.toLowerCase() === 'retry-after').join();
      seen.push(`${status} ${again}`.trim());
    }
    const admitted = seen.filter((one) => one === '200').length;
    rejected += ASKED - admitted;
    const most = ALLOWANCE.burst + (ALLOWANCE.perSecond * (performance.now() - begunMs)) / 1000;
    const right =
      seen.slice(0, ALLOWANCE.burst).every((one) => one === '200') &&
      seen.every((one) => one === '200' || one === '429 retry-after,1') &&
      admitted <= most;
    return right ? 'greedy' : `wrong: ${seen} of ${most}`;
  }

  /** A client that does not wait for its answer. */
  function gone(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('GET / HTTP/1.1\r\nhost: gone\r\n\r\n', () => socket.destroy());
      });
      socket.on('error', reject);
      socket.on('close', () => resolve('gone'));
    });
  }

  function turnOf(turn: number): Promise<string> {
    if (turn % 8 < 4) return honest(turn);
    if (turn % 8 < 6) return rude((turn >> 3) * 2 + (turn % 2));
    return turn % 8 < 7 ? greedy() : gone();
  }

  /** tagalong_heap_bytes of every filter, as its last configuration left it. */
  async function heaps(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const envoy of envoys) {
      for (const { name, labels, value } of await envoy.admin.prometheus('tagalong_heap_bytes')) {
        if (name === 'tagalong_heap_bytes') found[labels.direction ?? ''] = value;
      }
    }
    return found;
  }

  /** tagalong_errors_total by direction and kind, zeros left out. */
  async function errors(): Promise<Record<string, number>> {
    const samples = await Promise.all(
      envoys.map(({ admin }) => admin.prometheus('tagalong_errors_total')),
    );
    return Object.fromEntries(
      samples
        .flat()
        .filter(({ value }) => value !== 0)
        .map(({ labels, value }) => [`${labels.direction} ${labels.kind}`, value]),
    );
  }

  async function expectNoTrap(): Promise<void> {
    for (const envoy of envoys) {
      expect(envoy.logs.filter((line) => /\]\[(error|critical)\]/.test(line))).toEqual([]);
      const stats = await envoy.admin.stats('wasm');
      expect([...stats].filter(([name, value]) => /fail|reload/.test(name) && value !== 0)).toEqual(
        [],
      );
    }
  }

  function expectFlat(before: readonly number[], what: string): void {
    for (const [index, envoy] of envoys.entries()) {
      const grown = (rss(envoy) - (before[index] ?? 0)) / MIB;
      expect(grown, `MiB that ${index === 0 ? 'the gateway' : 'the sidecar'} ${what}`).toBeLessThan(
        GROWTH_MIB,
      );
    }
  }

  function report(what: string, figures: object): void {
    if (PLAN_NAME === 'full') console.log(version, what, JSON.stringify(figures));
  }

  /** Runs for a time, and until nothing is under way. */
  async function load(ms: number): Promise<Load> {
    const endMs = performance.now() + ms;
    const running = Load.start(AT_ONCE, turnOf);
    await until('the time is over', async () => performance.now() > endMs, ms + SLACK_MS);
    await running.stop();
    return running;
  }

  /** Whether the newest push serves at every place. */
  async function inForce(): Promise<boolean> {
    const { app, next, answer } = await sidecar.exchange('main', {}, () => ({}), { port });
    const at = [app[VERSION_TAG], next?.[VERSION_TAG], answer[VERSION_TAG]];
    return at.every((one) => one === `push ${pushed}`);
  }

  async function push(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      pushed++;
      await Promise.all(DIRECTIONS.map(send));
      await until(`push ${pushed} is in force`, inForce);
    }
  }

  it(
    'is served right, traps nowhere and takes no more memory',
    async () => {
      const heap = await heaps();
      await load(PLAN.warmUpMs);
      const before = envoys.map(rss);
      const { seen, count } = await load(PLAN.loadMs);
      const after = envoys.map(rss);
      report('load', {
        seen: [...seen].slice(0, 9),
        count,
        rejected,
        before,
        after,
        errors: await errors(),
      });
      expect([...seen.keys()].sort()).toEqual(['gone', 'greedy', 'honest', 'hostile']);
      expect(rejected).toBeGreaterThan(0);
      await expectNoTrap();
      expectFlat(before, 'has grown by under load');
      // What cannot be read, and answers that no client waited for; else nothing has failed.
      expect(Object.keys(await errors()).filter((one) => !/headers|response/.test(one))).toEqual(
        [],
      );
      // A push makes every filter report its heap again.
      await push(1);
      expect(await heaps()).toEqual(heap);
    },
    PLAN.warmUpMs + PLAN.loadMs + SLACK_MS,
  );

  it(
    'is configured many times and takes no more memory',
    async () => {
      await push(PLAN.warmUpPushes);
      const heap = await heaps();
      expect(Object.keys(heap).sort()).toEqual([...DIRECTIONS].sort());
      const before = envoys.map(rss);
      await push(PLAN.pushes);
      report('pushes', { pushed, before, after: envoys.map(rss), heap, later: await heaps() });
      expect(await heaps()).toEqual(heap);
      await expectNoTrap();
      expectFlat(before, 'has grown by through pushes');
    },
    (PLAN.warmUpPushes + PLAN.pushes) * 1000 + SLACK_MS,
  );
});

// Propagation in real Envoys: what came with a request goes on with the calls of an application
// that forwards one id only, whichever worker serves the one and the other.

import { randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { until } from '../harness/ecds.js';
import {
  type Connections,
  EnvoySidecar,
  type Headers,
  type Play,
  sidecarEntry,
} from '../harness/envoy-sidecar.js';
import { WASM_PATH } from '../harness/wasm.js';

const TAG = 'x-traffic-tag';
const TEAM = 'x-team';
const WORKERS = 4;
const TTL_MS = 1000;
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/** One entry for both directions, by the name of its policy. */
const SECTIONS = {
  main: { propagate: { headers: [TAG, TEAM] } },
  // So many that none of those under way gives way to others.
  busy: { propagate: { headers: [TAG, TEAM], capacity: 65_536 } },
  // So few that workers meet in one slot all the time.
  small: { propagate: { capacity: 64 } },
  other: { propagate: {} },
  short: { propagate: { ttl: `${TTL_MS / 1000}s` } },
  making: { propagate: { makeRequestId: true } },
  dry: { propagate: {}, mode: 'dryRun' },
  counted: { propagate: {} },
} as const;
type Policy = keyof typeof SECTIONS;

const idOf = (policy: Policy) => `shop/${policy}/0`;

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

/** Ids that no other request has. */
function fresh() {
  return { id: randomUUID(), trace: hex(16), span: hex(8), parent: hex(8), own: hex(8) };
}
type Ids = ReturnType<typeof fresh>;

const traceparent = ({ trace, span }: Pick<Ids, 'trace' | 'span'>, flags = '01') =>
  `00-${trace.padStart(32, '0')}-${span}-${flags}`;

/** A sampled span in several headers. */
const multi = ({ trace, span }: Pick<Ids, 'trace' | 'span'>) => ({
  'x-b3-traceid': trace,
  'x-b3-spanid': span,
  'x-b3-sampled': '1',
});

const only = (...names: string[]): Play => {
  return (seen) =>
    Object.fromEntries(Object.entries(seen).filter(([name]) => names.includes(name)));
};
const ID_ONLY = only('x-request-id');
const everything: Play = (seen) => seen;

describe.each(['1.40.0', '1.36.4'])('propagation in Envoy %s', (version) => {
  let sidecar: EnvoySidecar;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const options = { wasmPath: WASM_PATH, envoy: version };
    const ends = (policy: Policy) => {
      const sections = { tags: [{ header: TAG }], ...SECTIONS[policy] };
      const end = (direction: 'inbound' | 'outbound') => [
        staticFilter(sidecarEntry(idOf(policy), direction, sections), options),
      ];
      const withoutIds = policy === 'making' || policy === 'small';
      const manager = withoutIds ? { generate_request_id: false } : {};
      return { inbound: end('inbound'), outbound: end('outbound'), manager };
    };
    const names = Object.keys(SECTIONS) as Policy[];
    const policies = Object.fromEntries(names.map((name) => [name, ends(name)]));
    sidecar = await EnvoySidecar.start({ path, concurrency: WORKERS, policies });
  });
  afterAll(() => sidecar?.stop());

  /** tagalong_propagate_total by `DIRECTION OUTCOME MODE`, zeros left out. */
  const outcomes = (policy: Policy) =>
    sidecar.counts('tagalong_propagate_total', idOf(policy), ['direction', 'outcome', 'mode']);

  /** What a piece of work adds to the counters. */
  async function counted(policy: Policy, work: () => Promise<unknown>) {
    const before = await outcomes(policy);
    await work();
    const after = Object.entries(await outcomes(policy));
    const added = after.map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
    return Object.fromEntries(added.filter(([, count]) => count !== 0));
  }

  describe('where the application forwards', () => {
    interface Case {
      readonly trace: Headers;
      readonly play: Play;
      readonly sent: Headers;
    }
    const w3c = (ids: Ids) => {
      return { traceparent: traceparent(ids), tracestate: 'v=1', 'x-ot-span-context': 'ot' };
    };
    const b3 = (ids: Ids) => ({ b3: `${ids.trace}-${ids.span}-1` });
    const ownSpan = ({ trace, own }: Ids) => ({ trace, span: own });
    const arriving = (ids: Ids, trace: Headers) => {
      return { 'x-request-id': ids.id, [TAG]: 'canary', [TEAM]: 'a, b', ...trace };
    };

    const cases: readonly [string, (ids: Ids) => Case][] = [
      [
        'x-request-id',
        (ids) => ({ trace: w3c(ids), play: ID_ONLY, sent: { ...w3c(ids), ...multi(ids) } }),
      ],
      [
        'traceparent',
        (ids) => {
          const sent = { ...w3c(ids), ...multi(ids) };
          return { trace: w3c(ids), play: only('traceparent'), sent };
        },
      ],
      [
        'traceparent with a span of its own',
        (ids) => {
          const call = { traceparent: traceparent(ownSpan(ids)) };
          const sent = { ...call, tracestate: 'v=1', ...multi(ownSpan(ids)) };
          return { trace: w3c(ids), play: () => call, sent };
        },
      ],
      [
        'traceparent and tracestate',
        (ids) => {
          const call = { traceparent: traceparent(ids), tracestate: 'app=2,v=1' };
          return {
            trace: w3c(ids),
            play: () => call,
            sent: { ...w3c(ids), ...multi(ids), ...call },
          };
        },
      ],
      [
        'b3',
        (ids) => {
          const sent = { ...b3(ids), traceparent: traceparent(ids), ...multi(ids) };
          return { trace: b3(ids), play: only('b3'), sent };
        },
      ],
      [
        'b3 with a span of its own',
        (ids) => {
          const call = b3({ ...ids, ...ownSpan(ids) });
          const own = ownSpan(ids);
          const sent = { ...call, traceparent: traceparent(own), ...multi(own) };
          return { trace: b3(ids), play: () => call, sent };
        },
      ],
      [
        'x-b3-traceid and the others',
        (ids) => {
          const sent = { traceparent: traceparent(ids), ...multi(ids) };
          return { trace: multi(ids), play: only(...Object.keys(multi(ids))), sent };
        },
      ],
      [
        'all that it saw',
        (ids) => ({ trace: w3c(ids), play: everything, sent: { ...w3c(ids), ...multi(ids) } }),
      ],
    ];

    it.each(cases)('only %s, its call carries what came', async (_forwarded, caseOf) => {
      const ids = fresh();
      const { trace, play, sent } = caseOf(ids);
      const { app, next } = await sidecar.pass('main', arriving(ids, trace), play);
      expect(app).toEqual(arriving(ids, trace));
      expect(next).toEqual(arriving(ids, sent));
    });

    it('nothing, nothing is restored and nothing is invented', async () => {
      const ids = fresh();
      const { next } = await sidecar.pass('main', arriving(ids, w3c(ids)), () => ({}));
      expect(next).toEqual({ 'x-request-id': expect.stringMatching(UUID) });
      expect(next).not.toEqual({ 'x-request-id': ids.id });
    });

    it('ids that never came, nothing is restored', async () => {
      const { id, ...other } = fresh();
      const ids = fresh();
      const call = { 'x-request-id': id, traceparent: traceparent(other) };
      const { next } = await sidecar.pass('main', arriving(ids, w3c(ids)), () => call);
      expect(next).toEqual(call);
    });

    it('a tag and a header of its own, they stand', async () => {
      const ids = fresh();
      const call = { 'x-request-id': ids.id, [TAG]: 'own', [TEAM]: 'own' };
      const { next } = await sidecar.pass('main', arriving(ids, w3c(ids)), () => call);
      expect(next).toEqual({ ...call, ...w3c(ids), ...multi(ids) });
    });

    it('a trace of its own beside the id, no header of the other trace goes with it', async () => {
      const ids = fresh();
      const own = fresh();
      const call = { 'x-request-id': ids.id, traceparent: traceparent(own) };
      const { next } = await sidecar.pass('main', arriving(ids, w3c(ids)), () => call);
      expect(next).toEqual(arriving(ids, { ...call, ...multi(own) }));
    });

    it('its request id with another sampling character, the request is found', async () => {
      const ids = fresh();
      const changed = { 'x-request-id': `${ids.id.slice(0, 14)}9${ids.id.slice(15)}` };
      expect(changed['x-request-id']).not.toBe(ids.id);
      const { next } = await sidecar.pass('main', arriving(ids, w3c(ids)), () => changed);
      expect(next).toEqual(arriving(ids, { ...changed, ...w3c(ids), ...multi(ids) }));
    });

    it('x-request-id for several calls, each carries what came', async () => {
      const ids = fresh();
      await sidecar.pass('main', arriving(ids, w3c(ids)), async (seen) => {
        const call = () => sidecar.call('main', { 'x-request-id': seen['x-request-id']! });
        const calls = await Promise.all([call(), call(), call()]);
        expect(calls).toEqual(calls.map(() => arriving(ids, { ...w3c(ids), ...multi(ids) })));
        return undefined;
      });
    });
  });

  describe('a trace that comes as', () => {
    const ids = fresh();
    const { trace, span, parent } = ids;
    const low = trace.slice(16);
    const idsOnly = { 'x-b3-traceid': trace, 'x-b3-spanid': span };

    it.each([
      ['traceparent', { traceparent: traceparent(ids) }, multi(ids)],
      [
        'traceparent that is not sampled',
        { traceparent: traceparent(ids, '00') },
        { ...multi(ids), 'x-b3-sampled': '0' },
      ],
      ['b3', { b3: `${trace}-${span}-1` }, { ...multi(ids), traceparent: traceparent(ids) }],
      [
        'b3 that is not sampled',
        { b3: `${trace}-${span}-0` },
        { ...idsOnly, 'x-b3-sampled': '0', traceparent: traceparent(ids, '00') },
      ],
      [
        'b3 for debugging',
        { b3: `${trace}-${span}-d` },
        { ...idsOnly, 'x-b3-flags': '1', traceparent: traceparent(ids) },
      ],
      [
        'b3 with a parent',
        { b3: `${trace}-${span}-1-${parent}` },
        { ...multi(ids), 'x-b3-parentspanid': parent, traceparent: traceparent(ids) },
      ],
      ['b3 whose decision is deferred', { b3: `${trace}-${span}` }, idsOnly],
      [
        'b3 of 64 bits',
        { b3: `${low}-${span}-1` },
        { ...multi({ trace: low, span }), traceparent: traceparent({ trace: low, span }) },
      ],
      ['b3 that only says no', { b3: '0' }, { 'x-b3-sampled': '0' }],
      ['b3 that only says yes', { b3: '1' }, { 'x-b3-sampled': '1' }],
      ['b3 that only says debug', { b3: 'd' }, { 'x-b3-flags': '1' }],
      [
        'several headers',
        { ...multi(ids), 'x-b3-parentspanid': parent },
        { ...multi(ids), 'x-b3-parentspanid': parent, traceparent: traceparent(ids) },
      ],
      ['several headers, deferred', idsOnly, idsOnly],
      [
        'several headers of 64 bits',
        multi({ trace: low, span }),
        { ...multi({ trace: low, span }), traceparent: traceparent({ trace: low, span }) },
      ],
      [
        'several headers for debugging',
        { ...idsOnly, 'x-b3-flags': '1' },
        { ...idsOnly, 'x-b3-flags': '1', traceparent: traceparent(ids) },
      ],
      ['several headers that only say no', { 'x-b3-sampled': '0' }, { 'x-b3-sampled': '0' }],
    ] as [
      string,
      Headers,
      Headers,
    ][])('%s goes on in every format that is written', async (_format, came, sent) => {
      const id = randomUUID();
      const request = { 'x-request-id': id, ...came };
      const { app, next } = await sidecar.pass('main', request, ID_ONLY);
      expect(app).toEqual(request);
      // The formats that are written are b3multi and w3c.
      const { b3: _notWritten, ...again } = came;
      expect(next).toEqual({ 'x-request-id': id, ...again, ...sent });
    });
  });

  describe('a trace header that says nothing reaches nobody', () => {
    const { trace, span } = fresh();
    const zeros = '0'.repeat(32);

    it.each([
      ['an empty traceparent', { traceparent: '' }],
      ['a traceparent of zeros', { traceparent: `00-${zeros}-${span}-01` }],
      ['a traceparent without a span', { traceparent: `00-${trace}-${zeros.slice(16)}-01` }],
      ['a traceparent of version ff', { traceparent: `ff-${trace}-${span}-01` }],
      ['a traceparent cut short', { traceparent: `00-${trace}-${span}` }],
      ['a traceparent in capitals', { traceparent: `00-${'AB'.repeat(16)}-${span}-01` }],
      [
        'two traceparents that differ',
        { traceparent: ['01', '00'].map((flags) => traceparent({ trace, span }, flags)) },
      ],
      ['an empty tracestate', { tracestate: '' }],
      ['an empty b3', { b3: '' }],
      ['a b3 of another word', { b3: 'x' }],
      ['a b3 of zeros', { b3: `${zeros}-${span}-1` }],
      ['a b3 with too much', { b3: `${trace}-${span}-1-${span}-1` }],
      ['a trace id alone', { 'x-b3-traceid': trace }],
      ['a span id alone', { 'x-b3-spanid': span }],
      ['a trace id of 31 digits', { 'x-b3-traceid': trace.slice(1), 'x-b3-spanid': span }],
      ['a parent alone', { 'x-b3-parentspanid': span }],
      ['a decision that is none', { 'x-b3-sampled': '2' }],
      ['an empty decision', { 'x-b3-sampled': '' }],
      ['flags that are none', { 'x-b3-flags': '7' }],
      ['an empty x-ot-span-context', { 'x-ot-span-context': '' }],
    ] as [string, Headers][])('%s', async (_name, trash) => {
      const request = { 'x-request-id': randomUUID(), [TAG]: 'canary' };
      const { app, next } = await sidecar.pass('main', { ...request, ...trash }, everything);
      expect(app).toEqual(request);
      expect(next).toEqual(request);
      // Also where it is the application that sends it.
      const call = { 'x-request-id': randomUUID(), ...trash };
      expect(await sidecar.call('main', call)).toEqual({ 'x-request-id': call['x-request-id'] });
    });
  });

  describe('workers', () => {
    /** A request whose call carries its own id, tag and trace; what was wrong, or undefined. */
    async function wrong(policy: Policy, index: number, over?: Connections): Promise<unknown> {
      const ids = fresh();
      const request = {
        'x-request-id': ids.id,
        [TAG]: `tag-${index}`,
        [TEAM]: `team-${index}`,
        traceparent: traceparent(ids),
        tracestate: `i=${index}`,
      };
      const forwarded: Headers = [
        { 'x-request-id': ids.id },
        { traceparent: request.traceparent },
        { b3: `${ids.trace}-${ids.span}-1` },
      ][index % 3]!;
      const passed = await sidecar.pass(
        policy,
        request,
        () => forwarded,
        over && { connections: over },
      );
      const wanted = { app: request, next: { ...request, ...multi(ids), ...forwarded } };
      return isDeepStrictEqual(passed, wanted) ? undefined : { wanted, passed };
    }

    it('find what any other has remembered', async () => {
      const connections = await sidecar.connectionsByWorker('main', WORKERS);
      const accepted = async () => [
        await sidecar.connectionsOf('inbound', 'main'),
        await sidecar.connectionsOf('outbound', 'main'),
      ];
      const before = await accepted();
      for (const [from, { inbound }] of connections.entries()) {
        for (const [to, { outbound }] of connections.entries()) {
          const fault = await wrong('main', from * WORKERS + to, { inbound, outbound });
          expect(fault, `worker ${from} to worker ${to}`).toBeUndefined();
        }
      }
      // All of it went over those connections, each with a worker of its own.
      expect(await accepted()).toEqual(before);
      closeAll(connections);
    });

    it('remember side by side in one slot, from their first request on', async () => {
      // Without a request id nothing is remembered: no worker has written yet.
      const connections = await sidecar.connectionsByWorker('small', WORKERS);
      const [one, other] = connections as [Connections, Connections];
      const remember = (over: Connections, request: Headers = {}) => {
        const id = randomUUID();
        const manner = { connections: over };
        return sidecar.pass('small', { 'x-request-id': id, ...request }, undefined, manner);
      };
      const lost: number[] = [];
      const rounds = 80;
      for (let round = 0; round < rounds; round++) {
        const id = { 'x-request-id': randomUUID() };
        const request = { ...id, [TAG]: `tag-${round}` };
        await remember(one);
        await remember(other, request);
        // One in eight of these is remembered in the same slot; none has to give way yet.
        await remember(one);
        await remember(one);
        const next = await sidecar.call('small', id, one.outbound);
        if (!isDeepStrictEqual(next, request)) lost.push(round);
      }
      closeAll(connections);
      expect(lost).toEqual([]);
    });

    it('never mix or miss one of 3,000 requests at concurrency 64', async () => {
      const count = 3000;
      const found: unknown[] = [];
      let next = 0;
      const client = async () => {
        while (next < count && found.length === 0) {
          const fault = await wrong('busy', next++);
          if (fault !== undefined) found.push(fault);
        }
      };
      const added = await counted('busy', () => Promise.all(Array.from({ length: 64 }, client)));
      expect(found).toEqual([]);
      expect(added).toMatchObject({
        'inbound stored enforce': count,
        'outbound restored enforce': count,
      });
      // What gave way are requests of before.
      const { 'inbound evicted enforce': _evicted, ...others } = added;
      expect(Object.keys(others)).toHaveLength(2);
      for (const end of ['inbound', 'outbound'] as const) {
        const accepted = await sidecar.connectionsOf(end, 'busy');
        expect(accepted).toHaveLength(WORKERS);
        expect(Math.min(...accepted), end).toBeGreaterThan(0);
      }
    });
  });

  it('gives the calls of requests that share an id the latest tag, and no trace', async () => {
    const ids = fresh();
    const request = (tag: string) => ({
      'x-request-id': ids.id,
      [TAG]: tag,
      traceparent: traceparent({ trace: ids.trace, span: hex(8) }),
      tracestate: `span=${tag}`,
      'x-ot-span-context': tag,
    });
    let passed: Headers[] = [];
    const added = await counted('other', async () => {
      const first = gate();
      const second = gate();
      const one = sidecar.pass('other', request('first'), async (seen) => {
        first.open();
        await second.opened;
        return ID_ONLY(seen);
      });
      await first.opened;
      const two = sidecar.pass('other', request('second'), (seen) => {
        second.open();
        return ID_ONLY(seen);
      });
      passed = (await Promise.all([one, two])).map(({ next }) => next ?? {});
    });
    expect(passed).toEqual([1, 2].map(() => ({ 'x-request-id': ids.id, [TAG]: 'second' })));
    expect(added).toEqual({
      'inbound stored enforce': 2,
      'inbound conflict enforce': 1,
      'outbound restored enforce': 2,
    });
  });

  it('takes requests that are alike, as a retry is, for no conflict', async () => {
    const ids = fresh();
    const request = { 'x-request-id': ids.id, [TAG]: 'canary', traceparent: traceparent(ids) };
    const added = await counted('other', async () => {
      await sidecar.pass('other', request);
      const { next } = await sidecar.pass('other', request, ID_ONLY);
      expect(next).toEqual({ ...request, ...multi(ids) });
    });
    expect(added).toEqual({ 'inbound stored enforce': 2, 'outbound restored enforce': 1 });
  });

  it('forgets a request when its time is over, and not before', async () => {
    const id = randomUUID();
    const restored = { 'x-request-id': id, [TAG]: 'canary' };
    const call = () => sidecar.call('short', { 'x-request-id': id });
    const startMs = performance.now();
    await sidecar.pass('short', restored);
    const storedMs = performance.now();
    const first = await call();
    if (performance.now() - startMs < TTL_MS) expect(first).toEqual(restored);
    let missedMs = 0;
    await until('the request is forgotten', async () => {
      const askedMs = performance.now();
      const next = await call();
      if (askedMs < startMs + TTL_MS - 100) expect(next).toEqual(restored);
      if (TAG in next) return false;
      missedMs = performance.now();
      expect(next).toEqual({ 'x-request-id': id });
      return true;
    });
    expect(missedMs - startMs).toBeGreaterThanOrEqual(TTL_MS);
    expect(missedMs - storedMs).toBeLessThan(TTL_MS + 2000);
  });

  describe('where Envoy makes no request id', () => {
    it('one is made that the application sees, and its call carries it', async () => {
      const ids = fresh();
      for (const play of [ID_ONLY, only('traceparent')]) {
        const request = { [TAG]: 'canary', traceparent: traceparent(ids) };
        const { app, next } = await sidecar.pass('making', request, play);
        expect(app).toEqual({ ...request, 'x-request-id': expect.stringMatching(UUID) });
        expect(next).toEqual({ ...app, ...multi(ids) });
      }
    });

    it('one that came is kept', async () => {
      const request = { 'x-request-id': 'short', [TAG]: 'canary' };
      expect(await sidecar.pass('making', request, ID_ONLY)).toEqual({
        app: request,
        next: request,
      });
    });

    it('a call that belongs to no request is given one of its own', async () => {
      const [one, two] = [await sidecar.call('making', {}), await sidecar.call('making', {})];
      expect(one).toEqual({ 'x-request-id': expect.stringMatching(UUID) });
      expect(two).toEqual({ 'x-request-id': expect.stringMatching(UUID) });
      expect(one).not.toEqual(two);
    });
  });

  it('does not give one policy what another has remembered', async () => {
    const ids = fresh();
    const call = { 'x-request-id': ids.id };
    const request = { ...call, [TAG]: 'canary', traceparent: traceparent(ids) };
    await sidecar.pass('main', request);
    expect(await sidecar.call('other', call)).toEqual(call);
    expect(await sidecar.call('main', call)).toEqual({ ...request, ...multi(ids) });
    await sidecar.pass('other', { ...request, [TAG]: 'stable' });
    expect(await sidecar.call('other', call)).toMatchObject({ [TAG]: 'stable' });
    expect(await sidecar.call('main', call)).toMatchObject({ [TAG]: 'canary' });
  });

  it('counts in a dry run what it would do, and writes nothing', async () => {
    const ids = fresh();
    const request = {
      'x-request-id': ids.id,
      [TAG]: 'canary',
      traceparent: traceparent(ids),
      b3: 'malformed',
    };
    const added = await counted('dry', async () => {
      const { app, next } = await sidecar.pass('dry', request, ID_ONLY);
      expect(app).toEqual(request);
      expect(next).toEqual({ 'x-request-id': ids.id });
      const { next: other } = await sidecar.pass('dry', request, only('traceparent'));
      expect(other).toEqual({
        'x-request-id': expect.stringMatching(UUID),
        traceparent: request.traceparent,
      });
      expect(other).not.toMatchObject({ 'x-request-id': ids.id });
    });
    expect(added).toEqual({
      'inbound stored dryRun': 2,
      'inbound malformed dryRun': 2,
      'outbound restored dryRun': 2,
    });
  });

  it('counts every outcome by policy and direction', async () => {
    const request = () => ({ 'x-request-id': randomUUID() });
    await sidecar.pass('counted', request(), ID_ONLY);
    await sidecar.pass('counted', { ...request(), b3: '' }, ID_ONLY);
    await sidecar.pass('counted', request(), () => ({}));
    await sidecar.pass('counted', request(), () => ({ ...request(), 'x-b3-sampled': 'x' }));
    const shared = request();
    await sidecar.pass('counted', { ...shared, [TAG]: 'a' });
    await sidecar.pass('counted', { ...shared, [TAG]: 'b' }, ID_ONLY);
    expect(await outcomes('counted')).toEqual({
      'inbound stored enforce': 6,
      'inbound malformed enforce': 1,
      'inbound conflict enforce': 1,
      'outbound restored enforce': 3,
      'outbound missed enforce': 2,
      'outbound malformed enforce': 1,
    });
    const errors = await sidecar.counts('tagalong_errors_total', idOf('counted'), ['kind']);
    expect(errors).toEqual({});
  });
});

function closeAll(connections: readonly Connections[]): void {
  for (const { inbound, outbound } of connections) {
    inbound.destroy();
    outbound.destroy();
  }
}

/** A promise that is settled by hand. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

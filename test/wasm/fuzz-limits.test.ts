// Limits in the release module against a model of them: any limits, any requests at any time, the
// same answers, headers and counters; in one worker, under a clock that the test moves.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap, Host, ManualClock, type Plugin } from '../../envoyfilter/src/host/index.js';
import { entryFor, loadFilter, metricOf, requestOf } from '../harness/host.js';
import {
  Gcra,
  isLeased,
  type KeyPartSpec,
  type LimitedModel,
  LimitModel,
  type LimitSpec,
  type Told,
} from '../harness/limit-model.js';
import type { When } from '../harness/model.js';

const ID = 'fuzz/limits/0';
/** Has whatever a policy of these tests may need, for the list of capabilities. */
const BASE: LimitedModel = {
  id: ID,
  direction: 'gateway',
  tags: [{ header: 'x-traffic-tag' }],
  limits: [{ name: 'base', rate: '1/s', when: { method: ['NONE'] }, reply: { onSuccess: true } }],
};

const oneOf = <T>(...items: readonly T[]) => fc.constantFrom(...items);

// Few different values, so that keys come again.
const request = fc.record({
  method: oneOf('GET', 'GET', 'POST'),
  path: fc.option(
    oneOf(
      '/',
      '/users/7',
      '/users/8?k=a',
      '//users/%37/?k=a&k=a',
      '/Users/7',
      '/users/7/orders?k=b&k=a',
      '/users/7?k=&k=b#k=a',
      '/users//orders',
    ),
    { freq: 20 },
  ),
  authority: oneOf('shop', 'SHOP.:80', 'other', ''),
  headers: fc.array(
    oneOf<[string, string]>(
      ['x-user', 'a'],
      ['x-user', 'b'],
      ['X-User', 'a'],
      ['x-user', ''],
      ['cookie', 'uid=1; a=b'],
      ['cookie', 'a=b;uid=2'],
      ['cookie', 'uid=; uid=1'],
      ['cookie', 'uid=1; uid=2'],
      ['x-traffic-tag', 'canary'],
      ['x-traffic-tag', 'stable'],
    ),
    { maxLength: 4 },
  ),
  address: fc.option(oneOf('192.0.2.1', '192.0.2.2', '::ffff:192.0.2.1', '2001:db8::1'), {
    nil: undefined,
    freq: 10,
  }),
});
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

const when: fc.Arbitrary<When> = oneOf<When>(
  { method: ['POST'] },
  { path: { prefix: '/users/' } },
  { header: 'x-user', exact: 'a' },
  { header: 'x-traffic-tag', present: true },
  { not: { header: 'x-user', present: true } },
  { any: [{ tag: { 'X-Traffic-Tag': 'canary' } }, { ip: ['192.0.2.0/31'] }] },
);
const part: fc.Arbitrary<KeyPartSpec> = oneOf<KeyPartSpec>(
  { header: 'X-User' },
  { header: 'x-traffic-tag' },
  { cookie: 'uid' },
  { query: 'k' },
  { ip: true },
  { ip: { v4: 31, v6: 0 } },
  { host: true },
  { method: true },
  { path: { template: '/users/{id}', variable: 'id' } },
  { path: { template: '/{a}/../%55sers/{id}/{what}/', variable: 'what' } },
  { tag: 'x-traffic-tag' },
);

/** Of 7/m and 3/s the interval is no whole number of nanoseconds. */
const pace = fc.oneof(
  fc.record({
    rate: oneOf('1/s', '3/s', '10/s', '7/m', '60/m', '1/h', '1/h', '5/h', '999999/s', '1000000/s'),
    burst: fc.integer({ min: 1, max: 3 }),
  }),
  // Without a burst of its own, and large ones of rates that are too slow for leases.
  oneOf<{ rate: string; burst?: number }>(
    { rate: '2/s' },
    { rate: '5/h' },
    { rate: '99/s', burst: 100 },
    { rate: '1/h', burst: 31 },
    { rate: '1/s', burst: 1000 },
  ),
);

function limit(name: string): fc.Arbitrary<LimitSpec> {
  const some = fc
    .tuple(
      pace,
      fc.record(
        {
          when,
          scope: oneOf<'worker' | 'proxy' | 'global'>('worker', 'worker', 'proxy', 'global'),
          dryRun: oneOf(false, false, true),
          reject: fc.record({ status: oneOf(400, 503) }, { requiredKeys: [] }),
        },
        { requiredKeys: [] },
      ),
      fc.option(
        fc.record(
          {
            per: fc.array(part, { minLength: 1, maxLength: 2 }),
            maxKeys: oneOf(1, 2, 3, 64),
            overflow: oneOf<'shared' | 'reject' | 'admit'>('shared', 'reject', 'admit'),
          },
          { requiredKeys: ['per'] },
        ),
      ),
      fc.option(
        fc.record({ jitter: oneOf('0s', '2s'), onSuccess: fc.boolean() }, { requiredKeys: [] }),
      ),
    )
    .map(([rated, more, keyed, reply]): LimitSpec => {
      const told = more.scope === 'global' ? { ...reply, onSuccess: false } : reply;
      return { name, ...rated, ...more, ...keyed, ...(told === null ? {} : { reply: told }) };
    });
  return some.filter((one) => !isLeased(one) && !sharesSlots(one));
}

/**
 * Whether keys of the limit may find their slot full and go to a bucket that all workers share: what
 * is left to those that come then depends on what each worker remembers; limits-evasion.test.ts.
 */
function sharesSlots({ scope, per, maxKeys, overflow = 'shared' }: LimitSpec): boolean {
  return scope !== 'worker' && per !== undefined && maxKeys !== undefined && overflow === 'shared';
}

const NAMES = ['one', 'two', 'three', 'four'] as const;
const policy: fc.Arbitrary<LimitedModel> = fc
  .tuple(
    fc.record(
      {
        mode: oneOf<'enforce' | 'dryRun'>('enforce', 'enforce', 'enforce', 'enforce', 'dryRun'),
        client: oneOf({}, { prefix: { v4: 24 } }),
        paths: oneOf({}, { ignoreCase: true }, { normalize: false }),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        incoming: oneOf<'strip' | 'trust'>('strip', 'trust'),
        rules: fc.constant([{ when: { header: 'x-user', exact: 'a' }, value: 'canary' }]),
        default: fc.constant('stable'),
      },
      { requiredKeys: [] },
    ),
    fc.subarray([...NAMES], { minLength: 1 }).chain((names) => fc.tuple(...names.map(limit))),
  )
  .map(([more, tag, limits]) => ({
    ...BASE,
    ...more,
    tags: [{ header: 'x-traffic-tag', ...tag }],
    limits,
  }));

const each =
  (changed: (one: LimitSpec) => LimitSpec) =>
  (model: LimitedModel): LimitedModel => ({
    ...model,
    limits: (model.limits ?? []).map(changed),
  });

/** What a push makes of the policy before: some of it leaves the buckets as they are. */
const CHANGES = {
  none: (model: LimitedModel) => model,
  original: (_: LimitedModel, first: LimitedModel) => first,
  reversed: (model: LimitedModel) => ({ ...model, limits: [...(model.limits ?? [])].reverse() }),
  fewer: (model: LimitedModel) => ({ ...model, limits: (model.limits ?? []).slice(0, 1) }),
  conditioned: each((one) => ({ ...one, when: { path: { prefix: '/users/' } } })),
  answering: each((one) => ({ ...one, reject: { status: 403 } })),
  enforced: each((one) => ({ ...one, dryRun: false })),
  tried: each((one) => ({ ...one, dryRun: true })),
  keyed: each((one) => ({ ...one, per: [{ header: 'x-user' }] })),
  larger: each((one) => ({ ...one, burst: (one.burst ?? 5) + 1 })),
} satisfies Record<string, (model: LimitedModel, first: LimitedModel) => LimitedModel>;
const change = oneOf(...(Object.keys(CHANGES) as (keyof typeof CHANGES)[]));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0n) },
  {
    weight: 2,
    arbitrary: oneOf(
      1n,
      999n,
      1_000n,
      1_001n,
      99_999_999n,
      100_000_000n,
      333_333_333n,
      333_333_334n,
    ),
  },
  { weight: 1, arbitrary: oneOf(1n, 8n, 60n, 3600n).map((seconds) => seconds * 1_000_000_000n) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 10_000_000_000n }) },
);
const visits = fc.array(fc.tuple(step, request), { minLength: 10, maxLength: 30 });

/** What headers say of a limit. */
function headersOf(told: Told | undefined): (string | undefined)[] {
  if (told === undefined) return [undefined, undefined, undefined, undefined];
  const { limit, burst, remaining, reset } = told;
  return [`"${limit}";r=${remaining};t=${reset}`, ...[burst, remaining, reset].map(String)];
}
const TOLD = ['ratelimit', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'];

/** One request through both; throws where they differ. */
function check(
  plugin: Plugin,
  oracle: LimitModel,
  model: LimitedModel,
  it: Request,
  now: bigint,
): boolean {
  const map = HeaderMap.fromRequest(requestOf(it.headers, it));
  const before = map.toPairs();
  const { address } = it;
  const source = address?.includes(':') ? `[${address}]:1` : `${address}:1`;
  const stream = plugin.open(address === undefined ? {} : { sourceAddress: source });
  const { reply, failed } = stream.requestHeaders(map);
  if (failed !== undefined) throw new Error(`the VM has failed: ${plugin.vms[1]?.failure}`);
  const expected = oracle.decide(model, before, address, now);
  const headers = reply?.headers ?? stream.responseHeaders([[':status', '200']]).headers;
  stream.done();
  const found = [reply?.status, ...TOLD.map((name) => headers.get(name))];
  const wanted = [expected.admitted ? undefined : expected.status, ...headersOf(expected.told)];
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`found ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
  }
  if (expected.admitted) return true;
  const after = Number(headers.get('retry-after'));
  const [least, most] = expected.retryAfter;
  if (after >= least && after <= most) return false;
  throw new Error(`found retry-after ${after}, wanted ${least} to ${most}`);
}

/** tagalong_limit_total by `limit outcome mode`. */
function counters(host: Host): Map<string, number> {
  const all = host.metrics
    .series()
    .filter(({ name, value }) => name === 'tagalong_limit_total' && value !== 0n)
    .map(({ labels, value }): [string, number] => [
      `${labels.limit} ${labels.outcome} ${labels.mode}`,
      Number(value),
    ]);
  return new Map(all.sort());
}

/** A limit that tokens are leased of. */
const leased = fc
  .tuple(
    oneOf('100/s', '1000/s', '6000/m', '20000/s', '333333/s', '1000000/s'),
    fc.integer({ min: 32, max: 700 }),
  )
  .map(([rate, burst]): LimitSpec => ({ name: 'many', rate, burst }))
  .filter(isLeased);

/** Requests of one pace after the other; in all, more than the bursts. */
const rushes = fc.array(
  fc.record({
    gap: oneOf(0n, 100n, 1_000n, 40_000n, 300_000n, 2_000_000n, 9_999_999n),
    requests: fc.array(
      fc.record({
        step: oneOf(0n, 1n, 1n, 2n, 50n),
        method: oneOf('GET', 'GET', 'GET', 'POST'),
        worker: fc.nat(2),
      }),
      { minLength: 50, maxLength: 400, size: 'max' },
    ),
  }),
  { minLength: 2, maxLength: 8 },
);

/**
 * Tokens that a worker alone may leave in the bucket when it rejects: as many as come while a lease
 * is good, and as many as it waits for.
 */
function slackOf({ burst, interval }: Gcra): bigint {
  const least = (...all: readonly bigint[]) => all.reduce((a, b) => (a < b ? a : b));
  return least(burst / 4n, 256n, 50_000_000n / interval) + least(burst / 8n, 64n);
}

describe('limits and their model agree', () => {
  it('on any limits, through pushes and whatever time goes by', () => {
    let admitted = 0;
    let rejected = 0;
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        policy,
        visits,
        fc.array(fc.tuple(change, visits), { maxLength: 5 }),
        (first, list, pushes) => {
          const clock = new ManualClock();
          const host = new Host({ clock, logLevel: 'error' });
          const entry = { id: ID, direction: BASE.direction, configuration: { ...BASE } };
          const plugin = loadFilter(host, entry, { strict: true });
          const oracle = new LimitModel();
          let model = first;
          for (const [what, more] of [['none', list] as const, ...pushes]) {
            model = CHANGES[what](model, first);
            if (!plugin.configure(JSON.stringify(model)))
              throw new Error(host.logs.at(-1)?.message);
            for (const [ns, it] of more) {
              clock.advance(ns);
              if (check(plugin, oracle, model, it, clock.monotonic())) admitted++;
              else rejected++;
            }
          }
          expect(counters(host)).toEqual(new Map([...oracle.counters].sort()));
          expect(metricOf(host, ID, 'tagalong_errors_total')).toBe(0);
          for (const label of oracle.counters.keys()) outcomes.add(label.split(' ')[1] ?? '');
        },
      ),
      { numRuns: 150 },
    );
    expect([...outcomes].sort()).toEqual(['dry', 'limited', 'ok', 'overflow']);
    expect(Math.min(admitted, rejected)).toBeGreaterThan((admitted + rejected) / 10);
  });

  // Tokens that are taken ahead may be missing elsewhere for a while, but none is spent twice: who is
  // admitted is admitted by a bucket that knows of each request when it comes.
  it('on the most that is admitted where tokens are leased, and on the least', () => {
    let late = 0;
    let ahead = 0;
    fc.assert(
      fc.property(leased, fc.integer({ min: 1, max: 3 }), rushes, (limit, workers, list) => {
        const clock = new ManualClock();
        const host = new Host({ clock, workers, logLevel: 'error' });
        const limits = [limit, { name: 'few', rate: '1/s', burst: 3, when: { method: ['POST'] } }];
        const plugin = loadFilter(host, entryFor({ limits }, ID), { strict: true });
        const gcra = new Gcra(limit);
        let full = 0n;
        for (const { gap, requests } of list) {
          for (const { step, method, worker } of requests) {
            clock.advance(step * gap);
            const now = clock.monotonic();
            const stream = plugin.open({ worker: worker % workers });
            const { reply } = stream.requestHeaders(requestOf([], { method }));
            const asked = stream.calls.get('proxy_get_shared_data') ?? 0;
            stream.done();
            const free = gcra.free(full, now);
            if (reply === undefined) {
              if (free === 0n) throw new Error(`admitted one too many at ${now}`);
              full = gcra.taken(full, now);
              if (asked === 0) ahead++;
            } else if (reply.headers.get('ratelimit')?.startsWith('"many"') && workers === 1) {
              if (free > slackOf(gcra)) throw new Error(`rejected at ${now} with ${free} left`);
              if (free > 0n) late++;
            }
          }
        }
        expect(metricOf(host, ID, 'tagalong_errors_total')).toBe(0);
      }),
      { numRuns: 60 },
    );
    // Both had their turn.
    expect(ahead).toBeGreaterThan(100);
    expect(late).toBeGreaterThan(10);
  });
});

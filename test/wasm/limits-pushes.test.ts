// What limits have counted outlives their configuration: a push, a roll-back, a new VM.

import { describe, expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import { entryFor, loadShared, metricOf, textOf } from '../harness/host.js';
import { Limited, LooseClock, Random, SECOND } from '../harness/limited.js';

type Section = Readonly<Record<string, unknown>>;
type Limit = Section & { readonly burst: number };

const SCOPES = ['worker', 'proxy'] as const;
const KEYED = { per: [{ header: 'x-key' }], maxKeys: 64 };
/** A limit that is younger in this proxy is new: features/limiting/install.ts. */
const NEW = 10n * SECOND;

const never = (name: string, burst: number, more: Section = {}): Limit => {
  return { name, rate: '1/h', burst, ...more };
};

describe.each(SCOPES)('a limit of scope %s that a push leaves as it was', (scope) => {
  const limit = never('a', 10, { scope });

  it.each<[string, readonly Section[], Section]>([
    ['beside another tag', [limit], { tags: [{ header: 'x-tag' }] }],
    ['with another condition', [{ ...limit, when: { not: { header: 'x-none', exact: '1' } } }], {}],
    ['with another answer', [{ ...limit, reject: { status: 503, body: 'no' } }], {}],
    ['with another in front', [never('b', 100, { scope }), limit], {}],
    ['behind four others', ['b', 'c', 'd', 'e'].map((name) => never(name, 99)).concat(limit), {}],
    ['with another client', [limit], { client: { prefix: { v4: 24 } } }],
  ])('goes on counting: %s', (_name, limits, sections) => {
    for (const keyed of [false, true]) {
      const more = keyed ? KEYED : {};
      const headers = keyed ? ([['x-key', 'k']] as const) : [];
      const before = [{ ...limit, ...more }];
      const proxy = new Limited(before);
      expect(proxy.burst(7, headers)).toBe(7);
      proxy.push(
        limits.map((one) => (one.name === 'a' ? { ...one, ...more } : one)),
        sections,
      );
      expect(proxy.burst(7, headers)).toBe(3);
      // And back, to bytes that are known.
      proxy.push(before, {});
      expect(proxy.burst(7, headers)).toBe(0);
    }
  });

  it('goes on counting in another order, each in its own bucket', () => {
    const limits = [1, 2, 3, 4, 5].map((n) =>
      never(`l${n}`, 10 * n, { scope, when: { header: `x-${n}`, present: true } }),
    );
    const proxy = new Limited(limits);
    for (const n of [1, 2, 3, 4, 5]) expect(proxy.burst(n, [[`x-${n}`, '1']])).toBe(n);
    proxy.push([...limits].reverse());
    proxy.push([limits[2]!, limits[0]!, limits[4]!, limits[1]!, limits[3]!]);
    for (const n of [1, 2, 3, 4, 5]) expect(proxy.burst(99, [[`x-${n}`, '1']])).toBe(9 * n);
  });

  it('goes on counting while it is disabled, and while it only counts', () => {
    const proxy = new Limited([limit]);
    proxy.burst(4);
    proxy.push([limit], { mode: 'disabled' });
    expect(proxy.burst(20)).toBe(20);
    proxy.push([{ ...limit, dryRun: true }], {});
    expect(proxy.burst(2)).toBe(2);
    proxy.push([limit], {});
    expect(proxy.burst(20)).toBe(4);
  });

  it.each<[string, Section]>([
    ['rate', { rate: '2/h' }],
    ['burst', { burst: 11 }],
    ['key', { per: [{ header: 'x-key' }] }],
    ['name', { name: 'b' }],
    ['scope', { scope: scope === 'worker' ? 'proxy' : 'worker' }],
  ])('is another one with another %s, and the one it was when it comes back', (_name, change) => {
    const proxy = new Limited([limit]);
    expect(proxy.burst(10)).toBe(10);
    const other: Limit = { ...limit, ...change };
    proxy.push([other]);
    expect(proxy.burst(20)).toBe(other.burst);
    proxy.push([limit]);
    expect(proxy.burst(20)).toBe(0);
    proxy.push([other]);
    expect(proxy.burst(20)).toBe(0);
  });

  it('gives streams of the configuration before no burst of their own', () => {
    const proxy = new Limited([limit]);
    const stream = proxy.plugin.open();
    proxy.push([never('b', 100), limit]);
    expect(proxy.burst(6)).toBe(6);
    const admitted = Array.from({ length: 9 }, () => stream.requestHeaders([])).filter(
      ({ action }) => action === 'continue',
    );
    expect(admitted).toHaveLength(4);
    expect(proxy.burst(6)).toBe(0);
  });
});

describe('a new VM', () => {
  /** As where the list of capabilities has become longer: other VMs, and those before go. */
  const renew = (proxy: Limited, limits: readonly Section[]) => {
    const { host, clock } = proxy;
    const sections = { tags: [{ header: 'x-tag', echo: true }] };
    const renewed = new Limited(limits, { host, clock, sections });
    expect(renewed.plugin.vms[1]).not.toBe(proxy.plugin.vms[1]);
    proxy.plugin.remove();
    return renewed;
  };
  it('knows all that the workers have counted together', () => {
    const limit = never('a', 20, KEYED);
    const proxy = new Limited([limit], { workers: 2 });
    for (const key of ['k', 'l']) expect(proxy.burst(13, [['x-key', key]])).toBe(13);
    const renewed = renew(proxy, [limit]);
    for (const key of ['k', 'l']) {
      expect(renewed.burst(30, [['x-key', key]], { worker: 1 })).toBe(7);
    }
  });

  it.each([false, true])('gives nobody a fresh burst of scope worker (keys: %s)', (keyed) => {
    const limit = { name: 'a', rate: '1/s', burst: 20, scope: 'worker', ...(keyed ? KEYED : {}) };
    const headers = keyed ? ([['x-key', 'k']] as const) : [];
    const proxy = new Limited([limit]);
    proxy.clock.now += NEW;
    expect(proxy.burst(30, headers)).toBe(20);
    const renewed = renew(proxy, [limit]);
    // One token, and the rate.
    expect(renewed.burst(30, headers)).toBe(1);
    renewed.clock.now += 3n * SECOND;
    expect(renewed.burst(30, headers)).toBe(3);
    // Until a burst would have come back.
    renewed.clock.now += 20n * SECOND;
    expect(renewed.burst(30, headers)).toBe(20);
    expect(renewed.burst(30, [['x-key', 'another']])).toBe(keyed ? 20 : 0);
  });

  it('gives a burst of scope worker where the limit is as new as it', () => {
    const limit = never('a', 20, { scope: 'worker' });
    const proxy = new Limited([limit], { workers: 4 });
    for (let worker = 0; worker < 4; worker++) expect(proxy.burst(30, [], { worker })).toBe(20);
    const other = never('b', 5, { scope: 'worker' });
    proxy.clock.now += NEW;
    proxy.push([limit, other]);
    expect(proxy.burst(30)).toBe(0);
    expect([proxy.count('a', 'limited'), proxy.count('b', 'ok')]).toEqual([70, 0]);
    proxy.push([other]);
    expect(proxy.burst(30)).toBe(5);
  });
});

describe('a configuration that streams still have', () => {
  /** What a VM keeps, and what an entry may have: config/store.ts, config/layout.ts. */
  const KEPT_MAX = 8;
  const LIMITS_MAX = 16;
  const all = (generation: number) =>
    Array.from({ length: LIMITS_MAX }, (_, n) =>
      never(`g${generation}n${n}`, 2, { when: { header: 'x-n', exact: `${n}` } }),
    );

  it('shares no bucket with any that came after it, as long as it is kept', () => {
    const proxy = new Limited(all(0));
    const streams = [proxy.plugin.open()];
    const push = (generation: number) => {
      proxy.clock.now += SECOND;
      proxy.push(all(generation));
      streams[generation] = proxy.plugin.open();
    };
    for (let generation = 1; generation <= KEPT_MAX; generation++) push(generation);
    // The first is kept no more: its place is that of the newest.
    streams.splice(0, 1);
    const admitted = streams.map(() => Array.from({ length: LIMITS_MAX }, () => 0));
    for (let i = 0; i < 5; i++) {
      for (const [index, stream] of streams.entries()) {
        for (let n = 0; n < LIMITS_MAX; n++) {
          const { action } = stream.requestHeaders([['x-n', `${n}`]]);
          if (action === 'continue') admitted[index]![n]! += 1;
        }
      }
    }
    expect(admitted).toEqual(streams.map(() => Array.from({ length: LIMITS_MAX }, () => 2)));
  });
});

describe('policies of one proxy', () => {
  const limits = [never('login', 5), never('own', 5, { scope: 'worker', ...KEYED })];

  it('share no bucket, whatever else is the same', () => {
    const clock = new LooseClock();
    const host = new Host({ clock, logLevel: 'error' });
    const proxies = [
      new Limited(limits, { host, clock, id: 'a/b/0', direction: 'gateway' }),
      new Limited(limits, { host, clock, id: 'a/b/0', direction: 'inbound' }),
      new Limited(limits, { host, clock, id: 'a/b/0', direction: 'outbound' }),
      new Limited(limits, { host, clock, id: 'a/b/1', direction: 'inbound' }),
      new Limited(limits, { host, clock, id: 'a/c/0', direction: 'inbound' }),
    ];
    for (const proxy of proxies) expect(proxy.burst(9, [['x-key', 'k']])).toBe(5);
  });

  it('share none where they share a VM either', () => {
    const clock = new LooseClock();
    const host = new Host({ clock, logLevel: 'error' });
    for (const limit of [
      never('a', 5),
      never('a', 5, { scope: 'worker' }),
      never('a', 5, { scope: 'worker', ...KEYED }),
      { name: 'a', rate: '100/s', burst: 400 },
    ]) {
      const plugins = ['a/b/0', 'a/b/1'].map((id) =>
        loadShared(host, id, textOf(entryFor({ limits: [limit] }, id))),
      );
      for (const plugin of plugins) {
        let admitted = 0;
        for (let i = 0; i < 500; i++) {
          if (plugin.open().requestHeaders([['x-key', 'k']]).action === 'continue') admitted += 1;
        }
        expect(admitted).toBeGreaterThan(limit.burst * 0.8);
        expect(admitted).toBeLessThanOrEqual(limit.burst);
      }
    }
  });
});

describe('a thousand pushes with other limits each', () => {
  it('leave the memory as the first nine left it, and make no more keys than there are lanes', () => {
    const host = new Host({ clock: new LooseClock(), logLevel: 'error' });
    const random = new Random(1);
    const limits = (i: number) =>
      Array.from({ length: 1 + (i % 4) }, (_, n) =>
        never('l', 10 + i, {
          ...KEYED,
          name: `l${n}`,
          maxKeys: 512,
          scope: SCOPES[(i + n) % 2],
        }),
      );
    const proxy = new Limited(limits(0), { host, workers: 1, clock: host.clock as LooseClock });
    const state = () => [
      proxy.plugin.vms.map((vm) => vm.memory.size),
      metricOf(host, proxy.id, 'tagalong_heap_bytes'),
    ];
    let before: unknown;
    for (let i = 1; i <= 1000; i++) {
      proxy.clock.now += SECOND;
      proxy.push(limits(i));
      for (let n = 0; n < 20; n++) {
        expect(proxy.admits([['x-key', `${random.below(1000)}`]])).toBe(true);
      }
      if (i === 9) before = state();
    }
    expect(state()).toEqual(before);
    expect(proxy.errors()).toBe(0);
    // The directory, and of each of 128 lanes the slots of 512 keys with that of the overflow.
    expect(proxy.keys().length).toBeLessThanOrEqual(1 + 128 * (512 / 64 + 1));
  });

  it('leave it bounded where each limit is of another size', () => {
    const proxy = new Limited([never('a', 10)]);
    const random = new Random(3);
    const sizes = () => proxy.plugin.vms.map((vm) => vm.memory.size);
    let before: number[] = [];
    for (let i = 1; i <= 600; i++) {
      const count = random.between(1, 4);
      proxy.push(
        Array.from({ length: count }, (_, n) =>
          never(`l${n}`, i, { ...KEYED, scope: 'worker', maxKeys: random.between(1, 4096) }),
        ),
      );
      if (i === 300) before = sizes();
    }
    expect(sizes()).toEqual(before);
  });
});

// Calls to the host per request that limits cost: the budget that no change may exceed unnoticed.

import { describe, expect, it } from 'vitest';
import { Limited, LooseClock, Random, SECOND } from '../harness/limited.js';

type Section = Readonly<Record<string, unknown>>;
type Pair = readonly [string, string];

const GET = 'proxy_get_header_map_value';
const PAIRS = 'proxy_get_header_map_pairs';
const COUNT = 'proxy_increment_metric';
const SHOW = 'proxy_record_metric';
const REPLY = 'proxy_send_local_response';
const READ = 'proxy_get_shared_data';
const WRITE = 'proxy_set_shared_data';
const PROPERTY = 'proxy_get_property';
const LOG = 'proxy_log';

class CountingClock extends LooseClock {
  reads = 0;

  override monotonic(): bigint {
    this.reads += 1;
    return super.monotonic();
  }
}

/** The calls of one request, without those that come once a second. */
class Measured {
  readonly clock = new CountingClock();
  readonly proxy: Limited;

  constructor(limits: readonly Section[], sections: Section = {}) {
    this.proxy = new Limited(limits, { clock: this.clock, sections, workers: 2 });
  }

  calls(headers: readonly Pair[] = [], worker = 0): Readonly<Record<string, number>> {
    const before = this.proxy.calls();
    const reads = this.clock.reads;
    this.proxy.ask(headers, { worker });
    const after = this.proxy.calls();
    const made = Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)] as const);
    const calls = Object.fromEntries(made.filter(([, count]) => count !== 0));
    return this.clock.reads === reads ? calls : { ...calls, clock: this.clock.reads - reads };
  }
}

const limit = (more: Section = {}): Section => ({ name: 'l', rate: '1/h', burst: 20, ...more });
const own = { scope: 'worker' };
const login = { when: { path: { exact: '/' } } };
const perKey = { per: [{ header: 'x-key' }] };

describe('a limit of scope worker', () => {
  it.each<[string, readonly Section[], Readonly<Record<string, number>>]>([
    ['costs a clock and a counter', [limit(own)], {}],
    ['costs its one header beside', [limit({ ...own, ...login })], { [GET]: 1 }],
    ['costs the one read for any key', [limit({ ...own, ...perKey })], { [PAIRS]: 1 }],
    ['costs the address beside', [limit({ ...own, per: [{ ip: true }] })], { [PROPERTY]: 1 }],
    [
      'costs no more where it only counts',
      [limit({ ...own, ...perKey, dryRun: true })],
      { [PAIRS]: 1 },
    ],
  ])('%s, admitted', (_name, limits, reads) => {
    const measured = new Measured(limits);
    measured.calls();
    for (let i = 0; i < 5; i++) {
      expect(measured.calls()).toEqual({ ...reads, clock: 1, [COUNT]: 1 });
    }
  });

  it('costs one clock and one read for all of them, and a counter each', () => {
    const names = ['a', 'b', 'c', 'd'];
    const measured = new Measured(names.map((name) => limit({ ...own, ...perKey, name })));
    measured.calls();
    expect(measured.calls()).toEqual({ [PAIRS]: 1, clock: 1, [COUNT]: 4 });
  });

  it('costs nothing but the read where no request is for it', () => {
    const measured = new Measured([limit({ ...own, when: { header: 'x-no', exact: '1' } })]);
    expect(measured.calls()).toEqual({ [PAIRS]: 1 });
  });

  it('costs the answer beside, rejected', () => {
    const measured = new Measured([limit({ ...own, burst: 1, ...perKey })]);
    measured.calls();
    // The first of them is logged; only once in ten seconds.
    measured.calls();
    const rejected = { [PAIRS]: 1, clock: 1, [COUNT]: 1, [REPLY]: 1 };
    for (let i = 0; i < 5; i++) expect(measured.calls()).toEqual(rejected);
  });

  it('costs a gauge once a second, and a line of the log once in ten', () => {
    const measured = new Measured([limit({ ...own, burst: 1 })]);
    const sum: Record<string, number> = {};
    for (let i = 0; i < 3000; i++) {
      measured.clock.now += SECOND / 100n;
      for (const [name, count] of Object.entries(measured.calls())) {
        sum[name] = (sum[name] ?? 0) + count;
      }
    }
    expect(sum[SHOW]).toBe(30);
    // At the level of these tests no line is written.
    expect(sum[LOG]).toBeUndefined();
    expect(sum.clock).toBe(3000);
  });
});

describe('a limit of all workers that is too small to be leased', () => {
  const measured = () => new Measured([limit()]);

  it('costs a read and a write beside, admitted', () => {
    const one = measured();
    for (const worker of [0, 1]) one.calls([], worker);
    for (const worker of [0, 1, 1, 0, 1]) {
      expect(one.calls([], worker)).toEqual({ clock: 1, [COUNT]: 1, [READ]: 1, [WRITE]: 1 });
    }
  });

  it('costs one read for the first rejection of each worker, and none for the others', () => {
    const one = measured();
    for (let i = 0; i < 20; i++) one.calls();
    for (const worker of [0, 1]) {
      expect(one.calls([], worker)).toMatchObject({ [READ]: 1, [REPLY]: 1 });
      for (let i = 0; i < 5; i++) {
        expect(one.calls([], worker)).toEqual({ clock: 1, [COUNT]: 1, [REPLY]: 1 });
      }
    }
  });

  it('costs a read and a write more where another rejects what it had taken', () => {
    const one = new Measured([limit(), limit({ name: 'b', burst: 1, ...perKey })]);
    one.calls([['x-key', 'a']], 1);
    one.calls([['x-key', 'b']], 0);
    expect(one.calls([['x-key', 'a']], 0)).toMatchObject({ [READ]: 3, [WRITE]: 2 });
  });

  it('costs the reads of two slots where its own is full', () => {
    const one = new Measured([limit({ ...perKey, maxKeys: 1 })]);
    one.calls([['x-key', 'a']]);
    one.calls([['x-key', 'b']]);
    expect(one.calls([['x-key', 'b']])).toMatchObject({ [READ]: 2, [WRITE]: 1, [COUNT]: 2 });
  });
});

/** Shared-data calls per request of a run: requests come at random, to workers at random. */
function shared(rate: number, burst: number, workers: number, load: number): number {
  const proxy = new Limited([{ name: 'l', rate: `${rate}/s`, burst }], { workers });
  const random = new Random(1);
  const start = proxy.clock.now;
  const requests = Math.min(30_000, rate * load * 4);
  let at = 0;
  for (let i = 0; i < requests; i++) {
    at += (random.gap() / (rate * load)) * 1e9;
    proxy.ask([], { worker: random.below(workers), at: start + BigInt(Math.floor(at)) });
  }
  const { [READ]: reads = 0, [WRITE]: writes = 0 } = proxy.calls();
  return (reads + writes) / requests;
}

describe('a limit of all workers that is leased', () => {
  it.each([
    // rate, burst, workers, load, calls per request at most
    [20_000, 2000, 4, 0.5, 0.2],
    [20_000, 2000, 4, 1, 0.2],
    // The hard line is 0.2, and is missed here: workers that wait for tokens take few at a time.
    [20_000, 2000, 4, 1.5, 0.25],
    [20_000, 2000, 4, 3, 0.2],
    [20_000, 2000, 4, 20, 0.2],
    [20_000, 20_000, 4, 1.5, 0.2],
    [1000, 1000, 4, 1, 0.2],
    [1000, 1000, 4, 20, 0.2],
  ])('of %d/s and a burst of %d, %d workers, load × %d: at most %d calls', (...row) => {
    const [rate, burst, workers, load, most] = row;
    expect(shared(rate, burst, workers, load)).toBeLessThanOrEqual(most);
  });
});

// Calls to the host for what is remembered and restored: the budget that no change may exceed
// unnoticed. WASI calls are not among those that a stream counts: the clock counts its own.

import { describe, expect, it } from 'vitest';
import { ManualClock, type Plugin } from '../../envoyfilter/src/host/index.js';
import { requestOf } from '../harness/host.js';
import { type Headers, Sidecar, type SidecarOptions } from '../harness/sidecar.js';

const SECOND = 1_000_000_000n;
/** How often a writer looks who else writes: features/propagation/writers.ts. */
const LOOK = SECOND / 10n;
const TAG = 'x-traffic-tag';
const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const ID = { 'x-request-id': '5e0a3c2e-7b1d-4f7a-9c58-0123456789ab' };
const OTHER_ID = { 'x-request-id': '11111111-2222-4333-8444-555555555555' };
const TRACED = { traceparent: `00-${TRACE}-${SPAN}-01` };

class CountingClock extends ManualClock {
  reads = 0;

  override monotonic(): bigint {
    this.reads += 1;
    return super.monotonic();
  }
}

/** Calls of one request by what they do; those that are none are not in it. */
type Calls = Partial<Record<'pairs' | 'clock' | 'get' | 'set' | 'write' | 'count', number>>;

const KINDS: Readonly<Record<string, keyof Calls>> = {
  proxy_get_header_map_pairs: 'pairs',
  proxy_get_shared_data: 'get',
  proxy_set_shared_data: 'set',
  proxy_add_header_map_value: 'write',
  proxy_replace_header_map_value: 'write',
  proxy_remove_header_map_value: 'write',
  proxy_increment_metric: 'count',
};

class Measured {
  readonly clock = new CountingClock();
  readonly sidecar: Sidecar;

  constructor(options: SidecarOptions = {}) {
    this.sidecar = new Sidecar({ ...options, clock: this.clock });
  }

  /** A writer that has found its own signature alone. */
  ready(): this {
    this.sidecar.receive({ 'x-request-id': 'first' });
    this.clock.advance(LOOK);
    this.sidecar.receive({ 'x-request-id': 'first' });
    return this;
  }

  receive(headers: Headers, worker = 0): Calls {
    return this.#calls(this.sidecar.inbound, headers, worker);
  }

  call(headers: Headers, worker = 0): Calls {
    return this.#calls(this.sidecar.outbound, headers, worker);
  }

  #calls(plugin: Plugin, headers: Headers, worker: number): Calls {
    const stream = plugin.open({ worker });
    const before = this.clock.reads;
    stream.requestHeaders(requestOf(Object.entries(headers) as [string, string][]));
    const calls: Calls = { clock: this.clock.reads - before };
    for (const [name, count] of stream.calls) {
      const kind = KINDS[name];
      if (kind === undefined) throw new Error(`${name} is in no budget`);
      calls[kind] = (calls[kind] ?? 0) + count;
    }
    stream.done();
    return calls;
  }
}

// Counters: what was stored, and the tag that was kept.
const stored = { pairs: 1, clock: 1, set: 2, count: 2 };
const request = { ...ID, ...TRACED, [TAG]: 'canary' };

describe('a request that is remembered', () => {
  it('costs two writes while nobody else writes: one for each key', () => {
    const measured = new Measured().ready();
    measured.receive(request);
    for (let i = 0; i < 5; i++) expect(measured.receive(request)).toEqual(stored);
    expect(measured.receive({ ...ID, [TAG]: 'canary' })).toMatchObject({ set: 1 });
    // The same trace in all its spellings is one key.
    const spelled = { ...request, b3: `${TRACE}-${SPAN}-1`, 'x-b3-sampled': '1' };
    expect(measured.receive(spelled)).toMatchObject({ set: 2 });
  });

  it('costs a look at each slot where the writer comes for the first time', () => {
    const measured = new Measured().ready();
    expect(measured.receive(request)).toEqual({ ...stored, get: 2 });
    const other = { ...OTHER_ID, traceparent: `00-${'1'.repeat(32)}-${SPAN}-01`, [TAG]: 'canary' };
    expect(measured.receive(other)).toEqual({ ...stored, get: 2 });
    expect(measured.receive(other)).toEqual(stored);
  });

  it('costs a look at the list of writers ten times a second, and a signature in three', () => {
    const measured = new Measured().ready();
    measured.receive(request);
    let [gets, sets] = [0, 0];
    for (let i = 0; i < 600; i++) {
      measured.clock.advance(SECOND / 100n);
      const { get = 0, set = 0 } = measured.receive(request);
      gets += get;
      sets += set - 2;
    }
    expect([gets, sets]).toEqual([60, 2]);
  });

  it('costs a signature and a look at each slot at the start', () => {
    const measured = new Measured();
    expect(measured.receive(request)).toEqual({ ...stored, get: 3, set: 3 });
    expect(measured.receive(request)).toEqual({ ...stored, get: 2 });
    measured.clock.advance(LOOK - 1n);
    expect(measured.receive(request)).toEqual({ ...stored, get: 2 });
    measured.clock.advance(1n);
    expect(measured.receive(request)).toEqual({ ...stored, get: 1 });
    expect(measured.receive(request)).toEqual(stored);
  });

  it('costs a look at each slot where others write', () => {
    const measured = new Measured({ workers: 2 });
    measured.sidecar.settle(2);
    for (const worker of [0, 1]) measured.receive(request, worker);
    for (let i = 0; i < 3; i++) {
      for (const worker of [0, 1]) {
        expect(measured.receive(request, worker)).toEqual({ ...stored, get: 2 });
      }
    }
  });

  it('costs no more for sixteen headers', () => {
    const headers = Array.from({ length: 16 }, (_, i) => `x-${i}`);
    const measured = new Measured({ sections: {}, propagate: { headers } }).ready();
    const all = { ...request, ...Object.fromEntries(headers.map((name) => [name, 'value'])) };
    measured.receive(all);
    expect(measured.receive(all)).toEqual({ ...stored, count: 1 });
  });

  it('costs a count more where it is in conflict', () => {
    const measured = new Measured().ready();
    measured.receive(request);
    measured.receive({ ...request, [TAG]: 'stable' });
    expect(measured.receive(request)).toEqual({ ...stored, count: 3 });
  });

  it('costs no store where it has no key', () => {
    const measured = new Measured();
    expect(measured.receive({ [TAG]: 'canary' })).toEqual({ pairs: 1, clock: 1, count: 1 });
  });
});

describe('a call that is restored', () => {
  const measured = () => {
    const one = new Measured();
    one.sidecar.receive(request);
    return one;
  };

  it('costs one look and one write for each header', () => {
    // x-b3-traceid, -spanid, -sampled, traceparent and the tag.
    expect(measured().call(ID)).toEqual({ pairs: 1, clock: 1, get: 1, write: 5, count: 1 });
  });

  it('costs one look more where the first key is not known', () => {
    // As before, but for the traceparent, and the request id.
    const calls = { pairs: 1, clock: 1, get: 2, write: 5, count: 1 };
    expect(measured().call({ ...OTHER_ID, ...TRACED })).toEqual(calls);
    const byTrace = new Measured({ propagate: { key: ['traceparent', 'x-request-id'] } });
    byTrace.sidecar.receive(request);
    expect(byTrace.call({ ...OTHER_ID, ...TRACED })).toEqual(calls);
  });

  it('costs no write where nothing is absent', () => {
    const several = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' };
    expect(measured().call({ ...request, ...several })).toEqual({
      pairs: 1,
      clock: 1,
      get: 1,
      // The tag was kept.
      count: 2,
    });
    const byTrace = new Measured({ propagate: { key: ['traceparent'] } });
    byTrace.sidecar.receive(request);
    expect(byTrace.call({ ...request, ...several })).not.toHaveProperty('write');
  });

  it('costs a look for each key where nothing is known', () => {
    const traced = { traceparent: `00-${'1'.repeat(32)}-${SPAN}-01` };
    expect(measured().call({})).toEqual({ pairs: 1, clock: 1, count: 1 });
    expect(measured().call(OTHER_ID)).toEqual({ pairs: 1, clock: 1, get: 1, count: 1 });
    expect(measured().call({ ...OTHER_ID, ...traced })).toEqual({
      pairs: 1,
      clock: 1,
      get: 2,
      count: 1,
    });
  });

  it('costs no write in a dry run', () => {
    const dry = new Measured({ outbound: { mode: 'dryRun' } });
    dry.sidecar.receive(request);
    expect(dry.call(ID)).toEqual({ pairs: 1, clock: 1, get: 1, count: 1 });
  });

  it('costs nothing where it is disabled', () => {
    const off = new Measured({ sections: { mode: 'disabled' } });
    expect([off.receive(request), off.call(ID)]).toEqual([{ clock: 0 }, { clock: 0 }]);
  });
});

// The store of remembered requests: bounded, shared, and safe from whatever stands in it.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Host, ManualClock, Status } from '../../envoyfilter/src/host/index.js';
import { entryFor, loadFilter, metricOf, requestOf, textOf } from '../harness/host.js';
import { type Headers, Sidecar } from '../harness/sidecar.js';
import { wasmBytes } from '../harness/wasm.js';

const SECOND = 1_000_000_000n;
const VM_ID = 'tagalong';
const TAG = 'x-traffic-tag';
const ID = '5e0a3c2e-7b1d-4f7a-9c58-0123456789ab';
const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const WRITERS = 'tagalong/1/writers/shop/carry';
/** Entries of one slot, and bytes of one entry at most: features/propagation/entry.ts. */
const SLOT_ENTRIES = 4;
const ENTRY_SIZE_MAX = 2048;
const loadedCode = wasmBytes();
const SMALLEST = { capacity: 64 };

const tagged = (id: string): Headers => ({ 'x-request-id': id, [TAG]: `tag of ${id}` });

/** Ids that share a slot of the smallest store. */
function colliding(count: number): string[] {
  const sidecar = new Sidecar({ propagate: SMALLEST });
  const bySlot = new Map<string, string[]>();
  for (let i = 0; ; i++) {
    const id = `request ${i}`;
    sidecar.receive({ 'x-request-id': id });
    const slot = sidecar.slots().find((key) => {
      const value = sidecar.host.sharedData.get(VM_ID, key)?.value ?? [];
      return Buffer.from(value).includes(`r${id}`);
    });
    const ids = [...(bySlot.get(slot ?? '') ?? []), id];
    if (ids.length === count) return ids;
    bySlot.set(slot ?? '', ids);
  }
}

describe('requests whose keys share a slot', () => {
  const ids = colliding(SLOT_ENTRIES + 2);
  const oldest = ids.slice(0, SLOT_ENTRIES);

  it.each([1, 2])('are found each by its own key, through %d workers', (workers) => {
    const sidecar = new Sidecar({ propagate: SMALLEST, workers });
    sidecar.settle(workers);
    for (const [i, id] of oldest.entries()) sidecar.receive(tagged(id), i % workers);
    for (const id of oldest) expect(sidecar.call({ 'x-request-id': id })).toEqual(tagged(id));
    for (const id of ids.slice(SLOT_ENTRIES)) {
      expect(sidecar.call({ 'x-request-id': id })).toEqual({ 'x-request-id': id });
    }
    expect([sidecar.count('evicted'), sidecar.count('conflict')]).toEqual([0, 0]);
  });

  it.each([1, 2])('push out the oldest, counted, through %d workers', (workers) => {
    const sidecar = new Sidecar({ propagate: SMALLEST, workers });
    sidecar.settle(workers);
    for (const [i, id] of ids.entries()) sidecar.receive(tagged(id), i % workers);
    expect(sidecar.count('evicted')).toBe(2);
    for (const id of ids.slice(0, 2)) {
      expect(sidecar.call({ 'x-request-id': id })).toEqual({ 'x-request-id': id });
    }
    for (const id of ids.slice(2)) expect(sidecar.call({ 'x-request-id': id })).toEqual(tagged(id));
  });

  it('are counted each, also two that one request pushed out', () => {
    const sidecar = new Sidecar({ propagate: SMALLEST });
    sidecar.settle(1);
    const count = 200;
    for (let i = 1; i <= count; i++) {
      const hex = i.toString(16).padStart(16, '0');
      const trace = { 'x-b3-traceid': hex + hex, 'x-b3-spanid': hex };
      sidecar.receive({ ...tagged(`id-${i}`), ...trace });
    }
    // A key for the id and one for the trace; so many that no slot has an entry free.
    expect(sidecar.count('evicted')).toBe(2 * count - SMALLEST.capacity);
  });

  it('are lost by none of the workers that start together', () => {
    const sidecar = new Sidecar({ propagate: SMALLEST, workers: 4 });
    for (const [i, id] of oldest.entries()) sidecar.receive(tagged(id), i);
    for (const id of oldest) sidecar.receive(tagged(id), 0);
    for (const id of oldest) expect(sidecar.call({ 'x-request-id': id })).toEqual(tagged(id));
    expect([sidecar.count('evicted'), sidecar.count('conflict')]).toEqual([0, 0]);
  });

  it('push out none that come again, nor any for what has expired', () => {
    const sidecar = new Sidecar({ propagate: SMALLEST });
    for (let i = 0; i < 3; i++) for (const id of oldest) sidecar.receive(tagged(id));
    expect(sidecar.count('evicted')).toBe(0);
    sidecar.clock.advance(60n * SECOND);
    for (const id of ids.slice(SLOT_ENTRIES)) sidecar.receive(tagged(id));
    expect(sidecar.count('evicted')).toBe(0);
    const [key = ''] = sidecar.slots();
    const value = Buffer.from(sidecar.host.sharedData.get(VM_ID, key)?.value ?? []);
    for (const id of oldest) expect(value.includes(id)).toBe(false);
  });

  it('are none of another policy in one VM, which has slots of its own', () => {
    const host = new Host({ logLevel: 'error', clock: new ManualClock() });
    const plugin = (policy: string, direction: 'inbound' | 'outbound') => {
      const sections = { tags: [{ header: TAG, incoming: 'trust' }], propagate: SMALLEST };
      const entry = entryFor(sections, `shop/${policy}/0`, direction);
      return host.load({
        name: `${policy} ${direction}`,
        rootId: 'tagalong',
        vmId: VM_ID,
        configuration: textOf(entry),
        code: loadedCode,
      });
    };
    const names = ['one', 'other'] as const;
    const inbound = names.map((name) => plugin(name, 'inbound'));
    const outbound = names.map((name) => plugin(name, 'outbound'));
    for (const id of oldest) {
      for (const [i, one] of inbound.entries()) {
        const stream = one.open();
        stream.requestHeaders(
          requestOf(Object.entries({ 'x-request-id': id, [TAG]: `${names[i]} ${id}` })),
        );
        stream.done();
      }
    }
    for (const id of oldest) {
      for (const [i, one] of outbound.entries()) {
        const stream = one.open();
        const { headers } = stream.requestHeaders(requestOf([['x-request-id', id]]));
        expect(headers.getAll(TAG)).toEqual([`${names[i]} ${id}`]);
        stream.done();
      }
    }
    for (const outcome of ['evicted', 'conflict']) {
      for (const name of names) {
        expect(metricOf(host, `shop/${name}/0`, 'tagalong_propagate_total', { outcome })).toBe(0);
      }
    }
  });
});

describe('the store', () => {
  it.each([
    [64, 16],
    [65, 32],
    [8192, 2048],
  ])('of %d requests has %d slots', (capacity, slots) => {
    const sidecar = new Sidecar({ propagate: { capacity } });
    const prefix = 'tagalong/1/propagate/shop/carry/';
    const stream = sidecar.inbound.open();
    for (let i = 0; i < slots * 16; i++) {
      stream.requestHeaders(requestOf([['x-request-id', `request ${i}`]]));
    }
    const expected = Array.from(
      { length: slots },
      (_, i) => prefix + i.toString(16).padStart(4, '0'),
    );
    expect(sidecar.slots().sort()).toEqual(expected);
  });

  it('does not grow with a million requests, nor does the memory of its VMs', () => {
    const COUNT = 1_000_000;
    const capacity = 8192;
    const sidecar = new Sidecar({ propagate: { capacity } });
    const memory = () =>
      [sidecar.inbound, sidecar.outbound].map((one) => one.memory().buffer.byteLength);
    const heap = () => metricOf(sidecar.host, 'shop/carry/inbound', 'tagalong_heap_bytes');
    const before = [memory(), heap()];
    const inbound = sidecar.inbound.open();
    const outbound = sidecar.outbound.open();
    for (let i = 0; i < COUNT; i++) {
      if (i % 1000 === 0) sidecar.clock.advance(SECOND / 10n);
      const id: [string, string] = ['x-request-id', `request-${i}`];
      inbound.requestHeaders([id, [TAG, 'canary']]);
      if (i % 50 === 0) {
        const { headers, failed } = outbound.requestHeaders([id]);
        if (failed !== undefined || headers.get(TAG) !== 'canary') throw new Error(`request ${i}`);
      }
    }
    const keys = sidecar.host.sharedData.keys(VM_ID);
    expect(sidecar.slots()).toHaveLength(capacity / SLOT_ENTRIES);
    // Those of the writers, and the last good configuration of both directions.
    expect(keys).toHaveLength(capacity / SLOT_ENTRIES + 3);
    const sizes = sidecar
      .slots()
      .map((key) => sidecar.host.sharedData.get(VM_ID, key)!.value.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(SLOT_ENTRIES * ENTRY_SIZE_MAX);
    expect([memory(), heap()]).toEqual(before);
    expect([sidecar.count('stored'), sidecar.errors()]).toEqual([COUNT, 0]);
  }, 120_000);

  it('is bounded in bytes where every entry is as long as it can be', () => {
    const propagate = { ...SMALLEST, headers: ['x-team'] };
    const sidecar = new Sidecar({ propagate });
    for (let i = 0; i < 500; i++) {
      const id = `${i}`.padEnd(128, 'i');
      sidecar.receive({ 'x-request-id': id, 'x-team': 'v'.repeat(1500) });
      expect(sidecar.call({ 'x-request-id': id })['x-team']).toHaveLength(1500);
    }
    for (const key of sidecar.slots()) {
      const { value } = sidecar.host.sharedData.get(VM_ID, key)!;
      expect(value.length).toBeLessThanOrEqual(SLOT_ENTRIES * ENTRY_SIZE_MAX);
    }
    expect(sidecar.errors()).toBe(0);
  });

  it('takes fields to the last byte of an entry, and not one more', () => {
    const propagate = { headers: ['x-team'] };
    // Header, context, the request id as a field and room for the longest key.
    const room = ENTRY_SIZE_MAX - 129 - 64 - (3 + 12 + 1) - (3 + 6);
    for (const [size, kept] of [
      [room, true],
      [room + 1, false],
    ] as const) {
      const sidecar = new Sidecar({ propagate });
      sidecar.receive({ 'x-request-id': 'i', 'x-team': 'v'.repeat(size) });
      // The request id comes behind what does not fit, and has its place all the same.
      const found = sidecar.call({ 'x-request-id': 'i' });
      expect(found['x-team']).toEqual('v'.repeat(size));
      expect(sidecar.errors('store')).toBe(kept ? 0 : 1);
    }
  });

  it('has a list of writers that is bounded, whoever writes', () => {
    const sidecar = new Sidecar({ workers: 20 });
    for (let round = 0; round < 3; round++) {
      for (let worker = 0; worker < 20; worker++) {
        sidecar.receive(tagged(`${round} ${worker}`), worker);
        expect(sidecar.call({ 'x-request-id': `${round} ${worker}` })[TAG]).toBeDefined();
      }
      sidecar.clock.advance(SECOND);
    }
    expect(sidecar.host.sharedData.get(VM_ID, WRITERS)!.value).toHaveLength(16 * 8);
    // All but one stop: once what they wrote has expired, they are no writers any more.
    sidecar.clock.advance(70n * SECOND);
    sidecar.receive(tagged(ID));
    expect(sidecar.host.sharedData.get(VM_ID, WRITERS)!.value).toHaveLength(8);
  });
});

describe('linear memory', () => {
  it('is after many configurations as the first left it', () => {
    const host = new Host({ logLevel: 'critical' });
    const id = 'shop/carry/0';
    const of = (i: number) =>
      entryFor(
        {
          tags: [{ header: TAG }],
          propagate: {
            capacity: [64, 1000, 8192, 65536][i % 4],
            headers: Array.from({ length: i % 17 }, (_, n) => `x-header-${i}-${n}`),
            ttl: `${1 + (i % 3600)}s`,
          },
        },
        id,
        'inbound',
      );
    const plugin = loadFilter(host, of(0), { strict: true });
    const state = () => [
      plugin.memory().buffer.byteLength,
      metricOf(host, id, 'tagalong_heap_bytes'),
    ];
    plugin.configure(textOf(of(1)));
    const before = state();
    for (let i = 2; i < 300; i++) {
      expect(plugin.configure(textOf(of(i)))).toBe(true);
      const stream = plugin.open();
      expect(stream.requestHeaders(requestOf([['x-request-id', `${i}`]])).failed).toBeUndefined();
      stream.done();
    }
    expect(state()).toEqual(before);
  });
});

describe('bytes that somebody else wrote into the store', () => {
  const request: Headers = {
    'x-request-id': ID,
    [TAG]: 'canary',
    b3: `${TRACE}-${SPAN}-1`,
    tracestate: 'a=1',
    'x-ot-span-context': 'opaque',
  };
  const restored: Headers = {
    'x-request-id': ID,
    [TAG]: 'canary',
    'x-b3-traceid': TRACE,
    'x-b3-spanid': SPAN,
    'x-b3-sampled': '1',
    traceparent: `00-${TRACE}-${SPAN}-01`,
    'x-ot-span-context': 'opaque',
  };
  const call: Headers = { 'x-request-id': ID };

  // What a slot holds, and what can become of it.
  type Change = (value: Buffer) => Buffer;
  const at = (value: Buffer, place: number) => Math.floor(place * value.length);
  // Not fc.double: most of the numbers below 1 that it knows are next to 0.
  const place = fc.nat(9999).map((part) => part / 10_000);
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => () => Buffer.from(bytes)),
    fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([where, mask]) => (value: Buffer) => {
      const copy = Buffer.from(value);
      const index = at(copy, where);
      copy[index] = (copy[index] ?? 0) ^ mask;
      return copy;
    }),
    place.map((where) => (value: Buffer) => Buffer.from(value.subarray(0, at(value, where)))),
    place.map((where) => (value: Buffer) => Buffer.from(value.subarray(at(value, where)))),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([where, bytes]) => (value: Buffer) => {
        const index = at(value, where);
        return Buffer.concat([value.subarray(0, index), bytes, value.subarray(index)]);
      }),
    fc
      .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 40 }))
      .map(([where, bytes]) => (value: Buffer) => {
        const copy = Buffer.from(value);
        copy.set(bytes.subarray(0, copy.length - at(copy, where)), at(copy, where));
        return copy;
      }),
    fc.nat(5000).map((size) => (value: Buffer) => Buffer.concat([value, Buffer.alloc(size)])),
    fc.nat(5).map((times) => (value: Buffer) => Buffer.concat(Array(times).fill(value))),
  );

  it('never trap, never reach a header, and are overwritten', () => {
    const sidecar = new Sidecar();
    const { sharedData } = sidecar.host;
    sidecar.receive(request);
    const slots = sidecar.slots();
    const outcomes = { missed: 0, restored: 0 };
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        (changes, mirrored) => {
          sidecar.receive(request);
          for (const key of slots) {
            const valid: Buffer = Buffer.from(sharedData.get(VM_ID, key)!.value);
            sharedData.set(
              VM_ID,
              key,
              changes.reduce<Buffer>((value, one) => one(value), valid),
            );
          }
          const found = sidecar.call(call);
          if (Object.keys(found).length === 1) {
            expect(found).toEqual(call);
            outcomes.missed += 1;
          } else {
            expect(found).toEqual(restored);
            outcomes.restored += 1;
          }
          // Whether the writer knows of another and looks, or believes that it knows the slots.
          const list = Buffer.alloc(mirrored ? 0 : 8, 1);
          if (!mirrored) list.writeUInt32LE(Number(sidecar.clock.monotonic() / SECOND), 4);
          sharedData.set(VM_ID, WRITERS, list);
          for (let i = 0; i < 2; i++) {
            sidecar.clock.advance(SECOND);
            sidecar.receive({ 'x-request-id': 'settling' });
          }
          sidecar.receive(request);
          expect(sidecar.call(call)).toEqual(restored);
        },
      ),
      { numRuns: 5000 },
    );
    expect(outcomes.missed).toBeGreaterThan(500);
    expect(outcomes.restored).toBeGreaterThan(20);
    expect([sidecar.count('conflict'), sidecar.errors()]).toEqual([0, 0]);
  });

  it.each([8193, 700_000, 1 << 20, 2 << 20])('do no harm where they are %d', (size) => {
    const sidecar = new Sidecar({ workers: 2 });
    const { sharedData } = sidecar.host;
    sidecar.receive(request);
    for (const fill of [0, 1, 0xff]) {
      for (const key of sidecar.slots()) sharedData.set(VM_ID, key, Buffer.alloc(size, fill));
      expect(sidecar.call(call)).toEqual(call);
      // The other worker knows of no slot yet, and of another writer.
      sidecar.receive(request, 1);
      expect(sidecar.call(call)).toEqual(restored);
      for (const key of sidecar.slots()) {
        const { value } = sharedData.get(VM_ID, key)!;
        expect(value.length).toBeLessThanOrEqual(SLOT_ENTRIES * ENTRY_SIZE_MAX);
      }
    }
    expect(sidecar.errors()).toBe(0);
  });

  it('do no harm in the list of writers', () => {
    const sidecar = new Sidecar({ workers: 2 });
    const { sharedData } = sidecar.host;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        sharedData.set(VM_ID, WRITERS, bytes);
        sidecar.clock.advance(SECOND);
        sidecar.receive(request, bytes.length % 2);
        expect(sidecar.call(call)).toEqual(restored);
        expect(sharedData.get(VM_ID, WRITERS)!.value.length).toBeLessThanOrEqual(300);
      }),
      { numRuns: 300 },
    );
    sharedData.set(VM_ID, WRITERS, Buffer.alloc(2 << 20));
    sidecar.clock.advance(SECOND);
    sidecar.receive(request);
    expect(sidecar.call(call)).toEqual(restored);
    expect(sidecar.errors()).toBe(0);
  });
});

describe('a host that refuses', () => {
  const request: Headers = { 'x-request-id': ID, [TAG]: 'canary', b3: `${TRACE}-${SPAN}-1` };
  const call: Headers = { 'x-request-id': ID };
  const statuses = Object.entries(Status).filter(([name]) => name !== 'Ok');

  /** Refuses one call from now on, or at the times that are given. */
  function refusing(call: string, status: number, propagate = {}) {
    const state = { on: false, times: Number.POSITIVE_INFINITY };
    const fault = (name: string) => {
      if (!state.on || name !== call || state.times === 0) return undefined;
      state.times -= 1;
      return status;
    };
    const sidecar = new Sidecar({ fault, propagate, workers: 2 });
    return { sidecar, state };
  }

  it.each(statuses)('to store (%s) counts, and lets requests pass', (_name, status) => {
    const { sidecar, state } = refusing('proxy_set_shared_data', status);
    state.on = true;
    expect(sidecar.receive(request)).toEqual(request);
    expect([sidecar.errors('store'), sidecar.count('stored')]).toEqual([2, 0]);
    state.on = false;
    expect(sidecar.call(call)).toEqual(call);
    sidecar.receive(request);
    expect(sidecar.call(call)[TAG]).toBe('canary');
  });

  it.each(statuses)('to look into the store (%s) finds nothing', (_name, status) => {
    const { sidecar, state } = refusing('proxy_get_shared_data', status);
    sidecar.receive(request);
    state.on = true;
    expect(sidecar.call(call)).toEqual(call);
    expect(sidecar.count('missed')).toBe(1);
    // Written blindly, and found once the host answers again.
    expect(sidecar.receive({ ...request, [TAG]: 'stable' }, 1)[TAG]).toBe('stable');
    state.on = false;
    expect(sidecar.call(call)[TAG]).toBe('stable');
  });

  it('to tell the time remembers and finds nothing, counted', () => {
    const sidecar = new Sidecar();
    const { host, clock } = sidecar;
    sidecar.receive(request);
    const timeless = new Sidecar({ host, clock, without: ['clock_time_get'] });
    expect(timeless.receive({ ...request, [TAG]: 'stable' })[TAG]).toBe('stable');
    expect(timeless.call({ ...call, traceparent: 'x' })).toEqual(call);
    expect(sidecar.errors('store')).toBe(2);
    expect(sidecar.call(call)[TAG]).toBe('canary');
  });

  it('random bytes makes no id, counted, and looks at a slot before it writes', () => {
    const without = ['random_get'];
    const sidecar = new Sidecar({ without, workers: 2, propagate: { makeRequestId: true } });
    expect([sidecar.receive({}), sidecar.call({})]).toEqual([{}, {}]);
    expect([sidecar.errors('random'), sidecar.count('made')]).toEqual([2, 0]);
    for (let i = 0; i < 3; i++) {
      sidecar.receive(request, 0);
      sidecar.receive({ ...request, b3: `${TRACE}-${SPAN}-0` }, 1);
      expect(sidecar.call(call)).toEqual({ ...call, [TAG]: 'canary' });
    }
    expect(sidecar.host.sharedData.get(VM_ID, WRITERS)).toBeUndefined();
  });

  it.each([
    'add',
    'replace',
    'remove',
  ])('to %s a header counts, and the rest is written', (verb) => {
    const { sidecar, state } = refusing(`proxy_${verb}_header_map_value`, Status.BadArgument);
    sidecar.receive({ ...request, b3: `${TRACE}-${SPAN}-1` });
    state.on = true;
    const broken = { 'x-request-id': 'made here', b3: `${TRACE}-${SPAN}-1`, traceparent: 'x' };
    const found = sidecar.call(broken);
    const whole = { ...broken, 'x-request-id': ID, traceparent: `00-${TRACE}-${SPAN}-01` };
    const several = { 'x-b3-traceid': TRACE, 'x-b3-spanid': SPAN, 'x-b3-sampled': '1' };
    const { traceparent: _, ...without } = whole;
    expect(found).toEqual(
      {
        add: without,
        replace: { ...whole, ...several, 'x-request-id': 'made here', [TAG]: 'canary' },
        // Nothing is added beside what could not be removed.
        remove: { ...whole, ...several, traceparent: 'x', [TAG]: 'canary' },
      }[verb],
    );
    expect(sidecar.errors('write')).toBe(verb === 'add' ? 5 : 1);
  });

  it('to show the headers propagates nothing', () => {
    const { sidecar, state } = refusing('proxy_get_header_map_pairs', Status.InternalFailure);
    sidecar.receive(request);
    state.on = true;
    expect(sidecar.call(call)).toEqual(call);
    expect(sidecar.receive(request)).toEqual(request);
    const outcomes = ['stored', 'restored', 'missed'].map((outcome) => sidecar.count(outcome));
    expect(outcomes).toEqual([1, 0, 0]);
    expect(sidecar.errors('headers')).toBe(2);
  });

  it.each([
    'clock_time_get',
    'random_get',
    'proxy_get_shared_data',
    'proxy_set_shared_data',
  ])('%s by its capability list lets requests pass', (name) => {
    const propagate = { makeRequestId: true };
    const sidecar = new Sidecar({ without: [name], logLevel: 'critical', propagate });
    for (const headers of [request, { ...request, traceparent: 'x' }]) {
      expect(sidecar.receive(headers)).toEqual(request);
      expect(sidecar.call(call)).toMatchObject(call);
    }
    expect(Object.keys(sidecar.receive({}))).toHaveLength(name === 'random_get' ? 0 : 1);
  });
});

describe('writers that meet', () => {
  const writers = (times: number, meddle: (sidecar: Sidecar) => void) => {
    let left = 0;
    const sidecar: Sidecar = new Sidecar({
      workers: 2,
      propagate: { key: ['x-request-id'] },
      fault: (name) => {
        if (name === 'proxy_set_shared_data' && left > 0) {
          left -= 1;
          meddle(sidecar);
        }
        return undefined;
      },
    });
    for (let i = 0; i < 2; i++) {
      for (const worker of [0, 1]) sidecar.receive({ 'x-request-id': 'warm' }, worker);
      sidecar.clock.advance(SECOND / 2n);
    }
    sidecar.clock.advance(SECOND / 2n);
    for (const worker of [0, 1]) sidecar.receive({ 'x-request-id': 'warm' }, worker);
    left = times;
    return sidecar;
  };

  it('read again what the other wrote, and notice that they disagree', () => {
    const sidecar: Sidecar = writers(1, () => {
      sidecar.receive({ 'x-request-id': ID, [TAG]: 'stable' }, 1);
    });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary', b3: `${TRACE}-${SPAN}-1` }, 0);
    expect(sidecar.count('conflict')).toBe(1);
    expect(sidecar.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID, [TAG]: 'canary' });
  });

  it('write over the other in the end', () => {
    const always: Sidecar = writers(Number.POSITIVE_INFINITY, () => {
      for (const key of always.slots()) {
        const { value } = always.host.sharedData.get(VM_ID, key)!;
        always.host.sharedData.set(VM_ID, key, Buffer.from(value));
      }
    });
    always.receive({ 'x-request-id': ID, [TAG]: 'canary' }, 0);
    always.receive({ 'x-request-id': ID, [TAG]: 'canary' }, 1);
    expect(always.call({ 'x-request-id': ID })[TAG]).toBe('canary');
    expect([always.errors(), always.count('conflict')]).toEqual([0, 0]);
  });
});

// Propagation through an application that forwards little: inbound and outbound VMs of one proxy.

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../envoyfilter/src/host/index.js';
import { added, type Headers, Sidecar, type SidecarOptions } from '../harness/sidecar.js';
import {
  B3,
  ID,
  multi,
  NARROW,
  OTHER_ID,
  OTHER_TRACE,
  OWN_SPAN,
  PARENT,
  SPAN,
  TAG,
  TRACE,
  TRACEPARENT,
} from '../harness/trace-ids.js';

const SECOND = 1_000_000_000n;

const whole: Headers = {
  'x-request-id': ID,
  traceparent: TRACEPARENT,
  tracestate: 'congo=t61rcWkgMzE',
  'x-ot-span-context': 'opaque',
  [TAG]: 'canary',
  'x-team': 'blue',
};
const restored: Headers = { ...whole, ...multi() };
const carrying = { propagate: { headers: [TAG, 'x-team'] } };

describe('a request', () => {
  it('reaches the application as it came', () => {
    expect(new Sidecar(carrying).receive(whole)).toEqual(whole);
  });

  it.each<[string, Headers]>([
    ['x-request-id', { 'x-request-id': ID }],
    ['traceparent', { traceparent: TRACEPARENT }],
  ])('goes on with calls that forward its %s only', (_name, forwarded) => {
    const sidecar = new Sidecar(carrying);
    sidecar.receive(whole);
    expect(sidecar.call(forwarded)).toEqual(restored);
    expect(sidecar.call(forwarded)).toEqual(restored);
    expect([sidecar.count('stored'), sidecar.count('restored'), sidecar.count('missed')]).toEqual([
      1, 2, 0,
    ]);
    expect(sidecar.errors()).toBe(0);
  });

  it.each<[string, Headers]>([
    ['b3', { b3: B3 }],
    ['b3 of 64 bits that are those of the trace', { b3: `${NARROW}-${SPAN}-1` }],
    ['x-b3-traceid', multi()],
    ['x-b3-traceid in upper case', multi(TRACE.toUpperCase(), SPAN.toUpperCase())],
  ])('goes on with calls that forward %s only', (_name, forwarded) => {
    const trace = 'b3' in forwarded && forwarded.b3 !== B3 ? NARROW.padStart(32, '0') : TRACE;
    const traceparent = `00-${trace}-${SPAN}-01`;
    const sidecar = new Sidecar(carrying);
    sidecar.receive({ ...whole, traceparent });
    expect(sidecar.call(forwarded)).toMatchObject({ ...whole, traceparent, ...forwarded });
  });

  it('is another one where nothing of it was forwarded', () => {
    const sidecar = new Sidecar(carrying);
    sidecar.receive(whole);
    for (const call of [
      {},
      { 'x-request-id': OTHER_ID },
      { traceparent: `00-${OTHER_TRACE}-${SPAN}-01` },
      { b3: `${NARROW}-${SPAN}-1` },
    ]) {
      expect(sidecar.call(call)).toEqual(call);
    }
    expect([sidecar.count('missed'), sidecar.count('restored')]).toEqual([4, 0]);
  });

  it('is found by the first key that is known, in the order of the policy', () => {
    for (const [key, tag] of [
      [['x-request-id', 'traceparent', 'b3'], 'by-id'],
      [['traceparent', 'x-request-id'], 'by-traceparent'],
      [['b3', 'traceparent', 'x-request-id'], 'by-b3'],
      [['b3'], 'by-b3'],
    ] as const) {
      const sidecar = new Sidecar({ propagate: { key } });
      sidecar.receive({ 'x-request-id': ID, [TAG]: 'by-id' });
      sidecar.receive({ traceparent: TRACEPARENT, [TAG]: 'by-traceparent' });
      sidecar.receive({ b3: `${OTHER_TRACE}-${SPAN}-1`, [TAG]: 'by-b3' });
      if (key.length === 1) sidecar.receive({ b3: `${OTHER_TRACE}-${SPAN}-1`, [TAG]: 'by-b3' });
      const b3 = `${OTHER_TRACE}-${SPAN}-1`;
      expect(sidecar.call({ 'x-request-id': ID, traceparent: TRACEPARENT, b3 })[TAG]).toBe(tag);
    }
  });

  it('is not found by a key that the policy does not name', () => {
    const request = { 'x-request-id': ID, traceparent: TRACEPARENT, [TAG]: 'canary' };
    const byTrace = new Sidecar({ propagate: { key: ['traceparent'] } });
    byTrace.receive(request);
    expect(byTrace.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID });
    expect(byTrace.call({ traceparent: TRACEPARENT })[TAG]).toBe('canary');
    const byId = new Sidecar({ propagate: { key: ['x-request-id'] } });
    byId.receive(request);
    expect(byId.call({ traceparent: TRACEPARENT })).toEqual({ traceparent: TRACEPARENT });
  });

  it('that has no key is not remembered', () => {
    const sidecar = new Sidecar();
    sidecar.receive({ [TAG]: 'canary', 'x-b3-sampled': '1' });
    sidecar.receive({ 'x-request-id': '', [TAG]: 'canary' });
    expect(sidecar.slots()).toEqual([]);
    expect([sidecar.count('stored'), sidecar.errors()]).toEqual([0, 0]);
  });

  it('is remembered under the trace of traceparent and that of b3 where they differ', () => {
    const sidecar = new Sidecar();
    sidecar.receive({ traceparent: TRACEPARENT, b3: `${OTHER_TRACE}-${SPAN}-1`, [TAG]: 'canary' });
    expect(sidecar.slots()).toHaveLength(2);
    expect(sidecar.call({ traceparent: TRACEPARENT })[TAG]).toBe('canary');
    expect(sidecar.call({ b3: `${OTHER_TRACE}-${SPAN}-1` })[TAG]).toBe('canary');
    const one = new Sidecar();
    one.receive({ traceparent: TRACEPARENT, b3: B3, ...multi() });
    expect(one.slots()).toHaveLength(1);
  });

  it('is found in every worker, whichever it came through', () => {
    const sidecar = new Sidecar({ ...carrying, workers: 3 });
    sidecar.receive(whole, 2);
    for (const worker of [0, 1, 2]) {
      expect(sidecar.call({ 'x-request-id': ID }, worker)).toEqual(restored);
    }
  });

  it('is none of another policy of the same proxy', () => {
    const one = new Sidecar({ ...carrying, policy: 'shop/one' });
    const other = new Sidecar({ ...carrying, policy: 'shop/other', host: one.host });
    one.receive(whole);
    expect(other.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID });
    other.receive({ 'x-request-id': ID, [TAG]: 'of the other' });
    expect(one.call({ 'x-request-id': ID })).toEqual(restored);
    expect(other.call({ 'x-request-id': ID })[TAG]).toBe('of the other');
    expect(one.count('conflict') + other.count('conflict')).toBe(0);
  });
});

describe('x-request-id', () => {
  const call = (sidecar: Sidecar, id: string, more: Headers = {}) =>
    sidecar.call({ 'x-request-id': id, ...more });
  const withId = (id: string, options: SidecarOptions = {}) => {
    const sidecar = new Sidecar(options);
    sidecar.receive({ 'x-request-id': id, traceparent: TRACEPARENT, [TAG]: 'canary' });
    return sidecar;
  };
  const changed = (index: number) => `${ID.slice(0, index)}e${ID.slice(index + 1)}`;

  it('is the same whatever Envoy writes into the character of its decision', () => {
    const sidecar = withId(ID);
    expect(call(sidecar, changed(14))).toMatchObject({
      'x-request-id': changed(14),
      [TAG]: 'canary',
    });
    for (const index of [0, 13, 15, 35]) {
      expect(call(sidecar, changed(index))).toEqual({ 'x-request-id': changed(index) });
    }
  });

  it.each([35, 37])('of %d characters has no such character', (size) => {
    const id = `${ID}9`.slice(0, size);
    const other = `${id.slice(0, 14)}9${id.slice(15)}`;
    const sidecar = withId(id);
    expect(call(sidecar, id)[TAG]).toBe('canary');
    expect(call(sidecar, other)).toEqual({ 'x-request-id': other });
  });

  it('that Envoy made is replaced beside a key that is known', () => {
    const sidecar = withId(ID);
    expect(call(sidecar, OTHER_ID, { traceparent: TRACEPARENT })).toMatchObject({
      'x-request-id': ID,
      [TAG]: 'canary',
    });
  });

  it('that is known stands, also beside a key that is known before it', () => {
    const sidecar = withId(ID, { propagate: { key: ['traceparent', 'x-request-id'] } });
    sidecar.receive({ 'x-request-id': OTHER_ID, [TAG]: 'stable' });
    expect(call(sidecar, OTHER_ID, { traceparent: TRACEPARENT })).toMatchObject({
      'x-request-id': OTHER_ID,
      [TAG]: 'canary',
    });
    expect(call(sidecar, 'made here', { traceparent: TRACEPARENT })['x-request-id']).toBe(ID);
  });

  it('that is not known stands alone', () => {
    expect(call(withId(ID), OTHER_ID)).toEqual({ 'x-request-id': OTHER_ID });
  });

  it('that is none is filled in, as one that is empty is', () => {
    const sidecar = withId(ID);
    expect(sidecar.call({ traceparent: TRACEPARENT })['x-request-id']).toBe(ID);
    expect(call(sidecar, '', { traceparent: TRACEPARENT })['x-request-id']).toBe(ID);
  });

  it('is replaced where the policy knows requests by their trace only', () => {
    const sidecar = withId(ID, { propagate: { key: ['traceparent'] } });
    expect(call(sidecar, OTHER_ID, { traceparent: TRACEPARENT })['x-request-id']).toBe(ID);
  });

  it.each([
    ['128 bytes is a key', 128, 'canary'],
    ['129 bytes is none', 129, undefined],
  ])('of %s', (_name, size, tag) => {
    const id = 'i'.repeat(size);
    expect(call(withId(id), id)[TAG]).toBe(tag);
  });

  describe('that is wanted where Envoy makes none', () => {
    const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
    const propagate = { makeRequestId: true };

    it('is made for a request, and goes on with its calls', () => {
      const sidecar = new Sidecar({ propagate });
      const id = sidecar.receive({ [TAG]: 'canary' })['x-request-id'];
      expect(id).toMatch(UUID);
      expect(sidecar.call({ 'x-request-id': id! })[TAG]).toBe('canary');
      expect(sidecar.receive({})['x-request-id']).not.toBe(id);
      expect(sidecar.count('made')).toBe(2);
    });

    it('is made for a call that belongs to no request', () => {
      const sidecar = new Sidecar({ propagate });
      expect(sidecar.call({})['x-request-id']).toMatch(UUID);
      expect([sidecar.count('made'), sidecar.count('missed')]).toEqual([1, 1]);
    });

    it('is made for a call whose request had none', () => {
      const sidecar = new Sidecar({ inbound: { propagate: {} }, propagate });
      sidecar.receive({ traceparent: TRACEPARENT });
      expect(sidecar.call({ traceparent: TRACEPARENT })['x-request-id']).toMatch(UUID);
      expect(sidecar.count('made')).toBe(1);
    });

    it('is not made where there is one, nor unless it is wanted', () => {
      const sidecar = new Sidecar({ propagate });
      expect(sidecar.receive({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID });
      expect(sidecar.call({ 'x-request-id': OTHER_ID })).toEqual({ 'x-request-id': OTHER_ID });
      sidecar.receive({ 'x-request-id': ID, traceparent: TRACEPARENT });
      expect(sidecar.call({ traceparent: TRACEPARENT })['x-request-id']).toBe(ID);
      expect(sidecar.count('made')).toBe(0);
      const without = new Sidecar();
      expect([without.receive({}), without.call({})]).toEqual([{}, {}]);
    });
  });
});

describe('carried headers', () => {
  it('are filled in only where they are absent', () => {
    const sidecar = new Sidecar(carrying);
    sidecar.receive(whole);
    const own = { 'x-request-id': ID, [TAG]: 'own', 'x-team': 'red', tracestate: 'own=1' };
    expect(sidecar.call(own)).toMatchObject(own);
  });

  it('are by default the tags, and none others', () => {
    expect(added({ [TAG]: 'canary', 'x-team': 'blue' })).toEqual({ [TAG]: 'canary' });
    const sections = { tags: [{ header: TAG }, { header: 'x-team' }] };
    const both = { [TAG]: 'canary', 'x-team': 'blue' };
    expect(added(both, { 'x-request-id': ID }, { sections })).toEqual(both);
  });

  it('are none where the policy says so', () => {
    const propagate = { headers: [] };
    expect(added({ [TAG]: 'canary' }, { 'x-request-id': ID }, { propagate })).toEqual({});
  });

  it('are remembered as they go on to the application: tags after tagging', () => {
    const rules = [{ when: { header: 'x-user', exact: '7' }, value: 'beta' }];
    const inbound = { tags: [{ header: TAG, incoming: 'strip', rules, default: 'stable' }] };
    const of = (request: Headers) => added(request, { 'x-request-id': ID }, { inbound });
    expect(of({ 'x-user': '7' })).toEqual({ [TAG]: 'beta' });
    expect(of({ [TAG]: 'forged' })).toEqual({ [TAG]: 'stable' });
    const stripping = { tags: [{ header: TAG, incoming: 'strip' }] };
    expect(added({ [TAG]: 'x' }, { 'x-request-id': ID }, { inbound: stripping })).toEqual({});
  });

  it('come back as what came, before rules and the default of outbound tags', () => {
    const outbound = {
      tags: [
        {
          header: TAG,
          rules: [{ when: { header: 'x-r', present: true }, value: 'rule' }],
          default: 'stable',
        },
      ],
    };
    const forwarded = { 'x-request-id': ID, 'x-r': '1' };
    expect(added({ [TAG]: 'canary' }, forwarded, { outbound })).toEqual({ [TAG]: 'canary' });
    expect(added({}, forwarded, { outbound })).toEqual({ [TAG]: 'rule' });
    const stripping = { tags: [{ header: TAG, incoming: 'strip', default: 'stable' }] };
    const sidecar = new Sidecar({ outbound: stripping });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary' });
    expect(sidecar.call({ 'x-request-id': ID, [TAG]: 'forged' })[TAG]).toBe('canary');
    expect(sidecar.call({ 'x-request-id': OTHER_ID, [TAG]: 'forged' })[TAG]).toBe('stable');
  });

  it('that are repeated become one list; what is empty is nothing', () => {
    const of = (value: string | string[]) =>
      added({ 'x-team': value }, { 'x-request-id': ID }, carrying);
    expect(of(['a', 'b', 'a'])).toEqual({ 'x-team': 'a,b,a' });
    expect(of(['', 'b', ''])).toEqual({ 'x-team': 'b' });
    expect(of(['', ''])).toEqual({});
    expect(of('')).toEqual({});
  });

  it('keep every byte', () => {
    const value = '\u00ff\u0080 "\u00e9",\t;=';
    expect(added({ 'x-team': value }, { 'x-request-id': ID }, carrying)).toEqual({
      'x-team': value,
    });
  });

  it('that do not fit are left out, counted, and the rest is remembered', () => {
    const sidecar = new Sidecar(carrying);
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary', 'x-team': 'v'.repeat(3000) });
    expect(sidecar.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID, [TAG]: 'canary' });
    expect(sidecar.errors('store')).toBe(1);
  });

  it('are baggage, where the policy names it', () => {
    const sections = { tags: [{ header: TAG, carry: ['baggage'] }] };
    const propagate = { headers: [TAG, 'baggage'] };
    const found = added(
      { baggage: `a=1,${TAG}=canary` },
      { 'x-request-id': ID },
      { sections, propagate },
    );
    expect(found).toEqual({ baggage: `a=1,${TAG}=canary`, [TAG]: 'canary' });
  });
});

describe('time', () => {
  it.each([
    ['60s, by default', {}, 60n],
    ['1s', { ttl: '1s' }, 1n],
    ['1h', { ttl: '1h' }, 3600n],
  ])('runs out for what is remembered: %s', (_name, propagate, seconds) => {
    const sidecar = new Sidecar({ propagate });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary' });
    sidecar.clock.advance(seconds * SECOND - 1n);
    expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('canary');
    sidecar.clock.advance(1n);
    expect(sidecar.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID });
  });

  it('does not run out sooner or later where the wall clock is set', () => {
    const sidecar = new Sidecar();
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary' });
    sidecar.clock.setWall(0n);
    expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('canary');
    sidecar.clock.advance(59n * SECOND);
    sidecar.clock.setWall(1n << 62n);
    expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('canary');
  });

  it('starts anew where a request comes again', () => {
    const sidecar = new Sidecar();
    for (let i = 0; i < 4; i++) {
      sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary' });
      sidecar.clock.advance(45n * SECOND);
      expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('canary');
    }
    expect(sidecar.count('conflict')).toBe(0);
  });
});

describe('requests that differ under one key', () => {
  const first = { 'x-request-id': ID, b3: B3, 'x-ot-span-context': 'a', [TAG]: 'canary' };
  const second = { ...first, b3: `${TRACE}-${OWN_SPAN}-1`, [TAG]: 'stable' };
  const call = { 'x-request-id': ID };
  /** Tags of the latest, and nothing of a span. */
  const latest = { 'x-request-id': ID, [TAG]: 'stable' };

  it('are a conflict: the latest wins for tags, no trace is restored, and it is counted', () => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    expect(sidecar.count('conflict')).toBe(0);
    sidecar.receive(second);
    expect(sidecar.count('conflict')).toBe(1);
    expect(sidecar.call(call)).toEqual(latest);
    expect(sidecar.call({ b3: `${TRACE}-${PARENT}-1` })).toEqual({
      ...latest,
      b3: `${TRACE}-${PARENT}-1`,
      ...multi(TRACE, PARENT),
      traceparent: `00-${TRACE}-${PARENT}-01`,
    });
    expect(sidecar.count('conflict')).toBe(1);
  });

  it.each<[string, Headers]>([
    ['tag', { [TAG]: 'stable' }],
    ['span', { b3: `${TRACE}-${OWN_SPAN}-1` }],
    ['decision', { b3: `${TRACE}-${SPAN}-0` }],
    ['parent', { b3: `${B3}-${PARENT}` }],
    ['x-ot-span-context', { 'x-ot-span-context': 'b' }],
    ['tracestate', { traceparent: TRACEPARENT, tracestate: 'a=1' }],
  ])('differ by their %s', (_name, difference) => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    sidecar.receive({ ...first, ...difference });
    expect(sidecar.count('conflict')).toBe(1);
  });

  it('differ by no header that is not remembered, nor by the spelling of their trace', () => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    sidecar.receive({ ...first, 'x-other': '1' });
    sidecar.receive({ ...first, b3: B3.toUpperCase() });
    sidecar.receive({ ...first, [TAG]: ['canary', 'canary'] });
    expect(sidecar.count('conflict')).toBe(0);
    expect(sidecar.call(call)).toMatchObject({ [TAG]: 'canary', ...multi() });
  });

  it('by another id of one trace are none: the latest id goes on with a call by trace', () => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    sidecar.receive({ ...first, 'x-request-id': OTHER_ID });
    expect(sidecar.count('conflict')).toBe(0);
    expect(sidecar.call({ b3: B3 })['x-request-id']).toBe(OTHER_ID);
  });

  it('are none once the first has expired', () => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    sidecar.clock.advance(60n * SECOND);
    sidecar.receive(second);
    expect(sidecar.count('conflict')).toBe(0);
    expect(sidecar.call(call)).toMatchObject(multi(TRACE, OWN_SPAN));
  });

  it('stay one for as long as they come, and no longer', () => {
    const sidecar = new Sidecar();
    sidecar.receive(first);
    sidecar.clock.advance(60n * SECOND - 1n);
    sidecar.receive(second);
    sidecar.clock.advance(30n * SECOND);
    sidecar.receive(second);
    expect(sidecar.call(call)).toEqual(latest);
    sidecar.clock.advance(60n * SECOND);
    sidecar.receive(second);
    expect(sidecar.call(call)).toMatchObject(multi(TRACE, OWN_SPAN));
    expect(sidecar.count('conflict')).toBe(2);
  });

  it('are noticed where the second comes through another worker', () => {
    const sidecar = new Sidecar({ workers: 3 });
    sidecar.receive(first, 1);
    sidecar.receive(second, 2);
    expect(sidecar.count('conflict')).toBe(1);
    for (const worker of [0, 1, 2]) expect(sidecar.call(call, worker)).toEqual(latest);
  });

  it('are noticed by every worker once each has seen that others write', () => {
    const sidecar = new Sidecar({ workers: 2 });
    for (const worker of [0, 1]) sidecar.receive({ 'x-request-id': `warm ${worker}` }, worker);
    sidecar.clock.advance(SECOND);
    for (const worker of [0, 1]) sidecar.receive({ 'x-request-id': `warm ${worker}` }, worker);
    for (const [i, [one, other]] of [
      [0, 1],
      [1, 0],
      [0, 0],
      [1, 1],
    ].entries()) {
      const id = { 'x-request-id': `id ${i}` };
      const trace = `${i + 1}`.repeat(32);
      sidecar.receive({ ...id, b3: `${trace}-${SPAN}-1` }, one);
      sidecar.receive({ ...id, b3: `${trace}-${OWN_SPAN}-1` }, other);
      expect(sidecar.call(id, one)).toEqual(id);
      expect(sidecar.count('conflict')).toBe(i + 1);
    }
  });
});

describe('a dry run', () => {
  const dry = { mode: 'dryRun' };
  const propagate = { headers: [TAG, 'x-team'], makeRequestId: true };

  it('counts, and writes nothing to requests', () => {
    const sidecar = new Sidecar({ propagate, inbound: dry, outbound: dry });
    expect(sidecar.receive({ ...whole, b3: 'x' })).toEqual({ ...whole, b3: 'x' });
    const call = { 'x-request-id': ID, traceparent: '' };
    expect(sidecar.call(call)).toEqual(call);
    expect(sidecar.call({ 'x-request-id': OTHER_ID, b3: '' })).toEqual({
      'x-request-id': OTHER_ID,
      b3: '',
    });
    expect([sidecar.receive({}), sidecar.call({})]).toEqual([{}, {}]);
    const outcomes = ['stored', 'restored', 'missed', 'malformed', 'made'];
    expect(outcomes.map((outcome) => sidecar.count(outcome))).toEqual([1, 1, 2, 3, 2]);
  });

  it('remembers what goes on to the application, and nothing that would have been decided', () => {
    const rules = [{ value: 'beta' }];
    const inbound = { ...dry, tags: [{ header: TAG, incoming: 'strip', rules }] };
    const sidecar = new Sidecar({ propagate, inbound });
    sidecar.receive({ traceparent: TRACEPARENT });
    const bare = { traceparent: TRACEPARENT, ...multi() };
    const called = sidecar.call({ traceparent: TRACEPARENT });
    // Made for the call, which is none of a dry run.
    expect(called).toEqual({ ...bare, 'x-request-id': expect.any(String) });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'came' });
    expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('came');
    sidecar.receive({ 'x-request-id': OTHER_ID, [TAG]: ['a', 'b'] });
    expect(sidecar.call({ 'x-request-id': OTHER_ID })).not.toHaveProperty(TAG);
  });
});

describe('a policy that is disabled', () => {
  it('does nothing', () => {
    const sections = { mode: 'disabled' };
    const sidecar = new Sidecar({ sections, propagate: { makeRequestId: true } });
    expect(sidecar.receive({ b3: 'x' })).toEqual({ b3: 'x' });
    expect(sidecar.call({ 'x-request-id': ID })).toEqual({ 'x-request-id': ID });
    expect(sidecar.host.sharedData.keys('tagalong').filter((key) => !/good/.test(key))).toEqual([]);
  });
});

describe('a clock that stands at its start', () => {
  it('remembers as any other does', () => {
    const clock = new ManualClock(0n, 1n);
    const sidecar = new Sidecar({ clock });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'canary' });
    expect(sidecar.call({ 'x-request-id': ID })[TAG]).toBe('canary');
  });
});

describe('the first key of the policy', () => {
  it.each([['b3'], ['traceparent']])('decides also where both spell one trace: %s', (first) => {
    const second = first === 'b3' ? 'traceparent' : 'b3';
    const key = [first, 'x-request-id', second];
    const sidecar = new Sidecar({ propagate: { headers: [TAG], key } });
    sidecar.receive({ traceparent: TRACEPARENT, b3: B3, [TAG]: 'of the trace' });
    sidecar.receive({ 'x-request-id': ID, [TAG]: 'of the id' });
    const call = sidecar.call({ 'x-request-id': ID, traceparent: TRACEPARENT, b3: B3 });
    expect(call[TAG]).toBe('of the trace');
  });
});

describe('what another request left behind', () => {
  const victim = { 'x-request-id': OTHER_ID, b3: B3, [TAG]: 'canary', 'x-team': 'victim' };
  const options = { propagate: { headers: [TAG, 'x-team'] } };

  it.each<[string, Headers, Headers, object]>([
    [
      'through x-b3-* beside a b3 of another trace',
      { b3: `${OTHER_TRACE}-${OWN_SPAN}-1`, ...multi(TRACE, OWN_SPAN, {}) },
      multi(TRACE, OWN_SPAN, {}),
      {},
    ],
    [
      'through the first of two traceparents, a format that only finds requests',
      { traceparent: [TRACEPARENT, `00-${OTHER_TRACE}-${OWN_SPAN}-01`] },
      { traceparent: TRACEPARENT },
      { read: ['b3', 'b3multi'], write: ['b3multi'] },
    ],
    [
      'through the first of two b3',
      { b3: [B3, `${OTHER_TRACE}-${OWN_SPAN}-1`] },
      { b3: B3 },
      { read: ['w3c'], write: ['w3c'] },
    ],
  ])('is not to be had %s', (_how, request, forwards, formats) => {
    const sidecar = new Sidecar({ propagate: { ...options.propagate, formats } });
    sidecar.receive(victim);
    const seen = sidecar.receive({ 'x-request-id': ID, [TAG]: 'stable', ...request });
    // The application forwards what it saw of those headers.
    const kept = Object.entries(forwards).filter(([name]) => name in seen);
    const call = sidecar.call({ 'x-request-id': 'made by envoy', ...Object.fromEntries(kept) });
    expect(call).not.toMatchObject({ 'x-team': 'victim' });
    expect(call[TAG]).not.toBe('canary');
  });

  it('is not its request id, where two requests of a trace disagree', () => {
    const sidecar = new Sidecar({ propagate: { ...options.propagate, key: ['traceparent'] } });
    for (const [id, tag] of [
      [ID, 'canary'],
      [OTHER_ID, 'stable'],
    ] as const) {
      sidecar.receive({ 'x-request-id': id, traceparent: TRACEPARENT, [TAG]: tag });
    }
    const call = sidecar.call({ 'x-request-id': ID, traceparent: TRACEPARENT });
    expect(call['x-request-id']).toBe(ID);
  });

  it('is not missed by a single worker, however long its entries are', () => {
    const sidecar = new Sidecar({ propagate: { headers: ['x-team'], capacity: 64 } });
    const team = 't'.repeat(700);
    const ids = Array.from({ length: 24 }, (_, i) => `request ${i}`);
    for (const id of ids) sidecar.receive({ 'x-request-id': id, 'x-team': `${id}${team}` });
    const found = ids.filter((id) => sidecar.call({ 'x-request-id': id })['x-team'] !== undefined);
    expect(ids.length - found.length).toBe(sidecar.count('evicted'));
  });
});

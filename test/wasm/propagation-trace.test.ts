// The formats of a trace on their way through an application: read, completed, said in others.

import { describe, expect, it } from 'vitest';
import { added, type Headers, Sidecar } from '../harness/sidecar.js';
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

/** What is added for a policy that reads and writes some formats. */
function translated(request: Headers, read: string[], write: string[]): Headers {
  return added(request, { 'x-request-id': ID }, { propagate: { formats: { read, write } } });
}

const ALL = ['b3', 'b3multi', 'w3c'];
describe('a trace', () => {
  it.each<[string, Headers, Headers]>([
    [
      'traceparent, sampled',
      { traceparent: TRACEPARENT },
      { b3: B3, ...multi(), traceparent: TRACEPARENT },
    ],
    [
      'traceparent, not sampled',
      { traceparent: `00-${TRACE}-${SPAN}-00` },
      {
        b3: `${TRACE}-${SPAN}-0`,
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '0' }),
        traceparent: `00-${TRACE}-${SPAN}-00`,
      },
    ],
    [
      'traceparent with a random flag, which stays',
      { traceparent: `00-${TRACE}-${SPAN}-03` },
      { b3: B3, ...multi(), traceparent: `00-${TRACE}-${SPAN}-03` },
    ],
    [
      'traceparent of a version to come, as 00',
      { traceparent: `01-${TRACE}-${SPAN}-03-more` },
      { b3: B3, ...multi(), traceparent: TRACEPARENT },
    ],
    [
      'b3 with a parent',
      { b3: `${B3}-${PARENT}` },
      {
        b3: `${B3}-${PARENT}`,
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '1', 'x-b3-parentspanid': PARENT }),
        traceparent: TRACEPARENT,
      },
    ],
    [
      'b3, debug',
      { b3: `${TRACE}-${SPAN}-d` },
      {
        b3: `${TRACE}-${SPAN}-d`,
        ...multi(TRACE, SPAN, { 'x-b3-flags': '1' }),
        traceparent: TRACEPARENT,
      },
    ],
    [
      'b3, deferred: no decision and no traceparent is invented',
      { b3: `${TRACE}-${SPAN}` },
      { b3: `${TRACE}-${SPAN}`, ...multi(TRACE, SPAN, {}) },
    ],
    ['b3, sampling only, 1', { b3: '1' }, { b3: '1', 'x-b3-sampled': '1' }],
    ['b3, sampling only, 0', { b3: '0' }, { b3: '0', 'x-b3-sampled': '0' }],
    ['b3, sampling only, d', { b3: 'd' }, { b3: 'd', 'x-b3-flags': '1' }],
    [
      'b3 of 64 bits, which stay 64 in b3',
      { b3: `${NARROW}-${SPAN}-1` },
      {
        b3: `${NARROW}-${SPAN}-1`,
        ...multi(NARROW),
        traceparent: `00-0000000000000000${NARROW}-${SPAN}-01`,
      },
    ],
    [
      'b3 in upper case, written in lower',
      { b3: B3.toUpperCase() },
      { b3: B3, ...multi(), traceparent: TRACEPARENT },
    ],
    [
      'several headers with a parent',
      multi(TRACE, SPAN, { 'x-b3-sampled': 'true', 'x-b3-parentspanid': PARENT }),
      {
        b3: `${B3}-${PARENT}`,
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '1', 'x-b3-parentspanid': PARENT }),
        traceparent: TRACEPARENT,
      },
    ],
    [
      'several headers, debug',
      multi(TRACE, SPAN, { 'x-b3-flags': '1' }),
      {
        b3: `${TRACE}-${SPAN}-d`,
        ...multi(TRACE, SPAN, { 'x-b3-flags': '1' }),
        traceparent: TRACEPARENT,
      },
    ],
    [
      'several headers, deferred, with a parent that b3 has no place for',
      multi(TRACE, SPAN, { 'x-b3-parentspanid': PARENT, 'x-b3-flags': '0' }),
      { b3: `${TRACE}-${SPAN}`, ...multi(TRACE, SPAN, { 'x-b3-parentspanid': PARENT }) },
    ],
    ['x-b3-sampled alone', { 'x-b3-sampled': '0' }, { b3: '0', 'x-b3-sampled': '0' }],
    ['x-b3-flags alone', { 'x-b3-flags': '1' }, { b3: 'd', 'x-b3-flags': '1' }],
    ['nothing', {}, {}],
  ])('that came as %s goes on in every format that is written', (_name, request, call) => {
    expect(translated(request, ALL, ALL)).toEqual(call);
  });

  it('is written in the formats of the policy alone', () => {
    expect(translated({ b3: B3 }, ALL, ['w3c'])).toEqual({ traceparent: TRACEPARENT });
    expect(translated({ b3: B3 }, ALL, ['b3'])).toEqual({ b3: B3 });
    expect(translated({ b3: B3 }, ALL, ['b3multi'])).toEqual(multi());
    expect(added({ b3: B3 })).toEqual({ ...multi(), traceparent: TRACEPARENT });
  });

  it('is read in the formats of the policy alone', () => {
    expect(translated({ b3: B3 }, ['w3c'], ALL)).toEqual({});
    expect(translated(multi(), ['b3'], ['w3c'])).toEqual({});
    expect(translated({ traceparent: TRACEPARENT }, ['b3', 'b3multi'], ALL)).toEqual({});
  });

  it('is that of the first format that has one, in the order of the policy', () => {
    const request = { b3: `${TRACE}-${SPAN}-1`, traceparent: `00-${OTHER_TRACE}-${OWN_SPAN}-00` };
    const ours = translated(request, ['b3', 'w3c'], ['b3', 'w3c']);
    expect(ours).toEqual({ b3: B3, traceparent: TRACEPARENT });
    expect(translated(request, ['w3c', 'b3'], ['b3', 'w3c'])).toEqual({
      b3: `${OTHER_TRACE}-${OWN_SPAN}-0`,
      traceparent: request.traceparent,
    });
    // A decision alone is less than ids further back.
    expect(translated({ b3: '0', traceparent: TRACEPARENT }, ALL, ['w3c'])).toEqual({
      traceparent: TRACEPARENT,
    });
  });

  it('is completed by what other formats say of the same span, and by no other', () => {
    const deferred = `${TRACE}-${SPAN}`;
    expect(translated({ b3: deferred, traceparent: TRACEPARENT }, ALL, ['b3', 'w3c'])).toEqual({
      b3: B3,
      traceparent: TRACEPARENT,
    });
    const parent = multi(TRACE, SPAN, { 'x-b3-parentspanid': PARENT });
    expect(translated({ traceparent: TRACEPARENT, ...parent }, ['w3c', 'b3multi'], ['b3'])).toEqual(
      {
        b3: `${B3}-${PARENT}`,
      },
    );
    const another = `00-${TRACE}-${OWN_SPAN}-01`;
    expect(translated({ b3: deferred, traceparent: another }, ALL, ['b3', 'w3c'])).toEqual({
      b3: deferred,
    });
  });

  describe('of the application itself', () => {
    const forwarded = { 'x-request-id': ID };

    it('stands, and is said in the formats that are absent', () => {
      const own = { ...forwarded, traceparent: `00-${TRACE}-${OWN_SPAN}-00` };
      expect(added({ b3: B3, [TAG]: 'canary' }, own)).toEqual({
        ...multi(TRACE, OWN_SPAN, { 'x-b3-sampled': '0' }),
        [TAG]: 'canary',
      });
      const other = { ...forwarded, b3: `${OTHER_TRACE}-${OWN_SPAN}` };
      expect(added({ b3: B3 }, other)).toEqual(multi(OTHER_TRACE, OWN_SPAN, {}));
    });

    it('gets what is known of the same span', () => {
      const b3 = `${TRACE}-${SPAN}`;
      expect(added({ b3: `${B3}-${PARENT}` }, { ...forwarded, b3 })).toEqual({
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '1', 'x-b3-parentspanid': PARENT }),
        traceparent: TRACEPARENT,
      });
      const several = multi(TRACE, SPAN, {});
      expect(added({ b3: `${B3}-${PARENT}` }, { ...forwarded, ...several })).toEqual({
        'x-b3-parentspanid': PARENT,
        'x-b3-sampled': '1',
        traceparent: TRACEPARENT,
      });
    });

    it('keeps its decision on the same span', () => {
      const b3 = `${TRACE}-${SPAN}-0`;
      expect(added({ b3: B3 }, { ...forwarded, b3 })).toEqual({
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '0' }),
        traceparent: `00-${TRACE}-${SPAN}-00`,
      });
    });

    it('is that of the single b3 where the other headers name another one', () => {
      const b3 = `${TRACE}-${OWN_SPAN}-1`;
      const sidecar = new Sidecar();
      sidecar.receive({ 'x-request-id': ID, b3: B3 });
      expect(sidecar.call({ ...forwarded, b3, ...multi(OTHER_TRACE, OWN_SPAN, {}) })).toEqual({
        ...forwarded,
        b3,
        ...multi(TRACE, OWN_SPAN),
        traceparent: `00-${TRACE}-${OWN_SPAN}-01`,
      });
    });

    it('is a decision, which stands where the request was decided otherwise', () => {
      const own = { ...forwarded, 'x-b3-sampled': '0' };
      expect(added({ b3: B3 }, own)).toEqual({});
      expect(added({ b3: `${TRACE}-${SPAN}-0` }, own)).toEqual({
        'x-b3-traceid': TRACE,
        'x-b3-spanid': SPAN,
        traceparent: `00-${TRACE}-${SPAN}-00`,
      });
    });

    it('has x-b3-flags once, whatever they say', () => {
      const own = { ...forwarded, 'x-b3-flags': '0' };
      expect(added({ b3: `${TRACE}-${SPAN}-d` }, own)).toEqual({
        'x-b3-traceid': TRACE,
        'x-b3-spanid': SPAN,
        traceparent: TRACEPARENT,
      });
    });
  });

  describe('has a tracestate', () => {
    const request = { traceparent: TRACEPARENT, tracestate: 'congo=1' };

    it('that goes with a traceparent of the same trace', () => {
      const own = { 'x-request-id': ID, traceparent: `00-${TRACE}-${OWN_SPAN}-01` };
      expect(added(request, own)).toEqual({
        ...multi(TRACE, OWN_SPAN),
        tracestate: 'congo=1',
      });
      expect(added({ traceparent: TRACEPARENT, tracestate: ['a=1', 'b=2'] })).toMatchObject({
        tracestate: 'a=1,b=2',
      });
    });

    it('that goes with no other', () => {
      const own = { 'x-request-id': ID, traceparent: `00-${OTHER_TRACE}-${OWN_SPAN}-01` };
      expect(added(request, own)).toEqual(multi(OTHER_TRACE, OWN_SPAN));
      // The trace of b3 is the request's, that of traceparent another.
      const mixed = { ...own, b3: B3 };
      expect(added(request, mixed)).toEqual(multi());
      expect(translated(request, ALL, ['b3'])).toEqual({ b3: B3 });
    });

    it('that is nothing without a traceparent', () => {
      expect(added({ tracestate: 'congo=1' })).toEqual({});
      expect(added({ b3: B3, tracestate: 'congo=1' })).not.toHaveProperty('tracestate');
      const other = `00-${OTHER_TRACE}-${SPAN}-01`;
      expect(added({ b3: B3, traceparent: other, tracestate: 'congo=1' })).not.toHaveProperty(
        'tracestate',
      );
    });
  });

  it('has an x-ot-span-context, which belongs to its span', () => {
    const request = { b3: B3, 'x-ot-span-context': 'opaque' };
    expect(added(request)).toMatchObject({ 'x-ot-span-context': 'opaque' });
    expect(added({ 'x-ot-span-context': 'opaque' })).toEqual({ 'x-ot-span-context': 'opaque' });
    const own = { 'x-request-id': ID, b3: `${TRACE}-${OWN_SPAN}-1` };
    expect(added(request, own)).not.toHaveProperty('x-ot-span-context');
  });
});

describe('trace headers that are malformed', () => {
  const names = ['b3', 'traceparent', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled'];

  it.each<[string, Headers, Headers?]>([
    ['b3: empty', { b3: '' }],
    ['b3: no digits', { b3: 'x' }],
    ['b3: 2', { b3: '2' }],
    ['b3: D', { b3: 'D' }],
    ['b3: a trace id of 31 digits', { b3: `${TRACE.slice(1)}-${SPAN}-1` }],
    ['b3: a span id of 15 digits', { b3: `${TRACE}-${SPAN.slice(1)}-1` }],
    ['b3: zeros', { b3: `${'0'.repeat(32)}-${SPAN}-1` }],
    ['b3: a parent that is none', { b3: `${B3}-${'0'.repeat(16)}` }],
    ['b3: two that differ', { b3: [B3, `${B3}-${PARENT}`] }],
    ['traceparent: empty', { traceparent: '' }],
    ['traceparent: in upper case', { traceparent: TRACEPARENT.toUpperCase() }],
    ['traceparent: version ff', { traceparent: `ff-${TRACE}-${SPAN}-01` }],
    ['traceparent: zeros', { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01` }],
    ['traceparent: longer than its version', { traceparent: `${TRACEPARENT}-x` }],
    ['traceparent: two that differ', { traceparent: [TRACEPARENT, `00-${TRACE}-${SPAN}-00`] }],
    ['tracestate: empty', { tracestate: ['', ''] }],
    ['x-b3-traceid without a span', { 'x-b3-traceid': TRACE }],
    ['x-b3-spanid without a trace', { 'x-b3-spanid': SPAN }],
    ['x-b3-parentspanid alone', { 'x-b3-parentspanid': PARENT }],
    ['x-b3-sampled: 2', { 'x-b3-sampled': '2' }],
    ['x-b3-sampled: d', { 'x-b3-sampled': 'd' }],
    ['x-b3-flags: 2', { 'x-b3-flags': '2' }],
    ['x-ot-span-context: empty', { 'x-ot-span-context': '' }],
  ])('are removed on both sides, and counted: %s', (_name, headers) => {
    const sidecar = new Sidecar();
    expect(sidecar.receive({ 'x-request-id': ID, ...headers })).toEqual({ 'x-request-id': ID });
    expect(sidecar.count('malformed')).toBe(1);
    expect(sidecar.call({ 'x-request-id': ID, ...headers })).toEqual({ 'x-request-id': ID });
    expect(sidecar.call({ 'x-request-id': OTHER_ID, ...headers })).toEqual({
      'x-request-id': OTHER_ID,
    });
    expect(sidecar.count('malformed')).toBe(3);
  });

  it('fall alone, ids together', () => {
    const sidecar = new Sidecar();
    const seen = sidecar.receive({
      ...multi('x', SPAN, { 'x-b3-sampled': '1', 'x-b3-parentspanid': PARENT }),
      traceparent: TRACEPARENT,
    });
    expect(seen).toEqual({ 'x-b3-sampled': '1', traceparent: TRACEPARENT });
    expect(sidecar.count('malformed')).toBe(3);
  });

  it('give way to what is remembered', () => {
    const sidecar = new Sidecar();
    sidecar.receive({ 'x-request-id': ID, b3: B3 });
    const broken = { traceparent: 'x', 'x-b3-traceid': '', 'x-b3-sampled': 'maybe' };
    expect(sidecar.call({ 'x-request-id': ID, ...broken })).toEqual({
      'x-request-id': ID,
      traceparent: TRACEPARENT,
      ...multi(),
    });
  });

  it('are left alone in formats that the policy neither reads nor writes nor finds by', () => {
    const broken = { b3: 'x', 'x-b3-traceid': '', 'x-b3-sampled': '2' };
    const key = ['x-request-id'];
    const w3c = { propagate: { key, formats: { read: ['w3c'], write: ['w3c'] } } };
    const sidecar = new Sidecar(w3c);
    expect(sidecar.receive(broken)).toEqual(broken);
    expect(sidecar.call(broken)).toEqual(broken);
    const b3 = { propagate: { key, formats: { read: ['b3'], write: ['b3'] } } };
    const other = { traceparent: 'x', tracestate: '', 'x-b3-flags': '' };
    expect(new Sidecar(b3).receive(other)).toEqual(other);
    expect(sidecar.count('malformed')).toBe(0);
    for (const name of names.slice(0, 2)) {
      const one = new Sidecar({ propagate: { formats: { read: ['b3'], write: ['w3c'] } } });
      expect(one.receive({ [name]: 'x' })).toEqual({});
    }
  });

  it('that are repeated alike are one', () => {
    const request = { traceparent: [TRACEPARENT, TRACEPARENT] };
    const sidecar = new Sidecar();
    expect(sidecar.receive({ 'x-request-id': ID, ...request })).toMatchObject(request);
    expect(sidecar.call({ 'x-request-id': ID })).toMatchObject({ traceparent: TRACEPARENT });
  });
});

describe('a decision without ids', () => {
  it.each<[string, Headers, Headers]>([
    [
      'sampled by W3C, denied by B3',
      { traceparent: TRACEPARENT, 'x-b3-sampled': '0' },
      { traceparent: TRACEPARENT, ...multi(TRACE, SPAN, { 'x-b3-sampled': '0' }) },
    ],
    [
      'sampled by W3C, denied by the single b3',
      { traceparent: TRACEPARENT, b3: '0' },
      { traceparent: TRACEPARENT, ...multi(TRACE, SPAN, { 'x-b3-sampled': '0' }) },
    ],
    [
      'not sampled by W3C, debug by B3',
      { traceparent: `00-${TRACE}-${SPAN}-00`, 'x-b3-flags': '1' },
      { traceparent: `00-${TRACE}-${SPAN}-00`, ...multi(TRACE, SPAN, { 'x-b3-flags': '1' }) },
    ],
    [
      'deferred by the single b3, denied by the others',
      { b3: `${TRACE}-${SPAN}`, 'x-b3-sampled': '0' },
      {
        traceparent: `00-${TRACE}-${SPAN}-00`,
        ...multi(TRACE, SPAN, { 'x-b3-sampled': '0' }),
      },
    ],
  ])('stays beside the ids of another format: %s', (_what, request, wanted) => {
    expect(added(request)).toEqual(wanted);
  });
});

// Mode sanitize against the specifications: a table, and any headers against the oracle.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceOf } from '../../../sdk-node/src/trace/trace.js';
import { cames } from './arbitraries.js';
import { type Came, sanitized, unblank } from './oracle.js';

const T = '0af7651916cd43dd8448eb211c80319c';
const T64 = '8448eb211c80319c';
const S = 'b7ad6b7169203331';
const P = '05e3ac9a4f6e3b90';
const GOOD = `00-${T}-${S}-01`;

const flat = (came: Came): string[] =>
  Object.entries(came).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));

function sanitize(came: Came): Record<string, string> {
  const list = traceOf('sanitize', flat(came))?.forCall() ?? [];
  return Object.fromEntries(list.map((name, i) => [name, list[i + 1]]).filter((_, i) => i % 2 < 1));
}

const kept: [string, Came][] = [
  ['b3: deny alone', { b3: '0' }],
  ['b3: accept alone', { b3: '1' }],
  ['b3: debug alone', { b3: 'd' }],
  ['b3: sampling left to the receiver', { b3: `${T}-${S}` }],
  ['b3: the same with a parent', { b3: `${T}-${S}-${P}` }],
  ['b3: with sampling and parent', { b3: `${T}-${S}-d-${P}` }],
  ['b3: a trace id of 64 bits', { b3: `${T64}-${S}-1` }],
  ['x-b3: deny alone', { 'x-b3-sampled': '0' }],
  ['x-b3: debug alone', { 'x-b3-flags': '1' }],
  ['x-b3: flags that say nothing', { 'x-b3-flags': '0', 'x-b3-sampled': '0' }],
  ['x-b3: words of older tracers', { 'x-b3-sampled': 'false' }],
  ['x-b3: ids alone', { 'x-b3-traceid': T64, 'x-b3-spanid': S }],
  ['x-b3: a parent', { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-parentspanid': P }],
  ['traceparent with every flag', { traceparent: `00-${T}-${S}-ff` }],
  ['traceparent of a later version', { traceparent: `cc-${T}-${S}-01-what-comes` }],
  ['tracestate beside a traceparent', { traceparent: GOOD, tracestate: 'a=1 \t, \t b=2' }],
  ['tracestate of 32 members', { traceparent: GOOD, tracestate: states(32) }],
  ['a key of 256, a value of 256', { traceparent: GOOD, tracestate: longState(256, 256) }],
  ['formats that disagree', { traceparent: GOOD, b3: `${T64}-${S}-0` }],
  ['other formats as they came', { sw8: '1-x', 'x-amzn-trace-id': 'Root=1-\u00e9' }],
];

const dropped: [string, Came, string][] = [
  ['b3 with capitals', { b3: `${T.toUpperCase()}-${S}-1` }, 'b3'],
  ['b3 with a word for its state', { b3: `${T}-${S}-true` }, 'b3'],
  ['b3 with a trace id of zeros', { b3: `${'0'.repeat(32)}-${S}-1` }, 'b3'],
  ['b3 with a span id of zeros', { b3: `${T}-${'0'.repeat(16)}-1` }, 'b3'],
  ['b3 with a parent of zeros', { b3: `${T}-${S}-1-${'0'.repeat(16)}` }, 'b3'],
  ['b3 with something after it', { b3: `${T}-${S}-1-${P}-x` }, 'b3'],
  ['b3 with something before it', { b3: `x${T}-${S}-1` }, 'b3'],
  ['b3 twice', { b3: '0, 0' }, 'b3'],
  ['x-b3 with a trace id alone', { 'x-b3-traceid': T }, 'x-b3-traceid'],
  ['x-b3 with a span id alone', { 'x-b3-spanid': S }, 'x-b3-spanid'],
  ['x-b3 with a parent alone', { 'x-b3-parentspanid': P }, 'x-b3-parentspanid'],
  ['x-b3 with other flags', { 'x-b3-flags': '2' }, 'x-b3-flags'],
  ['x-b3 with debug and deny', { 'x-b3-flags': '1', 'x-b3-sampled': '0' }, 'x-b3-sampled'],
  [
    'x-b3 with a dash for its parent',
    { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-parentspanid': '-' },
    'x-b3-parentspanid',
  ],
  ['traceparent of version ff', { traceparent: `ff-${T}-${S}-01` }, 'traceparent'],
  ['traceparent with three digits of flags', { traceparent: `00-${T}-${S}-0ff` }, 'traceparent'],
  ['traceparent of version 00 with more', { traceparent: `${GOOD}-x` }, 'traceparent'],
  ['traceparent with a dot for a dash', { traceparent: `cc-${T}-${S}-01.x` }, 'traceparent'],
  ['traceparent with capitals', { traceparent: GOOD.toUpperCase() }, 'traceparent'],
  ['traceparent of zeros', { traceparent: `00-${'0'.repeat(32)}-${S}-01` }, 'traceparent'],
  [
    'traceparent, a parent of zeros',
    { traceparent: `00-${T}-${'0'.repeat(16)}-01` },
    'traceparent',
  ],
  ['traceparent twice', { traceparent: `${GOOD}, ${GOOD}` }, 'traceparent'],
  ['tracestate without traceparent', { tracestate: 'a=1' }, 'tracestate'],
  ['tracestate of 33 members', { traceparent: GOOD, tracestate: states(33) }, 'tracestate'],
  ['a key of 257', { traceparent: GOOD, tracestate: longState(257, 1) }, 'tracestate'],
  ['a value of 257', { traceparent: GOOD, tracestate: longState(1, 257) }, 'tracestate'],
  ['one bad member', { traceparent: GOOD, tracestate: '@a=1,b=2' }, 'tracestate'],
  ['no member', { traceparent: GOOD, tracestate: ' , ,' }, 'tracestate'],
  ['what is no header value', { sw8: 'a\u0000b' }, 'sw8'],
  ['a line break', { 'x-amzn-trace-id': 'a\r\nb: c' }, 'x-amzn-trace-id'],
];

function states(count: number): string {
  return Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');
}

function longState(key: number, value: number): string {
  return `${'k'.repeat(key)}=${'v'.repeat(value)}`;
}

describe('mode sanitize', () => {
  it.each(kept)('keeps %s', (_, came) => {
    expect(sanitize(came)).toEqual(came);
  });

  it.each(dropped)('drops %s', (_, came, name) => {
    const { [name]: __, ...others } = came;
    expect(sanitize(came)).toEqual(others);
  });

  it('drops a tracestate with its traceparent', () => {
    expect(sanitize({ traceparent: 'x', tracestate: 'a=1', sw8: '1' })).toEqual({ sw8: '1' });
  });

  it('keeps the latest of a key that came twice, and no empty members', () => {
    const { tracestate } = sanitize({ traceparent: GOOD, tracestate: 'a=1,b=2, a=3 ,,' });
    expect(tracestate).toBe('a=1,b=2');
  });

  it('has nothing to carry where nothing is left', () => {
    expect(traceOf('sanitize', ['b3', 'x'])).toBeUndefined();
    expect(traceOf('sanitize', [])).toBeUndefined();
  });

  it('is what the specifications say, of any headers', () => {
    let whole = 0;
    fc.assert(
      fc.property(cames, (came) => {
        const bare = Object.fromEntries(
          Object.entries(came).map(([name, value]) => [name, value && unblank(value)]),
        );
        const expected = sanitized(bare);
        if (expected.traceparent !== undefined && expected.tracestate !== undefined) whole++;
        const { tracestate, ...found } = sanitize(came);
        expect({
          ...found,
          ...(tracestate !== undefined && { tracestate: membersOf(tracestate) }),
        }).toEqual(expected);
      }),
      { numRuns: 5000 },
    );
    // The headers are not all malformed.
    expect(whole).toBeGreaterThan(100);
  });
});

describe('mode verbatim', () => {
  it('carries anything as it came', () => {
    fc.assert(
      fc.property(cames, (came) => {
        const list = flat(came);
        expect(traceOf('verbatim', list)?.forCall() ?? []).toEqual(list);
      }),
    );
  });
});

function membersOf(tracestate: string): string[] {
  return tracestate.split(',').map(unblank).filter(Boolean);
}

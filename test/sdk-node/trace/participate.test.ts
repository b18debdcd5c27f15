// Mode participate: this process is a hop of the trace. A table, and any headers against the oracle.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ids } from '../../../sdk-node/src/trace/ids.js';
import { Participation } from '../../../sdk-node/src/trace/participate.js';
import { traceOf } from '../../../sdk-node/src/trace/trace.js';
import { cames } from './arbitraries.js';
import {
  b3,
  type Came,
  isId,
  latest,
  sampling,
  traceparent,
  tracestate,
  unblank,
} from './oracle.js';

const T = '0af7651916cd43dd8448eb211c80319c';
const T64 = '8448eb211c80319c';
const OTHER = '463ac35c9f6413ad48485a3953bb6124';
const S = 'b7ad6b7169203331';
const P = '05e3ac9a4f6e3b90';
const FRESH = 'f'.repeat(32);

/** Counts: spans are …01, …02 and so on; the trace is FRESH. */
function counted(): Ids {
  let count = 0;
  return {
    span: () => (++count).toString(16).padStart(16, '0'),
    trace: () => FRESH,
  };
}

const span = (count: number) => count.toString(16).padStart(16, '0');
const flat = (came: Came): string[] =>
  Object.entries(came).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
const object = (list: readonly string[]): Record<string, string> => {
  const found: Record<string, string> = {};
  for (let i = 0; i < list.length; i += 2) {
    expect(found).not.toHaveProperty(list[i]!);
    found[list[i]!] = list[i + 1]!;
  }
  return found;
};
const firstCall = (came: Came) => object(new Participation(flat(came), counted()).forCall());

const rows: [string, Came, Came][] = [
  [
    'W3C: a new parent id, the list goes on',
    { traceparent: `00-${T}-${S}-01`, tracestate: 'a=1' },
    { traceparent: `00-${T}-${span(1)}-01`, tracestate: 'a=1' },
  ],
  [
    'W3C: not sampled stays so',
    { traceparent: `00-${T}-${S}-00` },
    { traceparent: `00-${T}-${span(1)}-00` },
  ],
  [
    'W3C: the random flag stays',
    { traceparent: `00-${T}-${S}-03` },
    { traceparent: `00-${T}-${span(1)}-03` },
  ],
  [
    'W3C: flags that nobody knows go',
    { traceparent: `00-${T}-${S}-ff` },
    { traceparent: `00-${T}-${span(1)}-03` },
  ],
  [
    'W3C: a later version becomes ours',
    { traceparent: `cc-${T}-${S}-01-more` },
    { traceparent: `00-${T}-${span(1)}-01` },
  ],
  [
    'W3C: a malformed list goes, the trace stays',
    { traceparent: `00-${T}-${S}-01`, tracestate: 'a' },
    { traceparent: `00-${T}-${span(1)}-01` },
  ],
  [
    'W3C: malformed begins anew, without its list',
    { traceparent: `00-${T}-${S}-0x`, tracestate: 'a=1' },
    { traceparent: `00-${FRESH}-${span(2)}-02` },
  ],
  ['W3C: a list alone', { tracestate: 'a=1' }, { traceparent: `00-${FRESH}-${span(2)}-02` }],
  ['nothing: a W3C trace begins', {}, { traceparent: `00-${FRESH}-${span(2)}-02` }],
  ['b3: accept', { b3: `${T}-${S}-1` }, { b3: `${T}-${span(1)}-1-${S}` }],
  ['b3: deny, and another parent', { b3: `${T}-${S}-0-${P}` }, { b3: `${T}-${span(1)}-0-${S}` }],
  ['b3: debug', { b3: `${T}-${S}-d` }, { b3: `${T}-${span(1)}-d-${S}` }],
  ['b3: left to the receiver stays so', { b3: `${T}-${S}` }, { b3: `${T}-${span(1)}` }],
  ['b3: 64 bits stay 64', { b3: `${T64}-${S}-1` }, { b3: `${T64}-${span(1)}-1-${S}` }],
  ['b3: deny alone', { b3: '0' }, { b3: '0' }],
  ['b3: debug alone', { b3: 'd' }, { b3: 'd' }],
  ['b3: malformed begins anew', { b3: `${T}-${S}-x` }, { b3: `${FRESH}-${span(2)}` }],
  [
    'x-b3: a new span id under the one that came',
    { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-parentspanid': P, 'x-b3-sampled': '0' },
    { 'x-b3-traceid': T, 'x-b3-spanid': span(1), 'x-b3-parentspanid': S, 'x-b3-sampled': '0' },
  ],
  [
    'x-b3: left to the receiver stays so',
    { 'x-b3-traceid': T64, 'x-b3-spanid': S },
    { 'x-b3-traceid': T64, 'x-b3-spanid': span(1), 'x-b3-parentspanid': S },
  ],
  [
    'x-b3: debug',
    { 'x-b3-traceid': T, 'x-b3-spanid': S, 'x-b3-flags': '1' },
    { 'x-b3-traceid': T, 'x-b3-spanid': span(1), 'x-b3-parentspanid': S, 'x-b3-flags': '1' },
  ],
  ['x-b3: deny alone', { 'x-b3-sampled': '0' }, { 'x-b3-sampled': '0' }],
  [
    'x-b3: malformed begins anew, its sampling stays',
    { 'x-b3-traceid': T, 'x-b3-sampled': '0' },
    {
      'x-b3-traceid': FRESH,
      'x-b3-spanid': span(2),
      'x-b3-parentspanid': span(1),
      'x-b3-sampled': '0',
    },
  ],
  [
    'one trace in all formats: one span id, each its own parent',
    { traceparent: `00-${T}-${S}-01`, b3: `${T}-${P}-1`, 'x-b3-traceid': T, 'x-b3-spanid': S },
    {
      traceparent: `00-${T}-${span(1)}-01`,
      b3: `${T}-${span(1)}-1-${P}`,
      'x-b3-traceid': T,
      'x-b3-spanid': span(1),
      'x-b3-parentspanid': S,
    },
  ],
  [
    'one trace, of which B3 has the lower half',
    { traceparent: `00-${T}-${S}-01`, b3: `${T64}-${S}-1` },
    { traceparent: `00-${T}-${span(1)}-01`, b3: `${T64}-${span(1)}-1-${S}` },
  ],
  [
    'two traces: each keeps its own',
    { traceparent: `00-${OTHER}-${S}-01`, b3: `${T}-${P}-1` },
    { traceparent: `00-${OTHER}-${span(1)}-01`, b3: `${T}-${span(2)}-1-${P}` },
  ],
  [
    'what begins anew is one trace, beside one that stands',
    { traceparent: 'x', b3: `${T}-${P}-1`, 'x-b3-traceid': 'x' },
    {
      traceparent: `00-${FRESH}-${span(2)}-02`,
      b3: `${T}-${span(3)}-1-${P}`,
      'x-b3-traceid': FRESH,
      'x-b3-spanid': span(2),
      'x-b3-parentspanid': span(1),
    },
  ],
  [
    'other formats as they came',
    { sw8: '1-x', 'x-ot-span-context': 'a;b' },
    { sw8: '1-x', 'x-ot-span-context': 'a;b' },
  ],
  ['nothing that is no header value', { sw8: '1\n', b3: '0' }, { b3: '0' }],
];

describe('mode participate', () => {
  it.each(rows)('%s', (_, came, expected) => {
    expect(firstCall(came)).toEqual(expected);
  });

  it('gives each call another span, and says what stands in between', () => {
    const came = { traceparent: `00-${T}-${S}-01`, b3: `${T}-${S}-1-${P}` };
    const trace = new Participation(flat(came), counted());
    const calls = [1, 2, 3].map(() => object(trace.forCall()).traceparent);
    expect(calls).toEqual([1, 2, 3].map((count) => `00-${T}-${span(count)}-01`));
    expect(object(trace.headers)).toEqual(came);
  });

  it('begins a trace once a request', () => {
    const trace = traceOf('participate', []);
    const ids = [trace?.headers, trace?.forCall(), trace?.forCall()].map(
      (list) => traceparent(list?.[1]) ?? [],
    );
    expect(new Set(ids.map(([traceId]) => traceId)).size).toBe(1);
    expect(new Set(ids.map(([, spanId]) => spanId)).size).toBe(3);
    expect(traceOf('participate', [])?.headers).not.toEqual(trace?.headers);
  });

  it('hands on within a process what it would have sent itself', () => {
    const first = new Participation(['traceparent', 'malformed', 'b3', 'malformed'], counted());
    const second = new Participation(first.headers, counted());
    expect(object(second.headers)).toEqual(object(first.headers));
  });

  it('is what the specifications say, of any headers', () => {
    fc.assert(
      fc.property(cames, (given) => {
        const came: Came = Object.fromEntries(
          Object.entries(given).map(([name, value]) => [name, value && unblank(value)]),
        );
        check(came, firstCall(given));
      }),
      { numRuns: 5000 },
    );
  });
});

/** Every promise of the mode, by the oracle. */
function check(came: Came, sent: Record<string, string>): void {
  const spans = new Map<string, string>();
  /** One span id for a trace, whatever format names it; never one that came. */
  const place = (trace: string, id: string) => {
    expect(isId(id, 16)).toBe(true);
    expect(Object.values(came).join()).not.toContain(id);
    const lower = trace.slice(-16);
    expect(spans.get(lower) ?? id).toBe(id);
    spans.set(lower, id);
  };

  const parent = traceparent(came.traceparent);
  if (came.traceparent !== undefined || came.tracestate !== undefined) {
    const [traceId, id, flags] = traceparent(sent.traceparent) ?? ['', '', 0];
    expect(sent.traceparent).toHaveLength(55);
    place(traceId, id);
    expect(traceId).toBe(parent ? parent[0] : FRESH);
    expect(flags).toBe(parent ? parent[2] & 3 : 2);
    const members = parent && tracestate(came.tracestate ?? '');
    const found = sent.tracestate?.split(',').map(unblank).filter(Boolean) ?? [];
    expect(found).toEqual(members ? latest(members) : []);
  }

  if (came.b3 !== undefined) {
    const before = b3(came.b3);
    const after = b3(sent.b3 ?? '');
    expect(after?.state).toBe(before?.state);
    if (before === undefined) {
      expect(after?.place?.trace).toBe(FRESH);
      place(FRESH, after?.place?.span ?? '');
    } else if (before.place === undefined) {
      expect(after?.place).toBeUndefined();
    } else {
      expect(after?.place?.trace).toBe(before.place.trace);
      // A receiver of fewer fields would refuse a parent without a state.
      expect(after?.place?.parent).toBe(before.state === undefined ? undefined : before.place.span);
      place(before.place.trace, after?.place?.span ?? '');
    }
  }

  const [trace, id] = [came['x-b3-traceid'], came['x-b3-spanid']];
  const ids = [trace, id, came['x-b3-parentspanid']].some((one) => one !== undefined);
  if (ids) {
    const whole = isId(trace, 16, 32) && isId(id, 16);
    expect(sent['x-b3-traceid']).toBe(whole ? trace : FRESH);
    if (whole) expect(sent['x-b3-parentspanid']).toBe(id);
    else expect(isId(sent['x-b3-parentspanid'], 16)).toBe(true);
    place(sent['x-b3-traceid'] ?? '', sent['x-b3-spanid'] ?? '');
  }
  const { 'x-b3-sampled': sampled, 'x-b3-flags': flags } = sent;
  expect({ 'x-b3-sampled': sampled, 'x-b3-flags': flags }).toEqual({
    'x-b3-sampled': undefined,
    'x-b3-flags': undefined,
    ...sampling(came),
  });

  // Nothing in another format than it came in, unless nothing came.
  const given = Object.keys(came).filter((name) => came[name] !== undefined);
  const b3Alone = given.length > 0 && !given.some((name) => name.startsWith('trace'));
  if (b3Alone && Object.keys(sent).some((name) => name !== 'traceparent')) {
    expect(sent.traceparent).toBeUndefined();
  }
  expect(Object.keys(sent).length).toBeGreaterThan(0);
}

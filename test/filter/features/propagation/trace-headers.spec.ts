import { hostReset } from '../../host';
import { counted, passed, policy, propagating } from './propagated';

const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const OWN = '00f067aa0ba902b7';
const PARENT = '05e3ac9a4f6e3b90';
const B3 = TRACE + '-' + SPAN;

/** Found by request id, so that these formats alone are known. */
function formats(direction: string, read: string, write: string): string {
  const key = '{"key":["x-request-id"],"formats":{"read":[';
  return policy(direction, key + read + '],"write":[' + write + ']}}');
}

/** What is written into a call of a request that came with these headers. */
function call(request: string, own: string, read: string, write: string): string {
  hostReset();
  passed(formats('inbound', read, write), 'x-request-id: 1\n' + request);
  return passed(formats('outbound', read, write), 'x-request-id: 1\n' + own);
}

const ALL = '"b3","b3multi","w3c"';

/** What is removed from a request. */
function removed(headers: string, known: string = ALL): string {
  hostReset();
  return passed(formats('inbound', known, known), headers);
}

describe('trace-headers', () => {
  it('are said in each format that is written', () => {
    const request = 'b3: ' + B3 + '-1-' + PARENT;
    expect(call(request, '', ALL, '"b3"')).toBe('add 0 b3=' + B3 + '-1-' + PARENT);
    expect(call(request, '', ALL, '"w3c"')).toBe('add 0 traceparent=00-' + B3 + '-01');
    expect(call(request, '', ALL, '"b3multi"')).toBe(
      'add 0 x-b3-traceid=' +
        TRACE +
        '; add 0 x-b3-spanid=' +
        SPAN +
        '; add 0 x-b3-parentspanid=' +
        PARENT +
        '; add 0 x-b3-sampled=1',
    );
    expect(call(request, '', ALL, '')).toBe('');
    expect(call(request, '', '', '"b3"')).toBe('');
  });

  it('invent nothing: no decision, and no traceparent without one', () => {
    expect(call('b3: ' + B3, '', ALL, '"w3c"')).toBe('');
    expect(call('b3: ' + B3, '', ALL, '"b3"')).toBe('add 0 b3=' + B3);
    expect(call('b3: 1', '', ALL, ALL)).toBe('add 0 b3=1; add 0 x-b3-sampled=1');
    expect(call('b3: d', '', ALL, ALL)).toBe('add 0 b3=d; add 0 x-b3-flags=1');
    expect(call('', '', ALL, ALL)).toBe('');
  });

  it('that are there stay as they are, alone', () => {
    const own = 'b3: ' + TRACE + '-' + OWN + '-0';
    expect(call('b3: ' + B3 + '-1', own, ALL, '"b3","w3c"')).toBe(
      'add 0 traceparent=00-' + TRACE + '-' + OWN + '-00',
    );
    const flags = 'x-b3-flags: 0';
    expect(call('b3: ' + B3 + '-d', flags, ALL, '"b3multi"')).toBe(
      'add 0 x-b3-traceid=' + TRACE + '; add 0 x-b3-spanid=' + SPAN,
    );
  });

  it('of another span are not completed', () => {
    const own = 'x-b3-traceid: ' + TRACE + '\nx-b3-spanid: ' + OWN;
    expect(call('b3: ' + B3 + '-1-' + PARENT, own, ALL, '"b3multi"')).toBe('');
    const same = 'x-b3-traceid: ' + TRACE + '\nx-b3-spanid: ' + SPAN;
    expect(call('b3: ' + B3 + '-1-' + PARENT, same, ALL, '"b3multi"')).toBe(
      'add 0 x-b3-parentspanid=' + PARENT + '; add 0 x-b3-sampled=1',
    );
  });

  it('that are malformed are removed, each counted', () => {
    propagating(formats('inbound', ALL, ALL));
    const before = counted('inbound', 'malformed');
    expect(removed('b3: x')).toBe('remove 0 b3');
    expect(removed('traceparent: ')).toBe('remove 0 traceparent');
    expect(removed('tracestate: \ntracestate: ')).toBe('remove 0 tracestate');
    expect(removed('tracestate: a=1\ntracestate: ')).toBe('');
    expect(removed('x-ot-span-context: ')).toBe('remove 0 x-ot-span-context');
    expect(removed('x-b3-traceid: ' + TRACE)).toBe('remove 0 x-b3-traceid');
    expect(removed('x-b3-spanid: ' + SPAN)).toBe('remove 0 x-b3-spanid');
    expect(removed('x-b3-parentspanid: ' + PARENT)).toBe('remove 0 x-b3-parentspanid');
    expect(removed('x-b3-sampled: 2')).toBe('remove 0 x-b3-sampled');
    expect(removed('x-b3-flags: d')).toBe('remove 0 x-b3-flags');
    expect(removed('tracestate: a=1')).toBe('');
    expect(removed('b3: 1\nb3: 0')).toBe('remove 0 b3');
    expect(removed('b3: 1\nb3: 1')).toBe('');
    expect(counted('inbound', 'malformed')).toBe(before + 10);
  });

  it('take the tracestate of a malformed traceparent with them', () => {
    const both = 'remove 0 traceparent; remove 0 tracestate';
    expect(removed('traceparent: x\ntracestate: a=1')).toBe(both);
    expect(removed('traceparent: \ntracestate: a=1')).toBe(both);
    expect(removed('traceparent: x\ntracestate: a=1', '"b3"')).toBe('');
  });

  it('of a format that finds requests are known', () => {
    hostReset();
    const keyed = '{"key":["b3"],"formats":{"read":["w3c"],"write":["w3c"]}}';
    expect(passed(policy('inbound', keyed), 'b3: x\nx-b3-flags: ')).toBe(
      'remove 0 b3; remove 0 x-b3-flags',
    );
    hostReset();
    const w3c = '{"key":["traceparent"],"formats":{"read":["b3"],"write":["b3"]}}';
    expect(passed(policy('inbound', w3c), 'traceparent: x')).toBe('remove 0 traceparent');
  });

  it('of two traces are those of the single b3', () => {
    const other = 'x-b3-traceid: ' + SPAN + '\nx-b3-spanid: ' + SPAN;
    const more = '\nx-b3-parentspanid: ' + PARENT + '\nx-b3-sampled: 1';
    expect(removed('b3: ' + B3 + '\n' + other + more)).toBe(
      'remove 0 x-b3-traceid; remove 0 x-b3-spanid; remove 0 x-b3-parentspanid',
    );
    const same = 'x-b3-traceid: ' + TRACE + '\nx-b3-spanid: ' + OWN;
    expect(removed('b3: ' + B3 + '\n' + same)).toBe('');
    expect(removed('b3: ' + B3 + '\n' + other, '"b3multi"')).toBe('');
  });

  it('of formats that are not known are left alone', () => {
    const b3 = 'b3: x\nx-b3-traceid: x\nx-b3-flags: ';
    const w3c = 'traceparent: x\ntracestate: ';
    expect(removed(b3 + '\n' + w3c, '')).toBe('');
    expect(removed(b3 + '\n' + w3c, '"b3"')).toBe('remove 0 b3');
    expect(removed(b3 + '\n' + w3c, '"w3c"')).toBe('remove 0 traceparent; remove 0 tracestate');
    expect(removed(b3 + '\n' + w3c, '"b3multi"')).toBe(
      'remove 0 x-b3-traceid; remove 0 x-b3-flags',
    );
  });

  it('have a tracestate beside a traceparent of its trace only', () => {
    const request = 'traceparent: 00-' + B3 + '-01\ntracestate: a=1';
    expect(call(request, '', ALL, '"w3c"')).toBe(
      'add 0 traceparent=00-' + B3 + '-01; add 0 tracestate=a=1',
    );
    expect(call(request, '', ALL, '"b3"')).toBe('add 0 b3=' + B3 + '-1');
    const own = 'traceparent: 00-' + TRACE + '-' + OWN + '-01';
    expect(call(request, own, ALL, '"w3c"')).toBe('add 0 tracestate=a=1');
    expect(call(request, own.replace('80f', '81f'), ALL, '"w3c"')).toBe('');
  });
});

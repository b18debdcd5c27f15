import {
  parseSpanId,
  parseTraceId,
  putSpanId,
  putTraceId,
  Sampling,
  SPAN_ID_SIZE,
  sameIds,
  sameTrace,
  TRACE_CONTEXT_SIZE,
  TRACE_ID_SIZE_MAX,
  TraceContext,
} from '../../../filter/assembly/bytes/trace-context';
import { lay, read } from '../support';

/** With eight bytes behind it, which nothing may write. */
function newContext(): TraceContext {
  const context = changetype<TraceContext>(heap.alloc(TRACE_CONTEXT_SIZE + 8));
  context.clear();
  return context;
}

const context: TraceContext = newContext();
const other: TraceContext = newContext();
const out: usize = heap.alloc(TRACE_ID_SIZE_MAX + 1);

/** What is written again, or "refused". */
function traceId(text: string): string {
  const slice = lay(text);
  if (!parseTraceId(slice.ptr, slice.size, context)) return 'refused';
  store<u8>(out + text.length, 0x5a);
  const size = putTraceId(context, out);
  expect(load<u8>(out + text.length)).toBe(0x5a, text);
  return read(out, size);
}

function spanId(text: string): u64 {
  const slice = lay(text);
  return parseSpanId(slice.ptr, slice.size);
}

function shownSpan(id: u64): string {
  return read(out, putSpanId(id, out));
}

describe('trace-context', () => {
  it('says nothing once it is cleared', () => {
    const ptr = changetype<usize>(context);
    memory.fill(ptr, 0xaa, TRACE_CONTEXT_SIZE + 8);
    context.clear();
    expect(context.hasIds()).toBe(false);
    expect(context.traceHigh).toBe(0);
    expect(context.traceLow).toBe(0);
    expect(context.spanId).toBe(0);
    expect(context.parentId).toBe(0);
    expect(context.sampling).toBe(<u8>Sampling.Deferred);
    expect(context.flags).toBe(0);
    expect(context.wide).toBe(false);
    expect(load<u64>(ptr, TRACE_CONTEXT_SIZE)).toBe(0xaaaaaaaaaaaaaaaa);
    expect(TRACE_CONTEXT_SIZE >= <u32>offsetof<TraceContext>()).toBe(true);
  });

  it('becomes another one, all of it', () => {
    const from = changetype<usize>(other);
    const to = changetype<usize>(context);
    for (let i: u32 = 0; i < TRACE_CONTEXT_SIZE; i++) store<u8>(from + i, <u8>(i + 1));
    memory.fill(to, 0xaa, TRACE_CONTEXT_SIZE + 8);
    context.become(other);
    expect(memory.compare(to, from, TRACE_CONTEXT_SIZE)).toBe(0);
    expect(load<u64>(to, TRACE_CONTEXT_SIZE)).toBe(0xaaaaaaaaaaaaaaaa);
  });

  it('has ids where it has a span id', () => {
    context.clear();
    context.traceLow = 1;
    context.parentId = 1;
    expect(context.hasIds()).toBe(false);
    context.spanId = 0x8000000000000000;
    expect(context.hasIds()).toBe(true);
  });

  it('reads trace ids of 16 and of 32 digits, and writes as many', () => {
    expect(traceId('463ac35c9f6413ad')).toBe('463ac35c9f6413ad');
    expect(context.wide).toBe(false);
    expect(context.traceHigh).toBe(0);
    expect(context.traceLow).toBe(0x463ac35c9f6413ad);
    expect(traceId('463ac35c9f6413ad48485a3953bb6124')).toBe('463ac35c9f6413ad48485a3953bb6124');
    expect(context.wide).toBe(true);
    expect(context.traceHigh).toBe(0x463ac35c9f6413ad);
    expect(context.traceLow).toBe(0x48485a3953bb6124);
  });

  it('forgets the high half of the trace id before', () => {
    expect(traceId('463ac35c9f6413ad48485a3953bb6124')).toBe('463ac35c9f6413ad48485a3953bb6124');
    expect(traceId('48485a3953bb6124')).toBe('48485a3953bb6124');
    expect(context.traceHigh).toBe(0);
    expect(context.wide).toBe(false);
  });

  it('keeps zeros, in half an id too, and writes lower case', () => {
    expect(traceId('0000000000000001')).toBe('0000000000000001');
    expect(traceId('8000000000000000')).toBe('8000000000000000');
    expect(traceId('00000000000000000000000000000001')).toBe('00000000000000000000000000000001');
    expect(traceId('10000000000000000000000000000000')).toBe('10000000000000000000000000000000');
    expect(traceId('ABCDEF0123456789')).toBe('abcdef0123456789');
    expect(traceId('ffffffffffffffffFFFFFFFFFFFFFFFF')).toBe('ffffffffffffffffffffffffffffffff');
  });

  it('refuses a trace id of any other size, of zeros, or with what is no digit', () => {
    const wrong = [
      '',
      '1',
      '463ac35c9f6413a',
      '463ac35c9f6413ad4',
      '463ac35c9f6413ad48485a39',
      '463ac35c9f6413ad48485a3953bb612',
      '463ac35c9f6413ad48485a3953bb61244',
      '0000000000000000',
      '00000000000000000000000000000000',
      'g63ac35c9f6413ad',
      '463ac35c9f6413ag',
      '463ac35c9f6413ad48485a3953bb612g',
      '463ac35c9f6413ag48485a3953bb6124',
      '/63ac35c9f6413ad',
      ':63ac35c9f6413ad',
      '@63ac35c9f6413ad',
      '`63ac35c9f6413ad',
      ' 63ac35c9f6413ad',
      '463ac35c9f6413-d',
      '0x3ac35c9f6413ad',
    ];
    for (let i = 0; i < wrong.length; i++) {
      context.clear();
      context.traceLow = 7;
      context.wide = true;
      expect(traceId(wrong[i])).toBe('refused', wrong[i]);
      expect(context.traceLow).toBe(7, wrong[i]);
      expect(context.wide).toBe(true, wrong[i]);
    }
  });

  it('reads span ids of 16 digits', () => {
    expect(spanId('a2fb4a1d1a96d312')).toBe(0xa2fb4a1d1a96d312);
    expect(spanId('A2FB4A1D1A96D312')).toBe(0xa2fb4a1d1a96d312);
    expect(spanId('0000000000000001')).toBe(1);
    expect(spanId('ffffffffffffffff')).toBe(u64.MAX_VALUE);
  });

  it('takes what is no span id for none', () => {
    const wrong = [
      '',
      'a2fb4a1d1a96d31',
      'a2fb4a1d1a96d3122',
      'a2fb4a1d1a96d312a2fb4a1d1a96d312',
      '0000000000000000',
      'a2fb4a1d1a96d31g',
      'ga2fb4a1d1a96d31',
      'a2fb4a1d 1a96d31',
    ];
    for (let i = 0; i < wrong.length; i++) expect(spanId(wrong[i])).toBe(0, wrong[i]);
  });

  it('writes span ids of 16 digits, no more', () => {
    store<u8>(out, 0x5a, SPAN_ID_SIZE);
    expect(shownSpan(0xa2fb4a1d1a96d312)).toBe('a2fb4a1d1a96d312');
    expect(shownSpan(0)).toBe('0000000000000000');
    expect(shownSpan(0x0020000000000001)).toBe('0020000000000001');
    expect(shownSpan(u64.MAX_VALUE)).toBe('ffffffffffffffff');
    expect(load<u8>(out, SPAN_ID_SIZE)).toBe(0x5a);
  });

  it('knows one trace by both spellings', () => {
    context.clear();
    other.clear();
    const short = lay('48485a3953bb6124');
    const long = lay('000000000000000048485a3953bb6124');
    expect(parseTraceId(short.ptr, short.size, context)).toBe(true);
    expect(parseTraceId(long.ptr, long.size, other)).toBe(true);
    expect(sameTrace(context, other)).toBe(true);
    expect(sameIds(context, other)).toBe(true);
    other.traceHigh = 1;
    expect(sameTrace(context, other)).toBe(false);
    other.traceHigh = 0;
    other.traceLow++;
    expect(sameTrace(context, other)).toBe(false);
    expect(sameIds(context, other)).toBe(false);
  });

  it('compares spans, whatever their parents and the decision', () => {
    context.clear();
    context.traceLow = 1;
    context.spanId = 2;
    other.clear();
    other.traceLow = 1;
    other.spanId = 2;
    other.parentId = 3;
    other.sampling = <u8>Sampling.Debug;
    other.wide = true;
    expect(sameIds(context, other)).toBe(true);
    other.spanId = 3;
    expect(sameIds(context, other)).toBe(false);
    expect(sameTrace(context, other)).toBe(true);
  });
});

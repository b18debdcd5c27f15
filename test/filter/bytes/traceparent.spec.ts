import { parseB3, putB3 } from '../../../filter/assembly/bytes/b3';
import {
  Sampling,
  sameIds,
  TRACE_CONTEXT_SIZE,
  TraceContext,
} from '../../../filter/assembly/bytes/trace-context';
import {
  parseTraceparent,
  putTraceparent,
  TRACEPARENT_SIZE,
} from '../../../filter/assembly/bytes/traceparent';
import { lay, read } from '../support';

// The ids of the tests of the specification.
const TRACE = '12345678901234567890123456789012';
const SPAN = '1234567890123456';
const IDS = '-' + TRACE + '-' + SPAN + '-';

const context: TraceContext = changetype<TraceContext>(heap.alloc(TRACE_CONTEXT_SIZE));
const other: TraceContext = changetype<TraceContext>(heap.alloc(TRACE_CONTEXT_SIZE));
const out: usize = heap.alloc(128);

function written(): string {
  memory.fill(out, 0x5a, 128);
  const size = putTraceparent(context, out);
  expect(load<u8>(out + size)).toBe(0x5a);
  return read(out, size);
}

/** What is written again, or "refused"; then nothing is said. */
function traceparent(text: string): string {
  const slice = lay(text);
  memory.fill(changetype<usize>(context), 0xaa, TRACE_CONTEXT_SIZE);
  if (parseTraceparent(slice.ptr, slice.size, context)) return written();
  expect(context.hasIds()).toBe(false, text);
  expect(context.traceHigh | context.traceLow | context.parentId).toBe(0, text);
  expect(context.sampling).toBe(<u8>Sampling.Deferred, text);
  expect(context.flags).toBe(0, text);
  return 'refused';
}

function fromB3(text: string): void {
  const slice = lay(text);
  assert(parseB3(slice.ptr, slice.size, context), text);
}

describe('traceparent', () => {
  it('reads ids and the decision', () => {
    const text = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(traceparent(text)).toBe(text);
    expect(<u32>text.length).toBe(TRACEPARENT_SIZE);
    expect(context.traceHigh).toBe(0x0af7651916cd43dd);
    expect(context.traceLow).toBe(0x8448eb211c80319c);
    expect(context.wide).toBe(true);
    expect(context.spanId).toBe(0xb7ad6b7169203331);
    expect(context.parentId).toBe(0);
    expect(context.sampling).toBe(<u8>Sampling.Accept);
    expect(context.flags).toBe(1);
  });

  it('keeps the flags of version 00, and decides by the first', () => {
    const texts = ['00', '01', '02', '03', '08', '09', '80', 'fe', 'ff', 'a0'];
    for (let i = 0; i < texts.length; i++) {
      expect(traceparent('00' + IDS + texts[i])).toBe('00' + IDS + texts[i]);
      const flags = U8.parseInt(texts[i], 16);
      expect(context.flags).toBe(flags, texts[i]);
      const wanted = (flags & 1) != 0 ? Sampling.Accept : Sampling.Deny;
      expect(context.sampling).toBe(<u8>wanted, texts[i]);
    }
  });

  it('keeps of the flags of a higher version the sampled one', () => {
    expect(traceparent('01' + IDS + '00')).toBe('00' + IDS + '00');
    expect(traceparent('01' + IDS + '01')).toBe('00' + IDS + '01');
    expect(traceparent('02' + IDS + 'ff')).toBe('00' + IDS + '01');
    expect(context.flags).toBe(0);
    expect(context.sampling).toBe(<u8>Sampling.Accept);
    expect(traceparent('cc' + IDS + 'fe')).toBe('00' + IDS + '00');
    expect(context.sampling).toBe(<u8>Sampling.Deny);
    expect(traceparent('fe' + IDS + '01')).toBe('00' + IDS + '01');
    expect(traceparent('10' + IDS + '02')).toBe('00' + IDS + '00');
  });

  it('reads a higher version as far as it is known', () => {
    expect(traceparent('cc' + IDS + '01-what-the-future-will-be-like')).toBe('00' + IDS + '01');
    expect(traceparent('01' + IDS + '01-')).toBe('00' + IDS + '01');
    expect(traceparent('01' + IDS + '00-WHAT')).toBe('00' + IDS + '00');
    expect(traceparent('cc' + IDS + '01.what-the-future-will-be-like')).toBe('refused');
    expect(traceparent('cc' + IDS + '010')).toBe('refused');
    expect(traceparent('cc' + IDS + '01 ')).toBe('refused');
  });

  it('refuses what goes on behind version 00, and version ff', () => {
    expect(traceparent('00' + IDS + '01-')).toBe('refused');
    expect(traceparent('00' + IDS + '01-what-the-future-will-be-like')).toBe('refused');
    expect(traceparent('00' + IDS + '01.')).toBe('refused');
    expect(traceparent('00' + IDS + '010')).toBe('refused');
    expect(traceparent('ff' + IDS + '01')).toBe('refused');
    expect(traceparent('ff' + IDS + '01-')).toBe('refused');
  });

  it('refuses ids of zeros, and keeps those of almost zeros', () => {
    const zero = '0000000000000000';
    expect(traceparent('00-' + zero + zero + '-' + SPAN + '-01')).toBe('refused');
    expect(traceparent('00-' + TRACE + '-' + zero + '-01')).toBe('refused');
    expect(traceparent('01-' + TRACE + '-' + zero + '-01')).toBe('refused');
    const low = '00-' + zero + '0000000000000001-0000000000000001-01';
    expect(traceparent(low)).toBe(low);
    const high = '00-1000000000000000' + zero + '-1000000000000000-00';
    expect(traceparent(high)).toBe(high);
  });

  it('refuses upper case and what is no digit, wherever it stands', () => {
    const good = '00-abcdefabcdefabcdefabcdefabcdefab-abcdefabcdefabcd-0a';
    expect(traceparent(good)).toBe(good);
    const puts = ['A', 'F', 'g', 'Z', '-', '.', ' ', '/', ':', '@', '`'];
    for (let at = 0; at < good.length; at++) {
      for (let i = 0; i < puts.length; i++) {
        if (good.charAt(at) == puts[i]) continue;
        const text = good.substr(0, at) + puts[i] + good.substr(at + 1);
        expect(traceparent(text)).toBe('refused', text);
      }
      if (good.charAt(at) == '-') {
        const text = good.substr(0, at) + '0' + good.substr(at + 1);
        expect(traceparent(text)).toBe('refused', text);
      }
    }
  });

  it('refuses what is too short or too long in any part', () => {
    const wrong = [
      '',
      '-',
      '00',
      '00-',
      '00-' + TRACE,
      '00-' + TRACE + '-' + SPAN,
      '00' + IDS,
      '00' + IDS + '1',
      '01' + IDS + '1',
      '0' + IDS + '01',
      '000' + IDS + '01',
      '00-' + TRACE.substr(1) + '-' + SPAN + '-01',
      '00-' + TRACE + '0-' + SPAN + '-01',
      '00-' + TRACE + '-' + SPAN.substr(1) + '-01',
      '00-' + TRACE + '-' + SPAN + '0-01',
      '01-' + TRACE + '-' + SPAN.substr(1) + '-01-',
      ' 00' + IDS + '01',
      '00' + IDS + '01 ',
    ];
    for (let i = 0; i < wrong.length; i++) expect(traceparent(wrong[i])).toBe('refused', wrong[i]);
  });

  it('writes a context of b3, a trace id of 16 digits with zeros on its left', () => {
    fromB3('64fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90');
    const wanted = '00-000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1-0';
    expect(written()).toBe(wanted + '1');
    fromB3('64fe8b2a57d3eff7-e457b5a2e4d86bd1-0');
    expect(written()).toBe(wanted + '0');
    fromB3('64fe8b2a57d3eff7-e457b5a2e4d86bd1-d');
    expect(written()).toBe(wanted + '1');
    const text = lay(wanted + '1');
    expect(parseTraceparent(text.ptr, text.size, other)).toBe(true);
    expect(sameIds(context, other)).toBe(true);
  });

  it('is written as b3 with all its digits', () => {
    traceparent('00-000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1-03');
    expect(read(out, putB3(context, out))).toBe(
      '000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1-1',
    );
  });

  it('is not written where ids or the decision would be invented', () => {
    fromB3('64fe8b2a57d3eff7-e457b5a2e4d86bd1');
    expect(written()).toBe('');
    fromB3('1');
    expect(written()).toBe('');
    context.clear();
    expect(written()).toBe('');
  });

  it('follows a decision that has changed, and keeps the other flags', () => {
    traceparent('00' + IDS + '03');
    context.sampling = <u8>Sampling.Deny;
    expect(written()).toBe('00' + IDS + '02');
    context.sampling = <u8>Sampling.Debug;
    expect(written()).toBe('00' + IDS + '03');
  });
});

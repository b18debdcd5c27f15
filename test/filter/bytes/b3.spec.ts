import {
  B3_SIZE_MAX,
  flagsValue,
  parseB3,
  parseFlags,
  parseSampled,
  putB3,
  sampledValue,
} from '../../../filter/assembly/bytes/b3';
import {
  Sampling,
  TRACE_CONTEXT_SIZE,
  TraceContext,
} from '../../../filter/assembly/bytes/trace-context';
import { lay, read } from '../support';

const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SHORT = '64fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const PARENT = '05e3ac9a4f6e3b90';

const context: TraceContext = changetype<TraceContext>(heap.alloc(TRACE_CONTEXT_SIZE));
const out: usize = heap.alloc(B3_SIZE_MAX + 1);

function written(): string {
  store<u8>(out, 0x5a, B3_SIZE_MAX);
  const size = putB3(context, out);
  expect(load<u8>(out, B3_SIZE_MAX)).toBe(0x5a);
  return read(out, size);
}

/** What is written again, or "refused"; then nothing is said. */
function b3(text: string): string {
  const slice = lay(text);
  memory.fill(changetype<usize>(context), 0xaa, TRACE_CONTEXT_SIZE);
  if (parseB3(slice.ptr, slice.size, context)) return written();
  expect(written()).toBe('', text);
  expect(context.traceHigh | context.traceLow | context.parentId).toBe(0, text);
  expect(context.wide).toBe(false, text);
  return 'refused';
}

function sampled(text: string): i32 {
  const slice = lay(text);
  return parseSampled(slice.ptr, slice.size);
}

function flags(text: string): i32 {
  const slice = lay(text);
  return parseFlags(slice.ptr, slice.size);
}

describe('b3', () => {
  it('reads ids, decision and parent', () => {
    expect(b3(TRACE + '-' + SPAN + '-1-' + PARENT)).toBe(TRACE + '-' + SPAN + '-1-' + PARENT);
    expect(context.traceHigh).toBe(0x80f198ee56343ba8);
    expect(context.traceLow).toBe(0x64fe8b2a57d3eff7);
    expect(context.wide).toBe(true);
    expect(context.spanId).toBe(0xe457b5a2e4d86bd1);
    expect(context.parentId).toBe(0x05e3ac9a4f6e3b90);
    expect(context.sampling).toBe(<u8>Sampling.Accept);
    expect(context.flags).toBe(0);
  });

  it('leaves what is not said unsaid', () => {
    expect(b3(SHORT + '-' + SPAN)).toBe(SHORT + '-' + SPAN);
    expect(context.traceHigh).toBe(0);
    expect(context.wide).toBe(false);
    expect(context.parentId).toBe(0);
    expect(context.sampling).toBe(<u8>Sampling.Deferred);
    expect(b3('d')).toBe('d');
    expect(context.hasIds()).toBe(false);
    expect(context.traceLow).toBe(0);
  });

  it('keeps every form that the format has', () => {
    const ids = [TRACE + '-' + SPAN, SHORT + '-' + SPAN];
    const tails = ['', '-0', '-1', '-d', '-0-' + PARENT, '-1-' + PARENT, '-d-' + PARENT];
    for (let i = 0; i < ids.length; i++) {
      for (let j = 0; j < tails.length; j++) {
        expect(b3(ids[i] + tails[j])).toBe(ids[i] + tails[j]);
      }
    }
    expect(<u32>(ids[0] + tails[6]).length).toBe(B3_SIZE_MAX);
    expect(b3('0')).toBe('0');
    expect(b3('1')).toBe('1');
    expect(b3('d')).toBe('d');
  });

  it('knows the decisions', () => {
    b3('0');
    expect(context.sampling).toBe(<u8>Sampling.Deny);
    b3('1');
    expect(context.sampling).toBe(<u8>Sampling.Accept);
    b3('d');
    expect(context.sampling).toBe(<u8>Sampling.Debug);
    b3(SHORT + '-' + SPAN + '-0');
    expect(context.sampling).toBe(<u8>Sampling.Deny);
    b3(SHORT + '-' + SPAN + '-d-' + PARENT);
    expect(context.sampling).toBe(<u8>Sampling.Debug);
  });

  it('writes ids of upper case in lower case', () => {
    expect(b3(TRACE.toUpperCase() + '-' + SPAN.toUpperCase() + '-d-' + PARENT.toUpperCase())).toBe(
      TRACE + '-' + SPAN + '-d-' + PARENT,
    );
  });

  it('refuses everything else', () => {
    const zero = '0000000000000000';
    const wrong = [
      '',
      '-',
      '2',
      '/',
      'c',
      'e',
      'D',
      '00',
      '01',
      '10',
      '1-',
      '-1',
      'd-',
      '1-' + PARENT,
      TRACE,
      SHORT,
      TRACE + '-',
      SHORT + '-',
      TRACE + '-1',
      TRACE + SPAN,
      SHORT + SPAN,
      '-' + SPAN,
      '-' + SPAN + '-1',
      TRACE + '--1',
      TRACE + '-' + SPAN + '-',
      TRACE + '-' + SPAN + '--',
      TRACE + '-' + SPAN + '--' + PARENT,
      TRACE + '-' + SPAN + '-2',
      TRACE + '-' + SPAN + '-D',
      TRACE + '-' + SPAN + '-01',
      TRACE + '-' + SPAN + '-1-',
      TRACE + '-' + SPAN + '-11' + PARENT,
      TRACE + '-' + SPAN + '1',
      TRACE + '-' + SPAN + '11',
      TRACE + '-' + SPAN + '-' + PARENT,
      TRACE + '-' + SPAN + '-1-' + PARENT + '-',
      TRACE + '-' + SPAN + '-1-' + PARENT + '-1',
      TRACE + '-' + SPAN + '-1-' + PARENT.substr(1),
      TRACE + '-' + SPAN + '-1-' + PARENT + '0',
      TRACE + '-' + SPAN + '-1-' + zero,
      TRACE + '-' + SPAN.substr(1),
      TRACE + '-' + SPAN.substr(1) + '-1',
      TRACE + '-' + SPAN + '0',
      TRACE + '-' + SPAN + '0-1',
      TRACE + '-' + SPAN + SPAN,
      TRACE + '-' + zero,
      TRACE + '-' + zero + '-1',
      TRACE + '_' + SPAN + '-1',
      zero + zero + '-' + SPAN,
      zero + '-' + SPAN + '-1',
      TRACE.substr(1) + '-' + SPAN,
      '0' + TRACE + '-' + SPAN,
      SHORT.substr(1) + '-' + SPAN,
      '0' + SHORT + '-' + SPAN,
      TRACE.substr(0, 24) + '-' + SPAN,
      'g' + SHORT.substr(1) + '-' + SPAN,
      SHORT + '-g' + SPAN.substr(1),
      SHORT + '-' + SPAN + '-1-g' + PARENT.substr(1),
      ' ' + SHORT + '-' + SPAN,
      SHORT + '-' + SPAN + ' ',
      SHORT + '-' + SPAN + '-1 ',
      '0' + ' ',
    ];
    for (let i = 0; i < wrong.length; i++) expect(b3(wrong[i])).toBe('refused', wrong[i]);
  });

  it('leaves out a parent where nothing is decided', () => {
    b3(SHORT + '-' + SPAN + '-1-' + PARENT);
    context.sampling = <u8>Sampling.Deferred;
    expect(written()).toBe(SHORT + '-' + SPAN);
    context.sampling = <u8>Sampling.Deny;
    expect(written()).toBe(SHORT + '-' + SPAN + '-0-' + PARENT);
  });

  it('writes a decision alone without ids, and nothing where nothing is said', () => {
    context.clear();
    expect(written()).toBe('');
    context.sampling = <u8>Sampling.Deny;
    expect(written()).toBe('0');
    context.parentId = 1;
    context.traceLow = 1;
    expect(written()).toBe('0');
    context.sampling = <u8>Sampling.Deferred;
    expect(written()).toBe('');
  });

  it('reads x-b3-sampled, as old tracers write it too', () => {
    expect(sampled('1')).toBe(1);
    expect(sampled('0')).toBe(0);
    expect(sampled('true')).toBe(1);
    expect(sampled('false')).toBe(0);
    expect(sampled('TRUE')).toBe(1);
    expect(sampled('False')).toBe(0);
    expect(sampled('fALSE')).toBe(0);
    const wrong = [
      '',
      '2',
      '/',
      'd',
      't',
      'f',
      '01',
      '1 ',
      'yes',
      'true ',
      'fals',
      'falsf',
      'falss',
    ];
    for (let i = 0; i < wrong.length; i++) expect(sampled(wrong[i])).toBe(-1, wrong[i]);
    const more = ['trve', '4rue', 'tru%', 'xalse', 'truee', 'falsee', '1111', '00000', 'true1'];
    for (let i = 0; i < more.length; i++) expect(sampled(more[i])).toBe(-1, more[i]);
  });

  it('reads x-b3-flags', () => {
    expect(flags('1')).toBe(1);
    expect(flags('0')).toBe(0);
    const wrong = ['', '2', '/', 'd', '01', '10', '1 ', 'true', '-1'];
    for (let i = 0; i < wrong.length; i++) expect(flags(wrong[i])).toBe(-1, wrong[i]);
  });

  it('sends a decision in x-b3-sampled, debug in x-b3-flags alone', () => {
    const decisions: Sampling[] = [
      Sampling.Deferred,
      Sampling.Deny,
      Sampling.Accept,
      Sampling.Debug,
    ];
    const wantedSampled: u32[] = [0, 0x30, 0x31, 0];
    const wantedFlags: u32[] = [0, 0, 0, 0x31];
    for (let i = 0; i < decisions.length; i++) {
      context.sampling = <u8>decisions[i];
      expect(sampledValue(context)).toBe(wantedSampled[i]);
      expect(flagsValue(context)).toBe(wantedFlags[i]);
    }
  });
});

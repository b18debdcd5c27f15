import { TraceContext } from '../../../../filter/assembly/bytes/trace-context';
import { KEY_SIZE_MAX } from '../../../../filter/assembly/features/propagation/entry';
import {
  putRequestKey,
  putTraceKey,
  TRACE_KEY_SIZE,
} from '../../../../filter/assembly/features/propagation/request-key';
import { lay, read, readHex } from '../../support';

const out: usize = heap.alloc(KEY_SIZE_MAX + 8);
const context: TraceContext = changetype<TraceContext>(heap.alloc(48));
const UUID = '5e0a3c2e-7b1d-4f7a-9c58-0123456789ab';

/** The key of a request id, which nothing is written behind. */
function key(id: string): string {
  const slice = lay(id);
  memory.fill(out, 0x5a, KEY_SIZE_MAX + 8);
  const size = putRequestKey(slice.ptr, slice.size, out);
  expect(load<u8>(out + size)).toBe(0x5a, id);
  return read(out, size);
}

describe('request-key', () => {
  it('is the id behind an r', () => {
    expect(key('abc')).toBe('rabc');
    expect(key('r')).toBe('rr');
  });

  it('masks the fifteenth character of what is as long as a UUID, and nothing else', () => {
    expect(key(UUID)).toBe('r5e0a3c2e-7b1d-0f7a-9c58-0123456789ab');
    expect(key(UUID.replace('4f7a', '9f7a'))).toBe(key(UUID));
    expect(key(UUID.replace('4f7a', '4e7a')) == key(UUID)).toBe(false);
    expect(key('x'.repeat(36))).toBe('r' + 'x'.repeat(14) + '0' + 'x'.repeat(21));
    expect(key('x'.repeat(35))).toBe('r' + 'x'.repeat(35));
    expect(key('x'.repeat(37))).toBe('r' + 'x'.repeat(37));
  });

  it('is none for an id that is empty or too long', () => {
    expect(key('')).toBe('');
    expect(key('x'.repeat(KEY_SIZE_MAX - 1)).length).toBe(KEY_SIZE_MAX);
    expect(key('x'.repeat(KEY_SIZE_MAX))).toBe('');
  });

  it('is the trace id behind a t, whatever its span, and none without ids', () => {
    context.clear();
    expect(putTraceKey(context, out)).toBe(0);
    context.traceHigh = 0x0102030405060708;
    context.traceLow = 0x1112131415161718;
    expect(putTraceKey(context, out)).toBe(0);
    context.spanId = 9;
    expect(putTraceKey(context, out)).toBe(TRACE_KEY_SIZE);
    expect(readHex(out, TRACE_KEY_SIZE)).toBe('7408070605040302011817161514131211');
    context.spanId = 10;
    context.parentId = 11;
    context.wide = true;
    putTraceKey(context, out);
    expect(readHex(out, TRACE_KEY_SIZE)).toBe('7408070605040302011817161514131211');
  });
});

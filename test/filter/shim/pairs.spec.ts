import {
  PAIR_CURSOR_SIZE,
  PAIR_WRITER_SIZE,
  PairCursor,
  PairWriter,
  pairListSize,
  shapeBit,
} from '../../../filter/assembly/shim/pairs';
import { lay, layHex, read, readHex } from '../support';

/** Of names of any shape. */
const ALL_SHAPES: u64 = u64.MAX_VALUE;
const cursor: PairCursor = changetype<PairCursor>(heap.alloc(PAIR_CURSOR_SIZE));
const writer: PairWriter = changetype<PairWriter>(heap.alloc(PAIR_WRITER_SIZE));

/** `name=value|…`, with `!` in front where the list was not opened. */
function walked(ptr: usize, size: u32): string {
  let shown = cursor.open(ptr, size) ? '' : '!';
  let count = 0;
  while (cursor.next(ALL_SHAPES)) {
    if (count++ > 0) shown += '|';
    shown += read(cursor.namePtr, cursor.nameSize) + '=' + read(cursor.valuePtr, cursor.valueSize);
  }
  return shown;
}

function list(hex: string): string {
  const slice = layHex(hex);
  return walked(slice.ptr, slice.size);
}

// Two pairs, field by field: the list of abi/wire.ts.
const COUNT = '02 00 00 00';
const SIZES = '03 00 00 00 01 00 00 00  02 00 00 00 00 00 00 00';
const TEXT = '78 2d 61 00 31 00  79 62 00 00';
const WHOLE = COUNT + SIZES + TEXT;

describe('pairs', () => {
  it('walks a list in its order', () => {
    expect(list(WHOLE)).toBe('x-a=1|yb=');
  });

  it('walks an empty list, and no bytes at all', () => {
    expect(list('00 00 00 00')).toBe('');
    expect(list('')).toBe('');
    expect(walked(0, 0)).toBe('');
  });

  it('stands at the end for good', () => {
    list(WHOLE);
    expect(cursor.next(ALL_SHAPES)).toBe(false);
    expect(cursor.next(ALL_SHAPES)).toBe(false);
  });

  it('takes bytes of any value, NUL among them', () => {
    const slice = layHex('01 00 00 00  02 00 00 00 03 00 00 00  00 ff 00  c3 00 80 00');
    expect(cursor.open(slice.ptr, slice.size)).toBe(true);
    expect(cursor.next(ALL_SHAPES)).toBe(true);
    expect(readHex(cursor.namePtr, cursor.nameSize)).toBe('00ff');
    expect(readHex(cursor.valuePtr, cursor.valueSize)).toBe('c30080');
  });

  it('does not open a list without room for its table of sizes', () => {
    expect(list('00')).toBe('!');
    expect(list('02 00 00')).toBe('!');
    expect(list('01 00 00 00')).toBe('!');
    expect(list('01 00 00 00  00 00 00 00 00 00 00')).toBe('!');
    expect(list('ff ff ff ff' + SIZES + TEXT)).toBe('!');
    expect(list('00 00 00 20' + SIZES + TEXT)).toBe('!');
    expect(list('04 00 00 00' + SIZES + TEXT)).toBe('!');
  });

  it('forgets the list before when it does not open the next one', () => {
    const slice = layHex(WHOLE);
    cursor.open(slice.ptr, slice.size);
    expect(cursor.open(slice.ptr, 3)).toBe(false);
    expect(cursor.next(ALL_SHAPES)).toBe(false);
    cursor.open(slice.ptr, slice.size);
    expect(cursor.open(slice.ptr, 0)).toBe(true);
    expect(cursor.next(ALL_SHAPES)).toBe(false);
  });

  it('ends the walk at a size that does not fit', () => {
    const lead = '02 00 00 00 03 00 00 00 01 00 00 00';
    expect(list(lead + '03 00 00 00 00 00 00 00' + TEXT)).toBe('x-a=1');
    expect(list(lead + '02 00 00 00 01 00 00 00' + TEXT)).toBe('x-a=1');
    expect(list(lead + 'ff ff ff ff 01 00 00 00' + TEXT)).toBe('x-a=1');
    expect(list(lead + 'ff ff ff ff ff ff ff ff' + TEXT)).toBe('x-a=1');
    expect(list(lead + '01 00 00 00 ff ff ff ff' + TEXT)).toBe('x-a=1');
    expect(list(lead + '02 00 00 00 fe ff ff ff' + TEXT)).toBe('x-a=1');
    expect(list('02 00 00 00 ff 00 00 00 01 00 00 00 02 00 00 00 00 00 00 00' + TEXT)).toBe('');
  });

  it('reads no byte behind the end, wherever the list is cut', () => {
    const whole = layHex(WHOLE);
    for (let size: u32 = 0; size < whole.size; size++) {
      const copy = heap.alloc(size);
      memory.copy(copy, whole.ptr, size);
      cursor.open(copy, size);
      while (cursor.next(ALL_SHAPES)) {
        expect(cursor.valuePtr + cursor.valueSize < copy + size).toBe(true);
        expect(cursor.namePtr + cursor.nameSize < cursor.valuePtr).toBe(true);
      }
    }
    expect(walked(whole.ptr, whole.size - 1)).toBe('x-a=1');
    expect(walked(whole.ptr, whole.size - 5)).toBe('');
  });

  it('passes over names of other shapes', () => {
    const whole = layHex(COUNT + SIZES + '78 2d 61 00 31 00  79 64 00 00');
    const names = ['x-a', 'yd', 'yc', 'd'];
    const shown = ['x-a', 'yd', '', ''];
    for (let i = 0; i < names.length; i++) {
      const name = lay(names[i]);
      cursor.open(whole.ptr, whole.size);
      const found = cursor.next(shapeBit(name.ptr, name.size));
      expect(found ? read(cursor.namePtr, cursor.nameSize) : '').toBe(shown[i], names[i]);
      if (found) expect(cursor.next(shapeBit(name.ptr, name.size))).toBe(false);
      expect(cursor.ended()).toBe(true);
    }
    cursor.open(whole.ptr, whole.size);
    expect(cursor.next(0)).toBe(false);
    expect(cursor.ended()).toBe(true);
    cursor.open(whole.ptr, whole.size - 1);
    expect(cursor.next(0)).toBe(false);
    expect(cursor.ended()).toBe(false);
  });

  it('tells shapes by size and last byte, modulo 64', () => {
    const short = lay('a');
    const long = lay('-'.repeat(64) + 'a');
    expect(shapeBit(short.ptr, short.size)).toBe((<u64>1) << ((1 + 0x61) & 63));
    expect(shapeBit(long.ptr, long.size)).toBe(shapeBit(short.ptr, short.size));
    const high = layHex('ff');
    expect(shapeBit(high.ptr, high.size)).toBe(1);
  });

  it('takes a list with bytes behind its last pair', () => {
    expect(list(WHOLE + 'ff ff ff')).toBe('x-a=1|yb=');
  });

  it('writes what the cursor reads, byte for byte', () => {
    const size = pairListSize(2, 6);
    const ptr = heap.alloc(size + 1);
    memory.fill(ptr, 0xaa, size + 1);
    writer.begin(ptr, 2);
    const name = lay('x-a');
    const value = lay('1');
    const other = lay('yb');
    writer.add(name.ptr, name.size, value.ptr, value.size);
    writer.add(other.ptr, other.size, 0, 0);
    const expected = layHex(WHOLE);
    expect(size).toBe(expected.size);
    expect(readHex(ptr, size + 1)).toBe(readHex(expected.ptr, expected.size) + 'aa');
  });

  it('writes an empty list', () => {
    expect(pairListSize(0, 0)).toBe(4);
    const ptr = heap.alloc(4);
    writer.begin(ptr, 0);
    expect(readHex(ptr, 4)).toBe('00000000');
  });
});

import {
  EXCERPT_SIZE_MAX,
  putAscii,
  putByte,
  putBytes,
  putNumber,
  putQuoted,
  TEXT_SIZE_MAX,
  textCut,
  textPtr,
  textReset,
  textSize,
} from '../../../filter/assembly/bytes/text';
import { lay, layHex, layMany, read } from '../support';

function shown(): string {
  return read(textPtr(), textSize());
}

function quoted(hex: string): string {
  textReset();
  const slice = layHex(hex);
  putQuoted(slice.ptr, slice.size);
  return shown();
}

function numbered(value: u32): string {
  textReset();
  putNumber(value);
  return shown();
}

function filled(size: u32): void {
  textReset();
  const slice = layMany(0x61, size);
  putBytes(slice.ptr, slice.size);
}

describe('text', () => {
  it('puts bytes, literals and numbers behind one another', () => {
    textReset();
    expect(textSize()).toBe(0);
    putAscii('at ');
    putNumber(20);
    putByte(0x3a);
    const slice = lay(' é');
    putBytes(slice.ptr, slice.size);
    expect(shown()).toBe('at 20: é');
    expect(textCut()).toBe(false);
  });

  it('starts anew after a reset', () => {
    filled(TEXT_SIZE_MAX + 1);
    expect(textCut()).toBe(true);
    textReset();
    expect(textCut()).toBe(false);
    putAscii('b');
    expect(shown()).toBe('b');
  });

  it('writes numbers without leading zeros', () => {
    expect(numbered(0)).toBe('0');
    expect(numbered(9)).toBe('9');
    expect(numbered(10)).toBe('10');
    expect(numbered(1000)).toBe('1000');
    expect(numbered(4294967295)).toBe('4294967295');
  });

  it('holds a line of TEXT_SIZE_MAX bytes uncut', () => {
    filled(TEXT_SIZE_MAX);
    expect(textCut()).toBe(false);
    expect(textSize()).toBe(TEXT_SIZE_MAX);
    expect(shown().endsWith('aaa')).toBe(true);
  });

  it('cuts a line of one byte more and ends it in "..."', () => {
    filled(TEXT_SIZE_MAX + 1);
    expect(textCut()).toBe(true);
    expect(textSize()).toBe(TEXT_SIZE_MAX);
    expect(shown().endsWith('aa...')).toBe(true);
    putAscii('more');
    expect(textSize()).toBe(TEXT_SIZE_MAX);
    expect(shown().endsWith('aa...')).toBe(true);
  });

  it('escapes quotes, backslashes, and what is not printable ASCII', () => {
    expect(quoted('61 22 5c 62')).toBe('"a\\"\\\\b"');
    expect(quoted('00 0a 1f 20 7e 7f 80 ff')).toBe('"\\x00\\x0a\\x1f ~\\x7f\\x80\\xff"');
    expect(quoted('')).toBe('""');
  });

  it('shows EXCERPT_SIZE_MAX bytes of a quote, and says that there were more', () => {
    const whole = layMany(0x61, EXCERPT_SIZE_MAX);
    textReset();
    putQuoted(whole.ptr, whole.size);
    expect(textSize()).toBe(EXCERPT_SIZE_MAX + 2);
    const longer = layMany(0x61, EXCERPT_SIZE_MAX + 1);
    textReset();
    putQuoted(longer.ptr, longer.size);
    expect(shown().endsWith('a..."')).toBe(true);
    expect(textSize()).toBe(EXCERPT_SIZE_MAX + 5);
  });
});

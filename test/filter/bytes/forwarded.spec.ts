import { countEntries, entryAt } from '../../../filter/assembly/bytes/forwarded';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { lay, layMany, read } from '../support';

const out: Slice = changetype<Slice>(memory.data(8, 8));

/** All entries of a value, in angles: `<a><b>`. */
function entries(value: string): string {
  const slice = lay(value);
  const count = countEntries(slice.ptr, slice.size);
  let shown = '';
  for (let i: u32 = 0; i < count; i++) {
    entryAt(slice.ptr, slice.size, i, out);
    shown += '<' + read(out.ptr, out.size) + '>';
  }
  return shown;
}

describe('forwarded', () => {
  it('splits a value at its commas', () => {
    expect(entries('1.2.3.4')).toBe('<1.2.3.4>');
    expect(entries('1.2.3.4,::1')).toBe('<1.2.3.4><::1>');
    expect(entries('a,b,c')).toBe('<a><b><c>');
  });

  it('trims blanks and tabs, and nothing else', () => {
    expect(entries(' a ,\t b\t,  c')).toBe('<a><b><c>');
    expect(entries('a b')).toBe('<a b>');
    expect(entries('"a"')).toBe('<"a">');
    expect(entries('a\r')).toBe('<a\r>');
  });

  it('counts elements that are empty, but none of an empty value', () => {
    expect(entries('')).toBe('');
    expect(entries(',')).toBe('<><>');
    expect(entries('a,,b')).toBe('<a><><b>');
    expect(entries(',a, ')).toBe('<><a><>');
    expect(entries(' ')).toBe('<>');
  });

  it('walks a value of commas alone', () => {
    const commas = layMany(0x2c, 1 << 16);
    expect(countEntries(commas.ptr, commas.size)).toBe((1 << 16) + 1);
    entryAt(commas.ptr, commas.size, 1 << 16, out);
    expect(out.size).toBe(0);
    expect(out.ptr).toBe(commas.ptr + commas.size);
  });
});

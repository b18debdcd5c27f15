import { buildSearchTable, contains, searchTableSize } from '../../../filter/assembly/bytes/search';
import { foldInPlace, Slice } from '../../../filter/assembly/bytes/slice';
import { lay, layMany, readHex } from '../support';

function tableOf(pattern: Slice): usize {
  const table = heap.alloc(searchTableSize(pattern.size));
  buildSearchTable(pattern.ptr, pattern.size, table);
  return table;
}

function holds(text: string, pattern: string, fold: bool = false): bool {
  const haystack = lay(text);
  const needle = lay(pattern);
  if (fold) foldInPlace(needle.ptr, needle.size);
  const table = tableOf(needle);
  return contains(haystack.ptr, haystack.size, needle.ptr, needle.size, table, fold);
}

describe('search', () => {
  it('finds a pattern at the start, inside, at the end and as the whole', () => {
    expect(holds('canary-7', 'canary')).toBe(true);
    expect(holds('a-canary-7', 'canary')).toBe(true);
    expect(holds('a-canary', 'canary')).toBe(true);
    expect(holds('canary', 'canary')).toBe(true);
    expect(holds('x', 'x')).toBe(true);
  });

  it('finds nothing in a text that is shorter, empty or almost alike', () => {
    expect(holds('canar', 'canary')).toBe(false);
    expect(holds('', 'c')).toBe(false);
    expect(holds('canarx', 'canary')).toBe(false);
    expect(holds('anary', 'canary')).toBe(false);
  });

  it('falls back to the longest border after a mismatch', () => {
    expect(holds('aabaabaaab', 'aabaaab')).toBe(true);
    expect(holds('abababac', 'ababac')).toBe(true);
    expect(holds('aaaaaab', 'aaab')).toBe(true);
    expect(holds('abcabcabd', 'abcabd')).toBe(true);
    expect(holds('aabaacaabaab', 'aabaabaa')).toBe(false);
  });

  it('notes the longest border of each prefix, two bytes each', () => {
    const pattern = lay('aabaaab');
    expect(readHex(tableOf(pattern), 14)).toBe('0000010000000100020002000300');
    expect(searchTableSize(7)).toBe(14);
  });

  it('ignores the case of the text only where it is told to', () => {
    expect(holds('My-CaNaRy', 'CANary', true)).toBe(true);
    expect(holds('My-CaNaRy', 'canary')).toBe(false);
    expect(holds('CANARY', 'CANARY')).toBe(true);
    expect(holds('AAAAB', 'aab', true)).toBe(true);
    expect(holds('É', 'é', true)).toBe(false);
  });

  it('finds a pattern of 4096 bytes in a text of one letter in linear time', () => {
    const text = layMany(0x61, 1 << 20);
    const pattern = layMany(0x61, 4096);
    store<u8>(pattern.ptr + 4095, 0x62);
    const table = tableOf(pattern);
    expect(contains(text.ptr, text.size, pattern.ptr, pattern.size, table, false)).toBe(false);
    store<u8>(text.ptr + text.size - 1, 0x62);
    expect(contains(text.ptr, text.size, pattern.ptr, pattern.size, table, false)).toBe(true);
    expect(contains(text.ptr, text.size - 1, pattern.ptr, pattern.size, table, false)).toBe(false);
  });
});

import { xxh64 } from '../../../filter/assembly/bytes/xxh64';
import { lay } from '../support';

function hash(text: string): string {
  const slice = lay(text);
  return xxh64(slice.ptr, slice.size).toString(16);
}

describe('xxh64', () => {
  it('gives the published values for short texts', () => {
    expect(hash('')).toBe('ef46db3751d8e999');
    expect(hash('a')).toBe('d24ec4f1a98c6e5b');
    expect(hash('abc')).toBe('44bc2cf5ad770999');
  });

  // The values of the reference implementation, for each way through the code: single bytes, four,
  // eight, one stripe of 32, several, and a rest behind them.
  it('gives the published values for texts of a stripe and more', () => {
    expect(hash('Nobody inspects the spammish repetition')).toBe('fbcea83c8a378bf1');
    expect(hash('xxhash')).toBe('32dd38952c4bc720');
    expect(hash('The quick brown fox jumps over the lazy dog')).toBe('b242d361fda71bc');
  });

  // Values of this package's own big-integer reference (test/properties), which gives those above.
  it('hashes texts that end with a whole stripe, lane or half of one', () => {
    expect(hash('0123')).toBe('4c33072b45647dcb');
    expect(hash('01234567')).toBe('e4ba22a49ad89d3f');
    expect(hash('0123456789abcdef0123456789abcdef')).toBe('642a94958e71e6c5');
    expect(hash('0123456789abcdef'.repeat(4))).toBe('1af3ac4760fe2f85');
  });

  it('reads no byte behind its end', () => {
    const slice = lay('0123456789abcdef0123456789abcdef0123456');
    for (let size: u32 = 0; size < slice.size; size++) {
      const ptr = heap.alloc(64);
      memory.fill(ptr, 0xff, 64);
      memory.copy(ptr, slice.ptr, size);
      expect(xxh64(ptr, size)).toBe(xxh64(slice.ptr, size));
    }
  });
});

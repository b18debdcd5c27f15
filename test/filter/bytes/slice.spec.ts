import {
  equal,
  equalsAscii,
  foldByte,
  foldInPlace,
  indexOfByte,
  SLICE_SIZE,
  Slice,
  sameBytes,
  sameFolded,
  sliceAt,
} from '../../../filter/assembly/bytes/slice';
import { lay, layHex, read, readHex } from '../support';

function same(a: string, b: string): bool {
  const left = lay(a);
  const right = lay(b);
  return equal(left.ptr, left.size, right.ptr, right.size);
}

function folded(a: string, b: string): bool {
  const left = lay(a);
  const right = lay(b);
  return left.size == right.size && sameFolded(left.ptr, right.ptr, left.size);
}

function index(text: string, byte: u32): u32 {
  const slice = lay(text);
  return indexOfByte(slice.ptr, slice.size, byte);
}

function ascii(hex: string, literal: string): bool {
  const slice = layHex(hex);
  return equalsAscii(slice.ptr, slice.size, literal);
}

describe('slice', () => {
  it('folds A to Z and no other byte', () => {
    for (let byte: u32 = 0; byte < 256; byte++) {
      const upper = byte >= 0x41 && byte <= 0x5a;
      expect(foldByte(byte)).toBe(upper ? byte + 32 : byte);
    }
  });

  it('compares bytes with their size', () => {
    expect(same('', '')).toBe(true);
    expect(same('a', '')).toBe(false);
    expect(same('abc', 'abc')).toBe(true);
    expect(same('abc', 'abd')).toBe(false);
    expect(same('abc', 'abcd')).toBe(false);
    expect(same('ABC', 'abc')).toBe(false);
    expect(same('é', 'é')).toBe(true);
  });

  it('compares the first bytes of two texts', () => {
    const left = lay('abcX');
    const right = lay('abcY');
    expect(sameBytes(left.ptr, right.ptr, 0)).toBe(true);
    expect(sameBytes(left.ptr, right.ptr, 3)).toBe(true);
    expect(sameBytes(left.ptr, right.ptr, 4)).toBe(false);
  });

  it('compares without the case of ASCII letters, on both sides', () => {
    expect(folded('X-Tag', 'x-tAG')).toBe(true);
    expect(folded('@[', '`{')).toBe(false);
    expect(folded('É', 'é')).toBe(false);
    expect(folded('', '')).toBe(true);
    expect(folded('ab', 'ac')).toBe(false);
  });

  it('finds the first of a byte, or answers the size', () => {
    expect(index('a=b=c', 0x3d)).toBe(1);
    expect(index('=', 0x3d)).toBe(0);
    expect(index('abc=', 0x3d)).toBe(3);
    expect(index('abc', 0x3d)).toBe(3);
    expect(index('', 0x3d)).toBe(0);
  });

  it('lower-cases in place, and only what it was given', () => {
    const slice = lay('AZ@[Mé!Q');
    foldInPlace(slice.ptr, slice.size - 1);
    expect(read(slice.ptr, slice.size)).toBe('az@[mé!Q');
  });

  it('compares with a literal, byte by byte', () => {
    expect(ascii('61 62', 'ab')).toBe(true);
    expect(ascii('61 62', 'a')).toBe(false);
    expect(ascii('61', 'ab')).toBe(false);
    expect(ascii('61 63', 'ab')).toBe(false);
    expect(ascii('', '')).toBe(true);
    expect(ascii('e9', 'a')).toBe(false);
  });

  it('steps through an array of slices', () => {
    const array = heap.alloc(3 * SLICE_SIZE);
    for (let i: u32 = 0; i < 3; i++) {
      const slice: Slice = sliceAt(array, i);
      slice.ptr = 0x01020304 + i;
      slice.size = 5 + i;
    }
    expect(readHex(array, 3 * SLICE_SIZE)).toBe('040302010500000005030201060000000603020107000000');
  });
});

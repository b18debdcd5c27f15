import { describe, expect, it } from 'vitest';
import {
  decodePairs,
  encodePairs,
  PAIRS_COUNT_MAX,
  PAIRS_SIZE_MAX,
  type Pair,
  pairsSize,
} from '../../../envoyfilter/src/host/wire.js';

const two: readonly Pair[] = [
  ['a', 'xyz'],
  ['bc', ''],
];

describe('a list of pairs', () => {
  it('is count, sizes, and names and values with a NUL behind each', () => {
    const bytes = [
      ...[2, 0, 0, 0],
      ...[1, 0, 0, 0, 3, 0, 0, 0],
      ...[2, 0, 0, 0, 0, 0, 0, 0],
      ...Buffer.from('a\0xyz\0bc\0\0'),
    ];
    expect([...encodePairs(two)]).toEqual(bytes);
    expect(pairsSize(['a', 'bc'], ['xyz', ''])).toBe(bytes.length);
    expect(decodePairs(Uint8Array.from(bytes))).toEqual(two);
  });

  it('keeps all bytes, NUL among them', () => {
    const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    expect(decodePairs(encodePairs([[all, all]]))).toEqual([[all, all]]);
  });

  it('is empty where any byte is missing or too many', () => {
    const good = encodePairs(two);
    expect(decodePairs(good)).toHaveLength(2);
    for (let size = 0; size < good.length; size += 1) {
      expect(decodePairs(good.subarray(0, size)), `${size} bytes`).toEqual([]);
    }
    expect(decodePairs(Buffer.concat([good, Buffer.of(0)]))).toEqual([]);
  });

  it('is empty where a NUL is not one, or a size is wrong', () => {
    const good = Buffer.from(encodePairs([['a', 'xyz']]));
    for (const [at, value] of [
      [0, 0],
      [0, 2],
      [3, 1],
      [4, 2],
      [7, 255],
      [8, 2],
      [8, 4],
      [11, 255],
      [13, 1],
      [17, 1],
    ] as const) {
      const bytes = Buffer.from(good);
      bytes[at] = value;
      expect(decodePairs(bytes), `${value} at ${at}`).toEqual([]);
    }
  });

  it(`holds ${PAIRS_COUNT_MAX} pairs, and none where there are more`, () => {
    const list = (count: number) => encodePairs(Array.from({ length: count }, () => ['n', 'v']));
    expect(decodePairs(list(PAIRS_COUNT_MAX))).toHaveLength(PAIRS_COUNT_MAX);
    expect(decodePairs(list(PAIRS_COUNT_MAX + 1))).toEqual([]);
  });

  it(`holds ${PAIRS_SIZE_MAX} bytes, and nothing where there are more`, () => {
    const list = (size: number) => encodePairs([['n', 'v'.repeat(size - 15)]]);
    expect(list(PAIRS_SIZE_MAX)).toHaveLength(PAIRS_SIZE_MAX);
    expect(decodePairs(list(PAIRS_SIZE_MAX))).toHaveLength(1);
    expect(decodePairs(list(PAIRS_SIZE_MAX + 1))).toEqual([]);
  });
});

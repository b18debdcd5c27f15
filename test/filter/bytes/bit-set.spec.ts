import {
  BYTE_SET_SIZE,
  setAdd,
  setAddRange,
  setHas,
  setJoin,
  setNegate,
} from '../../../filter/assembly/bytes/bit-set';
import { readHex } from '../support';

const set: usize = heap.alloc(BYTE_SET_SIZE);
const other: usize = heap.alloc(BYTE_SET_SIZE);

/** The bytes of a set, in order. */
function members(): string {
  let found = '';
  for (let byte = 0; byte < 256; byte++) if (setHas(set, byte)) found += String.fromCharCode(byte);
  return found;
}

describe('bit-set', () => {
  beforeEach(() => {
    memory.fill(set, 0, BYTE_SET_SIZE);
    memory.fill(other, 0, BYTE_SET_SIZE);
  });

  it('holds what was added, a bit each', () => {
    setAdd(set, 0);
    setAdd(set, 9);
    setAdd(set, 255);
    setAdd(set, 9);
    expect(readHex(set, 3)).toBe('010200');
    expect(setHas(set, 9)).toBe(true);
    expect(setHas(set, 8)).toBe(false);
    expect(setHas(set, 255)).toBe(true);
    expect(setHas(set, 254)).toBe(false);
  });

  it('adds a range, both ends included', () => {
    setAddRange(set, 0x61, 0x63, false);
    setAddRange(set, 0x30, 0x30, false);
    expect(members()).toBe('0abc');
  });

  it('adds the other case of letters, and of letters alone', () => {
    setAddRange(set, 0x59, 0x62, true);
    expect(members()).toBe('ABYZ[\\]^_`abyz');
  });

  it('negates and joins', () => {
    setAddRange(set, 0, 0xff, false);
    expect(members().length).toBe(256);
    setNegate(set);
    expect(members()).toBe('');
    setAdd(set, 0x78);
    setAdd(other, 0x61);
    setJoin(set, other);
    expect(members()).toBe('ax');
  });
});

import { DECIMAL_SIZE_MAX, putDecimal } from '../../../filter/assembly/bytes/decimal';
import { read } from '../support';

const out: usize = heap.alloc(64);

/** The digits, with the bytes on either side of them, which stay `#`. */
function digits(value: u64): string {
  memory.fill(out, 0x23, 64);
  const size = putDecimal(value, out + 8);
  expect(size).toBeLessThanOrEqual(DECIMAL_SIZE_MAX);
  return read(out + 7, size + 2);
}

describe('decimal', () => {
  it('writes one digit for zero and each of the others', () => {
    for (let value: u64 = 0; value < 10; value++) {
      expect(digits(value)).toBe('#' + value.toString() + '#');
    }
  });

  it('writes numbers on both sides of each power of ten', () => {
    let power: u64 = 1;
    let nines = '';
    let zeros = '';
    for (let size: u32 = 2; size <= DECIMAL_SIZE_MAX; size++) {
      power *= 10;
      nines += '9';
      zeros += '0';
      expect(digits(power - 1)).toBe('#' + nines + '#');
      expect(digits(power)).toBe('#1' + zeros + '#');
      expect(digits(power + 1)).toBe('#1' + zeros.substr(1) + '1#');
    }
  });

  it('writes digits of every kind in their order', () => {
    expect(digits(1234567890)).toBe('#1234567890#');
    expect(digits(9081726354)).toBe('#9081726354#');
  });

  it('takes the edges of signed and unsigned numbers as unsigned', () => {
    expect(digits(4294967295)).toBe('#4294967295#');
    expect(digits(4294967296)).toBe('#4294967296#');
    expect(digits(0x7fffffffffffffff)).toBe('#9223372036854775807#');
    expect(digits(0x8000000000000000)).toBe('#9223372036854775808#');
    expect(digits(u64.MAX_VALUE)).toBe('#18446744073709551615#');
  });

  it('has twenty digits at most', () => {
    expect(putDecimal(u64.MAX_VALUE, out)).toBe(DECIMAL_SIZE_MAX);
    expect(DECIMAL_SIZE_MAX).toBe(20);
  });
});

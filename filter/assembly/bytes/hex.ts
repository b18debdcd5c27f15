// hex: hexadecimal digits. Pure.

/** What `hexValue` answers for a byte that is no digit. */
export const NO_DIGIT: u32 = 16;

/** 0..15 of a digit in either case, or `NO_DIGIT`. */
export function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = byte | 0x20;
  return letter - 0x61 < 6 ? letter - 0x61 + 10 : NO_DIGIT;
}

const ONES: u64 = 0x0101010101010101;
const HIGH_BITS: u64 = 0x8080808080808080;
/** Digits that `hexNumber` reads and `hexDigits` gives. */
export const HEX_WORD_SIZE: u32 = 8;
/** What `hexNumber` has a bit of where a byte is no digit. */
export const NO_NUMBER: u64 = 1 << 32;

/**
 * The number of eight digits in either case, the first of them the highest, or `NO_NUMBER`. All at
 * once, bytes as lanes of a word: an eighth of the instructions of `hexValue` for each.
 */
export function hexNumber(ptr: usize): u64 {
  const word = load<u64>(ptr);
  const folded = word | (0x20 * ONES);
  // The sums have the highest bit of a byte from '0', from '9' + 1, from 'a' and from 'f' + 1 on.
  const digits = (word + 0x50 * ONES) ^ (word + 0x46 * ONES);
  const letters = (folded + 0x1f * ONES) ^ (folded + 0x19 * ONES);
  // A byte that has it itself is no digit, and what it carries into others is of no account then.
  if (((digits | letters) & (word ^ HIGH_BITS) & HIGH_BITS) != HIGH_BITS) return NO_NUMBER;
  // Bit 6 is what letters have and digits have not. Each product puts lanes of 4, 8 and 16 bits
  // before the next ones, and the shift takes the pairs.
  const values = (word & (0x0f * ONES)) + ((word >> 6) & ONES) * 9;
  const bytes = ((values * 0x1001) >> 8) & 0x00ff00ff00ff00ff;
  const halves = ((bytes * 0x1000001) >> 16) & 0x0000ffff0000ffff;
  return (halves * 0x1000000000001) >> 32;
}

/** Eight lower-case digits, the first the highest, as the word that is stored where they go. */
export function hexDigits(value: u32): u64 {
  const halves = (((<u64>value) << 32) | (<u64>value >> 16)) & 0x0000ffff0000ffff;
  const bytes = ((halves << 16) | (halves >> 8)) & 0x00ff00ff00ff00ff;
  const values = ((bytes << 8) | (bytes >> 4)) & (0x0f * ONES);
  // Six more, and the values from 10 on have a bit of their own.
  const letters = ((values + 6 * ONES) >> 4) & ONES;
  return values + 0x30 * ONES + letters * 0x27;
}

/** The four lower-case digits of a number below 65,536, at `outPtr`. */
export function putHexWord(value: u32, outPtr: usize): void {
  store<u32>(outPtr, <u32>(hexDigits(value) >> 32));
}

/** Two lower-case digits for each of `size` bytes, at `outPtr`. */
export function putHexDigits(ptr: usize, size: u32, outPtr: usize): void {
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    const high = byte >> 4;
    const low = byte & 15;
    store<u8>(outPtr + (i << 1), <u8>(high < 10 ? 0x30 + high : 0x57 + high));
    store<u8>(outPtr + (i << 1) + 1, <u8>(low < 10 ? 0x30 + low : 0x57 + low));
  }
}

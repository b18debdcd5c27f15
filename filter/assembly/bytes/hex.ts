// hex: hexadecimal digits. Pure.

/** What `hexValue` answers for a byte that is no digit. */
export const NO_DIGIT: u32 = 16;

/** 0..15 of a digit in either case, or `NO_DIGIT`. */
export function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = byte | 0x20;
  return letter - 0x61 < 6 ? letter - 0x61 + 10 : NO_DIGIT;
}

// hex: hexadecimal digits. Pure.

/** What `hexValue` answers for a byte that is no digit. */
export const NO_DIGIT: u32 = 16;

/** 0..15 of a digit in either case, or `NO_DIGIT`. */
export function hexValue(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter = byte | 0x20;
  return letter - 0x61 < 6 ? letter - 0x61 + 10 : NO_DIGIT;
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

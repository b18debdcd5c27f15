// decimal: numbers as decimal digits. Pure.

/** Digits of the greatest number of 64 bits. */
export const DECIMAL_SIZE_MAX: u32 = 20;

const ZERO: u64 = 0x30;

/** At most `DECIMAL_SIZE_MAX` digits at `outPtr`, no leading zeros; returns how many. */
export function putDecimal(value: u64, outPtr: usize): u32 {
  let size: u32 = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) size++;
  for (let at = outPtr + size; at > outPtr; value /= 10) store<u8>(--at, <u8>(ZERO + (value % 10)));
  return size;
}

// search: does a text contain a pattern, in linear time whatever both hold.
// Knuth, Morris and Pratt: a naive search costs size × pattern, which a client that may send
// 64 KiB of one letter would choose. The table is made once, when the configuration loads.

import { foldByte } from './slice';

/** Bytes of the table of a pattern: a u16 per byte. */
export function searchTableSize(patternSize: u32): u32 {
  return patternSize << 1;
}

/** Fills `tablePtr`: for each prefix the size of its longest border. The pattern is under 64 KiB. */
export function buildSearchTable(patternPtr: usize, patternSize: u32, tablePtr: usize): void {
  store<u16>(tablePtr, 0);
  let border: u32 = 0;
  for (let i: u32 = 1; i < patternSize; i++) {
    const byte = load<u8>(patternPtr + i);
    while (border > 0 && byte != load<u8>(patternPtr + border)) {
      border = load<u16>(tablePtr + ((border - 1) << 1));
    }
    if (byte == load<u8>(patternPtr + border)) border++;
    store<u16>(tablePtr + (i << 1), <u16>border);
  }
}

/** With `fold` the pattern must have been folded before its table was built. */
export function contains(
  textPtr: usize,
  textSize: u32,
  patternPtr: usize,
  patternSize: u32,
  tablePtr: usize,
  fold: bool,
): bool {
  let matched: u32 = 0;
  for (let i: u32 = 0; i < textSize; i++) {
    let byte: u32 = load<u8>(textPtr + i);
    if (fold) byte = foldByte(byte);
    while (matched > 0 && byte != <u32>load<u8>(patternPtr + matched)) {
      matched = load<u16>(tablePtr + ((matched - 1) << 1));
    }
    if (byte == <u32>load<u8>(patternPtr + matched) && ++matched == patternSize) return true;
  }
  return false;
}

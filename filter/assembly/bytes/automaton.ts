// automaton: a deterministic automaton over bytes, and its run over a text. Pure.
// Promise: one look-up for each byte, none of them twice, whatever the expression and the text; the
// run ends at the first byte behind which nothing can match.
//
//   0         4         8               264              264 + rowSize
//   +---------+---------+---------------+----------------+----------------+
//   | rowSize | accepts | classes       | row of state 0 | row of state 1 | …
//   +---------+---------+---------------+----------------+----------------+
// `classes`: for each of the 256 bytes its class, a u8; bytes that no part of the expression tells
// apart share one. State 0 is dead, state 1 is the start. One row:
//   0                      accepts            rowSize, a multiple of 8
//   +----------------------+------------------+
//   | next: u16 × classes  | 1 = matches, u16 |
//   +----------------------+------------------+

export const AUTOMATON_ACCEPTS: usize = 4;
export const AUTOMATON_CLASSES: u32 = 8;
export const AUTOMATON_ROWS: u32 = 264;
export const DEAD_STATE: u32 = 0;
export const START_STATE: u32 = 1;

/** Bytes of a row with this many classes. */
export function automatonRowSize(classCount: u32): u32 {
  return ((classCount + 1) * 2 + 7) & ~7;
}

/** Whether the whole text matches. */
export function automatonMatches(ptr: usize, textPtr: usize, textSize: u32): bool {
  const rowSize = load<u32>(ptr);
  const rows = ptr + AUTOMATON_ROWS;
  let row = rows + START_STATE * rowSize;
  for (let i: u32 = 0; i < textSize; i++) {
    const column: usize = load<u8>(ptr + load<u8>(textPtr + i), AUTOMATON_CLASSES);
    const state: u32 = load<u16>(row + (column << 1));
    if (state == DEAD_STATE) return false;
    row = rows + state * rowSize;
  }
  return load<u16>(row + load<u32>(ptr, AUTOMATON_ACCEPTS)) != 0;
}

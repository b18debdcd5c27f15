// wire: how the host serializes a list of header pairs (ABI 0.2.1, "serialized map").
//
//   0        4                          4 + 8n
//   +--------+------------+--   --+-----+----------------------------+--   --+
//   | n: u32 | sizes of 0 |  ...  | n-1 | name 0 \0 value 0 \0       |  ...  |
//   +--------+------------+--   --+-----+----------------------------+--   --+
//            | nameSize: u32 | valueSize: u32 |   sizes leave out the \0
//
// All numbers are little-endian, as linear memory is.

/** Bytes of the count at the start. */
export const PAIRS_HEADER_SIZE: u32 = 4;
/** Bytes of one entry of the table of sizes. */
export const PAIRS_ENTRY_SIZE: u32 = 8;
/** Offset of the value's size within an entry. */
export const PAIRS_ENTRY_VALUE: u32 = 4;
/** Bytes that end a name or a value. */
export const PAIRS_TERMINATOR_SIZE: u32 = 1;

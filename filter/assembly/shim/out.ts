// out: the one pair of cells into which host calls put a pointer and a size.
// Promise: read at once after the call; the next call overwrites it.
//
//   0       4      8
//   +-------+------+
//   | ptr   | size |
//   +-------+------+

export const outPtr: usize = memory.data(8, 8);
export const outSize: usize = outPtr + 4;

/**
 * Before each call that fills the cells: a host that answers Ok may leave them untouched (an empty
 * value, a call that the capability list leaves out).
 */
export function outClear(): void {
  store<u64>(outPtr, 0);
}

export function outBytes(): usize {
  return load<u32>(outPtr);
}

export function outByteCount(): u32 {
  return load<u32>(outSize);
}

// area: the memory of one configuration: its text as it came, and what was compiled from it.
// Promise: areas are made once and used again, so that a thousand pushes leave linear memory as it
// was. One is in force for each slot (config/store.ts), one more is being read.
//
//   0                 textSize            used                AREA_SIZE
//   +-----------------+-------------------+--------------------+
//   | text (verbatim) | compiled, 8-byte  | free               |
//   +-----------------+-------------------+--------------------+

/**
 * Bytes of an area. The largest configuration is 256 KiB; a condition takes 40 bytes and its text
 * at least 18. Pages that were never used cost address space only.
 */
export const AREA_SIZE: u32 = 1 << 20;
const ALIGNMENT_MASK: u32 = 7;

let basePtr: usize = 0;
let used: u32 = 0;
let overflowed: bool = false;

/** Makes an area; for start-up and for a VM's first plugins. */
export function areaMake(): usize {
  return heap.alloc(AREA_SIZE);
}

/** From here on `areaTake` takes from this area, from its start. */
export function areaOpen(ptr: usize): void {
  basePtr = ptr;
  used = 0;
  overflowed = false;
}

/** `size` bytes, aligned and cleared, or 0 where the area is full. */
export function areaTake(size: u32): usize {
  const free = AREA_SIZE - used;
  if (size > free) {
    overflowed = true;
    return 0;
  }
  const ptr = basePtr + used;
  const rounded = (size + ALIGNMENT_MASK) & ~ALIGNMENT_MASK;
  used = rounded < free ? used + rounded : AREA_SIZE;
  memory.fill(ptr, 0, size);
  return ptr;
}

/** A copy of `size` bytes, or 0 where the area is full. */
export function areaCopy(ptr: usize, size: u32): usize {
  const copy = areaTake(size);
  if (copy != 0) memory.copy(copy, ptr, size);
  return copy;
}

/** The characters of ASCII text, or 0 where the area is full. */
export function areaLiteral(text: string): usize {
  const copy = areaTake(text.length);
  if (copy == 0) return 0;
  for (let i = 0; i < text.length; i++) store<u8>(copy + i, <u8>text.charCodeAt(i));
  return copy;
}

/** Whether an `areaTake` was refused since `areaOpen`. */
export function areaOverflowed(): bool {
  return overflowed;
}

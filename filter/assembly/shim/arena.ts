// arena: the bytes that live during one callback: what the host writes, and scratch.
// Promise: reset at the start of each callback, so nothing from here outlives it; it never grows.
// A full arena answers 0, which the host reports as the status InvalidMemoryAccess: no trap.

/**
 * Bytes of the arena. Envoy's header limit is 60 KiB by default and 8 MiB at most: what is over
 * this bound is read as "unreadable" (features/request.ts). Pages that were never used cost
 * address space only.
 */
export const ARENA_SIZE: u32 = 1 << 20;
/**
 * Bytes at its end that a request's headers cannot take: limits, tags and entries need some for each
 * request, and a client that sent as much as fits would be rid of them.
 */
export const ARENA_KEPT: u32 = 64 << 10;
const ALIGNMENT_MASK: u32 = 7;

const base: usize = heap.alloc(ARENA_SIZE);
let used: u32 = 0;
let end: u32 = ARENA_SIZE;

export function arenaReset(): void {
  used = 0;
  end = ARENA_SIZE;
}

/** Whether the last `ARENA_KEPT` bytes are given out. */
export function arenaIsOpen(): bool {
  return end == ARENA_SIZE;
}

/** From here on the last `ARENA_KEPT` bytes are not given out, until `arenaOpen`. */
export function arenaClose(): void {
  end = ARENA_SIZE - ARENA_KEPT;
}

export function arenaOpen(): void {
  end = ARENA_SIZE;
}

/** Where the arena stands, for `arenaRelease`. */
export function arenaMark(): u32 {
  return used;
}

/** Gives back all that was taken since the mark. */
export function arenaRelease(mark: u32): void {
  used = mark;
}

/** `size` bytes, aligned to 8, or 0 where that many are not left. Not cleared. */
export function arenaTake(size: u32): usize {
  const ptr = base + used;
  const next = <u64>used + <u64>size;
  // Not enough room, or the end was moved before `used`: only nothing fits.
  if (next > <u64>end) return size == 0 ? ptr : 0;
  // Both bounds are multiples of the alignment: rounded up, it is not beyond the end.
  used = (<u32>next + ALIGNMENT_MASK) & ~ALIGNMENT_MASK;
  return ptr;
}

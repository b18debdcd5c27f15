// mirror: the slots of a store as this VM has last written them, so that it need not ask the host
// before it writes one again. True as long as no other VM writes (features/propagation/writers.ts).
// Promise: a table of fixed size, made when the first configuration remembers requests.

import { Slice } from '../../bytes/slice';

/** Slots that are mirrored; a larger store asks the host for the others. A power of two. */
export const MIRROR_SLOTS: u32 = 2048;
/** Bytes of one: four entries of 380 bytes. Of a longer value nothing is known. */
export const MIRROR_SIZE: u32 = 1536;

//   0        8      12  16                MIRROR_SIZE
//   +--------+------+---+-----------------+
//   | slotId | size | - | the slot's value |   slotId 0 = nothing is known
//   +--------+------+---+-----------------+
const HEADER_SIZE: u32 = 16;
const VALUE_SIZE: usize = 8;

let table: usize = 0;

/** At configure time, for a configuration that remembers requests. */
export function mirrorInit(): void {
  if (table != 0) return;
  // Fresh memory is all zeros; to clear it would be to use every page of it.
  table = heap.alloc(MIRROR_SLOTS * MIRROR_SIZE);
}

function entryOf(slotId: u64): usize {
  return table + (<u32>slotId & (MIRROR_SLOTS - 1)) * MIRROR_SIZE;
}

/** The value of a slot into `out`; false where it is not known. */
export function mirrorRead(slotId: u64, out: Slice): bool {
  const entry = entryOf(slotId);
  if (load<u64>(entry) != slotId) return false;
  out.ptr = entry + HEADER_SIZE;
  out.size = load<u32>(entry, VALUE_SIZE);
  return true;
}

/** What the slot holds now. A value too long for the mirror makes the slot unknown. */
export function mirrorKeep(slotId: u64, ptr: usize, size: u32): void {
  const entry = entryOf(slotId);
  const fits = size <= MIRROR_SIZE - HEADER_SIZE;
  store<u64>(entry, fits ? slotId : 0);
  if (!fits) return;
  store<u32>(entry, size, VALUE_SIZE);
  memory.copy(entry + HEADER_SIZE, ptr, size);
}

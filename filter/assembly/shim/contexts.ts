// contexts: which root context a stream belongs to, and what was noted of each root context.
// A stream's callbacks tell its own id only; proxy_on_context_create tells its parent's.
// Promise: fixed tables, no object per stream. A stream is looked up right after it was made, so a
// ring that keeps the newest ones is enough; who was overwritten is answered with `NO_ROOT`.

/** Root contexts that a VM remembers: listeners that drain keep theirs for a while. */
export const ROOTS_MAX: u32 = 64;
/** Streams that a VM remembers. A power of two. */
export const STREAMS_MAX: u32 = 4096;
/** No such context: never an id, the host counts from 1. */
export const NO_ROOT: u32 = 0;
/** Nothing was noted of a root context. */
export const NO_NOTE: u32 = <u32>-1;

// Roots, a ring:            Streams, indexed by id & mask, checked by id:
//   0    4      8             0    4        8
//   +----+------+             +----+--------+
//   | id | note |             | id | rootId |
//   +----+------+             +----+--------+
const ENTRY_SHIFT: u32 = 3;
const ENTRY_VALUE: usize = 4;

const roots: usize = memory.data(512, 8);
const streams: usize = heap.alloc(STREAMS_MAX << ENTRY_SHIFT);
memory.fill(streams, 0, STREAMS_MAX << ENTRY_SHIFT);
let nextRoot: u32 = 0;

/** From proxy_on_context_create. */
export function rememberStream(id: u32, rootId: u32): void {
  const entry = streams + ((id & (STREAMS_MAX - 1)) << ENTRY_SHIFT);
  store<u32>(entry, id);
  store<u32>(entry, rootId, ENTRY_VALUE);
}

export function rootOfStream(id: u32): u32 {
  const entry = streams + ((id & (STREAMS_MAX - 1)) << ENTRY_SHIFT);
  return load<u32>(entry) == id ? load<u32>(entry, ENTRY_VALUE) : NO_ROOT;
}

/** Notes something of a root context; the oldest of `ROOTS_MAX` others is forgotten for it. */
export function rememberRoot(id: u32, note: u32): void {
  let entry = rootEntry(id);
  if (entry == 0) {
    entry = roots + ((nextRoot % ROOTS_MAX) << ENTRY_SHIFT);
    nextRoot++;
  }
  store<u32>(entry, id);
  store<u32>(entry, note, ENTRY_VALUE);
}

/** What was noted of a root context, or `NO_NOTE`. */
export function noteOfRoot(id: u32): u32 {
  const entry = rootEntry(id);
  return entry != 0 ? load<u32>(entry, ENTRY_VALUE) : NO_NOTE;
}

function rootEntry(id: u32): usize {
  if (id == NO_ROOT) return 0;
  for (let i: u32 = 0; i < ROOTS_MAX; i++) {
    const entry = roots + (i << ENTRY_SHIFT);
    if (load<u32>(entry) == id) return entry;
  }
  return 0;
}

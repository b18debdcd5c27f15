// contexts: which root context a stream belongs to, and what was noted of each root context.
// A stream's callbacks tell its own id only; proxy_on_context_create tells its parent's.
// Promise: fixed tables, no object per stream. A stream is looked up right after it was made, so a
// ring that keeps the newest ones is enough; who was overwritten is answered with `NO_ROOT`.

/** Groups of root contexts: one group's never push out another's. */
export const GROUPS_MAX: u32 = 16;
/** Root contexts that a group remembers: listeners that drain keep theirs for a while. */
export const ROOTS_MAX: u32 = 16;
/** Streams that a VM remembers. A power of two. */
export const STREAMS_MAX: u32 = 4096;
/** No such context: never an id, the host counts from 1. */
export const NO_ROOT: u32 = 0;
/** Nothing was noted of a root context. */
export const NO_NOTE: u32 = <u32>-1;

// Roots, a ring a group:    Streams, indexed by id & mask, checked by id:
//   0    4      8             0    4        8
//   +----+------+             +----+--------+
//   | id | note |             | id | rootId |
//   +----+------+             +----+--------+
const ENTRY_SHIFT: u32 = 3;
const ENTRY_VALUE: usize = 4;

// GROUPS_MAX × ROOTS_MAX entries, then each group's next position.
const roots: usize = memory.data(2048, 8);
const nextRoots: usize = memory.data(64, 4);
const streams: usize = heap.alloc(STREAMS_MAX << ENTRY_SHIFT);
memory.fill(streams, 0, STREAMS_MAX << ENTRY_SHIFT);
let foundGroup: u32 = 0;

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

/** Notes something of a root context; the oldest of its group is forgotten for it. */
export function rememberRoot(group: u32, id: u32, note: u32): void {
  let entry = rootEntry(id);
  if (entry == 0) {
    const next = nextRoots + (group << 2);
    const position = load<u32>(next);
    store<u32>(next, (position + 1) % ROOTS_MAX);
    entry = roots + ((group * ROOTS_MAX + position) << ENTRY_SHIFT);
  }
  store<u32>(entry, id);
  store<u32>(entry, note, ENTRY_VALUE);
}

/** What was noted of a root context, or `NO_NOTE`; its group is then `groupOfRoot()`. */
export function noteOfRoot(id: u32): u32 {
  const entry = rootEntry(id);
  return entry != 0 ? load<u32>(entry, ENTRY_VALUE) : NO_NOTE;
}

/** The group of the root context that `noteOfRoot` found last. */
export function groupOfRoot(): u32 {
  return foundGroup;
}

function rootEntry(id: u32): usize {
  if (id == NO_ROOT) return 0;
  for (let i: u32 = 0; i < GROUPS_MAX * ROOTS_MAX; i++) {
    const entry = roots + (i << ENTRY_SHIFT);
    if (load<u32>(entry) != id) continue;
    foundGroup = i / ROOTS_MAX;
    return entry;
  }
  return 0;
}

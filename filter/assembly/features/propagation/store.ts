// store: what is remembered of requests until the application calls on, in shared data that all
// workers see. Keys of shared data can never be deleted, so there is a fixed number of slots with a
// few entries each; a request's key chooses its slot, and the oldest of a slot gives way.
// Promise: an entry is found by its own key only, never by one that hashes alike.
// One slot holds several because requests that are under way at once meet: with one entry a slot,
// a hundred of them in 8192 would lose one in eighty; with four, one in four million.

import { Status } from '../../abi/enums';
import { putHexWord } from '../../bytes/hex';
import { Slice } from '../../bytes/slice';
import { xxh64 } from '../../bytes/xxh64';
import { Propagate } from '../../config/layout';
import { arenaMark, arenaRelease, arenaTake } from '../../shim/arena';
import { CAS_ANY, CAS_NEVER, getShared, setShared, sharedCas } from '../../shim/shared';
import { entryFinish, findEntry, JOINED_SIZE_MAX, Joined, joinedBytes, joinSlot } from './entry';
import { mirrorKeep, mirrorRead } from './mirror';
import { isOnlyWriter } from './writers';

/** How often a slot is read again that another worker wrote between our read and our write. */
const TRIES_MAX: u32 = 3;

const out: Slice = changetype<Slice>(memory.data(8, 8));

/** What `storeEntry` came to. */
export enum Stored {
  Ok = 0,
  /** A live entry of the key disagrees; the new one says so. */
  Conflict = 1,
  /** A live entry of another key was lost for it. */
  Evicted = 2,
  Refused = 3,
}

/** Remembers the entry that is being written under a key, until `now` plus the policy's ttl. */
export function storeEntry(propagate: Propagate, keyPtr: usize, keySize: u32, now: u64): Stored {
  const slotId = nameSlot(propagate, keyPtr, keySize);
  const alone = isOnlyWriter(propagate, now);
  entryFinish(keyPtr, keySize, now + propagate.ttlNs);
  const mark = arenaMark();
  for (let attempt: u32 = 1; ; attempt++) {
    let cas = CAS_ANY;
    if (!alone || !mirrorRead(slotId, out)) {
      const status = getShared(propagate.slotPtr, propagate.slotSize, out);
      if (status != Status.Ok) out.size = 0;
      if (attempt < TRIES_MAX) cas = status == Status.Ok ? sharedCas() : CAS_NEVER;
    }
    const value = arenaTake(JOINED_SIZE_MAX);
    if (value == 0) {
      arenaRelease(mark);
      return Stored.Refused;
    }
    const joined = joinSlot(out.ptr, out.size, now, value);
    const size = joinedBytes();
    const status = setShared(propagate.slotPtr, propagate.slotSize, value, size, cas);
    if (status == Status.Ok) mirrorKeep(slotId, value, size);
    arenaRelease(mark);
    if (status == Status.CasMismatch && attempt < TRIES_MAX) continue;
    if (status != Status.Ok) return Stored.Refused;
    if (joined == Joined.Conflict) return Stored.Conflict;
    return joined == Joined.Evicted ? Stored.Evicted : Stored.Ok;
  }
}

/** The live entry of a key, in the arena, or 0. */
export function storedEntry(propagate: Propagate, keyPtr: usize, keySize: u32, now: u64): usize {
  nameSlot(propagate, keyPtr, keySize);
  if (getShared(propagate.slotPtr, propagate.slotSize, out) != Status.Ok) return 0;
  return findEntry(out.ptr, out.size, keyPtr, keySize, now);
}

/** Writes the slot's number into its name; what tells it from the slots of other policies. */
function nameSlot(propagate: Propagate, keyPtr: usize, keySize: u32): u64 {
  const slot = <u32>xxh64(keyPtr, keySize) & propagate.slotMask;
  const digits = propagate.slotPtr + propagate.slotSize - 4;
  // Eight digits, of which the last four stay.
  putHexWord(slot, digits);
  return (propagate.policyHash & ~(<u64>0xffff)) | slot;
}

// response: headers that wait for the response of their request: echoed tags, minted cookies.
// The host shows request headers in the response's callback on local replies only, so that what is
// to be written waits here, ready, in a ring indexed by context id and checked by it.
// Promise: memory from the first configuration that needs it; an entry that is overwritten before
// its response came costs the headers of one response, counted; so is one whose stream ended
// without a response, as the host does not tell.

import { MapType, Status } from '../abi/enums';
import { Slice } from '../bytes/slice';
import { arenaReset } from '../shim/arena';
import { addHeader, getHeader, replaceHeader } from '../shim/headers';

/** Streams that can wait at once. A power of two. */
export const WAITING_COUNT: u32 = 4096;
/**
 * Bytes of an entry: the longest cookie (config/mint.ts) takes 374, and one to five tags the rest.
 * What does not fit is left out, counted.
 */
export const WAITING_SIZE: u32 = 512;
/** The same where limits have something to say, too: 350 bytes at most, with their names. */
export const WAITING_SIZE_LIMITS: u32 = 1024;

/** How a header joins those that the response has. */
export enum Verb {
  Replace = 0,
  Add = 1,
  /** If the response has none of all that are offered. */
  Offer = 2,
}

//   0           4      8                                                             WAITING_SIZE
//   +-----------+------+---------------------------------------+------+-------+--   --+
//   | contextId | used | verb u16, nameSize u16, valueSize u16 | name | value |  ...  |
//   +-----------+------+---------------------------------------+------+-------+--   --+
// contextId 0 = free; `used` counts from the start of the entry.
const ENTRY_USED: usize = 4;
const ENTRY_HEADER_SIZE: u32 = 8;
const FIELD_HEADER_SIZE: u32 = 6;

const out: Slice = changetype<Slice>(memory.data(8, 8));
let ring: usize = 0;
let entrySize: u32 = 0;

/**
 * At configure time, for a configuration that writes into responses; `size`: of an entry. A ring of
 * larger entries takes the place of one of smaller ones, with which headers of the responses under
 * way are lost; that happens once in the life of a VM.
 */
export function responseInit(size: u32): void {
  if (entrySize >= size) return;
  entrySize = size;
  ring = heap.alloc(WAITING_COUNT * size);
  for (let i: u32 = 0; i < WAITING_COUNT; i++) store<u32>(ring + i * size, 0);
}

function entryOf(contextId: u32): usize {
  return ring + (contextId & (WAITING_COUNT - 1)) * entrySize;
}

/** Before the headers of a request. False: the entry of a stream that still waited is lost. */
export function responseBegin(contextId: u32): bool {
  const entry = entryOf(contextId);
  if (load<u32>(entry) == contextId) return true;
  const free = load<u32>(entry) == 0;
  store<u32>(entry, contextId);
  store<u32>(entry, ENTRY_HEADER_SIZE, ENTRY_USED);
  return free;
}

/** Where the caller writes the value of one more header; 0: it does not fit. */
export function responseTake(
  contextId: u32,
  verb: Verb,
  namePtr: usize,
  nameSize: u32,
  valueSize: u32,
): usize {
  const entry = entryOf(contextId);
  const used = load<u32>(entry, ENTRY_USED);
  const size = <u64>FIELD_HEADER_SIZE + <u64>nameSize + <u64>valueSize;
  if (size > <u64>(entrySize - used)) return 0;
  const field = entry + used;
  store<u16>(field, <u16>verb);
  store<u16>(field, <u16>nameSize, 2);
  store<u16>(field, <u16>valueSize, 4);
  memory.copy(field + FIELD_HEADER_SIZE, namePtr, nameSize);
  store<u32>(entry, used + <u32>size, ENTRY_USED);
  return field + FIELD_HEADER_SIZE + nameSize;
}

/** A header with its value, if the response has none such. False: it does not fit. */
export function responseOffer(
  contextId: u32,
  namePtr: usize,
  nameSize: u32,
  valuePtr: usize,
  valueSize: u32,
): bool {
  const value = responseTake(contextId, Verb.Offer, namePtr, nameSize, valueSize);
  if (value != 0) memory.copy(value, valuePtr, valueSize);
  return value != 0;
}

/** Writes what waits for this stream, and frees the entry. False: a write failed. */
export function responseWrite(contextId: u32): bool {
  if (ring == 0) return true;
  const entry = entryOf(contextId);
  if (load<u32>(entry) != contextId) return true;
  store<u32>(entry, 0);
  const map = MapType.ResponseHeaders;
  const end = entry + load<u32>(entry, ENTRY_USED);
  let written = true;
  let offered = Offered.Unknown;
  for (let field = entry + ENTRY_HEADER_SIZE; field < end; ) {
    const nameSize: u32 = load<u16>(field, 2);
    const valueSize: u32 = load<u16>(field, 4);
    const namePtr = field + FIELD_HEADER_SIZE;
    const valuePtr = namePtr + nameSize;
    const verb = load<u16>(field);
    field = valuePtr + valueSize;
    if (verb == Verb.Offer && offered == Offered.Unknown) {
      offered = offerFrom(namePtr - FIELD_HEADER_SIZE, end);
    }
    if (verb == Verb.Offer && offered == Offered.Declined) continue;
    const status =
      verb == Verb.Add
        ? addHeader(map, namePtr, nameSize, valuePtr, valueSize)
        : replaceHeader(map, namePtr, nameSize, valuePtr, valueSize);
    if (status != Status.Ok) written = false;
  }
  return written;
}

/** Whether the response takes what is offered. */
enum Offered {
  Unknown = 0,
  Accepted = 1,
  /** It has one of them already, of an application or of a proxy behind: that is for the client. */
  Declined = 2,
}

/** From the first offered field on. */
function offerFrom(first: usize, end: usize): Offered {
  // The request's callback, which had the arena, is over.
  arenaReset();
  for (let field = first; field < end; ) {
    const nameSize: u32 = load<u16>(field, 2);
    const namePtr = field + FIELD_HEADER_SIZE;
    if (load<u16>(field) == Verb.Offer) {
      const status = getHeader(MapType.ResponseHeaders, namePtr, nameSize, out);
      if (status == Status.Ok) return Offered.Declined;
    }
    field = namePtr + nameSize + <u32>load<u16>(field, 4);
  }
  return Offered.Accepted;
}

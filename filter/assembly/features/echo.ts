// echo: tags on their way from a request to its response, for those that are copied into it.
// The host shows request headers in the response's callback on local replies only, so that what is
// to be echoed waits here, ready to be written, in a ring indexed by context id and checked by it.
// Promise: memory from the first configuration that echoes; an entry that is overwritten before its
// response came costs one header in one response, counted; so is one whose stream ended without a
// response, as the host does not tell.

import { MapType, Status } from '../abi/enums';
import { replaceHeader } from '../shim/headers';

/** Streams that can wait at once. A power of two. */
export const ECHO_COUNT: u32 = 4096;
/** Bytes of an entry: room for one to five tags. What does not fit is not echoed, counted. */
export const ECHO_SIZE: u32 = 256;

//   0           4      8                                                   ECHO_SIZE
//   +-----------+------+-----------------+------+-------------------+-- --+
//   | contextId | used | nameSize u16, valueSize u16 | name | value  | ... |
//   +-----------+------+-----------------+------+-------------------+-- --+
// contextId 0 = free; `used` counts from the start of the entry.
const ENTRY_USED: usize = 4;
const ENTRY_HEADER_SIZE: u32 = 8;
const FIELD_HEADER_SIZE: u32 = 4;

let ring: usize = 0;

/** At configure time, for a configuration that echoes. */
export function echoInit(): void {
  if (ring != 0) return;
  ring = heap.alloc(ECHO_COUNT * ECHO_SIZE);
  for (let i: u32 = 0; i < ECHO_COUNT; i++) store<u32>(ring + i * ECHO_SIZE, 0);
}

function entryOf(contextId: u32): usize {
  return ring + (contextId & (ECHO_COUNT - 1)) * ECHO_SIZE;
}

/** Before the first `echoAdd` of a request. False: the entry of a stream that still waited is lost. */
export function echoBegin(contextId: u32): bool {
  const entry = entryOf(contextId);
  const free = load<u32>(entry) == 0;
  store<u32>(entry, contextId);
  store<u32>(entry, ENTRY_HEADER_SIZE, ENTRY_USED);
  return free;
}

/** False: it does not fit. */
export function echoAdd(
  contextId: u32,
  namePtr: usize,
  nameSize: u32,
  valuePtr: usize,
  valueSize: u32,
): bool {
  const entry = entryOf(contextId);
  const used = load<u32>(entry, ENTRY_USED);
  const size = <u64>FIELD_HEADER_SIZE + <u64>nameSize + <u64>valueSize;
  if (size > <u64>(ECHO_SIZE - used)) return false;
  const field = entry + used;
  store<u16>(field, <u16>nameSize);
  store<u16>(field, <u16>valueSize, 2);
  memory.copy(field + FIELD_HEADER_SIZE, namePtr, nameSize);
  memory.copy(field + FIELD_HEADER_SIZE + nameSize, valuePtr, valueSize);
  store<u32>(entry, used + <u32>size, ENTRY_USED);
  return true;
}

/** Writes what waits for this stream into its response, and frees the entry. False: a write failed. */
export function echoWrite(contextId: u32): bool {
  if (ring == 0) return true;
  const entry = entryOf(contextId);
  if (load<u32>(entry) != contextId) return true;
  store<u32>(entry, 0);
  const end = entry + load<u32>(entry, ENTRY_USED);
  let written = true;
  for (let field = entry + ENTRY_HEADER_SIZE; field < end; ) {
    const nameSize: u32 = load<u16>(field);
    const valueSize: u32 = load<u16>(field, 2);
    const namePtr = field + FIELD_HEADER_SIZE;
    const valuePtr = namePtr + nameSize;
    const status = replaceHeader(MapType.ResponseHeaders, namePtr, nameSize, valuePtr, valueSize);
    if (status != Status.Ok) written = false;
    field = valuePtr + valueSize;
  }
  return written;
}

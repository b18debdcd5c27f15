// key: which bucket a request is for: a hash of the values that the policy names.
// A value that is absent or empty, and one that comes several times with different texts, is none:
// those who send none share one bucket, or leaving a header out or doubling it would be a way around
// the limit. The hash is keyed with a secret (bytes/siphash.ts): who could make two keys meet could
// use up another's limit.

import { ADDRESS_SIZE, maskAddress } from '../../bytes/address';
import { FieldCursor } from '../../bytes/fields';
import { decodePath } from '../../bytes/path';
import { SIPHASH_128_SIZE, sipHash, sipHash128 } from '../../bytes/siphash';
import { equal, foldInPlace, indexOfByte, Slice } from '../../bytes/slice';
import { templateVariable } from '../../bytes/template';
import { Config, KeyPart, keyPartAt, Limit, Subject, tagAt } from '../../config/layout';
import { arenaMark, arenaRelease, arenaTake } from '../../shim/arena';
import { decodeField } from '../matching/query';
import {
  clientAddress,
  firstValue,
  onlyValue,
  otherPath,
  requestHost,
  requestPath,
  Value,
} from '../request';

const SPACE: u32 = 0x20;
const TAB: u32 = 0x09;
const QUOTE: u32 = 0x22;
const PERCENT: u32 = 0x25;
const value: Slice = changetype<Slice>(memory.data(8, 8));
const found: Slice = changetype<Slice>(memory.data(8, 8));
const fields: FieldCursor = changetype<FieldCursor>(memory.data(28, 8));
const address: usize = memory.data(16, 8);
const chained: usize = memory.data(16, 8);

/** The key of the request's bucket; 0 where all share one. */
export function hashKey(config: Config, limit: Limit): u64 {
  let hash: u64 = 0;
  for (let i: u32 = 0; i < limit.keyCount; i++) {
    const part = keyPartAt(limit, i);
    const mark = markPart(config, part);
    readPart(config, part);
    hash = sipHash(config.secret, hash, value.ptr, value.size);
    arenaRelease(mark);
  }
  return hash;
}

/**
 * The same for every proxy: sixteen bytes, at an address that the next call overwrites. Nothing is
 * secret about it, so there are twice as many bits.
 */
export function hashKeyForAll(config: Config, limit: Limit, readable: bool): usize {
  memory.fill(chained, 0, SIPHASH_128_SIZE);
  for (let i: u32 = 0; readable && i < limit.keyCount; i++) {
    const part = keyPartAt(limit, i);
    const mark = markPart(config, part);
    readPart(config, part);
    sipHash128(chained, 0, value.ptr, value.size, chained);
    arenaRelease(mark);
  }
  return chained;
}

/** The arena before a part is read; the path, which lasts as long as the pass, is read before. */
function markPart(config: Config, part: KeyPart): u32 {
  if (part.subject == <u8>Subject.Path) requestPath(config, found);
  return arenaMark();
}

/** The value of a part into `value`; of size 0 where there is none. */
function readPart(config: Config, part: KeyPart): void {
  value.ptr = 0;
  value.size = 0;
  switch (part.subject) {
    case Subject.Header:
      readHeader(config, part);
      return;
    case Subject.Address:
      readAddress(config, part);
      return;
    case Subject.Host:
      readHost(config);
      return;
    case Subject.Path:
      readVariable(config, part);
      return;
    case Subject.Tag: {
      const tag = tagAt(config, part.index);
      value.ptr = tag.valuePtr;
      value.size = tag.valueSize;
      return;
    }
    default:
      readFields(config, part);
  }
}

function readHeader(config: Config, part: KeyPart): void {
  const at = onlyValue(config, part.index);
  if (at == 0) return;
  value.ptr = changetype<Value>(at).ptr;
  value.size = changetype<Value>(at).size;
  if (part.credential) foldScheme();
}

/** `Bearer  x` and `bearer x` are the same (RFC 9110 section 11.1): scheme folded, one blank. */
function foldScheme(): void {
  const room = arenaTake(value.size);
  if (room == 0) return;
  const scheme = indexOfByte(value.ptr, value.size, SPACE);
  memory.copy(room, value.ptr, scheme);
  foldInPlace(room, scheme);
  let rest = scheme;
  while (rest < value.size && <u32>load<u8>(value.ptr + rest) == SPACE) rest++;
  // From the last blank on, so that there is one.
  const from = rest > scheme ? rest - 1 : rest;
  memory.copy(room + scheme, value.ptr + from, value.size - from);
  value.ptr = room;
  value.size = scheme + value.size - from;
}

/** All cookies or fields of the query of one name must be the same. */
function readFields(config: Config, part: KeyPart): void {
  const isQuery = part.subject == <u8>Subject.Query;
  for (let at = firstValue(config, part.index); at != 0; at = changetype<Value>(at).next) {
    const list = changetype<Value>(at);
    if (isQuery) fields.openQuery(list.ptr, list.size);
    else fields.openCookies(list.ptr, list.size);
    let mark = arenaMark();
    while (fields.next()) {
      // What one field took is given back before the next, or a long query would use the arena up.
      arenaRelease(mark);
      if (!isNamed(part, isQuery)) continue;
      found.ptr = fields.valuePtr;
      found.size = fields.valueSize;
      if (isQuery) decodeField(found);
      else decodeCookie();
      if (found.size == 0) continue;
      if (value.size == 0) {
        value.ptr = found.ptr;
        value.size = found.size;
        mark = arenaMark();
      } else if (!equal(value.ptr, value.size, found.ptr, found.size)) {
        value.size = 0;
        return;
      }
    }
  }
}

/** Whether the field that the cursor stands on has the name of the part. */
function isNamed(part: KeyPart, isQuery: bool): bool {
  found.ptr = fields.namePtr;
  found.size = fields.nameSize;
  if (isQuery) {
    // Decoding each name of a long query would be dear; an escape is three bytes for one.
    if (found.size < part.nameSize || found.size > 3 * part.nameSize) return false;
    decodeField(found);
  } else {
    while (found.size > 0 && isBlank(load<u8>(found.ptr + found.size - 1))) found.size--;
  }
  return equal(found.ptr, found.size, part.namePtr, part.nameSize);
}

/**
 * The value of a cookie as the loosest reader takes it, without blanks and quotes around it and
 * without escapes: a client that spells its session in another way is the same client.
 */
function decodeCookie(): void {
  while (found.size > 0 && isBlank(load<u8>(found.ptr))) {
    found.ptr++;
    found.size--;
  }
  const last = found.ptr + found.size - 1;
  if (found.size > 1 && <u32>load<u8>(found.ptr) == QUOTE && <u32>load<u8>(last) == QUOTE) {
    found.ptr++;
    found.size -= 2;
  }
  if (indexOfByte(found.ptr, found.size, PERCENT) == found.size) return;
  const room = arenaTake(found.size);
  if (room == 0) return;
  found.size = decodePath(found.ptr, found.size, room);
  found.ptr = room;
}

function isBlank(byte: u32): bool {
  return byte == SPACE || byte == TAB;
}

function readAddress(config: Config, part: KeyPart): void {
  const client = clientAddress(config);
  if (client == 0) return;
  memory.copy(address, client, ADDRESS_SIZE);
  maskAddress(address, part.bits4, part.bits6);
  value.ptr = address;
  value.size = ADDRESS_SIZE;
}

/** Without port and case: it names the same host. */
function readHost(config: Config): void {
  if (!requestHost(config, found)) return;
  const folded = arenaTake(found.size);
  if (folded == 0) return;
  memory.copy(folded, found.ptr, found.size);
  foldInPlace(folded, found.size);
  value.ptr = folded;
  value.size = found.size;
}

/** In either reading of the path (request.ts); one that is no instance of the template has none. */
function readVariable(config: Config, part: KeyPart): void {
  if (!requestPath(config, found)) return;
  if (!isInstance(part) && (!otherPath(found) || !isInstance(part))) value.size = 0;
}

function isInstance(part: KeyPart): bool {
  return templateVariable(
    part.templatePtr,
    part.templateSize,
    found.ptr,
    found.size,
    false,
    part.namePtr,
    part.nameSize,
    value,
  );
}

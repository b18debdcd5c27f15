// key: which bucket a request is for: a hash of the values that the policy names.
// A value that is absent or empty, and one that comes several times with different texts, is none:
// those who send none share one bucket, or leaving a header out or doubling it would be a way around
// the limit. The hash is keyed with a secret (bytes/siphash.ts): who could make two keys meet could
// use up another's limit.

import { ADDRESS_SIZE, maskAddress } from '../../bytes/address';
import { FieldCursor } from '../../bytes/fields';
import { SIPHASH_128_SIZE, sipHash, sipHash128 } from '../../bytes/siphash';
import { equal, foldInPlace, Slice } from '../../bytes/slice';
import { templateVariable } from '../../bytes/template';
import { Config, KeyPart, keyPartAt, Limit, Subject, tagAt } from '../../config/layout';
import { arenaMark, arenaRelease, arenaTake } from '../../shim/arena';
import { decodeField } from '../matching/query';
import { clientAddress, firstValue, onlyValue, requestHost, requestPath, Value } from '../request';

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
      found.ptr = fields.namePtr;
      found.size = fields.nameSize;
      if (isQuery) decodeField(found);
      if (!equal(found.ptr, found.size, part.namePtr, part.nameSize)) continue;
      found.ptr = fields.valuePtr;
      found.size = fields.valueSize;
      if (isQuery) decodeField(found);
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

function readVariable(config: Config, part: KeyPart): void {
  if (!requestPath(config, found)) return;
  const matched = templateVariable(
    part.templatePtr,
    part.templateSize,
    found.ptr,
    found.size,
    false,
    part.namePtr,
    part.nameSize,
    value,
  );
  // A path that leaves the template behind its variable is no instance of it either.
  if (!matched) value.size = 0;
}

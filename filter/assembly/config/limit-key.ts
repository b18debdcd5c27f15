// limit-key: `per` of a limit, from JSON to an array of KeyPart (layout.ts): what tells one bucket
// from another.

import { equalsAscii, foldInPlace, Slice } from '../bytes/slice';
import { isTemplate, templateHas } from '../bytes/template';
import { xxh64 } from '../bytes/xxh64';
import { areaCopy, areaTake } from './area';
import { internClient } from './client';
import { tagIndex } from './condition';
import { faultValue, faultWords, listHolds } from './fault';
import {
  Config,
  HeaderNames,
  KEY_PART_SIZE,
  KeyPart,
  keyPartAt,
  Limit,
  nameAt,
  Operator,
  Subject,
  tagAt,
} from './layout';
import {
  checkObject,
  checkReadableHeader,
  checkText,
  checkToken,
  member,
  requiredMember,
} from './members';
import { checkInterned, internLiteral, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { normalizeOperand } from './paths';
import { countOf, NO_QUANTITY } from './quantity';

const KEYS = 'header cookie query ip host method path tag';
const ONE = 'one of header, cookie, query, ip, host, method, path and tag';
/** Headers whose values begin with a scheme, which has no case. */
const CREDENTIALS = 'authorization proxy-authorization';
/** Parts of one key. */
const PARTS_MAX: u32 = 8;
const PRIME: u64 = 0x9e3779b185ebca87;
/** The template of a path, as it is compared. */
const copied: Slice = changetype<Slice>(memory.data(8, 8));

/** `at` = 0: one bucket for all. */
export function compileKey(at: usize, config: Config, limit: Limit): bool {
  if (at == 0) return true;
  const node = nodeAt(at);
  if (node.kind != Kind.Array || node.count == 0) {
    return faultValue(node, 'an array of sources such as {"ip": true}, at least one');
  }
  if (node.count > PARTS_MAX) return faultWords(node, 'more sources', 'at most 8');
  limit.keys = areaTake(node.count * KEY_PART_SIZE);
  if (limit.keys == 0) return false;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    if (!compilePart(nodeAt(at), config, keyPartAt(limit, limit.keyCount))) return false;
    limit.keyCount++;
  }
  return true;
}

function compilePart(node: Node, config: Config, part: KeyPart): bool {
  if (!checkObject(node, KEYS)) return false;
  if (node.count == 0) return faultValue(node, ONE);
  if (node.count > 1) return faultWords(node, 'a second source', 'each in an object of its own');
  const child = nodeAt(node.first);
  const ptr = child.keyPtr;
  const size = child.keySize;
  if (equalsAscii(ptr, size, 'header')) return compileHeader(child, config, part);
  if (equalsAscii(ptr, size, 'cookie')) {
    if (!checkToken(child, 'the name of a cookie')) return false;
    return compileField(child, config, part, Subject.Cookie, 'cookie');
  }
  if (equalsAscii(ptr, size, 'query')) {
    if (!checkText(child, 1, 'the name of a field of the query')) return false;
    return compileField(child, config, part, Subject.Query, ':path');
  }
  if (equalsAscii(ptr, size, 'ip')) return compileAddress(child, config, part);
  if (equalsAscii(ptr, size, 'path')) return compilePath(child, config, part);
  if (equalsAscii(ptr, size, 'tag')) return compileTag(child, config, part);
  if (child.kind != Kind.True) return faultValue(child, 'true');
  const isHost = equalsAscii(ptr, size, 'host');
  part.subject = <u8>(isHost ? Subject.Host : Subject.Header);
  const name = isHost ? ':authority' : ':method';
  part.index = internLiteral(changetype<HeaderNames>(config.names), name);
  return checkInterned(part.index);
}

function compileHeader(child: Node, config: Config, part: KeyPart): bool {
  if (!checkReadableHeader(child)) return false;
  part.subject = <u8>Subject.Header;
  part.credential = listHolds(CREDENTIALS, child.ptr, child.size);
  part.index = internName(changetype<HeaderNames>(config.names), child.ptr, child.size);
  return checkInterned(part.index);
}

/** A cookie or a field of the query; `header` is where its list stands. */
function compileField(
  child: Node,
  config: Config,
  part: KeyPart,
  subject: Subject,
  header: string,
): bool {
  part.subject = <u8>subject;
  part.index = internLiteral(changetype<HeaderNames>(config.names), header);
  part.nameSize = child.size;
  part.namePtr = areaCopy(child.ptr, child.size);
  return part.namePtr != 0 && checkInterned(part.index);
}

/** `ip: true`, cut as the entry's `client` says, or `ip: {v4: 24, v6: 48}`. */
function compileAddress(child: Node, config: Config, part: KeyPart): bool {
  part.subject = <u8>Subject.Address;
  part.bits4 = config.clientBits4;
  part.bits6 = config.clientBits6;
  if (child.kind != Kind.True) {
    if (child.kind != Kind.Object) return faultValue(child, 'true or {"v4": 24, "v6": 48}');
    if (!checkObject(child, 'v4 v6')) return false;
    const v4 = member(child, 'v4');
    if (v4 != 0) {
      const bits = countOf(nodeAt(v4), 0, 32, 'a whole number from 0 to 32');
      if (bits == NO_QUANTITY) return false;
      part.bits4 = <u8>bits;
    }
    const v6 = member(child, 'v6');
    if (v6 != 0) {
      const bits = countOf(nodeAt(v6), 0, 128, 'a whole number from 0 to 128');
      if (bits == NO_QUANTITY) return false;
      part.bits6 = <u8>bits;
    }
  }
  return internClient(config);
}

/** `path: {template: /users/{id}/orders, variable: id}`. */
function compilePath(child: Node, config: Config, part: KeyPart): bool {
  if (!checkObject(child, 'template variable')) return false;
  const at = requiredMember(child, 'template', ': such as /users/{id}/orders');
  const name = requiredMember(child, 'variable', ': the part of the template that counts');
  if (at == 0 || name == 0) return false;
  const template = nodeAt(at);
  const wanted = 'a template such as /users/{id}/orders';
  if (!checkText(template, 1, wanted)) return false;
  if (!isTemplate(template.ptr, template.size)) return faultValue(template, wanted);
  copied.size = template.size;
  copied.ptr = areaCopy(template.ptr, template.size);
  if (copied.ptr == 0) return false;
  // As of a condition, or it would be a spelling that no request is compared in.
  if (!normalizeOperand(template, config, Operator.Template, copied)) return false;
  part.templateSize = copied.size;
  part.templatePtr = copied.ptr;
  if (!checkText(nodeAt(name), 1, 'the name of a variable of the template')) return false;
  const variable = nodeAt(name);
  if (!templateHas(copied.ptr, copied.size, variable.ptr, variable.size)) {
    return faultValue(variable, 'the name of a variable of the template');
  }
  if (config.pathsFold) foldLiterals(part.templatePtr, part.templateSize);
  return compileField(variable, config, part, Subject.Path, ':path');
}

/** Folds what stands outside of braces. */
function foldLiterals(ptr: usize, size: u32): void {
  let inside = false;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == 0x7b) inside = true;
    else if (byte == 0x7d) inside = false;
    else if (!inside) foldInPlace(ptr + i, 1);
  }
}

function compileTag(child: Node, config: Config, part: KeyPart): bool {
  if (!checkText(child, 1, 'the name of a tag header')) return false;
  foldInPlace(child.ptr, child.size);
  const index = tagIndex(config, config.tagCount, child.ptr, child.size);
  if (index < 0) return faultValue(child, 'a tag header that stands in "tags"');
  part.subject = <u8>Subject.Tag;
  part.index = index;
  return true;
}

/** One hash of two: not to be guessed at, but different for different configurations. */
export function mix(hash: u64, ptr: usize, size: u32): u64 {
  return rotl<u64>(hash, 29) * PRIME + xxh64(ptr, size);
}

/** What of the key a bucket's identity depends on, mixed into `hash`. */
export function keyIdentity(config: Config, limit: Limit, hash: u64): u64 {
  for (let i: u32 = 0; i < limit.keyCount; i++) {
    const part = keyPartAt(limit, i);
    hash = mix(hash, changetype<usize>(part), 3);
    if (part.subject == <u8>Subject.Header || part.subject == <u8>Subject.Tag) {
      const index = part.subject == <u8>Subject.Tag ? tagAt(config, part.index).index : part.index;
      const name = nameAt(changetype<HeaderNames>(config.names), index);
      hash = mix(hash, name.ptr, name.size);
    }
    hash = mix(hash, part.namePtr, part.nameSize);
    hash = mix(hash, part.templatePtr, part.templateSize);
  }
  return hash;
}

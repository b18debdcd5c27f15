// limit: one limit, from JSON to a Limit (layout.ts): its rate, its scope, and what its buckets are
// known by. Its state outlives the configuration: what it counts is its identity.

import { rateInterval, rateShift } from '../bytes/gcra';
import { sameBytes, sameFolded } from '../bytes/slice';
import {
  putAscii,
  putByte,
  putBytes,
  putNumber,
  textPtr,
  textReset,
  textSize,
} from '../bytes/text';
import { areaCopy } from './area';
import { compileWhen } from './condition';
import { faultValue, faultWords, listIndex } from './fault';
import { Config, HeaderNames, Limit, limitAt, Overflow, Scope } from './layout';
import { compileKey, keyIdentity, mix } from './limit-key';
import {
  checkBoolean,
  checkLabel,
  checkObject,
  checkText,
  member,
  requiredMember,
} from './members';
import { checkInterned, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { COUNT_MAX, countOf, NO_QUANTITY, rateOf, ratePeriodNs } from './quantity';
import { compileReject } from './reject';

const KEYS = 'name when per rate burst scope dryRun reject reply maxKeys overflow onServiceFailure';
const SCOPES = 'worker proxy global';
const OVERFLOWS = 'shared reject admit';
/** Bytes of a name: it stands in headers of every answer. */
const NAME_SIZE_MAX: u32 = 64;
const MAX_KEYS_DEFAULT: u32 = 4096;
const MAX_KEYS_MAX: u32 = 65536;
/** Buckets that share a slot in shared data (features/limiting/slot.ts). */
export const SLOT_BUCKETS: u32 = 64;
/**
 * What is leased ahead (features/limiting/lease.ts): tokens of bursts and rates that are large enough
 * for it. The others hold to the request: of 100 tokens a second nobody spends ten while a lease is
 * good, so that little would be saved.
 */
const LEASED_BURST_MIN: u32 = 32;
const LEASED_INTERVAL_MAX_NS: u64 = 10_000_000;
/** At most this part of the burst, by one worker; and never more than 64. */
const LEASED_PART: u64 = 8;
const LEASE_MAX: u64 = 64;
/**
 * How late a leased token may be spent, which is what the end of a burst may wait for: a quarter of
 * the tolerance, at most 50 ms, at most what 256 tokens take to come.
 */
const LATENESS_PART: u64 = 4;
const LATENESS_TOKENS: u64 = 256;
const LATENESS_MAX_NS: u64 = 50_000_000;
const NS_PER_SECOND: u64 = 1_000_000_000;

export function compileLimit(node: Node, config: Config, limit: Limit): bool {
  if (!checkObject(node, KEYS)) return false;
  if (!compileScope(member(node, 'scope'), limit)) return false;
  if (!compileName(node, config, limit)) return false;
  const when = member(node, 'when');
  if (when != 0) {
    limit.when = compileWhen(nodeAt(when), config, config.tagCount);
    if (limit.when == 0) return false;
  }
  if (!compileKey(member(node, 'per'), config, limit)) return false;
  if (!compileRate(node, limit)) return false;
  if (!compileBounds(node, limit)) return false;
  const dryRun = member(node, 'dryRun');
  if (dryRun != 0) {
    if (!checkBoolean(nodeAt(dryRun))) return false;
    limit.dryRun = nodeAt(dryRun).kind == Kind.True;
  }
  if (!compileReject(node, limit)) return false;
  if (limit.onSuccess && limit.scope == <u8>Scope.Global) {
    return faultWords(
      node,
      '"onSuccess" with "scope": "global"',
      'none: there every answer says what is left',
    );
  }
  return compileHandOver(config, limit) && identify(config, limit);
}

function compileScope(at: usize, limit: Limit): bool {
  limit.scope = <u8>Scope.Proxy;
  if (at == 0) return true;
  const scope = wordOf(nodeAt(at), SCOPES, '"worker", "proxy" or "global"');
  limit.scope = <u8>scope;
  return scope >= 0;
}

/** Position of a text among words, or -1 with a fault raised. */
function wordOf(node: Node, words: string, wanted: string): i32 {
  if (!checkText(node, 1, wanted)) return -1;
  const index = listIndex(words, node.ptr, node.size);
  if (index < 0) faultValue(node, wanted);
  return index;
}

/** Counters and headers name the limit, and its state is kept by its name. */
function compileName(node: Node, config: Config, limit: Limit): bool {
  const wanted = 'a name: visible ASCII without " and \\, at most 64 bytes';
  const at = requiredMember(node, 'name', ': what counters and answers call the limit');
  if (at == 0 || !checkLabel(nodeAt(at), wanted)) return false;
  const name = nodeAt(at);
  if (name.size > NAME_SIZE_MAX) return faultValue(name, wanted);
  for (let i: u32 = 0; i < name.size; i++) {
    const byte: u32 = load<u8>(name.ptr + i);
    if (byte > 0x7e || byte == 0x22 || byte == 0x5c) return faultValue(name, wanted);
  }
  if (limit.scope == <u8>Scope.Global && !isPlain(name.ptr, name.size)) {
    return faultValue(name, 'a name of letters, digits, - _ and . which becomes part of a header');
  }
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const other = limitAt(config, i);
    if (other.nameSize != name.size) continue;
    // Those of scope global are names of headers, which have no case.
    const isHeader = limit.scope == <u8>Scope.Global && other.scope == <u8>Scope.Global;
    const same = isHeader
      ? sameFolded(other.namePtr, name.ptr, name.size)
      : sameBytes(other.namePtr, name.ptr, name.size);
    if (same) return faultValue(name, 'a name that no other limit of this entry has');
  }
  limit.nameSize = name.size;
  limit.namePtr = areaCopy(name.ptr, name.size);
  return limit.namePtr != 0;
}

/** Letters, digits, - _ and . alone. */
function isPlain(ptr: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    const plain = (byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10;
    if (!plain && byte != 0x2d && byte != 0x2e && byte != 0x5f) return false;
  }
  return true;
}

function compileRate(node: Node, limit: Limit): bool {
  const at = requiredMember(node, 'rate', ': such as 10/s');
  if (at == 0) return false;
  const count = rateOf(nodeAt(at));
  if (count == NO_QUANTITY) return false;
  limit.burst = <u32>count;
  const burst = member(node, 'burst');
  if (burst != 0) {
    const wanted = 'a whole number from 1 to 1000000000';
    const value = countOf(nodeAt(burst), 1, COUNT_MAX, wanted);
    if (value == NO_QUANTITY) return false;
    limit.burst = <u32>value;
  }
  const period = ratePeriodNs();
  limit.shift = rateShift(<u32>count, period, limit.burst);
  limit.interval = rateInterval(<u32>count, period, limit.shift);
  limit.tolerance = limit.interval * <u64>limit.burst;
  const isFast = limit.interval <= LEASED_INTERVAL_MAX_NS >> limit.shift;
  if (isFast && limit.burst >= LEASED_BURST_MIN && limit.scope != <u8>Scope.Worker) {
    limit.leaseMax = <u32>min<u64>(<u64>limit.burst / LEASED_PART, LEASE_MAX);
    limit.lateness = min<u64>(limit.tolerance / LATENESS_PART, LATENESS_MAX_NS >> limit.shift);
    limit.lateness = min<u64>(limit.lateness, limit.interval * LATENESS_TOKENS);
  }
  return compilePolicy(limit);
}

/** The value of ratelimit-policy: `"login";q=20;w=2`, the burst and the seconds it takes to refill. */
function compilePolicy(limit: Limit): bool {
  textReset();
  putByte(0x22);
  putBytes(limit.namePtr, limit.nameSize);
  putAscii('";q=');
  putNumber(limit.burst);
  putAscii(';w=');
  const unitsPerSecond = max<u64>(NS_PER_SECOND >> limit.shift, 1);
  const seconds = (limit.tolerance + unitsPerSecond - 1) / unitsPerSecond;
  putNumber(<u32>min<u64>(seconds, <u64>u32.MAX_VALUE));
  limit.policySize = textSize();
  limit.policyPtr = areaCopy(textPtr(), textSize());
  return limit.policyPtr != 0;
}

function compileBounds(node: Node, limit: Limit): bool {
  limit.maxKeys = limit.keyCount == 0 ? 1 : MAX_KEYS_DEFAULT;
  const maxKeys = member(node, 'maxKeys');
  if (maxKeys != 0) {
    const wanted = 'a whole number from 1 to 65536';
    const value = countOf(nodeAt(maxKeys), 1, MAX_KEYS_MAX, wanted);
    if (value == NO_QUANTITY) return false;
    if (limit.keyCount == 0) return faultValue(nodeAt(maxKeys), 'none without "per": one bucket');
    limit.maxKeys = <u32>value;
  }
  limit.slotCount = (limit.maxKeys + SLOT_BUCKETS - 1) / SLOT_BUCKETS;
  limit.slotBuckets = <u8>(limit.maxKeys / limit.slotCount);
  const overflow = member(node, 'overflow');
  if (overflow != 0) {
    const word = wordOf(nodeAt(overflow), OVERFLOWS, '"shared", "reject" or "admit"');
    if (word < 0) return false;
    if (limit.keyCount == 0) return faultValue(nodeAt(overflow), 'none without "per": one bucket');
    limit.overflow = <u8>word;
  } else {
    limit.overflow = <u8>Overflow.Shared;
  }
  const failure = member(node, 'onServiceFailure');
  if (failure == 0) return true;
  if (wordOf(nodeAt(failure), 'admit reject', '"admit" or "reject"') < 0) return false;
  if (limit.scope == <u8>Scope.Global) return true;
  return faultValue(nodeAt(failure), 'none but with "scope": "global": no other asks a service');
}

/** For the rate limit service: the header that carries the bucket's key to Envoy's own filter. */
function compileHandOver(config: Config, limit: Limit): bool {
  if (limit.scope != <u8>Scope.Global) return true;
  textReset();
  putAscii('x-tagalong-limit-');
  for (let i: u32 = 0; i < limit.nameSize; i++) {
    const byte: u32 = load<u8>(limit.namePtr + i);
    putByte(byte - 0x41 < 26 ? byte | 0x20 : byte);
  }
  const index = internName(changetype<HeaderNames>(config.names), textPtr(), textSize());
  if (!checkInterned(index)) return false;
  limit.handOver = index + 1;
  return true;
}

/**
 * What must be the same for a bucket to go on counting: name, scope, rate, burst, bounds and key.
 * `when` and the reply are not among it.
 */
function identify(config: Config, limit: Limit): bool {
  textReset();
  putByte(<u32>limit.scope);
  putNumber(limit.burst);
  putByte(0);
  putNumber(limit.maxKeys);
  putByte(0);
  putBytes(limit.namePtr, limit.nameSize);
  let hash = mix(limit.interval ^ ((<u64>limit.shift) << 56), textPtr(), textSize());
  // Plugins of several policies may share a VM.
  hash = mix(hash ^ <u64>config.direction, config.idPtr, config.idSize);
  // 0 says that nothing is there.
  limit.identity = max<u64>(keyIdentity(config, limit, hash), 1);
  textReset();
  putAscii('tagalong/1/limit/');
  putBytes(config.idPtr, config.idSize);
  putAscii('/');
  putNumber(<u32>config.direction);
  putAscii('/00000000');
  limit.slotSize = textSize();
  limit.slotPtr = areaCopy(textPtr(), textSize());
  return limit.slotPtr != 0;
}

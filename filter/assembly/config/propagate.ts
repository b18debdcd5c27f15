// propagate: the `propagate` section, from JSON to a Propagate (layout.ts).

import { putAscii, putBytes, textPtr, textReset, textSize } from '../bytes/text';
import { xxh64 } from '../bytes/xxh64';
import { areaCopy, areaTake } from './area';
import { faultValue, faultWords, listHolds, listIndex } from './fault';
import {
  CARRIED_MAX,
  CARRIED_SIZE,
  Config,
  carriedAt,
  Direction,
  HeaderNames,
  PROPAGATE_SIZE,
  Propagate,
  SLOT_ENTRIES,
  StoreKey,
  TraceFormat,
  tagAt,
} from './layout';
import { checkArray, checkBoolean, checkObject, checkReadableHeader, member } from './members';
import { checkInterned, internLiteral, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { policySize } from './percent';
import { countOf, NO_QUANTITY, secondsOf } from './quantity';

const KEYS = 'key headers formats makeRequestId capacity ttl';
/** Always carried, or never: credentials, and what belongs to one connection. */
const REFUSED =
  'x-request-id traceparent tracestate b3 x-b3-traceid x-b3-spanid x-b3-parentspanid ' +
  'x-b3-sampled x-b3-flags x-ot-span-context authorization proxy-authorization cookie set-cookie ' +
  'x-forwarded-for forwarded connection keep-alive proxy-connection te trailer upgrade ' +
  'transfer-encoding content-length content-type expect';
const KEY_WORDS = 'x-request-id traceparent b3';
const FORMAT_WORDS = 'b3 b3multi w3c';

/** Entries of a store. */
const CAPACITY_MIN: u32 = 64;
const CAPACITY_MAX: u32 = 65536;
const CAPACITY_DEFAULT: u32 = 8192;
const TTL_MAX: u32 = 3600;
const TTL_DEFAULT: u32 = 60;
const NS_PER_SECOND: u64 = 1_000_000_000;

/** The Propagate, or 0 with a fault raised. */
export function compilePropagate(node: Node, config: Config): usize {
  if (!checkObject(node, KEYS)) return 0;
  if (config.direction == <u8>Direction.Gateway) {
    faultWords(
      node,
      '"propagate" at a gateway',
      'a sidecar: there is no application to get through',
    );
    return 0;
  }
  const ptr = areaTake(PROPAGATE_SIZE);
  if (ptr == 0) return 0;
  const propagate = changetype<Propagate>(ptr);
  if (!compileKeys(member(node, 'key'), propagate)) return 0;
  if (!compileHeaders(member(node, 'headers'), config, propagate)) return 0;
  if (!compileFormats(member(node, 'formats'), propagate)) return 0;
  if (!compileBounds(node, propagate)) return 0;
  const make = member(node, 'makeRequestId');
  if (make != 0) {
    if (!checkBoolean(nodeAt(make))) return 0;
    propagate.makeRequestId = nodeAt(make).kind == Kind.True;
  }
  return internTraceSet(config, propagate) && nameSlots(config, propagate) ? ptr : 0;
}

/** An array of different words into bytes at `out`; how many, or -1 with a fault raised. */
function compileWords(node: Node, words: string, out: usize): i32 {
  if (node.kind != Kind.Array) {
    faultValue(node, 'an array of: ', words);
    return -1;
  }
  let count: u32 = 0;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    const index = item.kind == Kind.String ? listIndex(words, item.ptr, item.size) : -1;
    if (index < 0) {
      faultValue(nodeAt(at), 'one of: ', words);
      return -1;
    }
    for (let i: u32 = 0; i < count; i++) {
      if (<i32>load<u8>(out + i) != index) continue;
      faultValue(nodeAt(at), 'each once');
      return -1;
    }
    store<u8>(out + count, <u8>index);
    count++;
  }
  return <i32>count;
}

function compileKeys(at: usize, propagate: Propagate): bool {
  propagate.key0 = <u8>StoreKey.RequestId;
  propagate.key1 = <u8>StoreKey.Traceparent;
  propagate.key2 = <u8>StoreKey.B3;
  propagate.keyCount = 3;
  if (at == 0) return true;
  const count = compileWords(nodeAt(at), KEY_WORDS, changetype<usize>(propagate));
  propagate.keyCount = <u8>count;
  if (count == 0) return faultValue(nodeAt(at), 'at least one of: ', KEY_WORDS);
  return count > 0;
}

function compileFormats(at: usize, propagate: Propagate): bool {
  const base = changetype<usize>(propagate);
  propagate.read0 = <u8>TraceFormat.B3;
  propagate.read1 = <u8>TraceFormat.B3Multi;
  propagate.read2 = <u8>TraceFormat.W3c;
  propagate.readCount = 3;
  propagate.write0 = <u8>TraceFormat.B3Multi;
  propagate.write1 = <u8>TraceFormat.W3c;
  propagate.writeCount = 2;
  if (at == 0) return true;
  if (!checkObject(nodeAt(at), 'read write')) return false;
  const read = member(nodeAt(at), 'read');
  if (read != 0) {
    const count = compileWords(nodeAt(read), FORMAT_WORDS, base + 3);
    if (count < 0) return false;
    propagate.readCount = <u8>count;
  }
  const write = member(nodeAt(at), 'write');
  if (write == 0) return true;
  const count = compileWords(nodeAt(write), FORMAT_WORDS, base + 6);
  propagate.writeCount = <u8>count;
  return count >= 0;
}

/** By default the tags of the entry. */
function compileHeaders(at: usize, config: Config, propagate: Propagate): bool {
  propagate.carried = areaTake(CARRIED_MAX * CARRIED_SIZE);
  if (propagate.carried == 0) return false;
  if (at == 0) {
    for (let i: u32 = 0; i < config.tagCount; i++) {
      const carried = carriedAt(propagate, propagate.carriedCount++);
      carried.index = tagAt(config, i).index;
      carried.tag = i + 1;
    }
    return true;
  }
  const node = nodeAt(at);
  if (!checkArray(node, 'an array of header names')) return false;
  if (node.count > CARRIED_MAX) return faultWords(node, 'more headers', 'at most 16');
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    if (!checkReadableHeader(item)) return false;
    if (listHolds(REFUSED, item.ptr, item.size)) {
      return faultValue(
        item,
        'a header that is not of the trace set, no secret, and not of one hop',
      );
    }
    const index = internName(changetype<HeaderNames>(config.names), item.ptr, item.size);
    if (!checkInterned(index)) return false;
    for (let i: u32 = 0; i < propagate.carriedCount; i++) {
      if (carriedAt(propagate, i).index == index) return faultValue(item, 'each header once');
    }
    const carried = carriedAt(propagate, propagate.carriedCount++);
    carried.index = index;
    carried.tag = tagOf(config, index);
  }
  return true;
}

/** 1 + index of the tag of a header, or 0. */
function tagOf(config: Config, index: u32): u32 {
  for (let i: u32 = 0; i < config.tagCount; i++) {
    if (tagAt(config, i).index == index) return i + 1;
  }
  return 0;
}

function compileBounds(node: Node, propagate: Propagate): bool {
  let seconds: i64 = TTL_DEFAULT;
  const ttl = member(node, 'ttl');
  if (ttl != 0) {
    seconds = secondsOf(nodeAt(ttl), 1, TTL_MAX, 'a time such as 60s, at most 1h');
    if (seconds == NO_QUANTITY) return false;
  }
  propagate.ttlNs = <u64>seconds * NS_PER_SECOND;
  let entries = CAPACITY_DEFAULT;
  const capacity = member(node, 'capacity');
  if (capacity != 0) {
    const text = 'a whole number from 64 to 65536';
    const wanted = countOf(nodeAt(capacity), CAPACITY_MIN, CAPACITY_MAX, text);
    if (wanted == NO_QUANTITY) return false;
    entries = CAPACITY_MIN;
    while (entries < <u32>wanted) entries <<= 1;
  }
  propagate.slotMask = entries / SLOT_ENTRIES - 1;
  return true;
}

function internTraceSet(config: Config, propagate: Propagate): bool {
  const names = changetype<HeaderNames>(config.names);
  propagate.requestId = internLiteral(names, 'x-request-id');
  propagate.traceparent = internLiteral(names, 'traceparent');
  propagate.tracestate = internLiteral(names, 'tracestate');
  propagate.b3 = internLiteral(names, 'b3');
  propagate.b3TraceId = internLiteral(names, 'x-b3-traceid');
  propagate.b3SpanId = internLiteral(names, 'x-b3-spanid');
  propagate.b3ParentSpanId = internLiteral(names, 'x-b3-parentspanid');
  propagate.b3Sampled = internLiteral(names, 'x-b3-sampled');
  propagate.b3Flags = internLiteral(names, 'x-b3-flags');
  propagate.otSpanContext = internLiteral(names, 'x-ot-span-context');
  return (
    checkInterned(propagate.requestId) &&
    checkInterned(propagate.traceparent) &&
    checkInterned(propagate.tracestate) &&
    checkInterned(propagate.b3) &&
    checkInterned(propagate.b3TraceId) &&
    checkInterned(propagate.b3SpanId) &&
    checkInterned(propagate.b3ParentSpanId) &&
    checkInterned(propagate.b3Sampled) &&
    checkInterned(propagate.b3Flags) &&
    checkInterned(propagate.otSpanContext)
  );
}

/** One store for both directions of a policy: its names leave out entry and direction. */
function nameSlots(config: Config, propagate: Propagate): bool {
  const size = policySize(config.idPtr, config.idSize);
  textReset();
  putAscii('tagalong/1/writers/');
  putBytes(config.idPtr, size);
  propagate.writersSize = textSize();
  propagate.writersPtr = areaCopy(textPtr(), textSize());
  textReset();
  putAscii('tagalong/1/propagate/');
  putBytes(config.idPtr, size);
  putAscii('/0000');
  propagate.slotSize = textSize();
  propagate.slotPtr = areaCopy(textPtr(), textSize());
  propagate.policyHash = xxh64(config.idPtr, size);
  return propagate.writersPtr != 0 && propagate.slotPtr != 0;
}

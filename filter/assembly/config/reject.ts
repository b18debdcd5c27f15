// reject: what a limit answers, from JSON: `reject` and `reply` into a Limit (layout.ts).

import { SLICE_SIZE, sliceAt } from '../bytes/slice';
import { areaCopy, areaLiteral, areaTake } from './area';
import { faultValue, faultWords, listHolds } from './fault';
import { Limit } from './layout';
import { checkBoolean, checkObject, checkText, foldHeaderName, member } from './members';
import { Kind, Node, nodeAt } from './node';
import { countOf, NO_QUANTITY, secondsOf } from './quantity';

const TOO_MANY_REQUESTS: u32 = 429;
const DEFAULT_BODY = 'rate limit exceeded';
const HEADERS_MAX: u32 = 16;
const JITTER_MAX: u32 = 3600;
/** The filter's own, Envoy's own, and what belongs to one connection. */
const REFUSED =
  'retry-after ratelimit ratelimit-policy x-ratelimit-limit x-ratelimit-remaining ' +
  'x-ratelimit-reset content-length transfer-encoding connection keep-alive te trailer upgrade ' +
  'proxy-connection date server grpc-status grpc-message';

/** `reject` and `reply` among the members of a limit. */
export function compileReject(node: Node, limit: Limit): bool {
  limit.status = TOO_MANY_REQUESTS;
  const reject = member(node, 'reject');
  let body: usize = 0;
  if (reject != 0) {
    if (!checkObject(nodeAt(reject), 'status body headers')) return false;
    const status = member(nodeAt(reject), 'status');
    if (status != 0) {
      const value = countOf(nodeAt(status), 400, 599, 'a status from 400 to 599');
      if (value == NO_QUANTITY) return false;
      limit.status = <u32>value;
    }
    const headers = member(nodeAt(reject), 'headers');
    if (headers != 0 && !compileHeaders(nodeAt(headers), limit)) return false;
    body = member(nodeAt(reject), 'body');
  }
  return compileBody(body, limit) && compileReply(member(node, 'reply'), limit);
}

function compileBody(at: usize, limit: Limit): bool {
  if (at == 0) {
    limit.bodySize = DEFAULT_BODY.length;
    limit.bodyPtr = areaLiteral(DEFAULT_BODY);
  } else {
    if (!checkText(nodeAt(at), 0, 'a text, at most 4096 bytes')) return false;
    limit.bodySize = nodeAt(at).size;
    limit.bodyPtr = areaCopy(nodeAt(at).ptr, limit.bodySize);
  }
  return limit.bodyPtr != 0;
}

function compileHeaders(node: Node, limit: Limit): bool {
  if (node.kind != Kind.Object) return faultValue(node, 'an object of headers and their values');
  if (node.count > HEADERS_MAX) return faultWords(node, 'more headers', 'at most 16');
  limit.headers = areaTake(node.count * 2 * SLICE_SIZE);
  if (limit.headers == 0) return false;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const child = nodeAt(at);
    if (!checkHeaderKey(node, child) || !checkHeaderText(child)) return false;
    const name = sliceAt(limit.headers, limit.headerCount * 2);
    const value = sliceAt(limit.headers, limit.headerCount * 2 + 1);
    for (let i: u32 = 0; i < limit.headerCount; i++) {
      const other = sliceAt(limit.headers, i * 2);
      const same =
        other.size == child.keySize && memory.compare(other.ptr, child.keyPtr, other.size) == 0;
      if (same) return faultValue(child, 'each header once');
    }
    name.size = child.keySize;
    name.ptr = areaCopy(child.keyPtr, child.keySize);
    value.size = child.size;
    value.ptr = areaCopy(child.ptr, child.size);
    if (name.ptr == 0 || value.ptr == 0) return false;
    limit.headerCount++;
    limit.headersSize += name.size + value.size;
  }
  return true;
}

/** A member's name as a header that an answer may have; it is lower-cased where it stands. */
function checkHeaderKey(node: Node, child: Node): bool {
  const wanted = "headers (letters, digits and -) that are neither the filter's nor the hop's";
  const ptr = child.keyPtr;
  const size = child.keySize;
  if (foldHeaderName(ptr, size) && !listHolds(REFUSED, ptr, size)) return true;
  return faultWords(node, 'the header', wanted, '', ptr, size);
}

/** What a header may hold: no control character, no blank at its ends. */
function checkHeaderText(node: Node): bool {
  const wanted = 'a value for the header: visible text, no blank at its ends';
  if (!checkText(node, 1, wanted)) return false;
  const last = node.ptr + node.size - 1;
  if (load<u8>(node.ptr) == 0x20 || load<u8>(last) == 0x20) return faultValue(node, wanted);
  for (let at = node.ptr; at <= last; at++) {
    if (load<u8>(at) < 0x20 || load<u8>(at) == 0x7f) return faultValue(node, wanted);
  }
  return true;
}

function compileReply(at: usize, limit: Limit): bool {
  if (at == 0) return true;
  if (!checkObject(nodeAt(at), 'jitter onSuccess')) return false;
  const jitter = member(nodeAt(at), 'jitter');
  if (jitter != 0) {
    const seconds = secondsOf(nodeAt(jitter), 0, JITTER_MAX, 'a time such as 5s, at most 1h');
    if (seconds == NO_QUANTITY) return false;
    limit.jitterSeconds = <u32>seconds;
  }
  const onSuccess = member(nodeAt(at), 'onSuccess');
  if (onSuccess == 0) return true;
  if (!checkBoolean(nodeAt(onSuccess))) return false;
  limit.onSuccess = nodeAt(onSuccess).kind == Kind.True;
  return true;
}

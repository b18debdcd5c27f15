// condition: `when` of a rule, from JSON to a tree of conditions (layout.ts).
// An object is the AND of its keys. It names at most one of header, cookie and query, with its
// operator beside it; path and host hold theirs inside.

import { isWideMapped, NETWORK_SIZE, parseNetwork } from '../bytes/address';
import { equal, equalsAscii, foldInPlace } from '../bytes/slice';
import { areaCopy, areaTake } from './area';
import { internClient } from './client';
import { faultValue, faultWords, listHolds } from './fault';
import {
  CONDITION_SIZE,
  Condition,
  Config,
  HeaderNames,
  nameAt,
  Operator,
  Subject,
  tagAt,
} from './layout';
import {
  checkArray,
  checkHeaderName,
  checkObject,
  checkOnce,
  checkText,
  checkToken,
} from './members';
import { checkInterned, internLiteral, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { compileIn, compileOperand, compileOperator, isOperatorKey, OPERATORS } from './operator';

const FIELDS = 'header cookie query';
const WHEN_KEYS =
  'header cookie query exact prefix suffix contains in present regex ignoreCase path host method ' +
  'ip tag all any not';
const PATH_KEYS = 'exact prefix suffix contains in present regex ignoreCase template';
const HOST_KEYS = 'exact prefix suffix contains in present regex ignoreCase';

// What is being compiled, and how many of its tags conditions may name.
let config: Config = changetype<Config>(0);
let tagsDecided: u32 = 0;

/** A `when`; `tags`: how many are decided before it is asked. 0 with a fault raised. */
export function compileWhen(node: Node, into: Config, tags: u32): usize {
  config = into;
  tagsDecided = tags;
  return compileObject(node);
}

/** Cleared memory for a condition; 0 where the area is full, which config.ts reports. */
function newCondition(subject: Subject): usize {
  const ptr = areaTake(CONDITION_SIZE);
  if (ptr != 0) changetype<Condition>(ptr).subject = <u8>subject;
  return ptr;
}

function append(parent: Condition, last: usize, child: usize): usize {
  if (last == 0) parent.first = child;
  else changetype<Condition>(last).next = child;
  return child;
}

function compileObject(node: Node): usize {
  if (!checkObject(node, WHEN_KEYS)) return 0;
  if (node.count == 0) {
    faultValue(node, 'at least one condition; leave "when" out for always');
    return 0;
  }
  const parent = newCondition(Subject.All);
  if (parent == 0) return 0;
  let last: usize = 0;
  let subject: usize = 0;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const child = nodeAt(at);
    if (listHolds(FIELDS, child.keyPtr, child.keySize)) {
      if (subject != 0) {
        faultWords(node, 'a second of header, cookie and query', 'one; put the other under "all"');
        return 0;
      }
      subject = at;
    } else if (isOperatorKey(child)) {
      continue;
    }
    const compiled = compileKey(node, child);
    if (compiled == 0) return 0;
    last = append(changetype<Condition>(parent), last, compiled);
  }
  if (subject == 0) {
    for (let at = node.first; at != 0; at = nodeAt(at).next) {
      if (!isOperatorKey(nodeAt(at))) continue;
      faultWords(
        node,
        'the operator',
        'header, cookie or query beside it',
        '',
        nodeAt(at).keyPtr,
        nodeAt(at).keySize,
      );
      return 0;
    }
  }
  return changetype<Condition>(parent).first == last ? last : parent;
}

/** One key of a `when` object; `node` is the object, where a field's operator stands. */
function compileKey(node: Node, child: Node): usize {
  const ptr = child.keyPtr;
  const size = child.keySize;
  if (equalsAscii(ptr, size, 'header')) return compileHeader(node, child);
  if (equalsAscii(ptr, size, 'cookie')) return compileField(node, child, Subject.Cookie, 'cookie');
  if (equalsAscii(ptr, size, 'query')) return compileField(node, child, Subject.Query, ':path');
  if (equalsAscii(ptr, size, 'path')) return compilePart(child, Subject.Path, ':path', PATH_KEYS);
  if (equalsAscii(ptr, size, 'host')) {
    return compilePart(child, Subject.Host, ':authority', HOST_KEYS);
  }
  if (equalsAscii(ptr, size, 'method')) return compileMethod(child);
  if (equalsAscii(ptr, size, 'ip')) return compileNetworks(child);
  if (equalsAscii(ptr, size, 'tag')) return compileTags(child);
  if (equalsAscii(ptr, size, 'not')) return compileNot(child);
  return compileList(child, equalsAscii(ptr, size, 'all') ? Subject.All : Subject.Any);
}

function compileHeader(node: Node, child: Node): usize {
  if (!checkHeaderName(child)) return 0;
  if (equalsAscii(child.ptr, child.size, 'host')) {
    faultValue(child, 'the condition "host": Envoy keeps this header as :authority');
    return 0;
  }
  const ptr = newCondition(Subject.Header);
  if (ptr == 0) return 0;
  const condition = changetype<Condition>(ptr);
  condition.index = internName(changetype<HeaderNames>(config.names), child.ptr, child.size);
  return checkInterned(condition.index) && compileOperator(node, config, condition, OPERATORS)
    ? ptr
    : 0;
}

/** A cookie or a field of the query; `header` is where its list stands. */
function compileField(node: Node, child: Node, subject: Subject, header: string): usize {
  const valid =
    subject == Subject.Cookie
      ? checkToken(child, 'the name of a cookie')
      : checkText(child, 1, 'the name of a field of the query');
  if (!valid) return 0;
  const ptr = newCondition(subject);
  if (ptr == 0) return 0;
  const condition = changetype<Condition>(ptr);
  condition.index = internLiteral(changetype<HeaderNames>(config.names), header);
  condition.namePtr = areaCopy(child.ptr, child.size);
  condition.nameSize = child.size;
  if (condition.namePtr == 0 || !checkInterned(condition.index)) return 0;
  return compileOperator(node, config, condition, OPERATORS) ? ptr : 0;
}

/** `path` or `host`: the operator stands inside. */
function compilePart(child: Node, subject: Subject, header: string, keys: string): usize {
  if (!checkObject(child, keys)) return 0;
  const ptr = newCondition(subject);
  if (ptr == 0) return 0;
  const condition = changetype<Condition>(ptr);
  condition.index = internLiteral(changetype<HeaderNames>(config.names), header);
  // Host names are compared without case (RFC 9110 section 4.2.3).
  condition.fold = subject == Subject.Host || config.pathsFold;
  return checkInterned(condition.index) && compileOperator(child, config, condition, keys)
    ? ptr
    : 0;
}

/** `method: [GET, …]` is the header :method in a list. */
function compileMethod(child: Node): usize {
  const ptr = newCondition(Subject.Header);
  if (ptr == 0) return 0;
  const condition = changetype<Condition>(ptr);
  condition.index = internLiteral(changetype<HeaderNames>(config.names), ':method');
  if (!checkInterned(condition.index) || !compileIn(child, config, condition)) return 0;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    if (!checkToken(nodeAt(at), 'a method such as GET')) return 0;
  }
  return ptr;
}

function compileNetworks(child: Node): usize {
  if (child.kind != Kind.Array || child.count == 0) {
    faultValue(child, 'an array of addresses or networks, at least one');
    return 0;
  }
  const ptr = newCondition(Subject.Address);
  const array = areaTake(child.count * NETWORK_SIZE);
  if (ptr == 0 || array == 0 || !internClient(config)) return 0;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    const wanted = 'an address or network such as 10.0.0.0/8 or 2001:db8::/32';
    if (
      item.kind != Kind.String ||
      !parseNetwork(item.ptr, item.size, array + item.index * NETWORK_SIZE)
    ) {
      faultValue(item, wanted);
      return 0;
    }
    if (isWideMapped(item.ptr, item.size, array + item.index * NETWORK_SIZE)) {
      // As ::/8 it would hold everybody, and nobody writes that so.
      faultValue(item, 'such as 10.0.0.0/8: bits of ::ffff:10.0.0.0 are counted from 96');
      return 0;
    }
  }
  changetype<Condition>(ptr).operandPtr = array;
  changetype<Condition>(ptr).operandSize = child.count;
  return ptr;
}

/** `tag: {NAME: value, …}`: each names a tag that this pass has decided before. */
function compileTags(child: Node): usize {
  const wanted = 'an object of tag headers and their values, at least one';
  if (child.kind != Kind.Object || child.count == 0) {
    faultValue(child, wanted);
    return 0;
  }
  const parent = newCondition(Subject.All);
  if (parent == 0) return 0;
  let last: usize = 0;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    if (!checkText(item, 1, 'the value of a tag')) return 0;
    foldInPlace(item.keyPtr, item.keySize);
    const index = tagIndex(config, tagsDecided, item.keyPtr, item.keySize);
    if (index < 0) {
      faultWords(
        child,
        'the tag',
        tagsDecided < config.tagCount
          ? 'a tag header that stands before this one in "tags"'
          : 'a tag header that stands in "tags"',
        '',
        item.keyPtr,
        item.keySize,
      );
      return 0;
    }
    if (!checkOnce(child, item)) return 0;
    const ptr = newCondition(Subject.Tag);
    if (ptr == 0) return 0;
    const condition = changetype<Condition>(ptr);
    condition.index = index;
    if (!compileOperand(item, config, condition, Operator.Exact)) return 0;
    last = append(changetype<Condition>(parent), last, ptr);
  }
  return parent;
}

/** Position of a tag header among the first `count` tags, or -1. */
export function tagIndex(config: Config, count: u32, ptr: usize, size: u32): i32 {
  for (let i: u32 = 0; i < count; i++) {
    const name = nameAt(changetype<HeaderNames>(config.names), tagAt(config, i).index);
    if (equal(name.ptr, name.size, ptr, size)) return i;
  }
  return -1;
}

function compileNot(child: Node): usize {
  const ptr = newCondition(Subject.Not);
  if (ptr == 0) return 0;
  const inner = compileObject(child);
  changetype<Condition>(ptr).first = inner;
  return inner != 0 ? ptr : 0;
}

function compileList(child: Node, subject: Subject): usize {
  if (!checkArray(child, 'an array of conditions')) return 0;
  if (child.count == 0) {
    faultValue(child, 'at least one condition');
    return 0;
  }
  const parent = newCondition(subject);
  if (parent == 0) return 0;
  let last: usize = 0;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    const compiled = compileObject(nodeAt(at));
    if (compiled == 0) return 0;
    last = append(changetype<Condition>(parent), last, compiled);
  }
  return parent;
}

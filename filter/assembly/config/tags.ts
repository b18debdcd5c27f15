// tags: the `tags` section, from JSON to an array of Tag with their rules (layout.ts).

import { equalsAscii, SLICE_SIZE, sliceAt } from '../bytes/slice';
import { areaCopy, areaTake } from './area';
import { faultValue, faultWords, listHolds } from './fault';
import {
  Config,
  Direction,
  HeaderNames,
  Incoming,
  RULE_SIZE,
  Rule,
  TAG_SIZE,
  TAGS_MAX,
  Tag,
  tagAt,
} from './layout';
import {
  checkArray,
  checkBoolean,
  checkHeaderName,
  checkLabel,
  checkObject,
  member,
  requiredMember,
} from './members';
import { checkInterned, findName, internLiteral, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { compileRule, VALUE_WANTED } from './rule';

const KEYS = 'header incoming rules default carry echo';

/** Headers that mean something else to every hop: a tag there would break requests. */
const RESERVED =
  'host connection content-length transfer-encoding te upgrade trailer keep-alive ' +
  'proxy-connection expect content-type cookie authorization x-forwarded-for x-request-id ' +
  'baggage traceparent tracestate b3 x-b3-traceid x-b3-spanid x-b3-parentspanid x-b3-sampled ' +
  'x-b3-flags x-ot-span-context';

export function compileTags(node: Node, config: Config): bool {
  if (!checkArray(node, 'an array of tag headers')) return false;
  if (node.count > TAGS_MAX) return faultWords(node, 'more tag headers', 'at most 16');
  config.tags = areaTake(node.count * TAG_SIZE);
  if (config.tags == 0) return false;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    config.tagCount++;
    if (!compileTag(nodeAt(at), config, tagAt(config, config.tagCount - 1))) return false;
  }
  return true;
}

function compileTag(node: Node, config: Config, tag: Tag): bool {
  if (!checkObject(node, KEYS)) return false;
  const header = requiredMember(node, 'header', ': the name of the tag header');
  if (header == 0 || !compileHeader(nodeAt(header), config, tag)) return false;

  tag.incoming = <u8>(config.direction == <u8>Direction.Gateway ? Incoming.Strip : Incoming.Trust);
  const incoming = member(node, 'incoming');
  if (incoming != 0 && !compileIncoming(nodeAt(incoming), tag)) return false;

  const rules = member(node, 'rules');
  if (rules != 0 && !compileRules(nodeAt(rules), config, tag)) return false;

  const byDefault = member(node, 'default');
  if (byDefault != 0) {
    if (!checkLabel(nodeAt(byDefault), VALUE_WANTED)) return false;
    tag.defaultSize = nodeAt(byDefault).size;
    tag.defaultPtr = areaCopy(nodeAt(byDefault).ptr, tag.defaultSize);
    if (tag.defaultPtr == 0) return false;
  }

  const carry = member(node, 'carry');
  if (carry != 0 && !compileCarry(nodeAt(carry), config, tag)) return false;

  const echo = member(node, 'echo');
  if (echo == 0) return true;
  tag.echo = nodeAt(echo).kind == Kind.True;
  if (tag.echo) config.responds = true;
  return checkBoolean(nodeAt(echo));
}

/** `carry: [baggage]`: the one other way that a tag travels. */
function compileCarry(node: Node, config: Config, tag: Tag): bool {
  const wanted = '["baggage"]';
  if (node.kind != Kind.Array || node.count > 1) return faultValue(node, wanted);
  if (node.count == 0) return true;
  const item = nodeAt(node.first);
  const isBaggage = item.kind == Kind.String && equalsAscii(item.ptr, item.size, 'baggage');
  if (!isBaggage) return faultValue(item, '"baggage"');
  const index = internLiteral(changetype<HeaderNames>(config.names), 'baggage');
  if (!checkInterned(index)) return false;
  config.baggage = index + 1;
  tag.carry = true;
  return true;
}

function compileHeader(node: Node, config: Config, tag: Tag): bool {
  if (!checkHeaderName(node)) return false;
  if (listHolds(RESERVED, node.ptr, node.size)) {
    return faultValue(node, 'a header of its own, one that means nothing else');
  }
  const names = changetype<HeaderNames>(config.names);
  const known = findName(names, node.ptr, node.size);
  for (let i: u32 = 0; i + 1 < config.tagCount; i++) {
    if (known == tagAt(config, i).index) {
      return faultValue(node, 'a tag header that does not stand in "tags" already');
    }
  }
  tag.index = internName(names, node.ptr, node.size);
  return checkInterned(tag.index);
}

function compileIncoming(node: Node, tag: Tag): bool {
  const wanted = '"strip", "trust" or {"allow": [values]}';
  if (node.kind == Kind.String) {
    if (equalsAscii(node.ptr, node.size, 'strip')) tag.incoming = <u8>Incoming.Strip;
    else if (equalsAscii(node.ptr, node.size, 'trust')) tag.incoming = <u8>Incoming.Trust;
    else return faultValue(node, wanted);
    return true;
  }
  if (node.kind != Kind.Object) return faultValue(node, wanted);
  if (!checkObject(node, 'allow')) return false;
  const allow = requiredMember(node, 'allow', ': the values that may come in');
  if (allow == 0) return false;
  const list = nodeAt(allow);
  if (list.kind != Kind.Array || list.count == 0) {
    return faultValue(list, 'an array of values, at least one');
  }
  tag.incoming = <u8>Incoming.Allow;
  tag.allowCount = list.count;
  tag.allowPtr = areaTake(list.count * SLICE_SIZE);
  if (tag.allowPtr == 0) return false;
  for (let at = list.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    if (!checkLabel(item, VALUE_WANTED)) return false;
    const slice = sliceAt(tag.allowPtr, item.index);
    slice.size = item.size;
    slice.ptr = areaCopy(item.ptr, item.size);
    if (slice.ptr == 0) return false;
  }
  return true;
}

function compileRules(node: Node, config: Config, tag: Tag): bool {
  if (!checkArray(node, 'an array of rules')) return false;
  tag.rules = areaTake(node.count * RULE_SIZE);
  if (tag.rules == 0) return false;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const rule = changetype<Rule>(tag.rules + tag.ruleCount * RULE_SIZE);
    if (!compileRule(nodeAt(at), config, tag, rule)) return false;
    tag.ruleCount++;
  }
  return true;
}

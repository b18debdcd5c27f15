// tags: the `tags` section, from JSON to an array of Tag with their rules (layout.ts).

import { equal, equalsAscii, SLICE_SIZE, sliceAt } from '../bytes/slice';
import { putNumber, textPtr, textReset, textSize } from '../bytes/text';
import { areaCopy, areaTake } from './area';
import { compileWhen } from './condition';
import { faultValue, faultWords, listHolds } from './fault';
import {
  Config,
  Direction,
  HeaderNames,
  Incoming,
  RULE_SIZE,
  Rule,
  ruleAt,
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
import { checkInterned, findName, internName } from './names';
import { Kind, Node, nodeAt } from './node';

const TAG_KEYS = 'header incoming rules default echo';
const TAG_LATER = 'carry';
const RULE_KEYS = 'name when value';
const RULE_LATER = 'percent identity salt mint dryRun';
const VALUE_WANTED = 'a value for the tag: visible text, no blank at its ends';

/** Headers that mean something else to every hop: a tag there would break requests. */
const RESERVED =
  'host connection content-length transfer-encoding te upgrade trailer keep-alive ' +
  'proxy-connection expect content-type cookie authorization x-forwarded-for x-request-id';

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
  if (!checkObject(node, TAG_KEYS, TAG_LATER)) return false;
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

  const echo = member(node, 'echo');
  if (echo == 0) return true;
  tag.echo = nodeAt(echo).kind == Kind.True;
  if (tag.echo) config.echoes = true;
  return checkBoolean(nodeAt(echo));
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
  if (!checkObject(node, 'allow', '')) return false;
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

function compileRule(node: Node, config: Config, tag: Tag, rule: Rule): bool {
  if (!checkObject(node, RULE_KEYS, RULE_LATER)) return false;
  const value = requiredMember(node, 'value', ': what the tag becomes');
  if (value == 0) return false;
  if (nodeAt(value).kind == Kind.Object) {
    return faultWords(
      nodeAt(value),
      'a value to copy',
      'a string: this version of the filter cannot copy values yet',
    );
  }
  if (!checkLabel(nodeAt(value), VALUE_WANTED)) return false;
  rule.valueSize = nodeAt(value).size;
  rule.valuePtr = areaCopy(nodeAt(value).ptr, rule.valueSize);
  if (rule.valuePtr == 0 || !compileRuleName(node, tag, rule)) return false;
  const when = member(node, 'when');
  if (when == 0) return true;
  rule.when = compileWhen(nodeAt(when), config);
  return rule.when != 0;
}

/** The name, or the rule's position where it has none: it labels the rule's counter. */
function compileRuleName(node: Node, tag: Tag, rule: Rule): bool {
  const at = member(node, 'name');
  if (at == 0) {
    textReset();
    putNumber(tag.ruleCount);
    rule.nameSize = textSize();
    rule.namePtr = areaCopy(textPtr(), rule.nameSize);
    if (rule.namePtr == 0) return false;
    if (!isNamed(tag, rule.namePtr, rule.nameSize)) return true;
    return faultWords(node, 'no name', 'one: its position is the name of another rule');
  }
  const name = nodeAt(at);
  if (!checkLabel(name, 'a name: visible text, no blank at its ends')) return false;
  if (equalsAscii(name.ptr, name.size, 'default')) {
    return faultValue(name, 'another name: "default" labels the counter of the default');
  }
  if (isNamed(tag, name.ptr, name.size)) {
    return faultValue(name, 'a name that no other rule of this tag has');
  }
  rule.nameSize = name.size;
  rule.namePtr = areaCopy(name.ptr, name.size);
  return rule.namePtr != 0;
}

/** Whether a rule before this one has the name. */
function isNamed(tag: Tag, ptr: usize, size: u32): bool {
  for (let i: u32 = 0; i < tag.ruleCount; i++) {
    const other = ruleAt(tag, i);
    if (equal(other.namePtr, other.nameSize, ptr, size)) return true;
  }
  return false;
}

// rule: one rule of a tag, from JSON to a Rule (layout.ts).

import { equal, equalsAscii } from '../bytes/slice';
import { putAscii, putBytes, putNumber, textPtr, textReset, textSize } from '../bytes/text';
import { areaCopy } from './area';
import { compileWhen } from './condition';
import { faultValue, faultWords, listHolds } from './fault';
import { Config, HeaderNames, nameAt, Rule, ruleAt, Tag } from './layout';
import {
  checkBoolean,
  checkLabel,
  checkObject,
  checkReadableHeader,
  member,
  requiredMember,
} from './members';
import { checkInterned, internName } from './names';
import { Kind, Node, nodeAt } from './node';
import { checkNoPercent, compilePercent } from './percent';

const KEYS = 'name when percent identity salt mint value dryRun';
/** Headers whose values must not go on under another name. */
const SECRETS = 'authorization cookie proxy-authorization set-cookie';
export const VALUE_WANTED = 'a value for the tag: visible text, no blank at its ends';

/** The rule that is next in `tag.rules`. */
export function compileRule(node: Node, config: Config, tag: Tag, rule: Rule): bool {
  if (!checkObject(node, KEYS)) return false;
  const value = requiredMember(node, 'value', ': what the tag becomes');
  if (value == 0 || !compileValue(nodeAt(value), config, rule)) return false;
  if (!compileName(node, tag, rule)) return false;
  const dryRun = member(node, 'dryRun');
  if (dryRun != 0) {
    if (!checkBoolean(nodeAt(dryRun))) return false;
    rule.dryRun = nodeAt(dryRun).kind == Kind.True;
  }
  if (member(node, 'percent') == 0) {
    if (!checkNoPercent(node)) return false;
  } else {
    const name = nameAt(changetype<HeaderNames>(config.names), tag.index);
    rule.percent = compilePercent(node, config, name);
    if (rule.percent == 0) return false;
  }
  const when = member(node, 'when');
  if (when == 0) return true;
  rule.when = compileWhen(nodeAt(when), config, config.tagCount - 1);
  return rule.when != 0;
}

/** A text, or {header: NAME} for a value that is copied; its label then is `{NAME}`. */
function compileValue(node: Node, config: Config, rule: Rule): bool {
  textReset();
  if (node.kind == Kind.Object) {
    if (!checkObject(node, 'header')) return false;
    const at = requiredMember(node, 'header', ': the header to copy');
    if (at == 0 || !checkReadableHeader(nodeAt(at))) return false;
    const header = nodeAt(at);
    if (listHolds(SECRETS, header.ptr, header.size)) {
      return faultValue(header, 'a header that holds no secret');
    }
    const index = internName(changetype<HeaderNames>(config.names), header.ptr, header.size);
    if (!checkInterned(index)) return false;
    rule.copied = index + 1;
    putAscii('{');
    putBytes(header.ptr, header.size);
    putAscii('}');
  } else {
    if (!checkLabel(node, VALUE_WANTED)) return false;
    putBytes(node.ptr, node.size);
  }
  rule.valueSize = textSize();
  rule.valuePtr = areaCopy(textPtr(), textSize());
  return rule.valuePtr != 0;
}

/** The name, or the rule's position where it has none: it labels the rule's counter. */
function compileName(node: Node, tag: Tag, rule: Rule): bool {
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

// operator: exact, prefix, suffix, contains, in, present, regex and template, from JSON to a
// condition.

import { buildSearchTable, searchTableSize } from '../bytes/search';
import { equalsAscii, foldInPlace, SLICE_SIZE, Slice, sliceAt } from '../bytes/slice';
import { isTemplate } from '../bytes/template';
import { arenaMark, arenaRelease } from '../shim/arena';
import { areaCopy, areaTake } from './area';
import { faultValue, faultWords, listHolds } from './fault';
import { Condition, Config, Operator, Subject } from './layout';
import { checkBoolean, checkText, member } from './members';
import { Kind, Node, nodeAt } from './node';
import { normalizeOperand } from './paths';
import { readRegex } from './regex/regex';
import { buildAutomaton } from './regex/subset';

const DOT: u32 = 0x2e;
const copied: Slice = changetype<Slice>(memory.data(8, 8));

/** What stands beside a header, cookie or query field. */
export const OPERATORS = 'exact prefix suffix contains in present regex';

/** Whether a member is an operator or says how it compares. */
export function isOperatorKey(child: Node): bool {
  if (listHolds(OPERATORS, child.keyPtr, child.keySize)) return true;
  return equalsAscii(child.keyPtr, child.keySize, 'ignoreCase');
}

/** The one operator among the members of `node`, and `ignoreCase`. */
export function compileOperator(
  node: Node,
  config: Config,
  condition: Condition,
  keys: string,
): bool {
  let found: usize = 0;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const child = nodeAt(at);
    if (equalsAscii(child.keyPtr, child.keySize, 'ignoreCase')) {
      if (!checkBoolean(child)) return false;
      if (child.kind == Kind.True) condition.fold = true;
    } else if (isOperatorKey(child) || equalsAscii(child.keyPtr, child.keySize, 'template')) {
      if (found != 0) {
        return faultWords(node, 'a second operator', 'one', '', child.keyPtr, child.keySize);
      }
      found = at;
    }
  }
  if (found == 0) return faultWords(node, 'no operator', 'one of: ', keys);
  const child = nodeAt(found);
  const ptr = child.keyPtr;
  const size = child.keySize;
  if (equalsAscii(ptr, size, 'present')) {
    condition.operator = <u8>Operator.Present;
    condition.expected = child.kind == Kind.True;
    if (member(node, 'ignoreCase') != 0) {
      return faultWords(node, '"ignoreCase" with "present"', 'one of the two');
    }
    return checkBoolean(child);
  }
  if (equalsAscii(ptr, size, 'in')) return compileIn(child, config, condition);
  if (equalsAscii(ptr, size, 'regex')) return compileRegex(child, condition);
  if (equalsAscii(ptr, size, 'exact'))
    return compileOperand(child, config, condition, Operator.Exact);
  if (equalsAscii(ptr, size, 'prefix'))
    return compileOperand(child, config, condition, Operator.Prefix);
  if (equalsAscii(ptr, size, 'suffix'))
    return compileOperand(child, config, condition, Operator.Suffix);
  if (equalsAscii(ptr, size, 'contains')) {
    if (!compileOperand(child, config, condition, Operator.Contains)) return false;
    condition.tablePtr = areaTake(searchTableSize(condition.operandSize));
    if (condition.tablePtr == 0) return false;
    buildSearchTable(condition.operandPtr, condition.operandSize, condition.tablePtr);
    return true;
  }
  if (child.kind != Kind.String || !isTemplate(child.ptr, child.size)) {
    return faultValue(child, 'a template such as /users/{id}/orders');
  }
  return compileOperand(child, config, condition, Operator.Template);
}

export function compileOperand(
  child: Node,
  config: Config,
  condition: Condition,
  operator: Operator,
): bool {
  // An empty prefix, suffix or part is in everything, which `present` says better.
  if (
    operator == Operator.Exact
      ? !checkText(child, 0, 'a string')
      : !checkText(child, 1, 'a string that is not empty')
  ) {
    return false;
  }
  condition.operator = <u8>operator;
  if (!copyOperand(child, config, condition, operator)) return false;
  condition.operandPtr = copied.ptr;
  condition.operandSize = copied.size;
  return true;
}

/** What a text compares with, in the form of its subject, into `copied`. */
function copyOperand(child: Node, config: Config, condition: Condition, operator: Operator): bool {
  copied.size = child.size;
  copied.ptr = areaCopy(child.ptr, child.size);
  if (copied.ptr == 0) return false;
  if (condition.subject == <u8>Subject.Path) {
    if (!normalizeOperand(child, config, operator, copied)) return false;
  } else if (condition.subject == <u8>Subject.Host && !trimHost(child, operator)) {
    return false;
  }
  if (condition.fold && operator != Operator.Template) foldInPlace(copied.ptr, copied.size);
  return true;
}

/** Hosts are compared without the dot that may stand at their end. */
function trimHost(child: Node, operator: Operator): bool {
  const size = copied.size;
  if (operator == Operator.Prefix || operator == Operator.Contains || size == 0) return true;
  if (<u32>load<u8>(copied.ptr + size - 1) == DOT) copied.size--;
  return copied.size != 0 || faultValue(child, 'more than a dot');
}

function compileRegex(child: Node, condition: Condition): bool {
  // Of the empty value `exact` says better that it is wanted.
  if (!checkText(child, 1, 'a string that is not empty')) return false;
  const mark = arenaMark();
  condition.operator = <u8>Operator.Regex;
  condition.operandPtr = readRegex(child, condition.fold) ? buildAutomaton(child) : 0;
  arenaRelease(mark);
  return condition.operandPtr != 0;
}

/** An array of strings, at least one, into an array of Slice. */
export function compileIn(child: Node, config: Config, condition: Condition): bool {
  if (child.kind != Kind.Array || child.count == 0) {
    return faultValue(child, 'an array of strings, at least one');
  }
  const array = areaTake(child.count * SLICE_SIZE);
  if (array == 0) return false;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    if (!checkText(item, 0, 'a string')) return false;
    if (!copyOperand(item, config, condition, Operator.In)) return false;
    const slice = sliceAt(array, item.index);
    slice.ptr = copied.ptr;
    slice.size = copied.size;
  }
  condition.operator = <u8>Operator.In;
  condition.operandPtr = array;
  condition.operandSize = child.count;
  return true;
}

// operator: exact, prefix, suffix, contains, in, present, regex and template, from JSON to a
// condition.

import { buildSearchTable, searchTableSize } from '../bytes/search';
import { equalsAscii, foldInPlace, SLICE_SIZE, sliceAt } from '../bytes/slice';
import { isTemplate } from '../bytes/template';
import { arenaMark, arenaRelease } from '../shim/arena';
import { areaCopy, areaTake } from './area';
import { faultValue, faultWords, listHolds } from './fault';
import { Condition, Operator } from './layout';
import { checkBoolean, checkText, member } from './members';
import { Kind, Node, nodeAt } from './node';
import { readRegex } from './regex/regex';
import { buildAutomaton } from './regex/subset';

/** What stands beside a header, cookie or query field. */
export const OPERATORS = 'exact prefix suffix contains in present regex';

/** Whether a member is an operator or says how it compares. */
export function isOperatorKey(child: Node): bool {
  if (listHolds(OPERATORS, child.keyPtr, child.keySize)) return true;
  return equalsAscii(child.keyPtr, child.keySize, 'ignoreCase');
}

/** The one operator among the members of `node`, and `ignoreCase`. */
export function compileOperator(node: Node, condition: Condition, keys: string): bool {
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
  if (equalsAscii(ptr, size, 'in')) return compileIn(child, condition);
  if (equalsAscii(ptr, size, 'regex')) return compileRegex(child, condition);
  if (equalsAscii(ptr, size, 'exact')) return compileOperand(child, condition, Operator.Exact);
  if (equalsAscii(ptr, size, 'prefix')) return compileOperand(child, condition, Operator.Prefix);
  if (equalsAscii(ptr, size, 'suffix')) return compileOperand(child, condition, Operator.Suffix);
  if (equalsAscii(ptr, size, 'contains')) {
    if (!compileOperand(child, condition, Operator.Contains)) return false;
    condition.tablePtr = areaTake(searchTableSize(condition.operandSize));
    if (condition.tablePtr == 0) return false;
    buildSearchTable(condition.operandPtr, condition.operandSize, condition.tablePtr);
    return true;
  }
  if (child.kind != Kind.String || !isTemplate(child.ptr, child.size)) {
    return faultValue(child, 'a template such as /users/{id}/orders');
  }
  return compileOperand(child, condition, Operator.Template);
}

export function compileOperand(child: Node, condition: Condition, operator: Operator): bool {
  // An empty prefix, suffix or part is in everything, which `present` says better.
  if (
    operator == Operator.Exact
      ? !checkText(child, 0, 'a string')
      : !checkText(child, 1, 'a string that is not empty')
  ) {
    return false;
  }
  condition.operator = <u8>operator;
  condition.operandSize = child.size;
  condition.operandPtr = areaCopy(child.ptr, child.size);
  if (condition.operandPtr == 0) return false;
  if (condition.fold && operator != Operator.Template) {
    foldInPlace(condition.operandPtr, condition.operandSize);
  }
  return true;
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
export function compileIn(child: Node, condition: Condition): bool {
  if (child.kind != Kind.Array || child.count == 0) {
    return faultValue(child, 'an array of strings, at least one');
  }
  const array = areaTake(child.count * SLICE_SIZE);
  if (array == 0) return false;
  for (let at = child.first; at != 0; at = nodeAt(at).next) {
    const item = nodeAt(at);
    if (!checkText(item, 0, 'a string')) return false;
    const slice = sliceAt(array, item.index);
    slice.ptr = areaCopy(item.ptr, item.size);
    slice.size = item.size;
    if (slice.ptr == 0) return false;
    if (condition.fold) foldInPlace(slice.ptr, slice.size);
  }
  condition.operator = <u8>Operator.In;
  condition.operandPtr = array;
  condition.operandSize = child.count;
  return true;
}

// match: is a condition true of the request. Reads only; linear in the size of what came.
// A positive operator on something absent is false, `not` of it is true, `present: false` is true.
// A repeated header, cookie or query field matches if any of its values does.

import { NETWORK_SIZE, networkContains } from '../../bytes/address';
import { automatonMatches } from '../../bytes/automaton';
import { FieldCursor } from '../../bytes/fields';
import { contains } from '../../bytes/search';
import { equal, Slice, sameBytes, sameFolded, sliceAt } from '../../bytes/slice';
import { matchesTemplate } from '../../bytes/template';
import { Condition, Config, Operator, Subject, tagAt } from '../../config/layout';
import { arenaMark, arenaRelease } from '../../shim/arena';
import {
  clientAddress,
  firstValue,
  otherPath,
  pathUnread,
  rawPath,
  requestHost,
  requestPath,
  Value,
} from '../request';
import { decodeField } from './query';

const SLASH: u32 = 0x2f;
const fields: FieldCursor = changetype<FieldCursor>(memory.data(28, 8));
const decoded: Slice = changetype<Slice>(memory.data(8, 8));
const text: Slice = changetype<Slice>(memory.data(8, 8));

/** Whether what is asked now stands under an odd number of `not`. */
let negated: bool = false;
/** Whether a request that could be read in two ways shall be taken for one that matches. */
let cautious: bool = false;

/** As `matches`, for those that a client would like to evade: in doubt the condition is true. */
export function mayMatch(config: Config, at: usize): bool {
  cautious = true;
  const holds = matches(config, at);
  cautious = false;
  return holds;
}

export function matches(config: Config, at: usize): bool {
  const condition = changetype<Condition>(at);
  switch (condition.subject) {
    case Subject.All:
      for (let child = condition.first; child != 0; child = changetype<Condition>(child).next) {
        if (!matches(config, child)) return false;
      }
      return true;
    case Subject.Any:
      for (let child = condition.first; child != 0; child = changetype<Condition>(child).next) {
        if (matches(config, child)) return true;
      }
      return false;
    case Subject.Not: {
      negated = !negated;
      const holds = matches(config, condition.first);
      negated = !negated;
      return !holds;
    }
    case Subject.Header:
      return matchesHeader(config, condition);
    case Subject.Cookie:
      return matchesCookie(config, condition);
    case Subject.Query:
      return matchesQuery(config, condition);
    case Subject.Path:
      return matchesPath(config, condition);
    case Subject.Host:
      return matchesHost(config, condition);
    case Subject.Address:
      return matchesAddress(config, condition);
    default:
      return matchesTag(config, condition);
  }
}

/** Absent: true for `present: false` alone. */
function absent(condition: Condition): bool {
  return condition.operator == Operator.Present && !condition.expected;
}

/** The operator on one value. */
function test(condition: Condition, ptr: usize, size: u32): bool {
  const operandSize = condition.operandSize;
  switch (condition.operator) {
    case Operator.Exact:
      return size == operandSize && same(condition, ptr, operandSize);
    case Operator.Prefix:
      return size >= operandSize && same(condition, ptr, operandSize);
    case Operator.Suffix:
      return size >= operandSize && same(condition, ptr + size - operandSize, operandSize);
    case Operator.Contains:
      return contains(
        ptr,
        size,
        condition.operandPtr,
        operandSize,
        condition.tablePtr,
        condition.fold,
      );
    case Operator.In:
      for (let i: u32 = 0; i < operandSize; i++) {
        const item = sliceAt(condition.operandPtr, i);
        if (item.size != size) continue;
        const found = condition.fold
          ? sameFolded(ptr, item.ptr, size)
          : sameBytes(ptr, item.ptr, size);
        if (found) return true;
      }
      return false;
    case Operator.Present:
      return condition.expected;
    case Operator.Regex:
      return automatonMatches(condition.operandPtr, ptr, size);
    default:
      return matchesTemplate(condition.operandPtr, operandSize, ptr, size, condition.fold);
  }
}

function same(condition: Condition, ptr: usize, size: u32): bool {
  return condition.fold
    ? sameFolded(ptr, condition.operandPtr, size)
    : sameBytes(ptr, condition.operandPtr, size);
}

function matchesHeader(config: Config, condition: Condition): bool {
  let at = firstValue(config, condition.index);
  if (at == 0) return absent(condition);
  for (; at != 0; at = changetype<Value>(at).next) {
    if (test(condition, changetype<Value>(at).ptr, changetype<Value>(at).size)) return true;
  }
  return false;
}

function matchesCookie(config: Config, condition: Condition): bool {
  let seen = false;
  let at = firstValue(config, condition.index);
  for (; at != 0; at = changetype<Value>(at).next) {
    fields.openCookies(changetype<Value>(at).ptr, changetype<Value>(at).size);
    while (fields.next()) {
      if (!equal(fields.namePtr, fields.nameSize, condition.namePtr, condition.nameSize)) continue;
      seen = true;
      if (test(condition, fields.valuePtr, fields.valueSize)) return true;
    }
  }
  return !seen && absent(condition);
}

function matchesQuery(config: Config, condition: Condition): bool {
  const at = firstValue(config, condition.index);
  if (at == 0) return absent(condition);
  let seen = false;
  const mark = arenaMark();
  fields.openQuery(changetype<Value>(at).ptr, changetype<Value>(at).size);
  while (fields.next()) {
    // What one field took is given back before the next, or a long query would use the arena up.
    arenaRelease(mark);
    decoded.ptr = fields.namePtr;
    decoded.size = fields.nameSize;
    // An escape is three bytes for one: what is shorter or longer is another name.
    if (decoded.size < condition.nameSize || decoded.size > 3 * condition.nameSize) continue;
    decodeField(decoded);
    if (!equal(decoded.ptr, decoded.size, condition.namePtr, condition.nameSize)) continue;
    seen = true;
    decoded.ptr = fields.valuePtr;
    decoded.size = fields.valueSize;
    decodeField(decoded);
    if (!test(condition, decoded.ptr, decoded.size)) continue;
    arenaRelease(mark);
    return true;
  }
  arenaRelease(mark);
  return !seen && absent(condition);
}

/**
 * Readers of a path differ (bytes/path.ts). A condition holds if it does in either reading; where
 * doubt shall not be a way out and it is negated, only if it does in each, and in what came.
 */
function matchesPath(config: Config, condition: Condition): bool {
  if (!requestPath(config, text)) return absent(condition);
  if (config.pathsRaw) return test(condition, text.ptr, text.size);
  const all = cautious && negated;
  if (cautious && pathUnread()) return !negated;
  const holds = testPath(condition, text.ptr, text.size);
  if (holds != all) return holds;
  if (otherPath(text) && testPath(condition, text.ptr, text.size) != all) return !all;
  if (!all) return false;
  rawPath(text);
  return testPath(condition, text.ptr, text.size);
}

/** The operator on one reading of a path. */
function testPath(condition: Condition, ptr: usize, size: u32): bool {
  if (test(condition, ptr, size)) return true;
  const operator: u32 = condition.operator;
  if (operator != Operator.Prefix && operator != Operator.Contains) return false;
  // An operand with a slash at its end names what is below /api/, and /api/ itself, which has lost
  // that slash: so it is compared with one, too.
  const part = condition.operandSize - 1;
  if (size < part || <u32>load<u8>(condition.operandPtr + part) != SLASH) return false;
  if (operator == Operator.Prefix && size != part) return false;
  return same(condition, ptr + size - part, part);
}

function matchesHost(config: Config, condition: Condition): bool {
  return requestHost(config, text) ? test(condition, text.ptr, text.size) : absent(condition);
}

function matchesAddress(config: Config, condition: Condition): bool {
  const address = clientAddress(config);
  if (address == 0) return false;
  for (let i: u32 = 0; i < condition.operandSize; i++) {
    if (networkContains(condition.operandPtr + i * NETWORK_SIZE, address)) return true;
  }
  return false;
}

/** A tag that was kept or computed earlier in this pass. */
function matchesTag(config: Config, condition: Condition): bool {
  const tag = tagAt(config, condition.index);
  return tag.valueSize != 0 && test(condition, tag.valuePtr, tag.valueSize);
}

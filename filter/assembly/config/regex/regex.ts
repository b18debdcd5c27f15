// regex: the grammar of regular expressions, from a pattern to a program (program.ts).
// It is RE2's without what an automaton over bytes cannot do; what it takes means what it means in
// RE2. Captures are groups, and lazy is greedy: nobody asks what a part matched. A character beyond
// ASCII is its bytes one behind the other, a quantifier behind it applies to all of them.
// Promise: one pass, no recursion, no allocation outside the arena.

import { BYTE_SET_SIZE, setAddRange, setNegate } from '../../bytes/bit-set';
import { equal } from '../../bytes/slice';
import { arenaTake } from '../../shim/arena';
import { faultCount, faultValue } from '../fault';
import { Node } from '../node';
import { readClass, readShorthand } from './byte-class';
import {
  characterSize,
  faultFrom,
  here,
  NO_BYTE,
  NO_CHARACTER,
  patternOpen,
  peek,
  position,
  readEscape,
  skip,
  skipByte,
} from './pattern';
import {
  addSet,
  addStep,
  ENDLESS,
  insertStep,
  Op,
  programOpen,
  repeatSteps,
  STEPS_MAX,
  stepAt,
  stepCount,
} from './program';

/** Groups inside one another. */
export const GROUPS_MAX: u32 = 64;
/** Of one repetition, and of the product of those inside one another: the bound of RE2. */
export const REPEAT_MAX: u32 = 1000;

const GROUPS = '( (?: (?P<name> (?i or (?s';
const NEWLINE: u32 = 0x0a;
const DOLLAR: u32 = 0x24;
const OPEN: u32 = 0x28;
const CLOSE: u32 = 0x29;
const STAR: u32 = 0x2a;
const PLUS: u32 = 0x2b;
const COMMA: u32 = 0x2c;
const DASH: u32 = 0x2d;
const DOT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const COLON: u32 = 0x3a;
const LESS: u32 = 0x3c;
const EQUALS: u32 = 0x3d;
const GREATER: u32 = 0x3e;
const QUESTION: u32 = 0x3f;
const BRACKET: u32 = 0x5b;
const BACKSLASH: u32 = 0x5c;
const CARET: u32 = 0x5e;
const BRACE: u32 = 0x7b;
const BAR: u32 = 0x7c;
const BRACE_END: u32 = 0x7d;

/**
 * A group that is open, or the expression itself.
 *   0    4       8        12     16        20     21       24
 *   +----+-------+--------+------+---------+------+--------+
 *   | at | start | branch | jump | repeats | fold | dotAll |
 *   +----+-------+--------+------+---------+------+--------+
 */
@unmanaged
class Group {
  /** Position of its bracket. */
  at: u32;
  /** Its first step, and that of the branch that is being read. */
  start: u32;
  branch: u32;
  /** 1 + the last jump behind a branch; its offset holds the one before. 0 = none. */
  jump: u32;
  /** The largest product of repetitions inside. */
  repeats: u32;
  /** The flags outside. */
  fold: bool;
  dotAll: bool;
}
const GROUP_SIZE: u32 = 24;

/**
 * The name of a capture.
 *   0      4     8      12
 *   +------+-----+------+
 *   | next | ptr | size |
 *   +------+-----+------+
 */
@unmanaged
class Name {
  next: usize;
  ptr: usize;
  size: u32;
}
const NAME_SIZE: u32 = 12;

/** What stands before a quantifier. */
enum Operand {
  Nothing = 0,
  Atom = 1,
  Repetition = 2,
}

const set: usize = memory.data(32, 8);
let groups: usize = 0;
let depth: u32 = 0;
let names: usize = 0;
let fold: bool = false;
let dotAll: bool = false;
// The atom that was read last: its text, its first step, its product of repetitions.
let operand: Operand = Operand.Nothing;
let operandAt: u32 = 0;
let operandStart: u32 = 0;
let operandRepeats: u32 = 1;
// What `readBraces` leaves, and `readNumber`, which is at most one more than REPEAT_MAX.
let least: u32 = 0;
let most: u32 = 0;
let number: u32 = 0;

function groupAt(index: u32): Group {
  return changetype<Group>(groups + index * GROUP_SIZE);
}

function noRoom(node: Node): bool {
  return faultValue(node, 'a smaller configuration: there is no room left to read this in');
}

/** The expression of a string, `ignoring` the case of ASCII letters; false with a fault raised. */
export function readRegex(node: Node, ignoring: bool): bool {
  groups = arenaTake((GROUPS_MAX + 1) * GROUP_SIZE);
  if (groups == 0 || !programOpen()) return noRoom(node);
  patternOpen(node);
  names = 0;
  fold = ignoring;
  dotAll = false;
  depth = 0;
  operandRepeats = 1;
  openGroup(0);
  while (peek() != NO_BYTE) {
    if (!readPart()) return false;
  }
  if (depth > 1) return faultFrom(groupAt(depth - 1).at, 'the open group', 'a ) that closes it');
  closeGroup();
  addStep(Op.Match, 0, 0);
  if (stepCount() <= STEPS_MAX) return true;
  return faultCount(node, 'a regular expression of ', stepCount(), ' steps', 'at most 1024');
}

function openGroup(at: u32): void {
  const group = groupAt(depth++);
  group.at = at;
  group.start = stepCount();
  group.branch = stepCount();
  group.jump = 0;
  group.repeats = 1;
  group.fold = fold;
  group.dotAll = dotAll;
  operand = Operand.Nothing;
  operandRepeats = 1;
}

/** Ends the group, which is the operand of what follows. */
function closeGroup(): void {
  endOperand();
  const group = groupAt(--depth);
  if (stepCount() <= STEPS_MAX) {
    for (let jump = group.jump; jump != 0; ) {
      const step = stepAt(jump - 1);
      const before = <u32>step.offset;
      step.offset = <i16>(stepCount() - (jump - 1));
      jump = before;
    }
  }
  fold = group.fold;
  dotAll = group.dotAll;
  operand = Operand.Atom;
  operandAt = group.at;
  operandStart = group.start;
  operandRepeats = group.repeats;
}

/** No quantifier follows the operand any more. */
function endOperand(): void {
  const group = groupAt(depth - 1);
  group.repeats = max(group.repeats, operandRepeats);
  operandRepeats = 1;
  operand = Operand.Nothing;
}

function startAtom(): void {
  endOperand();
  operand = Operand.Atom;
  operandAt = position();
  operandStart = stepCount();
}

/** x|y is: split →y, x, jump →behind, y. */
function readBar(): void {
  skip(1);
  endOperand();
  const group = groupAt(depth - 1);
  insertStep(group.branch, Op.Split, stepCount() - group.branch + 2);
  addStep(Op.Jump, 0, group.jump);
  group.jump = stepCount();
  group.branch = stepCount();
}

function readPart(): bool {
  const start = position();
  const byte = peek();
  switch (byte) {
    case OPEN:
      return readOpening();
    case CLOSE:
      skip(1);
      if (depth == 1) return faultFrom(start, 'the lone bracket', 'a ( before it, or \\)');
      closeGroup();
      return true;
    case BAR:
      readBar();
      return true;
    case STAR:
      skip(1);
      return readQuantifier(start, 0, ENDLESS);
    case PLUS:
      skip(1);
      return readQuantifier(start, 1, ENDLESS);
    case QUESTION:
      skip(1);
      return readQuantifier(start, 0, 1);
    case BRACE:
      if (readBraces()) return readQuantifier(start, least, most);
      break;
    case BACKSLASH:
      return readBackslash();
  }
  startAtom();
  switch (byte) {
    case CARET:
      skip(1);
      addStep(Op.Start, 0, 0);
      return true;
    case DOLLAR:
      skip(1);
      addStep(Op.End, 0, 0);
      return true;
    case DOT:
      skip(1);
      memory.fill(set, 0, BYTE_SET_SIZE);
      if (!dotAll) setAddRange(set, NEWLINE, NEWLINE, false);
      setNegate(set);
      return addClass();
    case BRACKET:
      memory.fill(set, 0, BYTE_SET_SIZE);
      return readClass(set, fold) && addClass();
  }
  return readLiteral();
}

function addClass(): bool {
  return addSet(set) || faultFrom(0, 'more than 256 different classes', 'fewer');
}

/** A character as it stands there, all of its bytes. */
function readLiteral(): bool {
  for (let left = characterSize(); left > 0; left--) {
    if (!addByte(peek())) return false;
    skip(1);
  }
  return true;
}

function addByte(byte: u32): bool {
  if (!fold || (byte | 0x20) - 0x61 >= 26) {
    addStep(Op.Byte, byte, 0);
    return true;
  }
  memory.fill(set, 0, BYTE_SET_SIZE);
  setAddRange(set, byte, byte, fold);
  return addClass();
}

function readBackslash(): bool {
  const letter = peek(1);
  if (letter == 0x51) return readQuotation();
  startAtom();
  if (letter == 0x41 || letter == 0x7a) {
    skip(2);
    addStep(letter == 0x41 ? Op.Start : Op.End, 0, 0);
    return true;
  }
  memory.fill(set, 0, BYTE_SET_SIZE);
  if (readShorthand(set)) return addClass();
  const byte = readEscape();
  return byte != NO_CHARACTER && addByte(byte);
}

/** `\Q…\E`, or to the end: nothing inside has a meaning. A quantifier applies to the last one. */
function readQuotation(): bool {
  skip(2);
  endOperand();
  while (peek() != NO_BYTE) {
    if (peek() == BACKSLASH && peek(1) == 0x45) {
      skip(2);
      return true;
    }
    startAtom();
    if (!readLiteral()) return false;
  }
  return true;
}

/** What stands between `(` and the first part of the group. */
function readOpening(): bool {
  const start = position();
  endOperand();
  skip(1);
  if (depth > GROUPS_MAX) return faultFrom(start, 'more than 64 groups inside one another', 'less');
  if (peek() != QUESTION) {
    openGroup(start);
    return true;
  }
  skip(1);
  const wanted = 'another expression: RE2 cannot match it in linear time';
  const behind = peek() == LESS ? peek(1) : peek();
  if (behind == EQUALS || behind == 0x21) {
    skip(peek() == LESS ? 2 : 1);
    return faultFrom(start, 'the look-around', wanted);
  }
  if (peek() == GREATER) {
    skip(1);
    return faultFrom(start, 'the atomic group', wanted);
  }
  if (peek() == 0x50 && peek(1) == EQUALS) {
    skip(2);
    return faultFrom(start, 'the back-reference', wanted);
  }
  if (peek() == LESS || (peek() == 0x50 && peek(1) == LESS)) return readName(start);
  return readFlags(start);
}

/** `<name>` or `P<name>` of a group that begins at `start`. */
function readName(start: u32): bool {
  skip(peek() == LESS ? 1 : 2);
  const ptr = here();
  let size: u32 = 0;
  for (; ; size++) {
    const byte = peek(size);
    if ((byte | 0x20) - 0x61 >= 26 && byte - ZERO >= 10 && byte != 0x5f) break;
  }
  skip(size);
  const whole = size > 0 && skipByte(GREATER);
  if (!whole) return faultFrom(start, 'the group', 'a name of letters, digits and _, and >');
  for (let at = names; at != 0; at = changetype<Name>(at).next) {
    const other = changetype<Name>(at);
    if (!equal(other.ptr, other.size, ptr, size)) continue;
    return faultFrom(start, 'a second group of the name', 'each name once');
  }
  const at = arenaTake(NAME_SIZE);
  if (at == 0) return faultFrom(start, 'more names than there is room for', 'fewer');
  changetype<Name>(at).next = names;
  changetype<Name>(at).ptr = ptr;
  changetype<Name>(at).size = size;
  names = at;
  openGroup(start);
  return true;
}

/** `i`, `s` and `-`, then `:` for a group or `)` for what is left of the group around. */
function readFlags(start: u32): bool {
  let nextFold = fold;
  let nextDotAll = dotAll;
  let on = true;
  let flags: u32 = 0;
  let byte = peek();
  for (; byte != COLON && byte != CLOSE; byte = peek()) {
    skip(characterSize());
    flags++;
    if (byte == 0x69) {
      nextFold = on;
    } else if (byte == 0x73) {
      nextDotAll = on;
    } else if (byte == DASH && on) {
      on = false;
      flags = 0;
    } else {
      return faultFrom(start, 'the group', GROUPS);
    }
  }
  skip(1);
  if (flags == 0 && (byte == CLOSE || !on)) return faultFrom(start, 'the group', GROUPS);
  if (byte == COLON) openGroup(start);
  fold = nextFold;
  dotAll = nextDotAll;
  return true;
}

/** How often the operand stands, from where the quantifier starts to behind it. */
function readQuantifier(start: u32, least: u32, most: u32): bool {
  if (operand == Operand.Nothing) {
    return faultFrom(start, 'nothing to repeat before', 'a part before it, or \\ for a literal');
  }
  if (operand == Operand.Repetition) {
    return faultFrom(operandAt, 'a repetition of a repetition', 'a group around the first');
  }
  if (skipByte(PLUS)) return faultFrom(operandAt, 'the possessive', 'no + behind a quantifier');
  skipByte(QUESTION);
  const bounded = most == ENDLESS ? least : most;
  if (bounded > 1) operandRepeats *= bounded;
  if (least > REPEAT_MAX || bounded > REPEAT_MAX || operandRepeats > REPEAT_MAX) {
    return faultFrom(start, 'the repetition', 'at most 1000, those inside it multiplied');
  }
  if (most < least) return faultFrom(start, 'the repetition', 'its lower number first');
  repeatSteps(operandStart, least, most);
  operand = Operand.Repetition;
  return true;
}

/** Goes over `{n}`, `{n,}` or `{n,m}`; anything else is a brace like any other character. */
function readBraces(): bool {
  let ahead: u32 = 1 + readNumber(1);
  if (ahead == 1) return false;
  least = number;
  most = number;
  if (peek(ahead) == COMMA) {
    ahead++;
    const digits = readNumber(ahead);
    if (digits == 0 && peek(ahead) != BRACE_END) return false;
    most = digits == 0 ? ENDLESS : number;
    ahead += digits;
  }
  if (peek(ahead) != BRACE_END) return false;
  skip(ahead + 1);
  return true;
}

/** How many digits there are so far ahead; 0 where they start with a needless 0. */
function readNumber(ahead: u32): u32 {
  let digits: u32 = 0;
  number = 0;
  for (; peek(ahead + digits) - ZERO < 10; digits++) {
    number = min(number * 10 + peek(ahead + digits) - ZERO, REPEAT_MAX + 1);
  }
  return digits > 1 && peek(ahead) == ZERO ? 0 : digits;
}

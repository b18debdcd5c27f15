// program: a regular expression as steps, each of which reads a byte or says where to go on.
// Promise: a program stands in the arena and has at most STEPS_MAX steps; more are counted, not
// stored. The steps of each part of an expression stand together, begin with its first one, and end
// by going on behind its last one; offsets are relative. So a part is copied or moved as bytes.
//
// One step:
//   0    1      2        4
//   +----+------+--------+
//   | op | byte | offset |
//   +----+------+--------+
// `byte`: to read, or the position of a set. `offset`: of the other step, or of the one step, that
// follows; in steps.

import { BYTE_SET_SIZE } from '../../bytes/bit-set';
import { sameBytes } from '../../bytes/slice';
import { arenaTake } from '../../shim/arena';

export enum Op {
  /** Reads `byte`. */
  Byte = 0,
  /** Reads any byte of a set. */
  Set = 1,
  /** Goes on behind itself and at `offset`. */
  Split = 2,
  /** Goes on at `offset`. */
  Jump = 3,
  /** Goes on where the text starts. */
  Start = 4,
  /** Goes on where the text ends. */
  End = 5,
  Match = 6,
}

@unmanaged
export class Step {
  op: u8;
  byte: u8;
  offset: i16;
}
export const STEP_SIZE: u32 = 4;
/** Steps of an expression; `a{1000}` takes 1001. */
export const STEPS_MAX: u32 = 1024;
/** Different sets of bytes in an expression. */
export const SETS_MAX: u32 = 256;
/** For `repeatSteps`: without end. */
export const ENDLESS: u32 = <u32>-1;

let steps: usize = 0;
let count: u32 = 0;
let sets: usize = 0;
let setsUsed: u32 = 0;

/** An empty program; false where the arena has no room for it. */
export function programOpen(): bool {
  steps = arenaTake(STEPS_MAX * STEP_SIZE);
  sets = arenaTake(SETS_MAX * BYTE_SET_SIZE);
  count = 0;
  setsUsed = 0;
  return steps != 0 && sets != 0;
}

/** Steps until now, stored or not. */
export function stepCount(): u32 {
  return count;
}

export function stepAt(index: u32): Step {
  return changetype<Step>(steps + index * STEP_SIZE);
}

export function setCount(): u32 {
  return setsUsed;
}

export function setAt(index: u32): usize {
  return sets + index * BYTE_SET_SIZE;
}

export function addStep(op: Op, byte: u32, offset: i32): void {
  if (count < STEPS_MAX) putStep(count, op, byte, offset);
  count++;
}

function putStep(index: u32, op: Op, byte: u32, offset: i32): void {
  const step = stepAt(index);
  step.op = <u8>op;
  step.byte = <u8>byte;
  step.offset = <i16>offset;
}

/** Puts a step before those from `index` on, which the program ends with. */
export function insertStep(index: u32, op: Op, offset: i32): void {
  if (count < STEPS_MAX) {
    const from = steps + index * STEP_SIZE;
    memory.copy(from + STEP_SIZE, from, (count - index) * STEP_SIZE);
    putStep(index, op, 0, offset);
  }
  count++;
}

/** Reads a byte of this set, which is copied; false where there are too many sets. */
export function addSet(ptr: usize): bool {
  let index: u32 = 0;
  while (index < setsUsed && !sameBytes(setAt(index), ptr, BYTE_SET_SIZE)) index++;
  if (index == SETS_MAX) return false;
  if (index == setsUsed) {
    memory.copy(setAt(index), ptr, BYTE_SET_SIZE);
    setsUsed++;
  }
  addStep(Op.Set, index, 0);
  return true;
}

function copySteps(index: u32, size: u32): void {
  if (count + size <= STEPS_MAX) {
    memory.copy(steps + count * STEP_SIZE, steps + index * STEP_SIZE, size * STEP_SIZE);
  }
  count += size;
}

/**
 * The steps from `start` on become `least` to `most` of them:
 *   x*     split →behind, x, jump →split
 *   x{3,}  x, x, x, split →the last x
 *   x{1,3} x, split →behind, x, split →behind, x
 */
export function repeatSteps(start: u32, least: u32, most: u32): void {
  const size = count - start;
  if (most == 0) {
    // Steps that were not stored are not taken back, so that an oversized program stays one.
    if (count <= STEPS_MAX) count = start;
    return;
  }
  if (size == 0) return;
  if (least == 0 && most == ENDLESS) {
    insertStep(start, Op.Split, size + 2);
    addStep(Op.Jump, 0, -(<i32>size + 1));
    return;
  }
  let body = start;
  let optional = most - least;
  if (least == 0) {
    insertStep(start, Op.Split, (size + 1) * most);
    body++;
    optional--;
  }
  for (let i: u32 = 1; i < least; i++) copySteps(body, size);
  if (most == ENDLESS) {
    addStep(Op.Split, 0, -(<i32>size));
    return;
  }
  for (; optional > 0; optional--) {
    addStep(Op.Split, 0, (size + 1) * optional);
    copySteps(body, size);
  }
}

// subset: a program (program.ts) to an automaton (bytes/automaton.ts), by subset construction: one
// state for each set of steps that a text can have led to.
// Promise: sets stand in the arena, the automaton alone in the area. Both the states and the work
// are bounded, so that the worst expression costs some tens of milliseconds, once.
//
// Sets hold a bit for each step, in u64 words. Of the steps that a text leads to, a set keeps those
// that read a byte or wait for the end; a split is where it leads to.

import {
  AUTOMATON_ACCEPTS,
  AUTOMATON_CLASSES,
  AUTOMATON_ROWS,
  automatonRowSize,
  DEAD_STATE,
  START_STATE,
} from '../../bytes/automaton';
import { BYTE_SET_SIZE, setAdd, setHas } from '../../bytes/bit-set';
import { sameBytes } from '../../bytes/slice';
import { xxh64 } from '../../bytes/xxh64';
import { arenaTake } from '../../shim/arena';
import { areaTake } from '../area';
import { faultValue, faultWords } from '../fault';
import { Node } from '../node';
import { Op, Step, setAt, setCount, stepAt, stepCount } from './program';

/** States of an automaton besides the dead one. */
export const STATES_MAX: u32 = 1024;
/** Steps that are gone over while an automaton is built. */
export const MOVES_MAX: u32 = 1 << 22;
/** Places for states, found by hash; and for classes. */
const PLACES: u32 = STATES_MAX << 1;
const CLASS_PLACES: u32 = 512;
const NO_CLASS: u32 = 0xffff;
const BYTES: u32 = 256;

let automaton: usize = 0;
let rowSize: u32 = 0;
let rows: usize = 0;
let classCount: u32 = 0;
let stateCount: u32 = 0;
let moves: u32 = 0;
let atStart: bool = false;
let atEnd: bool = false;

// Scratch. Bytes of a set; then sets: of each state, of the steps that read each class, of the steps
// of one state that read each class; of the steps that a set keeps, of those that wait for the end,
// and of the steps that are being reached.
let setSize: u32 = 0;
let states: usize = 0;
let readers: usize = 0;
let movers: usize = 0;
let kept: usize = 0;
let ending: usize = 0;
let reached: usize = 0;
let stack: usize = 0;
let places: usize = 0;
let classPlaces: usize = 0;

/** The automaton of the program, 0 with a fault raised or the area full. */
export function buildAutomaton(node: Node): usize {
  automaton = areaTake(AUTOMATON_ROWS);
  if (automaton == 0) return 0;
  divideBytes();
  if (!takeScratch()) {
    faultValue(node, 'a smaller configuration: there is no room left to read this in');
    return 0;
  }
  markSteps();
  rowSize = automatonRowSize(classCount);
  store<u32>(automaton, rowSize);
  store<u32>(automaton, classCount << 1, AUTOMATON_ACCEPTS);
  rows = automaton + AUTOMATON_ROWS;
  stateCount = 0;
  moves = 0;
  // The start is found by no hash: `^` holds there alone, even behind `$`.
  atStart = true;
  memory.fill(reached, 0, setSize);
  if (!addState()) return 0;
  follow(0);
  keep();
  if (!addState()) return 0;
  for (let state = START_STATE; state < stateCount; state++) {
    accept(state);
    atStart = false;
    if (!leave(node, state)) return 0;
  }
  return automaton;
}

function takeScratch(): bool {
  setSize = ((stepCount() + 63) >> 6) << 3;
  states = arenaTake((STATES_MAX + 1) * setSize);
  readers = arenaTake(classCount * setSize);
  movers = arenaTake(classCount * setSize);
  kept = arenaTake(3 * setSize);
  ending = kept + setSize;
  reached = ending + setSize;
  stack = arenaTake(stepCount() << 1);
  places = arenaTake(PLACES << 1);
  classPlaces = arenaTake(CLASS_PLACES << 1);
  return (
    states != 0 &&
    readers != 0 &&
    movers != 0 &&
    kept != 0 &&
    stack != 0 &&
    places != 0 &&
    classPlaces != 0
  );
}

const single: usize = memory.data(32, 8);
const sides: usize = memory.data(256);
const renamed: usize = memory.data(256);

/** Gives the same class to bytes that all steps read alike. */
function divideBytes(): void {
  classCount = 1;
  for (let i: u32 = 0; i < setCount(); i++) divide(setAt(i));
  for (let i: u32 = 0; i < stepCount(); i++) {
    if (stepAt(i).op != <u8>Op.Byte) continue;
    memory.fill(single, 0, BYTE_SET_SIZE);
    setAdd(single, stepAt(i).byte);
    divide(single);
  }
}

/** Gives a new class to the bytes of a set whose class has bytes outside of it too. */
function divide(set: usize): void {
  const classes = automaton + AUTOMATON_CLASSES;
  memory.fill(sides, 0, BYTES);
  memory.fill(renamed, 0, BYTES);
  for (let byte: u32 = 0; byte < BYTES; byte++) {
    const side = sides + load<u8>(classes + byte);
    store<u8>(side, load<u8>(side) | (setHas(set, byte) ? 2 : 1));
  }
  for (let byte: u32 = 0; byte < BYTES; byte++) {
    const from = <u32>load<u8>(classes + byte);
    if (!setHas(set, byte) || load<u8>(sides + from) != 3) continue;
    if (load<u8>(renamed + from) == 0) {
      store<u8>(renamed + from, <u8>classCount);
      classCount++;
    }
    store<u8>(classes + byte, load<u8>(renamed + from));
  }
}

/** Fills `readers`, `kept` and `ending`. */
function markSteps(): void {
  memory.fill(readers, 0, classCount * setSize);
  memory.fill(kept, 0, 2 * setSize);
  memory.fill(places, 0, PLACES << 1);
  for (let i: u32 = 0; i < stepCount(); i++) {
    const step = stepAt(i);
    const op = step.op;
    if (op <= <u8>Op.Set || op >= <u8>Op.End) setAdd(kept, i);
    if (op == <u8>Op.End) setAdd(ending, i);
    if (op > <u8>Op.Set) continue;
    for (let byte: u32 = 0; byte < BYTES; byte++) {
      if (!reads(step, byte)) continue;
      setAdd(readers + <u32>load<u8>(automaton + byte, AUTOMATON_CLASSES) * setSize, i);
    }
  }
}

function reads(step: Step, byte: u32): bool {
  return step.op == <u8>Op.Byte ? step.byte == byte : setHas(setAt(step.byte), byte);
}

/** Adds to `reached` a step and all that it leads to without a byte. */
function follow(first: u32): void {
  let depth: u32 = push(first, 0);
  while (depth > 0) {
    depth--;
    const at: u32 = load<u16>(stack + (depth << 1));
    const step = stepAt(at);
    moves++;
    switch (step.op) {
      case Op.Split:
        depth = push(at + 1, depth);
        depth = push(at + step.offset, depth);
        break;
      case Op.Jump:
        depth = push(at + step.offset, depth);
        break;
      case Op.Start:
        if (atStart) depth = push(at + 1, depth);
        break;
      case Op.End:
        if (atEnd) depth = push(at + 1, depth);
        break;
    }
  }
}

/** Each step once; the new depth. */
function push(at: u32, depth: u32): u32 {
  if (setHas(reached, at)) return depth;
  setAdd(reached, at);
  store<u16>(stack + (depth << 1), <u16>at);
  return depth + 1;
}

/** Follows what stands behind each step of a set. */
function followAll(set: usize): void {
  memory.fill(reached, 0, setSize);
  for (let i: u32 = 0; i < setSize; i += 8) {
    for (let bits = load<u64>(set + i); bits != 0; bits &= bits - 1) {
      moves++;
      follow((i << 3) + <u32>ctz(bits) + 1);
    }
  }
}

/** Of `reached` what a set keeps; false where that is nothing. */
function keep(): bool {
  return meet(reached, reached, kept);
}

/** The steps that two sets share; false where there are none. */
function meet(into: usize, a: usize, b: usize): bool {
  let any: u64 = 0;
  for (let i: u32 = 0; i < setSize; i += 8) {
    const both = load<u64>(a + i) & load<u64>(b + i);
    store<u64>(into + i, both);
    any |= both;
  }
  return any != 0;
}

/** Notes whether the text may end in a state. */
function accept(state: u32): void {
  const last = stepCount() - 1;
  const set = states + state * setSize;
  let accepts = setHas(set, last);
  if (!accepts && meet(reached, set, ending)) {
    memory.copy(movers, reached, setSize);
    atEnd = true;
    followAll(movers);
    atEnd = false;
    accepts = setHas(reached, last);
  }
  store<u16>(rows + state * rowSize + (classCount << 1), accepts ? 1 : 0);
}

/** Fills the row of a state. */
function leave(node: Node, state: u32): bool {
  const set = states + state * setSize;
  const row = rows + state * rowSize;
  memory.fill(classPlaces, 0xff, CLASS_PLACES << 1);
  for (let column: u32 = 0; column < classCount; column++) {
    const mover = movers + column * setSize;
    if (!meet(mover, set, readers + column * setSize)) continue;
    // Classes that move the same steps lead to the same state.
    const other = classLike(column);
    let target: u32 = load<u16>(row + (other << 1));
    if (other == column) {
      followAll(mover);
      if (moves > MOVES_MAX) {
        return faultWords(node, 'a regular expression of too much work', 'a simpler one');
      }
      if (!keep()) continue;
      target = stateLike();
      if (target == DEAD_STATE) {
        if (stateCount > STATES_MAX) {
          return faultWords(node, 'a regular expression of more than 1024 states', 'a simpler one');
        }
        target = stateCount;
        store<u16>(places + (freePlace << 1), <u16>target);
        if (!addState()) return false;
      }
    }
    store<u16>(row + (column << 1), <u16>target);
  }
  return true;
}

/** The first class that moves the same steps as this one, which is noted. */
function classLike(column: u32): u32 {
  const mover = movers + column * setSize;
  let place = <u32>xxh64(mover, setSize) % CLASS_PLACES;
  let other: u32 = load<u16>(classPlaces + (place << 1));
  while (other != NO_CLASS) {
    if (sameBytes(movers + other * setSize, mover, setSize)) return other;
    place = (place + 1) % CLASS_PLACES;
    other = load<u16>(classPlaces + (place << 1));
  }
  store<u16>(classPlaces + (place << 1), <u16>column);
  return column;
}

let freePlace: u32 = 0;

/** The state of the steps in `reached`; else DEAD_STATE, and `freePlace` is where to note it. */
function stateLike(): u32 {
  freePlace = <u32>xxh64(reached, setSize) % PLACES;
  let state: u32 = load<u16>(places + (freePlace << 1));
  while (state != DEAD_STATE && !sameBytes(states + state * setSize, reached, setSize)) {
    freePlace = (freePlace + 1) % PLACES;
    state = load<u16>(places + (freePlace << 1));
  }
  return state;
}

/**
 * A state of the steps in `reached`; false where the area is full. Its row stands right behind the
 * one before, as all that is taken meanwhile is rows, and their size is a multiple of eight.
 */
function addState(): bool {
  memory.copy(states + stateCount * setSize, reached, setSize);
  stateCount++;
  return areaTake(rowSize) != 0;
}

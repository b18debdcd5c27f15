// paths: the `paths` section, and what a path condition compares with.
// Requests are compared without the spellings that a service may read as one path (bytes/path.ts);
// an operand in such a spelling would never match. It is brought to the same form here, or refused
// where nothing but everything, or nothing at all, could be meant.

import { decodePath, normalizePath, pathSizeOf } from '../bytes/path';
import { Slice } from '../bytes/slice';
import { faultValue } from './fault';
import { Config, Operator } from './layout';
import { checkBoolean, checkObject, member } from './members';
import { Kind, Node, nodeAt } from './node';

const KEYS = 'normalize ignoreCase';
const SLASH: u32 = 0x2f;
const BACKSLASH: u32 = 0x5c;
const DOT: u32 = 0x2e;
const SEMICOLON: u32 = 0x3b;
const PERCENT: u32 = 0x25;
const OPEN: u32 = 0x7b;
const CLOSE: u32 = 0x7d;

/** `at`: the section, 0 = none. By default paths are normalised, and their case counts. */
export function compilePaths(at: usize, config: Config): bool {
  if (at == 0) return true;
  const node = nodeAt(at);
  if (!checkObject(node, KEYS)) return false;
  const normalize = member(node, 'normalize');
  if (normalize != 0) {
    if (!checkBoolean(nodeAt(normalize))) return false;
    config.pathsRaw = nodeAt(normalize).kind == Kind.False;
  }
  const ignoreCase = member(node, 'ignoreCase');
  if (ignoreCase == 0) return true;
  config.pathsFold = nodeAt(ignoreCase).kind == Kind.True;
  return checkBoolean(nodeAt(ignoreCase));
}

/**
 * The operand of a path condition, in place: `out` holds a copy of what `node` says. Whole paths
 * become what `normalizePath` makes of them. Of the others, which may begin or end within a
 * segment, escapes and repeated slashes are undone.
 */
export function normalizeOperand(node: Node, config: Config, operator: u32, out: Slice): bool {
  if (pathSizeOf(out.ptr, out.size) != out.size) {
    return faultValue(node, 'a path without ? and #: the query has a condition of its own');
  }
  if (config.pathsRaw) return true;
  if (operator == Operator.Exact || operator == Operator.In || operator == Operator.Template) {
    if (operator == Operator.Template && !keepsVariables(out.ptr, out.size)) {
      return faultValue(node, 'a template with braces as they are, and no % ; \\ between them');
    }
    out.size = normalizePath(out.ptr, out.size, out.ptr);
    return true;
  }
  const ends = operator == Operator.Suffix;
  // Every path has a slash: who means every path says just that.
  const every = !ends && out.size == 1 && <u32>load<u8>(out.ptr) == SLASH;
  const size = mergeSlashes(out.ptr, decodePath(out.ptr, out.size, out.ptr));
  if (size == 1 && <u32>load<u8>(out.ptr) == SLASH && !every) {
    return faultValue(node, 'more than a slash, which every normalised path has');
  }
  out.size = size;
  if (ends && <u32>load<u8>(out.ptr + size - 1) == SLASH) out.size--;
  if (isPart(out.ptr, out.size, ends)) return true;
  return faultValue(node, 'a part of a normalised path, which holds no ; and no segment . or ..');
}

/** Runs of slashes to one, in place; returns the size. */
function mergeSlashes(ptr: usize, size: u32): u32 {
  let written: u32 = 0;
  let last: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte != SLASH || last != SLASH) store<u8>(ptr + written++, <u8>byte);
    last = byte;
  }
  return written;
}

/** Whether a normalised path may hold it: no parameters, no dot segments. `ends`: it ends there. */
function isPart(ptr: usize, size: u32, ends: bool): bool {
  let start: i32 = -1;
  for (let i: u32 = 0; i <= size; i++) {
    const byte: u32 = i < size ? load<u8>(ptr + i) : ends ? SLASH : 0;
    if (byte == SEMICOLON) return false;
    if (byte != SLASH) continue;
    const length = <i32>i - start - 1;
    if (start >= 0 && length > 0 && length <= 2) {
      const first: u32 = load<u8>(ptr + start + 1);
      if (first == DOT && <u32>load<u8>(ptr + i - 1) == DOT) return false;
    }
    start = <i32>i;
  }
  return true;
}

/** Whether normalising a template neither makes a variable nor changes one. */
function keepsVariables(ptr: usize, size: u32): bool {
  let inside = false;
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == OPEN || byte == CLOSE) inside = byte == OPEN;
    if (inside && (byte == PERCENT || byte == SEMICOLON || byte == BACKSLASH)) return false;
    if (byte != PERCENT || i + 2 >= size || load<u8>(ptr + i + 1) != 0x37) continue;
    // %7B and %7D
    const digit = <u32>load<u8>(ptr + i + 2) | 0x20;
    if (digit == 0x62 || digit == 0x64) return false;
  }
  return true;
}

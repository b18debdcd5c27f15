// quantity: shares, durations, rates and counts, as a policy writes them.

import { equalsAscii } from '../bytes/slice';
import { faultValue } from './fault';
import { Kind, Node } from './node';

/** What the readers answer, with a fault raised, for what is no such quantity. */
export const NO_QUANTITY: i64 = -1;
/** Hundredths of a percent in a whole. */
export const WHOLE: u32 = 10000;
/** Digits of a whole number: enough for any duration, and no overflow. */
const DIGITS_MAX: u32 = 9;
const DOT: u32 = 0x2e;

/** 0..100 in steps of 0.01, as hundredths. */
export function percentOf(node: Node): i64 {
  const wanted = 'a number from 0 to 100 with at most two decimals';
  let value: i64 = 0;
  let decimals: i32 = -1;
  for (let i: u32 = 0; i < node.size; i++) {
    const byte: u32 = load<u8>(node.ptr + i);
    if (byte == DOT && decimals < 0) {
      decimals = 0;
      continue;
    }
    const digit = byte - 0x30;
    // JSON has checked the form; a sign or an exponent is all that is left to refuse.
    const fits = node.kind == Kind.Number && digit < 10 && value <= <i64>WHOLE;
    const exact = decimals < 2 || digit == 0;
    if (!fits || !exact) {
      faultValue(node, wanted);
      return NO_QUANTITY;
    }
    if (decimals < 2) value = value * 10 + digit;
    if (decimals >= 0 && decimals < 2) decimals++;
  }
  for (let left = decimals < 0 ? 0 : decimals; left < 2; left++) value *= 10;
  if (node.kind == Kind.Number && value <= <i64>WHOLE) return value;
  faultValue(node, wanted);
  return NO_QUANTITY;
}

/** `N` and one of s, m, h, d, such as 30d, in seconds, from `least` to `most`. */
export function secondsOf(node: Node, least: u32, most: u32, wanted: string): i64 {
  let value: i64 = 0;
  const digits = node.size - 1;
  let valid = node.kind == Kind.String && node.size > 1 && digits <= DIGITS_MAX;
  for (let i: u32 = 0; valid && i < digits; i++) {
    const digit = <u32>load<u8>(node.ptr + i) - 0x30;
    if (digit > 9) valid = false;
    value = value * 10 + digit;
  }
  if (valid) {
    const unit = node.ptr + digits;
    if (equalsAscii(unit, 1, 'm')) value *= 60;
    else if (equalsAscii(unit, 1, 'h')) value *= 3600;
    else if (equalsAscii(unit, 1, 'd')) value *= 86400;
    else if (!equalsAscii(unit, 1, 's')) valid = false;
  }
  if (valid && value >= <i64>least && value <= <i64>most) return value;
  faultValue(node, wanted);
  return NO_QUANTITY;
}

const NS_PER_SECOND: u64 = 1_000_000_000;
/** Requests that a rate may name: what a bucket can count. */
export const COUNT_MAX: u32 = 1_000_000_000;
/** Requests a second of the fastest rate. */
const PER_SECOND_MAX: u64 = 1_000_000;
let ratePeriod: u64 = 0;

/** `N` and one of /s, /m, /h, such as 10/s: N. Its period is then `ratePeriodNs()`. */
export function rateOf(node: Node): i64 {
  const wanted = 'a rate such as 10/s, 600/m or 5000/h, at most 1000000 a second';
  if (node.kind == Kind.String && node.size > 2) {
    const unit = node.ptr + node.size - 2;
    let seconds: u64 = 0;
    if (equalsAscii(unit, 2, '/s')) seconds = 1;
    else if (equalsAscii(unit, 2, '/m')) seconds = 60;
    else if (equalsAscii(unit, 2, '/h')) seconds = 3600;
    const value = wholeNumber(node.ptr, node.size - 2);
    if (seconds != 0 && value >= 1 && <u64>value <= PER_SECOND_MAX * seconds) {
      ratePeriod = seconds * NS_PER_SECOND;
      return value;
    }
  }
  faultValue(node, wanted);
  return NO_QUANTITY;
}

/** Nanoseconds of the unit that `rateOf` has read last. */
export function ratePeriodNs(): u64 {
  return ratePeriod;
}

/** A whole number from `least` to `most`; `wanted` says so. */
export function countOf(node: Node, least: u32, most: u32, wanted: string): i64 {
  const value = node.kind == Kind.Number ? wholeNumber(node.ptr, node.size) : NO_QUANTITY;
  if (value >= <i64>least && value <= <i64>most) return value;
  faultValue(node, wanted);
  return NO_QUANTITY;
}

/** Digits alone, at most `COUNT_MAX`; else `NO_QUANTITY`. */
function wholeNumber(ptr: usize, size: u32): i64 {
  if (size == 0 || size > DIGITS_MAX + 1) return NO_QUANTITY;
  let value: i64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const digit = <u32>load<u8>(ptr + i) - 0x30;
    if (digit > 9) return NO_QUANTITY;
    value = value * 10 + digit;
  }
  return value <= <i64>COUNT_MAX ? value : NO_QUANTITY;
}

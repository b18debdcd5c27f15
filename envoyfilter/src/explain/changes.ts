// changes: which headers, and which members of baggage, are not what they were. Pure.

import { fromBytes } from './bytes.js';
import type { Change } from './explanation.js';
import type { Pairs } from './scene.js';

/** By name, in the order in which the names first stand. */
export function changesOf(before: Pairs, after: Pairs): Change[] {
  const old = grouped(before);
  const now = grouped(after);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const change = { name, before: old.get(name) ?? [], after: now.get(name) ?? [] };
    return sameList(change.before, change.after) ? [] : [change];
  });
}

/** Members of W3C Baggage as pairs; their properties stay with the value. */
export function baggageOf(headers: Pairs): Pairs {
  return headers
    .filter(([name]) => name === 'baggage')
    .flatMap(([, value]) => value.split(','))
    .map((member) => member.trim())
    .filter((member) => member !== '')
    .map((member) => {
      const at = member.indexOf('=');
      return at < 0 ? [member, ''] : [member.slice(0, at).trim(), member.slice(at + 1).trim()];
    });
}

/** Bytes as text. */
export function readable(pairs: Pairs): [name: string, value: string][] {
  return pairs.map(([name, value]) => [fromBytes(name), fromBytes(value)]);
}

function grouped(pairs: Pairs): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at]);
}

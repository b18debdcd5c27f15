// tracestate: the second header of W3C Trace Context, level 2. Pure.
// https://www.w3.org/TR/trace-context-2/#tracestate-header

import { trimmed } from '../headers/field.js';

/** Members of a list, those that are empty not counted (RFC 9110, section 5.6.1.2). */
const MEMBERS_MAX = 32;
const MEMBER =
  /^([a-z0-9][a-z0-9_\-*/@]{0,255})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The list as it may go on: as it came, unless it has empty members, or a key twice; of these the
 * first, which is the latest, is kept. Undefined: a member is malformed, there are too many, or
 * there is none.
 */
export function readTracestate(value: string): string | undefined {
  const members = value.split(',').map(trimmed);
  const kept = new Map<string, string>();
  let count = 0;
  for (const member of members) {
    if (member === '') continue;
    const key = MEMBER.exec(member)?.[1];
    if (key === undefined || ++count > MEMBERS_MAX) return undefined;
    if (!kept.has(key)) kept.set(key, member);
  }
  if (kept.size === 0) return undefined;
  return kept.size === members.length ? value : [...kept.values()].join(',');
}

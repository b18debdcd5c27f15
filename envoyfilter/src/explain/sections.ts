// sections: what a filter entry says of itself, and what holds where it says nothing.
// Promise: a view, no judge: what the filter has accepted is read as its schema describes it.

import type { FilterEntry } from '../policy/policy.js';
import type { LimitSpec, Sections, TagRule, TagSpec } from '../policy/sections.js';

export function sectionsOf(entry: FilterEntry): Sections {
  return entry.configuration as Sections;
}

/** What a rule is called: its name, or its position. */
export function ruleName(rule: TagRule, position: number): string {
  return rule.name ?? String(position);
}

/** What becomes of a tag that arrives, where the policy does not say. */
export function incomingOf(
  tag: TagSpec,
  direction: FilterEntry['direction'],
): NonNullable<TagSpec['incoming']> {
  return tag.incoming ?? (direction === 'gateway' ? 'strip' : 'trust');
}

/** The salt of a rule's share; by default NAMESPACE/POLICY/HEADER. */
export function saltOf(entry: FilterEntry, tag: TagSpec, rule: TagRule): string {
  const policy = entry.id.slice(0, entry.id.lastIndexOf('/'));
  return rule.salt ?? `${policy}/${tag.header.toLowerCase()}`;
}

/** Requests, and the nanoseconds that one token takes to come back. */
export function rateOf(limit: LimitSpec): { burst: number; intervalNs: number } {
  const [count = '1', unit = 's'] = limit.rate.split('/');
  const seconds = { s: 1, m: 60, h: 3600 }[unit] ?? 1;
  return { burst: limit.burst ?? Number(count), intervalNs: (seconds * 1e9) / Number(count) };
}

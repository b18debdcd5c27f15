// sections: a filter entry's own sections, as far as they are explained.
// Promise: a view, no judge: what the filter has accepted is read as its schema describes it.

import type { FilterEntry } from '../policy/policy.js';

export interface Operators {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly in?: readonly string[];
  readonly present?: boolean;
  readonly regex?: string;
  /** Of a path alone. */
  readonly template?: string;
  readonly ignoreCase?: boolean;
}

export interface When extends Operators {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly path?: Operators;
  readonly host?: Operators;
  readonly method?: readonly string[];
  readonly ip?: readonly string[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly all?: readonly When[];
  readonly any?: readonly When[];
  readonly not?: When;
}

/** Where a value is taken from; `ip` with bits is known to limits alone. */
export interface Source {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true | { readonly v4?: number; readonly v6?: number };
  readonly host?: true;
  readonly method?: true;
  readonly path?: { readonly template: string; readonly variable: string };
  readonly tag?: string;
}

export interface RuleSection {
  readonly name?: string;
  readonly when?: When;
  readonly percent?: number;
  readonly identity?: readonly Source[];
  readonly salt?: string;
  readonly mint?: { readonly cookie: string };
  readonly value: string | { readonly header: string };
  readonly dryRun?: boolean;
}

export interface TagSection {
  readonly header: string;
  readonly incoming?: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly rules?: readonly RuleSection[];
  readonly default?: string;
  readonly carry?: readonly string[];
  readonly echo?: boolean;
}

export interface LimitSection {
  readonly name: string;
  readonly when?: When;
  readonly per?: readonly Source[];
  readonly rate: string;
  readonly burst?: number;
  readonly scope?: 'worker' | 'proxy' | 'global';
  readonly dryRun?: boolean;
}

export interface ClientSection {
  readonly address?: 'envoy' | 'forwarded';
  readonly trustedHops?: number;
  readonly prefix?: { readonly v4?: number; readonly v6?: number };
}

export interface PropagateSection {
  readonly key?: readonly string[];
  readonly headers?: readonly string[];
}

export interface Sections {
  readonly mode?: string;
  readonly client?: ClientSection;
  readonly paths?: object;
  readonly tags?: readonly TagSection[];
  readonly limits?: readonly LimitSection[];
  readonly propagate?: PropagateSection;
}

export function sectionsOf(entry: FilterEntry): Sections {
  return entry.configuration as Sections;
}

/** What a rule is called: its name, or its position. */
export function ruleName(rule: RuleSection, position: number): string {
  return rule.name ?? String(position);
}

/** What becomes of a tag that arrives, where the policy does not say. */
export function incomingOf(
  tag: TagSection,
  direction: FilterEntry['direction'],
): NonNullable<TagSection['incoming']> {
  return tag.incoming ?? (direction === 'gateway' ? 'strip' : 'trust');
}

/** The salt of a rule's share; by default NAMESPACE/POLICY/HEADER. */
export function saltOf(entry: FilterEntry, tag: TagSection, rule: RuleSection): string {
  const policy = entry.id.slice(0, entry.id.lastIndexOf('/'));
  return rule.salt ?? `${policy}/${tag.header.toLowerCase()}`;
}

/** Requests, and the nanoseconds that one token takes to come back. */
export function rateOf(limit: LimitSection): { burst: number; intervalNs: number } {
  const [count = '1', unit = 's'] = limit.rate.split('/');
  const seconds = { s: 1, m: 60, h: 3600 }[unit] ?? 1;
  return { burst: limit.burst ?? Number(count), intervalNs: (seconds * 1e9) / Number(count) };
}

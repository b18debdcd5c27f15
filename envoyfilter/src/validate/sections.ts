// sections: the filter's own sections of an entry, as types, for policies that their schema accepts.

import type { Path } from '../policy/place.js';
import type { FilterSpec } from '../policy/policy.js';
import type { Placed, Subject } from './rule.js';

export type Operator = 'exact' | 'prefix' | 'suffix' | 'contains' | 'in' | 'regex' | 'present';

export interface Comparison {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly in?: readonly string[];
  readonly regex?: string;
  readonly present?: boolean;
  readonly template?: string;
  readonly ignoreCase?: boolean;
}

export interface When extends Omit<Comparison, 'template'> {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly path?: Comparison;
  readonly host?: Comparison;
  readonly method?: readonly string[];
  readonly ip?: readonly string[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly all?: readonly When[];
  readonly any?: readonly When[];
  readonly not?: When;
}

export interface IdentitySource {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true;
}

export interface TagRule {
  readonly name?: string;
  readonly when?: When;
  readonly percent?: number;
  readonly identity?: readonly IdentitySource[];
  readonly salt?: string;
  readonly mint?: { readonly cookie: string };
  readonly value: string | { readonly header: string };
  readonly dryRun?: boolean;
}

export interface TagSpec {
  readonly header: string;
  readonly incoming?: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly rules?: readonly TagRule[];
  readonly default?: string;
  readonly carry?: readonly string[];
  readonly echo?: boolean;
}

export interface KeyPart {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true | { readonly v4?: number; readonly v6?: number };
  readonly tag?: string;
}

export interface LimitSpec {
  readonly name: string;
  readonly when?: When;
  readonly per?: readonly KeyPart[];
  readonly rate: string;
  readonly burst?: number;
  readonly scope?: 'worker' | 'proxy' | 'global';
  readonly dryRun?: boolean;
  readonly reject?: { readonly status?: number; readonly body?: string };
  readonly maxKeys?: number;
}

export interface PropagateSpec {
  readonly headers?: readonly string[];
  readonly capacity?: number;
}

/** Something of an entry, and the entry. */
export interface InFilter<T> extends Placed<T> {
  readonly filter: Placed<FilterSpec>;
}

export function tagsOf(filter: Placed<FilterSpec>): InFilter<TagSpec>[] {
  return listed(filter, 'tags');
}

export function limitsOf(filter: Placed<FilterSpec>): InFilter<LimitSpec>[] {
  return listed(filter, 'limits');
}

export function rulesOf(tag: InFilter<TagSpec>): InFilter<TagRule>[] {
  return (tag.spec.rules ?? []).map((spec, index) => ({
    index,
    spec,
    path: [...tag.path, 'rules', index],
    filter: tag.filter,
  }));
}

export function propagateOf({ spec }: Placed<FilterSpec>): PropagateSpec | undefined {
  return spec.propagate as PropagateSpec | undefined;
}

/** Of all entries. */
export function allTags({ filters }: Subject): InFilter<TagSpec>[] {
  return filters.flatMap(tagsOf);
}

export function allLimits({ filters }: Subject): InFilter<LimitSpec>[] {
  return filters.flatMap(limitsOf);
}

/** Every condition of the policy, the outermost of each. */
export function allWhens(
  subject: Subject,
): { path: Path; when: When; filter: Placed<FilterSpec> }[] {
  const holders = [...allTags(subject).flatMap(rulesOf), ...allLimits(subject)];
  return holders.flatMap(({ spec, path, filter }) =>
    spec.when === undefined ? [] : [{ path: [...path, 'when'], when: spec.when, filter }],
  );
}

/** A condition and all that are nested in it. */
export function* nested(when: When, path: Path): Generator<{ when: When; path: Path }> {
  yield { when, path };
  for (const key of ['all', 'any'] as const) {
    for (const [index, inner] of (when[key] ?? []).entries()) {
      yield* nested(inner, [...path, key, index]);
    }
  }
  if (when.not !== undefined) yield* nested(when.not, [...path, 'not']);
}

/** The conditions that all must be true. */
export function* required(when: When, path: Path): Generator<{ when: When; path: Path }> {
  yield { when, path };
  for (const [index, inner] of (when.all ?? []).entries()) {
    yield* required(inner, [...path, 'all', index]);
  }
}

/** As the filter has it where the entry says nothing. */
export function incomingOf({ spec, filter }: InFilter<TagSpec>): NonNullable<TagSpec['incoming']> {
  return spec.incoming ?? (filter.spec.at === 'gateway' ? 'strip' : 'trust');
}

/** `strip`, `trust` or `allow`. */
export function isKept(tag: InFilter<TagSpec>): boolean {
  return incomingOf(tag) !== 'strip';
}

function listed<T>(filter: Placed<FilterSpec>, section: 'tags' | 'limits'): InFilter<T>[] {
  const list = (filter.spec[section] ?? []) as readonly T[];
  return list.map((spec, index) => ({
    index,
    spec,
    path: [...filter.path, section, index],
    filter,
  }));
}

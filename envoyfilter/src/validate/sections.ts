// sections: the sections of a policy's entries, each with its place.

import type { Path } from '../policy/place.js';
import type { FilterSpec } from '../policy/policy.js';
import type { LimitSpec, PropagateSpec, TagRule, TagSpec, When } from '../policy/sections.js';
import type { Placed, Subject } from './rule.js';

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

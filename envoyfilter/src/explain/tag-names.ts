// tag-names: the tag headers that policies decide, carry or route by. Pure.

import { filterEntries, type Policy, versionsOf } from '../policy/policy.js';
import { sectionsOf } from './sections.js';

/** Lower-case, each once, in the order in which they first stand. */
export function tagNames(policies: readonly Policy[]): string[] {
  const decided = policies.flatMap(filterEntries).flatMap((entry) => {
    const { tags = [], propagate } = sectionsOf(entry);
    return [...tags.map(({ header }) => header), ...(propagate?.headers ?? [])];
  });
  const routed = policies
    .flatMap(({ spec }) => spec.routes ?? [])
    .flatMap((route) => versionsOf(route).flatMap(({ when }) => Object.keys(when)));
  return [...new Set([...decided, ...routed].map((name) => name.toLowerCase()))];
}

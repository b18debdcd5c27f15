// our-filter: how a filter of ours is called, and which entry it is. Pure.

import type { FilterEntry } from '../policy/policy.js';
import type { OurFilter } from './chains.js';

export function nameOf({ filter, plugin }: OurFilter): string {
  if (plugin === undefined) return filter.name;
  return plugin.direction === '' ? plugin.id : `${plugin.id} (${plugin.direction})`;
}

/** Is it this entry's, delivered or not? */
export function isOf({ filter, plugin }: OurFilter, { id, direction }: FilterEntry): boolean {
  if (plugin === undefined) return filter.name === `${id}/${direction}`;
  return plugin.id === id && (plugin.direction === '' || plugin.direction === direction);
}

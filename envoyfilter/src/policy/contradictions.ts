// contradictions: what entries of one policy must agree about, since one of them would undo another.
// Promise: pure, and no data makes it throw: it is asked before a schema was.

import type { Path } from './place.js';

export interface Contradiction {
  readonly kind: 'carry' | 'capacity';
  readonly path: Path;
  readonly found: string;
  readonly wanted: string;
}

const CAPACITY_DEFAULT = 8192;

/** @param filters `spec.filters`, whatever stands there */
export function contradictionsIn(filters: readonly unknown[]): Contradiction[] {
  return [...carried(filters), ...capacities(filters)];
}

/** A tag that one entry reads from baggage must be judged there wherever clients come in. */
function carried(filters: readonly unknown[]): Contradiction[] {
  const tags = filters.flatMap((filter, index) =>
    listOf(isRecord(filter) ? filter.tags : undefined).map((tag, position) => ({
      at: isRecord(filter) ? filter.at : undefined,
      path: ['spec', 'filters', index, 'tags', position] as const,
      header: String(tag.header).toLowerCase(),
      carried: Array.isArray(tag.carry) && tag.carry.length > 0,
    })),
  );
  const open = tags.filter((tag) => tag.at === 'gateway' && !tag.carried);
  return open.flatMap(({ header, path }) => {
    const reader = tags.find((tag) => tag.carried && tag.header === header);
    if (reader === undefined) return [];
    const where = `spec.filters[${reader.path[2]}].tags[${reader.path[4]}]`;
    return {
      kind: 'carry',
      path,
      found: `${header} left in clients' baggage, where ${where} reads it`,
      wanted: '"carry: [baggage]" here too',
    };
  });
}

/** Both directions of a policy share one store: another number of slots finds nothing. */
function capacities(filters: readonly unknown[]): Contradiction[] {
  const sizes = filters.flatMap((filter, index) => {
    const propagate = isRecord(filter) ? filter.propagate : undefined;
    return isRecord(propagate) ? [{ index, capacity: propagate.capacity ?? CAPACITY_DEFAULT }] : [];
  });
  const [first] = sizes;
  return sizes
    .filter(({ capacity }) => capacity !== first?.capacity)
    .map(({ index, capacity }) => ({
      kind: 'capacity',
      path: ['spec', 'filters', index, 'propagate', 'capacity'],
      found: String(capacity),
      wanted: `${first?.capacity} as in spec.filters[${first?.index}]: they share one store`,
    }));
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

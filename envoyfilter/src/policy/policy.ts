// policy: the policy file as data, and the filter entries it stands for.
// Promise: pure. What a filter's configuration may hold is judged by the filter itself and by its
// JSON schema; here is what decides where an entry runs, and what one entry must know of another.

import { parse } from 'yaml';

/** Where a filter runs; `sidecar` in the file stands for both of inbound and outbound. */
export type Direction = 'gateway' | 'inbound' | 'outbound';

/** One item of `spec.filters`: where it runs, and the filter's own sections. */
export interface FilterSpec {
  readonly at: Direction | 'sidecar';
  readonly namespace?: string;
  readonly selector?: Readonly<Record<string, string>>;
  readonly mode?: 'enforce' | 'dryRun' | 'disabled';
  readonly [section: string]: unknown;
}

/** One item of `spec.routes`. */
export interface RouteSpec {
  readonly host: string;
  readonly tag: string;
  /** Tag value -> pod labels. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly default: string;
}

export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly mode?: 'enforce' | 'dryRun' | 'disabled';
    readonly filters: readonly FilterSpec[];
    readonly routes?: readonly RouteSpec[];
  };
}

/** One filter as it is loaded into one kind of listener. */
export interface FilterEntry {
  /** NAMESPACE/POLICY/ENTRY; ENTRY is the position in `spec.filters`. */
  readonly id: string;
  readonly direction: Direction;
  /** What the wasm reads, id and direction included. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** The text is not a policy. */
export class PolicyError extends Error {
  readonly code = 'POLICY_INVALID';
  override readonly name = 'PolicyError';
}

/**
 * Reads a policy file (YAML or JSON).
 * @throws PolicyError where it is no `tagalong/v1` Policy, or its entries contradict one another
 */
export function readPolicy(text: string): Policy {
  const file: unknown = parse(text);
  if (!isRecord(file)) throw new PolicyError(`found ${typeof file}, wanted a Policy`);
  if (file.apiVersion !== 'tagalong/v1' || file.kind !== 'Policy') {
    const found = `apiVersion ${JSON.stringify(file.apiVersion)}, kind ${JSON.stringify(file.kind)}`;
    throw new PolicyError(`found ${found}, wanted apiVersion "tagalong/v1", kind "Policy"`);
  }
  if (!isRecord(file.metadata) || typeof file.metadata.name !== 'string') {
    throw new PolicyError('metadata: found no name, wanted the name of the policy');
  }
  if (!isRecord(file.spec) || !Array.isArray(file.spec.filters)) {
    throw new PolicyError('spec.filters: found none, wanted an array of filter entries');
  }
  const metadata = { namespace: 'default', ...file.metadata };
  checkCarry(file.spec.filters);
  checkCapacity(file.spec.filters);
  return { ...file, metadata } as unknown as Policy;
}

/** A tag that one entry reads from baggage must be judged there wherever clients come in. */
function checkCarry(filters: readonly unknown[]): void {
  const tags = filters.flatMap((filter, index) =>
    listOf(isRecord(filter) ? filter.tags : undefined).map((tag, position) => ({
      at: isRecord(filter) ? filter.at : undefined,
      path: `spec.filters[${index}].tags[${position}]`,
      header: String(tag.header).toLowerCase(),
      carried: Array.isArray(tag.carry) && tag.carry.length > 0,
    })),
  );
  for (const open of tags.filter(({ at, carried }) => at === 'gateway' && !carried)) {
    const reader = tags.find(({ header, carried }) => carried && header === open.header);
    if (reader === undefined) continue;
    const found = `${open.header} left in clients' baggage, where ${reader.path} reads it`;
    throw new PolicyError(`${open.path}: found ${found}, wanted "carry: [baggage]" here too`);
  }
}

/** Both directions of a policy share one store: another number of slots finds nothing. */
function checkCapacity(filters: readonly unknown[]): void {
  const sizes = filters.flatMap((filter, index) => {
    const propagate = isRecord(filter) ? filter.propagate : undefined;
    return isRecord(propagate) ? [{ index, capacity: propagate.capacity ?? 8192 }] : [];
  });
  const [first] = sizes;
  const other = sizes.find(({ capacity }) => capacity !== first?.capacity);
  if (first === undefined || other === undefined) return;
  throw new PolicyError(
    `spec.filters[${other.index}].propagate.capacity: found ${other.capacity}, ` +
      `wanted ${first.capacity} as in spec.filters[${first.index}]: they share one store`,
  );
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Every filter of the policy, in the file's order; a sidecar's entry comes as two. */
export function filterEntries(policy: Policy): FilterEntry[] {
  const { name, namespace } = policy.metadata;
  return policy.spec.filters.flatMap((filter, index) => {
    const id = `${namespace}/${name}/${index}`;
    const { at, namespace: _namespace, selector: _selector, mode, ...sections } = filter;
    const directions: Direction[] = at === 'sidecar' ? ['inbound', 'outbound'] : [at];
    const inForce = mode ?? policy.spec.mode ?? 'enforce';
    return directions.map((direction) => ({
      id,
      direction,
      configuration: { id, direction, mode: inForce, ...sections },
    }));
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

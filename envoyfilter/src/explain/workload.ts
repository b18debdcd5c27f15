// workload: the kinds of proxies that policies are for. Pure.

import { type Direction, filterEntries, type Labels, type Policy } from '../policy/policy.js';

/** The proxies of one kind of workload. */
export interface Workload {
  readonly at: Direction;
  readonly namespace: string;
  readonly labels: Labels;
}

/** Every kind of workload that an entry of a policy runs in, once. */
export function workloadsOf(policies: readonly Policy[]): Workload[] {
  const all = policies.flatMap(filterEntries).map(({ direction, namespace, selector }) => ({
    at: direction,
    namespace,
    labels: selector,
  }));
  const keys = all.map((workload) => JSON.stringify(workload));
  return all.filter((_, at) => keys.indexOf(keys[at] ?? '') === at);
}

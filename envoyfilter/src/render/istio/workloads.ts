// workloads: which proxies a resource is for, as Istio's kinds have it.

import type { Labels, PlacedEntry } from '../../policy/policy.js';

/** @param selecting the kind's own way to select by labels; nothing selects the whole namespace */
export function workloads(
  { selector, gateway }: PlacedEntry,
  selecting: (labels: Labels) => object,
): object {
  if (gateway !== undefined) {
    const group = 'gateway.networking.k8s.io';
    return { targetRefs: [{ group, kind: 'Gateway', name: gateway }] };
  }
  return Object.keys(selector).length > 0 ? selecting(selector) : {};
}

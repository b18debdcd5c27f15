// namespaces: where a policy's workloads are.

import type { Policy } from '../policy/policy.js';

/** The policy's own first, then those of its filters, each once. */
export function policyNamespaces(policy: Policy): string[] {
  return [
    ...new Set([
      policy.metadata.namespace,
      ...policy.spec.filters.map(({ namespace = policy.metadata.namespace }) => namespace),
    ]),
  ];
}

/** Those of applications with a sidecar: without those that only gateways are in. */
export function sidecarNamespaces(policy: Policy): string[] {
  const filters = policy.spec.filters.filter(({ at }) => at !== 'gateway');
  return policyNamespaces({ ...policy, spec: { ...policy.spec, filters } });
}

// route-names: what is named after a host, a version or a policy as a whole.
// Promise: as in names.ts, and what Envoy shows (routes, clusters) tells whose it is.

import type { Policy } from '../policy/policy.js';
import { dnsLabel, ownLabels } from './names.js';
import type { Resource } from './resource.js';

/** Kubernetes's default; Istio's own short names end in it. */
const CLUSTER_DOMAIN = 'svc.cluster.local';

/** Of a host's VirtualService and DestinationRule. */
export function routeObjectName(host: string): string {
  return `tagalong-${dnsLabel(host)}`;
}

/** Of an object that a policy has one of in a namespace. */
export function policyObjectName({ metadata }: Policy, part: string): string {
  return `tagalong-${dnsLabel(metadata.name)}-${part}`;
}

/** What is always in the metadata. `namespace`: default the policy's. */
export function objectMetadata(
  policy: Policy,
  name: string,
  namespace = policy.metadata.namespace,
): Resource['metadata'] {
  return { name, namespace, labels: ownLabels(policy) };
}

/** A host as Istio resolves it: one without a dot is of the policy's namespace. */
export function fullHost(host: string, { metadata }: Policy): string {
  return host.includes('.') || host === '*'
    ? host
    : `${host}.${metadata.namespace}.${CLUSTER_DOMAIN}`;
}

/**
 * Where the DestinationRule of a host must be: the proxies of all namespaces look for it beside the
 * service. With the route and without it they would answer 503, as they know no subset.
 */
export function ruleNamespace(host: string, policy: Policy): string {
  return clusterNamespace(fullHost(host, policy)) ?? policy.metadata.namespace;
}

/** The namespace of a Service by its full name; undefined for a host that is none. */
export function clusterNamespace(host: string): string | undefined {
  const [, namespace] = /^[^.]+\.([^.]+)\.svc\.cluster\.local$/.exec(host) ?? [];
  return namespace;
}

/** Of a version in the DestinationRule, and in the names of Envoy's clusters. */
export function subsetName(version: string): string {
  return dnsLabel(version);
}

/** Of a version's route and, with more before it, of a cluster of ours: NAMESPACE/HOST/VERSION. */
export function versionRouteName({ metadata }: Policy, host: string, version: string): string {
  return `${metadata.namespace}/${host}/${version}`;
}

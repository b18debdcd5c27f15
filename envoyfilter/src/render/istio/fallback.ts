// fallback: how a version without a healthy endpoint hands its requests to another.
// Promise: pure. Istio's failover priorities where they tell the two versions' pods from all others:
// a DestinationRule then says it all, for every caller in the mesh. Else Envoy's aggregate cluster,
// which only an EnvoyFilter can add, in the namespaces that the policy names.
//
//   priority:   subset canary = pods of both ─┬─ P0 version=v2
//                                             └─ P1 the others
//   aggregate:  route canary ── aggregate cluster ─┬─ P0 subset canary
//                                                  └─ P1 subset stable
//
// Either begins before the last endpoint is ejected: Envoy gives a priority 1.4 times the share of its
// endpoints that are healthy, and the rest to the next. Of a version with 2 of 4 ejected the other had
// 26 % of the requests, with 3 of 4 62 % (seen on 1.40). Endpoints that Kubernetes takes away do not
// count.

import {
  type Labels,
  type Policy,
  type RouteSpec,
  type Version,
  versionsOf,
} from '../../policy/policy.js';
import { policyNamespaces } from '../namespaces.js';
import type { Resource } from '../resource.js';
import {
  fullHost,
  objectMetadata,
  policyObjectName,
  subsetName,
  versionRouteName,
} from '../route-names.js';
import { sortedVersions } from '../versions.js';
import type { PlacedRoute } from './placed-route.js';

const UNBOUNDED = 4_294_967_295;

export type Fallback =
  | {
      readonly kind: 'priority';
      /** What the pods of both versions have in common. */
      readonly labels: Labels;
      /** Labels that only the version's own pods have all of; never empty. */
      readonly priority: readonly string[];
    }
  | { readonly kind: 'aggregate'; readonly to: Version };

export function fallsBack(route: RouteSpec, version: Version): boolean {
  return route.fallback !== undefined && route.fallback !== version.name;
}

/** Undefined where the version falls back to none, or to pods that it has already. */
export function fallbackOf(route: RouteSpec, version: Version): Fallback | undefined {
  if (!fallsBack(route, version)) return undefined;
  const versions = versionsOf(route);
  const to = versions.find(({ name }) => name === route.fallback)!;
  const own = Object.entries(version.labels).sort(([one], [other]) => (one < other ? -1 : 1));
  const common = own.filter(([key, value]) => to.labels[key] === value);
  const priority = own.filter(([key, value]) => to.labels[key] !== value);
  if (priority.length === 0) return undefined;
  const others = versions.filter(({ name }) => name !== version.name && name !== to.name);
  // A pod has more labels than a version names: only a label that differs keeps it out.
  const kept = (other: Version) =>
    common.some(([key, value]) => (other.labels[key] ?? value) !== value);
  if (!others.every(kept)) return { kind: 'aggregate', to };
  return {
    kind: 'priority',
    labels: Object.fromEntries(common),
    priority: priority.map(([key, value]) => `${key}=${value}`),
  };
}

/** Clusters that try one version's endpoints and then another's, and routes that lead to them. */
export function aggregateFilters(policy: Policy): Resource[] {
  const patches = (policy.spec.routes ?? []).flatMap((route) =>
    route.port === undefined
      ? []
      : sortedVersions(route).flatMap((version) => {
          const fallback = fallbackOf(route, version);
          return fallback?.kind === 'aggregate'
            ? aggregatePatches(policy, route, version, fallback.to)
            : [];
        }),
  );
  if (patches.length === 0) return [];
  return policyNamespaces(policy).map((namespace) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: objectMetadata(policy, policyObjectName(policy, 'fallback'), namespace),
    spec: { priority: 10, configPatches: patches },
  }));
}

function aggregatePatches(policy: Policy, route: RouteSpec, version: Version, to: Version) {
  const host = fullHost(route.host, policy);
  const clusterOf = ({ name }: Version) => `outbound|${route.port}|${subsetName(name)}|${host}`;
  const name = versionRouteName(policy, route.host, version.name);
  const cluster = `tagalong/${name}`;
  const aggregate = {
    name: cluster,
    connect_timeout: '1s',
    lb_policy: 'CLUSTER_PROVIDED',
    // Retries are counted here, and Envoy's own bound is three at a time; as in Istio's clusters.
    circuit_breakers: { thresholds: [{ max_retries: UNBOUNDED }] },
    cluster_type: {
      name: 'envoy.clusters.aggregate',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig',
        clusters: [clusterOf(version), clusterOf(to)],
      },
    },
  };
  return ['SIDECAR_OUTBOUND', 'GATEWAY'].flatMap((context) => [
    {
      applyTo: 'CLUSTER',
      match: { context },
      patch: { operation: 'ADD', value: aggregate },
    },
    {
      applyTo: 'HTTP_ROUTE',
      match: {
        context,
        routeConfiguration: { vhost: { route: { name } } },
      },
      patch: { operation: 'MERGE', value: { route: { cluster } } },
    },
  ]);
}

/** Where the fallback is less than it may seem. */
export function fallbackNotes({ policy, route, place }: PlacedRoute): string[] {
  return sortedVersions(route).flatMap((version) => {
    const fallback = fallbackOf(route, version);
    if (fallback === undefined) return [];
    const from = `${place}.fallback: ${version.name} to ${route.fallback}`;
    if (fallback.kind === 'priority') {
      const labels = Object.entries(fallback.labels).map((label) => label.join('='));
      const pods = labels.length === 0 ? `every pod of ${route.host}` : labels.join(', ');
      return [`${from} counts ${pods} that is not of ${version.name} as ${route.fallback}`];
    }
    if (route.port === undefined) {
      return [
        `${from} is not rendered: with three versions it needs the service's port, wanted ${place}.port`,
      ];
    }
    return [
      `${from} holds for callers in ${policyNamespaces(policy).join(', ')} only: it would for all ` +
        'if these two versions had a label in common that no other has',
    ];
  });
}

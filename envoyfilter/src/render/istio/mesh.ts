// mesh: what has nothing to do with tags, and without which meshes fail: `spec.mesh`, and what the
// SDK's own ways past the sidecar need.
// Promise: pure, and nothing that was not asked for, but for the count of attempts: the SDK takes it
// for the proof that a request was not sent.

import type { MeshSpec, Policy } from '../../policy/policy.js';
import { sidecarNamespaces } from '../namespaces.js';
import type { RenderOptions, ResourceSet } from '../options.js';
import type { Resource } from '../resource.js';
import { clusterNamespace, fullHost, objectMetadata, policyObjectName } from '../route-names.js';

/** Where istiod and the services of the mesh itself are. */
const MESH_HOSTS = 'istio-system/*';
/** A proxy that is no longer ready is seen within four of these; Istio's 15 s make a minute of it. */
const READINESS_SECONDS = '5';

export function meshResources(
  policies: readonly Policy[],
  _options?: Pick<RenderOptions, 'target'>,
): ResourceSet {
  const resources = [...policies.flatMap(attemptCounts), ...sidecars(policies)];
  return { resources, notes: policies.flatMap(meshNotes) };
}

/**
 * Tells applications with which attempt an answer came. In every virtual host of their proxies, as
 * the names of those hold ports that the policy need not know, and a name that is wrong would be
 * passed over in silence. Not at gateways: clients outside have no use for it. The count of the
 * request, which goes to the service, is on in Istio anyway.
 */
function attemptCounts(policy: Policy): Resource[] {
  if ((policy.spec.routes ?? []).length === 0) return [];
  const patch = {
    applyTo: 'VIRTUAL_HOST',
    match: { context: 'SIDECAR_OUTBOUND' },
    patch: { operation: 'MERGE', value: { include_attempt_count_in_response: true } },
  };
  return sidecarNamespaces(policy).map((namespace) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: objectMetadata(policy, policyObjectName(policy, 'attempts'), namespace),
    spec: { priority: 10, configPatches: [patch] },
  }));
}

/** One for each namespace: of several without a selector Istio takes any. */
function sidecars(policies: readonly Policy[]): Resource[] {
  const hosts = new Map<string, { owner: Policy; hosts: Set<string> }>();
  for (const policy of policies) {
    if (policy.spec.mesh?.sidecar === undefined || policy.spec.mesh.sidecar === false) continue;
    for (const namespace of sidecarNamespaces(policy)) {
      const entry = hosts.get(namespace) ?? { owner: policy, hosts: new Set() };
      for (const host of egressHosts(policy)) entry.hosts.add(host);
      hosts.set(namespace, entry);
    }
  }
  return [...hosts].map(([namespace, entry]) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: objectMetadata(entry.owner, 'tagalong', namespace),
    spec: { egress: [{ hosts: [...entry.hosts].sort() }] },
  }));
}

/** NAMESPACE/HOST of all that a policy names. */
function egressHosts(policy: Policy): string[] {
  const { routes = [], rateLimitService, mesh } = policy.spec;
  const own = [
    ...routes.map(({ host }) => host),
    ...(rateLimitService === undefined ? [] : [rateLimitService.host]),
  ];
  const more = typeof mesh?.sidecar === 'object' ? mesh.sidecar.hosts : [];
  return [
    MESH_HOSTS,
    ...own.map((host) => egressHost(fullHost(host, policy))),
    ...more.map((host) => (host.includes('/') ? host : egressHost(fullHost(host, policy)))),
  ];
}

/** A host of the cluster with its namespace, so that no other namespace's entry is meant. */
function egressHost(host: string): string {
  return `${clusterNamespace(host) ?? '*'}/${host}`;
}

function meshNotes(policy: Policy): string[] {
  const ports = directPorts(policy);
  const notes: string[] = [];
  if (ports.length > 0) {
    notes.push(
      `spec.sdk.direct: pods with the annotation reach every host on port ${ports.join(', ')} past ` +
        'the proxy: wanted ports that serve nothing else',
    );
  }
  if (podSysctls(policy).length > 0) {
    notes.push(
      'spec.mesh.xdsKeepalive: as sysctls of the pods, which Kubernetes allows from 1.29 on. ' +
        "Istio's agent pings istiod by itself, every 30 s",
    );
  }
  if (policy.spec.mesh?.sidecar !== undefined && policy.spec.mesh.sidecar !== false) {
    notes.push(
      'spec.mesh.sidecar: proxies lose every host that is not listed: wanted in ' +
        'spec.mesh.sidecar.hosts whatever else these applications call',
    );
  }
  return notes;
}

/** Annotations of the pods, without `proxy.istio.io/config`. */
export function podAnnotations(policy: Policy): Record<string, string> {
  const ports = directPorts(policy);
  return {
    ...(holdsApplication(policy.spec.mesh) && {
      'readiness.status.sidecar.istio.io/periodSeconds': READINESS_SECONDS,
    }),
    ...(ports.length > 0 && {
      'traffic.sidecar.istio.io/excludeOutboundPorts': ports.join(','),
    }),
  };
}

/** Fields of `proxy.istio.io/config`, without extraStatTags. */
export function proxyConfig(policy: Policy): Record<string, unknown> {
  return holdsApplication(policy.spec.mesh) ? { holdApplicationUntilProxyStarts: true } : {};
}

/**
 * `securityContext.sysctls` of the pods: a connection whose other end is gone is noticed after 45 s.
 * A patch of Envoy's bootstrap would do nothing: Envoy reaches istiod through the agent beside it,
 * over a Unix socket. The agent's own connection is pinged by gRPC after 30 s of silence and given up
 * 10 s later, and has TCP keep-alive with the kernel's times (Istio 1.31: pkg/keepalive, gRPC for
 * Go). These are the pod's, for every connection in it that asks for keep-alive.
 */
export function podSysctls(policy: Policy): { name: string; value: string }[] {
  if (policy.spec.mesh?.xdsKeepalive !== true) return [];
  return [
    { name: 'net.ipv4.tcp_keepalive_time', value: '30' },
    { name: 'net.ipv4.tcp_keepalive_intvl', value: '5' },
    { name: 'net.ipv4.tcp_keepalive_probes', value: '3' },
  ];
}

function holdsApplication(mesh: MeshSpec | undefined): boolean {
  return mesh !== undefined && mesh.holdApplication !== false;
}

/** Of the addresses past the sidecar, sorted. */
function directPorts({ spec }: Policy): number[] {
  const addresses = Object.values(spec.sdk?.direct ?? {}).map(({ address }) => address);
  const ports = addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1)));
  return [...new Set(ports)].sort((one, other) => one - other);
}

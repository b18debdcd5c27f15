// pod-template: what a policy needs of the pods: annotations, and where it asks for them sysctls.
// Annotations of this kind are read when a pod starts, so they must be there before the filter is:
// without extraStatTags the labels of the filter's metrics stay in the metrics' names.

import { stringify } from 'yaml';
import type { Policy } from '../../policy/policy.js';
import { type Delivery, MOUNT_PATH } from '../delivery.js';
import { sidecarNamespaces } from '../namespaces.js';
import { RenderError } from '../options.js';
import { toYaml } from '../resource.js';
import { LABELS } from '../stats-tags.js';
import { podAnnotations, podSysctls, proxyConfig } from './mesh.js';

const PROXY_CONFIG = 'proxy.istio.io/config';
/** Of the volume, in the pod. */
const VOLUME = 'tagalong';

/** Istio makes their pods in two ways, which do not read the same annotations. */
export type Role = 'sidecars' | 'gateways';

export interface PodTemplate {
  readonly namespace: string;
  readonly role: Role;
  readonly annotations: Readonly<Record<string, string>>;
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
  /** The ConfigMap that gateways mount, in their own pods: they have no annotation for that. */
  readonly configMap: string | undefined;
}

interface Placed {
  readonly policy: Policy;
  readonly delivery: Delivery;
}

interface Wanted extends PodTemplate {
  readonly proxy: Readonly<Record<string, unknown>>;
}

/**
 * For each namespace with workloads of a policy, sorted, those with sidecars before gateways.
 * @throws RenderError where two policies want different things of the same pods
 */
export function podTemplates(policies: readonly Placed[]): PodTemplate[] {
  const wanted = policies.flatMap((placed) => [...ofSidecars(placed), ...ofGateways(placed)]);
  const namespaces = [...new Set(wanted.map(({ namespace }) => namespace))].sort();
  return namespaces.flatMap((namespace) =>
    (['sidecars', 'gateways'] as const).flatMap((role) =>
      together(wanted.filter((one) => one.namespace === namespace && one.role === role)),
    ),
  );
}

function ofSidecars({ policy, delivery }: Placed): Wanted[] {
  const filtered = filteredBy(policy, (at) => at !== 'gateway');
  return sidecarNamespaces(policy).map((namespace) => {
    const filters = filtered.has(namespace);
    return {
      namespace,
      role: 'sidecars',
      proxy: { ...proxyConfig(policy), ...(filters ? LABELLED : {}) },
      annotations: { ...(filters ? volume(delivery) : {}), ...podAnnotations(policy) },
      sysctls: podSysctls(policy),
      configMap: undefined,
    };
  });
}

function ofGateways({ policy, delivery }: Placed): Wanted[] {
  return [...filteredBy(policy, (at) => at === 'gateway')].map((namespace) => ({
    namespace,
    role: 'gateways',
    proxy: LABELLED,
    annotations: {},
    sysctls: podSysctls(policy),
    configMap: delivery.way === 'configMap' ? delivery.value : undefined,
  }));
}

const LABELLED = { extraStatTags: [...LABELS] };

/** The namespaces of its filters at these places. */
function filteredBy({ metadata, spec }: Policy, where: (at: string) => boolean): Set<string> {
  const filters = spec.filters.filter(({ at }) => where(at));
  return new Set(filters.map(({ namespace }) => namespace ?? metadata.namespace));
}

/** What all policies want of the same pods, at most one. */
function together(wanted: readonly Wanted[]): PodTemplate[] {
  const [first] = wanted;
  if (first === undefined) return [];
  const { namespace, role } = first;
  const proxy = merge(
    wanted.map((one) => one.proxy),
    namespace,
  );
  const annotations = merge(
    wanted.map((one) => one.annotations),
    namespace,
  );
  const maps = merge(
    wanted.map(({ configMap }) => (configMap === undefined ? {} : { ConfigMap: configMap })),
    namespace,
  );
  const sysctls = wanted.find((one) => one.sysctls.length > 0)?.sysctls ?? [];
  const config = Object.keys(proxy).length > 0 ? { [PROXY_CONFIG]: stringify(proxy) } : {};
  const all = { ...config, ...annotations };
  if (Object.keys(all).length + sysctls.length === 0) return [];
  return [{ namespace, role, annotations: all, sysctls, configMap: maps.ConfigMap }];
}

/** A patch for kustomize, for Deployments of the namespace. */
export function podPatch({
  namespace,
  role,
  annotations,
  sysctls,
  configMap,
}: PodTemplate): string {
  const about = `\
The ${role === 'gateways' ? 'gateways' : 'applications'} of namespace ${namespace} must have this before their pods start. A patch for kustomize:
  patches: [{path: THIS FILE, target: {kind: Deployment, namespace: ${namespace}}}]
The name in it is not used. It replaces what a pod has under the same annotations: put both into one.
By hand: spec.template of each Deployment, StatefulSet or DaemonSet${
    role === 'gateways'
      ? ";\nwith Istio's chart for gateways: its values podAnnotations, volumes and volumeMounts."
      : '.'
  }`;
  const spec = {
    ...(sysctls.length > 0 ? { securityContext: { sysctls } } : {}),
    ...(configMap === undefined ? {} : mounted(configMap)),
  };
  const patch = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'any', namespace },
    spec: {
      template: {
        metadata: { annotations },
        ...(Object.keys(spec).length > 0 ? { spec } : {}),
      },
    },
  };
  return toYaml([patch], about);
}

/** The ConfigMap that holds the module, in the container that injection adds. */
function volume({ way, value }: Delivery): Record<string, string> {
  if (way !== 'configMap') return {};
  const volumes = { [VOLUME]: { configMap: { name: value } } };
  const mounts = { [VOLUME]: { mountPath: MOUNT_PATH, readOnly: true } };
  return {
    'sidecar.istio.io/userVolume': JSON.stringify(volumes),
    'sidecar.istio.io/userVolumeMount': JSON.stringify(mounts),
  };
}

/** The same in the pods of a gateway, whose container is there from the start. */
function mounted(configMap: string): object {
  const volumeMounts = [{ name: VOLUME, mountPath: MOUNT_PATH, readOnly: true }];
  return {
    containers: [{ name: 'istio-proxy', volumeMounts }],
    volumes: [{ name: VOLUME, configMap: { name: configMap } }],
  };
}

function merge<T>(parts: readonly Readonly<Record<string, T>>[], namespace: string) {
  const all: Record<string, T> = {};
  for (const [key, value] of parts.flatMap((part) => Object.entries(part))) {
    const before = all[key];
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(value)) {
      throw new RenderError(
        `pods of namespace ${namespace}: found ${key} as ${JSON.stringify(before)} and as ` +
          `${JSON.stringify(value)}, wanted one, since pods have one: let the policies agree`,
      );
    }
    all[key] = value;
  }
  return all;
}

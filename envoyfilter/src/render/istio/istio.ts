// istio: all that Istio and Kubernetes are given of policies, as files in an order that can be
// applied: ConfigMaps, filters, mesh, routes; and what pods must have, which nobody can apply as it is.

import { filterEntries, type Policy } from '../../policy/policy.js';
import { type Delivery, deliveryOf, MODULE_FILE, onFailure, shownUrl } from '../delivery.js';
import { ownLabels } from '../names.js';
import { RenderError, type RenderOptions, type ResourceSet } from '../options.js';
import { type Rendered, type RenderedFile, type Resource, toYaml } from '../resource.js';
import { sizeNotes } from '../sizes.js';
import { apiOf } from '../target.js';
import { meshResources } from './mesh.js';
import { podPatch, podTemplates } from './pod-template.js';
import { renderRoutes } from './routes.js';

const ABOUT = 'Rendered by tagalong. Edit the policy, not this.';
/** Apart, since they are patches: `kubectl apply -f DIR` must not see them. */
const PATCHES = 'pod-annotations';
const NOTHING = 'found neither filters nor routes that are asked for: there is nothing to apply';
/** Istio's default. */
const ROOT_NAMESPACE = 'istio-system';

/**
 * `filters`: the filters as one of the kinds that Istio has for them. `about`: what stands at the
 * top of each of their files.
 * @throws RenderError
 */
export function istioBundle(
  policies: readonly Policy[],
  options: RenderOptions,
  filters: (policies: readonly Policy[], options: RenderOptions) => ResourceSet,
  about = '',
): Rendered {
  const placed = policies.map((policy) => ({
    policy,
    delivery: deliveryOf(policy, options.module),
  }));
  const none: ResourceSet = { resources: [], notes: [] };
  const withFilters = options.only !== 'routes';
  const filtering = withFilters ? filters(policies, options) : none;
  const mesh = withFilters ? meshResources(policies, options) : none;
  const routes = options.only === 'filters' ? none : renderRoutes(policies, options);
  const maps = withFilters ? configMaps(placed, options) : [];
  const patches = withFilters ? podTemplates(placed) : [];

  const own = new Set(filtering.resources);
  const resources = [...maps, ...filtering.resources, ...mesh.resources, ...routes.resources];
  checkNames(resources);
  const files: RenderedFile[] = [
    ...resources.map((resource) => ({
      path: pathOf(resource),
      content: toYaml([resource], own.has(resource) && about !== '' ? `${ABOUT}\n${about}` : ABOUT),
    })),
    ...patches.map((template) => ({
      path: `${PATCHES}/${template.namespace}${template.role === 'gateways' ? '.gateways' : ''}.yaml`,
      content: podPatch(template),
    })),
  ];
  const notes = [
    ...filtering.notes,
    ...mesh.notes,
    ...routes.notes,
    ...(withFilters ? placed.flatMap(placementNotes) : []),
    ...(patches.length > 0
      ? [
          `pods must have the annotations in ${PATCHES}/ before they start, or metrics have no labels`,
        ]
      : []),
    ...(files.length > 0 ? versionNotes(options) : [NOTHING]),
    ...sizeNotes(resources),
  ];
  return { files, notes: [...new Set(notes)] };
}

/** One in each namespace with a filter: a pod mounts none of another namespace. */
function configMaps(
  placed: readonly { policy: Policy; delivery: Delivery }[],
  { module }: RenderOptions,
): Resource[] {
  const made = new Map<string, Resource>();
  const mapped = placed.filter(({ delivery }) => delivery.way === 'configMap');
  const binaryData =
    mapped.length > 0 ? { [MODULE_FILE]: Buffer.from(module.bytes).toString('base64') } : {};
  for (const { policy, delivery } of mapped) {
    for (const { namespace } of filterEntries(policy)) {
      const key = `${namespace}/${delivery.value}`;
      if (made.has(key)) continue;
      made.set(key, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: delivery.value, namespace, labels: ownLabels(policy) },
        binaryData,
      });
    }
  }
  return [...made.values()];
}

function checkNames(resources: readonly Resource[]): void {
  const owners = new Map<string, Resource>();
  for (const resource of resources) {
    const path = pathOf(resource);
    const other = owners.get(path);
    if (other !== undefined) {
      const policies = [other, resource].map(
        ({ metadata }) => metadata.labels?.['tagalong/policy'],
      );
      throw new RenderError(
        `${resource.kind} ${resource.metadata.namespace}/${resource.metadata.name}: found it in ` +
          `${policies.join(' and ')}, wanted one policy to own it: give them different names`,
      );
    }
    owners.set(path, resource);
  }
}

function pathOf({ kind, metadata }: Resource): string {
  return [kind.toLowerCase(), metadata.namespace, metadata.name, 'yaml']
    .filter((part) => part !== undefined)
    .join('.');
}

function placementNotes({ policy, delivery }: { policy: Policy; delivery: Delivery }): string[] {
  const entries = filterEntries(policy);
  if (entries.length === 0) return [];
  const everywhere = entries.filter(
    ({ namespace, selector }) => namespace === ROOT_NAMESPACE && Object.keys(selector).length === 0,
  );
  const own = `policy ${policy.metadata.namespace}/${policy.metadata.name}`;
  return [
    ...everywhere.map(
      ({ id, direction }) =>
        `${id}: ${direction} of every proxy of the mesh, since ${ROOT_NAMESPACE} is Istio's root ` +
        'namespace and there is no selector',
    ),
    ...deliveryNotes(own, delivery),
    ...failureNotes(own, policy, delivery),
  ];
}

function failureNotes(own: string, policy: Policy, delivery: Delivery): string[] {
  const wanted = policy.spec.delivery?.onFailure ?? 'reload';
  if (onFailure(policy, delivery) !== wanted) {
    return [
      `${own}: onFailure is open, not ${wanted}: a proxy that cannot fetch the module would ` +
        'answer every request with 403',
    ];
  }
  if (wanted !== 'closed') return [];
  return [
    `${own}: onFailure is closed: a proxy whose module fails` +
      `${['http', 'oci'].includes(delivery.way) ? ', or cannot be fetched,' : ''} answers no request`,
  ];
}

function deliveryNotes(own: string, { way, value }: Delivery): string[] {
  switch (way) {
    case 'file':
      return [`${own}: the module must be at ${value} in every proxy, by its image or a volume`];
    case 'configMap':
      return [
        `${own}: proxies see the ConfigMap ${value} by what is in ${PATCHES}/ alone; ` +
          'a new module in it is taken by pods that start',
      ];
    case 'http':
      return [
        `${own}: each proxy's agent fetches ${shownUrl(value)}, which must be the module rendered with`,
      ];
    case 'oci':
      return /@sha256:/.test(value)
        ? []
        : [
            `${own}: ${value} has no digest: name it IMAGE@sha256:…, or what runs is what the tag is`,
          ];
    default:
      return [];
  }
}

function versionNotes({ target }: RenderOptions): string[] {
  const api = apiOf(target);
  if (api === target.envoy) return [];
  return [
    `istiod ${target.istio} speaks the API of Envoy ${api}, and so does what is rendered: it would ` +
      `drop what came with ${target.envoy} without a word`,
  ];
}

// envoyfilter: filter entries as Istio's EnvoyFilter, the one resource that can say all of them.
// Promise: pure. The module goes through config discovery (ECDS): it is sent once for each filter
// and not in each listener, and what Envoy refuses leaves the one before, or lets requests pass.
//
// One object for each entry and direction. Both directions of a sidecar in one object would hold the
// inline module twice, which is more than `kubectl apply` can remember of an object.

import { filterEntries, type PlacedEntry, type Policy } from '../../policy/policy.js';
import { codeSource, deliveryOf, failurePolicy } from '../delivery.js';
import { namesIn } from '../module.js';
import { filterName, indexOf, objectName, ownLabels } from '../names.js';
import type { Renderer, RenderOptions, ResourceSet } from '../options.js';
import { rateLimitFilters, rateLimitGuard } from '../rate-limit-filters.js';
import { meshService } from '../rate-limit-service.js';
import type { Resource } from '../resource.js';
import { apiOf } from '../target.js';
import { discoveredFilter, extensionConfig } from '../wasm-filter.js';
import { istioBundle } from './istio.js';
import { workloads } from './workloads.js';

const CONTEXTS = {
  gateway: 'GATEWAY',
  inbound: 'SIDECAR_INBOUND',
  outbound: 'SIDECAR_OUTBOUND',
} as const;

/** Objects without one are ordered by their age, and `istioctl analyze` warns of them (IST0151). */
const PRIORITY_STEP = 10;

/**
 * Where the configuration comes from: the proxy's own connection to istiod. A listener waits for it
 * so long, since what passes before it passes unfiltered; istiod answers at once, and an agent that
 * must fetch the module first has retried by then. Envoy's default, said aloud.
 */
const FROM_ISTIOD = { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: '15s' };

/** One of `configPatches`, without its context. */
interface Patch {
  readonly applyTo: string;
  readonly match?: object;
  readonly patch: { readonly operation: string; readonly value: object };
}

/** `--as envoyfilter`: the filters, and all else that Istio is given of the policy. */
export const renderEnvoyFilter: Renderer = (policies, options) =>
  istioBundle(policies, options, envoyFilters);

/** The EnvoyFilters alone. */
export function envoyFilters(policies: readonly Policy[], options: RenderOptions): ResourceSet {
  const offers = namesIn(options.module);
  const inline = Buffer.from(options.module.bytes).toString('base64');
  const envoy = apiOf(options.target);
  const resources = policies.flatMap((policy) => {
    const delivery = deliveryOf(policy, options.module);
    const wasm = {
      code: codeSource(delivery, inline),
      envoy,
      offers,
      failurePolicy: failurePolicy(policy, delivery),
    };
    const anchor = anchorOf(policy);
    return filterEntries(policy).map((entry) => {
      const name = filterName(entry);
      const { '@type': _, ...config } = extensionConfig(name, entry, wasm) as { '@type': string };
      const patches = [
        { applyTo: 'EXTENSION_CONFIG', patch: { operation: 'ADD', value: config } },
        // Each is put before the same one in turn: they stand in the order of the list.
        ...[
          ...rateLimitGuard(entry),
          discoveredFilter(name, FROM_ISTIOD),
          ...limitFilters(policy, entry),
        ].map((value) => before(value, anchor)),
      ];
      return envoyFilter(policy, entry, patches);
    });
  });
  const notes = policies.flatMap((policy) => [
    ...anchorNotes(policy),
    ...absenceNotes(policy, options, 'lets requests pass unfiltered'),
  ]);
  return { resources, notes };
}

/** Of a module that only the proxies themselves can have: what one `does` that has it not. */
export function absenceNotes(policy: Policy, { module }: RenderOptions, does: string): string[] {
  const { way } = deliveryOf(policy, module);
  if (policy.spec.filters.length === 0 || (way !== 'file' && way !== 'configMap')) return [];
  const { namespace, name } = policy.metadata;
  return [`policy ${namespace}/${name}: a proxy that does not have the module ${does}`];
}

function anchorNotes(policy: Policy): string[] {
  const limiting = policy.spec.filters.some(({ limits }) => Array.isArray(limits));
  if (!limiting || anchorOf(policy) === ROUTER) return [];
  const { namespace, name } = policy.metadata;
  return [
    `policy ${namespace}/${name}: with faults in spec.routes its filters stand before Istio's own ` +
      'for CORS: browsers cannot read the answer of a limit',
  ];
}

/** An object of the entry's, with patches of its direction. `part`: beside others of the entry. */
export function envoyFilter(
  policy: Policy,
  entry: PlacedEntry,
  patches: readonly Patch[],
  part?: string,
): Resource {
  const { namespace, direction } = entry;
  const context = CONTEXTS[direction];
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: {
      name: objectName(policy.metadata.name, entry, part),
      namespace,
      labels: ownLabels(policy),
    },
    spec: {
      priority: PRIORITY_STEP * (indexOf(entry) + 1),
      ...workloads(entry, (labels) => ({ workloadSelector: { labels } })),
      configPatches: patches.map(({ applyTo, match, patch }) => ({
        applyTo,
        match: { context, ...match },
        patch,
      })),
    },
  };
}

/** What asks the rate limit service, right behind the wasm filter. */
export function limitFilters(policy: Policy, entry: PlacedEntry): object[] {
  if (rateLimitGuard(entry).length === 0) return [];
  return rateLimitFilters(entry, meshService(policy));
}

const HTTP_CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';
const ROUTER = 'envoy.filters.http.router';
const FAULT = 'envoy.filters.http.fault';

/**
 * The filter that ours stand before: the router, which is there whatever Istio changes, and behind
 * the filter for CORS, so that browsers may read an answer of a limit. Where the policy injects
 * faults into a version, Istio's filter for that: it looks at the route as it is when it is asked,
 * and must not be asked before the tag is decided.
 */
export function anchorOf({ spec }: Policy): string {
  const faulty = (spec.routes ?? []).some(({ faults }) => Object.keys(faults ?? {}).length > 0);
  return faulty ? FAULT : ROUTER;
}

/** A patch that puts a filter right before another: the router, which must be the last. */
export function before(value: object, anchor = ROUTER): Patch {
  const filterChain = { filter: { name: HTTP_CONNECTION_MANAGER, subFilter: { name: anchor } } };
  return {
    applyTo: 'HTTP_FILTER',
    match: { listener: { filterChain } },
    patch: { operation: 'INSERT_BEFORE', value },
  };
}

/** A patch that puts a filter before all others. */
export function first(value: object): Patch {
  const filterChain = { filter: { name: HTTP_CONNECTION_MANAGER } };
  return {
    applyTo: 'HTTP_FILTER',
    match: { listener: { filterChain } },
    patch: { operation: 'INSERT_FIRST', value },
  };
}

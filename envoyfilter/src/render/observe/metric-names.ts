// metric-names: the metrics that alerts and dashboards ask for, as Prometheus has them, and how one
// asks for those of one policy. Promise: pure data; a test compares it with a real Envoy.
//
// What Envoy shows of the filter is named by the filter alone (`tagalong_…`). Metrics that Envoy makes
// for a filter or a plugin hold its name, since Envoy takes no label out of them:
//   wasm.shop/shop/0.vm_reload_failure -> envoy_wasm_shop_shop_0_vm_reload_failure

import { filterEntries, type Policy, type RouteSpec } from '../../policy/policy.js';
import { dnsLabel } from '../names.js';

/** Every metric of the filter -> the labels it has besides policy and direction. */
export const FILTER_METRICS = {
  tagalong_tag_total: ['tag', 'rule', 'value', 'mode'],
  tagalong_incoming_total: ['tag', 'outcome', 'mode'],
  tagalong_mint_total: ['cookie'],
  tagalong_propagate_total: ['outcome', 'mode'],
  tagalong_limit_total: ['limit', 'outcome', 'mode'],
  tagalong_limit_remaining: ['limit'],
  tagalong_errors_total: ['kind'],
  tagalong_config: ['state'],
  tagalong_heap_bytes: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Envoy's own: VMs of all plugins together. */
export const VMS_ACTIVE = 'envoy_wasm_envoy_wasm_runtime_v8_active';
export const VMS_CREATED = 'envoy_wasm_envoy_wasm_runtime_v8_created';

/**
 * Envoy's own, of the plugins of a policy: VMs that failed, and were or could not be made anew. Also
 * those that a WasmPlugin or TrafficExtension makes, which are named after that object.
 */
export function reloadMatcher(policy: Policy): string {
  return `__name__=~"envoy_wasm_(${sanitizedIds(policy)})_vm_reload_(success|failure|backoff)"`;
}

/** Envoy's own, of the discovery of a policy's filters: updates that it refused. */
export function refusalMatcher(policy: Policy): string {
  const name = `envoy_extension_config_discovery_http_filter_.*(${sanitizedIds(policy)})`;
  return `__name__=~"${name}.*_(update_rejected|config_fail)"`;
}

/** The matcher of all entries of a policy, whatever object has brought them. */
export function policyMatcher(policy: Policy): string {
  return `policy=~"${policyPattern(policy)}"`;
}

/** The same as a regular expression. */
export function policyPattern(policy: Policy): string {
  const { namespace, name } = policy.metadata;
  const places = [...new Set(filterEntries(policy).map((entry) => entry.namespace))];
  const objects = `(${places.map(escaped).join('|')})[.]${escaped(objectPrefix(policy))}[0-9]+-.+`;
  return `${escaped(`${namespace}/${name}/`)}[0-9]+|${objects}`;
}

/** Ids of entries, and names of objects of theirs, as Envoy has them in names. */
function sanitizedIds(policy: Policy): string {
  const { namespace, name } = policy.metadata;
  const id = sanitized(`${namespace}/${name}/`);
  return `${id}[0-9]+|[a-z0-9_]*${sanitized(objectPrefix(policy))}[0-9]+_[a-z0-9_]+`;
}

function objectPrefix({ metadata }: Policy): string {
  return `tagalong-${dnsLabel(metadata.name)}-`;
}

/** What `destination_service` is for the hosts that a policy routes; undefined where none. */
export function hostMatcher(policy: Policy): string | undefined {
  const hosts = new Set((policy.spec.routes ?? []).map((route) => hostPattern(policy, route)));
  if (hosts.size === 0) return undefined;
  return `destination_service=~"${[...hosts].join('|')}"`;
}

// As Istio reads a host: a short one is of the policy's namespace, in whatever domain the cluster has.
function hostPattern(policy: Policy, { host }: RouteSpec): string {
  if (host.includes('.')) return escaped(host);
  return `${escaped(`${host}.${policy.metadata.namespace}.svc.`)}.+`;
}

function sanitized(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_');
}

/** Text inside a regular expression inside quotes: in a class there is no backslash to double. */
function escaped(text: string): string {
  return text.replace(/[.+*?()|{}[\]$]/g, '[$&]');
}

// plugin: filter entries as the kinds that Istio has for plugins, WasmPlugin and TrafficExtension:
// what they have in common.
// Promise: pure. What they cannot say is said in LACKS, and what would not work at all is refused.

import { filterEntries, type PlacedEntry, type Policy } from '../../policy/policy.js';
import { type Delivery, deliveryOf, onFailure } from '../delivery.js';
import { indexOf, objectName, ownLabels } from '../names.js';
import { RenderError, type RenderOptions, type ResourceSet } from '../options.js';
import { rateLimitGuard } from '../rate-limit-filters.js';
import type { Resource } from '../resource.js';
import { ROOT_ID } from '../wasm-filter.js';
import { absenceNotes, before, envoyFilter, first, limitFilters } from './envoyfilter.js';
import { workloads } from './workloads.js';

/** At the top of each, and on stderr. */
export const LACKS = `\
This kind cannot say, and an EnvoyFilter (--as envoyfilter) can: what happens until the module has
come (no default: listeners wait for it, and a proxy that does not find its file answers every
request with 500), a place behind Istio's filter for CORS (so that browsers can read the answer of a
limit), the capability list, vm_id and VM configuration (so the filter is not strict: it keeps the
last good configuration itself), the back-off of reloads, inline code.`;

/** Seen on Envoy 1.40, whatever the failure strategy: no default_config stands in for the filter. */
const FAILS =
  'answers every request with 500: wanted every pod started with it before this is applied, or ' +
  '--as envoyfilter, which lets requests pass';

/** The first entry of a file is the first to see a request; higher comes first. */
const HIGHEST_PRIORITY = 10_000;
const MODES = { gateway: 'CLIENT', inbound: 'SERVER', outbound: 'CLIENT' } as const;
const STRATEGIES = { open: 'FAIL_OPEN', closed: 'FAIL_CLOSE', reload: 'FAIL_RELOAD' } as const;

/** The fields of a TrafficExtension; a WasmPlugin has those of `wasm` beside the others. */
export interface PluginSpec {
  readonly wasm: object;
  readonly [field: string]: unknown;
}

export function pluginSpec(entry: PlacedEntry, delivery: Delivery, policy: Policy): PluginSpec {
  const { direction, configuration } = entry;
  return {
    ...workloads(entry, (matchLabels) => ({ selector: { matchLabels } })),
    // No phase: after authentication, authorization and statistics, before the router.
    priority: HIGHEST_PRIORITY - indexOf(entry),
    match: [{ mode: MODES[direction] }],
    wasm: {
      url: delivery.url,
      ...(delivery.sha256 && { sha256: delivery.sha256 }),
      pluginName: ROOT_ID,
      failStrategy: STRATEGIES[onFailure(policy, delivery)],
      pluginConfig: configuration,
    },
  };
}

/**
 * An object of `kind` for each entry and direction, and EnvoyFilters for those with limits of scope
 * `global`: Envoy's own filters, which no plugin can bring.
 * @throws RenderError
 */
export function pluginEntries(
  kind: 'WasmPlugin' | 'TrafficExtension',
  policies: readonly Policy[],
  options: RenderOptions,
  specOf: (entry: PlacedEntry, delivery: Delivery, policy: Policy) => object,
): ResourceSet {
  const placed = policies.flatMap((policy) => {
    const delivery = deliveryOf(policy, options.module);
    const entries = filterEntries(policy);
    if (delivery.url === undefined && entries.length > 0) throw inlineFault(kind, policy);
    return entries.map((entry) => ({ policy, delivery, entry }));
  });
  const resources = placed.flatMap(({ policy, delivery, entry }): Resource[] => {
    const { namespace } = entry;
    const name = objectName(policy.metadata.name, entry);
    const plugin = {
      apiVersion: 'extensions.istio.io/v1alpha1',
      kind,
      metadata: { name, namespace, labels: ownLabels(policy) },
      spec: specOf(entry, delivery, policy),
    };
    const guard = rateLimitGuard(entry).map(first);
    if (guard.length === 0) return [plugin];
    const patches = [...guard, ...limitFilters(policy, entry).map((value) => before(value))];
    return [plugin, envoyFilter(policy, entry, patches, 'limits')];
  });
  if (placed.length === 0) return { resources, notes: [] };
  const absences = policies.flatMap((policy) => absenceNotes(policy, options, FAILS));
  return { resources, notes: [...lacks(kind), ...absences, ...placed.flatMap(wide)] };
}

function lacks(kind: string): string[] {
  return [LACKS.replaceAll('\n', ' ').replace('This kind', `A ${kind}`)];
}

/** A gateway is told from other workloads by its labels alone. */
function wide({ entry }: { entry: PlacedEntry }): string[] {
  if (entry.direction !== 'gateway' || Object.keys(entry.selector).length > 0) return [];
  return [
    `${entry.id}: without a selector this is also for the outbound requests of every sidecar in ` +
      `namespace ${entry.namespace}: wanted a selector with the gateway's labels`,
  ];
}

function inlineFault(kind: string, { metadata }: Policy): RenderError {
  return new RenderError(
    `policy ${metadata.namespace}/${metadata.name}: spec.delivery.code: found inline, wanted ` +
      `{oci: IMAGE}, {http: URL}, {configMap: NAME} or {file: PATH}: a ${kind} holds no code`,
  );
}

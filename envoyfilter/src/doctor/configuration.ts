// configuration: does the proxy run the module and the configuration that it should, and what has it
// refused? Pure.

import type { FilterEntry } from '../policy/policy.js';
import { capabilitiesOf } from '../render/capabilities.js';
import { VM_ID } from '../render/wasm-filter.js';
import { discoveredFilters, type OurFilter, refusedListeners } from './chains.js';
import { counterTotals } from './counters.js';
import { count, type Diagnosis, note, problem } from './diagnosis.js';
import { differences, parsed, record } from './json.js';
import { isOf, nameOf } from './our-filter.js';
import type { Plugin } from './plugin.js';
import type { Snapshot } from './snapshot.js';

const PATHS_SHOWN = 5;
/** A host call that is left out makes every request that needs it fail in part. */
const CALLS_SHOWN = 5;

/** The module that this tagalong renders. */
export interface OwnModule {
  readonly sha256: string;
  /** Names that it imports and exports. */
  readonly offers: ReadonlySet<string>;
  /** Why it refuses what a plugin is configured with; undefined: it does not. */
  readonly refusal: (plugin: Plugin) => string | undefined;
}

export function checkConfiguration(
  snapshot: Snapshot,
  ours: readonly OurFilter[],
  entries: readonly FilterEntry[] | undefined,
  module: OwnModule,
): Diagnosis[] {
  const delivered = distinct(ours);
  const updates = refusedUpdates(snapshot, ours, module);
  // Of one that is refused nobody says what is in force in its place.
  const accepted = delivered.filter(({ filter }) => !updates.has(filter.name));
  return [
    ...checkModules(snapshot, delivered, module.sha256),
    ...(entries === undefined ? [] : accepted.flatMap((one) => checkEntry(one, entries))),
    ...accepted.flatMap((one) => checkCapabilities(one, module)),
    ...checkVmIds(delivered),
    ...checkRejected(snapshot, delivered, updates, module),
    ...checkListeners(snapshot),
    ...checkUpdates(snapshot, updates),
    ...checkFetches(snapshot),
  ];
}

/** Each filter once, however many listeners have it. */
function distinct(ours: readonly OurFilter[]): (OurFilter & { readonly plugin: Plugin })[] {
  const byName = new Map<string, OurFilter & { readonly plugin: Plugin }>();
  for (const one of ours) {
    const { plugin } = one;
    if (plugin === undefined) continue;
    // Another text under one name is another filter: an update that only some listeners have.
    byName.set(`${nameOf(one)} ${plugin.configuration}`, { ...one, plugin });
  }
  return [...byName.values()];
}

function checkModules(
  { modules }: Snapshot,
  ours: readonly (OurFilter & { readonly plugin: Plugin })[],
  module: string,
): Diagnosis[] {
  return ours.flatMap((one): Diagnosis[] => {
    const sha256 = moduleOf(one.plugin, modules);
    if (sha256 === module) return [];
    if (sha256 === undefined) {
      const where = one.plugin.code.kind === 'file' ? one.plugin.code.path : 'it is remote';
      const what = `Which module ${nameOf(one)} runs cannot be told from here (${where}).`;
      return [note('module-unknown', what)];
    }
    const what =
      `${nameOf(one)} runs another version of the module: sha256 ${sha256.slice(0, 12)}…, this ` +
      `tagalong has ${module.slice(0, 12)}….`;
    return [problem('module-differs', what, 'Render and apply again, or use the tagalong of it.')];
  });
}

/** sha256 of the module that a plugin runs, as far as it can be told. */
export function moduleOf(
  { code }: Plugin,
  modules: ReadonlyMap<string, string>,
): string | undefined {
  if (code.kind === 'none') return undefined;
  return code.sha256 ?? (code.kind === 'file' ? modules.get(code.path) : undefined);
}

function checkEntry(
  one: OurFilter & { readonly plugin: Plugin },
  entries: readonly FilterEntry[],
): Diagnosis[] {
  const entry = entries.find((candidate) => isOf(one, candidate));
  if (entry === undefined) {
    const what = `${nameOf(one)} runs here, and the policy has no such entry for this proxy.`;
    return [note('entry-unknown', what, 'An object of an earlier policy? Then delete it.')];
  }
  const differing = differences(
    entry.configuration,
    parsed(one.plugin.configuration),
    PATHS_SHOWN + 1,
  );
  if (differing.length === 0) return [];
  const shown = differing.slice(0, PATHS_SHOWN).join(', ');
  const more = differing.length > PATHS_SHOWN ? ' and more' : '';
  const what = `${nameOf(one)} has another configuration than the policy: ${shown}${more} differ.`;
  const remedy =
    'Apply what is rendered from the policy. If that has been done, the update was refused (see ' +
    'the other findings), or has not come yet.';
  return [problem('config-differs', what, remedy)];
}

function checkCapabilities(
  one: OurFilter & { readonly plugin: Plugin },
  { offers }: OwnModule,
): Diagnosis[] {
  const { plugin } = one;
  if (plugin.capabilities === undefined) return [];
  const configuration = record(parsed(plugin.configuration));
  const direction = plugin.direction as FilterEntry['direction'];
  const needed = capabilitiesOf({ id: plugin.id, direction, configuration }, offers);
  const missing = needed.filter((name) => !plugin.capabilities?.includes(name));
  if (missing.length === 0) return [];
  const shown = missing.slice(0, CALLS_SHOWN).join(', ');
  const what = `${nameOf(one)} may not use ${count(missing.length, 'call')} that it needs: ${shown}.`;
  return [problem('capabilities', what, 'Render again: the list follows from the configuration.')];
}

function checkVmIds(ours: readonly (OurFilter & { readonly plugin: Plugin })[]): Diagnosis[] {
  const ids = [...new Set(ours.map(({ plugin }) => plugin.vmId))];
  if (ids.length <= 1) return [];
  const names = ids.map((id) => (id === '' ? '(none)' : id)).join(', ');
  const what =
    `The filters are in VMs of different vm_id: ${names}. These share no data: what one direction ` +
    'remembers the other does not find, and limits count apart.';
  const remedy =
    `All should have vm_id ${VM_ID}, which WasmPlugin cannot set: deliver all of them by EnvoyFilter, ` +
    'or all by WasmPlugin.';
  return [problem('vm-ids', what, remedy)];
}

const READ_LOG =
  "The proxy's log has a line of level error with the place, what came and what is wanted: " +
  'kubectl logs POD -c istio-proxy | grep tagalong. "tagalong validate" says it beforehand.';

function checkRejected(
  { stats }: Snapshot,
  delivered: readonly (OurFilter & { readonly plugin: Plugin })[],
  updates: ReadonlyMap<string, RefusedUpdate>,
  { refusal }: OwnModule,
): Diagnosis[] {
  return counterTotals(stats)
    .filter(({ name, labels, value }) => {
      return name === 'tagalong_config' && labels.state === 'rejected' && value > 0;
    })
    .map(({ labels: { policy, direction } }) => {
      const name = `${policy} (${direction})`;
      // Of a WasmPlugin the gauge has the name of the plugin, and no direction.
      const one = delivered.find(({ plugin }) => {
        const isOf = plugin.name === policy || plugin.id === policy;
        // What is refused may well not say its direction.
        const isAny = direction === 'any' || plugin.direction === '';
        return isOf && (isAny || plugin.direction === direction);
      });
      const reason = one && refusal(one.plugin);
      if (one !== undefined && reason === undefined && !updates.has(one.filter.name)) {
        // Envoy does not ask it again about what it had before.
        const what = `${name} has refused a configuration; the one that it is given now it takes.`;
        return note('config-rejected', what);
      }
      const what = `${name} has refused its last configuration; what was in force before stays, or nothing.`;
      return problem('config-rejected', what, reason ? `The reason: ${reason}` : READ_LOG);
    });
}

function checkListeners({ configDump }: Snapshot): Diagnosis[] {
  return refusedListeners(configDump).map(({ name, error }) =>
    problem('listener-refused', `Envoy refuses the update of listener ${name}: ${error}`),
  );
}

/** An update that is in the dump, and not in force. */
interface RefusedUpdate {
  readonly version: string;
  /** `` none; undefined: it cannot be told. */
  readonly inForce: string | undefined;
  readonly reason: string | undefined;
}

/**
 * By name. Istio's proxies do not keep the statistic that says which version is in force: there a
 * configuration that our own filter refuses is taken for refused.
 */
function refusedUpdates(
  { configDump, versions }: Snapshot,
  ours: readonly OurFilter[],
  { refusal }: OwnModule,
): Map<string, RefusedUpdate> {
  const refused = new Map<string, RefusedUpdate>();
  for (const [name, { version, error }] of discoveredFilters(configDump)) {
    const plugin = ours.find(({ filter }) => filter.name === name)?.plugin;
    const inForce = versions.get(name);
    if (plugin === undefined && error === undefined && inForce === undefined) continue;
    if (error === undefined && inForce === version) continue;
    const reason = error ?? (plugin && refusal(plugin));
    if (inForce === undefined && reason === undefined) continue;
    refused.set(name, { version, inForce, reason });
  }
  return refused;
}

function checkUpdates(
  { configDump, stats }: Snapshot,
  updates: ReadonlyMap<string, RefusedUpdate>,
): Diagnosis[] {
  return [...discoveredFilters(configDump).keys()].flatMap((name): Diagnosis[] => {
    const update = updates.get(name);
    if (update === undefined) return checkEarlier(stats, name);
    const { version, inForce, reason } = update;
    const stays = inForce === undefined ? 'what was before' : `version ${inForce}`;
    const rest = inForce === '' ? 'requests pass untouched' : `${stays} is still in force`;
    const what = `Envoy refuses version ${version} of ${name}; ${rest}.`;
    const why = reason === undefined ? READ_LOG : `The reason: ${reason}`;
    return [problem('update-refused', what, why)];
  });
}

function checkEarlier(stats: ReadonlyMap<string, number>, name: string): Diagnosis[] {
  const refusals = stats.get(`extension_config_discovery.http_filter.${name}.update_rejected`) ?? 0;
  if (refusals === 0) return [];
  const times = refusals === 1 ? 'once' : `${refusals} times`;
  const what = `Envoy has refused ${times} an update of ${name}; a later one is in force.`;
  return [note('update-refused', what)];
}

function checkFetches({ stats }: Snapshot): Diagnosis[] {
  const failures = stats.get('wasm.remote_load_fetch_failures') ?? 0;
  if (failures === 0) return [];
  const what = `Envoy could not fetch a module: ${count(failures, 'failure')} since it started.`;
  const remedy =
    'Is the cluster of the address there, and does the server have a module with that sha256? ' +
    'Until it is fetched requests pass untouched, or fail where there is no default_config.';
  return [problem('fetch-failed', what, remedy)];
}

// presence: is the filter where it should be, once, delivered and switched on? Pure.

import type { ConfigDump } from '../envoy/index.js';
import { discoveredRoutes, type HttpChain, type OurFilter, RBAC } from './chains.js';
import { type Diagnosis, note, problem } from './diagnosis.js';
import type { Expected, ProxyPlace } from './expected.js';
import { list, record, text } from './json.js';
import { isOf, nameOf } from './our-filter.js';
import { checkShadows } from './shadowing.js';

export function checkPresence(
  chains: readonly HttpChain[],
  ours: readonly OurFilter[],
  expected: Expected,
  place: ProxyPlace,
): Diagnosis[] {
  return [
    ...checkAbsent(chains, ours, expected, place),
    ...ours.flatMap(checkDelivered),
    ...checkDisabled(ours),
    ...checkDuplicates(ours),
    ...ours.flatMap(checkShadows),
  ];
}

function checkAbsent(
  chains: readonly HttpChain[],
  ours: readonly OurFilter[],
  { entries, all }: Expected,
  place: ProxyPlace,
): Diagnosis[] {
  // Istio's static listeners are those of its agent.
  const serving = chains.filter(({ isStatic }) => place.kind === undefined || !isStatic);
  if (serving.length === 0) {
    return [problem('filter-absent', 'The proxy has no listener for HTTP, so no filter runs.')];
  }
  const apply = applyRemedy(place);
  if (ours.length === 0) {
    const where = listenerNames(serving);
    const which = entries?.length === 0 ? ', and the policy has none for it either' : '';
    const what = `No filter of Tagalong is in this proxy${which}. Listeners: ${where}.`;
    return [problem('filter-absent', what, apply)];
  }
  const missing = (entries ?? []).filter((entry) => !ours.some((one) => isOf(one, entry)));
  if (missing.length > 0 && (all || missing.length === entries?.length)) {
    return missing.map((entry) => {
      const has = ours.map(nameOf).join(', ');
      const what = `${entry.id} (${entry.direction}) is not in this proxy; it has: ${has}.`;
      return problem('filter-absent', what, apply);
    });
  }
  return checkBareListeners(serving, ours);
}

/** Listeners without the filter that others of their kind have. */
function checkBareListeners(chains: readonly HttpChain[], ours: readonly OurFilter[]): Diagnosis[] {
  const directions = new Set(ours.map(({ chain }) => chain.trafficDirection));
  const bare = chains.filter(
    (chain) => directions.has(chain.trafficDirection) && !ours.some((one) => one.chain === chain),
  );
  if (bare.length === 0) return [];
  const what = `These listeners have no filter of Tagalong, while others have: ${listenerNames(bare)}.`;
  return [note('listener-without', what)];
}

function checkDelivered({ chain, filter, plugin }: OurFilter): Diagnosis[] {
  if (plugin !== undefined) return [];
  const at = `${filter.name} in listener ${chain.listener}`;
  if (filter.type === undefined) {
    const what = `${at} has not been delivered: requests pass it untouched.`;
    const remedy =
      'The control plane has no extension configuration of that name for this proxy: is the ' +
      'object with the EXTENSION_CONFIG patch there, and are both patches of one name? Or Envoy ' +
      'has refused it: see the other findings.';
    return [problem('not-delivered', what, remedy)];
  }
  if (filter.type !== RBAC) {
    return [problem('not-ours', `${at} is a filter of another kind: ${filter.type}.`)];
  }
  const rules = record(filter.config).rules;
  const meanwhile = rules === undefined ? 'pass untouched' : 'are answered 403';
  const what = `The module of ${at} could not be fetched; requests ${meanwhile} meanwhile.`;
  const remedy =
    'Istio puts an RBAC filter in the place of one whose module its agent cannot fetch. The log of ' +
    "the proxy's container says why: the address, its certificate, or another checksum. The agent " +
    'counts it in istio_agent_wasm_remote_fetch_count.';
  return [problem('fetch-failed', what, remedy)];
}

function checkDisabled(ours: readonly OurFilter[]): Diagnosis[] {
  return ours
    .filter(({ filter }) => filter.disabled)
    .map(({ chain, filter }) => {
      const what = `${filter.name} in listener ${chain.listener} is disabled: it sees only routes that enable it.`;
      return problem('disabled', what, 'Take "disabled: true" from the HTTP filter.');
    });
}

function checkDuplicates(ours: readonly OurFilter[]): Diagnosis[] {
  const seen = new Set<string>();
  const found: Diagnosis[] = [];
  for (const one of ours) {
    const { chain } = one;
    const twin = ours.find(
      (other) => other !== one && other.chain === chain && nameOf(other) === nameOf(one),
    );
    const key = `${chain.listener} ${nameOf(one)}`;
    if (twin === undefined || seen.has(key)) continue;
    seen.add(key);
    const what =
      `${nameOf(one)} is in listener ${chain.listener} more than once: its limits count each ` +
      'request twice.';
    const remedy = 'Two objects insert it, perhaps one under an earlier name: delete one.';
    found.push(problem('duplicate', what, remedy));
  }
  return found;
}

/** Routes that switch the filter off for their requests. */
export function checkRoutes(dump: ConfigDump, ours: readonly OurFilter[]): Diagnosis[] {
  const discovered = discoveredRoutes(dump);
  return ours.flatMap((one) => {
    const { chain, filter } = one;
    const routes = chain.routesName === undefined ? chain.routes : discovered.get(chain.routesName);
    const hosts = list(record(routes).virtual_hosts).map(record);
    const off = hosts.flatMap((host) => [
      ...(switchesOff(host, filter.name) ? [`host ${text(host.name)}`] : []),
      ...list(host.routes)
        .map(record)
        .filter((route) => switchesOff(route, filter.name))
        .map((route) => `route ${text(route.name) || JSON.stringify(route.match)}`),
    ]);
    if (off.length === 0) return [];
    const what = `${nameOf(one)} in listener ${chain.listener} is switched off by ${off.join(', ')}.`;
    return [problem('disabled', what, 'Take the filter from typed_per_filter_config there.')];
  });
}

function switchesOff(holder: Record<string, unknown>, name: string): boolean {
  return record(record(holder.typed_per_filter_config)[name]).disabled === true;
}

function listenerNames(chains: readonly HttpChain[]): string {
  const names = chains.map(({ listener, address }) =>
    address === undefined ? listener : `${listener} (${address})`,
  );
  return [...new Set(names)].join(', ');
}

function applyRemedy({ kind, namespace }: ProxyPlace): string {
  if (kind === undefined) return 'Start Envoy with what "tagalong render --as envoy" writes.';
  return (
    `Apply what "tagalong render --as envoyfilter" writes. The object must be in namespace ` +
    `${namespace} (or Istio's root namespace), and its workloadSelector must fit the labels of the ` +
    'pod: istiod skips others in silence.'
  );
}

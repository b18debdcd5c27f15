// running: is the proxy itself well: its version, its VMs, its counters and their labels? Pure.

import { OLDEST_SUPPORTED, SUPPORTED_VERSIONS } from '../envoy/version.js';
import { FILTER_METRICS } from '../render/observe/metric-names.js';
import { LABELS } from '../render/stats-tags.js';
import type { OurFilter } from './chains.js';
import { countedBy } from './counters.js';
import { count, type Diagnosis, note, problem } from './diagnosis.js';
import type { ProxyPlace } from './expected.js';
import { nameOf } from './our-filter.js';
import { countsEachRequest, type Plugin } from './plugin.js';
import type { Snapshot } from './snapshot.js';

export function checkRunning(
  snapshot: Snapshot,
  ours: readonly OurFilter[],
  place: ProxyPlace,
): Diagnosis[] {
  return [
    ...checkVersion(snapshot),
    ...checkState(snapshot),
    ...checkVms(snapshot, ours),
    ...checkErrors(snapshot),
    ...checkCounters(snapshot, ours),
    ...checkLabels(snapshot, place),
  ];
}

/** `1.40.0` of `COMMIT/1.40.0/Clean/RELEASE/BoringSSL`. */
export function versionOf({ server }: Snapshot): string {
  return server.version.split('/')[1] ?? server.version;
}

function checkVersion(snapshot: Snapshot): Diagnosis[] {
  const version = versionOf(snapshot);
  const minor = minorOf(version);
  const newest = SUPPORTED_VERSIONS[SUPPORTED_VERSIONS.length - 1] ?? '';
  const [major, oldest] = OLDEST_SUPPORTED;
  if (version.startsWith(`${major}.`) && minor >= oldest && minor <= minorOf(newest)) return [];
  const range = `${major}.${oldest} to ${newest.split('.', 2).join('.')}`;
  const what = `Envoy is ${version}; Tagalong is tested with ${range}.`;
  return [
    minor < oldest
      ? problem('envoy-version', what, 'Use a newer Envoy, or a newer Istio.')
      : note('envoy-version', what),
  ];
}

function minorOf(version: string): number {
  return Number(version.split('.')[1] ?? 0);
}

function checkState({ server }: Snapshot): Diagnosis[] {
  if (server.state === 'LIVE') return [];
  const what = `The proxy is not at work: its state is ${server.state}.`;
  return [problem('not-live', what, 'Wait for it, or see why in its log.')];
}

function checkVms({ stats }: Snapshot, ours: readonly OurFilter[]): Diagnosis[] {
  const ids = new Set(ours.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin.name])));
  const failed = [...ids].flatMap((name) => {
    const of = (end: string) => stats.get(`wasm.${name}.vm_reload_${end}`) ?? 0;
    const [success, failure, backoff] = [of('success'), of('failure'), of('backoff')];
    if (success + failure + backoff === 0) return [];
    const what =
      `The VM of ${name} has failed: it was made anew ${count(success, 'time')}, ` +
      `${count(failure, 'attempt')} failed, ${count(backoff, 'request')} came while it was down.`;
    const remedy =
      "This is a fault of tagalong. Please report it with the trap in the proxy's log. " +
      '"mode: disabled" in the policy takes the filter out of the way.';
    return [problem('vm-failed', what, remedy)];
  });
  const active = stats.get('wasm.envoy.wasm.runtime.v8.active');
  if (ids.size === 0 || active !== 0) return failed;
  return [...failed, problem('vm-failed', 'The filter is configured, and not one VM runs.')];
}

function checkErrors({ samples }: Snapshot): Diagnosis[] {
  return samples
    .filter(({ name, value }) => name === 'tagalong_errors_total' && value > 0)
    .map(({ labels, value }) => {
      const what = `${labels.policy} (${labels.direction}) counts ${count(value, 'error')} of kind ${labels.kind}.`;
      return note('errors', what, 'Those requests went on without that part of the policy.');
    });
}

function checkCounters(snapshot: Snapshot, ours: readonly OurFilter[]): Diagnosis[] {
  const { stats, later } = snapshot;
  const moved = (value: (stats: ReadonlyMap<string, number>) => number) =>
    later === undefined ? value(stats) : value(later.stats) - value(stats);
  const since = later === undefined ? 'since it started' : `within ${later.seconds} s`;
  return byPlugin(ours).flatMap(({ plugin, requestStats }) => {
    // Istio leaves the figure out unless told to keep it.
    const kept = requestStats.filter((stat) => stats.has(stat));
    return checkMoving(plugin, since, {
      requests:
        kept.length === 0
          ? undefined
          : moved((now) => kept.reduce((sum, stat) => sum + (now.get(stat) ?? 0), 0)),
      counted: moved((now) => countedBy(now, plugin.id, plugin.direction)),
    });
  });
}

/** `requests`: that came to its listeners; undefined: the proxy does not say. */
function checkMoving(
  { id, direction, configuration }: Plugin,
  since: string,
  { requests, counted }: { requests: number | undefined; counted: number },
): Diagnosis[] {
  const name = `${id} (${direction})`;
  if (requests === 0) {
    const what = `No request came to a listener of ${name} ${since}: nothing can be said of it.`;
    return [note('no-requests', what)];
  }
  if (counted > 0 || !countsEachRequest(configuration)) return [];
  if (requests === undefined) {
    const what =
      `${name} counted nothing ${since}; whether a request came cannot be told, since the proxy ` +
      'keeps no http.*.downstream_rq_total.';
    return [note('counters-still', what, 'Send a request, and ask again.')];
  }
  const came = count(requests, 'request');
  const what = `${came} came to listeners of ${name} ${since}, and it counted none.`;
  const remedy =
    'It sees no request: is it disabled by routes, behind a filter that answers, or did its VM ' +
    'fail? If only the metrics are missing, see their labels.';
  return [problem('counters-still', what, remedy)];
}

function byPlugin(ours: readonly OurFilter[]): { plugin: Plugin; requestStats: string[] }[] {
  const groups = new Map<string, { plugin: Plugin; requestStats: string[] }>();
  for (const one of ours) {
    if (one.plugin === undefined) continue;
    const group = groups.get(nameOf(one)) ?? { plugin: one.plugin, requestStats: [] };
    const stat = `http.${one.chain.statPrefix}.downstream_rq_total`;
    if (!group.requestStats.includes(stat)) group.requestStats.push(stat);
    groups.set(nameOf(one), group);
  }
  return [...groups.values()];
}

/** Labels that are still in the names of metrics: Envoy was not told to take them out. */
function checkLabels({ samples }: Snapshot, place: ProxyPlace): Diagnosis[] {
  const mangled = samples.filter(({ name }) => !(name in FILTER_METRICS));
  const missing = LABELS.filter((label) =>
    mangled.some(({ name }) => name.includes(`_${label}___`)),
  );
  if (missing.length === 0) return [];
  const what = `Metrics have labels inside their names (${missing.join(', ')}): dashboards and alerts find nothing.`;
  const all = LABELS.join(', ');
  const remedy =
    place.kind === undefined
      ? 'Put the stats_tags of "tagalong render --as envoy" into stats_config of the bootstrap.'
      : 'Put the annotation proxy.istio.io/config with "extraStatTags: ' +
        `[${all}]" on the pods, as "tagalong render" writes it, and restart them: it is read when a ` +
        'pod starts.';
  return [problem('labels-missing', what, remedy)];
}

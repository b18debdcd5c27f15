// doctor: what is wrong with the filter in one proxy: the checks in turn. Pure; asking is snapshot.ts.

import type { Direction, Policy } from '../policy/policy.js';
import { ourFilters, readChains } from './chains.js';
import { checkConfiguration, moduleOf, type OwnModule } from './configuration.js';
import type { Diagnosis } from './diagnosis.js';
import { expectedIn, placeOf } from './expected.js';
import { parsed, record, text } from './json.js';
import { checkPresence, checkRoutes } from './presence.js';
import { checkRunning, versionOf } from './running.js';
import type { Snapshot } from './snapshot.js';

export interface Question {
  /** What the proxy is to run; undefined: whatever it runs. */
  readonly policies?: readonly Policy[] | undefined;
  /** Which entries; default: what the proxy says that it is decides. */
  readonly at?: readonly Direction[] | undefined;
  /** This tagalong's. */
  readonly module: OwnModule;
}

export interface Report {
  readonly proxy: { readonly envoy: string; readonly state: string; readonly node: string };
  /** Each filter of Tagalong that is there. */
  readonly filters: readonly FoundFilter[];
  /** Problems first. */
  readonly findings: readonly Diagnosis[];
  /** No problem. */
  readonly healthy: boolean;
}

export interface FoundFilter {
  readonly id: string;
  readonly direction: string;
  readonly mode: string;
  /** sha256; undefined: cannot be told. */
  readonly module: string | undefined;
  readonly listeners: readonly string[];
}

export function examine(snapshot: Snapshot, question: Question): Report {
  const place = placeOf(snapshot.server);
  const chains = readChains(snapshot.configDump);
  const ours = ourFilters(chains);
  const expected = expectedIn(place, question.policies, question.at);
  const findings = [
    ...checkPresence(chains, ours, expected, place),
    ...checkRoutes(snapshot.configDump, ours),
    ...checkConfiguration(snapshot, ours, expected.entries, question.module),
    ...checkRunning(snapshot, ours, place),
  ];
  const isProblem = ({ level }: Diagnosis) => level === 'problem';
  return {
    proxy: {
      envoy: versionOf(snapshot),
      state: snapshot.server.state,
      node: snapshot.server.node?.id ?? '',
    },
    filters: foundFilters(snapshot, ours),
    findings: [...findings.filter(isProblem), ...findings.filter((it) => !isProblem(it))],
    healthy: !findings.some(isProblem),
  };
}

function foundFilters({ modules }: Snapshot, ours: ReturnType<typeof ourFilters>): FoundFilter[] {
  const found = new Map<string, FoundFilter & { readonly listeners: string[] }>();
  for (const { chain, plugin } of ours) {
    if (plugin === undefined) continue;
    const { id, direction, configuration } = plugin;
    const key = `${id} ${direction}`;
    const mode = text(record(parsed(configuration)).mode) || 'enforce';
    const module = moduleOf(plugin, modules);
    const filter = found.get(key) ?? { id, direction, mode, module, listeners: [] };
    if (!filter.listeners.includes(chain.listener)) filter.listeners.push(chain.listener);
    found.set(key, filter);
  }
  return [...found.values()];
}

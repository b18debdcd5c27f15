// module-check: each entry tried on the filter itself, in the V8 host, as a proxy would load it.

import { Host, type Plugin } from '../host/index.js';
import { wasm } from '../host/wasm-api.js';
import { type Path, pathText, readPath } from '../policy/place.js';
import { type FilterSpec, filterEntries, type PlacedEntry } from '../policy/policy.js';
import { ROOT_ID, VM_ID } from '../render/wasm-filter.js';
import type { Placed, Report, Subject } from './rule.js';

/** `… configuration refused at PATH: found FOUND, wanted WANTED; what serves instead` */
const REFUSED =
  /configuration refused at (.*?): (found [\s\S]*, wanted [\s\S]*?)(; Envoy keeps .*)?$/;

/** Entries that one proxy is given: its counters and its store are bounded. */
const TRIALS_MAX = 64;

/** What the filter says of an entry, its path inside the configuration. */
interface Refusal {
  readonly path: Path;
  readonly message: string;
}

/** @param bytes the module @returns what tries the entries of a policy */
export function moduleChecker(bytes: Uint8Array): (subject: Subject) => Report[] {
  const code = new wasm.Module(bytes);
  // Entries of many services are commonly alike, and each costs some 10 ms.
  const known = new Map<string, Refusal | undefined>();
  let proxy = new TrialProxy(code);
  const ask = (entry: PlacedEntry) => {
    const key = JSON.stringify({ ...entry.configuration, id: '' });
    if (!known.has(key)) {
      if (known.size % TRIALS_MAX === 0) proxy = new TrialProxy(code);
      known.set(key, proxy.refusal(entry));
    }
    return known.get(key);
  };
  return (subject) =>
    subject.filters.flatMap((filter) => {
      const reports = entriesOf(subject, filter).flatMap((entry) => ask(entry) ?? []);
      // Both directions of a sidecar's entry commonly say the same.
      const once = reports.filter((report, index) => reports.findIndex(sameAs(report)) === index);
      return once.map(({ path, message }) => ({ path: placeIn(filter, path), message }));
    });
}

/**
 * One plugin for each direction, to which entries are pushed one after the other: a third of the
 * price of a plugin for each. Every offer is judged by a VM of its own, the canary.
 */
class TrialProxy {
  readonly #code: object;
  readonly #lines: string[] = [];
  // The main thread alone: workers would say it again.
  readonly #host = new Host({
    workers: 0,
    logLevel: 'error',
    onLog: ({ message }) => this.#lines.push(message),
  });
  readonly #plugins = new Map<string, Plugin>();

  constructor(code: object) {
    this.#code = code;
  }

  refusal({ direction, configuration }: PlacedEntry): Refusal | undefined {
    this.#lines.length = 0;
    const plugin = this.#offer(direction, JSON.stringify(configuration));
    if (plugin.accepted) return undefined;
    for (const line of this.#lines) {
      const [, path, fault] = REFUSED.exec(line) ?? [];
      if (path !== undefined && fault !== undefined)
        return { path: readPath(path), message: fault };
    }
    const reason = this.#lines.at(-1) ?? plugin.rejected ?? 'no reason given';
    return { path: [], message: `found an entry that the filter does not take: ${reason}` };
  }

  #offer(direction: string, configuration: string): Plugin {
    const known = this.#plugins.get(direction);
    if (known !== undefined) {
      known.configure(configuration);
      return known;
    }
    const plugin = this.#host.load({
      name: direction,
      rootId: ROOT_ID,
      vmId: VM_ID,
      vmConfiguration: JSON.stringify({ id: direction, direction, strict: true }),
      configuration,
      code: this.#code,
    });
    this.#plugins.set(direction, plugin);
    return plugin;
  }
}

function sameAs({ path, message }: Refusal): (other: Refusal) => boolean {
  return (other) => other.message === message && pathText(other.path) === pathText(path);
}

/** With the number that the entry has in the policy. */
function entriesOf({ policy }: Subject, { spec, index }: Placed<FilterSpec>): PlacedEntry[] {
  const alone = filterEntries({ ...policy, spec: { ...policy.spec, filters: [spec] } });
  const { name, namespace } = policy.metadata;
  const id = `${namespace}/${name}/${index}`;
  return alone.map((entry) => ({ ...entry, id, configuration: { ...entry.configuration, id } }));
}

/** A place of the configuration in the policy: what only rendering adds stands at the entry. */
function placeIn({ path }: Placed<FilterSpec>, inside: Path): Path {
  const [section] = inside;
  return section === 'id' || section === 'direction' ? path : [...path, ...inside];
}

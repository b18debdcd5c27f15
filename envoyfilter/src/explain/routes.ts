// routes: which version of each service a request's tags lead to, as the VirtualService says that
// is rendered from the policy. Pure.

import type { FaultSpec, Policy, RouteSpec, Version } from '../policy/policy.js';
import { taggedVersions } from '../render/versions.js';
import type { RouteChoice } from './explanation.js';

/** By lower-case name: the value of a header; several are joined, as Envoy matches them. */
export type HeaderLookup = (name: string) => string | undefined;

/** A route, and the versions that need a match in the order in which they are tried. */
interface Branch {
  readonly route: RouteSpec;
  readonly tagged: readonly Version[];
}

/** Combinations of tags whose choices are kept: nearly all requests have one of a few. */
const KEPT_MAX = 256;

export class Routes {
  readonly #branches: readonly Branch[];
  /** The headers that choices depend on. */
  readonly #names: readonly string[];
  readonly #kept = new Map<string, readonly RouteChoice[]>();

  constructor(policies: readonly Policy[]) {
    this.#branches = policies
      .flatMap(({ spec }) => spec.routes ?? [])
      .map((route) => ({ route, tagged: taggedVersions(route) }));
    const names = this.#branches.flatMap(({ route, tagged }) => [
      route.tag,
      ...tagged.flatMap(({ when }) => Object.keys(when)),
    ]);
    this.#names = [...new Set(names.map((name) => name.toLowerCase()))];
  }

  /** One for each host; the same array for the same tags, mostly. */
  choices(header: HeaderLookup): readonly RouteChoice[] {
    const key = JSON.stringify(this.#names.map((name) => header(name) ?? null));
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const choices = this.#branches.map((branch) => choiceOf(branch, header));
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear();
    this.#kept.set(key, choices);
    return choices;
  }
}

function choiceOf(branch: Branch, header: HeaderLookup): RouteChoice {
  const { version, why } = choose(branch, header);
  const { host, faults } = branch.route;
  const text = faultText(faults?.[version]);
  return text === undefined ? { host, version, why } : { host, version, why, faults: text };
}

function choose({ route, tagged }: Branch, header: HeaderLookup): { version: string; why: string } {
  const found = tagged.find(({ when }) =>
    Object.entries(when).every(([name, value]) => header(name.toLowerCase()) === value),
  );
  if (found !== undefined) {
    const tags = Object.entries(found.when).map(([name, value]) => `${name} is ${value}`);
    return { version: found.name, why: tags.join(', ') };
  }
  const value = header(route.tag.toLowerCase());
  // The default needs no match of its own to be chosen by its tag.
  const why = value === undefined ? `no ${route.tag}` : `${route.tag} is ${value}`;
  return { version: route.default, why: `default: ${why}` };
}

function faultText(faults: FaultSpec | undefined): string | undefined {
  const { delay, abort } = faults ?? {};
  const texts = [
    ...(delay === undefined ? [] : [`${delay.fixed} later for ${delay.percent ?? 100} %`]),
    ...(abort === undefined ? [] : [`status ${abort.status} for ${abort.percent ?? 100} %`]),
  ];
  return texts.length === 0 ? undefined : texts.join(', ');
}

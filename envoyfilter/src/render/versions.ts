// versions: in which order a route's versions are tried.
// Promise: pure. The order of the file does not matter, as keys of a mapping have none: the version
// that wants more tags is before one that wants fewer, and names decide between equals.

import { type RouteSpec, type Version, versionsOf } from '../policy/policy.js';

/** By name; headers in lower case, as Istio wants them. */
export function sortedVersions(route: RouteSpec): Version[] {
  return versionsOf(route)
    .map((version) => ({ ...version, when: lowerKeys(version.when) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

function lowerKeys(when: Version['when']): Version['when'] {
  return Object.fromEntries(
    Object.entries(when).map(([header, value]) => [header.toLowerCase(), value]),
  );
}

/**
 * The versions that need a match, the first that matches wins; a request that none matches gets the
 * default. That one is among them only where a version that wants fewer tags would catch its own.
 */
export function taggedVersions(route: RouteSpec): Version[] {
  const sorted = sortedVersions(route).sort((one, other) => tags(other) - tags(one));
  return sorted.filter(
    (version, index) =>
      version.name !== route.default ||
      sorted.slice(index + 1).some((later) => compatible(version.when, later.when)),
  );
}

function tags({ when }: Version): number {
  return Object.keys(when).length;
}

/** Can a request have all of both? */
function compatible(one: Version['when'], other: Version['when']): boolean {
  return Object.entries(one).every(([tag, value]) => (other[tag] ?? value) === value);
}

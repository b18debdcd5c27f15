// outcome: what of an explanation a caller or a service would notice: tags, answer, versions. Pure.

import type { Explanation, RouteChoice } from './explanation.js';

export interface Outcome {
  /** The status of an answer of the filter's own; absent: the request goes on. */
  readonly status?: number;
  /** Who answered, as `limit login`. */
  readonly by?: string;
  /** What is in that answer, but for what changes with time. */
  readonly answer?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  /** Tag headers as they go on, by lower-case name; null: absent. */
  readonly tags: Readonly<Record<string, string | null>>;
  /** By host. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What is left of a limit, and until when; the length is that of the body. */
const TIMELY = /^(?:retry-after|ratelimit|x-ratelimit-(?:remaining|reset)|content-length)$/;

/** At a sidecar: of the application's call, where it comes to that. */
export function outcomeOf(explanation: Explanation): Outcome {
  if (explanation.next !== undefined) return outcomeOf(explanation.next);
  const { entries, tags, reply, routes } = explanation;
  if (reply !== undefined) {
    const by = reply.limits.map((name) => `limit ${name}`).join(', ') || reply.entry;
    const headers = Object.fromEntries(reply.headers.filter(([name]) => !TIMELY.test(name)));
    const answer = { headers, body: reply.body };
    return { status: reply.status, by, answer, tags: {}, versions: {} };
  }
  const versions = versionsOf(routes);
  const failed = entries.some((entry) => entry.failed);
  return failed ? { status: 503, by: 'a failed VM', tags, versions } : { tags, versions };
}

/** Equal texts for equal outcomes. */
export function keyOf({ versions, ...outcome }: Outcome): string {
  return JSON.stringify(outcome) + textOf(versions);
}

// A mesh has hundreds of hosts and requests a handful of combinations: both are made once for each.
const versionsByRoutes = new WeakMap<readonly RouteChoice[], Outcome['versions']>();
const textByVersions = new WeakMap<Outcome['versions'], string>();

function versionsOf(routes: readonly RouteChoice[]): Outcome['versions'] {
  const known = versionsByRoutes.get(routes);
  if (known !== undefined) return known;
  const versions = Object.fromEntries(routes.map(({ host, version }) => [host, version]));
  versionsByRoutes.set(routes, versions);
  return versions;
}

function textOf(versions: Outcome['versions']): string {
  const known = textByVersions.get(versions);
  if (known !== undefined) return known;
  const text = JSON.stringify(versions);
  textByVersions.set(versions, text);
  return text;
}

/** One line: `429 by limit login`, `passes with x-traffic-tag canary`. */
export function outcomeText({ status, by, tags }: Outcome): string {
  if (status !== undefined) return `is answered with ${status} by ${by}`;
  const set = Object.entries(tags).map(([name, value]) => `${name} ${value ?? 'absent'}`);
  return set.length === 0 ? 'goes on' : `goes on with ${set.join(', ')}`;
}

// routes: rules about where tags lead: versions that are there, tags that somebody sets.

import { isDeepStrictEqual } from 'node:util';
import { type RouteSpec, versionsOf } from '../../policy/policy.js';
import { suggestion } from '../nearest.js';
import type { Placed, Report, Rule, Subject, SubjectReport } from '../rule.js';
import { quoted } from '../words.js';

const TAGS = `filters:\n  - at: gateway\n    namespace: istio-ingress\n    tags: [{header: x-traffic-tag, default: stable, rules: [{value: canary, when: {cookie: beta, present: true}}]}]\n`;
const VERSIONS = 'versions: {stable: {version: v1}, canary: {version: v2}}';
const route = (rest: string) =>
  `${TAGS}routes:\n  - {host: reviews, tag: x-traffic-tag, ${rest}}\n`;
const THREE = 'versions: {stable: {version: v1}, canary: {version: v2}, next: {version: v3}}';

export const ROUTE_RULES: readonly Rule[] = [
  {
    id: 'route-unknown-version',
    severity: 'error',
    title: 'A version that the route does not have',
    why: 'Requests would be sent to a subset that is not there, which Envoy answers with 503.',
    mend: 'Name one of "versions".',
    example: {
      bad: route(`${VERSIONS}, default: stabel`),
      good: route(`${VERSIONS}, default: stable`),
    },
    check: ({ routes }) => routes.flatMap(unknownVersions),
  },
  {
    id: 'fallback-needs-port',
    severity: 'error',
    title: 'A fallback among three versions or more, without a port',
    why: "Two versions fall back by the DestinationRule alone. With more of them a cluster of clusters is rendered, and the names of Istio's clusters hold the port.",
    mend: 'Write the port of the service: "port: 9080".',
    example: {
      bad: route(`${THREE}, default: stable, fallback: stable`),
      good: route(`${THREE}, default: stable, fallback: stable, port: 9080`),
    },
    check: ({ routes }) =>
      routes
        .filter(({ spec }) => spec.fallback !== undefined && spec.port === undefined)
        .filter(({ spec }) => Object.keys(spec.versions).length > 2)
        .map(({ spec, path }) => ({
          path: [...path, 'fallback'],
          message: `found a fallback among ${Object.keys(spec.versions).length} versions, wanted "port" beside it: the service's`,
        })),
  },
  {
    id: 'route-twice',
    severity: 'error',
    title: 'A service that is routed twice',
    why: 'Istio merges no two VirtualServices of one host for sidecars: one of them silently does nothing.',
    mend: 'Put all versions of a service into one route.',
    example: {
      bad: `${route(`${VERSIONS}, default: stable`)}  - {host: reviews.shop, tag: x-traffic-tag, default: stable, ${VERSIONS}}\n`,
      good: `${route(`${VERSIONS}, default: stable`)}  - {host: ratings, tag: x-traffic-tag, default: stable, ${VERSIONS}}\n`,
    },
    checkAll: routedTwice,
  },
  {
    id: 'versions-alike',
    severity: 'warning',
    title: 'Two versions that are one',
    why: 'With the same labels they have the same pods; with the same tags the second is never chosen.',
    mend: 'Give them different labels, and different values of their tags.',
    example: {
      bad: route('versions: {stable: {version: v1}, canary: {version: v1}}, default: stable'),
      good: route(`${VERSIONS}, default: stable`),
    },
    check: ({ routes }) => routes.flatMap(alike),
  },
];

function unknownVersions({ spec, path }: Placed<RouteSpec>): Report[] {
  const names = Object.keys(spec.versions);
  const asked = [
    { path: [...path, 'default'], name: spec.default, atKey: false },
    { path: [...path, 'fallback'], name: spec.fallback, atKey: false },
    ...Object.keys(spec.faults ?? {}).map((name) => ({
      path: [...path, 'faults', name],
      name,
      atKey: true,
    })),
  ];
  return asked.flatMap(({ path: at, name, atKey }) => {
    if (name === undefined || names.includes(name)) return [];
    const message = `found ${quoted(name)}, wanted one of the versions ${names.join(', ')}`;
    return [{ path: at, atKey, message, ...suggestion(name, names) }];
  });
}

/** As Istio completes a short name. */
function fullHost(host: string, namespace: string): string {
  const parts = host.split('.');
  if (host.startsWith('*') || parts.length > 2) return host.replace(/\.svc$/, '.svc.cluster.local');
  return `${parts[0]}.${parts[1] ?? namespace}.svc.cluster.local`;
}

function routedTwice(subjects: readonly Subject[]): SubjectReport[] {
  const seen = new Map<string, string>();
  return subjects.flatMap((subject) =>
    subject.routes.flatMap(({ spec, path }) => {
      const { name, namespace } = subject.policy.metadata;
      const host = fullHost(spec.host, namespace);
      const first = seen.get(host);
      if (first === undefined) {
        seen.set(host, `spec.routes[${path.at(-1)}] of ${namespace}/${name}`);
        return [];
      }
      const message = `found a second route of ${host}, wanted one: ${first} has it too`;
      return [{ subject, path: [...path, 'host'], message }];
    }),
  );
}

function alike({ spec, path }: Placed<RouteSpec>): Report[] {
  const versions = versionsOf(spec);
  return versions.flatMap((version, index) => {
    const before = versions.slice(0, index);
    const first = before.find(
      ({ labels, when }) =>
        isDeepStrictEqual(labels, version.labels) || isDeepStrictEqual(when, version.when),
    );
    if (first === undefined) return [];
    const what = isDeepStrictEqual(first.labels, version.labels) ? 'labels' : 'tags';
    const message = `found the ${what} of version ${quoted(first.name)} again, wanted others`;
    return [{ path: [...path, 'versions', version.name], atKey: true, message }];
  });
}

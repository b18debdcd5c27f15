// virtual-service: a route as Istio's VirtualService: a tag leads to a version's subset.
// Promise: pure; in which order versions are tried is in versions.ts.
//
// A tag header that comes twice: Envoy up to 1.38 looks at its values joined by a comma, which are no
// version's; from 1.39 on at each (seen). Behind the filter it comes once.

import {
  type FaultSpec,
  type Policy,
  type RouteSpec,
  type Version,
  versionsOf,
} from '../../policy/policy.js';
import type { Resource } from '../resource.js';
import { objectMetadata, routeObjectName, subsetName, versionRouteName } from '../route-names.js';
import { taggedVersions } from '../versions.js';
import { fallsBack } from './fallback.js';
import type { PlacedRoute } from './placed-route.js';

/** Nothing of the request was sent: what the SDK takes for "not sent" too. */
const SAFE_RETRIES = ['connect-failure', 'refused-stream'] as const;
const ALSO_SAFE = 'reset-before-request';
/** Both of the version's own priority are tried first: Istio leaves it out from then on. */
const FALLBACK_ATTEMPTS = 2;

export function virtualService({ policy, route }: PlacedRoute): Resource {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: objectMetadata(policy, routeObjectName(route.host)),
    spec: {
      hosts: [route.host],
      gateways: route.gateways ?? ['mesh'],
      http: [
        ...taggedVersions(route).map((version) => httpRoute(policy, route, version, version.when)),
        httpRoute(policy, route, versionsOf(route).find(({ name }) => name === route.default)!),
      ],
    },
  };
}

/** `when`: absent for every request. */
function httpRoute(policy: Policy, route: RouteSpec, version: Version, when?: Version['when']) {
  const fault = route.faults?.[version.name];
  const retries = retryPolicy(route, version);
  return {
    name: versionRouteName(policy, route.host, version.name),
    ...(when && { match: [{ headers: mapValues(when, (exact) => ({ exact })) }] }),
    ...(fault && { fault: faultInjection(fault) }),
    route: [{ destination: { host: route.host, subset: subsetName(version.name) } }],
    ...(route.timeout !== undefined && { timeout: route.timeout }),
    ...(retries && { retries }),
  };
}

function faultInjection({ delay, abort }: FaultSpec) {
  const percentage = (percent = 100) => ({ percentage: { value: percent } });
  return {
    ...(delay && { delay: { ...percentage(delay.percent), fixedDelay: delay.fixed } }),
    ...(abort && { abort: { ...percentage(abort.percent), httpStatus: abort.status } }),
  };
}

/**
 * Absent: Istio's own, two retries of what was not sent. A version that falls back needs its own:
 * Envoy tells its workers of ejected endpoints once a second, and till then only a retry that leaves
 * the priority out finds the fallback.
 */
function retryPolicy(route: RouteSpec, version: Version) {
  const { retries } = route;
  const falls = fallsBack(route, version);
  if (retries === undefined && !falls) return undefined;
  return {
    attempts: retries?.attempts ?? FALLBACK_ATTEMPTS,
    ...(retries?.perTryTimeout !== undefined && { perTryTimeout: retries.perTryTimeout }),
    retryOn: (retries?.retryOn ?? SAFE_RETRIES).join(','),
    ...(falls && { retryRemoteLocalities: true }),
  };
}

/** What is to be known of a route's retries. */
export function retryNotes({ route, place }: PlacedRoute): string[] {
  return [...riskNotes(route, place), ...reachNotes(route, place)];
}

/** Retries that do not reach the fallback. */
function reachNotes(route: RouteSpec, place: string): string[] {
  const { retries, fallback } = route;
  if (retries === undefined || fallback === undefined) return [];
  const { attempts, retryOn = SAFE_RETRIES } = retries;
  if (attempts >= FALLBACK_ATTEMPTS && retryOn.includes('connect-failure')) return [];
  return [
    `${place}.retries: requests fail for a second when a version loses its last endpoint: wanted ` +
      `attempts: ${FALLBACK_ATTEMPTS} or more, on connect-failure among others, to reach ${fallback}`,
  ];
}

function riskNotes(route: RouteSpec, place: string): string[] {
  const risky = (route.retries?.retryOn ?? []).filter(
    (on) => on !== ALSO_SAFE && !(SAFE_RETRIES as readonly string[]).includes(on),
  );
  if (risky.length === 0) return [];
  return [
    `${place}.retries.retryOn: ${risky.join(', ')} sends requests again that the service may have ` +
      `acted upon, which the SDK never does; wanted connect-failure, refused-stream unless every ` +
      `request of ${route.host} may come twice`,
  ];
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

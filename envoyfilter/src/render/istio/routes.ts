// routes: `spec.routes` of all policies as VirtualServices and DestinationRules, and what makes a
// version fall back where these two cannot say it.
// Promise: pure. A host is routed by one policy in one place, or nothing is rendered.

import { type Policy, PolicyError, versionsOf } from '../../policy/policy.js';
import { policyNamespaces } from '../namespaces.js';
import type { RenderOptions, ResourceSet } from '../options.js';
import { fullHost, routeObjectName, ruleNamespace } from '../route-names.js';
import { destinationRule } from './destination-rule.js';
import { aggregateFilters, fallbackNotes } from './fallback.js';
import type { PlacedRoute } from './placed-route.js';
import { retryNotes, virtualService } from './virtual-service.js';

/** Notes that differ in nothing but the route. */
const MOST_ALIKE = 5;

/** In the order of the policies and of their routes. @throws PolicyError */
export function renderRoutes(
  policies: readonly Policy[],
  { only }: Pick<RenderOptions, 'only'> = {},
): ResourceSet {
  const placed = placedRoutes(policies);
  // Subsets before the routes to them: a route to one that is not there is answered with 503.
  const resources = [
    ...placed.map(destinationRule),
    ...placed.map(virtualService),
    ...policies.flatMap((policy) => aggregateFilters(policy)),
  ];
  const notes = placed.flatMap((one) => [
    ...hostNotes(one),
    ...connectionNotes(one),
    ...faultNotes(one),
    ...retryNotes(one),
  ]);
  notes.push(...few(placed.flatMap(fallbackNotes)));
  if (only === 'routes') notes.push(...few(placed.map(ownerNote)));
  return { resources, notes };
}

/** Of what is said of every route there is: a mesh of hundreds would bury all other notes. */
function few(notes: readonly string[]): string[] {
  const more = notes.length - MOST_ALIKE;
  if (more <= 0) return [...notes];
  return [...notes.slice(0, MOST_ALIKE), `${more} more notes like the last of spec.routes`];
}

/** Every route, once it is certain that each can be rendered. @throws PolicyError */
export function placedRoutes(policies: readonly Policy[]): PlacedRoute[] {
  const placed = policies.flatMap((policy) =>
    (policy.spec.routes ?? []).map((route, index) => {
      const one = { policy, route, place: `spec.routes[${index}]` };
      checkVersions(one);
      return one;
    }),
  );
  const first = new Map<string, PlacedRoute>();
  for (const one of placed) {
    const host = fullHost(one.route.host, one.policy);
    const other = first.get(host);
    if (other === undefined) {
      first.set(host, one);
      continue;
    }
    throw new PolicyError(
      `${one.place}.host: found "${one.route.host}" in policy ${idOf(one)}, wanted a host of its ` +
        `own: ${other.place} of policy ${idOf(other)} routes ${host} already`,
    );
  }
  return placed;
}

function checkVersions({ route, place }: PlacedRoute): void {
  const names = versionsOf(route).map(({ name }) => name);
  const check = (key: string, name: string | undefined) => {
    if (name === undefined || names.includes(name)) return;
    const wanted = `wanted one of versions: ${names.join(', ')}`;
    throw new PolicyError(`${place}.${key}: found "${name}", ${wanted}`);
  };
  check('default', route.default);
  check('fallback', route.fallback);
  for (const name of Object.keys(route.faults ?? {})) check('faults', name);
}

/** Istio completes a host without a dot, and no other: this one is no service's, and routes nothing. */
function hostNotes({ policy, route: { host }, place }: PlacedRoute): string[] {
  const [, service, namespace, end = ''] = /^([^.*]+)\.([^.]+)(\.svc)?$/.exec(host) ?? [];
  if (namespace === undefined) return [];
  if (end === '' && !policyNamespaces(policy).includes(namespace)) return [];
  return [
    `${place}.host: ${host} is a full name to Istio, and no service's: wanted ` +
      `${service}.${namespace}.svc.cluster.local`,
  ];
}

/** Node's `server.keepAliveTimeout`, as it comes. */
const NODE_KEEP_ALIVE_MS = 5_000;

function connectionNotes({ route, place }: PlacedRoute): string[] {
  const idle = route.connection?.idleTimeout;
  if (idle === undefined || milliseconds(idle) < NODE_KEEP_ALIVE_MS) return [];
  return [
    `${place}.connection.idleTimeout: ${idle} is not below the 5 s after which Node's servers close ` +
      `idle connections: a request sent at that moment is answered with 503. Wanted 4s, or a ` +
      `higher keepAliveTimeout in the service`,
  ];
}

function faultNotes({ route, place }: PlacedRoute): string[] {
  if (route.faults?.[route.default] === undefined) return [];
  return [
    `${place}.faults.${route.default}: ${route.default} is the default: requests without a tag ` +
      `get the fault too`,
  ];
}

function ownerNote({ route, policy }: PlacedRoute): string {
  const { namespace } = policy.metadata;
  const name = routeObjectName(route.host);
  return (
    `${route.host}: VirtualService ${namespace}/${name} and DestinationRule ` +
    `${ruleNamespace(route.host, policy)}/${name}: whoever else routes ` +
    `${fullHost(route.host, policy)}, as Flagger (which names its own after the host) or Argo ` +
    `Rollouts (to which name and subsets can be told), must own these or replace them`
  );
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration as Istio has it; NaN for another text. */
function milliseconds(text: string): number {
  const parts = [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join('') !== text) return Number.NaN;
  return parts.reduce((sum, [, number, unit = '']) => sum + Number(number) * UNIT_MS[unit]!, 0);
}

function idOf({ policy: { metadata } }: PlacedRoute): string {
  return `${metadata.namespace}/${metadata.name}`;
}

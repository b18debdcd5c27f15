// envoy-routes: a policy's routes in the listener of a plain Envoy.

import type { Policy, RouteSpec, Version } from '../../policy/policy.js';
import { protoDuration } from '../duration.js';
import { clusterNamespace, fullHost } from '../route-names.js';
import { taggedVersions } from '../versions.js';
import { targetCluster, versionCluster } from './envoy-cluster.js';

/** What gets through without having reached anybody; more than that the policy must ask for. */
const RETRY_ON = ['connect-failure', 'refused-stream'];
const RETRIES = 2;

/**
 * A virtual host for each route; the first is also for hosts that no route names: who tries a policy
 * on a machine of his own says `localhost`.
 */
export function virtualHosts(policy: Policy): object[] {
  const routes = policy.spec.routes ?? [];
  const hosts = new Set(routes.map(({ host }) => fullHost(host, policy)));
  return routes.map((route, index) => ({
    name: route.host,
    domains: [...domainsOf(route.host, policy, hosts), ...(index === 0 ? ['*'] : [])],
    include_attempt_count_in_response: true,
    routes: routesOf(route),
  }));
}

/** Everything to one cluster. */
export function everythingTo(cluster: string): object[] {
  const route = { match: { prefix: '/' }, route: { cluster, timeout: '0s' } };
  return [{ name: cluster, domains: ['*'], routes: [route] }];
}

/** Short names of a service as its own namespace knows it, but for what is a route's whole `hosts`. */
function domainsOf(host: string, policy: Policy, hosts: ReadonlySet<string>): string[] {
  const full = fullHost(host, policy);
  const namespace = clusterNamespace(full);
  if (namespace === undefined) return [full];
  const [service = ''] = full.split('.');
  const short = namespace === policy.metadata.namespace ? [service] : [];
  const names = [...short, `${service}.${namespace}`, `${service}.${namespace}.svc`];
  return [...names.filter((name) => !hosts.has(name)), full];
}

function routesOf(route: RouteSpec): object[] {
  const tagged = taggedVersions(route).map((one) => routeTo(route, one.name, matchOf(one)));
  return [...tagged, routeTo(route, route.default, {})];
}

function matchOf({ when }: Version): object {
  const headers = Object.entries(when).map(([name, exact]) => ({ name, string_match: { exact } }));
  return { headers };
}

function routeTo(route: RouteSpec, version: string, match: object): object {
  const { retries, timeout } = route;
  const fallsBack = targetCluster(route, version) !== versionCluster(route, version);
  const retrying =
    retries !== undefined
      ? {
          retry_on: (retries.retryOn ?? RETRY_ON).join(','),
          num_retries: retries.attempts,
          ...(retries.perTryTimeout && { per_try_timeout: protoDuration(retries.perTryTimeout) }),
        }
      : // The request that finds out that a version is gone gets through as well.
        fallsBack && { retry_on: RETRY_ON.join(','), num_retries: RETRIES };
  return {
    name: `${route.host}/${version}`,
    match: { prefix: '/', ...match },
    route: {
      cluster: targetCluster(route, version),
      timeout: timeout === undefined ? '0s' : protoDuration(timeout),
      ...(retrying && { retry_policy: retrying }),
    },
  };
}

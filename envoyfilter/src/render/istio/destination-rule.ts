// destination-rule: a route's versions as subsets of Istio's DestinationRule, with what is to be known
// of connections and of endpoints that fail.
// Promise: pure. What the route does not name is left to Istio.

import type { ConnectionSpec, OutlierSpec, RouteSpec, Version } from '../../policy/policy.js';
import type { Resource } from '../resource.js';
import { objectMetadata, routeObjectName, ruleNamespace, subsetName } from '../route-names.js';
import { sortedVersions } from '../versions.js';
import { fallbackOf } from './fallback.js';
import type { PlacedRoute } from './placed-route.js';

/** Below the 5 s of Node's servers: who of both closes first has no request on the connection. */
const IDLE_TIMEOUT = '4s';

export function destinationRule({ policy, route }: PlacedRoute): Resource {
  const { connection, outlierDetection } = route;
  const trafficPolicy = {
    ...(connection && { connectionPool: connectionPool(connection) }),
    ...(outlierDetection && { outlierDetection: outliers(outlierDetection) }),
  };
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: objectMetadata(
      policy,
      routeObjectName(route.host),
      ruleNamespace(route.host, policy),
    ),
    spec: {
      host: route.host,
      ...(Object.keys(trafficPolicy).length > 0 && { trafficPolicy }),
      subsets: sortedVersions(route).map((version) => subset(route, version)),
    },
  };
}

function subset(route: RouteSpec, version: Version) {
  const name = subsetName(version.name);
  const fallback = fallbackOf(route, version);
  if (fallback === undefined) return { name, labels: version.labels };
  const outlierDetection = failingFast(route.outlierDetection);
  if (fallback.kind === 'aggregate') {
    return { name, labels: version.labels, trafficPolicy: { outlierDetection } };
  }
  // The pods of both versions, its own before the others.
  const localityLbSetting = { enabled: true, failoverPriority: fallback.priority };
  return {
    name,
    labels: fallback.labels,
    trafficPolicy: { loadBalancer: { localityLbSetting }, outlierDetection },
  };
}

/** An endpoint's first connection that fails is its last for a while; answers are judged as ever. */
function failingFast(spec: OutlierSpec = {}) {
  return {
    ...outliers({ maxEjectionPercent: 100, ...spec }),
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailures: 1,
    // With every endpoint of both versions out, all are tried again, where 0 (Istio's) answers 503.
    minHealthPercent: 1,
  };
}

function outliers({
  consecutiveErrors = 5,
  interval = '10s',
  baseEjectionTime = '30s',
  maxEjectionPercent = 10,
}: OutlierSpec) {
  return {
    consecutiveGatewayErrors: consecutiveErrors,
    // Or five answers of 500, which are the application's, would do it too.
    consecutive5xxErrors: 0,
    interval,
    baseEjectionTime,
    maxEjectionPercent,
  };
}

function connectionPool({
  idleTimeout = IDLE_TIMEOUT,
  connectTimeout,
  maxRequestsPerConnection,
  keepalive,
}: ConnectionSpec) {
  const tcpKeepalive = keepalive && {
    ...(keepalive.time !== undefined && { time: keepalive.time }),
    ...(keepalive.interval !== undefined && { interval: keepalive.interval }),
    ...(keepalive.probes !== undefined && { probes: keepalive.probes }),
  };
  const tcp = {
    ...(connectTimeout !== undefined && { connectTimeout }),
    ...(tcpKeepalive && { tcpKeepalive }),
  };
  return {
    ...(Object.keys(tcp).length > 0 && { tcp }),
    http: {
      idleTimeout,
      ...(maxRequestsPerConnection !== undefined && { maxRequestsPerConnection }),
    },
  };
}

// envoy-cluster: the clusters of a plain Envoy: one for each version of a route, one that falls back
// to another version, the application, the rate limit service.

import type { OutlierSpec, RouteSpec, Version } from '../../policy/policy.js';
import { protoDuration } from '../duration.js';
import { RenderError } from '../options.js';

const TYPE = 'type.googleapis.com/';
const AGGREGATE = `${TYPE}envoy.extensions.clusters.aggregate.v3.ClusterConfig`;
const HTTP_OPTIONS = `${TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`;
const CONNECT_TIMEOUT = '5s';
const UNBOUNDED = 4_294_967_295;

/** HOST/VERSION. */
export function versionCluster({ host }: RouteSpec, version: string): string {
  return `${host}/${version}`;
}

/** The cluster that a version's requests go to: its own, or one that can fall back. */
export function targetCluster(route: RouteSpec, version: string): string {
  const own = versionCluster(route, version);
  return fallsBack(route, version) ? `${own}/or/${route.fallback}` : own;
}

/** All clusters of a route. `endpointOf`: HOST:PORT of a version. */
export function routeClusters(
  route: RouteSpec,
  versions: readonly Version[],
  endpointOf: (version: string) => string,
): object[] {
  const outlier =
    route.fallback === undefined ? {} : { ...outlierDetection(route.outlierDetection) };
  return versions.flatMap(({ name }) => {
    const own = cluster(versionCluster(route, name), endpointOf(name), outlier);
    return fallsBack(route, name) ? [own, aggregate(route, name)] : [own];
  });
}

export function cluster(name: string, endpoint: string, more: object = {}): object {
  const { host, port } = readEndpoint(endpoint);
  const isAddress = /^[\d.]+$/.test(host) || host.includes(':');
  const address = { socket_address: { address: host, port_value: port } };
  return {
    name,
    type: isAddress ? 'STATIC' : 'STRICT_DNS',
    // `localhost` may be 127.0.0.1 or ::1, and a service may listen on one of them.
    ...(isAddress ? {} : { dns_lookup_family: 'ALL' }),
    connect_timeout: CONNECT_TIMEOUT,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
    ...more,
  };
}

/** A cluster that is spoken to in HTTP/2, as gRPC is. */
export function http2Cluster(name: string, endpoint: string): object {
  const options = {
    '@type': HTTP_OPTIONS,
    explicit_http_config: { http2_protocol_options: {} },
  };
  return cluster(name, endpoint, {
    typed_extension_protocol_options: { [HTTP_OPTIONS.slice(TYPE.length)]: options },
  });
}

/** `HOST:PORT`, `[::1]:PORT`. @throws RenderError */
export function readEndpoint(text: string): { host: string; port: number } {
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([^\s:/]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new RenderError(`found the endpoint ${JSON.stringify(text)}, wanted HOST:PORT`);
  }
  return { host, port };
}

function fallsBack(route: RouteSpec, version: string): boolean {
  return route.fallback !== undefined && route.fallback !== version;
}

/** The first of its clusters that has a healthy endpoint. */
function aggregate(route: RouteSpec, version: string): object {
  const clusters = [version, route.fallback ?? version].map((one) => versionCluster(route, one));
  return {
    name: targetCluster(route, version),
    connect_timeout: CONNECT_TIMEOUT,
    lb_policy: 'CLUSTER_PROVIDED',
    // Retries are counted here, and Envoy's own bound is three at a time.
    circuit_breakers: { thresholds: [{ max_retries: UNBOUNDED }] },
    cluster_type: {
      name: 'envoy.clusters.aggregate',
      typed_config: { '@type': AGGREGATE, clusters },
    },
  };
}

/** One error is enough to leave a version: there is another that can answer. */
function outlierDetection(spec: OutlierSpec = {}): object {
  return {
    outlier_detection: {
      consecutive_gateway_failure: spec.consecutiveErrors ?? 1,
      enforcing_consecutive_gateway_failure: 100,
      enforcing_consecutive_5xx: 0,
      enforcing_success_rate: 0,
      interval: protoDuration(spec.interval ?? '10s'),
      base_ejection_time: protoDuration(spec.baseEjectionTime ?? '30s'),
      max_ejection_percent: spec.maxEjectionPercent ?? 100,
    },
    // Else all endpoints are taken for healthy as soon as none is.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
  };
}

// bootstrap: the configuration around the filters under test, after Envoy's advice on benchmarks: no
// access log, no tracing, no request ids made, no dynamic stats, statistics flushed seldom.

import { statsConfig } from '../../../envoyfilter/src/render/stats-tags.js';
import { BY_TAG } from '../variants/answers.js';
import type { BenchListener } from '../variants/variant.js';

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const MANAGER = 'http_connection_manager';
const STATS_FLUSH_INTERVAL = '60s';

/** A place to send requests to. */
export interface Upstream {
  readonly name: string;
  /** A port of this machine, or the name of a Unix socket. */
  readonly at: number | string;
}

export function benchBootstrap(
  listeners: readonly BenchListener[],
  upstreams: readonly Upstream[] = [],
): object {
  return {
    admin: { address: loopback(0) },
    stats_config: statsConfig(),
    stats_flush_interval: STATS_FLUSH_INTERVAL,
    static_resources: {
      listeners: listeners.map(listener),
      clusters: upstreams.map(cluster),
    },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** In the abstract namespace: nothing to clean up. */
function socket(name: string): object {
  return { pipe: { path: `@${name}` } };
}

function listener({ name, filters, routes = BY_TAG, socket: path }: BenchListener): object {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': `${TYPE}.http.router.v3.Router`, dynamic_stats: false },
  };
  const manager = {
    '@type': `${TYPE}.network.${MANAGER}.v3.HttpConnectionManager`,
    stat_prefix: name,
    generate_request_id: false,
    route_config: { virtual_hosts: [{ name, domains: ['*'], routes }] },
    http_filters: [...filters, router],
  };
  return {
    name,
    address: path === undefined ? loopback(0) : socket(path),
    stat_prefix: name,
    filter_chains: [{ filters: [{ name: MANAGER, typed_config: manager }] }],
  };
}

function cluster({ name, at }: Upstream): object {
  const address = typeof at === 'number' ? loopback(at) : socket(at);
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

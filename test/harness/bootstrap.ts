// bootstrap: the plain Envoy configuration that the tests and the demo put around a filter.
// Ports are 0: the kernel chooses, and Envoy's admin tells.

import { statsConfig } from '../../envoyfilter/src/render/stats-tags.js';

const TYPE = 'type.googleapis.com/';

export interface Listener {
  readonly name: string;
  /** HTTP filters before the router. */
  readonly filters: readonly object[];
  /** Routes of the one virtual host. */
  readonly routes: readonly object[];
  /** Fields of the HTTP connection manager set against their defaults. */
  readonly manager?: object;
}

export interface Cluster {
  readonly name: string;
  readonly port: number;
}

/** A bootstrap of listeners on loopback and clusters of one endpoint each. */
export function bootstrap(listeners: readonly Listener[], clusters: readonly Cluster[]): object {
  return {
    admin: { address: loopback(0) },
    stats_config: statsConfig(),
    static_resources: {
      listeners: listeners.map(listener),
      clusters: clusters.map(cluster),
    },
  };
}

/** A route of everything to one cluster, after `match` if given. */
export function route(cluster: string, match: object = {}): object {
  return { match: { prefix: '/', ...match }, route: { cluster, timeout: '30s' } };
}

/** A route's match on the value of a header. */
export function whenHeader(name: string, exact: string): object {
  return { headers: [{ name, string_match: { exact } }] };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

function listener({ name, filters, routes, manager = {} }: Listener): object {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': `${TYPE}envoy.extensions.filters.http.router.v3.Router` },
  };
  return {
    name,
    address: loopback(0),
    stat_prefix: name,
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              route_config: { virtual_hosts: [{ name, domains: ['*'], routes }] },
              http_filters: [...filters, router],
              ...manager,
            },
          },
        ],
      },
    ],
  };
}

function cluster({ name, port }: Cluster): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }],
    },
  };
}

// sdk-bootstrap: the Envoy configuration that sidecars of the SDK's tests have in common.

const TYPE = 'type.googleapis.com/envoy.extensions';

export interface SdkListener {
  readonly name: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  /** Fields of the route configuration. */
  readonly routes: object;
  /** HTTP filters before the router. */
  readonly filters?: readonly object[];
  /** Fields of the router set against their defaults. */
  readonly router?: object;
}

export interface SdkCluster {
  readonly name: string;
  /** Of its one endpoint; without it there is none. */
  readonly port?: number | undefined;
  readonly http2?: boolean | undefined;
  /** Fields set against their defaults. */
  readonly settings?: object;
}

export function bootstrap(
  listeners: readonly SdkListener[],
  clusters: readonly SdkCluster[],
): object {
  return {
    static_resources: { listeners: listeners.map(listener), clusters: clusters.map(cluster) },
  };
}

export interface HostRoute {
  readonly host: string;
  readonly domains: readonly string[];
  /** Fields of the action: a timeout, retries. */
  readonly action?: object;
}

/** Everything for a host goes to the cluster of its name. */
export function virtualHost({ host, domains, action = {} }: HostRoute): object {
  return {
    name: host,
    domains,
    // The SDK's proof that nothing was sent needs it; rendered routes have it.
    include_attempt_count_in_response: true,
    routes: [{ match: { prefix: '/' }, route: { cluster: host, ...action } }],
  };
}

/** So many connections and requests at once. */
export function breakers(most: number): object {
  const thresholds = [{ max_connections: most, max_pending_requests: most, max_requests: most }];
  return { circuit_breakers: { thresholds } };
}

export function httpFilter(name: string, type: string, fields: object): object {
  return {
    name: `envoy.filters.http.${name}`,
    typed_config: { '@type': `${TYPE}.filters.http.${name}.v3.${type}`, ...fields },
  };
}

function listener({ name, port, routes, filters = [], router = {} }: SdkListener): object {
  const manager = {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      route_config: routes,
      http_filters: [...filters, httpFilter('router', 'Router', router)],
    },
  };
  return { name, address: loopback(port), filter_chains: [{ filters: [manager] }] };
}

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

function cluster({ name, port, http2, settings = {} }: SdkCluster): object {
  const endpoints = port ? [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }] : [];
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints },
    ...(http2 ? HTTP2 : {}),
    ...settings,
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

// istio-bootstrap: what Istio's agent starts an Envoy with, as far as it matters to a filter: the node,
// ADS as the one source of everything, and which statistics are kept under which labels.
// Taken from envoy_bootstrap.json and pkg/bootstrap/config.go of Istio 1.31.

import { parse } from 'yaml';

export interface IstioNode {
  readonly kind: 'sidecar' | 'router';
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ip: string;
  /** Of the pod; read is `proxy.istio.io/config`. */
  readonly annotations?: Readonly<Record<string, string>>;
}

const ISTIO_VERSION = '1.31.0';
const CLUSTER = 'xds-grpc';
const HTTP = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function nodeId({ kind, ip, name, namespace }: IstioNode): string {
  return `${kind}~${ip}~${name}.${namespace}~${namespace}.svc.cluster.local`;
}

export function istioBootstrap(node: IstioNode, adsPort: number): object {
  const ads = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    node: {
      id: nodeId(node),
      cluster: `${node.labels.app ?? node.name}.${node.namespace}`,
      metadata: {
        NAME: node.name,
        NAMESPACE: node.namespace,
        LABELS: node.labels,
        ANNOTATIONS: node.annotations ?? {},
        INSTANCE_IPS: node.ip,
        CLUSTER_ID: 'Kubernetes',
        ISTIO_VERSION,
        // Nothing redirects traffic here: listeners are connected to.
        INTERCEPTION_MODE: 'NONE',
      },
    },
    layered_runtime: {
      layers: [
        {
          name: 'global config',
          static_layer: {
            'overload.global_downstream_max_connections': '2147483647',
            're2.max_program_size.error_level': '32768',
            'envoy.reloadable_features.http_reject_path_with_fragment': false,
          },
        },
        { name: 'admin', admin_layer: {} },
      ],
    },
    stats_config: istioStats(extraStatTags(node)),
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: 'DELTA_GRPC',
        set_node_on_first_message_only: true,
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: CLUSTER } }],
      },
    },
    static_resources: { clusters: [adsCluster(adsPort)] },
  };
}

function extraStatTags({ annotations = {} }: IstioNode): string[] {
  const config = parse(annotations['proxy.istio.io/config'] ?? '') as {
    extraStatTags?: string[];
  } | null;
  return config?.extraStatTags ?? [];
}

/** Istio's own labels and filter; a label that is not named in the pod's annotation is not taken out. */
function istioStats(extra: readonly string[]): object {
  const tag = (tag_name: string, regex: string) => ({ tag_name, regex });
  const address = '(((?:[_.[:digit:]]*|[_\\[\\]aAbBcCdDeEfF[:digit:]]*))\\.)';
  const prefixes = [
    'reporter=',
    ...['cluster_manager', 'listener_manager', 'server', 'cluster.xds-grpc', 'wasm'],
    ...['component', 'istio'],
  ];
  const suffixes = ['rbac.allowed', 'rbac.denied', 'shadow_allowed', 'shadow_denied'];
  return {
    use_all_default_tags: false,
    stats_tags: [
      tag('cluster_name', '^cluster\\.((.+?(\\..+?\\.svc\\.cluster\\.local)?)\\.)'),
      tag('tcp_prefix', '^tcp\\.((.*?)\\.)\\w+?$'),
      tag('response_code', '_rq(_(\\d{3}))$'),
      tag('response_code_class', '_rq(_(\\dxx))$'),
      tag('http_conn_manager_listener_prefix', `^listener(?=\\.).*?\\.http\\.${address}`),
      tag('http_conn_manager_prefix', `^http\\.${address}`),
      tag('listener_address', `^listener\\.${address}`),
      tag('mongo_prefix', '^mongo\\.(.+?)\\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$'),
      ...extra.map((name) => tag(name, `(${name}=\\.=(.*?);\\.;)`)),
      tag('cache', '(cache\\.(.+?)\\.)'),
      tag('component', '(component\\.(.+?)\\.)'),
      tag('tag', '(tag\\.(.+?);\\.)'),
      tag('wasm_filter', '(wasm_filter\\.(.+?)\\.)'),
      tag('authz_enforce_result', 'rbac(\\.(allowed|denied))'),
      tag('authz_dry_run_action', '(\\.istio_dry_run_(allow|deny)_)'),
      tag('authz_dry_run_result', '(\\.shadow_(allowed|denied))'),
    ],
    stats_matcher: {
      inclusion_list: {
        patterns: [
          ...prefixes.map((prefix) => ({ prefix })),
          ...suffixes.map((suffix) => ({ suffix })),
          { safe_regex: { regex: 'vhost\\.*\\.route\\.*' } },
        ],
      },
    },
  };
}

function adsCluster(port: number): object {
  return {
    name: CLUSTER,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: {
      cluster_name: CLUSTER,
      endpoints: [
        {
          lb_endpoints: [
            {
              endpoint: {
                address: { socket_address: { address: '127.0.0.1', port_value: port } },
              },
            },
          ],
        },
      ],
    },
    typed_extension_protocol_options: {
      [HTTP]: {
        '@type': `type.googleapis.com/${HTTP}`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
  };
}

// own-resources: what the judge adds to the resources under test, so that many proxies can live on one
// machine: no listener has a port that was chosen beforehand.

export interface Ingress {
  /** As peers know it. */
  readonly port: number;
  /** Where the application listens, on loopback. */
  readonly to: number;
}

export interface PlacedSidecar {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ingress: Ingress;
}

/** Istio's default. */
const ROOT_NAMESPACE = 'istio-system';
/** Before all others: they may match on what is left. */
const FIRST = -1000;

/** Of every proxy: each listener binds loopback, at a port of the kernel's choice. */
export const ANY_PORT: object = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'judge-any-port', namespace: ROOT_NAMESPACE },
  spec: {
    priority: FIRST,
    configPatches: [
      {
        applyTo: 'LISTENER',
        match: { context: 'ANY' },
        patch: {
          operation: 'MERGE',
          value: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
        },
      },
    ],
  },
};

/** Without it inbound listeners wait for certificates that nobody issues here. */
export const PLAIN_TEXT: object = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'judge-plain-text', namespace: ROOT_NAMESPACE },
  spec: { mtls: { mode: 'DISABLE' } },
};

/**
 * The inbound listener of one sidecar. Where nothing redirects traffic, Istio makes one only where it
 * is asked for by name; its one filter chain is for a port that it now has not.
 */
export function inboundListener({ name, namespace, labels, ingress }: PlacedSidecar): object[] {
  const chain = `0.0.0.0_${ingress.port}`;
  const action = {
    name: chain,
    typed_config: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: chain },
  };
  return [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata: { name: `judge-${name}`, namespace },
      spec: {
        workloadSelector: { labels },
        ingress: [
          {
            port: { number: ingress.port, protocol: 'HTTP', name: 'http-in' },
            defaultEndpoint: `127.0.0.1:${ingress.to}`,
          },
        ],
        egress: [{ hosts: ['*/*'] }],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: `judge-${name}`, namespace },
      spec: {
        priority: FIRST,
        workloadSelector: { labels },
        configPatches: [
          {
            applyTo: 'LISTENER',
            match: { context: 'SIDECAR_INBOUND' },
            patch: {
              operation: 'MERGE',
              value: { filter_chain_matcher: { on_no_match: { action } } },
            },
          },
        ],
      },
    },
  ];
}

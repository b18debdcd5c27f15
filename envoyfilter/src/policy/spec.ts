// spec: the policy file as types: its keys, what they mean, what holds where one is left out.

/** Where a filter runs; `sidecar` in the file stands for both of inbound and outbound. */
export type Direction = 'gateway' | 'inbound' | 'outbound';

export type Mode = 'enforce' | 'dryRun' | 'disabled';

/** One item of `spec.filters`: where it runs, and the filter's own sections. */
export interface FilterSpec {
  readonly at: Direction | 'sidecar';
  /** Where these workloads run; default the policy's. */
  readonly namespace?: string;
  /** Labels of the workloads; `{}`, the default, is every workload of the namespace. */
  readonly selector?: Labels;
  /** A Gateway of the Kubernetes Gateway API, by name, instead of a selector: its proxies. */
  readonly gateway?: string;
  readonly mode?: Mode;
  readonly [section: string]: unknown;
}

export type Labels = Readonly<Record<string, string>>;

/** A version of a service: its pods' labels; with `when`, the tags that lead to it, all of them. */
export type VersionSpec =
  | Labels
  | { readonly labels: Labels; readonly when: Readonly<Record<string, string>> };

/** One item of `spec.routes`: a VirtualService and a DestinationRule. */
export interface RouteSpec {
  /** As Istio has it: short, of the policy's namespace, or in full. */
  readonly host: string;
  /** Default `[mesh]`. */
  readonly gateways?: readonly string[];
  /** The header whose value names a version that has no `when`. */
  readonly tag: string;
  /** By name, which is the tag's value where there is no `when`. */
  readonly versions: Readonly<Record<string, VersionSpec>>;
  /** The version of a tag that no version is for, and of requests without one. */
  readonly default: string;
  /** The version that has the requests of one without a healthy endpoint. */
  readonly fallback?: string;
  /** The service's port. Only where versions fall back and there are more than two. */
  readonly port?: number;
  /** Faults that are injected, by version. */
  readonly faults?: Readonly<Record<string, FaultSpec>>;
  /** Of a request, all tries together, as `10s`; absent: none, as Istio has it. */
  readonly timeout?: string;
  readonly retries?: RetrySpec;
  readonly outlierDetection?: OutlierSpec;
  readonly connection?: ConnectionSpec;
}

export interface FaultSpec {
  /** `fixed` as `500ms`; `percent` of the version's requests, default 100. */
  readonly delay?: { readonly fixed: string; readonly percent?: number };
  readonly abort?: { readonly status: number; readonly percent?: number };
}

export interface RetrySpec {
  readonly attempts: number;
  readonly perTryTimeout?: string;
  /** Envoy's words, as `connect-failure`, `refused-stream`, `503`. */
  readonly retryOn?: readonly string[];
}

export interface OutlierSpec {
  /** Gateway errors in a row that eject an endpoint; default 5. */
  readonly consecutiveErrors?: number;
  /** Default `10s`. */
  readonly interval?: string;
  /** Default `30s`. */
  readonly baseEjectionTime?: string;
  /** Percent of the endpoints; default 100 where versions fall back, else 10. */
  readonly maxEjectionPercent?: number;
}

export interface ConnectionSpec {
  /** How long an idle connection to the service is kept. Node's servers close theirs after 5 s. */
  readonly idleTimeout?: string;
  readonly connectTimeout?: string;
  readonly maxRequestsPerConnection?: number;
  /** TCP keep-alive. */
  readonly keepalive?: {
    readonly time?: string;
    readonly interval?: string;
    readonly probes?: number;
  };
}

/** How the module gets into the proxy, and what Envoy does when its VM fails. */
export interface DeliverySpec {
  /** Default inline. */
  readonly code?:
    | 'inline'
    | { readonly file: string }
    | { readonly configMap: string }
    | { readonly http: string }
    | { readonly oci: string };
  /** Default reload. */
  readonly onFailure?: 'open' | 'closed' | 'reload';
}

/** What the SDK is told; see `render --as env`. */
export interface SdkSpec {
  /** More headers that follow, as `x-tenant`, `x-foo-*`, `x-team=x-squad`. The tags are anyway. */
  readonly headers?: readonly string[];
  /** More hosts of the mesh, as `*.example.com`. */
  readonly mesh?: readonly string[];
  readonly mode?: 'verbatim' | 'sanitize' | 'participate';
  readonly sidecar?: 'auto' | 'expect' | 'none';
  readonly probe?: string;
  readonly holdMs?: number;
  /** Where a service is reached past the sidecar, by authority. */
  readonly direct?: Readonly<
    Record<
      string,
      { readonly address: string } & ({ readonly tls: true } | { readonly plaintext: true })
    >
  >;
}

/** Resources that have nothing to do with tags, and without which meshes fail; all opt-in. */
export interface MeshSpec {
  /** TCP keep-alive of the proxies' connection to istiod: 30 s, 3 probes, 5 s. */
  readonly xdsKeepalive?: boolean;
  /** A `Sidecar` that leaves the proxies of the policy's namespaces only what the policy names. */
  readonly sidecar?: boolean | { readonly hosts: readonly string[] };
  /** Applications start after their proxy. Default true. */
  readonly holdApplication?: boolean;
}

/** Where Envoy's rate limit service is, for limits of scope `global`. */
export interface RateLimitServiceSpec {
  readonly host: string;
  /** Default 8081. */
  readonly port?: number;
  /** How long a request waits for its answer, as `100ms`, the default. */
  readonly timeout?: string;
}

export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly mode?: Mode;
    readonly filters: readonly FilterSpec[];
    readonly routes?: readonly RouteSpec[];
    readonly delivery?: DeliverySpec;
    readonly rateLimitService?: RateLimitServiceSpec;
    readonly sdk?: SdkSpec;
    readonly mesh?: MeshSpec;
  };
}

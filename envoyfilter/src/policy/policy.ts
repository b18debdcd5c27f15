// policy: the policy file as data, and the filter entries it stands for.
// Promise: pure. What a filter's configuration may hold is judged by the filter itself and by its
// JSON schema; here is what decides where an entry runs, and what one entry must know of another.

import { parse } from 'yaml';

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
  readonly on?: readonly string[];
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
  /** TCP keep-alive of the proxies' connection to istiod: 30 s, 3 s, 5 probes. */
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

/** One filter as it is loaded into one kind of listener. */
export interface FilterEntry {
  /** NAMESPACE/POLICY/ENTRY; ENTRY is the position in `spec.filters`. */
  readonly id: string;
  readonly direction: Direction;
  /** What the wasm reads, id and direction included. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** A filter, and the workloads whose proxies load it. */
export interface PlacedEntry extends FilterEntry {
  readonly namespace: string;
  /** Labels of the workloads; empty: all of the namespace. */
  readonly selector: Labels;
}

/** The text is not a policy. */
export class PolicyError extends Error {
  readonly code = 'POLICY_INVALID';
  override readonly name = 'PolicyError';
}

/**
 * Reads a policy file (YAML or JSON).
 * @throws PolicyError where it is no `tagalong/v1` Policy, or its entries contradict one another
 */
export function readPolicy(text: string): Policy {
  const file: unknown = parse(text);
  if (!isRecord(file)) throw new PolicyError(`found ${typeof file}, wanted a Policy`);
  if (file.apiVersion !== 'tagalong/v1' || file.kind !== 'Policy') {
    const found = `apiVersion ${JSON.stringify(file.apiVersion)}, kind ${JSON.stringify(file.kind)}`;
    throw new PolicyError(`found ${found}, wanted apiVersion "tagalong/v1", kind "Policy"`);
  }
  if (!isRecord(file.metadata) || typeof file.metadata.name !== 'string') {
    throw new PolicyError('metadata: found no name, wanted the name of the policy');
  }
  if (!isRecord(file.spec) || !Array.isArray(file.spec.filters)) {
    throw new PolicyError('spec.filters: found none, wanted an array of filter entries');
  }
  const metadata = { namespace: 'default', ...file.metadata };
  checkCarry(file.spec.filters);
  checkCapacity(file.spec.filters);
  return { ...file, metadata } as unknown as Policy;
}

/** A tag that one entry reads from baggage must be judged there wherever clients come in. */
function checkCarry(filters: readonly unknown[]): void {
  const tags = filters.flatMap((filter, index) =>
    listOf(isRecord(filter) ? filter.tags : undefined).map((tag, position) => ({
      at: isRecord(filter) ? filter.at : undefined,
      path: `spec.filters[${index}].tags[${position}]`,
      header: String(tag.header).toLowerCase(),
      carried: Array.isArray(tag.carry) && tag.carry.length > 0,
    })),
  );
  for (const open of tags.filter(({ at, carried }) => at === 'gateway' && !carried)) {
    const reader = tags.find(({ header, carried }) => carried && header === open.header);
    if (reader === undefined) continue;
    const found = `${open.header} left in clients' baggage, where ${reader.path} reads it`;
    throw new PolicyError(`${open.path}: found ${found}, wanted "carry: [baggage]" here too`);
  }
}

/** Both directions of a policy share one store: another number of slots finds nothing. */
function checkCapacity(filters: readonly unknown[]): void {
  const sizes = filters.flatMap((filter, index) => {
    const propagate = isRecord(filter) ? filter.propagate : undefined;
    return isRecord(propagate) ? [{ index, capacity: propagate.capacity ?? 8192 }] : [];
  });
  const [first] = sizes;
  const other = sizes.find(({ capacity }) => capacity !== first?.capacity);
  if (first === undefined || other === undefined) return;
  throw new PolicyError(
    `spec.filters[${other.index}].propagate.capacity: found ${other.capacity}, ` +
      `wanted ${first.capacity} as in spec.filters[${first.index}]: they share one store`,
  );
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** The pods of a version, and the tags that lead to it. */
export interface Version {
  readonly name: string;
  readonly labels: Labels;
  readonly when: Readonly<Record<string, string>>;
}

/** The versions of a route, in the file's order. */
export function versionsOf({ tag, versions }: RouteSpec): Version[] {
  return Object.entries(versions).map(([name, spec]) =>
    typeof spec.labels === 'object'
      ? { name, labels: spec.labels, when: spec.when as Version['when'] }
      : { name, labels: spec as Labels, when: { [tag]: name } },
  );
}

/** Every filter of the policy, in the file's order; a sidecar's entry comes as two. */
export function filterEntries(policy: Policy): PlacedEntry[] {
  const { name, namespace } = policy.metadata;
  return policy.spec.filters.flatMap((filter, index) => {
    const id = `${namespace}/${name}/${index}`;
    const { at, namespace: where = namespace, selector = {}, mode, ...sections } = filter;
    const directions: Direction[] = at === 'sidecar' ? ['inbound', 'outbound'] : [at];
    const inForce = mode ?? policy.spec.mode ?? 'enforce';
    return directions.map((direction) => ({
      namespace: where,
      selector,
      id,
      direction,
      configuration: { id, direction, mode: inForce, ...sections },
    }));
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

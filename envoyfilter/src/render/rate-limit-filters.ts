// rate-limit-filters: Envoy's own filters that stand behind the wasm filter of an entry with global
// limits: they ask the rate limit service, and take away what the wasm handed over.
// Promise: pure data, the same for Envoy 1.36 to 1.40, and all of it in the filters themselves.
//
//   header_mutation ─► wasm ── x-tagalong-limit-NAME: BUCKET ──► ratelimit NAME ─ … ─►
//   header_mutation ──► router
//
// What a client sends by that name is removed before the wasm: as long as no configuration of it is
// in force, nothing else would, and the service would count by what the client says.
// Each limit has a filter, because how to answer and what to do without the service belong to the
// filter. A request that no global limit matches has no such header: nothing is asked for it.
// Left to others: what a bucket is (the wasm filter), how many requests it has (ratelimit.ts).

import { type GlobalLimit, globalLimitsOf } from '../policy/global-limits.js';
import type { FilterEntry } from '../policy/policy.js';

const TYPE = 'type.googleapis.com/';
const RATE_LIMIT = `${TYPE}envoy.extensions.filters.http.ratelimit.v3.RateLimit`;
const HEADER_MUTATION = `${TYPE}envoy.extensions.filters.http.header_mutation.v3.HeaderMutation`;

/** The two entries of a descriptor: which limit, and which of its buckets. */
export const LIMIT_KEY = 'limit';
export const BUCKET_KEY = 'bucket';

const TIMEOUT_MS = 100;
const SERVICE_UNAVAILABLE = 503;
const WINDOW_SECONDS: Readonly<Record<GlobalLimit['unit'], number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
};

export interface RateLimitService {
  /** Envoy's cluster of the service; it must speak HTTP/2. */
  readonly cluster: string;
  /** The :authority of the calls; default: the cluster's name, which some proxies do not take. */
  readonly authority?: string;
  /** How long a request waits for an answer before `onServiceFailure` decides; default 100. */
  readonly timeoutMs?: number;
}

/** The domain of a policy's limits in the service, NAMESPACE/POLICY. */
export function rateLimitDomain(entry: FilterEntry): string {
  return entry.id.slice(0, entry.id.lastIndexOf('/'));
}

/** The request header in which the wasm hands a bucket of the limit over. */
export function handOverHeader(limit: GlobalLimit): string {
  return `x-tagalong-limit-${limit.name}`;
}

/**
 * What follows the wasm filter of this entry directly, in this order: nothing else may stand
 * between them. Empty where the entry has no global limit, or is disabled.
 * @throws PolicyError
 */
export function rateLimitFilters(entry: FilterEntry, service: RateLimitService): object[] {
  const { mode } = entry.configuration;
  const limits = mode === 'disabled' ? [] : globalLimitsOf(entry);
  if (limits.length === 0) return [];
  // What was handed over goes no further than this proxy.
  const last = removal(`${entry.id}/limits`, limits);
  // In a dry run the wasm writes nothing, so that what comes is a client's own.
  if (mode === 'dryRun') return [last];
  return [...limits.map((limit) => rateLimitFilter(entry, limit, service)), last];
}

/**
 * What stands before the wasm filter of this entry, anywhere: a client hands no bucket over. Empty
 * where `rateLimitFilters` is.
 * @throws PolicyError
 */
export function rateLimitGuard(entry: FilterEntry): object[] {
  const limits = entry.configuration.mode === 'disabled' ? [] : globalLimitsOf(entry);
  return limits.length === 0 ? [] : [removal(`${entry.id}/limits/guard`, limits)];
}

function rateLimitFilter(
  entry: FilterEntry,
  limit: GlobalLimit,
  { cluster, authority, timeoutMs = TIMEOUT_MS }: RateLimitService,
): object {
  return {
    name: `${entry.id}/limits/${limit.name}`,
    typed_config: {
      '@type': RATE_LIMIT,
      domain: rateLimitDomain(entry),
      stat_prefix: limit.name,
      // In the filter, not in routes: one place for all routes, and in Istio no patch of virtual
      // hosts, whose names and number nobody knows beforehand. Seen on every version from 1.36 to
      // 1.40; `rate_limits` of a mesh's own in its virtual hosts are not read by this filter then.
      rate_limits: [
        {
          // Two entries, since the service looks a value up as KEY_VALUE beside its plain keys: with
          // the name as key, bucket `all` of limit `login` would be counted by a limit `login_all`.
          actions: [
            { generic_key: { descriptor_key: LIMIT_KEY, descriptor_value: limit.name } },
            { request_headers: { header_name: handOverHeader(limit), descriptor_key: BUCKET_KEY } },
          ],
        },
      ],
      rate_limit_service: {
        transport_api_version: 'V3',
        grpc_service: { envoy_grpc: { cluster_name: cluster, ...(authority && { authority }) } },
      },
      // Envoy's own default of 20 ms is less than a new connection with TLS takes.
      timeout: `${timeoutMs / 1000}s`,
      ...(limit.dryRun ? watching() : enforcing(limit)),
    },
  };
}

/** A dry run asks, so that the service counts, and does nothing else. */
function watching(): object {
  return {
    // The service has the limit in shadow mode. Its file and this configuration come by different
    // ways, and neither may reject before the other has come.
    filter_enforced: { default_value: { numerator: 0 } },
    // `filter_enforced` does not speak for failures (seen on 1.36 and 1.40).
    failure_mode_deny: false,
  };
}

function enforcing(limit: GlobalLimit): object {
  return {
    failure_mode_deny: limit.onServiceFailure === 'reject',
    // Envoy's default is 500. Nothing is broken, and coming back later helps.
    status_on_error: { code: SERVICE_UNAVAILABLE },
    rate_limited_status: { code: limit.status },
    rate_limited_as_resource_exhausted: true,
    enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
    // Of the reply nothing but the body cannot be had from this filter: it is empty.
    response_headers_to_add: [
      ...Object.entries(limit.headers).map(([name, value]) => setHeader(name, literal(value))),
      ...windowHeaders(limit),
    ],
  };
}

/** As the wasm says them of its own limits; when the window ends is the service's to know. */
function windowHeaders({ label, requests, unit }: GlobalLimit): object[] {
  const seconds = '%RESP(x-ratelimit-reset)%';
  return [
    setHeader('retry-after', seconds),
    setHeader('ratelimit', `"${label}";r=0;t=${seconds}`),
    setHeader('ratelimit-policy', `"${label}";q=${requests};w=${WINDOW_SECONDS[unit]}`),
  ];
}

function setHeader(key: string, value: string): object {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}

function removal(name: string, limits: readonly GlobalLimit[]): object {
  const mutations = limits.map((limit) => ({ remove: handOverHeader(limit) }));
  return {
    name,
    typed_config: { '@type': HEADER_MUTATION, mutations: { request_mutations: mutations } },
  };
}

/** A value that is text to Envoy, which takes %…% for a variable. */
function literal(value: string): string {
  return value.replaceAll('%', '%%');
}

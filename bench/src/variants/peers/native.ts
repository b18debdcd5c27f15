// native: Envoy's own filters, in C++, as far as they do a job of Tagalong's.

import {
  type Bucket,
  builtIn,
  GROUP,
  GROUP_HEADER,
  type Job,
  type Peer,
  TAG,
  TAG_HEADER,
  TYPE,
  USER_HEADER,
  WIDE,
} from './peer.js';

const HTTP = `${TYPE}envoy.extensions.filters.http.`;
/** Buckets of `limit keys` that are kept, the last used; Envoy's own default is 20. */
const KEYS_MAX = 65_536;

const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' } };

export const NATIVE: readonly Peer[] = [
  native('header_mutation', 'header', 'header_mutation: a constant header, no condition', () => [
    headerMutation(),
  ]),
  native('native tag', 'tag', 'composite: header_mutation, set_filter_state', () => [matched()]),
  native('local_ratelimit', 'limit', 'local_ratelimit: one bucket', (bucket) => [
    localRateLimit(bucket),
  ]),
  native('local_ratelimit keys', 'limit keys', 'local_ratelimit: dynamic descriptors', (bucket) => [
    localRateLimitByKey(bucket),
  ]),
];

/** One bucket, shared by all workers. */
export function localRateLimit(bucket: Bucket): object {
  return rateLimit({ token_bucket: tokenBucket(bucket) });
}

function native(
  name: string,
  job: Job,
  title: string,
  filters: (bucket: Bucket) => object[],
): Peer {
  return builtIn({ name, title, group: 'native', job }, filters);
}

function headerMutation(): object {
  const header = { key: TAG_HEADER, value: TAG };
  const append = { header, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
  return {
    name: 'header_mutation',
    typed_config: {
      '@type': `${HTTP}header_mutation.v3.HeaderMutation`,
      mutations: { request_mutations: [{ append }] },
    },
  };
}

/** header_mutation leaves the route as it was found; this is the filter that can clear it. */
function routeAgain(): object {
  return {
    name: 'set_filter_state',
    typed_config: { '@type': `${HTTP}set_filter_state.v3.Config`, clear_route_cache: true },
  };
}

function matched(): object {
  const action = {
    '@type': `${HTTP}composite.v3.ExecuteFilterAction`,
    filter_chain: { typed_config: [headerMutation(), routeAgain()] },
  };
  const input = {
    '@type': `${TYPE}envoy.type.matcher.v3.HttpRequestHeaderMatchInput`,
    header_name: GROUP_HEADER,
  };
  return {
    name: 'composite',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.common.matching.v3.ExtensionWithMatcher`,
      extension_config: {
        name: 'composite',
        typed_config: { '@type': `${HTTP}composite.v3.Composite` },
      },
      xds_matcher: {
        matcher_tree: {
          input: { name: 'group', typed_config: input },
          exact_match_map: { map: { [GROUP]: { action: { name: 'tag', typed_config: action } } } },
        },
      },
    },
  };
}

function localRateLimitByKey(bucket: Bucket): object {
  const user = { header_name: USER_HEADER, descriptor_key: 'user' };
  return rateLimit({
    // Asked for those without the header; with it, the user's own bucket alone counts.
    token_bucket: tokenBucket(WIDE),
    always_consume_default_token_bucket: false,
    max_dynamic_descriptors: KEYS_MAX,
    rate_limits: [{ actions: [{ request_headers: user }] }],
    descriptors: [{ entries: [{ key: 'user' }], token_bucket: tokenBucket(bucket) }],
  });
}

function rateLimit(fields: object): object {
  return {
    name: 'local_ratelimit',
    typed_config: {
      '@type': `${HTTP}local_ratelimit.v3.LocalRateLimit`,
      stat_prefix: 'limit',
      filter_enabled: ALWAYS,
      filter_enforced: ALWAYS,
      ...fields,
    },
  };
}

function tokenBucket({ burst, refill, everySeconds }: Bucket): object {
  return { max_tokens: burst, tokens_per_fill: refill, fill_interval: `${everySeconds}s` };
}

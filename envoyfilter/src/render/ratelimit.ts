// ratelimit: a policy's global limits as the configuration file of Envoy's rate limit service
// (github.com/envoyproxy/ratelimit).
// Promise: pure, and the same text for the same policy. Modes are not in it: what is asked is
// decided in the proxies, and a policy that is switched off and on again finds its limits there.
// The service counts in fixed windows that begin with the minute or the hour, and knows no burst.

import { stringify } from 'yaml';
import { type GlobalLimit, globalLimitsIn } from '../policy/global-limits.js';
import type { Policy } from '../policy/policy.js';
import type { Renderer } from './options.js';
import { BUCKET_KEY, LIMIT_KEY } from './rate-limit-filters.js';

const ABOUT = `# The limits of scope "global" of a Tagalong policy, for Envoy's rate limit service
# (github.com/envoyproxy/ratelimit): a file for its configuration folder. Edit the policy, not this.
# The service counts in fixed windows what all proxies ask for. It knows no burst: that holds at the
# gate which each proxy has before it.
`;

/** A file of each policy that has global limits: one domain, as the service wants it. */
export const renderRateLimit: Renderer = (policies) => {
  const files = policies.flatMap((policy) => {
    const { namespace, name } = policy.metadata;
    const content = rateLimitServiceConfig(policy);
    return content === undefined ? [] : [{ path: `${namespace}.${name}.yaml`, content }];
  });
  const none = 'no limit has "scope: global": the rate limit service has nothing to do';
  return { files, notes: files.length === 0 ? [none] : [] };
};

/**
 * The file, or undefined where the policy has no global limit.
 * @throws PolicyError where the policy contradicts itself
 */
export function rateLimitServiceConfig(policy: Policy): string | undefined {
  const limits = globalLimitsIn(policy);
  if (limits.length === 0) return undefined;
  const { namespace, name } = policy.metadata;
  const file = { domain: `${namespace}/${name}`, descriptors: limits.map(descriptor) };
  // The service reads YAML 1.1, refuses numbers with a fraction wherever they stand, and a name may
  // look like one: every text is quoted.
  const quoted = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' } as const;
  return ABOUT + stringify(file, { ...quoted, lineWidth: 0 });
}

function descriptor({ name, requests, unit, dryRun }: GlobalLimit): object {
  const bucket = {
    key: BUCKET_KEY,
    rate_limit: { unit, requests_per_unit: requests },
    // Counted and measured by the service as any other, and always answered with OK.
    ...(dryRun ? { shadow_mode: true } : {}),
  };
  return { key: LIMIT_KEY, value: name, descriptors: [bucket] };
}

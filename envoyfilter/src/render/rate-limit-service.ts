// rate-limit-service: `spec.rateLimitService` as the proxies of Istio reach it.

import type { Policy, RateLimitServiceSpec } from '../policy/policy.js';
import { secondsOf } from './duration.js';
import { RenderError } from './options.js';
import type { RateLimitService } from './rate-limit-filters.js';
import { fullHost } from './route-names.js';

export const DEFAULT_PORT = 8081;

/** @throws RenderError where the policy names none */
export function serviceOf({ metadata, spec }: Policy): RateLimitServiceSpec {
  if (spec.rateLimitService !== undefined) return spec.rateLimitService;
  throw new RenderError(
    `policy ${metadata.namespace}/${metadata.name}: spec.rateLimitService: found none, wanted ` +
      '{host: ratelimit.NAMESPACE.svc.cluster.local}, since there are limits of scope "global"',
  );
}

/** The service as a cluster that istiod makes of its Kubernetes Service or ServiceEntry. */
export function meshService(policy: Policy): RateLimitService {
  const { host, port = DEFAULT_PORT, timeout } = serviceOf(policy);
  const full = fullHost(host, policy);
  return {
    cluster: `outbound|${port}||${full}`,
    // A cluster's name with | in it is no authority that HTTP/2 servers accept.
    authority: full,
    ...timeoutOf(timeout),
  };
}

export function timeoutOf(timeout: string | undefined): { timeoutMs?: number } {
  return timeout === undefined ? {} : { timeoutMs: secondsOf(timeout) * 1000 };
}

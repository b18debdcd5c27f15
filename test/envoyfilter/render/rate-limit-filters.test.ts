import { describe, expect, it } from 'vitest';
import type { FilterEntry } from '../../../envoyfilter/src/policy/policy.js';
import {
  rateLimitFilters,
  rateLimitGuard,
} from '../../../envoyfilter/src/render/rate-limit-filters.js';

const login = {
  name: 'Login',
  scope: 'global',
  rate: '600/m',
  reject: { status: 403, body: 'no', headers: { 'x-hint': '100%' } },
  onServiceFailure: 'reject',
};
const watched = {
  name: 'api',
  scope: 'global',
  rate: '5/h',
  dryRun: true,
  onServiceFailure: 'reject',
};
const service = { cluster: 'ratelimit' };

function entry(configuration: Record<string, unknown>): FilterEntry {
  return { id: 'shop/store/0', direction: 'gateway', configuration };
}

/** What the filter of the first limit is configured with. */
function configOf(limit: object, options = service): Record<string, unknown> {
  const [filter] = rateLimitFilters(entry({ limits: [limit] }), options);
  return (filter as { typed_config: Record<string, unknown> }).typed_config;
}

describe('the filters behind an entry', () => {
  it('are one for each global limit, and one that removes what was handed over', () => {
    const limits = [{ name: 'local', rate: '1/s' }, login, watched];
    const filters = rateLimitFilters(entry({ mode: 'enforce', limits }), service);
    const overwrite = (key: string, value: string) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
    });
    expect(filters).toEqual([
      {
        name: 'shop/store/0/limits/login',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimit',
          domain: 'shop/store',
          stat_prefix: 'login',
          rate_limits: [
            {
              actions: [
                { generic_key: { descriptor_key: 'limit', descriptor_value: 'login' } },
                {
                  request_headers: {
                    header_name: 'x-tagalong-limit-login',
                    descriptor_key: 'bucket',
                  },
                },
              ],
            },
          ],
          rate_limit_service: {
            transport_api_version: 'V3',
            grpc_service: { envoy_grpc: { cluster_name: 'ratelimit' } },
          },
          timeout: '0.1s',
          failure_mode_deny: true,
          status_on_error: { code: 503 },
          rate_limited_status: { code: 403 },
          rate_limited_as_resource_exhausted: true,
          enable_x_ratelimit_headers: 'DRAFT_VERSION_03',
          response_headers_to_add: [
            // A single % would begin a variable of Envoy's.
            overwrite('x-hint', '100%%'),
            overwrite('retry-after', '%RESP(x-ratelimit-reset)%'),
            overwrite('ratelimit', '"Login";r=0;t=%RESP(x-ratelimit-reset)%'),
            overwrite('ratelimit-policy', '"Login";q=600;w=60'),
          ],
        },
      },
      expect.objectContaining({ name: 'shop/store/0/limits/api' }),
      {
        name: 'shop/store/0/limits',
        typed_config: {
          '@type':
            'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation',
          mutations: {
            request_mutations: [
              { remove: 'x-tagalong-limit-login' },
              { remove: 'x-tagalong-limit-api' },
            ],
          },
        },
      },
    ]);
  });

  it.each([
    ['no limits', {}],
    ['no global limit', { limits: [{ name: 'a', rate: '1/s' }] }],
    ['the mode disabled', { mode: 'disabled', limits: [login] }],
  ])('are none with %s', (_why, configuration) => {
    expect(rateLimitFilters(entry(configuration), service)).toEqual([]);
  });

  it('ask nothing in a dry run: the wasm hands nothing over, and who else does is a forger', () => {
    const filters = (mode: string) => rateLimitFilters(entry({ mode, limits: [login] }), service);
    expect(filters('dryRun')).toEqual(filters('enforce').slice(-1));
  });

  it('never reject by a limit in dry run, not for want of the service either', () => {
    const config = configOf(watched);
    expect(config).toMatchObject({
      failure_mode_deny: false,
      filter_enforced: { default_value: { numerator: 0 } },
    });
    expect(config).not.toHaveProperty('enable_x_ratelimit_headers');
    expect(config).not.toHaveProperty('response_headers_to_add');
  });

  it('admit without the service unless told otherwise', () => {
    const { onServiceFailure: _, ...rest } = login;
    expect(configOf(rest)).toMatchObject({ failure_mode_deny: false });
    expect(configOf({ ...rest, onServiceFailure: 'admit' })).toMatchObject({
      failure_mode_deny: false,
    });
  });

  it('ask the service by the authority and within the time that are given', () => {
    const options = { cluster: 'outbound|8081||rl.x', authority: 'rl.x', timeoutMs: 25 };
    expect(configOf(login, options)).toMatchObject({
      timeout: '0.025s',
      rate_limit_service: {
        grpc_service: { envoy_grpc: { cluster_name: 'outbound|8081||rl.x', authority: 'rl.x' } },
      },
    });
  });
});

describe('the filter before an entry', () => {
  // While no configuration of the wasm is in force, nothing else keeps a client from naming buckets.
  it.each(['enforce', 'dryRun'])('removes what a client hands over, in mode %s', (mode) => {
    const limits = [{ name: 'local', rate: '1/s' }, login, watched];
    expect(rateLimitGuard(entry({ mode, limits }))).toEqual([
      expect.objectContaining({
        name: 'shop/store/0/limits/guard',
        typed_config: expect.objectContaining({
          mutations: {
            request_mutations: [
              { remove: 'x-tagalong-limit-login' },
              { remove: 'x-tagalong-limit-api' },
            ],
          },
        }),
      }),
    ]);
  });

  it.each([
    ['no global limit', { limits: [{ name: 'a', rate: '1/s' }] }],
    ['the mode disabled', { mode: 'disabled', limits: [login] }],
  ])('is none with %s', (_why, configuration) => {
    expect(rateLimitGuard(entry(configuration))).toEqual([]);
  });
});

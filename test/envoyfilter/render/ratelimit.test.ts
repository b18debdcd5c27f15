import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PolicyError, readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import { rateLimitServiceConfig } from '../../../envoyfilter/src/render/ratelimit.js';

const render = (filters: string) =>
  rateLimitServiceConfig(
    readPolicy(
      `{apiVersion: tagalong/v1, kind: Policy, metadata: {name: store, namespace: shop}, ` +
        `spec: {mode: dryRun, filters: [${filters}]}}`,
    ),
  );

describe("the rate limit service's file", () => {
  it('has each global limit of the policy once, whatever mode it is in', () => {
    const text = render(`
      {at: sidecar, limits: [
        {name: Login, scope: global, rate: 10/s, burst: 40, per: [{ip: true}]},
        {name: local, rate: 1/s}]},
      {at: gateway, mode: disabled, limits: [
        {name: login, scope: global, rate: 10/s, per: [{ip: true}], onServiceFailure: reject},
        {name: login_all, scope: global, rate: 600/m},
        {name: report, scope: global, rate: 1000000000/h, dryRun: true}]}`);
    expect(text).toBe(`\
# The limits of scope "global" of a Tagalong policy, for Envoy's rate limit service
# (github.com/envoyproxy/ratelimit): a file for its configuration folder. Edit the policy, not this.
# The service counts in fixed windows what all proxies ask for. It knows no burst: that holds at the
# gate which each proxy has before it.
domain: "shop/store"
descriptors:
  - key: "limit"
    value: "login"
    descriptors:
      - key: "bucket"
        rate_limit:
          unit: "second"
          requests_per_unit: 10
  - key: "limit"
    value: "login_all"
    descriptors:
      - key: "bucket"
        rate_limit:
          unit: "minute"
          requests_per_unit: 600
  - key: "limit"
    value: "report"
    descriptors:
      - key: "bucket"
        rate_limit:
          unit: "hour"
          requests_per_unit: 1000000000
        shadow_mode: true
`);
  });

  // The service takes them for booleans, numbers and nothing, and refuses a fraction altogether.
  it.each(['on', 'null', '1e3', '1.5', '0x10', '~'])('has the name %s as a text', (name) => {
    const text =
      render(`{at: gateway, limits: [{name: "${name}", scope: global, rate: 1/s}]}`) ?? '';
    for (const version of ['1.1', '1.2'] as const) {
      expect(parse(text, { version }).descriptors).toMatchObject([{ key: 'limit', value: name }]);
    }
  });

  it('has every text on one line, however long', () => {
    const name = 'a'.repeat(300);
    const text = render(`{at: gateway, limits: [{name: ${name}, scope: global, rate: 1/s}]}`);
    expect(text).toContain(`value: "${name}"\n`);
  });

  it('is none without a global limit', () => {
    expect(render('{at: gateway}, {at: sidecar, limits: [{name: a, rate: 1/s}]}')).toBeUndefined();
  });

  it('is none where two entries mean different limits by one name', () => {
    const limit = (rate: string) => `limits: [{name: a, scope: global, rate: ${rate}}]`;
    const bad = () => render(`{at: gateway, ${limit('1/s')}}, {at: inbound, ${limit('2/s')}}`);
    expect(bad).toThrow(PolicyError);
    expect(bad).toThrow('spec.filters[1].limits[0].rate: found "2/s", wanted "1/s" as in');
  });
});

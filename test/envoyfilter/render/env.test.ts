import { describe, expect, it } from 'vitest';
import type { Policy, SdkSpec } from '../../../envoyfilter/src/policy/policy.js';
import { envResources, renderEnv, sdkVariables } from '../../../envoyfilter/src/render/env.js';
import { readEnvironment } from '../../../sdk-node/src/options/options.js';
import { goldenBeside } from '../../harness/golden.js';

const expectGolden = goldenBeside(import.meta.url);

const TAGGING = {
  at: 'sidecar',
  namespace: 'reviews',
  tags: [{ header: 'X-Traffic-Tag' }, { header: 'X-Stage' }],
} as const;

function policy(sdk?: SdkSpec, more: Partial<Policy['spec']> = {}): Policy {
  return {
    metadata: { name: 'shop', namespace: 'shop' },
    spec: { filters: [TAGGING], ...(sdk && { sdk }), ...more },
  };
}

const ALL: SdkSpec = {
  headers: ['x-tenant', 'x-foo-*', 'x-team=x-squad', 'x-stage'],
  mesh: ['*.example.com', '198.51.100.0/24'],
  mode: 'sanitize',
  sidecar: 'expect',
  probe: 'http://127.0.0.1:15020/healthz/ready',
  holdMs: 0,
  direct: {
    reviews: { address: '10.0.0.5:8443', tls: true },
    Ratings: { address: '[2001:db8::1]:9080', plaintext: true },
  },
};

describe('the variables of the SDK', () => {
  it('say to its own reader what the policy says', () => {
    const routes = ['ratings', 'b.svc', 'reviews.shop', 'a.shop.svc.cluster.local'].map((host) => ({
      ...{ host, tag: 'x-traffic-tag', versions: { v1: { version: 'v1' } }, default: 'v1' },
    }));
    const { options, faults } = readEnvironment(sdkVariables(policy(ALL, { routes })));
    expect(faults).toEqual([]);
    expect(options).toEqual({
      headers: ['x-stage', 'x-tenant', 'x-foo-*', { name: 'x-team', as: 'x-squad' }],
      mesh: ['reviews.shop', '*.example.com', '198.51.100.0/24'],
      mode: 'sanitize',
      sidecar: { expect: 'expect', probe: ALL.probe, holdMs: 0 },
      routes: {
        reviews: [{ via: 'sidecar' }, { via: 'direct', address: '10.0.0.5:8443', tls: {} }],
        ratings: [
          { via: 'sidecar' },
          { via: 'direct', address: '[2001:db8::1]:9080', plaintext: true },
        ],
      },
    });
  });

  it('are those alone that differ from its defaults', () => {
    expect(sdkVariables(policy({ mode: 'verbatim', sidecar: 'auto' }))).toEqual({
      TAGALONG_HEADERS: 'x-stage',
    });
    expect(sdkVariables(policy({ mode: 'participate', sidecar: 'none' }))).toMatchObject({
      ...{ TAGALONG_MODE: 'participate', TAGALONG_SIDECAR: 'none' },
    });
    const usual = policy(undefined, { filters: [{ at: 'inbound', tags: [TAGGING.tags[0]] }] });
    expect(sdkVariables(usual)).toEqual({});
    expect(envResources(usual)).toEqual([]);
    expect(renderEnv([usual])).toEqual({
      files: [],
      notes: [expect.stringContaining('shop/shop')],
    });
  });

  it('are in each namespace of applications', () => {
    const filters = [{ at: 'gateway', namespace: 'istio-ingress' }, TAGGING] as const;
    const { files } = renderEnv([policy(ALL, { filters })]);
    expectGolden('env.yaml', files.map(({ content }) => content).join(''));
    const places = envResources(policy(ALL, { filters })).map(({ metadata }) => metadata.namespace);
    expect(places).toEqual(['shop', 'reviews']);
  });
});

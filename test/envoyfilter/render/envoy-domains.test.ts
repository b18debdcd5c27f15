// Which hosts a plain Envoy takes for which route; Envoy refuses a domain that two virtual hosts have.

import { expect, it } from 'vitest';
import type { Policy } from '../../../envoyfilter/src/policy/policy.js';
import { virtualHosts } from '../../../envoyfilter/src/render/envoy/envoy-routes.js';

const policy = (...hosts: string[]): Policy => ({
  metadata: { name: 'shop', namespace: 'shop' },
  spec: {
    filters: [{ at: 'gateway' }],
    routes: hosts.map((host) => ({
      host,
      tag: 'x-traffic-tag',
      versions: { stable: { version: 'v1' } },
      default: 'stable',
    })),
  },
});
const domains = (...hosts: string[]) =>
  (virtualHosts(policy(...hosts)) as { domains: string[] }[]).map((host) => host.domains);

it('takes a short name for the service of the namespace of the policy', () => {
  expect(domains('reviews', 'reviews.data.svc.cluster.local')).toEqual([
    ['reviews', 'reviews.shop', 'reviews.shop.svc', 'reviews.shop.svc.cluster.local', '*'],
    ['reviews.data', 'reviews.data.svc', 'reviews.data.svc.cluster.local'],
  ]);
});

it('has each domain once', () => {
  const all = domains(
    ...['reviews.data.svc.cluster.local', 'reviews.data', 'reviews', 'reviews.shop.svc'],
    ...['*.example.com', 'example.com'],
  ).flat();
  expect(all).toHaveLength(new Set(all).size);
  expect(all).toContain('*.example.com');
});

import { describe, expect, it } from 'vitest';
import { filterEntries, PolicyError, readPolicy } from '../../../envoyfilter/src/policy/policy.js';

const POLICY = `
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: store}
spec:
  mode: dryRun
  filters:
    - {at: gateway, namespace: istio-ingress, selector: {istio: x}, tags: [{header: x-a}]}
    - {at: sidecar, mode: enforce, tags: [{header: x-b}]}
`;

describe('a policy', () => {
  it('stands for a filter entry in each direction, without what only says where', () => {
    expect(filterEntries(readPolicy(POLICY))).toEqual([
      {
        id: 'store/shop/0',
        direction: 'gateway',
        configuration: {
          id: 'store/shop/0',
          direction: 'gateway',
          mode: 'dryRun',
          tags: [{ header: 'x-a' }],
        },
      },
      ...['inbound', 'outbound'].map((direction) => ({
        id: 'store/shop/1',
        direction,
        configuration: {
          id: 'store/shop/1',
          direction,
          mode: 'enforce',
          tags: [{ header: 'x-b' }],
        },
      })),
    ]);
  });

  it('without a namespace is in default, and without a mode enforces', () => {
    const text = POLICY.replace(', namespace: store', '').replace('mode: dryRun', 'x: y');
    const [entry] = filterEntries(readPolicy(text));
    expect(entry).toMatchObject({ id: 'default/shop/0', configuration: { mode: 'enforce' } });
  });

  it.each([
    ['', /found object|found null|wanted a Policy/],
    ['[]', /wanted a Policy/],
    ['kind: Policy', /found apiVersion undefined/],
    [POLICY.replace('v1', 'v2'), /found apiVersion "tagalong\/v2"/],
    [POLICY.replace('name: shop, ', ''), /metadata: found no name/],
    [POLICY.replace('filters:', 'filter:'), /spec.filters: found none/],
  ])('is refused with what came and what is wanted: %#', (text, message) => {
    expect(() => readPolicy(text)).toThrow(message);
    expect(() => readPolicy(text)).toThrow(PolicyError);
  });
});

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
  it('stands for a filter entry in each direction, with the workloads it is for', () => {
    expect(filterEntries(readPolicy(POLICY))).toEqual([
      {
        namespace: 'istio-ingress',
        selector: { istio: 'x' },
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
        namespace: 'store',
        selector: {},
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
    ['', /^found nothing, wanted a Policy$/],
    ['[]', /^found a list, wanted a Policy/],
    ['7', /^found a number, wanted a Policy/],
    ['a: [', /^line 1, column \d+: /],
    ['a: 1\na: 2', /^line 2, column 1: found the key "a" twice/],
    [`${POLICY}---${POLICY}`, /^found 2 documents, wanted one Policy$/],
    ['kind: Policy', /found apiVersion undefined/],
    [POLICY.replace('v1', 'v2'), /found apiVersion "tagalong\/v2"/],
    [
      POLICY.replace('name: shop, ', ''),
      /metadata: found no name, wanted the name of the policy \(line 4, column 1\)$/,
    ],
    [POLICY.replace('filters:', 'filter:'), /spec.filters: found none/],
  ])('is refused with what came and what is wanted: %#', (text, message) => {
    expect(() => readPolicy(text)).toThrow(message);
    expect(() => readPolicy(text)).toThrow(PolicyError);
  });

  it('whose gateway leaves in baggage what a sidecar reads there is refused', () => {
    const text = POLICY.replace('{header: x-b}', '{header: X-A, carry: [baggage]}');
    expect(() => readPolicy(text)).toThrow(
      /^spec\.filters\[0\]\.tags\[0\]: found x-a left in clients' baggage, where spec\.filters\[1\]/,
    );
    const both = text.replace('{header: x-a}', '{header: x-a, carry: [baggage]}');
    expect(filterEntries(readPolicy(both))).toHaveLength(3);
  });

  it('whose directions share a store of two sizes is refused', () => {
    const sized = (first: string, second: string) =>
      POLICY.replace(/ {4}- \{at: gateway[\s\S]*$/, '').concat(
        `    - {at: inbound, propagate: {${first}}}\n`,
        `    - {at: outbound, propagate: {${second}}}\n`,
      );
    expect(() => readPolicy(sized('capacity: 64', ''))).toThrow(/found 8192, wanted 64 as in/);
    expect(filterEntries(readPolicy(sized('capacity: 8192', '')))).toHaveLength(2);
  });
});

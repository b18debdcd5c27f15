import { describe, expect, it } from 'vitest';
import { readForwards, readTree, type TreeSpec } from '../../../envoyfilter/src/explain/tree.js';
import { treeText } from '../../../envoyfilter/src/explain/tree-text.js';
import { type Hop, walkTree } from '../../../envoyfilter/src/explain/walk.js';
import { goldenBeside } from '../../harness/golden.js';
import { DEMO, policyAt } from './policies.js';

const expectGolden = goldenBeside(import.meta.url);
const demo = policyAt(DEMO);
const TESTER = { headers: [['x-user-group', 'internal']] } as const;

const notes = (hops: readonly Hop[] = []) =>
  hops.map(({ where, tags }) => `${where}: ${tags[0]?.value} (${tags[0]?.note})`);

describe('a tree of calls', () => {
  const spec = readTree('frontend > reviews > ratings');

  it('is told with and without propagate', async () => {
    const walk = await walkTree([demo], spec, TESTER);
    expectGolden(
      'tree.txt',
      treeText(walk, (_, text) => text),
    );
  });

  it('says which hop loses the tag, and which restores it', async () => {
    const { hops, without } = await walkTree([demo], spec, TESTER);
    expect(notes(hops).slice(2, 4)).toEqual([
      'frontend application: null (lost: it forwards x-request-id)',
      'frontend outbound: canary (restored by x-request-id)',
    ]);
    expect(hops[3]?.to).toMatchObject({ host: 'reviews', version: 'canary' });
    expect(notes(without)[3]).toBe('frontend outbound: null (absent)');
    expect(without?.[3]?.to).toMatchObject({ host: 'reviews', version: 'stable' });
  });

  it.each([
    [['frontend: none'], 'frontend outbound: null (absent)'],
    [['frontend: x-traffic-tag'], 'frontend outbound: canary (kept)'],
    [['frontend: traceparent'], 'frontend outbound: canary (restored by traceparent)'],
  ])('follows what a service forwards: %s', async (lines, expected) => {
    const forwards = readForwards(lines, spec.services);
    const traced = {
      headers: [
        ...TESTER.headers,
        ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ] as const,
    };
    const { hops } = await walkTree([demo], { ...spec, forwards }, traced);
    expect(notes(hops)[3]).toBe(expected);
  });

  it('ends where a request is answered', async () => {
    const limits = [
      { name: 'none', rate: '1/h', when: { header: 'x-a', present: true }, burst: 1 },
    ];
    const filters = [{ at: 'gateway', limits: [...limits, { ...limits[0], name: 'two' }] }];
    const policy = { ...demo, spec: { filters } } as typeof demo;
    const one: TreeSpec = readTree('a');
    const { hops, without } = await walkTree([policy], one, {});
    expect(hops.map(({ where }) => where)).toEqual(['gateway', 'a inbound']);
    expect(without).toBeUndefined();
  });

  it('is refused where it is none', () => {
    expect(() => readTree('a > > b')).toThrow('found ""');
    expect(() => readTree('A b')).toThrow('wanted services');
    expect(() => readForwards(['x: y'], spec.services)).toThrow('of one of frontend, reviews');
    expect(readTree('a.shop → b').services).toEqual([
      { name: 'a', namespace: 'shop' },
      { name: 'b' },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { corpusOf } from '../../../envoyfilter/src/explain/corpus.js';
import { Explainer } from '../../../envoyfilter/src/explain/explainer.js';
import { ruleName, sectionsOf } from '../../../envoyfilter/src/explain/sections.js';
import { workloadsOf } from '../../../envoyfilter/src/explain/workload.js';
import {
  filterEntries,
  type PlacedEntry,
  type Policy,
} from '../../../envoyfilter/src/policy/policy.js';
import { CONDITIONS, DEMO, policyAt, policyOf, SHOP } from './policies.js';

const HOUR_MS = 3_600_000;

/** Every verdict that the steps of an entry had over its corpus, by the step's name. */
async function verdictsOf(policy: Policy, entry: PlacedEntry, identities: number) {
  const verdicts = new Map<string, Set<string>>();
  const leaves = new Map<string, Set<boolean>>();
  const { direction, namespace, selector } = entry;
  let explainer = await Explainer.of(policy, { namespace, labels: selector });
  for (const item of corpusOf(entry, [policy], { identities })) {
    const { count, everyMs } = item.repeat ?? { count: 1, everyMs: 0 };
    if (count > 1) explainer = await Explainer.of(policy, { namespace, labels: selector });
    for (let turn = 0; turn < count; turn += 1) {
      const { entries } = explainer.explain({ ...item.request, at: direction });
      explainer.advance(everyMs);
      for (const step of entries.flatMap(({ steps }) => steps)) {
        if (step.step === 'incoming') note(verdicts, `tag ${step.tag}`, step.verdict);
        if (step.step === 'rule') note(verdicts, `rule ${step.tag}/${step.rule}`, step.verdict);
        if (step.step === 'limit') note(verdicts, `limit ${step.limit}`, step.verdict);
        if (step.step !== 'rule' || step.conditions === undefined) continue;
        for (const leaf of step.conditions) {
          note(leaves, `${step.rule} ${leaf.text.split(' ').slice(0, 2).join(' ')}`, leaf.holds);
        }
      }
    }
    explainer.advance(2 * HOUR_MS);
  }
  return { verdicts, leaves };
}

function note<T>(notes: Map<string, Set<T>>, name: string, what: T): void {
  notes.set(name, (notes.get(name) ?? new Set()).add(what));
}

describe('a corpus', () => {
  it.each([
    DEMO,
    SHOP,
    CONDITIONS,
  ])('tries every rule and every limit on both sides: %s', async (path) => {
    const policy = policyAt(path);
    for (const entry of filterEntries(policy)) {
      const { verdicts } = await verdictsOf(policy, entry, 60);
      const { tags = [], limits = [] } = sectionsOf(entry);
      for (const tag of tags) {
        for (const [at, rule] of (tag.rules ?? []).entries()) {
          const name = `rule ${tag.header}/${ruleName(rule, at)}`;
          const found = [...(verdicts.get(name) ?? [])];
          expect(found, name).toContain(rule.dryRun === true ? 'would match' : 'matched');
          if (rule.when !== undefined) expect(found, name).toContain('no match');
          if (rule.percent !== undefined) expect(found, name).toContain('not in share');
        }
      }
      for (const limit of limits) {
        const found = [...(verdicts.get(`limit ${limit.name}`) ?? [])];
        const dry = limit.dryRun === true;
        expect(found).toContain(dry ? 'would be admitted' : 'admitted');
        expect(found).toContain(dry ? 'would be rejected' : 'rejected');
        if (limit.when !== undefined) expect(found).toContain('not for it');
      }
    }
  });

  it('tries every operator on both sides', async () => {
    const policy = policyAt(CONDITIONS);
    const [entry] = filterEntries(policy);
    if (entry === undefined) throw new Error('no entry');
    const { leaves } = await verdictsOf(policy, entry, 1);
    const oneSided = [...leaves].filter(([, sides]) => sides.size < 2).map(([name]) => name);
    // Every request has a path: there is no other side.
    expect(oneSided).toEqual(['nested path is']);
    expect(leaves.size).toBeGreaterThan(20);
  });

  it('keeps, strips and carries tags', async () => {
    const policy = policyAt(SHOP);
    const [gateway, inbound] = filterEntries(policy);
    if (gateway === undefined || inbound === undefined) throw new Error('no entries');
    const { verdicts } = await verdictsOf(policy, gateway, 1);
    expect([...(verdicts.get('tag x-stage') ?? [])].sort()).toEqual([
      'kept',
      'nothing came',
      'stripped',
    ]);
    const inside = corpusOf(inbound, [policy]);
    expect(inside.some(({ request }) => request.headers.some(([name]) => name === 'baggage'))).toBe(
      true,
    );
  });

  it('has as many identities as are wanted, each another', () => {
    const policy = policyAt(SHOP);
    const [entry] = filterEntries(policy);
    if (entry === undefined) throw new Error('no entry');
    const items = corpusOf(entry, [policy], { identities: 250 });
    const shares = items.filter(({ group }) => group.startsWith('share of '));
    expect(new Set(shares.map(({ request }) => JSON.stringify(request))).size).toBe(250);
  });

  it('is for each kind of workload once', () => {
    const policies = [policyAt(SHOP), policyAt(DEMO)];
    expect(workloadsOf(policies).map(({ at, namespace }) => `${at} ${namespace}`)).toEqual([
      'gateway istio-ingress',
      'inbound shop',
      'outbound shop',
    ]);
    expect(workloadsOf([policyOf({ at: 'sidecar', selector: { app: 'a' } })])).toEqual([
      { at: 'inbound', namespace: 'test', labels: { app: 'a' } },
      { at: 'outbound', namespace: 'test', labels: { app: 'a' } },
    ]);
  });
});

// Rules at both sides of their bounds.

import { describe, expect, it } from 'vitest';
import { brief, findingsOf, policyText, rulesIn } from './policies.js';

const tag = (rest: string) =>
  `filters:\n  - at: gateway\n    namespace: gw\n    tags:\n      - {header: x-a, ${rest}}\n`;
const two = (first: string, second: string) =>
  tag(`rules: [{value: a, ${first}}, {value: b, ${second}}]`);
const identity = 'identity: [{cookie: u}]';

describe('unreachable-rule', () => {
  it.each([
    ['always', 'dryRun: false', 'when: {cookie: c, present: true}', true],
    ['in a dry run', 'dryRun: true', 'when: {cookie: c, present: true}', false],
    ['99.99 percent', `percent: 99.99, mint: {cookie: m}`, 'dryRun: false', false],
    ['100 percent of those with a cookie', `percent: 100, ${identity}`, 'dryRun: false', false],
    ['100 percent, minted', 'percent: 100, mint: {cookie: m}', 'dryRun: false', true],
    ['100 percent of addresses', 'percent: 100, identity: [{ip: true}]', 'dryRun: false', true],
    ['the same condition', 'when: {method: [GET]}', 'when: {method: [GET]}', true],
    ['another condition', 'when: {method: [GET]}', 'when: {method: [PUT]}', false],
    [
      'a larger share',
      `when: {method: [GET]}, percent: 10, ${identity}`,
      `when: {method: [GET]}, percent: 10.01, ${identity}`,
      false,
    ],
    [
      'a smaller share',
      `when: {method: [GET]}, percent: 10, ${identity}`,
      `when: {method: [GET]}, percent: 10, ${identity}`,
      true,
    ],
    [
      'another salt',
      `when: {method: [GET]}, percent: 10, ${identity}`,
      `when: {method: [GET]}, percent: 9, salt: s, ${identity}`,
      false,
    ],
  ])('behind %s', async (_name, first, second, isSaid) => {
    const said = (await findingsOf(policyText(two(first, second)))).filter(
      ({ rule }) => rule === 'unreachable-rule',
    );
    expect(said.map(({ path }) => path)).toEqual(
      isSaid ? ['spec.filters[0].tags[0].rules[1]'] : [],
    );
  });

  it('is said of a default behind a rule that always matches, not behind a copied value', async () => {
    const always = await findingsOf(policyText(tag('default: s, rules: [{value: a}]')));
    expect(always.map(brief)).toEqual(['9:25 unreachable-rule']);
    expect(
      await findingsOf(policyText(tag('default: s, rules: [{value: {header: x-team}}]'))),
    ).toEqual([]);
  });

  it('is said of a rule that wants the tag itself, wherever all conditions must be true', async () => {
    const wants = (when: string) =>
      findingsOf(policyText(tag(`rules: [{value: a, when: ${when}}]`)));
    expect(rulesIn(await wants('{header: X-A, exact: b}'))).toEqual(['unreachable-rule']);
    expect(rulesIn(await wants('{all: [{header: x-a, present: true}]}'))).toEqual([
      'unreachable-rule',
    ]);
    expect(await wants('{header: x-a, present: false}')).toEqual([]);
    expect(await wants('{any: [{header: x-a, exact: b}, {method: [GET]}]}')).toEqual([]);
  });
});

const limits = (...list: string[]) =>
  `filters:\n  - at: gateway\n    namespace: gw\n    limits:\n${list.map((one) => `      - ${one}\n`).join('')}`;

describe('overlapping-limits', () => {
  it.each([
    ['alike', '{name: b, rate: 10/s}', [1]],
    ['with a larger burst', '{name: b, rate: 10/s, burst: 11}', [1]],
    ['with a smaller burst', '{name: b, rate: 10/s, burst: 9}', [0]],
    ['with more in another unit', '{name: b, rate: 601/m}', [1]],
    ['with the same burst and more in another unit', '{name: b, rate: 601/m, burst: 10}', [1]],
    ['with less in another unit', '{name: b, rate: 599/m}', []],
    ['of other requests', '{name: b, rate: 10/s, when: {method: [GET]}}', []],
    ['of other buckets', '{name: b, rate: 10/s, per: [{ip: true}]}', []],
    ['of another scope', '{name: b, rate: 10/s, scope: worker}', []],
    ['in a dry run', '{name: b, rate: 10/s, dryRun: true}', []],
  ])('says which of two limits is too much: one %s', async (_name, second, indices) => {
    const findings = await findingsOf(policyText(limits('{name: a, rate: 10/s}', second)));
    expect(findings.map(({ path }) => path)).toEqual(
      indices.map((index) => `spec.filters[0].limits[${index}]`),
    );
  });
});

describe('memory', () => {
  it.each([
    [16384, false],
    // Rounded up to 32768 entries of 2 KiB.
    [16385, true],
    [65536, true],
  ])('speaks of a store of %i entries: %s', async (capacity, isSaid) => {
    const text = policyText(`filters: [{at: sidecar, propagate: {capacity: ${capacity}}}]\n`);
    expect(rulesIn(await findingsOf(text))).toEqual(isSaid ? ['memory'] : []);
  });

  it('says how much', async () => {
    const text = policyText('filters: [{at: sidecar, propagate: {capacity: 65536}}]\n');
    const [finding] = await findingsOf(text);
    expect(finding?.message).toContain('found up to 128 MiB in each proxy (128 MiB for 65536');
  });
});

describe('too-large', () => {
  const sized = (size: number) => {
    const text = (value: string) =>
      policyText(
        `filters:\n  - at: inbound\n    tags:\n      - header: x-a\n        rules:\n${Array.from({ length: 70 }, (_, i) => `          - {name: r${i}, value: b, when: {header: x-b, exact: '${value}'}}\n`).join('')}`,
      );
    return text('v'.repeat(size));
  };

  it('is said of 256 KiB and more', async () => {
    expect(rulesIn(await findingsOf(sized(3600)))).toEqual(['unreachable-rule']);
    expect(rulesIn(await findingsOf(sized(3800)))).toContain('too-large');
  });
});

describe('istio-eats-name', () => {
  it.each([
    ['cache.eu', true],
    ['cache-eu', false],
    ['my-tag.v1', true],
    ['component.a', true],
    ['a_rq_200', true],
    ['a_rq_20', false],
    ['a_rq_5xx', true],
    ['wasm_filter.a', true],
    ['rbac.denied', true],
    ['rbac.deny', false],
    ['a.shadow_allowed', true],
    ['a.istio_dry_run_deny_b', true],
    ['cached.eu', false],
  ])('the value %s: %s', async (value, isSaid) => {
    const text = policyText(tag(`default: ${value}`));
    expect(rulesIn(await findingsOf(text))).toEqual(isSaid ? ['istio-eats-name'] : []);
  });

  it.each([
    'metadata: {name: tag.shop, namespace: shop}',
    'metadata: {name: shop-cache.a, namespace: shop}',
  ])('is said of the policy itself: %s', async (metadata) => {
    const text = policyText(tag('default: a')).replace(/^metadata.*$/m, metadata);
    expect(rulesIn(await findingsOf(text))).toEqual(['istio-eats-name']);
  });
});

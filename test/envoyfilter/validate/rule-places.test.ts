// Rules about addresses, hosts, workloads and routes, at both sides of their bounds.

import { describe, expect, it } from 'vitest';
import { findingsOf, policyText, rulesIn } from './policies.js';

const tag = (rest: string) =>
  `filters:\n  - at: gateway\n    namespace: gw\n    tags:\n      - {header: x-a, ${rest}}\n`;

describe('bad-address', () => {
  const address = (text: string) =>
    findingsOf(policyText(tag(`rules: [{value: a, when: {ip: ["${text}"]}}]`)));

  it.each([
    '10.0.0.1',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '10.0.0.0/32',
    '::/0',
    '2001:db8::/128',
    '::ffff:10.0.0.0/96',
  ])('lets %s pass', async (text) => expect(await address(text)).toEqual([]));

  it.each([
    ['10.0.0.0/33', undefined],
    ['::/129', undefined],
    ['010.0.0.1', undefined],
    ['10.0.0/8', undefined],
    ['localhost', undefined],
    ['', undefined],
    ['10.0.0.0/8/8', undefined],
    ['::ffff:10.0.0.0/95', 'write the IPv4 network itself'],
    ['[2001:db8::1]', 'write 2001:db8::1, without brackets'],
    ['[2001:db8::]/32', 'write 2001:db8::/32, without brackets'],
    ['10.0.0.1:80', 'write 10.0.0.1, without a port'],
  ])('refuses %s', async (text, hint) => {
    const findings = await address(text);
    expect(rulesIn(findings)).toEqual(['bad-address']);
    expect(findings[0]?.hint).toBe(hint);
  });
});

describe('host-never-matches', () => {
  it.each([
    ['example.com', undefined],
    ['[::1]', undefined],
    ['example.com:80', 'write "example.com"'],
    ['[::1]:80', 'write "[::1]"'],
    ['::1', 'write "[::1]"'],
    ['https://example.com', 'write "example.com"'],
  ])('%s', async (host, hint) => {
    const findings = await findingsOf(
      policyText(tag(`rules: [{value: a, when: {host: {exact: "${host}"}}}]`)),
    );
    expect(findings.map(({ hint: said }) => said)).toEqual(hint === undefined ? [] : [hint]);
  });
});

describe('same-workloads', () => {
  const entries = (first: string, second: string) =>
    findingsOf(
      policyText(
        `filters:\n  - {${first}, tags: [{header: x-a}]}\n  - {${second}, tags: [{header: X-A}]}\n`,
      ),
    );

  it.each([
    ['at: inbound', 'at: outbound', false],
    ['at: inbound', 'at: sidecar', true],
    ['at: inbound', 'at: inbound, namespace: other', false],
    ['at: inbound, selector: {a: b}', 'at: inbound, selector: {a: c}', false],
    ['at: inbound, selector: {a: b}', 'at: inbound, selector: {a: b, c: d}', true],
    // Some may have both labels; nobody knows.
    ['at: inbound, selector: {a: b}', 'at: inbound, selector: {c: d}', false],
    ['at: inbound, mode: disabled', 'at: inbound', false],
  ])('%s and %s: %s', async (first, second, isSaid) => {
    expect(rulesIn(await entries(first, second)).includes('same-workloads')).toBe(isSaid);
  });
});

const versions = (...names: string[]) =>
  `{${names.map((name, index) => `${name}: {version: v${index}}`).join(', ')}}`;
const routed = (route: string) =>
  findingsOf(
    policyText(
      `${tag('default: s, rules: [{value: c, when: {method: [GET]}}, {value: d, when: {method: [PUT]}}]')}routes:\n  - {host: reviews, tag: x-a, ${route}}\n`,
    ),
  );

describe('routes', () => {
  it.each([
    [
      'two versions fall back without a port',
      `versions: ${versions('s', 'c', 'd')}, default: s`,
      [],
    ],
    [
      'three do not',
      `versions: ${versions('s', 'c', 'd')}, default: s, fallback: s`,
      ['fallback-needs-port'],
    ],
    [
      'three do with a port',
      `versions: ${versions('s', 'c', 'd')}, default: s, fallback: s, port: 80`,
      [],
    ],
    [
      'a default that is no version',
      `versions: ${versions('s', 'c', 'd')}, default: t`,
      ['route-unknown-version'],
    ],
    [
      'a fallback that is no version',
      `versions: ${versions('s', 'c', 'd')}, default: s, fallback: t, port: 80`,
      ['route-unknown-version'],
    ],
    [
      'a fault of no version',
      `versions: ${versions('s', 'c', 'd')}, default: s, faults: {t: {abort: {status: 503}}}`,
      ['route-unknown-version'],
    ],
    [
      'a value that has no version',
      `versions: ${versions('s', 'c')}, default: s`,
      ['value-without-version'],
    ],
    ['a default that has no value', `versions: ${versions('s', 'c', 'd', 'e')}, default: e`, []],
    [
      'a version that has no value',
      `versions: ${versions('s', 'c', 'd', 'e')}, default: s`,
      ['version-without-value'],
    ],
  ])('%s', async (_name, route, rules) => {
    expect(rulesIn(await routed(route))).toEqual(rules);
  });

  it('are told which version was probably meant', async () => {
    const text = policyText(
      `routes: [{host: reviews, tag: x-a, default: stabel, versions: {stable: {v: a}, canary: {v: b}}}]\nfilters: []\n`,
    );
    expect((await findingsOf(text)).map(({ hint }) => hint)).toEqual(['did you mean "stable"?']);
  });

  it('of one service in two policies are one too many, by its full name', async () => {
    const policy = (name: string, namespace: string, host: string) =>
      `apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {filters: [], routes: [{host: ${host}, tag: x-a, default: s, versions: {s: {a: b}}}]}\n`;
    const both = (host: string) =>
      findingsOf(`${policy('a', 'shop', 'reviews')}---\n${policy('b', 'web', host)}`);
    expect(await both('reviews')).toEqual([]);
    const [finding] = await both('reviews.shop.svc.cluster.local');
    expect(finding).toMatchObject({ rule: 'route-twice', place: { line: 9 } });
    expect(finding?.message).toContain('spec.routes[0] of shop/a has it too');
  });
});

// What somebody else does, or a client sends, cannot wear a promise out.

import { describe, expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import {
  entryFor,
  loadFilter,
  loadShared,
  metricOf,
  requestOf,
  tagAfter,
  textOf,
} from '../harness/host.js';

const TAG = 'x-traffic-tag';
const FORGED: [string, string][] = [[TAG, 'forged']];

describe('a plugin that shares its VM', () => {
  it('strips as before, however often another one is configured', () => {
    const host = new Host({ logLevel: 'critical' });
    const of = (value: string, id: string) =>
      textOf(entryFor({ tags: [{ header: TAG, default: value }] }, id));
    const gateway = loadShared(host, 'gateway', of('stable', 'a/gateway/0'));
    const other = loadShared(host, 'other', of('other', 'a/other/0'));
    for (let i = 0; i < 200; i++) {
      other.configure(of(`other-${i}`, 'a/other/0'));
      expect(tagAfter(gateway, TAG, FORGED)).toEqual(['stable']);
    }
    expect(tagAfter(other, TAG, FORGED)).toEqual(['other-199']);
    expect(metricOf(host, 'gateway', 'tagalong_errors_total', { kind: 'context' })).toBe(0);
  });
});

describe('a query', () => {
  it.each([1, 5, 50])('is read to its end by %d conditions, however long it is', (count) => {
    const rules = Array.from({ length: count }, (_, i) => ({
      when: { query: i === count - 1 ? 'debug' : `k${i}`, exact: '1' },
      value: 'hit',
    }));
    const plugin = loadFilter(new Host(), entryFor({ tags: [{ header: TAG, rules }] }));
    const path = `/?${'+&'.repeat(29_000)}%64ebug=%31`;
    const { headers } = plugin.open().requestHeaders(requestOf([], { path }));
    expect(headers.getAll(TAG)).toEqual(['hit']);
  });
});

describe('a policy with more counters than a VM remembers', () => {
  it('still shows its state and its errors, and says so', () => {
    const host = new Host();
    const id = 'many/policy/0';
    const rules = Array.from({ length: 4200 }, (_, i) => ({ value: `a${i}` }));
    const plugin = loadFilter(host, entryFor({ tags: [{ header: TAG, rules }] }, id));
    expect(plugin.accepted).toBe(true);
    const state = (name: string) => metricOf(host, id, 'tagalong_config', { state: name });
    expect([state('active'), state('rejected')]).toEqual([1, 0]);
    const names = host.metrics.series().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['tagalong_errors_total', 'tagalong_heap_bytes']));
    expect(
      host.logs.filter(({ message }) => message.includes('counters are not shown')),
    ).not.toEqual([]);
    plugin.configure('{');
    expect(state('rejected')).toBe(1);
  });
});

describe('the name of a plugin', () => {
  it('cannot forge a line of the log or a label', () => {
    const host = new Host();
    loadShared(host, 'evil\n[critical] forged;.;state=.=x', '{');
    for (const { message } of host.logs) expect(message).not.toContain('\n');
    const policies = host.metrics.series().map(({ labels }) => labels.policy);
    expect(new Set(policies)).toEqual(new Set(['evil_[critical] forged_._state_._x']));
  });
});

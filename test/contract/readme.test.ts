// The policies that the project shows are policies that the filter accepts.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import { filterEntries, readPolicy } from '../../envoyfilter/src/policy/policy.js';
import { loadFilter, tagAfter } from '../harness/host.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];

describe.each([
  ['README.md', shown],
  ['the demo', read('test/demo/policy.yaml')],
])('the policy of %s', (_where, text) => {
  const entries = filterEntries(readPolicy(text));

  it('is accepted in each of its entries', () => {
    expect(entries.map(({ direction }) => direction)).toEqual(['gateway', 'inbound', 'outbound']);
    for (const entry of entries) {
      expect(loadFilter(new Host(), entry, { strict: true }).accepted).toBe(true);
    }
  });

  it('does what is said beside it', () => {
    const gateway = loadFilter(new Host(), entries[0]!);
    expect(tagAfter(gateway, 'x-traffic-tag')).toEqual(['stable']);
    expect(tagAfter(gateway, 'x-traffic-tag', [['x-traffic-tag', 'canary']])).toEqual(['stable']);
    expect(tagAfter(gateway, 'x-traffic-tag', [['cookie', 'beta=1']])).toEqual(['canary']);
    const inbound = loadFilter(new Host(), entries[1]!);
    expect(tagAfter(inbound, 'x-traffic-tag', [['x-traffic-tag', 'canary']])).toEqual(['canary']);
  });
});

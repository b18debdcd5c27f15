// Calls to the host per request: the budget that no change may exceed unnoticed.

import { describe, expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import type { Direction } from '../../envoyfilter/src/policy/policy.js';
import { entryFor, loadFilter, loadShared, requestOf, textOf } from '../harness/host.js';

const TAG = 'x-traffic-tag';
const GET = 'proxy_get_header_map_value';
const PAIRS = 'proxy_get_header_map_pairs';
const ADD = 'proxy_add_header_map_value';
const REPLACE = 'proxy_replace_header_map_value';
const REMOVE = 'proxy_remove_header_map_value';
const COUNT = 'proxy_increment_metric';
const PROPERTY = 'proxy_get_property';

type Calls = Readonly<Record<string, number>>;
type Header = readonly [string, string];

const testers = { when: { header: 'x-user-group', exact: 'internal' }, value: 'canary' };
const match: Header = ['x-user-group', 'internal'];
const user: Header = ['x-user', 'alice'];
const ofUser = { identity: [{ cookie: 'uid' }, { header: 'x-user' }], value: 'canary' };
const minted = { mint: { cookie: 'tagalong_id' }, value: 'canary' };
const carried = { carry: ['baggage'] };

interface Row {
  readonly name: string;
  readonly sections: Readonly<Record<string, unknown>>;
  readonly direction?: Direction;
  readonly headers?: readonly Header[];
  readonly request: Calls;
  readonly response?: Calls;
}

const one = (fields: object) => ({ tags: [{ header: TAG, ...fields }] });

const rows: Row[] = [
  {
    name: 'a tag without match: one read, no write, no count',
    sections: one({ rules: [testers] }),
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a tag that is written: one read, one write, one count',
    sections: one({ rules: [testers] }),
    headers: [match],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'a default that is written',
    sections: one({ rules: [testers], default: 'stable' }),
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'a forged tag over which a value is written',
    sections: one({ rules: [testers] }),
    headers: [[TAG, 'forged'], match],
    request: { [PAIRS]: 1, [REPLACE]: 1, [COUNT]: 2 },
  },
  {
    name: 'a forged tag of the very value that the rule gives: no write',
    sections: one({ rules: [testers] }),
    headers: [[TAG, 'canary'], match],
    request: { [PAIRS]: 1, [COUNT]: 2 },
  },
  {
    name: 'forged tags and no match: one removal, however many came',
    sections: one({ rules: [testers] }),
    headers: [
      [TAG, 'a'],
      [TAG, 'b'],
      [TAG, 'c'],
    ],
    request: { [PAIRS]: 1, [REMOVE]: 1, [COUNT]: 1 },
  },
  {
    name: 'a tag that is kept by trust: one read, no write',
    sections: one({ rules: [testers], default: 'stable' }),
    direction: 'inbound',
    headers: [[TAG, 'feat-7'], match],
    request: { [PAIRS]: 1, [COUNT]: 1 },
  },
  {
    name: 'a tag that is kept because it is allowed',
    sections: one({ incoming: { allow: ['a', 'b'] }, default: 'stable' }),
    headers: [[TAG, 'b']],
    request: { [PAIRS]: 1, [COUNT]: 1 },
  },
  {
    name: 'equal tags that become one',
    sections: one({}),
    direction: 'inbound',
    headers: [
      [TAG, 'a'],
      [TAG, 'a'],
    ],
    request: { [PAIRS]: 1, [REPLACE]: 1, [COUNT]: 1 },
  },
  {
    name: 'strip alone, nothing came: one single read',
    sections: one({}),
    request: { [GET]: 1 },
  },
  {
    name: 'strip alone, something came: one single read, one removal',
    sections: one({}),
    headers: [
      [TAG, 'a'],
      [TAG, 'b'],
    ],
    request: { [GET]: 1, [REMOVE]: 1, [COUNT]: 1 },
  },
  {
    name: 'strip with a default',
    sections: one({ default: 'stable' }),
    request: { [GET]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  { name: 'no tags: no call', sections: {}, headers: [[TAG, 'a']], request: {} },
  {
    name: 'disabled: no call',
    sections: { mode: 'disabled', ...one({ default: 'stable', echo: true }) },
    headers: [[TAG, 'a']],
    request: {},
    response: {},
  },
  {
    name: 'dryRun: the same read and counts, no write',
    sections: { mode: 'dryRun', ...one({ rules: [testers], echo: true }) },
    headers: [[TAG, 'forged'], match],
    request: { [PAIRS]: 1, [COUNT]: 2 },
    response: {},
  },
  {
    name: 'an address that a condition needs: one property',
    sections: one({ rules: [{ when: { ip: ['10.0.0.0/8'] }, value: 'inside' }] }),
    request: { [GET]: 1, [PROPERTY]: 1 },
  },
  {
    name: 'an address that five conditions need: one property',
    sections: one({
      rules: [1, 2, 3, 4, 5].map((n) => ({ when: { ip: [`10.${n}.0.0/16`] }, value: 'a' })),
    }),
    request: { [GET]: 1, [PROPERTY]: 1 },
  },
  {
    name: 'an address that no condition came to: no property',
    sections: one({
      rules: [testers, { when: { ip: ['10.0.0.0/8'] }, value: 'inside' }],
    }),
    headers: [match],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'an address behind a condition that is false: no property',
    sections: one({
      rules: [{ when: { header: 'x-no', present: true, ip: ['10.0.0.0/8'] }, value: 'a' }],
    }),
    request: { [PAIRS]: 1 },
  },
  {
    name: 'conditions of every kind: still one read',
    sections: one({
      rules: [
        { when: { cookie: 'a', exact: '1' }, value: 'a' },
        { when: { query: 'a', exact: '1' }, value: 'b' },
        { when: { path: { prefix: '/no' }, method: ['PUT'], host: { suffix: '.no' } }, value: 'c' },
        {
          when: {
            all: [
              { header: 'x-1', present: true },
              { header: 'x-2', exact: 'a' },
            ],
          },
          value: 'd',
        },
      ],
    }),
    request: { [PAIRS]: 1 },
  },
  {
    name: 'three tags: one read, a write for each that changes',
    sections: {
      tags: [
        { header: 'a', default: '1' },
        { header: 'b', incoming: 'trust' },
        { header: 'c', rules: [{ when: { tag: { a: '1' } }, value: '2' }] },
      ],
    },
    headers: [['b', 'kept']],
    request: { [PAIRS]: 1, [ADD]: 2, [COUNT]: 3 },
  },
  {
    name: 'echo: one write in the response',
    sections: one({ rules: [testers], echo: true }),
    headers: [match],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
    response: { [REPLACE]: 1 },
  },
  {
    name: 'echo without a tag: nothing in the response',
    sections: one({ rules: [testers], echo: true }),
    request: { [PAIRS]: 1 },
    response: {},
  },
  {
    name: 'a share: one read, no more',
    sections: one({ rules: [{ ...ofUser, percent: 0 }] }),
    headers: [user],
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a share that takes the request',
    sections: one({ rules: [{ ...ofUser, percent: 100 }] }),
    headers: [user],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'a share without an identity',
    sections: one({ rules: [{ ...ofUser, percent: 100 }] }),
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a share by address: one single read, one property, however many rules',
    sections: one({
      rules: [1, 2, 3, 0].map((n) => ({
        percent: 0,
        salt: `salt-${n}`,
        identity: [{ ip: true }],
        value: 'a',
      })),
    }),
    request: { [GET]: 1, [PROPERTY]: 1 },
  },
  {
    name: 'a share by address, behind an identity that is present: no property',
    sections: one({
      rules: [{ percent: 0, identity: [{ header: 'x-user' }, { ip: true }], value: 'a' }],
    }),
    headers: [user],
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a minted cookie: one read, one write, two counts, one write in the response',
    sections: one({ rules: [{ ...minted, percent: 100 }] }),
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 2 },
    response: { [ADD]: 1 },
  },
  {
    name: 'a minted cookie for a visitor who is not in the share',
    sections: one({ rules: [{ ...minted, percent: 0 }] }),
    request: { [PAIRS]: 1, [COUNT]: 1 },
    response: { [ADD]: 1 },
  },
  {
    name: 'a minted cookie that comes back: as any identity',
    sections: one({ rules: [{ ...minted, percent: 100 }] }),
    headers: [['cookie', 'a=b; tagalong_id=1']],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
    response: {},
  },
  {
    name: 'a minted cookie beside an echo',
    sections: one({ rules: [{ ...minted, percent: 100 }], echo: true }),
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 2 },
    response: { [ADD]: 1, [REPLACE]: 1 },
  },
  {
    name: 'a minted cookie in a dry run: none',
    sections: { mode: 'dryRun', ...one({ rules: [{ ...minted, percent: 100 }] }) },
    request: { [PAIRS]: 1, [COUNT]: 1 },
    response: {},
  },
  {
    name: 'a carried tag that is not decided: one read, no write',
    sections: one({ ...carried, rules: [testers] }),
    headers: [['baggage', 'a=1']],
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a carried tag that is decided: one write for it, one for the list',
    sections: one({ ...carried, rules: [testers] }),
    headers: [match],
    request: { [PAIRS]: 1, [ADD]: 2, [COUNT]: 1 },
  },
  {
    name: 'a carried tag over a forged one, in a list of others',
    sections: one({ ...carried, rules: [testers] }),
    headers: [match, [TAG, 'forged'], ['baggage', 'a=1'], ['baggage', `${TAG}=forged,b=2`]],
    request: { [PAIRS]: 1, [REPLACE]: 2, [COUNT]: 2 },
  },
  {
    name: 'a carried tag that is forged, and not decided',
    sections: one({ ...carried, rules: [testers] }),
    headers: [
      [TAG, 'forged'],
      ['baggage', `${TAG}=other`],
    ],
    request: { [PAIRS]: 1, [REMOVE]: 2, [COUNT]: 1 },
  },
  {
    name: 'a carried tag that is kept, both ways: no write',
    sections: one(carried),
    direction: 'inbound',
    headers: [
      [TAG, 'feat-7'],
      ['baggage', `a=1,${TAG}=feat-7`],
    ],
    request: { [PAIRS]: 1, [COUNT]: 1 },
  },
  {
    name: 'a carried tag that comes as a member alone: one write',
    sections: one(carried),
    direction: 'inbound',
    headers: [['baggage', `a=1,${TAG}=feat-7`]],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'three carried tags: one write for the list of all',
    sections: { tags: ['a', 'b', 'c'].map((header) => ({ header, ...carried, default: header })) },
    headers: [['baggage', 'b=forged']],
    request: { [PAIRS]: 1, [ADD]: 3, [REPLACE]: 1, [COUNT]: 4 },
  },
  {
    name: 'a copied value: as any other',
    sections: one({ rules: [{ value: { header: 'x-team' } }] }),
    headers: [
      ['x-team', 'blue'],
      ['x-team', 'blue'],
    ],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 1 },
  },
  {
    name: 'a copied value that is absent',
    sections: one({ rules: [{ value: { header: 'x-team' } }] }),
    request: { [PAIRS]: 1 },
  },
  {
    name: 'a rule that only counts: its count',
    sections: one({ rules: [{ ...testers, dryRun: true }] }),
    headers: [match],
    request: { [PAIRS]: 1, [COUNT]: 1 },
  },
  {
    name: 'a rule that only counts, and one behind it',
    sections: one({ rules: [{ ...testers, dryRun: true }, { value: 'beta' }] }),
    headers: [match],
    request: { [PAIRS]: 1, [ADD]: 1, [COUNT]: 2 },
  },
  {
    name: 'a response where nothing is echoed: its callback is not allowed',
    sections: one({ default: 'stable' }),
    request: { [GET]: 1, [ADD]: 1, [COUNT]: 1 },
    response: {},
  },
];

describe('calls to the host', () => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const host = new Host();
    const plugin = loadFilter(host, entryFor(row.sections, 'budget/policy/0', row.direction));
    expect(plugin.accepted).toBe(true);
    // What another request left behind costs nothing.
    const other = plugin.open({ sourceAddress: '10.0.0.1:1' });
    other.requestHeaders(requestOf([[TAG, 'a'], [TAG, 'b'], match, ['cookie', 'a=1']]));
    other.done();
    // Twice: the second request of a VM costs what the first did.
    for (let i = 0; i < 2; i++) {
      const stream = plugin.open({ sourceAddress: '192.0.2.1:1234' });
      stream.requestHeaders(requestOf(row.headers));
      const request = Object.fromEntries(stream.calls);
      expect(request).toEqual(row.request);
      const writes = [ADD, REPLACE, REMOVE].map((call) => row.request[call] ?? 0);
      expect(stream.routeCleared).toBe(writes.reduce((sum, count) => sum + count));
      if (row.response !== undefined) {
        stream.responseHeaders([[':status', '200']]);
        const all = Object.fromEntries(
          [...stream.calls]
            .map(([call, count]) => [call, count - (request[call] ?? 0)] as const)
            .filter(([, count]) => count > 0),
        );
        expect(all).toEqual(row.response);
      }
      stream.done();
      expect(plugin.open().calls.size).toBe(0);
    }
  });

  it('are none where a filter is disabled, also where nothing is restricted', () => {
    const host = new Host();
    const disabled = entryFor({ mode: 'disabled', ...one({ default: 'stable', echo: true }) });
    const stream = loadShared(host, 'plugin', textOf(disabled)).open();
    const { headers } = stream.requestHeaders(requestOf([[TAG, 'a']]));
    stream.responseHeaders([[':status', '200']]);
    expect(headers.getAll(TAG)).toEqual(['a']);
    expect(stream.calls.size).toBe(0);
  });

  it('are none in the callbacks that the list leaves out', () => {
    const host = new Host();
    const plugin = loadFilter(host, entryFor(one({ default: 'stable' })));
    const vm = plugin.vms[0]!;
    expect(vm.has('proxy_on_request_headers')).toBe(true);
    expect(vm.has('proxy_on_response_headers')).toBe(false);
    const minting = loadFilter(host, entryFor(one({ rules: [{ ...minted, percent: 1 }] })));
    expect(minting.vms[0]!.has('proxy_on_response_headers')).toBe(true);
  });
});

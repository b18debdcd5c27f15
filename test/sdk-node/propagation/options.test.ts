// What the variables and `configure` change on the way of a request, on every Node.

import { describe, expect, it } from 'vitest';
import { nodes, runApp } from './apps.js';

describe.each(nodes)('Node $major', (node) => {
  it('names, prefixes, new names, and hosts that are added', async () => {
    const env = {
      TAGALONG_HEADERS: 'x-tenant, x-foo-*, x-team=x-squad',
      TAGALONG_MESH: '*.example.com',
    };
    const { found } = await runApp(node, 'options.mjs', { env });
    const carried = {
      'x-traffic-tag': 'canary',
      'x-tenant': 'acme',
      'x-squad': 'blue',
      'x-foo-a': '1',
    };
    expect(found).toEqual({
      inside: [carried, carried],
      added: [carried, carried],
      outside: [{}, {}],
      bare: [{}, {}],
      given: [{ 'x-request-id': 'mine' }, { 'x-request-id': 'mine' }],
      outsideRequests: {},
      // Of two calls, one is told of.
      warnings: [expect.stringMatching(/www\.example\.org.*TAGALONG_MESH/)],
    });
  });

  it('a header that is made where it is missing, once a request', async () => {
    const { found } = await runApp(node, 'options.mjs', { args: ['make'] });
    const [first, second] = found.bare as Record<string, string>[];
    expect(first?.['x-request-id']).toMatch(/^made-\d+$/);
    expect(second).toEqual(first);
    expect(found.inside).toEqual([
      { 'x-traffic-tag': 'canary', 'x-request-id': expect.stringMatching(/^made-\d+$/) },
      { 'x-traffic-tag': 'canary', 'x-request-id': expect.stringMatching(/^made-\d+$/) },
    ]);
    expect(found.given).toEqual([{ 'x-request-id': 'mine' }, { 'x-request-id': 'mine' }]);
    expect(found.added).toEqual([{}, {}]);
    expect(found.warnings).toContainEqual(expect.stringContaining('x-broken is left out'));
  });

  it('TAGALONG=off wins over all of them', async () => {
    const env = { TAGALONG: 'off', TAGALONG_HEADERS: 'x-tenant' };
    const { found, stderr } = await runApp(node, 'options.mjs', { env });
    expect(found.inside).toEqual([{}, {}]);
    expect(stderr).not.toContain('Tagalong');
  });
});

// Every server, client and call shape, on every Node: whose headers go where, and which do not.

import { describe, expect, it } from 'vitest';
import { nodes, runApp, wrongOf } from './apps.js';

/** App, its arguments, and the least number of checks that it makes on any Node. */
const APPS: readonly [string, string, readonly string[], number][] = [
  ['every client and call shape', 'clients.mjs', [], 63],
  ['every server and framework, and body events', 'servers.mjs', [], 39],
  ['few connections, 200 calls at once', 'storm.mjs', [], 23],
  ['gRPC, by import', 'grpc.mjs', ['import'], 18],
  ['gRPC, by require', 'grpc.mjs', ['require'], 18],
  ['redirects, CONNECT, authorities, the caller’s own, byte for byte', 'traps.mjs', [], 133],
];

describe.each(nodes)('Node $major', (node) => {
  it.each(APPS)(
    '%s',
    async (_name, app, args, least) => {
      const { found } = await runApp(node, app, { args });
      expect(wrongOf(found)).toEqual({});
      expect(Object.keys(found).length).toBeGreaterThanOrEqual(least);
    },
    100_000,
  );

  it('TAGALONG=off: no client carries anything', async () => {
    const { found } = await runApp(node, 'clients.mjs', { env: { TAGALONG: 'off' } });
    expect(new Set(Object.values(found))).toEqual(new Set(['none']));
  }, 100_000);
});

// `register` beside others: tracers, domains, stubs, other servers of other protocols.

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { nodes, runApp, wrongOf } from './apps.js';

const REGISTER = ['--import', '@tagalong/node/register'];
const OTEL = fileURLToPath(new URL('../../../bench/src/sdk/processes/otel.cjs', import.meta.url));

describe.each(nodes)('Node $major', (node) => {
  it('leaves alone what is not its own', async () => {
    const nodeArgs = ['--require', './stub.cjs', ...REGISTER];
    const { found, stderr } = await runApp(node, 'neighbours.cjs', { nodeArgs });
    expect(wrongOf(found)).toEqual({});
    expect(Object.keys(found)).toHaveLength(22);
    expect(stderr).toBe('');
  });

  it.each([
    ['after it', REGISTER],
    ['before it', ['--require', OTEL, ...REGISTER]],
  ])('OpenTelemetry %s: nothing is doubled, the trace is its', async (_name, nodeArgs) => {
    const { found } = await runApp(node, 'tracer.cjs', { nodeArgs });
    expect(wrongOf(found)).toEqual({});
    expect(Object.keys(found)).toHaveLength(20);
  });

  it.each([
    ['few connections, 200 calls at once', 'storm.mjs', 23],
    ['redirects, CONNECT, authorities, the caller’s own, byte for byte', 'traps.mjs', 133],
  ])(
    'somebody who watches the requests of undici: %s',
    async (_name, app, least) => {
      const nodeArgs = ['--import', './subscriber.mjs', ...REGISTER];
      const { found } = await runApp(node, app, { nodeArgs });
      expect(wrongOf(found)).toEqual({});
      expect(Object.keys(found).length).toBeGreaterThanOrEqual(least);
    },
    100_000,
  );
});

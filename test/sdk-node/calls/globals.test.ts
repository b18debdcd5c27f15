// The built-in fetch under a global dispatcher of the application's own, hops at a Unix socket, and
// upgrades, on each Node with the undicis of npm.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

const TIMEOUT_MS = 60_000;

const copies = nodes.flatMap((node) =>
  ['undici', ...(node.major >= 22 ? ['undici8'] : [])].map(
    (copy) => [node.version, copy, node] as const,
  ),
);

describe.each(copies)('on Node %s with %s', (_, copy, node) => {
  let found: Record<string, Told>;
  beforeAll(async () => {
    found = await runApp(node, 'globals.mjs', [copy]);
  }, TIMEOUT_MS);

  it('a proxy may be at a Unix socket, for every client', () => {
    expect(found.unix).toEqual({
      fetch: 'unix.test b',
      'fetch, gone': 'main POST b',
      request: 'unix.test b',
      agent: 'unix.test b',
      'agent, gone': 'main POST b',
      grpc: 'unix.test:50051',
    });
  });

  it('an upgrade takes the hops of its route, and no other way', () => {
    expect(found.upgrade).toEqual({
      proxy: 'up.test',
      'refused, direct': 'up.test',
      refused: 'TAGALONG_UNREACHABLE',
      // What undici says of an answer that is no upgrade.
      answered: 'UND_ERR_SOCKET',
    });
  });

  it('calls that the sidecar takes go through the global dispatcher, others by their hops', () => {
    expect(found.global).toEqual({
      sidecar: 'main POST b',
      calls: 1,
      'next hop': 'main POST b',
    });
  });

  it('a MockAgent answers what the sidecar would, and hops are none of its business', () => {
    expect(found.mock).toEqual({
      sidecar: 'mocked',
      unmatched: 'TAGALONG_MAYBE_PROCESSED UND_MOCK_ERR_MOCK_NOT_MATCHED',
      proxy: 'main POST b',
    });
  });
});

// The SDK's own clients carry headers on by themselves: bundled applications have no `register`.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp } from './apps.js';

interface Told {
  readonly within: readonly string[];
  readonly outside: readonly string[];
}

const TIMEOUT_MS = 60_000;
const ALL = [
  'x-b3-spanid=a2fb4a1d1a96d312',
  'x-b3-traceid=463ac35c9f6413ad48485a3953bb6124',
  'x-request-id=7',
  'x-traffic-tag=canary',
];
const OWN_TRACE = [`x-b3-traceid=${'f'.repeat(32)}`];

describe.each(nodes)('on Node $version', (node) => {
  describe.each([
    ['without register', []],
    ['with register', ['--import', '@tagalong/node/register']],
  ] as const)('%s', (_, nodeArgs) => {
    let told: Record<string, Told>;
    beforeAll(async () => {
      told = await runApp(node, 'carry.mjs', [], nodeArgs);
    }, TIMEOUT_MS);

    it.each(['fetch', 'interceptor', 'interceptor, a pool', 'grpc'])('%s carries all', (client) => {
      expect(told[client]).toEqual({ within: ALL, outside: [] });
    });

    it('mixes nothing into a trace of the caller’s', () => {
      const within = [...OWN_TRACE, 'x-request-id=7', 'x-traffic-tag=canary'];
      expect(told['fetch, own trace']).toEqual({ within, outside: OWN_TRACE });
    });

    it('leaves the caller’s objects alone', () => {
      expect(told.untouched).toEqual({ headers: ['x-b3-traceid'], metadata: [] });
    });
  });
});

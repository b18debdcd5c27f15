// What a request costs, in things that can be counted. Times are the benchmark's.

import { describe, expect, it } from 'vitest';
import { nodes, runApp } from './apps.js';

/** Everything that `register` replaces. */
const REPLACED = [
  'Module._load',
  'fetch',
  'http.ClientRequest._storeHeader',
  'http.IncomingMessage.emit',
  'http.ServerResponse.emit',
  'http.request',
  'http2.connect',
  'https.request',
  'net.Server.emit',
  'net.Server.listen',
  'net.Socket.connect',
];

/**
 * Runs of AsyncLocalStorage for a request with a context, body and one call: for the handler, and
 * for events that Node emits in another context (two on 26, six on 20 to 24).
 */
const RUNS_MAX = 6;
/** Of some 42 KB that Node allocates; measured −1 to 2.5 KB, which is noise. */
const NOTHING_BYTES_MAX = 6_000;
/** Five headers read, set, sent and parsed by the next service; measured 8 to 13 KB. */
const CARRIED_BYTES_MAX = 20_000;
/** A heap without a collection in between is what has been allocated. */
const HEAP = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

interface Cost {
  runs: number;
  bytes: number;
}

describe.each(nodes)('Node $major', (node) => {
  const costs = async (TAGALONG: string) => {
    const nodeArgs = [...HEAP, '--import', './counting.mjs', '--import', '@tagalong/node/register'];
    const { found } = await runApp(node, 'costs.mjs', { nodeArgs, env: { TAGALONG } });
    return found as unknown as { replaced: string[]; nothing: Cost; something: Cost };
  };

  it('counts of a request', async () => {
    const [on, off] = [await costs('on'), await costs('off')];
    expect(off.replaced).toEqual([]);
    expect(on.replaced.sort()).toEqual(REPLACED);
    expect(on.nothing.runs).toBe(0);
    expect(on.something.runs).toBeGreaterThanOrEqual(1);
    expect(on.something.runs).toBeLessThanOrEqual(RUNS_MAX);
    expect(on.nothing.bytes - off.nothing.bytes).toBeLessThan(NOTHING_BYTES_MAX);
    expect(on.something.bytes - off.something.bytes).toBeLessThan(CARRIED_BYTES_MAX);
  }, 60_000);

  it('register does not load fetch', async () => {
    const { found } = await runApp(node, 'loaded.cjs');
    expect(found.undici).toBe(false);
    expect(found.files).toBeGreaterThan(0);
  });
});

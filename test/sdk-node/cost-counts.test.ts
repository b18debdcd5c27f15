// What a request costs, in what can be counted: changes of context, wrappers, bytes. Times are
// measured by bench/src/sdk; a count is the same on a machine that has other things to do.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { nodeBinaries } from '../harness/nodes.js';

const run = promisify(execFile);
const APP = fileURLToPath(new URL('apps/trace/counts.mjs', import.meta.url));
// All of the bytes that are made fit, so that none is collected while they are counted.
const HEAP = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256'];

/** Beside the 22 kB that Node itself makes for a request and its call; equals differ by 900. */
const BYTES_MAX = { nothing: 1_500, headers: 8_000 };
/**
 * Entering the handler, and events of bodies that come in another context: 2 where contexts are
 * kept by hooks, up to 6 where they are part of what V8 continues (24 and newer).
 */
const RUNS_MAX = 6;

interface Counts {
  runs: number;
  ownEmits: number;
  carried: number;
  bytes: number;
}

async function counts(node: string, ...flags: string[]): Promise<Record<string, Counts>> {
  const { stdout } = await run(node, [...HEAP, ...flags, APP], {
    env: { TAGALONG_SIDECAR: 'none' },
  });
  return JSON.parse(stdout);
}

describe.each(await nodeBinaries())('a request and its call on Node $major', ({ path }) => {
  it('cost no more than they must', async () => {
    const bare = await counts(path);
    const ours = await counts(path, '--import', '@tagalong/node/register');
    expect(bare.headers!.bytes).toBeGreaterThan(10_000);
    expect([bare.headers!.carried, ours.headers!.carried]).toEqual([0, 1]);

    expect(ours.nothing).toMatchObject({ runs: 0, ownEmits: 0, carried: 0 });
    expect(ours.nothing!.bytes - bare.nothing!.bytes).toBeLessThan(BYTES_MAX.nothing);

    expect(ours.headers!.runs).toBeGreaterThan(0);
    expect(ours.headers!.runs).toBeLessThanOrEqual(RUNS_MAX);
    expect(ours.headers!.ownEmits).toBe(0);
    expect(ours.headers!.bytes - bare.headers!.bytes).toBeLessThan(BYTES_MAX.headers);
  });
});

// Calls while the sidecar starts, drains and is dead, with and without `register`, on each Node.

import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp } from './apps.js';

const TIMEOUT_MS = 90_000;
const REGISTER = ['--import', '@tagalong/node/register'];
const runs = nodes.flatMap((node) =>
  ['explicit', 'intercepted'].flatMap((mode) =>
    [[], REGISTER].map((args) => [node.version, mode, args.length > 0, node] as const),
  ),
);

// Each waits for some five seconds for a probe; side by side that is one wait.
let started: Promise<Record<string, unknown>[]> | undefined;
function allRuns(): Promise<Record<string, unknown>[]> {
  started ??= Promise.all(
    runs.map(([, mode, register, node]) =>
      runApp<Record<string, unknown>>(node, 'life.mjs', [mode], register ? REGISTER : []),
    ),
  );
  return started;
}

describe.each(runs)('on Node %s, %s, register: %s', (...key) => {
  const [, mode] = key;
  let found: Record<string, unknown>;
  beforeAll(async () => {
    found = (await allRuns())[runs.findIndex((run) => isDeepStrictEqual(run, key))]!;
  }, TIMEOUT_MS);

  const itHolds = mode === 'explicit' ? it : () => {};
  itHolds('holds a call once until the sidecar is ready', () => {
    expect(found).toMatchObject({
      starting: 'starting',
      overdue: { code: 'TAGALONG_DEADLINE', sent: 'no' },
      arrivedWhileHeld: 0,
      held: { status: 200 },
      heldAgent: 200,
      holds: ['abort', 'ready', 'ready'],
    });
  });

  it('repeats nothing by a sidecar that drains, and keeps no connection', () => {
    expect(found).toMatchObject({
      draining: 'draining',
      drainingReset: { code: 'TAGALONG_MAYBE_PROCESSED', sent: 'maybe' },
      drainingResets: 1,
      drainingPast: { status: 200, text: 'other GET ' },
      drainingKept: 0,
    });
  });

  it('goes past a sidecar that is dead, where it may', () => {
    expect(found).toMatchObject({
      dead: 'dead',
      deadAlone: { code: 'TAGALONG_SIDECAR_DEAD', sent: 'no' },
      deadPast: { status: 200, text: 'other POST b' },
    });
  });

  it('names the remedy where the redirection catches a direct address, and only there', () => {
    const code = mode === 'intercepted' ? 'TAGALONG_DIRECT_CAPTURED' : 'TAGALONG_UNREACHABLE';
    expect(found).toMatchObject({
      deadCaught: { code, sent: 'no', cause: 'ECONNREFUSED' },
      deadCaughtAgent: code,
      deadCaughtGrpc: { code },
    });
    const { message } = found.deadCaught as { message: string };
    expect(message.includes('excludeOutboundPorts')).toBe(mode === 'intercepted');
  });
});

import { describe, expect, it } from 'vitest';
import { nodeBinaries } from '../../harness/nodes.js';
import { runApp } from './app.js';
import { freePort } from './proxy.js';

const nodes = await nodeBinaries();

describe.each(nodes)('sidecar, Node $version', ({ path }) => {
  it('waits, and quits, in every state', async () => {
    const args = [`http://127.0.0.1:${await freePort()}`];
    const app = await runApp({ node: path, script: 'wait.mjs', args });
    const { found, asked } = (await app.line('found')) as unknown as {
      found: Record<string, { ms: number }>;
      asked: string[];
    };
    const notReady = { error: 'TAGALONG_SIDECAR_NOT_READY', sent: 'no' };
    expect(found).toMatchObject({
      none: { value: 'none' },
      late: notReady,
      atOnce: notReady,
      aborted: { error: 'mine' },
      abort: { error: 'mine' },
      ready: { value: 'ready' },
      readyAlready: { value: 'ready' },
      draining: { value: 'draining' },
      dead: notReady,
      again: { value: 'ready' },
      quitNone: {},
      quit: {},
      quitUnknown: { error: 'TAGALONG_CONFIG' },
      quitRefused: { error: 'TAGALONG_SIDECAR_DEAD', sent: 'no' },
      quitAborted: { error: 'mine' },
      quitWrong: { error: 'TAGALONG_CONFIG' },
    });
    for (const name of ['quit', 'quitNone']) expect(found[name]).not.toHaveProperty('error');
    expect(found.quitAbort).toHaveProperty('error');
    for (const name of ['late', 'dead']) expect(found[name]!.ms).toBeGreaterThanOrEqual(299);
    for (const name of ['abort', 'quitAbort']) {
      expect(found[name]!.ms).toBeGreaterThanOrEqual(99);
      expect(found[name]!.ms).toBeLessThan(2_000);
    }
    expect(asked).toEqual(['POST /quitquitquit', 'POST /other']);
    expect(app.ended.code).toBe(0);
  });

  it('keeps a process alive that waits', async () => {
    const env = {
      TAGALONG_SIDECAR: 'expect',
      TAGALONG_PROBE: `http://127.0.0.1:${await freePort()}/`,
    };
    const app = await runApp({ node: path, script: 'gate.mjs', env, flags: [] });
    expect(await app.line('over')).toMatchObject({ code: 'TAGALONG_SIDECAR_NOT_READY' });
    expect(app.ended).toEqual({ code: 0, signal: null });
  });
});

// How and when a process ends is the application's affair: with `register` as without, whatever
// the sidecar does.

import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';
import { ownAddress } from '../apps/sidecar/lib.mjs';
import { App, type Exit, REGISTER } from './app.js';
import { freePort } from './proxy.js';

/** Five processes on two cores; a timer of ours that kept one alive would be 5 s or more. */
const SAME_MS = 1_000;

const MANNERS = [
  ['natural', { code: 0, signal: null }],
  ['timer', { code: 0, signal: null }],
  ['exit', { code: 3, signal: null }],
  ['uncaught', { code: 1, signal: null }],
  ['rejection', { code: 1, signal: null }],
  ['SIGTERM', { code: null, signal: 'SIGTERM' }],
  ['SIGTERM, handled', { code: 0, signal: null }],
  ['close', { code: 0, signal: null }],
] as const;

interface Ended extends Exit {
  readonly state: unknown;
  /** What kept it alive when it ran. */
  readonly alive: unknown;
  readonly ms: number;
}

/** Whether its probe is answered 503, 200, not at all, or at first only. */
type Probed = 'starting' | 'ready' | 'silent' | 'dead';

const nodes = await nodeBinaries();

describe.each(nodes)('shutdown, Node $version', (node) => {
  it.each(MANNERS)('%s', async (manner, exit) => {
    const [bare, ...others] = await Promise.all([
      end(node, manner, [], 'ready'),
      end(node, manner, REGISTER, 'starting'),
      end(node, manner, REGISTER, 'ready'),
      end(node, manner, REGISTER, 'silent'),
      end(node, manner, REGISTER, 'dead'),
    ]);
    expect(bare).toMatchObject({ ...exit, state: undefined });
    expect(others).toMatchObject([
      { ...exit, state: 'starting' },
      { ...exit, state: 'ready' },
      { ...exit, state: 'starting' },
      { ...exit, state: 'dead' },
    ]);
    for (const { alive } of others) expect(alive).toEqual(bare.alive);
    for (const { ms } of others) expect(Math.abs(ms - bare.ms)).toBeLessThan(SAME_MS);
    // The server waits for the connection that is kept, as Node does.
    if (manner === 'close') expect(bare.ms).toBeGreaterThan(5_000);
  });
});

/** Runs a process to its end; `ms` from when it was told to, or had no more to do. */
async function end(
  node: NodeBinary,
  manner: string,
  flags: readonly string[],
  state: Probed,
): Promise<Ended> {
  const probe = createServer((_, response) => {
    if (state === 'silent') return;
    response.writeHead(state === 'starting' ? 503 : 200).end();
    if (state === 'dead') probe.close();
  });
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  const refusing = `http://${bracketed(ownAddress())}:${await freePort()}/`;
  const env = {
    TAGALONG_SIDECAR: 'expect',
    TAGALONG_PROBE: `http://127.0.0.1:${port}/healthz/ready`,
    // Else the connection that is to be refused keeps the starting process alive, as it should.
    TAGALONG_HOLD_MS: '0',
  };
  const app = new App({
    node: node.path,
    script: 'exit.mjs',
    flags,
    env,
    args: [manner, refusing],
  });
  let kept: Socket | undefined;
  try {
    const runs = await app.line('runs');
    const startMs = performance.now();
    if (manner.startsWith('SIGTERM')) void app.kill('SIGTERM');
    if (manner === 'close') {
      kept = connect(runs.port as number, '127.0.0.1').on('error', () => {});
      kept.write('GET / HTTP/1.1\r\nhost: app\r\n\r\n');
      kept.resume();
    }
    const exit = await app.exit;
    return { ...exit, state: runs.state, alive: runs.alive, ms: performance.now() - startMs };
  } finally {
    kept?.destroy();
    await app.kill();
    probe.close();
    probe.closeAllConnections();
  }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

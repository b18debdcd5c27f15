// The command as a process: signals, pipes that nobody reads, the standard input, colours.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../../envoyfilter/src/bin.ts', import.meta.url));
/** Two kinds of workloads: `explain` notes that before it begins. */
const POLICY = `
apiVersion: tagalong/v1
kind: Policy
metadata: { name: two, namespace: a }
spec:
  filters:
    - { at: gateway, selector: { app: one }, tags: [{ header: x-one, default: 'a' }] }
    - { at: gateway, selector: { app: two }, tags: [{ header: x-two, default: 'b' }] }
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong-process-'));
  writeFileSync(join(folder, 'policy.yaml'), POLICY);
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const loader = import.meta.resolve('tsx');
  return spawn(process.execPath, ['--import', loader, BIN, ...args], {
    cwd: folder,
    env: { ...inherited, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

const ended = (child: ChildProcess) =>
  new Promise<[code: number | null, signal: string | null]>((resolve) =>
    child.once('close', (code, signal) => resolve([code, signal])),
  );

async function run(args: readonly string[], stdin: string | Buffer = '', env = {}) {
  const child = start(args, env);
  const end = ended(child);
  child.stdin.end(stdin);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await end;
  return { code, out, err };
}

describe('tagalong as a process', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('is ended by %s while it works', async (signal) => {
    const child = start(['explain', '-f', 'policy.yaml', '/', '--repeat', '100000']);
    const end = ended(child);
    child.stdout.resume();
    child.stderr.once('data', () => child.kill(signal));
    expect(await end).toEqual([null, signal]);
  });

  it('ends as it would where nobody reads its data', async () => {
    const child = start(['validate', 'none.yaml']);
    const end = ended(child);
    child.stdout.destroy();
    expect(await text(child.stderr)).toBe('');
    expect(await end).toEqual([1, null]);
  });

  it('does its work where nobody reads its messages', async () => {
    const child = start(['explain', '-f', 'policy.yaml', '/']);
    const end = ended(child);
    child.stderr.destroy();
    expect(await text(child.stdout)).toContain('+ x-two: b');
    expect(await end).toEqual([0, null]);
  });

  it.each([
    [['explain', '-f', '-', '--requests', '-']],
    [['diff', '-', '-']],
  ])('reads the standard input once: %j', async (args) => {
    const { code, out, err } = await run(args, POLICY);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('found - twice, wanted it once');
  });

  it.each([
    [['validate', '-'], 'out'],
    [['explain', '-f', 'policy.yaml', '--requests', '-'], 'err'],
  ] as const)('refuses bytes that are no text: %j', async (args, where) => {
    const answer = await run(args, Buffer.from('a: "\xff"', 'latin1'));
    expect(answer.code).toBe(1);
    expect(answer[where]).toContain('found bytes that are no UTF-8, wanted text');
  });

  it.each([
    [{}, false],
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('in a pipe, with %j, is coloured: %j', async (env, coloured) => {
    const { out } = await run(['explain', '-f', 'policy.yaml', '/'], '', env);
    expect(out.includes('\u001b[')).toBe(coloured);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../envoyfilter/src/envoy/lock.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong lock-'));
  path = join(folder, 'it.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('lock', () => {
  it('has one holder at a time', async () => {
    let inside = 0;
    let most = 0;
    const use = async () => {
      const release = await acquireLock(path);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      await release();
    };
    await Promise.all([use(), use(), use()]);
    expect(most).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is taken at once from a process of this host that is dead', async () => {
    const { pid } = spawnSync('true');
    writeFileSync(path, JSON.stringify({ pid, host: hostname(), token: 'x' }));
    const waits: string[] = [];
    const release = await acquireLock(path, {
      onWait: (holder) => waits.push(holder),
    });
    expect(waits).toEqual([]);
    await release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ['another host', JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' })],
    ['nobody known', ''],
    ['nobody that can be read', '{"pid": "many"}'],
  ])('of %s is taken once it has stood still', async (_, text) => {
    writeFileSync(path, text);
    let waits = 0;
    const release = await acquireLock(path, {
      staleMs: 250,
      onWait: () => waits++,
    });
    expect(waits).toBeGreaterThan(1);
    await release();
  });

  it('of another host stays while it is touched', async () => {
    writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'x' }));
    const controller = new AbortController();
    let waits = 0;
    const waiting = acquireLock(path, {
      staleMs: 250,
      signal: controller.signal,
      onWait: () => {
        utimesSync(path, new Date(), new Date(Date.now() + ++waits));
        if (waits === 8) controller.abort(new Error('long enough')); // 8 looks: about 800 ms
      },
    });
    await expect(waiting).rejects.toThrow('long enough');
    expect(readFileSync(path, 'utf8')).toContain('elsewhere');
  });

  it('that another took over is not released by the former holder', async () => {
    const release = await acquireLock(path);
    writeFileSync(path, 'the next holder');
    await release();
    expect(readFileSync(path, 'utf8')).toBe('the next holder');
  });
});

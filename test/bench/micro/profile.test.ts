// The command for whoever makes the filter faster.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const TSX = createRequire(import.meta.url).resolve('tsx');
const PROFILE = fileURLToPath(new URL('../../../bench/src/micro/profile.ts', import.meta.url));

const profile = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ['--import', TSX, PROFILE, ...args]);

describe('profile', () => {
  it('names the functions of a request', { timeout: 120_000 }, async () => {
    const { stdout } = await profile('--case', 'limit worker', '--top', '40');
    expect(stdout).toMatch(/^limit worker, one warm request; as built in filter\/dist\n/);
    expect(stdout).toMatch(/^ +\d+ +\d+\.\d % +1 {2}features\/handle\/handleRequest$/m);
  });

  it('tells which cases there are', async () => {
    await expect(profile('--case', 'limits')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^found no case limits, wanted one of: tag no match; /),
    });
  });
});

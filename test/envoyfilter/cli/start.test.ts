// What `tagalong --version` costs, and why so little: commands load what they need when they run.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../envoyfilter/src/cli/commands/index.js';
import { tagalong } from './fake-terminal.js';

const BIN = fileURLToPath(new URL('../../../envoyfilter/dist/bin.js', import.meta.url));
const RUNS = 20;
const BOUND_MS = 60;
/** Says on stderr which modules are loaded. */
const TELL = `
export async function load(url, context, next) {
  process._rawDebug('loads ' + url);
  return next(url, context);
}`;
const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const HOOK = dataUrl(`
import { register } from 'node:module';
register(${JSON.stringify(dataUrl(TELL))});`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong-start-'));
  writeFileSync(join(folder, 'empty.mjs'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function costOf(...args: string[]): number {
  const startMs = performance.now();
  execFileSync(process.execPath, args, { stdio: 'ignore' });
  return performance.now() - startMs;
}

/** Paths of the modules that node loads for it, from node_modules or dist on. */
function modulesOf(...args: string[]): string[] {
  const { stderr: text } = spawnSync(process.execPath, ['--import', HOOK, BIN, ...args], {
    encoding: 'utf8',
  });
  return [...text.matchAll(/^loads file:.*?\/(?:node_modules|dist)\/(.*)$/gm)].map(
    ([, path = '']) => path,
  );
}

describe('tagalong --version', () => {
  it(`costs at most ${BOUND_MS} ms over an empty script`, () => {
    let empty = Infinity;
    let ours = Infinity;
    for (let run = 0; run < RUNS; run += 1) {
      empty = Math.min(empty, costOf(join(folder, 'empty.mjs')));
      ours = Math.min(ours, costOf(BIN, '--version'));
    }
    expect(ours - empty).toBeLessThanOrEqual(BOUND_MS);
  });

  it('loads the description of each command, and nothing of what they do', () => {
    const modules = modulesOf('--version');
    const others = modules.filter((path) => !/^(bin\.js|cli\/[^/]*|cli\/commands\/.*)$/.test(path));
    expect(others.filter((path) => !path.startsWith('commander/'))).toEqual([]);
    expect(modules.filter((path) => path.startsWith('cli/commands/'))).toHaveLength(
      COMMANDS.length + 1,
    );
    // The hook sees libraries, where they are loaded.
    const more = modulesOf('validate', 'none.yaml');
    expect(more.some((path) => path.startsWith('yaml/'))).toBe(true);
  });
});

describe('--help', () => {
  const names = ['init', 'validate', 'render', 'explain', 'diff', 'up', 'doctor'];
  it.each([...names, 'bucket', 'rule', 'completion'])('of %s has examples', async (name) => {
    const { code, out, err } = await tagalong([name, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [, examples = ''] = out.split('\nExamples:\n');
    expect(examples).toContain(`  tagalong ${name}`);
    expect(examples.trim().split('\n').length).toBeGreaterThan(1);
    expect(out).toContain('--format <');
  });

  it.each([['nonsense'], ['explain', '--nope'], ['explain']])('is named to %s', async (...args) => {
    const { code, err } = await tagalong(args);
    expect({ code, last: err.trim().split('\n').at(-1) }).toEqual({
      code: 2,
      last: '--help tells what there is.',
    });
  });

  it('lists every command', async () => {
    const { code, out } = await tagalong(['--help']);
    expect(code).toBe(0);
    for (const name of names) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });
});

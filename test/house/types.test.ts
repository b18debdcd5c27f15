// Every TypeScript file is in one of the programs that `npm run types` checks.

import { execFileSync } from 'node:child_process';
import { relative } from 'node:path';
import { expect, it } from 'vitest';
import { projectFiles, ROOT, read } from './files.js';

it('no TypeScript file goes unchecked', () => {
  const { types } = JSON.parse(read('package.json')).scripts;
  const programs = types.split(' && ').map((line: string) => line.split(' ').slice(1));
  const checked = programs.flatMap((args: string[]) =>
    execFileSync('node_modules/.bin/tsc', [...args, '--listFilesOnly'], {
      cwd: ROOT,
      encoding: 'utf8',
    }).split('\n'),
  );
  const known = new Set(checked.map((path: string) => relative(ROOT, path)));
  const missing = projectFiles().filter((path) => /\.ts$/.test(path) && !known.has(path));
  expect(missing).toEqual([]);
});

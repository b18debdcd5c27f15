// packed: the SDK as npm would publish it, built from its sources into a folder of its own.

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../house/files.js';

const run = promisify(execFile);

export interface Packed {
  /** Where to put applications that use it. */
  readonly folder: string;
  readonly tarball: string;
  /** Puts it into `node_modules` of a folder below `folder`, and returns where it is then. */
  install(app: string): Promise<string>;
  remove(): Promise<void>;
}

export async function packSdk(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'tagalong-sdk-'));
  const source = join(folder, 'sdk-node');
  await cp(join(ROOT, 'sdk-node'), source, {
    recursive: true,
    filter: (path) => !/[\\/](dist|node_modules)$/.test(path),
  });
  await cp(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await npm(source, 'run', 'build');
  await npm(source, 'pack', '--pack-destination', folder);
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm packed nothing');
  const tarball = join(folder, name);
  await rm(join(folder, 'node_modules'));
  return {
    folder,
    tarball,
    install: async (app) => {
      const home = join(folder, app, 'node_modules/@tagalong');
      await mkdir(join(home, 'node'), { recursive: true });
      await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', join(home, 'node')]);
      return join(home, 'node');
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await run('npm', [...args, '--silent'], { cwd }).catch((error) => {
    throw new Error(`npm ${args.join(' ')}:\n${error.stdout}${error.stderr}`);
  });
}

// folder: rendered files in a folder: written, or compared with.
// Promise: nothing outside the folder is touched, whatever links are in it; no file is ever half
// written, and when one cannot be written none is.

import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { isOurs } from '../render/names.js';
import type { RenderedFile } from '../render/resource.js';
import { InputError } from './exit.js';
import { lineDiff } from './line-diff.js';

export interface Difference {
  readonly path: string;
  readonly kind: 'missing' | 'changed' | 'stale';
  /** For people, with a line break at its end. */
  readonly text: string;
}

/**
 * `whole`: nothing else of ours belongs into the folder.
 * @returns what was new or changed, and what was rendered once and is no more, which stays
 */
export async function writeFolder(
  folder: string,
  files: readonly RenderedFile[],
  whole: boolean,
): Promise<{ written: string[]; stale: string[] }> {
  try {
    await mkdir(folder, { recursive: true });
    const root = await realpath(folder);
    const changed: RenderedFile[] = [];
    for (const file of files) {
      await checkInside(root, file.path);
      if (!same(await contentOf(root, file.path), file.content)) changed.push(file);
    }
    await replaceAll(root, changed);
    const stale = whole ? await staleIn(root, files) : [];
    return { written: changed.map(({ path }) => path), stale };
  } catch (error) {
    throw inputError(error, folder);
  }
}

/** What writing would change. */
export async function compareFolder(
  folder: string,
  files: readonly RenderedFile[],
  whole: boolean,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  try {
    for (const { path, content } of files) {
      const before = await contentOf(folder, path);
      if (before === undefined) {
        differences.push({ path, kind: 'missing', text: `${path}: is not there\n` });
      } else if (!same(before, content)) {
        const text =
          typeof content === 'string'
            ? lineDiff(path, before.toString('utf8'), content)
            : `${path}: other bytes\n`;
        differences.push({ path, kind: 'changed', text });
      }
    }
    for (const path of whole ? await staleIn(folder, files) : []) {
      differences.push({ path, kind: 'stale', text: `${path}: is not rendered any more\n` });
    }
  } catch (error) {
    throw inputError(error, folder);
  }
  return differences;
}

/** All are written beside their places before the first is moved into its own. */
async function replaceAll(root: string, files: readonly RenderedFile[]): Promise<void> {
  if (files.length === 0) return;
  const temporary = await mkdtemp(join(root, '.tagalong-'));
  try {
    for (const [index, { content }] of files.entries()) {
      await writeFile(join(temporary, String(index)), content);
    }
    for (const { path } of files) {
      await mkdir(dirname(join(root, path)), { recursive: true });
    }
    for (const [index, { path }] of files.entries()) {
      await rename(join(temporary, String(index)), join(root, path));
    }
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** A folder in the folder may be a link to elsewhere. */
async function checkInside(root: string, path: string): Promise<void> {
  const target = join(root, path);
  if (relative(root, target).startsWith('..')) throw new InputError(`${path} is outside ${root}`);
  for (let parent = dirname(target); parent.length > root.length; parent = dirname(parent)) {
    const found = await lstat(parent).catch(() => undefined);
    if (found === undefined) continue;
    const real = await realpath(parent);
    if (real === root || real.startsWith(`${root}${sep}`)) continue;
    throw new InputError(`found ${parent}, a link to ${real}, wanted a folder inside ${root}`);
  }
}

async function contentOf(root: string, path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(join(root, path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    // Node's error of a folder does not say which.
    throw Object.assign(error as Error, { path: join(root, path) });
  }
}

/** Files at the top of the folder that were rendered once: they would still be applied. */
async function staleIn(root: string, files: readonly RenderedFile[]): Promise<string[]> {
  const rendered = new Set(files.map(({ path }) => path));
  const names = await readdir(root).catch(() => []);
  const others = names.filter((name) => /^[a-z]+\..+\.yaml$/.test(name) && !rendered.has(name));
  const stale: string[] = [];
  for (const name of others.sort()) {
    const content = await contentOf(root, name);
    if (content !== undefined && isOurs(content.toString('utf8'))) stale.push(name);
  }
  return stale;
}

function same(before: Buffer | undefined, content: string | Uint8Array): boolean {
  return before !== undefined && Buffer.compare(before, Buffer.from(content as string)) === 0;
}

/** The folder is the user's, and so is what is wrong with it. */
function inputError(error: unknown, folder: string): unknown {
  const { code, message, path = folder } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  if (code === 'EISDIR') return new InputError(`found a folder at ${path}, wanted a file there`);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new InputError(`${folder}: found a file where a folder is wanted: ${message}`);
  }
  return new InputError(`${folder}: ${message}`);
}

// inputs: the texts that a command line names: files, folders, the standard input.
// Promise: sorted, each file once, named relative to where the user stands.

import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Finding } from '../policy/finding.js';
import type { Input } from '../validate/validate.js';
import { UsageError } from './exit.js';
import { type Terminal, utf8 } from './terminal.js';

export interface Inputs {
  readonly inputs: readonly Input[];
  /** What could not be read. */
  readonly findings: readonly Finding[];
}

const STDIN = '<stdin>';
const EXTENSION = /\.(ya?ml|json)$/;

/** A folder is searched for *.yaml, *.yml and *.json, not in hidden folders and node_modules. */
export async function inputsOf(terminal: Terminal, names: readonly string[]): Promise<Inputs> {
  const inputs = new Map<string, Input>();
  const findings: Finding[] = [];
  const reading = async (path: string, read: () => Promise<void>) => {
    try {
      await read();
    } catch (error) {
      if (error instanceof UsageError) throw error;
      findings.push(finding('unreadable', shownOf(path, terminal), reasonOf(error)));
    }
  };
  const add = (path: string, isFound: boolean) =>
    reading(path, async () => {
      const text = utf8(await readFile(path));
      // Named beats found.
      if (isFound && inputs.has(path)) return;
      inputs.set(path, { name: shownOf(path, terminal), text, isFound });
    });
  for (const name of new Set(names)) {
    if (name === '-') {
      await reading(STDIN, async () => {
        inputs.set(name, { name: STDIN, text: await terminal.stdin() });
      });
      continue;
    }
    const path = resolve(terminal.cwd, name);
    await reading(path, async () => {
      if (name === '') throw new TypeError('found an empty name, wanted that of a file');
      if (!(await stat(path)).isDirectory()) return add(path, false);
      const files = await filesIn(path);
      for (const file of files) await add(file, true);
      if (files.length > 0) return;
      const message = 'found no *.yaml, *.yml or *.json in the folder, wanted a policy';
      findings.push(finding('no-policy', shownOf(path, terminal), message));
    });
  }
  return { inputs: [...inputs.values()], findings };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const entry of sorted) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isOurs = !entry.name.startsWith('.') && entry.name !== 'node_modules';
      if (isOurs) files.push(...(await filesIn(path)));
    } else if (EXTENSION.test(entry.name) && !isEndless(entry)) {
      files.push(path);
    }
  }
  return files;
}

/** Pipes and devices may never come to an end; those that are named are read. */
function isEndless(entry: Dirent): boolean {
  return entry.isFIFO() || entry.isCharacterDevice() || entry.isBlockDevice() || entry.isSocket();
}

function shownOf(path: string, { cwd }: Terminal): string {
  const near = relative(cwd, path) || '.';
  const isInside = !near.startsWith('..') && !isAbsolute(near);
  return (isInside ? near : path).split(sep).join('/');
}

function reasonOf(error: unknown): string {
  if (error instanceof TypeError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'found no such file, wanted a policy';
  if (code === 'EACCES') return 'found a file that may not be read, wanted one that may';
  return `cannot be read: ${message}`;
}

function finding(rule: string, file: string, message: string): Finding {
  const place = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { rule, severity: 'error', message, path: '$', place };
}

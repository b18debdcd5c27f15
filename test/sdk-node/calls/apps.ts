// apps: runs an application of these tests on a given Node, and reads the JSON that it tells.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';

const run = promisify(execFile);
const FOLDER = new URL('../apps/calls/', import.meta.url);
const TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export const nodes = await nodeBinaries();

/** What a case came to; each case has some of it. */
export type Told = Record<string, unknown>;

export async function runApp<T>(
  { path }: NodeBinary,
  app: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<T> {
  const clean = Object.entries(process.env).filter(([name]) => !/^TAGALONG|^NODE_/.test(name));
  const file = fileURLToPath(new URL(app, FOLDER));
  const { stdout } = await run(path, [...nodeArgs, file, ...args], {
    env: Object.fromEntries(clean),
    timeout: TIMEOUT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return JSON.parse(stdout) as T;
}

// apps: runs an application of these tests with `register`, on a given Node, and reads its report.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type NodeBinary, nodeBinaries } from '../../harness/nodes.js';

export const nodes = await nodeBinaries();

const FOLDER = new URL('../apps/propagation/', import.meta.url);
const REGISTER = ['--import', '@tagalong/node/register'];
const DEADLINE_MS = 45_000;

export interface Ran {
  /** What the app reported: check → `right`, or what was wrong. */
  readonly found: Record<string, unknown>;
  readonly stderr: string;
}

export interface RunOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Before the application; default: `register` alone. */
  readonly nodeArgs?: readonly string[];
}

/** @throws Error the app ended without a report */
export function runApp(
  node: NodeBinary,
  app: string,
  { args = [], env = {}, nodeArgs = REGISTER }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const clean = Object.entries(process.env).filter(([name]) => !/^TAGALONG|^NODE_/.test(name));
    const child = spawn(node.path, [...nodeArgs, fileURLToPath(new URL(app, FOLDER)), ...args], {
      cwd: fileURLToPath(FOLDER),
      env: { ...Object.fromEntries(clean), APP_OF_TEST: String(process.pid), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const line = stdout.split('\n').find((one) => one.startsWith('@@'));
      if (line !== undefined) resolve({ found: JSON.parse(line.slice(2)), stderr });
      else reject(new Error(`${app}: ${signal ?? code}, no report\n${stdout}\n${stderr}`));
    });
  });
}

/** The checks that did not turn out right. */
export function wrongOf(found: Ran['found']): Ran['found'] {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== 'right'));
}

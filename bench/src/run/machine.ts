// machine: where a record was taken, and of what.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Machine } from '../record/record.js';
import { WASM_PATH } from '../variants/ours.js';

const GIB = 2 ** 30;
const HASH_CHARS = 12;

export function machine(loads: Machine['load']): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / GIB) * 10) / 10,
    kernel: release(),
    load: loads,
  };
}

/** Of the last minute. */
export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

export function versions(envoy: string): Record<string, string> {
  const wasm = readFileSync(WASM_PATH);
  const hash = createHash('sha256').update(wasm).digest('hex').slice(0, HASH_CHARS);
  const commit = git('rev-parse', '--short=12', 'HEAD');
  const changed = git('status', '--porcelain', '--untracked-files=no');
  return {
    envoy,
    node: process.versions.node,
    tagalong: `${packageVersion()}, ${wasm.length} bytes, sha256 ${hash}`,
    ...(commit ? { commit: changed ? `${commit}, changed` : commit } : {}),
  };
}

function packageVersion(): string {
  const path = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

/** Empty where there is no git, or no repository. */
function git(...args: string[]): string {
  try {
    const cwd = new URL('.', import.meta.url);
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return '';
  }
}

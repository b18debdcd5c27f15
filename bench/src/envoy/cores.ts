// cores: which two of the machine's the proxy and the load are kept on.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Cores {
  readonly proxy: number;
  readonly load: number;
}

/** The first two that we may use; undefined where there is one, or where processes cannot be kept. */
export function findCores(): Cores | undefined {
  if (!hasTaskset()) return undefined;
  const status = readFileSync('/proc/self/status', 'utf8');
  const [proxy, load] = parseList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
  return proxy === undefined || load === undefined ? undefined : { proxy, load };
}

/** Of the kernel's form `0-2,5`. */
export function parseList(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    if (from === undefined || to === undefined || Number.isNaN(from + to) || part === '') return [];
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

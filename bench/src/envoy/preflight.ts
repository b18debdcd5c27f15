// preflight: why figures of this run would be worthless: what Envoy's advice on benchmarks forbids,
// and a machine that has other things to do. Looked at before anything is measured.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { benchBootstrap } from './bootstrap.js';
import { findCores } from './cores.js';

export interface Finding {
  /** Nothing is measured, unless it is asked for in spite of it. */
  readonly severe: boolean;
  readonly text: string;
}

/** One for the proxy and one for the load. */
const CORES_MIN = 2;
/** Of all cores, used by others. */
const BUSY_MAX = 0.15;
const LOOK_MS = 1_000;

/** @param envoy the executable */
export async function preflight(envoy: string): Promise<Finding[]> {
  const version = execFileSync(envoy, ['--version'], { encoding: 'utf8' });
  const config = benchBootstrap([{ name: 'bench', filters: [] }]);
  return [
    ...judgeBuild(version),
    ...judgeBootstrap(config),
    ...judgeMachine(availableParallelism(), findCores() !== undefined, await busyShare()),
  ];
}

/** @param version as `envoy --version` says it: COMMIT/VERSION/STATE/BUILD/SSL */
export function judgeBuild(version: string): Finding[] {
  if (version.includes('/RELEASE/')) return [];
  return [{ severe: true, text: `no release build of Envoy: ${version.trim()}` }];
}

/** What a bootstrap must not have, wherever in it. */
const FORBIDDEN: readonly [key: string, isWrong: (value: unknown) => boolean, what: string][] = [
  ['access_log', (value) => Array.isArray(value) && value.length > 0, 'an access log'],
  ['tracing', (value) => value !== undefined, 'tracing'],
  ['runtime_key', (value) => value !== undefined, 'a key of the runtime, looked up per request'],
  ['generate_request_id', (value) => value !== false, 'request ids that are made'],
  ['dynamic_stats', (value) => value !== false, 'dynamic stats'],
];
/** Without these Envoy does what is forbidden. */
const WANTED = ['generate_request_id', 'dynamic_stats'];

export function judgeBootstrap(bootstrap: object): Finding[] {
  const seen = new Map<string, unknown[]>();
  collect(bootstrap, seen);
  const present = FORBIDDEN.filter(([key, isWrong]) => (seen.get(key) ?? []).some(isWrong));
  const absent = FORBIDDEN.filter(([key]) => WANTED.includes(key) && !seen.has(key));
  return [...present, ...absent].map(([key, , what]) => ({
    severe: true,
    text: `the configuration under test has ${what} (${key})`,
  }));
}

/** @param busy the share of all cores that others use */
export function judgeMachine(cores: number, pins: boolean, busy: number): Finding[] {
  const found: Finding[] = [];
  const percent = Math.round(busy * 100);
  if (cores < CORES_MIN) {
    found.push({ severe: true, text: `${cores} core: the load would take it from the proxy` });
  }
  if (!pins) {
    found.push({
      severe: false,
      text: 'proxy and load were not kept on cores of their own: no taskset, or one core',
    });
  }
  if (busy > BUSY_MAX) {
    found.push({ severe: true, text: `other programs use ${percent} % of the processors` });
  }
  return found;
}

/** The share of all processors' time that is in use, over a second in which we do nothing. */
async function busyShare(): Promise<number> {
  const before = cpuTimes();
  await delay(LOOK_MS);
  const after = cpuTimes();
  return after.all === before.all ? 0 : (after.busy - before.busy) / (after.all - before.all);
}

/** Of /proc/stat: user nice system idle iowait … */
function cpuTimes(): { busy: number; all: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
  const times = line.trim().split(/\s+/).slice(1).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  return { all, busy: all - (times[3] ?? 0) - (times[4] ?? 0) };
}

function collect(value: unknown, into: Map<string, unknown[]>): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    into.set(key, [...(into.get(key) ?? []), inner]);
    collect(inner, into);
  }
}

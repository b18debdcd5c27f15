// startup: what `register` and its like add to the start of an application that loads node:http,
// https and http2. Each start is a process of its own, which reads its clocks when it has them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { NodeBinary } from '../../../test/harness/nodes.js';
import type { Measurement } from '../record/record.js';
import { orderOf } from '../statistics/statistics.js';
import type { Progress } from './calls.js';
import type { SdkSettings } from './settings.js';
import { SDK_VARIANTS, type SdkVariant } from './variants.js';
import { commandOf, environment, PROCESSES } from './worker.js';

const run = promisify(execFile);

/** The slowest takes 0.4 s. */
const START_TIMEOUT_MS = 30_000;

const APPLICATIONS = { CommonJS: 'start.cjs', 'ES module': 'start.mjs' } as const;
type Application = keyof typeof APPLICATIONS;

interface Case {
  readonly node: NodeBinary;
  readonly application: Application;
}

interface Started {
  /** Since the process began, as Node counts it. */
  readonly wallMs: number;
  /** User and system. */
  readonly cpuMs: number;
  /** Modules of CommonJS that were loaded beside the application. */
  readonly others: number;
}

/** How many rounds `measureStartup` takes. */
export function stepsOfStartup(settings: SdkSettings): number {
  return casesOf(settings).length * settings.rounds;
}

/**
 * Figures `cpu` and `wall`, in ms.
 * @param variants those to measure; clients and routes play no part
 * @throws Error a process failed, or did not load what it was told to; the signal's reason
 */
export async function measureStartup(
  settings: SdkSettings,
  progress: Progress,
  variants = SDK_VARIANTS,
): Promise<Measurement[]> {
  const started = variants.filter(({ routed }) => !routed);
  const total = stepsOfStartup(settings);
  let done = 0;
  const measurements: Measurement[] = [];
  for (const one of casesOf(settings)) {
    const starts = started.map((): Started[] => []);
    // Once for nothing: files come from the disk.
    for (const variant of started) await start(one, variant, settings);
    for (let round = 0; round < settings.rounds; round++) {
      for (const index of orderOf(round, started.length)) {
        starts[index]!.push(await start(one, started[index]!, settings));
      }
      progress(++done, total);
    }
    measurements.push(...started.flatMap(({ name }, index) => kept(one, name, starts[index]!)));
  }
  return measurements;
}

function casesOf({ nodes }: SdkSettings): Case[] {
  const applications = Object.keys(APPLICATIONS) as Application[];
  return nodes.flatMap((node) => applications.map((application) => ({ node, application })));
}

function kept({ node, application }: Case, variant: string, starts: Started[]): Measurement[] {
  const what = { part: 'sdk', case: `start, ${application}, Node ${node.major}`, variant } as const;
  return [
    { ...what, figure: 'cpu', unit: 'ms', rounds: starts.map(({ cpuMs }) => cpuMs) },
    { ...what, figure: 'wall', unit: 'ms', rounds: starts.map(({ wallMs }) => wallMs) },
  ];
}

async function start(one: Case, variant: SdkVariant, { signal }: SdkSettings): Promise<Started> {
  const { node, application } = one;
  const args = [...variant.nodeArgs, APPLICATIONS[application]];
  const [command, ...line] = commandOf({ node: node.path, args, core: 0 });
  const options = { cwd: PROCESSES, env: environment(), timeout: START_TIMEOUT_MS };
  try {
    const { stdout } = await run(command, line, { ...options, ...(signal && { signal }) });
    const started: Started = JSON.parse(stdout);
    if (started.others > 0 === variant.nodeArgs.length > 0) return started;
    throw new Error(`${args.join(' ')}: ${started.others} modules were loaded beside it`);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

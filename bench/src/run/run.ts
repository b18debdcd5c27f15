// run: all measurements that are asked for, one after the other, as one record.

import { setMaxListeners } from 'node:events';
import type { Cores } from '../envoy/cores.js';
import { LoadGenerator } from '../load/index.js';
import type { Bench } from '../macro/bench.js';
import { measureHops } from '../macro/hops.js';
import { measureLatency } from '../macro/latency.js';
import { measureMemory } from '../macro/memory.js';
import { measureOneHop } from '../macro/one-hop.js';
import { measureScaling } from '../macro/scaling.js';
import { measureMicro } from '../micro/callbacks.js';
import { type BenchRecord, type Measurement, NO_OP, NONE, NONE_AGAIN } from '../record/record.js';
import { measureSdk } from '../sdk/sdk.js';
import { type SdkSettings, sdkVersions, settingsOf } from '../sdk/settings.js';
import type { Variant } from '../variants/variant.js';
import { VARIANTS } from '../variants/variants.js';
import { load, machine, versions } from './machine.js';
import { FEW_VARIANTS, QUICK_VARIANTS, RUNS, type Run, type Settings } from './settings.js';

export interface RunOptions {
  readonly envoy: { readonly path: string; readonly version: string };
  readonly settings: Settings;
  readonly quick: boolean;
  readonly only: readonly Run[];
  /** Names; default: all, quick: some of each kind. */
  readonly variants?: readonly string[];
  /** What is to be known of the figures. */
  readonly remarks: readonly string[];
  /** Whether doubtful figures are wanted too; the record says why they are. */
  readonly force: boolean;
  /** Undefined: the kernel chooses. */
  readonly cores: Cores | undefined;
  readonly signal: AbortSignal;
  /** @param share from 0 to 1 of the whole run */
  readonly progress: (share: number, what: string) => void;
}

/** @throws Error where a variant does not do its job, or cannot be measured */
export async function runBenchmark(options: RunOptions): Promise<BenchRecord> {
  const { quick, only, settings, signal, cores } = options;
  const takenAt = new Date().toISOString();
  // Each proxy listens, and many run at once.
  setMaxListeners(0, signal);
  const loadBefore = load();
  const { variants, remarks } = await chosen(options);
  // Node versions are fetched now, not when all else is done.
  const sdk = only.includes('sdk') ? await settingsOf({ ...settings.sdk, signal }) : undefined;
  const generator = await LoadGenerator.start(cores === undefined ? {} : { core: cores.load });
  const measurements: Measurement[] = [];
  try {
    const weights = RUNS.filter((run) => only.includes(run)).map((run) => settings.seconds[run]);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let done = 0;
    for (const run of RUNS.filter((one) => only.includes(one))) {
      const bench: Bench = {
        envoy: options.envoy.path,
        load: generator,
        core: cores?.proxy,
        signal,
        doubt: (text) => {
          remarks.push(options.force ? text : `left out: ${text}`);
          return options.force;
        },
        progress: (share, what) => {
          signal.throwIfAborted();
          options.progress((done + share * settings.seconds[run]) / total, `${run}: ${what}`);
        },
      };
      bench.progress(0, 'begins');
      measurements.push(...(await measure(run, bench, variants, settings, sdk)));
      done += settings.seconds[run];
    }
  } finally {
    await generator.stop();
  }
  const { seconds: _, ...taken } = settings;
  return {
    format: 1,
    takenAt,
    quick,
    machine: machine([loadBefore, load()]),
    versions: {
      ...versions(options.envoy.version),
      ...(await versionsOf(variants)),
      ...(sdk === undefined ? {} : sdkVersions(sdk)),
    },
    settings: flat(taken, only),
    remarks: [...options.remarks, ...remarks],
    variants: variants.map(({ name, title, group, job }) => ({
      ...{ name, title, group },
      ...(job === undefined ? {} : { job }),
    })),
    measurements,
  };
}

async function measure(
  run: Run,
  bench: Bench,
  variants: readonly Variant[],
  settings: Settings,
  sdk: SdkSettings | undefined,
): Promise<Measurement[]> {
  const few = variants.filter(({ name }) => FEW_VARIANTS.includes(name));
  switch (run) {
    case 'cpu':
      return measureOneHop(bench, variants, settings.cpu);
    case 'latency':
      return measureLatency(bench, few, settings.latency);
    case 'memory':
      return measureMemory(bench, few, settings.memory);
    case 'hops':
      return measureHops(bench, settings.hops.turns, settings.hops.latency);
    case 'scaling':
      return measureScaling(bench, settings.scaling);
    case 'micro':
      return measureMicro({
        ...settings.micro,
        onProgress: (share) => bench.progress(share, 'callbacks on the V8 host'),
      });
    case 'sdk':
      return measureSdk(sdk!, (did, of) => bench.progress(did / of, 'calls of Node services'));
  }
}

/** What all figures are read against. */
const ALWAYS: readonly string[] = [NONE, NONE_AGAIN, NO_OP];

/** Those that can be had, and why others cannot. */
async function chosen({ quick, variants: names, signal }: RunOptions) {
  const some = names && [...ALWAYS, ...names];
  const wanted = some ?? (quick ? QUICK_VARIANTS : VARIANTS.map(({ name }) => name));
  const variants: Variant[] = [];
  const remarks: string[] = [];
  for (const variant of VARIANTS.filter(({ name }) => wanted.includes(name))) {
    signal.throwIfAborted();
    const reason = await variant.missing?.();
    if (reason === undefined) variants.push(variant);
    else remarks.push(`${variant.name} was left out: ${reason}`);
  }
  return { variants, remarks };
}

async function versionsOf(variants: readonly Variant[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, version } of variants) {
    if (version !== undefined) found[name] = await version();
  }
  return found;
}

/** Of what was done: numbers only, one level deep. */
function flat(settings: Omit<Settings, 'seconds'>, only: readonly Run[]): BenchRecord['settings'] {
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([run]) => only.includes(run as Run))
      .map(([run, of]) => [run, flatten(of)]),
  );
}

function flatten(of: object, prefix = ''): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(of).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(flatten(value, `${prefix}${key} `))
        : [[`${prefix}${key}`, typeof value === 'number' ? value : String(value)]],
    ),
  );
}

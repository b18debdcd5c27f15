// callbacks: what one request costs in a filter's callbacks, told in three ways: host calls and
// instructions, which are counted and the same on every machine; and ns on the V8 host, which are
// noisy, and in which host calls weigh otherwise than in Envoy.

import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Measurement, Unit } from '../record/record.js';
import { orderOf } from '../statistics/statistics.js';
import { counting, READER, TOTAL } from './instructions.js';
import { Simulated, type SimulatedOptions } from './simulated.js';
import { WORKLOADS, type Workload } from './workloads.js';

/** Requests that are counted: 0.1 s of them, so that what is done ten times a second is in it. */
const COUNTED_REQUESTS = 1000;
/** Before those, beside each request of the workload once: what a VM does at first, it has done. */
const WARM_REQUESTS = 1000;
/** Of a round of ns the quickest batch counts: what disturbs one makes it slower, never faster. */
const BATCHES = 10;
const BATCH_REQUESTS = 200;

export interface Counts {
  /** Host calls of one request by name, the mean of COUNTED_REQUESTS. */
  readonly calls: Readonly<Record<string, number>>;
  /** Instructions of one request in all of its callbacks, the mean too. */
  readonly instructions: number;
  /** Of the one that needed most. */
  readonly most: number;
}

/**
 * A workload whose every request has come once, and some more, so that counts repeat.
 * @throws Error where a request is not answered as the workload says
 */
export async function warmed(
  { variant, answered = [] }: Workload,
  options: Omit<SimulatedOptions, 'answered'> = {},
): Promise<Simulated> {
  const simulated = await Simulated.of(variant, { ...options, answered });
  simulated.send(variant.load.requests.length + WARM_REQUESTS);
  simulated.calls.clear();
  return simulated;
}

/** @throws Error where a request is not answered as the workload says */
export async function countsOf(workload: Workload): Promise<Counts> {
  const simulated = await warmed(workload, { rewrite: countingOnce, callback: READER });
  const first = simulated.ask(READER, TOTAL);
  let last = first;
  let most = 0;
  for (let i = 0; i < COUNTED_REQUESTS; i++) {
    const before = last;
    simulated.send(1);
    last = simulated.ask(READER, TOTAL);
    most = Math.max(most, last - before);
  }
  const calls = [...simulated.calls].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    calls: Object.fromEntries(calls.map(([name, count]) => [name, count / COUNTED_REQUESTS])),
    instructions: (last - first) / COUNTED_REQUESTS,
    most,
  };
}

/** One module serves many workloads. */
const countingModules = new Map<string, Promise<Uint8Array>>();

function countingOnce(module: Uint8Array): Promise<Uint8Array> {
  const key = createHash('sha256').update(module).digest('base64');
  const known = countingModules.get(key) ?? counting(module).then((it) => it.module);
  countingModules.set(key, known);
  return known;
}

/**
 * ns of the request callback, host calls included, round by round; in each round all workloads take
 * their turn. By the order of `workloads`.
 * @param onRound called when a round is over, with how many are
 */
export async function timesOf(
  workloads: readonly Workload[],
  rounds: number,
  onRound: (done: number) => void = () => {},
): Promise<number[][]> {
  const all = await Promise.all(workloads.map((workload) => warmed(workload)));
  const times: number[][] = all.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOf(round, all.length)) times[index]!.push(quickest(all[index]!));
    onRound(round + 1);
    await setImmediate();
  }
  return times;
}

function quickest(simulated: Simulated): number {
  const batches = Array.from({ length: BATCHES }, () => simulated.time(BATCH_REQUESTS));
  return Math.min(...batches) / BATCH_REQUESTS;
}

export interface MicroOptions {
  /** Of the ns; counts have one. Default 15. */
  readonly rounds?: number;
  /** Default all; of those with a filter that is no wasm nothing can be told. */
  readonly workloads?: readonly Workload[];
  /** From 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** The figures `host calls`, `instructions` and `ns`, each of one request. */
export async function measureMicro({
  rounds = 15,
  workloads = WORKLOADS,
  onProgress = () => {},
}: MicroOptions = {}): Promise<Measurement[]> {
  const measured: Measurement[] = [];
  for (const workload of workloads) {
    const { calls, instructions } = await countsOf(workload);
    measured.push(
      measurement(workload, 'host calls', 'count', [sumOf(calls)]),
      measurement(workload, 'instructions', 'count', [instructions]),
    );
    onProgress(measured.length / 2 / (workloads.length + rounds));
    // Signals are heard between two turns of the event loop only.
    await setImmediate();
  }
  const times = await timesOf(workloads, rounds, (done) => {
    onProgress((workloads.length + done) / (workloads.length + rounds));
  });
  workloads.forEach((workload, i) => {
    measured.push(measurement(workload, 'ns', 'ns', times[i]!));
  });
  return measured;
}

/** In whole calls of COUNTED_REQUESTS, so that it is no 2.6659999999999995. */
function sumOf(calls: Counts['calls']): number {
  const whole = Object.values(calls).map((mean) => Math.round(mean * COUNTED_REQUESTS));
  return whole.reduce((sum, count) => sum + count, 0) / COUNTED_REQUESTS;
}

function measurement(
  { case: what, at, variant }: Workload,
  figure: string,
  unit: Unit,
  rounds: readonly number[],
): Measurement {
  const place = at === undefined ? {} : { at };
  return { part: 'micro', case: what, variant: variant.name, figure, unit, ...place, rounds };
}

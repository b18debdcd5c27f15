// one-hop: every variant in a proxy of its own, all of them in turns. A round begins with new
// processes (where their memory came to lie is a part of what differs) and takes many short slices,
// each of all variants in another order, so that what the machine does meanwhile hits all alike; its
// figure is the median of its slices.

import type { Measurement, Part, Unit } from '../record/record.js';
import { median, orderOf } from '../statistics/statistics.js';
import type { Variant } from '../variants/variant.js';
import type { Bench } from './bench.js';
import { CONNECTIONS, Subject } from './subject.js';

/** A variant, and under which name its figures are kept. */
export interface Item {
  readonly variant: Variant;
  readonly case: string;
  readonly at?: number;
  /** Default 1. */
  readonly workers?: number;
  /** Requests of other kinds that there are: all are sent before anything is measured. */
  readonly kinds?: number;
}

export interface TurnSettings {
  readonly rounds: number;
  /** Of each round. */
  readonly slices: number;
  /** Of each slice. */
  readonly requests: number;
  /** Before the first slice: V8 compiles a function anew once it has been used for long enough. */
  readonly warm: number;
}

/** What a round found of one item. */
interface Taken {
  readonly cpuMicros: number[];
  readonly perSecond: number[];
  readonly startMs: number;
}

/** CPU per request, requests a second, and time to start, of each item. */
export async function measureInTurns(
  bench: Bench,
  items: readonly Item[],
  settings: TurnSettings,
): Promise<Map<Item, { cpu: number[]; perSecond: number[]; startMs: number[] }>> {
  const found = new Map(
    items.map((item) => [
      item,
      { cpu: [] as number[], perSecond: [] as number[], startMs: [] as number[] },
    ]),
  );
  for (let round = 0; round < settings.rounds; round++) {
    const inOrder = orderOf(round, items.length).map((i) => items[i]!);
    const taken = await takeRound(bench, inOrder, round, settings);
    for (const [i, item] of inOrder.entries()) {
      const { cpu, perSecond, startMs } = found.get(item)!;
      cpu.push(median(taken[i]!.cpuMicros));
      perSecond.push(median(taken[i]!.perSecond));
      startMs.push(taken[i]!.startMs);
    }
  }
  return found;
}

/** Parts cpu, throughput and startup. */
export async function measureOneHop(
  bench: Bench,
  variants: readonly Variant[],
  settings: TurnSettings,
): Promise<Measurement[]> {
  const items = variants.map((variant): Item => ({ variant, case: 'one hop' }));
  const found = await measureInTurns(bench, items, settings);
  return items.flatMap((item) => {
    const { cpu, perSecond, startMs } = found.get(item)!;
    const series = (part: Part, figure: string, unit: Unit, rounds: number[]): Measurement => ({
      ...{ part, case: item.case, variant: item.variant.name, figure, unit, rounds },
    });
    return [
      series('cpu', 'cpu', 'µs', cpu),
      series('throughput', 'throughput', '1/s', perSecond),
      series('startup', 'ready', 'ms', startMs),
    ];
  });
}

/** The share of a round that its starts take, about. */
const STARTING = 0.6;

async function takeRound(
  bench: Bench,
  items: readonly Item[],
  round: number,
  { rounds, slices, requests, warm }: TurnSettings,
): Promise<Taken[]> {
  const subjects: Subject[] = [];
  const tell = (share: number, what: string) =>
    bench.progress((round + share) / rounds, `round ${round + 1}/${rounds}, ${what}`);
  try {
    for (const [i, { variant, workers = 1, kinds = 0 }] of items.entries()) {
      tell((STARTING * i) / items.length, variant.name);
      // Each worker has a VM that is to be warm.
      const requests = Math.max(warm * workers, kinds);
      const load = { requests, connections: CONNECTIONS * workers };
      subjects.push(await Subject.warm(bench, variant, load, workers));
    }
    const taken = subjects.map(({ startMs }): Taken => ({ cpuMicros: [], perSecond: [], startMs }));
    for (let slice = 0; slice < slices; slice++) {
      tell(STARTING + ((1 - STARTING) * slice) / slices, `slice ${slice + 1}/${slices}`);
      for (const i of orderOf(slice, subjects.length)) {
        const connections = CONNECTIONS * (items[i]!.workers ?? 1);
        const { cpuMicros, perSecond } = await takeSlice(subjects[i]!, requests, connections);
        taken[i]!.cpuMicros.push(cpuMicros);
        taken[i]!.perSecond.push(perSecond);
      }
    }
    for (const subject of subjects) await subject.verify();
    return taken;
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

async function takeSlice(subject: Subject, requests: number, connections: number) {
  await subject.prepare();
  const before = await subject.cpuMicros();
  const { answered, seconds } = await subject.closed(requests, connections);
  const after = await subject.cpuMicros();
  return { cpuMicros: (after - before) / answered, perSecond: answered / seconds };
}

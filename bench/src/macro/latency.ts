// latency: open loop at a fixed rate, timed from when each request was meant to be sent, so that a
// proxy which makes its clients wait cannot hide it (coordinated omission).

import type { OpenReport } from '../load/index.js';
import type { Measurement } from '../record/record.js';
import { median, orderOf } from '../statistics/statistics.js';
import type { Variant } from '../variants/variant.js';
import type { Bench } from './bench.js';
import { Subject } from './subject.js';

export interface LatencySettings {
  readonly rounds: number;
  /** Requests a second: far from what a core can do, as in production. */
  readonly rate: number;
  readonly seconds: number;
  readonly warm: number;
}

const CASE = 'one hop';
const FIGURES = ['p50', 'p90', 'p99', 'p99.9', 'mean'] as const;
/** From when it should have sent, or could have read, to when it did, µs. */
const OWN_P99_MAX = 100;

/** Doubtful where the generator was late itself. */
export async function measureLatency(
  bench: Bench,
  variants: readonly Variant[],
  settings: LatencySettings,
): Promise<Measurement[]> {
  const subjects: Subject[] = [];
  try {
    for (const variant of variants) {
      subjects.push(await Subject.warm(bench, variant, settings.warm));
    }
    const found = await inTurns(bench, subjects, settings);
    for (const subject of subjects) await subject.verify();
    return found;
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

async function inTurns(
  bench: Bench,
  subjects: readonly Subject[],
  { rounds, rate, seconds }: LatencySettings,
): Promise<Measurement[]> {
  const found = subjects.map(() => [] as OpenReport[]);
  for (let round = 0; round < rounds; round++) {
    for (const [position, index] of orderOf(round, subjects.length).entries()) {
      const subject = subjects[index]!;
      const share = (round + position / subjects.length) / rounds;
      bench.progress(share, `round ${round + 1}/${rounds}: ${subject.variant.name}`);
      await subject.prepare();
      found[index]!.push(await subject.open(rate, seconds));
    }
  }
  const reports = found.flat();
  const own = Math.max(
    median(reports.map(({ lateness }) => lateness.p99)),
    median(reports.map(({ unread }) => unread.p99)),
  );
  if (own > OWN_P99_MAX) {
    bench.doubt(`latency: ${own.toFixed(0)} µs at p99 are the load generator's own`);
  }
  return subjects.flatMap(({ variant: { name } }, index) =>
    FIGURES.map(
      (figure): Measurement => ({
        ...{ part: 'latency', case: CASE, variant: name, figure, unit: 'µs' },
        rounds: found[index]!.map(({ latency }) => latency[figure === 'p99.9' ? 'p999' : figure]),
      }),
    ),
  );
}

// latency: open loop at a fixed rate, arrivals as of independent users (Poisson), each request timed
// from when it was meant to be sent, so that a proxy which makes its clients wait cannot hide it
// (coordinated omission).

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
/** From when the generator should have sent, or could have read, to when it did, µs. */
const OWN_P99_MAX = 100;

/** Each round with new processes. Doubtful where the generator was late itself. */
export async function measureLatency(
  bench: Bench,
  variants: readonly Variant[],
  settings: LatencySettings,
): Promise<Measurement[]> {
  const { rounds } = settings;
  const found = variants.map(() => [] as OpenReport[]);
  for (let round = 0; round < rounds; round++) {
    for (const [position, index] of orderOf(round, variants.length).entries()) {
      const variant = variants[index]!;
      const share = (round + position / variants.length) / rounds;
      bench.progress(share, `round ${round + 1}/${rounds}, ${variant.name}`);
      found[index]!.push(await oneRound(bench, variant, settings));
    }
  }
  return variants.flatMap((variant, index) => {
    const own = ownP99(found[index]!);
    if (own > OWN_P99_MAX) {
      const what = `${own.toFixed(0)} µs at p99 were the load generator's own`;
      if (!bench.doubt(`latency of ${variant.name}: ${what}`)) return [];
    }
    return FIGURES.map(
      (figure): Measurement => ({
        ...{ part: 'latency', case: CASE, variant: variant.name, figure, unit: 'µs' },
        rounds: found[index]!.map(({ latency }) => latency[figure === 'p99.9' ? 'p999' : figure]),
      }),
    );
  });
}

async function oneRound(
  bench: Bench,
  variant: Variant,
  { rate, seconds, warm }: LatencySettings,
): Promise<OpenReport> {
  const subject = await Subject.warm(bench, variant, warm);
  try {
    await subject.prepare();
    const report = await subject.open(rate, seconds);
    await subject.verify();
    return report;
  } finally {
    await subject.stop();
  }
}

function ownP99(reports: readonly OpenReport[]): number {
  const sent = reports.map(({ lateness }) => lateness.p99);
  const read = reports.map(({ unread }) => unread.p99);
  return Math.max(median(sent), median(read));
}

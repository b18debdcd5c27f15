// memory: what one more worker costs, each worker having a VM of its own: the difference between a
// proxy of five workers and one of one, divided by four. All have handled requests before.

import type { Measurement } from '../record/record.js';
import { orderOf } from '../statistics/statistics.js';
import type { Variant } from '../variants/variant.js';
import type { Bench } from './bench.js';
import { Subject } from './subject.js';

export interface MemorySettings {
  readonly rounds: number;
  readonly requests: number;
}

const FEW = 1;
const MANY = 5;
/** So many connections that each worker is given some. */
const CONNECTIONS = 64;

export async function measureMemory(
  bench: Bench,
  variants: readonly Variant[],
  { rounds, requests }: MemorySettings,
): Promise<Measurement[]> {
  const found = variants.map(() => [] as number[]);
  const memoryOf = async (variant: Variant, workers: number) => {
    const load = { requests: requests * workers, connections: CONNECTIONS };
    const subject = await Subject.warm(bench, variant, load, workers);
    try {
      return await subject.memoryMiB();
    } finally {
      await subject.stop();
    }
  };
  for (let round = 0; round < rounds; round++) {
    for (const [position, index] of orderOf(round, variants.length).entries()) {
      const variant = variants[index]!;
      bench.progress((round + position / variants.length) / rounds, variant.name);
      const few = await memoryOf(variant, FEW);
      const many = await memoryOf(variant, MANY);
      found[index]!.push((many - few) / (MANY - FEW));
    }
  }
  return variants.map(
    ({ name }, index): Measurement => ({
      ...{ part: 'memory', case: 'one more worker', variant: name, figure: 'memory', unit: 'MiB' },
      rounds: found[index]!,
    }),
  );
}

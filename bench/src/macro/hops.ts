// hops: two sidecars and the application between, as users see them: CPU of both, and latency.

import type { Measurement } from '../record/record.js';
import { TWO_HOPS } from '../variants/two-hops.js';
import type { Bench } from './bench.js';
import { type LatencySettings, measureLatency } from './latency.js';
import { type Item, measureInTurns, type TurnSettings } from './one-hop.js';

const CASE = 'two hops';

export async function measureHops(
  bench: Bench,
  turns: TurnSettings,
  latency: LatencySettings,
): Promise<Measurement[]> {
  const half = (from: number): Bench => ({
    ...bench,
    doubt: (text) => bench.doubt(`two hops: ${text}`),
    progress: (share, what) => bench.progress(from + share / 2, what),
  });
  const items = TWO_HOPS.map((variant): Item => ({ variant, case: CASE }));
  const found = await measureInTurns(half(0), items, turns);
  const cpu = items.map(
    (item): Measurement => ({
      ...{ part: 'hops', case: CASE, variant: item.variant.name, figure: 'cpu', unit: 'µs' },
      rounds: found.get(item)!.cpu,
    }),
  );
  const times = await measureLatency(half(0.5), TWO_HOPS, latency);
  return [...cpu, ...times.map((one): Measurement => ({ ...one, part: 'hops', case: CASE }))];
}

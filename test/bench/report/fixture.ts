// fixture: a made-up record with every part, from a seed; its figures look like those of real runs.

import type {
  BenchRecord,
  Group,
  Measurement,
  Part,
  Unit,
} from '../../../bench/src/record/record.js';
import { seeded } from '../../../bench/src/statistics/statistics.js';

interface MadeUp {
  readonly name: string;
  readonly group: Group;
  readonly job?: string;
  /** µs of CPU over no filter. */
  readonly over: number;
}

const VARIANTS: readonly MadeUp[] = [
  { name: 'none', group: 'base', over: 0 },
  { name: 'none again', group: 'base', over: 0 },
  { name: 'no-op wasm', group: 'base', over: 3.3 },
  { name: 'host: shared read', group: 'host', over: 4.4 },
  { name: 'host: shared write', group: 'host', over: 3.9 },
  { name: 'tag no match', group: 'ours', job: 'tag', over: 5.1 },
  { name: 'tag write', group: 'ours', job: 'tag', over: 6.4 },
  { name: 'tag 20 rules', group: 'ours', over: 7.2 },
  { name: 'tag regex', group: 'ours', over: 7.9 },
  { name: 'tag percent', group: 'ours', over: 6.9 },
  { name: 'store', group: 'ours', job: 'store', over: 9.4 },
  { name: 'restore', group: 'ours', job: 'restore', over: 11.2 },
  { name: 'limit worker', group: 'ours', job: 'limit', over: 5.2 },
  { name: 'limit proxy', group: 'ours', job: 'limit', over: 6.1 },
  { name: 'limit worker 10,000 keys', group: 'ours', over: 6.6 },
  { name: 'limit proxy 10,000 keys', group: 'ours', over: 8.2 },
  { name: 'everything', group: 'ours', job: 'everything', over: 13.1 },
  { name: 'header_mutation', group: 'native', over: 0.3 },
  { name: 'local_ratelimit', group: 'native', job: 'limit', over: 1.5 },
  { name: 'lua tag', group: 'lua', job: 'tag', over: 5.6 },
  { name: 'lua store', group: 'lua', job: 'store', over: 8.4 },
  { name: 'lua restore', group: 'lua', job: 'restore', over: 9.9 },
  { name: 'lua + local_ratelimit', group: 'lua', job: 'everything', over: 14.9 },
  { name: 'solo-io tag', group: 'sdk', job: 'tag', over: 31.5 },
  { name: 'go sdk tag', group: 'sdk', job: 'tag', over: 44.2 },
  { name: 'rust sdk tag', group: 'sdk', job: 'tag', over: 10.7 },
];

const PERCENTILES: readonly (readonly [figure: string, times: number, noise: number])[] = [
  ['p50', 1, 2],
  ['p90', 1.6, 4],
  ['p99', 4, 20],
  ['p99.9', 14, 180],
];

/** Made once: what is reckoned from them is kept with them. */
const made = new Map<number, readonly Measurement[]>();

function measurements(rounds: number): readonly Measurement[] {
  const random = seeded(8);
  const measure: Measure = (part, where, variant, figure, unit, middle, noise, at) => ({
    part,
    case: where,
    variant,
    figure,
    unit,
    ...(at === undefined ? {} : { at }),
    rounds: Array.from({ length: rounds }, () => rounded(middle + (random() - 0.5) * noise)),
  });
  return [envoy, latency, scaling, micro, sdk].flatMap((part) => part(measure));
}

/** A record of which `change` replaces parts. @param rounds of each measurement */
export function madeUpRecord(change: Partial<BenchRecord> = {}, rounds = 9): BenchRecord {
  const all = made.get(rounds) ?? measurements(rounds);
  made.set(rounds, all);
  return {
    format: 1,
    takenAt: '2026-11-21T20:14:00.000Z',
    quick: false,
    machine: {
      cpu: 'Imaginary(R) CPU @ 3.00GHz',
      cores: 2,
      memoryGiB: 23.5,
      kernel: 'Linux 6.1.0',
      load: [0.08, 1.94],
    },
    versions: { envoy: '1.40.0', node: '20.20.2', tagalong: '0.1.0', commit: '0123456789ab' },
    settings: {
      cpu: { rounds, requests: 20_000, connections: 8 },
      latency: { rounds, rate: 4000, seconds: 5 },
    },
    remarks: ['rust sdk tag: built with a compiler that is older than its own minimum'],
    variants: VARIANTS.map(({ over, ...info }) => ({ ...info, title: `what ${info.name} does` })),
    measurements: all,
    ...change,
  };
}

/** Another Envoy, `store` dearer by 3 µs, `restore` not measured, one figure that was not there. */
export function changedRecord(): BenchRecord {
  const record = madeUpRecord();
  const few = record.measurements.filter(({ part }) => part === 'cpu' || part === 'memory');
  const more = few.map((one) => {
    const rounds = one.variant === 'store' ? one.rounds.map((round) => round + 3) : one.rounds;
    return { ...one, rounds };
  });
  return {
    ...record,
    takenAt: '2026-11-22T09:00:00.000Z',
    quick: true,
    machine: { ...record.machine, cpu: 'Another CPU' },
    versions: { ...record.versions, envoy: '1.41.0', commit: 'ba9876543210' },
    settings: { cpu: { ...record.settings.cpu, rounds: 3 } },
    measurements: [
      ...more.filter(({ variant }) => variant !== 'restore'),
      { ...few[0]!, case: 'another hop' },
    ],
  };
}

/** What a record has to be told to have these measurements and no other. */
export function measured(
  part: Part,
  rounds: Readonly<Record<string, readonly number[]>>,
  figure = 'cpu',
): Pick<BenchRecord, 'measurements'> {
  return {
    measurements: Object.entries(rounds).map(([variant, taken]) => {
      return { part, case: 'one hop', variant, figure, unit: 'µs', rounds: taken };
    }),
  };
}

type Measure = (
  part: Part,
  where: string,
  variant: string,
  figure: string,
  unit: Unit,
  middle: number,
  noise: number,
  at?: number,
) => Measurement;

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function envoy(measure: Measure): Measurement[] {
  const some = VARIANTS.filter(({ job, group }) => job !== undefined || group === 'base');
  return [
    ...VARIANTS.map(({ name, over }) => measure('cpu', 'one hop', name, 'cpu', 'µs', 21 + over, 1)),
    ...some.map(({ name, over }) =>
      measure('throughput', 'one hop', name, 'answered', '1/s', 1e6 / (21 + over), 900),
    ),
    ...some
      .filter(({ name }) => name !== 'none' && name !== 'none again')
      .map(({ name, over }) =>
        measure('memory', 'a worker', name, 'memory', 'MiB', 9 + over / 5, 0.4),
      ),
    ...some.map(({ name, over }) =>
      measure('startup', 'ready', name, 'time', 'ms', 190 + over * 9, 12),
    ),
    ...['none', 'none again', 'no-op wasm', 'everything', 'lua + local_ratelimit'].flatMap(
      (name) => {
        const over = VARIANTS.find((one) => one.name === name)?.over ?? 0;
        return [
          measure('hops', 'client and server', name, 'cpu', 'µs', 48 + 2 * over, 2),
          measure('hops', 'client and server', name, 'p50', 'µs', 260 + 3 * over, 9),
          measure('hops', 'client and server', name, 'p99', 'µs', 900 + 3 * over, 60),
        ];
      },
    ),
  ];
}

function latency(measure: Measure): Measurement[] {
  return VARIANTS.filter(({ job, group }) => job !== undefined || group === 'base').flatMap(
    ({ name, over }) =>
      PERCENTILES.map(([figure, times, noise]) =>
        measure(
          'latency',
          'one hop, 4,000/s',
          name,
          figure,
          'µs',
          (90 + over * 1.2) * times,
          noise,
        ),
      ),
  );
}

function scaling(measure: Measure): Measurement[] {
  const line = (where: string, name: string, at: number, over: number) =>
    measure('scaling', where, name, 'cpu', 'µs', 21 + over, 1.2, at);
  const all = (where: string, places: readonly number[], names: readonly string[], step: number) =>
    places.flatMap((at, i) => [
      line(where, 'none', at, 0),
      line(where, 'no-op wasm', at, 3.3),
      ...names.map((name, n) => line(where, name, at, 5 + n * 1.5 + i * step)),
    ]);
  return [
    ...all('workers', [1, 2, 4], ['limit worker', 'limit proxy', 'everything'], 0.4),
    ...all('rules', [10, 100, 1000], ['tag exact', 'tag regex'], 4),
    ...all('keys', [1, 100, 10_000, 100_000], ['limit worker', 'limit proxy'], 0.5),
    ...all('request headers', [5, 15, 30, 60], ['tag write', 'everything'], 1.1),
  ];
}

function micro(measure: Measure): Measurement[] {
  const figures = (where: string, name: string, over: number, at?: number) => [
    measure('micro', where, name, 'host calls', 'count', Math.round(over / 3), 0, at),
    measure('micro', where, name, 'instructions', 'count', Math.round(over * 400), 0, at),
    measure('micro', where, name, 'ns', 'ns', over * 300, 40, at),
  ];
  return [
    ...[10, 100, 1000].flatMap((at) => figures('rules', 'tag write', 2 * at, at)),
    ...VARIANTS.filter(({ group }) => group === 'ours').flatMap(({ name, over }) =>
      figures('one hop', name, over),
    ),
    ...figures('response', 'echo', 2),
  ];
}

function sdk(measure: Measure): Measurement[] {
  const variants = { bare: 0, 'bare again': 0, tagalong: 9, otel: 68, hpropagate: 31 };
  const calls = ['http', 'fetch', 'undici', 'grpc'].flatMap((client, i) =>
    Object.entries(variants).map(([variant, over]) =>
      measure(
        'sdk',
        `${client}, headers to carry, Node 20`,
        variant,
        'cpu',
        'µs',
        80 + 20 * i + over,
        4,
      ),
    ),
  );
  const start = Object.entries({ bare: 42, 'bare again': 42, tagalong: 49 }).map(([variant, ms]) =>
    measure('sdk', 'start of a process, Node 20', variant, 'wall', 'ms', ms, 1.5),
  );
  return [...calls, ...start];
}

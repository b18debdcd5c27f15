// targets: what the project set itself, and whether a record reaches it. A target is met where the
// 95 % interval reaches it: noise may hide a miss as much as it may hide that one was met.

import { type BenchRecord, NO_OP, NONE } from '../record/record.js';
import { difference, type Estimate, ROUNDS_MIN, ratio } from '../statistics/statistics.js';
import { figuresOfPart } from './figures.js';

/** (variant - none) / (no-op - none), CPU time on one hop. */
export const RATIO_TARGETS: ReadonlyMap<string, number> = new Map([
  ['tag no match', 1.5],
  ['tag write', 2],
  ['store', 2.2],
  ['restore', 3.2],
  ['limit worker', 1.6],
  ['limit proxy', 2],
  ['everything', 3],
]);

/** What our tag may cost of what the same job costs through `@solo-io/proxy-runtime`. */
export const SOLO_IO = 'solo-io tag';
export const SOLO_IO_SHARE = 1 / 3;
/** The jobs of `everything`, done by a chain of Lua and Envoy's own local_ratelimit. */
export const CHAIN = 'lua + local_ratelimit';
/** What a worker's VM may take more than that of a wasm that does nothing. */
export const MEMORY_MIB = 4;

export const HEADLINE_CASE = 'one hop';
export const HEADLINE_FIGURE = 'cpu';

export interface TargetResult {
  readonly name: string;
  /** What is wanted, as text: `at most 2 × no-op`. */
  readonly wanted: string;
  readonly found: Estimate;
  readonly verdict: Verdict;
}

/** `open`: the interval has no upper end, or is of too few rounds, and says nothing. */
export type Verdict = 'met' | 'missed' | 'open';

function verdictOf({ low, high }: Estimate, rounds: number, isMet: boolean): Verdict {
  if (rounds < ROUNDS_MIN || !Number.isFinite(low) || !Number.isFinite(high)) return 'open';
  return isMet ? 'met' : 'missed';
}

/** The targets that the record says anything about. */
export function targetResults(record: BenchRecord): TargetResult[] {
  return [...ratios(record), ...againstOthers(record), ...memory(record)];
}

function ratios(record: BenchRecord): TargetResult[] {
  const figures = figuresOfPart(record, 'cpu').filter(
    (one) => one.case === HEADLINE_CASE && one.figure === HEADLINE_FIGURE,
  );
  return [...RATIO_TARGETS].flatMap(([name, target]) => {
    const { ratio: found, rounds } = figures.find(({ variant }) => variant === name) ?? {};
    if (found === undefined || rounds === undefined) return [];
    const verdict = verdictOf(found, rounds, found.low <= target);
    return [{ name, wanted: `at most ${target} × ${NO_OP}`, found, verdict }];
  });
}

function againstOthers(record: BenchRecord): TargetResult[] {
  const rounds = roundsOf(record);
  const [none, tag, solo] = [rounds(NONE), rounds('tag write'), rounds(SOLO_IO)];
  const [everything, chain] = [rounds('everything'), rounds(CHAIN)];
  const results: TargetResult[] = [];
  if (alike(none, tag, solo)) {
    const found = ratio(tag!, none!, solo!);
    const wanted = `at most a third of ${SOLO_IO}`;
    results.push({
      name: 'tag write',
      wanted,
      found,
      verdict: verdictOf(found, tag!.length, found.low <= SOLO_IO_SHARE),
    });
  }
  if (alike(everything, chain)) {
    const found = difference(everything!, chain!);
    const wanted = `µs over ${CHAIN}: below 0`;
    results.push({
      name: 'everything',
      wanted,
      found,
      verdict: verdictOf(found, chain!.length, found.low < 0),
    });
  }
  return results;
}

/** Of what is ours, the one that takes most. */
function memory(record: BenchRecord): TargetResult[] {
  const ours = new Set(record.variants.filter(({ group }) => group === 'ours').map(nameOf));
  const [most] = figuresOfPart(record, 'memory')
    .flatMap(({ variant, base, over, rounds }) =>
      ours.has(variant) && base === NO_OP && over !== undefined ? [{ variant, over, rounds }] : [],
    )
    .sort((a, b) => b.over.value - a.over.value);
  if (most === undefined) return [];
  const wanted = `MiB a worker over ${NO_OP}: below ${MEMORY_MIB}`;
  const verdict = verdictOf(most.over, most.rounds, most.over.low < MEMORY_MIB);
  return [{ name: `${most.variant} (the most)`, wanted, found: most.over, verdict }];
}

const nameOf = ({ name }: { readonly name: string }) => name;

function roundsOf(record: BenchRecord) {
  return (name: string): readonly number[] | undefined =>
    record.measurements.find(
      ({ part, case: place, variant, figure }) =>
        part === 'cpu' && place === HEADLINE_CASE && figure === HEADLINE_FIGURE && variant === name,
    )?.rounds;
}

function alike(...all: readonly (readonly number[] | undefined)[]): boolean {
  return all.every((rounds) => rounds !== undefined && rounds.length === all[0]?.length);
}

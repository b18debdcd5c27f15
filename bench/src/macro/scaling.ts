// scaling: how a cost grows: with rules, keys, headers of the request, and workers.

import type { Measurement } from '../record/record.js';
import { NONE } from '../record/record.js';
import { BASE } from '../variants/base.js';
import { everything, limitKeys, limitProxy, rulesVariant, tagWrite } from '../variants/ours.js';
import { stream, users } from '../variants/requests.js';
import type { BenchRequest, Variant } from '../variants/variant.js';
import type { Bench } from './bench.js';
import { type Item, measureInTurns, type TurnSettings } from './one-hop.js';

const RULES = [10, 100, 1_000];
const KEYS = [1, 10_000, 100_000];
/** The most that a filter keeps; further keys share a bucket. */
const MAX_KEYS = 65_536;
const HEADERS = [6, 20, 60];
const WORKERS = [1, 2, 4];

const none = BASE.find(({ name }) => name === NONE)!;

interface Point {
  readonly requests: readonly BenchRequest[];
  readonly workers: number;
  readonly kinds: number;
}

/** Every point beside `none` of the same point, with the same requests. */
function items(): Item[] {
  const all: Item[] = [];
  const point = (
    name: string,
    at: number,
    variants: readonly Variant[],
    { requests, workers = 1, kinds = 0 }: Partial<Point> = {},
  ) => {
    for (const variant of [none, ...variants]) {
      const load = requests === undefined ? variant.load : { ...variant.load, requests };
      all.push({ variant: { ...variant, load }, case: name, at, workers, kinds });
    }
  };
  for (const rules of RULES) point('rules', rules, [rulesVariant(rules)]);
  for (const keys of KEYS) {
    const variant = limitKeys('proxy', keys, Math.min(keys, MAX_KEYS));
    point('keys', keys, [{ ...variant, name: 'limit proxy' }], {
      requests: users(keys),
      kinds: keys,
    });
  }
  for (const headers of HEADERS) {
    point('headers', headers, [tagWrite, everything], { requests: stream({ headers }) });
  }
  for (const workers of WORKERS) point('workers', workers, [limitProxy, everything], { workers });
  return all;
}

export async function measureScaling(bench: Bench, settings: TurnSettings): Promise<Measurement[]> {
  const all = items();
  const found = await measureInTurns(bench, all, settings);
  return all.map(
    (item): Measurement => ({
      ...{
        part: 'scaling',
        case: item.case,
        variant: item.variant.name,
        figure: 'cpu',
        unit: 'µs',
      },
      ...(item.at === undefined ? {} : { at: item.at }),
      rounds: found.get(item)!.cpu,
    }),
  );
}

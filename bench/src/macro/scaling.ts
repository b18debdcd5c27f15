// scaling: how a cost grows: with rules, keys, headers of the request, and workers.

import type { Measurement } from '../record/record.js';
import { NONE } from '../record/record.js';
import { BASE } from '../variants/base.js';
import { everything, limitKeys, limitProxy, rulesVariant, tagWrite } from '../variants/ours.js';
import { incoming } from '../variants/requests.js';
import type { Variant } from '../variants/variant.js';
import type { Bench } from './bench.js';
import { type Item, measureInTurns, type TurnSettings } from './one-hop.js';

const RULES = [10, 100, 1_000];
const KEYS = [1, 100, 10_000, 100_000];
/** The most that a filter keeps; further keys share a bucket. */
const MAX_KEYS = 65_536;
const HEADERS = [6, 9, 20, 60];
const WORKERS = [1, 2, 4];

const none = BASE.find(({ name }) => name === NONE)!;

/** Every point beside `none` of the same point. */
function items(): Item[] {
  const all: Item[] = [];
  const point = (name: string, at: number, variants: readonly Variant[], workers = 1) => {
    for (const variant of [none, ...variants]) all.push({ variant, case: name, at, workers });
  };
  for (const rules of RULES) point('rules', rules, [rulesVariant(rules)]);
  for (const keys of KEYS) {
    point('keys', keys, [
      renamed(limitKeys('proxy', keys, Math.min(keys, MAX_KEYS)), 'limit proxy'),
    ]);
  }
  for (const headers of HEADERS) {
    const requests = [incoming({ headers })];
    const [bare, ...others] = [none, tagWrite, everything].map((variant) => ({
      ...variant,
      load: { ...variant.load, requests },
    }));
    for (const variant of [bare!, ...others]) all.push({ variant, case: 'headers', at: headers });
  }
  for (const workers of WORKERS) point('workers', workers, [limitProxy, everything], workers);
  return all;
}

function renamed(variant: Variant, name: string): Variant {
  return { ...variant, name };
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

// headline: CPU time per request of every variant over no filter, as a multiple of the floor, with
// what was counted for it and the target it has. Sorted by cost within a group.

import {
  type BenchRecord,
  type Group,
  NO_OP,
  NONE,
  NONE_AGAIN,
  type VariantInfo,
} from '../record/record.js';
import type { Estimate } from '../statistics/statistics.js';
import { BARE, BARE_AGAIN, type Figure, figuresOfPart, isControl } from './figures.js';
import { HEADLINE_CASE, HEADLINE_FIGURE, RATIO_TARGETS } from './targets.js';

export const GROUPS: readonly { readonly group: Group; readonly title: string }[] = [
  { group: 'base', title: 'Controls' },
  { group: 'host', title: 'One call to the host and nothing else' },
  { group: 'ours', title: 'Tagalong' },
  { group: 'native', title: 'Envoy’s own filters, in C++' },
  { group: 'lua', title: 'Lua in Envoy' },
  { group: 'sdk', title: 'Wasm of other SDKs' },
];

export interface HeadlineRow {
  readonly variant: string;
  readonly group: Group;
  /** The same as the base: what it is over it is noise. */
  readonly control: boolean;
  /** µs of CPU per request over no filter. */
  readonly over: Estimate;
  /** × the no-op wasm; that and controls have none. */
  readonly ratio?: Estimate;
  readonly target?: number;
  /** Per request, counted on the V8 host. */
  readonly hostCalls?: number;
  readonly instructions?: number;
}

export interface Headline {
  readonly rounds: number;
  /** µs of CPU per request without a filter. */
  readonly none?: Estimate;
  readonly floor?: HeadlineRow;
  readonly control?: HeadlineRow;
  readonly rows: readonly HeadlineRow[];
}

/** Without the part `cpu`, a headline of no rows. */
export function headlineOf(record: BenchRecord): Headline {
  const figures = figuresOfPart(record, 'cpu').filter(
    (one) => one.case === HEADLINE_CASE && one.figure === HEADLINE_FIGURE,
  );
  const rows = inGroups(
    record.variants,
    figures.flatMap((figure) => rowOf(record, figure)),
    ({ over }) => over.value,
  );
  const none = figures.find(({ variant }) => variant === NONE);
  const floor = rows.find(({ variant }) => variant === NO_OP);
  const control = rows.find((row) => row.control);
  return {
    rounds: none?.rounds ?? 0,
    rows,
    ...(none && { none: none.value }),
    ...(floor && { floor }),
    ...(control && { control }),
  };
}

/** Bases and controls come first, in this order. */
const FIRST: readonly string[] = [NONE, NONE_AGAIN, NO_OP, BARE, BARE_AGAIN];

/** Group by group, in each the smallest first. */
export function inGroups<Row extends { readonly variant: string }>(
  variants: readonly VariantInfo[],
  rows: readonly Row[],
  size: (row: Row) => number,
): Row[] {
  const place = (row: Row) =>
    GROUPS.findIndex(({ group }) => group === groupOf(variants, row.variant));
  const first = ({ variant }: Row) =>
    FIRST.includes(variant) ? FIRST.indexOf(variant) : FIRST.length;
  return [...rows].sort((a, b) => place(a) - place(b) || first(a) - first(b) || size(a) - size(b));
}

/** What is in no list was made by us: workers, rules and clients of our own cases. */
export function groupOf(variants: readonly VariantInfo[], variant: string): Group {
  return variants.find(({ name }) => name === variant)?.group ?? 'ours';
}

function rowOf(record: BenchRecord, figure: Figure): HeadlineRow[] {
  const { variant, over } = figure;
  if (over === undefined) return [];
  const target = RATIO_TARGETS.get(variant);
  const hostCalls = counted(record, variant, 'host calls');
  const instructions = counted(record, variant, 'instructions');
  return [
    {
      variant,
      group: groupOf(record.variants, variant),
      control: isControl(variant),
      over,
      ...(figure.ratio && { ratio: figure.ratio }),
      ...(target !== undefined && { target }),
      ...(hostCalls !== undefined && { hostCalls }),
      ...(instructions !== undefined && { instructions }),
    },
  ];
}

/** Of the part `micro`, whose variants and cases have the names of those that do the same here. */
function counted(record: BenchRecord, name: string, figure: string): number | undefined {
  return figuresOfPart(record, 'micro').find(
    (one) =>
      one.figure === figure && one.at === undefined && (one.case === name || one.variant === name),
  )?.value.value;
}

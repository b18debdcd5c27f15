// bar-charts: what is one figure for each variant or case, as bars with intervals.

import { type BenchRecord, type Group, NO_OP, NONE } from '../record/record.js';
import { type Bar, type BarChart, type BarGroup, IN_TABLE } from './chart.js';
import { BARE, type Figure, isControl } from './figures.js';
import { groupBy } from './group-by.js';
import { GROUPS, groupOf, type HeadlineRow, headlineOf, inGroups } from './headline.js';
import { intervalText, numberText, overText, unitText } from './number.js';
import { MEMORY_MIB } from './targets.js';

/** Cost over no filter, and what is ours as a multiple of the floor. */
export function headlineCharts(record: BenchRecord): BarChart[] {
  const { rows, floor } = headlineOf(record);
  if (rows.length === 0) return [];
  return [costChart(rows, floor), ...ratioCharts(rows)];
}

function costChart(rows: readonly HeadlineRow[], floor: HeadlineRow | undefined): BarChart {
  return {
    kind: 'bars',
    title: 'CPU time per request over no filter',
    description: described(
      'Bars with 95 % intervals, by kind and cost.',
      rows,
      ({ over }) => over.value,
    ),
    axis: 'µs of CPU per request over no filter',
    groups: byGroup(rows, (row) => ({ value: row.over, text: intervalText(row.over) })),
    lines: floor ? [{ at: floor.over.value, label: `the floor: ${NO_OP}` }] : [],
  };
}

function ratioCharts(rows: readonly HeadlineRow[]): BarChart[] {
  const ours = rows.filter(
    ({ group, ratio }) => group === 'ours' && ratio !== undefined && Number.isFinite(ratio.high),
  );
  if (ours.length === 0) return [];
  const bars = ours.map((row) => {
    const text = intervalText(row.ratio!);
    const target = row.target === undefined ? {} : { target: row.target };
    return { name: row.variant, tone: row.group, value: row.ratio!, text, ...target };
  });
  return [
    {
      kind: 'bars',
      title: 'Tagalong as a multiple of the floor',
      description: described('An upright mark is a target.', ours, ({ ratio }) => ratio!.value),
      axis: `× ${NO_OP}; an upright mark is the target`,
      groups: [{ bars }],
      lines: [{ at: 1, label: NO_OP }],
    },
  ];
}

/** What is shown is in the table too: the figures of the first and the last are enough here. */
function described<Row extends { readonly variant: string }>(
  what: string,
  rows: readonly Row[],
  size: (row: Row) => number,
): string {
  const sorted = [...rows].sort((a, b) => size(a) - size(b));
  const ends = [sorted[0], sorted.at(-1)].filter((row) => row !== undefined);
  const [least, most] = ends.map((row) => `${row.variant} (${numberText(size(row))})`);
  return `${what} From ${least} to ${most}. ${IN_TABLE}`;
}

function byGroup<Row extends { readonly variant: string; readonly group: Group }>(
  rows: readonly Row[],
  bar: (row: Row) => Pick<Bar, 'value' | 'text'>,
): BarGroup[] {
  return GROUPS.map(({ group, title }) => ({
    title,
    bars: rows
      .filter((row) => row.group === group)
      .map((row) => ({ name: row.variant, tone: group, ...bar(row) })),
  })).filter(({ bars }) => bars.length > 0);
}

/** Memory and time are shown over their base, requests per second as they are. */
export function plainCharts(record: BenchRecord, figures: readonly Figure[]): BarChart[] {
  const kinds = groupBy(figures, (one) => `${one.figure}, ${one.case}`);
  return [...kinds].flatMap(([title, found]) => plainChart(record, title, found));
}

function plainChart(record: BenchRecord, title: string, figures: readonly Figure[]): BarChart[] {
  const { unit, part } = figures[0]!;
  const rate = unit === '1/s';
  const base = figures.find((one) => one.base !== undefined)?.base;
  const over = !rate && base !== undefined;
  const shown = figures.filter((one) => !over || one.over !== undefined);
  const value = (one: Figure) => (over ? one.over! : one.value);
  const rows = inGroups(record.variants, shown, (one) => value(one).value * (rate ? -1 : 1)).map(
    (one) => ({ ...one, group: groupOf(record.variants, one.variant) }),
  );
  if (rows.length === 0) return [];
  const what = over ? `${unitText(unit)} over ${base}` : unitText(unit);
  const none = rate ? figures.find(({ variant }) => variant === NONE) : undefined;
  return [
    {
      kind: 'bars',
      title: `${title}: ${what}`,
      description: described('Bars with 95 % intervals.', rows, (row) => value(row).value),
      axis: what,
      groups: byGroup(rows, (row) => ({
        value: value(row),
        text: over ? overText(value(row)) : intervalText(value(row)),
      })),
      lines: [
        ...(none ? [{ at: none.value.value, label: NONE }] : []),
        ...(part === 'memory' && over
          ? [{ at: MEMORY_MIB, label: `ours: below ${MEMORY_MIB} ${unit}` }]
          : []),
      ],
    },
  ];
}

/** Of what was counted, the instructions. */
export function microCharts(record: BenchRecord, figures: readonly Figure[]): BarChart[] {
  const found = figures
    .filter(({ figure, at }) => figure === 'instructions' && at === undefined)
    .sort((a, b) => a.value.value - b.value.value);
  if (found.length === 0) return [];
  return [
    {
      kind: 'bars',
      title: 'Instructions of the module per request',
      description: described('Bars.', found, ({ value }) => value.value),
      axis: 'WebAssembly instructions per request',
      groups: [...groupBy(found, (one) => one.case)].map(([title, rows]) => ({
        title,
        bars: rows.map(({ variant, value }) => ({
          name: variant,
          tone: groupOf(record.variants, variant),
          value,
          text: intervalText(value),
        })),
      })),
      lines: [],
    },
  ];
}

/** A chart for each unit and version of Node, a group of bars for each case. */
export function sdkCharts(record: BenchRecord, all: readonly Figure[]): BarChart[] {
  const found = all.filter(({ over }) => over !== undefined);
  const kinds = groupBy(found, ({ figure, unit, case: name }) => {
    const node = /, (Node [\d.]+)$/.exec(name)?.[1];
    return [figure, node]
      .filter(Boolean)
      .join(', ')
      .concat(`: ${unitText(unit)} over ${BARE}`);
  });
  return [...kinds].map(([title, figures]): BarChart => {
    const cases = groupBy(figures, (one) => one.case);
    return {
      kind: 'bars',
      title,
      description: described('A group of bars for each case.', figures, ({ over }) => over!.value),
      axis: `${unitText(figures[0]!.unit)} over ${BARE}`,
      groups: [...cases].map(([title, found]) => ({
        title,
        bars: inGroups(record.variants, found, ({ over }) => over!.value).map(sdkBar),
      })),
      lines: [],
    };
  });
}

/** Ours by its name; what is beside it is another library. */
function sdkBar({ variant, over }: Figure): Bar {
  const tone = variant.startsWith('tagalong') ? 'ours' : 'sdk';
  return {
    name: variant,
    tone: isControl(variant) ? 'base' : tone,
    value: over!,
    text: overText(over!),
  };
}

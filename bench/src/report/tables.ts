// tables: the figures of a record as tables, a section for each part that was run.

import { type BenchRecord, NO_OP, PARTS, type Part } from '../record/record.js';
import { type Figure, figuresOfPart } from './figures.js';
import { groupBy } from './group-by.js';
import { GROUPS, type HeadlineRow, headlineOf, inGroups } from './headline.js';
import { intervalText, numberText, overText, unitText } from './number.js';
import type { Row, RowGroup, Table } from './table.js';
import { HEADLINE_CASE, HEADLINE_FIGURE, targetResults } from './targets.js';

export interface Section {
  readonly part: Part;
  readonly tables: readonly Table[];
}

/** In the order of the parts; those that were not run are left out. */
export function sectionsOf(record: BenchRecord): Section[] {
  return PARTS.map((part) => ({ part, tables: tablesOf(record, part) })).filter(
    ({ tables }) => tables.length > 0,
  );
}

function tablesOf(record: BenchRecord, part: Part): Table[] {
  const figures = figuresOfPart(record, part);
  if (part === 'cpu') return [...headlineTable(record), ...partTables(record, others(figures))];
  return partTables(record, figures);
}

function others(figures: readonly Figure[]): Figure[] {
  return figures.filter((one) => one.case !== HEADLINE_CASE || one.figure !== HEADLINE_FIGURE);
}

/** Variant, µs over none, × no-op, and what was counted. Empty where the part was not run. */
export function headlineTable(record: BenchRecord): Table[] {
  const { rows } = headlineOf(record);
  if (rows.length === 0) return [];
  const groups = GROUPS.map(({ group, title }) => ({
    title,
    rows: rows.filter((row) => row.group === group).map(headlineCells),
  }));
  return [
    {
      caption: 'CPU time per request over no filter',
      columns: ['variant', 'µs over none', `× ${NO_OP}`, 'host calls', 'instructions'],
      groups: groups.filter((group) => group.rows.length > 0),
    },
  ];
}

function headlineCells(row: HeadlineRow): Row {
  const multiple = row.variant === NO_OP ? '1' : row.ratio && intervalText(row.ratio);
  const count = (value: number | undefined) => (value === undefined ? '' : numberText(value));
  return {
    name: row.variant,
    cells: [
      overText(row.over),
      multiple ?? (row.control ? 'control' : ''),
      count(row.hostCalls),
      count(row.instructions),
    ],
  };
}

/** What the project set itself. Empty where the record says nothing about it. */
export function targetTable(record: BenchRecord): Table[] {
  const rows = targetResults(record).map(({ name, wanted, found, verdict }) => ({
    name,
    cells: [wanted, intervalText(found), verdict],
  }));
  if (rows.length === 0) return [];
  return [{ caption: 'Targets', columns: ['', 'wanted', 'found', 'verdict'], groups: [{ rows }] }];
}

/** One table for all cases that have the same columns. */
function partTables(record: BenchRecord, figures: readonly Figure[]): Table[] {
  const cases = groupBy(figures, (one) => one.case);
  const tables = [...cases].flatMap(([name, found]) => caseTables(record, name, found));
  return merged(tables);
}

function caseTables(record: BenchRecord, name: string, figures: readonly Figure[]): Table[] {
  if (figures.some(({ at }) => at !== undefined)) return scaleTables(record, name, figures);
  const units = new Set(figures.map(({ unit }) => unit));
  const heads = [...new Set(figures.map(({ figure }) => figure))];
  const unit = (head: string) => unitText(figures.find(({ figure }) => figure === head)!.unit);
  const variants = groupBy(figures, ({ variant }) => variant);
  const rows = [...variants].map(([variant, found]) => ({
    variant,
    found: heads.map((head) => found.find(({ figure }) => figure === head)),
  }));
  const sorted = sortedRows(record, rows);
  if (heads.length === 1) return [single(name, figures[0]!, sorted)];
  const titled = units.size === 1 ? unitText([...units][0]!) : '';
  const base = figures.find((one) => one.base !== undefined)?.base;
  const changed = base === undefined ? '' : `with + or −: the change from ${base}`;
  const columns = heads.map((head) => (titled === '' ? withUnit(head, unit(head)) : head));
  return [
    {
      caption: [titled, changed].filter((text) => text !== '').join('; '),
      columns: ['', ...columns],
      groups: [
        {
          title: name,
          rows: sorted.map(({ variant, found }) => ({ name: variant, cells: found.map(both) })),
        },
      ],
    },
  ];
}

/** `host calls` are counts: the head says it. */
function withUnit(head: string, unit: string): string {
  return unit === 'count' || unit === head ? head : `${head}, ${unit}`;
}

interface VariantRow {
  readonly variant: string;
  readonly found: readonly (Figure | undefined)[];
}

function sortedRows(record: BenchRecord, rows: readonly VariantRow[]): VariantRow[] {
  // Of what is better the more there is, the most comes first.
  return inGroups(record.variants, rows, ({ found: [first] }) =>
    first === undefined ? 0 : first.value.value * (first.unit === '1/s' ? -1 : 1),
  );
}

function single(name: string, one: Figure, rows: readonly VariantRow[]): Table {
  const found = rows.flatMap((row) => row.found.filter((figure) => figure !== undefined));
  const base = found.find((figure) => figure.base !== undefined)?.base;
  const multiples = found.some(({ ratio }) => ratio !== undefined);
  return {
    caption: withUnit(one.figure, unitText(one.unit)),
    columns: [
      '',
      unitText(one.unit),
      ...(base === undefined ? [] : [`over ${base}`]),
      ...(multiples ? [`× ${NO_OP}`] : []),
    ],
    groups: [{ title: name, rows: found.map((figure) => cellsOf(figure, base, multiples)) }],
  };
}

function cellsOf(figure: Figure, base: string | undefined, multiples: boolean): Row {
  const { variant, value, over, ratio } = figure;
  return {
    name: variant,
    cells: [
      intervalText(value),
      ...(base === undefined ? [] : [over ? overText(over) : '']),
      ...(multiples ? [ratio ? intervalText(ratio) : ''] : []),
    ],
  };
}

/** The value, and what it is over the base. */
function both(figure: Figure | undefined): string {
  if (figure === undefined) return '';
  const { value, over } = figure;
  return over ? `${numberText(value.value)} ${overText(over)}` : intervalText(value);
}

/** A row for each variant, a column for each place on the scale. */
function scaleTables(record: BenchRecord, name: string, figures: readonly Figure[]): Table[] {
  return [...groupBy(figures, ({ figure }) => figure)].map(([figure, found]) => {
    const places = [...new Set(found.map(({ at }) => at ?? 0))].sort((a, b) => a - b);
    const rows = [...groupBy(found, ({ variant }) => variant)].map(([variant, all]) => ({
      variant,
      found: places.map((place) => all.find(({ at = 0 }) => at === place)),
    }));
    const { unit } = found[0]!;
    const base = found.find((one) => one.base !== undefined)?.base;
    const over = base === undefined ? '' : `, over ${base}`;
    return {
      caption: `${name}: ${withUnit(figure, unitText(unit))}${over}`,
      columns: ['', ...places.map(numberText)],
      groups: [
        {
          rows: sortedRows(record, rows).map((row) => ({
            name: row.variant,
            cells: row.found.map(overOrValue),
          })),
        },
      ],
    };
  });
}

function overOrValue(figure: Figure | undefined): string {
  if (figure === undefined) return '';
  return figure.over ? overText(figure.over) : intervalText(figure.value);
}

/** Cases of one kind in one table, group by group; cases of one variant as its rows. */
function merged(tables: readonly Table[]): Table[] {
  const same = groupBy(tables, ({ caption, columns }) => JSON.stringify([caption, columns]));
  return [...same.values()].map((alike) => ({
    ...alike[0]!,
    groups: flattened(alike.flatMap(({ groups }) => groups)),
  }));
}

function flattened(groups: readonly RowGroup[]): readonly RowGroup[] {
  if (groups.length < 2 || groups.some(({ title, rows }) => !title || rows.length !== 1)) {
    return groups;
  }
  const rows = groups.map(({ title, rows }) => ({
    name: rows[0]!.name === groups[0]!.rows[0]!.name ? title! : `${title}, ${rows[0]!.name}`,
    cells: rows[0]!.cells,
  }));
  return [{ rows }];
}

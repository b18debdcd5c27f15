// text: a record for a terminal or a pipe: plain, at most 100 columns wide, the same for the same
// record.

import type { BenchRecord, Machine } from '../record/record.js';
import { GUIDE } from './guide.js';
import { headlineOf } from './headline.js';
import { intervalText, numberText } from './number.js';
import type { Row, RowGroup, Table } from './table.js';
import { sectionsOf, targetTable } from './tables.js';

export const WIDTH = 100;
export const QUICK = 'A quick run: few and short rounds, to see that it works. Not to be quoted.';
const GAP = '  ';
const INDENT = '  ';
/** In front of the rows of a group that has a title. */
const STEP = 2;

/** The whole summary; it ends with a line feed. */
export function textReport(record: BenchRecord): string {
  const blocks = [
    headText(record),
    ...(record.quick ? [QUICK] : []),
    headlineText(record),
    ...sectionsOf(record).map(({ part, tables }) =>
      [underlined(GUIDE[part].title), ...tables.map(tableText)].join('\n\n'),
    ),
    ...targetTable(record).map(({ caption, ...table }) =>
      [underlined(caption), tableText({ caption: '', ...table })].join('\n'),
    ),
    ...settingsText(record),
    ...remarksText(record),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** `AMD EPYC, 2 cores, 24 GiB, Linux 6.1, load 0.1 before, 1.2 after`. */
export function machineText({ cpu, cores, memoryGiB, kernel, load }: Machine): string {
  const [before, after] = load.map((one) => one.toFixed(2));
  const memory = `${numberText(Math.round(memoryGiB * 10) / 10)} GiB`;
  return `${cpu}, ${cores} cores, ${memory}, ${kernel}, load ${before} before, ${after} after`;
}

/** `20:14 on 2026-11-21, UTC` reads worse than this. */
export function dateText(takenAt: string): string {
  return `${takenAt.slice(0, 10)} ${takenAt.slice(11, 16)} UTC`;
}

function headText(record: BenchRecord): string {
  const versions = Object.entries(record.versions).map(([name, version]) => `${name} ${version}`);
  return [
    ...wrapped(`Tagalong’s benchmark, taken ${dateText(record.takenAt)}`, ''),
    ...wrapped(`Machine: ${machineText(record.machine)}`, INDENT),
    ...wrapped(`Versions: ${versions.join('; ')}`, INDENT),
  ].join('\n');
}

function headlineText(record: BenchRecord): string {
  const { none, floor, control, rounds } = headlineOf(record);
  if (none === undefined) return '';
  const lines = [
    `Without a filter a request costs ${intervalText(none)} µs of CPU (${rounds} rounds).`,
  ];
  if (floor) lines.push(`A wasm that does nothing adds ${intervalText(floor.over)} µs: the floor.`);
  if (control) lines.push(`No filter once more adds ${intervalText(control.over)} µs: noise.`);
  return lines.flatMap((line) => wrapped(line, INDENT)).join('\n');
}

function settingsText({ settings }: BenchRecord): string[] {
  const lines = Object.entries(settings).flatMap(([part, values]) => {
    const texts = Object.entries(values ?? {}).map(([name, value]) => `${name} ${value}`);
    return wrapped(`${part}: ${texts.join(', ')}`, INDENT);
  });
  return lines.length === 0 ? [] : [[underlined('Settings'), ...lines].join('\n')];
}

function remarksText({ remarks }: BenchRecord): string[] {
  if (remarks.length === 0) return [];
  const lines = remarks.flatMap((remark) => wrapped(`- ${plain(remark)}`, INDENT));
  return [[underlined('Remarks'), ...lines].join('\n')];
}

export function underlined(title: string): string {
  return `${title}\n${'-'.repeat(title.length)}`;
}

/** No control characters: a remark may quote what a process wrote. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').trim();
}

/** Words in lines of at most `WIDTH`; all but the first begin with `indent`. */
export function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of plain(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > WIDTH && line !== '') {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A table that is wider than `WIDTH` goes on below with the columns that are left. */
export function tableText(table: Table): string {
  const names = [
    table.columns[0] ?? '',
    ...table.groups.flatMap(({ title, rows }) =>
      rows.map(({ name }) => ' '.repeat(title === undefined ? 0 : STEP) + name),
    ),
  ];
  const nameWidth = widest(names);
  const widths = table.columns
    .slice(1)
    .map((head, i) => widest([head, ...rowsOf(table).map(({ cells }) => cells[i] ?? '')]));
  return blocksOf(widths, WIDTH - nameWidth)
    .map((columns) => blockText(table, nameWidth, columns, widths))
    .join('\n\n');
}

function rowsOf(table: Table): Row[] {
  return table.groups.flatMap(({ rows }) => rows);
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}

/** Which columns stand side by side in `room`; at least one. */
function blocksOf(widths: readonly number[], room: number): number[][] {
  const blocks: number[][] = [[]];
  let used = 0;
  widths.forEach((width, column) => {
    const needed = width + GAP.length;
    if (used + needed > room && blocks.at(-1)!.length > 0) {
      blocks.push([]);
      used = 0;
    }
    blocks.at(-1)!.push(column);
    used += needed;
  });
  return blocks;
}

function blockText(
  { caption, columns, groups }: Table,
  nameWidth: number,
  chosen: readonly number[],
  widths: readonly number[],
): string {
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(nameWidth), ...chosen.map((i) => (cells[i] ?? '').padEnd(widths[i]!))]
      .join(GAP)
      .trimEnd();
  const groupLines = ({ title, rows }: RowGroup) => [
    ...(title === undefined ? [] : [title]),
    ...rows.map(({ name, cells }) =>
      line(' '.repeat(title === undefined ? 0 : STEP) + name, cells),
    ),
  ];
  return [
    ...(caption === '' ? [] : [caption]),
    line(columns[0] ?? '', columns.slice(1)),
    ...groups.flatMap(groupLines),
  ].join('\n');
}

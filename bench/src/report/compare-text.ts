// compare-text: a comparison of two records for a terminal or a pipe.

import type { BenchRecord } from '../record/record.js';
import { NO_OP } from '../record/record.js';
import { type Comparison, compareRecords, type RecordComparison } from './compare.js';
import { groupBy } from './group-by.js';
import { GUIDE } from './guide.js';
import { intervalText, numberText, overText, unitText } from './number.js';
import { dateText, tableText, underlined, wrapped } from './text.js';

const INDENT = '  ';
/** Of names that one record lacks; the rest is counted. */
const MISSING_MAX = 12;

/** What changed comes first, in words; then all figures. It ends with a line feed. */
export function compareText(before: BenchRecord, after: BenchRecord): string {
  const comparison = compareRecords(before, after);
  const blocks = [
    `Before: ${dateText(before.takenAt)}${versionText(before)}\n` +
      `After:  ${dateText(after.takenAt)}${versionText(after)}`,
    comparison.warnings.flatMap((line) => wrapped(`Warning: ${line}`, INDENT)).join('\n'),
    summaryText(comparison),
    ...partTexts(comparison),
    missingText('Only after', comparison.missing.before, comparison),
    missingText('Only before', comparison.missing.after, comparison),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function versionText({ versions: { tagalong, commit } }: BenchRecord): string {
  const words = [tagalong && `tagalong ${tagalong}`, commit].filter(Boolean);
  return words.length === 0 ? '' : `, ${words.join(', ')}`;
}

function summaryText({ compared }: RecordComparison): string {
  if (compared.length === 0) return 'They have no figure in common.';
  const ratios = compared.filter((one) => one.part === 'cpu' && one.kind === 'ratio');
  return [
    countsText('figures in common', compared),
    ...(ratios.length === 0 ? [] : [countsText('of them headline ratios', ratios)]),
  ].join('\n');
}

function countsText(what: string, compared: readonly Comparison[]): string {
  const count = (wanted: string) => compared.filter(({ verdict }) => verdict === wanted).length;
  return (
    `${compared.length} ${what}: ${count('same')} the same within their intervals, ` +
    `${count('lower')} lower, ${count('higher')} higher.`
  );
}

function partTexts({ compared }: RecordComparison): string[] {
  return [...groupBy(compared, ({ part }) => part)].map(([part, found]) => {
    const groups = [...groupBy(found, titleOf)].map(([title, alike]) => ({
      title,
      rows: alike.map(({ variant, kind, before, after, verdict }) => ({
        name: variant,
        cells: [before, after]
          .map(kind === 'over' ? overText : intervalText)
          .concat(verdict === 'same' || verdict === 'few' ? '' : verdict),
      })),
    }));
    const table = tableText({ caption: '', columns: ['', 'before', 'after', ''], groups });
    return `${underlined(GUIDE[part].title)}\n${table}`;
  });
}

/** `one hop: cpu, µs over none`. */
function titleOf({ case: name, figure, at, kind, unit, base }: Comparison): string {
  const place = at === undefined ? '' : ` at ${numberText(at)}`;
  const units = {
    over: `${unitText(unit)} over ${base}`,
    ratio: `× ${NO_OP}`,
    value: unitText(unit),
  };
  return `${name}${place}: ${figure}, ${units[kind]}`;
}

/** A part that one of them did not run at all is one line. */
function missingText(
  title: string,
  missing: readonly string[],
  { compared }: RecordComparison,
): string {
  if (missing.length === 0) return '';
  const run = new Set<string>(compared.map(({ part }) => part));
  const names = [...groupBy(missing, (name) => name.split(', ')[0]!)].flatMap(([part, found]) =>
    run.has(part) ? found : [`${part}: all ${found.length} figures`],
  );
  const more = names.length - MISSING_MAX;
  const lines = names.slice(0, MISSING_MAX).flatMap((name) => wrapped(`- ${name}`, INDENT));
  return [`${title}:`, ...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n');
}

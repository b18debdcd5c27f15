// frame: the lines of a file around a place, with what is meant underlined.

import type { Place } from '../policy/finding.js';

const CONTEXT = 1;
const WIDTH_MAX = 120;

export interface FramePaint {
  gutter(text: string): string;
  mark(text: string): string;
}

/**
 * ```
 * 11 |       - name: ten-percent
 * 12 |         percent: 10
 *    |         ^^^^^^^
 * ```
 * @returns lines, none where the place is beyond the text
 */
export function frameOf(text: string, place: Place, { gutter, mark }: FramePaint): string[] {
  const lines = text.split(/\r\n|[\r\n]/);
  const first = Math.max(1, place.line - CONTEXT);
  const width = String(place.line).length;
  const rows: string[] = [];
  for (let number = first; number <= place.line; number++) {
    const line = lines[number - 1];
    if (line === undefined) return [];
    // An empty line says nothing before the one that is meant.
    if (number < place.line && line.trim() === '') continue;
    const { shown, from } = cut(line, place.column);
    rows.push(`${gutter(`${String(number).padStart(width)} |`)} ${printable(shown)}`.trimEnd());
    if (number < place.line) continue;
    const column = place.column - 1 - from;
    const isHere = place.endLine === place.line;
    const end = isHere ? place.endColumn - 1 - from : shown.trimEnd().length;
    const carets = '^'.repeat(Math.max(1, Math.min(end, shown.length) - column));
    rows.push(
      `${gutter(`${' '.repeat(width)} |`)} ${' '.repeat(Math.max(0, column))}${mark(carets)}`,
    );
  }
  return rows;
}

/** Of a long line the part around the column. */
function cut(line: string, column: number): { shown: string; from: number } {
  if (line.length <= WIDTH_MAX) return { shown: line, from: 0 };
  const from = Math.max(0, Math.min(column - WIDTH_MAX / 2, line.length - WIDTH_MAX));
  return { shown: line.slice(from, from + WIDTH_MAX), from };
}

/** One column for each character, and nothing that a terminal would obey. */
export function printable(line: string): string {
  return line.replace(/\t/g, ' ').replace(/[\p{Cc}\u2028\u2029]/gu, '·');
}

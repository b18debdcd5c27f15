// html-table: a table as HTML; on a narrow page (style.ts) it becomes a list.

import { escaped } from './escape.js';
import type { RowGroup, Table } from './table.js';

/** More columns than these do not stand side by side on a telephone. */
const COLUMNS_NARROW = 3;

/**
 * @param kind of its cells, for the style: `numbers` or `words`
 *
 * Roles are said again: a narrow page shows rows as blocks, which would take them
 * away.
 */
export function tableHtml({ caption, columns, groups }: Table, kind = 'numbers'): string {
  const heads = columns.map((head) => `<th scope="col" role="columnheader">${escaped(head)}</th>`);
  const classes = columns.length > COLUMNS_NARROW ? `${kind} many` : kind;
  const bodies = groups.map((group) => bodyHtml(group, columns));
  return `<table class="${classes}" role="table">
${caption === '' ? '' : `<caption>${escaped(caption)}</caption>`}
<thead role="rowgroup"><tr role="row">${heads.join('')}</tr></thead>
${bodies.join('\n')}
</table>`;
}

function bodyHtml({ title, rows }: RowGroup, columns: readonly string[]): string {
  const head = title === undefined ? '' : groupHtml(title, columns.length);
  const lines = rows.map(({ name, cells }) => {
    const texts = columns
      .slice(1)
      .map(
        (column, i) =>
          `<td role="cell" data-head="${escaped(column)}">${cellHtml(cells[i] ?? '')}</td>`,
      );
    const head = `<th scope="row" role="rowheader">${escaped(name)}</th>`;
    return `<tr role="row">${head}${texts.join('')}</tr>`;
  });
  return `<tbody role="rowgroup">${head}${lines.join('')}</tbody>`;
}

function groupHtml(title: string, columns: number): string {
  const head = `<th colspan="${columns}" scope="rowgroup" role="rowheader">${escaped(title)}</th>`;
  return `<tr class="group" role="row">${head}</tr>`;
}

/** An interval stays in one line; a change from the base stands below what it is a change of. */
function cellHtml(text: string): string {
  const [, value = '', change = ''] = /^(\S+) ([+−].*)$/.exec(text) ?? [];
  if (change !== '') return `${escaped(value)}<span class="change">${unbroken(change)}</span>`;
  return unbroken(text);
}

function unbroken(text: string): string {
  return escaped(text).replaceAll(/\[[^\]]*\]/g, '<span class="interval">$&</span>');
}

// readme: the figures that README.md quotes, as it quotes them, from the record that it names.

import type { BenchRecord } from '../record/record.js';
import { headlineOf } from './headline.js';
import { intervalText, overText } from './number.js';

/** In this order. */
const QUOTED: readonly (readonly [variant: string, what: string])[] = [
  ['tag write', 'a tag by a header, written, routed anew'],
  ['limit proxy', 'a limit, exact over all workers'],
  ['everything', 'tag, trace remembered, limit: in one pass'],
  ['lua + local_ratelimit', 'the same by Lua and local_ratelimit'],
  ['solo-io tag', 'the tag alone by another AssemblyScript SDK'],
];

/**
 * A Markdown table: µs of CPU over a proxy without filters, and that as a multiple of a wasm that
 * does nothing.
 * @throws Error where the record has no such figures
 */
export function readmeTable(record: BenchRecord): string {
  const { rows } = headlineOf(record);
  const lines = QUOTED.map(([variant, what]) => {
    const row = rows.find((one) => one.variant === variant);
    if (row?.ratio === undefined) throw new Error(`the record has no figures of ${variant}`);
    return `| ${what} | ${overText(row.over)} | ${intervalText(row.ratio)} |`;
  });
  return [
    '| per request | CPU µs | × a wasm that does nothing |',
    '| --- | --- | --- |',
    ...lines,
  ].join('\n');
}

// Figures in README.md are those of the record that it names.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readRecord } from '../../bench/src/record/read.js';
import { readmeTable } from '../../bench/src/report/readme.js';

const ROOT = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', ROOT), 'utf8');

describe('README.md', () => {
  const [, path = ''] = /\((bench\/records\/[^)]+\.json)\)/.exec(readme) ?? [];

  it('quotes the record that it names, and that is no quick one', () => {
    expect(path).not.toBe('');
    const record = readRecord(fileURLToPath(new URL(path, ROOT)));
    expect(record.quick).toBe(false);
    expect(record.measurements[0]!.rounds.length).toBeGreaterThanOrEqual(15);
    expect(readme).toContain(readmeTable(record));
  });
});

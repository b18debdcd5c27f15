// write: a record into its file. Records are kept: none is ever written over.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchRecord, Measurement } from './record.js';

/** More records than these of one day and machine are a mistake. */
const SAME_DAY_MAX = 99;

/** `2026-11-21-amd-epyc-7b13-2-cores`, and of a quick run `…-quick`: what its files are called. */
export function recordName({ takenAt, machine, quick }: BenchRecord): string {
  const cpu = machine.cpu
    .toLowerCase()
    .replace(/\((r|tm)\)/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  const cores = `${machine.cores}-core${machine.cores === 1 ? '' : 's'}`;
  return [takenAt.slice(0, 10), cpu || 'cpu', cores, ...(quick ? ['quick'] : [])].join('-');
}

/** As JSON of which each measurement is a line, so that two records can be told apart by `diff`. */
export function recordText(record: BenchRecord): string {
  const { measurements, ...about } = record;
  const head = JSON.stringify(about, null, 2).slice(0, -2);
  const lines = measurements.map((one: Measurement) => `    ${JSON.stringify(one)}`);
  const list = lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`;
  return `${head},\n  "measurements": ${list}\n}\n`;
}

/**
 * Writes it as DATE-CPU-CORES.json, the second of a day as DATE-CPU-CORES-2.json.
 * @returns the path without `.json`, where a report may be put beside it
 * @throws Error where the folder cannot be written
 */
export function writeRecord(folder: string, record: BenchRecord): string {
  mkdirSync(folder, { recursive: true });
  const base = join(folder, recordName(record));
  for (let n = 1; n <= SAME_DAY_MAX; n++) {
    const path = n === 1 ? base : `${base}-${n}`;
    try {
      writeFileSync(`${path}.json`, recordText(record), { flag: 'wx' });
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new Error(`${base}.json: there are ${SAME_DAY_MAX} of them already`);
}

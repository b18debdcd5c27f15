import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseRecord, RecordError, readRecord } from '../../bench/src/record/read.js';
import type { BenchRecord } from '../../bench/src/record/record.js';
import { recordName, recordText, writeRecord } from '../../bench/src/record/write.js';
import { madeUpRecord } from './report/fixture.js';

const record = madeUpRecord({}, 2);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tagalong-record-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('record files', () => {
  it('are read as they were written', () => {
    const path = writeRecord(join(folder, 'records'), record);
    expect(readRecord(`${path}.json`)).toEqual(record);
    const empty = { ...record, measurements: [] };
    expect(parseRecord(recordText(empty), 'x')).toEqual(empty);
  });

  it('have a line for each measurement', () => {
    const lines = recordText(record).split('\n');
    expect(lines.filter((line) => line.includes('"rounds":['))).toHaveLength(
      record.measurements.length,
    );
  });

  it('are named by date, processor and cores', () => {
    expect(recordName(record)).toBe('2026-11-21-imaginary-cpu-3-00ghz-2-cores');
    const small = { ...record, quick: true, machine: { ...record.machine, cpu: '™', cores: 1 } };
    expect(recordName(small)).toBe('2026-11-21-cpu-1-core-quick');
  });

  it('are never written over', () => {
    const paths = [1, 2, 3].map(() => writeRecord(folder, record));
    expect(readdirSync(folder).sort()).toEqual(
      ['', '-2', '-3'].map((more) => `${recordName(record)}${more}.json`).sort(),
    );
    expect(readFileSync(`${paths[0]}.json`, 'utf8')).toBe(recordText(record));
  });
});

describe('what is no record', () => {
  const wrong = (change: object) => () =>
    parseRecord(JSON.stringify({ ...record, ...change }), 'f');
  const [one] = record.measurements;
  const measured = (change: object) => wrong({ measurements: [one, { ...one, ...change }] });

  it.each<[string, () => BenchRecord, string]>([
    ['another format', wrong({ format: 2 }), 'f: format: found 2, wanted 1'],
    ['a missing key', wrong({ quick: undefined }), 'f: the record: has no "quick"'],
    ['an unknown key', wrong({ more: 1 }), 'f: the record: unknown "more"'],
    [
      'a local time',
      wrong({ takenAt: '2026-11-21 20:14' }),
      'f: takenAt: found "2026-11-21 20:14"',
    ],
    [
      'an unknown part',
      measured({ part: 'x' }),
      'f: measurements[1].part: found "x", wanted one of cpu,',
    ],
    ['no rounds', measured({ rounds: [] }), 'f: measurements[1].rounds: found [],'],
    ['no number', measured({ rounds: [1, null] }), 'f: measurements[1].rounds[1]: found null,'],
    ['a repeated one', measured({}), 'f: measurements[1]: the same as measurements[0]'],
    ['an unknown setting', wrong({ settings: { x: {} } }), 'f: settings: '],
    ['no object', () => parseRecord('[]', 'f'), 'f: the record: found [], must be object'],
    ['no JSON', () => parseRecord('{', 'f'), 'f: no JSON: '],
  ])('is refused with its place: %s', (_, parse, message) => {
    expect(parse).toThrow(RecordError);
    expect(parse).toThrow(message);
  });

  it('is a file that is not there, too', () => {
    const path = join(folder, 'none.json');
    expect(() => readRecord(path)).toThrow(`${path}: cannot be read: ENOENT`);
    writeFileSync(path, '{}');
    expect(() => readRecord(path)).toThrow(`${path}: the record: has no "format"`);
  });

  it('is other than the same at another place', () => {
    expect(measured({ at: 3 })().measurements).toHaveLength(2);
  });
});

// read: a record from its file. What has not the form of one is refused, with the place of what is
// wrong: a report never shows half a record.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { BenchRecord } from './record.js';
import { RECORD_SCHEMA } from './schema.js';

const validate = new Ajv2020({ verbose: true }).compile<BenchRecord>(RECORD_SCHEMA);

/** A file that is no record. The message tells file, place, what came and what was wanted. */
export class RecordError extends Error {
  readonly code = 'BENCH_RECORD';

  constructor(file: string, problem: string, cause?: unknown) {
    super(`${file}: ${problem}`, { cause });
    this.name = 'RecordError';
  }
}

/** @throws RecordError where the file cannot be read, or is no record */
export function readRecord(file: string): BenchRecord {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new RecordError(file, `cannot be read: ${messageOf(error)}`, error);
  }
  return parseRecord(text, file);
}

/**
 * @param file for messages only
 * @throws RecordError
 */
export function parseRecord(text: string, file: string): BenchRecord {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new RecordError(file, `no JSON: ${messageOf(error)}`, error);
  }
  if (!validate(found)) throw new RecordError(file, problemOf(validate.errors?.[0]));
  const twice = repeated(found);
  if (twice !== undefined) throw new RecordError(file, twice);
  return found;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `measurements[3].rounds[0]: found "x": must be number`. */
function problemOf(error: ErrorObject | undefined): string {
  if (error === undefined) return 'no record';
  const { instancePath, keyword, params, message = '', data } = error;
  const place = placeOf(instancePath);
  if (keyword === 'required') return `${place}: has no "${params.missingProperty}"`;
  if (keyword === 'additionalProperties') return `${place}: unknown "${params.additionalProperty}"`;
  return `${place}: found ${shown(data)}, ${wantedOf(keyword, params) ?? message}`;
}

/** Where the values are named: ajv's own message does not name them. */
function wantedOf(keyword: string, params: ErrorObject['params']): string | undefined {
  if (keyword === 'enum') return `wanted one of ${params.allowedValues.join(', ')}`;
  return keyword === 'const' ? `wanted ${JSON.stringify(params.allowedValue)}` : undefined;
}

function placeOf(pointer: string): string {
  const path = pointer
    .slice(1)
    .replace(/\/(\d+)/g, '[$1]')
    .replaceAll('/', '.');
  return path === '' ? 'the record' : path;
}

const SHOWN_LENGTH_MAX = 60;

function shown(data: unknown): string {
  const text = JSON.stringify(data) ?? 'nothing';
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX - 1)}…`;
}

/** Two measurements of the same: which of them would be shown is chance. */
function repeated({ measurements }: BenchRecord): string | undefined {
  const seen = new Map<string, number>();
  for (const [i, { part, case: name, variant, figure, at }] of measurements.entries()) {
    const key = JSON.stringify([part, name, variant, figure, at ?? null]);
    const first = seen.get(key);
    if (first !== undefined) return `measurements[${i}]: the same as measurements[${first}]`;
    seen.set(key, i);
  }
  return undefined;
}

// schema-fault: one complaint of a JSON schema validator, and what its schema says to it.

import type { ErrorObject } from 'ajv';
import type { Path } from '../policy/place.js';
import type { Report } from './rule.js';
import { oneOf } from './words.js';

/** A report, and the rule that it is of. */
export interface SchemaReport extends Report {
  readonly rule: string;
}

/** The parts of a schema that are looked at. */
export interface Part {
  readonly definition?: string;
  readonly description?: string;
  readonly errorMessage?: string;
  readonly rule?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}

export interface Fault extends ErrorObject {
  readonly path: Path;
  readonly part: Part;
}

/** What a schema wants, in words. */
export function wantedOf({ keyword, part, params, schema }: Fault): string {
  if (part.errorMessage !== undefined) return part.errorMessage.replace(/^wanted /, '');
  const { limit } = params as { limit?: number };
  switch (keyword) {
    case 'enum':
      return `one of ${oneOf((part.enum ?? []).map((word) => JSON.stringify(word)))}`;
    case 'const':
      return JSON.stringify(schema);
    case 'minimum':
    case 'maximum':
      return `${keyword === 'minimum' ? 'at least' : 'at most'} ${limit}`;
    case 'minLength':
    case 'maxLength':
      return `${keyword === 'minLength' ? 'at least' : 'at most'} ${limit} characters`;
    case 'minItems':
    case 'minProperties':
      return `at least ${limit}`;
    case 'maxItems':
    case 'maxProperties':
      return `at most ${limit}`;
    case 'uniqueItems':
      return 'each once';
    case 'pattern':
      return `a text that fits ${String(schema)}`;
    default:
      return 'another value';
  }
}

// schema: the form of a record file, for its reader.

import { GROUPS, PARTS } from './record.js';

const text = { type: 'string', minLength: 1 };
const number = { type: 'number' };

function object(properties: object, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

export const RECORD_SCHEMA = object({
  format: { const: 1 },
  takenAt: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z$' },
  quick: { type: 'boolean' },
  machine: object({
    cpu: text,
    cores: { type: 'integer', minimum: 1 },
    memoryGiB: { type: 'number', exclusiveMinimum: 0 },
    kernel: text,
    load: { type: 'array', items: number, minItems: 2, maxItems: 2 },
  }),
  versions: { type: 'object', additionalProperties: { type: 'string' } },
  settings: {
    type: 'object',
    propertyNames: { enum: PARTS },
    additionalProperties: {
      type: 'object',
      additionalProperties: { anyOf: [number, { type: 'string' }] },
    },
  },
  remarks: { type: 'array', items: { type: 'string' } },
  variants: {
    type: 'array',
    items: object(
      {
        name: text,
        title: { type: 'string' },
        group: { enum: GROUPS },
        job: text,
      },
      ['job'],
    ),
  },
  measurements: {
    type: 'array',
    items: object(
      {
        part: { enum: PARTS },
        case: text,
        variant: text,
        figure: text,
        unit: { enum: ['µs', 'ms', '1/s', 'MiB', 'ns', 'count'] },
        at: number,
        rounds: { type: 'array', items: number, minItems: 1 },
      },
      ['at'],
    ),
  },
});

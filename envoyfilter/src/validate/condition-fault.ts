// condition-fault: what is wrong with the keys of one condition, which a schema can only say by
// telling that none of seven branches fits.

import type { Fault, Part, SchemaReport } from './schema-fault.js';
import { oneOf } from './words.js';

const FIELDS = ['header', 'cookie', 'query'];
const OPERATORS = ['exact', 'prefix', 'suffix', 'contains', 'in', 'regex', 'present'];
const OF_CONDITIONS = new Set(['when', 'operator', 'hasField', 'path', 'host']);
const KEYWORDS = new Set(['oneOf', 'anyOf', 'not']);

/** Whether it is about which keys stand together in a condition. */
export function isConditionError({ keyword, part, data }: Fault): boolean {
  if (!KEYWORDS.has(keyword) || typeof data !== 'object' || data === null) return false;
  if (part.definition !== undefined) return OF_CONDITIONS.has(part.definition);
  // Inside `when`: {not: …}; inside an operator: {required: [present], not: …}.
  return isPlain(part) || part.required?.includes('present') === true;
}

export function conditionFault({ path, data }: Fault, faults: readonly Fault[]): SchemaReport[] {
  const keys = Object.keys(data as object);
  const fields = keys.filter((key) => FIELDS.includes(key));
  const operators = keys.filter((key) => OPERATORS.includes(key) || key === 'template');
  const isField = faults.some(
    ({ part }) => part.definition === 'path' || part.definition === 'host',
  );
  const say = (message: string, key?: string, hint?: string): SchemaReport[] => [
    {
      rule: 'condition',
      path: key === undefined ? path : [...path, key],
      ...(key !== undefined && { atKey: true }),
      message,
      ...(hint !== undefined && { hint }),
    },
  ];
  if (fields.length > 1) {
    const found = oneOf(fields.map(quote), 'and');
    return say(
      `found ${found} in one condition, wanted one of them`,
      fields[1],
      'use "all": a list of conditions',
    );
  }
  const [field] = fields;
  const words = [...OPERATORS, ...(isPathFault(faults) ? ['template'] : [])];
  if (operators.length === 0 && (field !== undefined || isField)) {
    const found = field === undefined ? 'no operator' : `"${field}" without an operator`;
    const hint = `"present: true" asks only whether it is there`;
    return say(`found ${found}, wanted one of ${oneOf(words)} beside it`, field, hint);
  }
  if (operators.length > 1) {
    const found = oneOf(operators.map(quote), 'and');
    return say(
      `found ${found} in one condition, wanted one of them`,
      operators[1],
      'use "all": a list of conditions',
    );
  }
  const [lonely = 'ignoreCase'] = operators;
  if (!isField && field === undefined) {
    return say(`found "${lonely}" alone, wanted "header", "cookie" or "query" beside it`, lonely);
  }
  return say(
    'found "ignoreCase" beside "present", wanted it beside a text to compare',
    'ignoreCase',
  );
}

function isPathFault(faults: readonly Fault[]): boolean {
  return faults.some(({ part }) => part.definition === 'path');
}

/** Nothing but the keyword itself. */
function isPlain(part: Part): boolean {
  return Object.keys(part).every((key) => ['not', '$ref', 'anyOf', 'required'].includes(key));
}

function quote(word: string): string {
  return `"${word}"`;
}

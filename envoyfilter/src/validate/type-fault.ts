// type-fault: a value of another type than wanted, and how it is to be written.

import type { PolicyDocument } from '../policy/document.js';
import type { Fault, SchemaReport } from './schema-fault.js';
import { named, oneOf, quoted } from './words.js';

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'nothing',
};

const TRUTHS: Readonly<Record<string, string>> = {
  yes: 'true',
  on: 'true',
  y: 'true',
  true: 'true',
  no: 'false',
  off: 'false',
  n: 'false',
  false: 'false',
};

export function typeFault(fault: Fault, document: PolicyDocument): SchemaReport {
  const { data, path, part, params, propertyName } = fault;
  const types = [params.type ?? part.type ?? []].flat() as string[];
  const text = document.textOf(path) ?? String(data);
  if (types.includes('string') && (typeof data === 'number' || typeof data === 'boolean')) {
    const is = typeof data === 'number' ? 'a number' : 'a truth value';
    return {
      rule: 'quote-it',
      path,
      message: `found ${quoted(text, false)}, which is ${is}, wanted a text`,
      hint: `quote it: ${quoted(text)}`,
    };
  }
  // Of an object it says what belongs into it, which is another matter.
  const own = types.includes('object') ? undefined : part.errorMessage?.replace(/^wanted /, '');
  const words = own ?? (oneOf(types.map((type) => NAMES[type] ?? type)) || 'another value');
  const keys = types.includes('object') ? Object.keys(part.properties ?? {}) : [];
  const more = keys.length > 0 && keys.length < 12 ? ` with the keys ${keys.join(', ')}` : '';
  return {
    rule: 'wrong-type',
    path,
    ...(propertyName !== undefined && { atKey: true }),
    message: `found ${named(data)}, wanted ${words}${more}`,
    ...remedy(data, types, text, keys),
  };
}

function remedy(
  data: unknown,
  types: readonly string[],
  text: string,
  keys: readonly string[],
): { hint?: string } {
  // A condition on a path or a host.
  if (typeof data === 'string' && keys.includes('exact') && keys.includes('prefix')) {
    return { hint: `write {exact: ${text}} or {prefix: ${text}}` };
  }
  if (data === null) {
    return {
      hint: types.includes('object') ? 'write {}, or leave the key out' : 'leave the key out',
    };
  }
  if (types.includes('array') && typeof data !== 'object') {
    return { hint: `write [${quoted(text, false)}]` };
  }
  if (typeof data === 'string') {
    if (types.includes('boolean')) {
      const truth = TRUTHS[data.toLowerCase()];
      if (truth !== undefined) return { hint: `write ${truth}, without quotes` };
    }
    const isNumber = types.includes('number') || types.includes('integer');
    if (isNumber && /^-?\d+(\.\d+)?$/.test(data)) return { hint: `write ${data}, without quotes` };
  }
  if (data === true && types.includes('object')) return { hint: 'write {}' };
  return {};
}

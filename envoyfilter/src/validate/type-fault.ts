// type-fault: a value of another type than wanted, and how it is to be written.

import type { PolicyDocument } from '../policy/document.js';
import type { Path } from '../policy/place.js';
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
  if (
    types.includes('string') &&
    fitsQuoted(text, part) &&
    (typeof data === 'number' || typeof data === 'boolean')
  ) {
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
    ...remedy(data, path, types, text, keys),
  };
}

/** Whether quotes are all that is missing: a rate of 10 wants a unit too. */
function fitsQuoted(text: string, { pattern }: Fault['part']): boolean {
  return pattern === undefined || new RegExp(pattern, 'u').test(text);
}

function remedy(
  data: unknown,
  path: Path,
  types: readonly string[],
  text: string,
  keys: readonly string[],
): { hint?: string } {
  // A condition on a path or a host.
  if (typeof data === 'string' && keys.includes('exact') && keys.includes('prefix')) {
    return { hint: `write {exact: ${text}} or {prefix: ${text}}` };
  }
  if (data === null) return { hint: 'write a value, or leave the key out' };
  // As other Kubernetes objects have it.
  if (path.at(-1) === 'matchLabels' && types.includes('string')) {
    return { hint: 'write the labels themselves: {app: web}' };
  }
  if (Array.isArray(data) && path.at(-1) === 'when') {
    return { hint: 'write {all: […]} or {any: […]}' };
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

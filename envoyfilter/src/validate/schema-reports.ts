// schema-reports: what a JSON schema validator complains of, as one good report for each fault.
// A validator tells of every branch that did not fit; here the branch that was meant is found by the
// type of what came, and the rest is left unsaid.

import type { ErrorObject } from 'ajv';
import type { PolicyDocument } from '../policy/document.js';
import { type Path, pathText } from '../policy/place.js';
import { conditionFault, isConditionError } from './condition-fault.js';
import { suggestion } from './nearest.js';
import { type Fault, type Part, type SchemaReport, wantedOf } from './schema-fault.js';
import { typeFault } from './type-fault.js';
import { named, oneOf, quoted } from './words.js';

/** Of several faults of one value the first of these is told. */
const ORDER = [
  'type',
  'const',
  'enum',
  'not',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  'dependentRequired',
] as const;
const UNIONS = new Set(['oneOf', 'anyOf']);
/** What a value of the wrong branch breaks. */
const OF_BRANCHES = new Set(['type', 'const', 'enum']);
/** Say that another error stands beside them. */
const WRAPPERS = new Set(['if', 'propertyNames']);

export function schemaReports(
  errors: readonly ErrorObject[],
  document: PolicyDocument,
): SchemaReport[] {
  const faults = errors
    .filter(({ keyword }) => !WRAPPERS.has(keyword))
    .map((error) => ({
      ...error,
      path: pathOf(error),
      part: (error.parentSchema ?? {}) as Part,
    }));
  const places = new Map<string, Fault[]>();
  for (const fault of faults) {
    const place = pathText(fault.path);
    places.set(place, [...(places.get(place) ?? []), fault]);
  }
  return [...places.values()].flatMap((here) => reportsAt(here, faults, document));
}

function reportsAt(
  here: readonly Fault[],
  faults: readonly Fault[],
  document: PolicyDocument,
): SchemaReport[] {
  const [first] = here;
  if (first === undefined) return [];
  const conditions = here.filter(isConditionError);
  // Branches of a union that want another key: the union itself is told.
  const rest = here.filter((fault) => !conditions.includes(fault) && !isBranch(fault));
  const reports = [
    ...withoutMisspelt(rest.flatMap(keyReport)),
    ...(conditions.length > 0 ? conditionFault(first, conditions) : []),
  ];
  const all = rest.filter(({ keyword }) => UNIONS.has(keyword));
  // Of keys: one of several must be there, whatever else is wrong.
  const ofKeys = all.filter(isOfKeys);
  reports.push(...ofKeys.slice(-1).map((union) => unionReport(union, document)));
  const unions = all.filter((union) => !ofKeys.includes(union));
  const values = rest.filter(({ keyword }) => (ORDER as readonly string[]).includes(keyword));
  if (unions.length === 0) return [...reports, ...valueReport(values, document)];
  return [...reports, ...branchReports(unions, values, reports.length > 0, faults, document)];
}

/** Of a union of types: the branch that was meant, or what the union wants. */
function branchReports(
  unions: readonly Fault[],
  values: readonly Fault[],
  isTold: boolean,
  faults: readonly Fault[],
  document: PolicyDocument,
): SchemaReport[] {
  const [union] = unions.slice(-1);
  if (union === undefined) return [];
  const { data } = union;
  // Who wrote an object meant one.
  if (typeof data === 'object' && data !== null) {
    const own = valueReport(
      values.filter(({ keyword }) => !OF_BRANCHES.has(keyword)),
      document,
    );
    const isInside = isTold || own.length > 0 || faults.some((fault) => isBelow(fault, union));
    if (isInside) return own;
  }
  const text = values.find(({ keyword, params }) => keyword === 'type' && params.type === 'string');
  const isQuotable = typeof data === 'number' || typeof data === 'boolean';
  return [
    text !== undefined && isQuotable ? typeFault(text, document) : unionReport(union, document),
  ];
}

/** Each branch wants a key. */
function isOfKeys({ schema }: Fault): boolean {
  return Array.isArray(schema) && schema.every((branch: Part) => branch.required !== undefined);
}

/** A key that is missing because it is misspelt is told once. */
function withoutMisspelt(reports: readonly SchemaReport[]): SchemaReport[] {
  const meant = reports.flatMap(
    ({ hint }) => /^did you mean "(.*)"\?$/.exec(hint ?? '')?.[1] ?? [],
  );
  return reports.filter(
    ({ message }) => !meant.some((key) => message.startsWith(`found no "${key}",`)),
  );
}

function keyReport(fault: Fault): SchemaReport[] {
  const { keyword, params, path, part } = fault;
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty);
    const known = Object.keys(part.properties ?? {});
    const wanted = known.length === 0 ? 'none' : `one of ${known.join(', ')}`;
    return [
      {
        rule: 'unknown-key',
        path: [...path, key],
        atKey: true,
        message: `found the key ${quoted(key)}, wanted ${wanted}`,
        ...(key === '<<'
          ? { hint: 'merge keys are of YAML 1.1 only: write the keys out' }
          : suggestion(key, known)),
      },
    ];
  }
  if (keyword === 'required') {
    const key = String(params.missingProperty);
    const words = wordsFor(key, part);
    return [{ rule: 'missing-key', path, message: `found no "${key}", wanted it here${words}` }];
  }
  if (keyword === 'dependentRequired') {
    const { property, missingProperty } = params as Record<string, string>;
    return [
      {
        rule: 'missing-key',
        path: [...path, property ?? ''],
        atKey: true,
        message: `found "${property}" without "${missingProperty}", wanted both or neither`,
      },
    ];
  }
  return [];
}

/** What belongs behind a key that is missing. */
function wordsFor(key: string, part: Part): string {
  const { description, enum: words } = (part.properties?.[key] ?? {}) as Part;
  if (words !== undefined) return `: one of ${words.join(', ')}`;
  const about = part.type === undefined ? part.errorMessage?.replace(/^wanted /, '') : undefined;
  const text = about ?? description;
  return text === undefined ? '' : `: ${text.replace(/\.$/, '')}`;
}

function valueReport(faults: readonly Fault[], document: PolicyDocument): SchemaReport[] {
  const rank = ({ keyword }: Fault) => (ORDER as readonly string[]).indexOf(keyword);
  const [fault] = faults
    .filter(({ keyword }) => keyword !== 'dependentRequired')
    .sort((a, b) => rank(a) - rank(b));
  if (fault === undefined) return [];
  const { keyword, path, part, data, propertyName } = fault;
  if (keyword === 'type') return [typeFault(fault, document)];
  const isKey = propertyName !== undefined;
  if (
    keyword === 'pattern' &&
    DIVIDERS.test(String(isKey ? propertyName : data)) &&
    isLabel(fault)
  ) {
    return [dividerReport(fault)];
  }
  const found = isKey ? `the key ${quoted(propertyName)}` : foundIn(fault);
  // What a reserved name breaks stands beside the name's own rule.
  const rule =
    keyword === 'not' || keyword === 'pattern' ? (part.rule ?? 'wrong-value') : 'wrong-value';
  return [
    {
      rule: part.rule === 'percent-needs-identity' ? part.rule : rule,
      path,
      ...(isKey && { atKey: true }),
      message: `found ${found}, wanted ${wantedOf(fault)}`,
      ...(keyword === 'enum' &&
        typeof data !== 'object' &&
        wordMeant(String(data), (part.enum ?? []).map(String))),
    },
  ];
}

/** Of an object with too many keys, these. */
function foundIn({ keyword, data }: Fault): string {
  const keys = keyword === 'maxProperties' ? Object.keys(data as object) : [];
  if (keys.length === 0 || keys.length > 4) return named(data);
  return oneOf(
    keys.map((key) => quoted(key)),
    'and',
  );
}

/** Also `off`, which every other tool takes for it. */
function wordMeant(word: string, words: readonly string[]): { hint?: string } {
  const isOff = words.includes('disabled') && /^(off|no|none|false)$/i.test(word);
  return isOff ? { hint: 'did you mean "disabled"?' } : suggestion(word, words);
}

/** What divides the labels in a metric's name. */
const DIVIDERS = /;\.;|=\.=|;\.$/;

function isLabel({ schema }: Fault): boolean {
  return String(schema).includes(';\\.;');
}

function dividerReport({ path, data, propertyName }: Fault): SchemaReport {
  const text = quoted(String(propertyName ?? data));
  return {
    rule: 'label-divider',
    path,
    ...(propertyName !== undefined && { atKey: true }),
    message: `found ${text}, wanted a text without ;.; and =.=, which divide the labels of a metric`,
  };
}

function unionReport(fault: Fault, document: PolicyDocument): SchemaReport {
  const { part, path, data } = fault;
  if (part.errorMessage === undefined) return typeFault(fault, document);
  const isTogether = part.rule !== undefined;
  const found = isTogether ? '"percent" without an identity' : named(data);
  return {
    rule: part.rule ?? 'wrong-value',
    path: isTogether ? [...path, 'percent'] : path,
    message: `found ${found}, wanted ${wantedOf(fault)}`,
    ...(typeof data === 'string' && suggestion(data, wordsOf(part))),
  };
}

/** The words among which a text was to be, where a union has some. */
function wordsOf(part: Part): string[] {
  const branches = (part as { oneOf?: Part[] }).oneOf ?? [];
  return branches.flatMap(({ enum: words }) => (words ?? []).map(String));
}

/** `{required: [KEY]}` and nothing else: a branch of a union. */
function isBranch({ keyword, part }: Fault): boolean {
  return keyword === 'required' && part.properties === undefined;
}

function isBelow({ path }: Fault, { path: above }: Fault): boolean {
  return path.length > above.length && above.every((step, index) => step === path[index]);
}

/** Of the key, where a key is wrong. */
function pathOf({ instancePath, propertyName }: ErrorObject): Path {
  const steps = instancePath.split('/').slice(1);
  const path = steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const placed = path.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return propertyName === undefined ? placed : [...placed, propertyName];
}

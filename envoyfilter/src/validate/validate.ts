// validate: everything that is to be said of policies: how they are written, what the schema wants,
// what the rules know, and what the filter itself says.
// Promise: the same findings in the same order for the same texts, and no text makes it throw.

import type { ErrorObject } from 'ajv';
import { documentsOf, type PolicyDocument, type Source } from '../policy/document.js';
import type { Finding } from '../policy/finding.js';
import { type Path, pathText } from '../policy/place.js';
import {
  API_VERSION,
  type FilterSpec,
  type Policy,
  type RouteSpec,
  withDefaults,
} from '../policy/policy.js';
import { loadValidator } from '../policy/schema.js';
import { isFault } from './fault.js';
import { nearest, suggestion } from './nearest.js';
import type { Placed, Report, Subject } from './rule.js';
import { RULES, ruleOf } from './rules/index.js';
import { schemaReports } from './schema-reports.js';
import { named, quoted } from './words.js';
import { yamlTraps } from './yaml-traps.js';

/** A text in which policies are looked for. */
export interface Input extends Source {
  /** Found in a folder: documents of other kinds are skipped. Default false. */
  readonly isFound?: boolean;
}

export interface ValidateOptions {
  /** The module that each entry is tried on; absent: none is. */
  readonly module?: Uint8Array;
}

export interface Validated {
  /** In the order of files, lines and columns. */
  readonly findings: readonly Finding[];
  /** Those that the schema accepts, whatever rules say of them, with their defaults. */
  readonly policies: readonly Policy[];
  /** Documents that are policies, or were to be. */
  readonly count: number;
}

/** A policy, the document it came from, and what is found in it. */
interface Checked {
  readonly subject: Subject;
  readonly document: PolicyDocument;
  readonly findings: Finding[];
}

export async function validate(
  inputs: readonly Input[],
  options: ValidateOptions = {},
): Promise<Validated> {
  const findings: Finding[] = [];
  const documents: PolicyDocument[] = [];
  for (const input of inputs) {
    const read = readInput(input);
    findings.push(...read.findings);
    documents.push(...read.documents);
  }
  const [first] = inputs;
  if (first !== undefined && documents.length === 0 && !findings.some((one) => isFault(one))) {
    findings.push(noPolicy(first.name));
  }
  const validator = documents.length > 0 ? await loadValidator() : undefined;
  const checked = documents.map((document) => {
    const isSound = validator?.(document.value) === true;
    return checkedBySchema(document, isSound ? [] : (validator?.errors ?? []));
  });
  checkRules(checked);
  if (options.module !== undefined) {
    const { moduleChecker } = await import('./module-check.js');
    const reportsOn = moduleChecker(options.module);
    for (const one of checked) add(one, 'module-refuses', reportsOn(withoutErrors(one)));
  }
  findings.push(...checked.flatMap((one) => one.findings));
  const files = inputs.map(({ name }) => name);
  return {
    findings: sorted(findings, files),
    policies: checked.filter(({ subject }) => subject.isWhole).map(({ subject }) => subject.policy),
    count: documents.length,
  };
}

function readInput(input: Input): { findings: Finding[]; documents: PolicyDocument[] } {
  const findings: Finding[] = [];
  const documents: PolicyDocument[] = [];
  const all = documentsOf(input);
  for (const document of all) {
    // Not everything in a folder that ends in .yaml is YAML: templates are not.
    const isOthers = input.isFound === true && !input.text.includes('tagalong/');
    if (document.problems.length > 0) {
      const said = document.problems.map(({ rule, message, hint, range }) => {
        const place = document.rangePlace(range);
        return {
          rule,
          severity: 'error' as const,
          message,
          path: '$',
          place,
          ...(hint && { hint }),
        };
      });
      findings.push(...said.map((one) => (isOthers ? { ...one, severity: 'info' as const } : one)));
    } else if (isPolicy(document.value)) {
      documents.push(document);
    } else {
      findings.push(headFinding(document, input.isFound === true));
    }
  }
  if (all.length === 0 && input.isFound !== true) findings.push(noPolicy(input.name));
  return { findings, documents };
}

function noPolicy(file: string): Finding {
  const place = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const message = 'found no policy, wanted one: it begins with "apiVersion: tagalong/v1"';
  return { rule: 'no-policy', severity: 'error', message, path: '$', place };
}

function isPolicy(value: unknown): boolean {
  return headOf(value).apiVersion === API_VERSION && headOf(value).kind === 'Policy';
}

function headOf(value: unknown): { apiVersion?: unknown; kind?: unknown } {
  return typeof value === 'object' && value !== null ? value : {};
}

function headFinding(document: PolicyDocument, isFound: boolean): Finding {
  const { apiVersion, kind } = headOf(document.value);
  const keys = Object.keys(headOf(document.value));
  const isOurs = typeof apiVersion === 'string' && /tagalong/i.test(apiVersion);
  const isRight = apiVersion === API_VERSION;
  const [key, value] = isRight ? ['kind', kind] : ['apiVersion', apiVersion];
  const isObject = isRecord(document.value);
  const found = !isObject
    ? named(document.value)
    : value === undefined
      ? `no "${key}"`
      : `${key} ${named(value)}`;
  const wanted = isRight ? 'kind "Policy"' : `apiVersion "${API_VERSION}"`;
  const isSkipped = isFound && !isOurs;
  const hint = headHint(key, value, keys);
  return {
    rule: 'not-a-policy',
    severity: isSkipped ? 'info' : 'error',
    message: `found ${found}, wanted ${wanted}${isSkipped ? ': skipped' : ''}`,
    path: isObject ? key : '$',
    place: document.placeOf(isObject ? [key] : []),
    ...hint,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function headHint(key: string, value: unknown, keys: readonly string[]): { hint?: string } {
  if (typeof value === 'string')
    return suggestion(value, [key === 'kind' ? 'Policy' : API_VERSION]);
  if (keys.some((one) => /^\/[/*]/.test(one)))
    return { hint: 'comments begin with #, in JSON too' };
  const near = keys.find((one) => nearest(one, [key]) !== undefined);
  return near === undefined ? {} : { hint: `is ${quoted(near)} to be "${key}"?` };
}

function checkedBySchema(document: PolicyDocument, errors: readonly ErrorObject[]): Checked {
  const reports = schemaReports(errors, document);
  const told = new Set(reports.map(({ path }) => pathText(path)));
  const traps = yamlTraps(document).filter(({ path }) => !told.has(pathText(path)));
  const one: Checked = {
    document,
    findings: [],
    subject: subjectOf(document.value, reports),
  };
  for (const report of reports) add(one, report.rule, [report]);
  add(one, 'quote-it', traps);
  return one;
}

/** What the schema refuses is left out: rules rely on types. */
function subjectOf(value: unknown, reports: readonly Report[]): Subject {
  const wrong = reports.map(({ path }) => path);
  const isSound = (...path: Path) =>
    !wrong.some((other) => path.every((step, index) => other[index] === step));
  const isReadable = !wrong.some(([top, section, item]) => {
    if (top !== 'spec') return true;
    return section === undefined || (LISTS.has(section) && item === undefined);
  });
  if (!isReadable) return { policy: NOTHING, filters: [], routes: [], isWhole: false };
  const read = withDefaults(value as Policy);
  const sections = Object.entries(read.spec).filter(
    ([section]) => isSound('spec', section) || LISTS.has(section),
  );
  const spec: Policy['spec'] = { filters: [], ...Object.fromEntries(sections) };
  const policy = { ...read, spec };
  const sound = <T>(list: readonly T[], section: string): Placed<T>[] =>
    list.flatMap((spec, index) =>
      isSound('spec', section, index) ? [{ index, spec, path: ['spec', section, index] }] : [],
    );
  return {
    policy,
    filters: sound<FilterSpec>(policy.spec.filters, 'filters'),
    routes: sound<RouteSpec>(policy.spec.routes ?? [], 'routes'),
    isWhole: wrong.length === 0,
  };
}

/** Sections of which each item is sound or not. */
const LISTS = new Set<string | number>(['filters', 'routes']);
const NOTHING: Policy = { metadata: { name: '', namespace: '' }, spec: { filters: [] } };

function checkRules(all: readonly Checked[]): void {
  const readable = all.filter(({ subject }) => subject.policy !== NOTHING);
  for (const { id, check, checkAll } of RULES) {
    if (check !== undefined) {
      for (const one of readable) add(one, id, [...check(one.subject)]);
    }
    for (const { subject, ...report } of checkAll?.(readable.map((one) => one.subject)) ?? []) {
      const one = readable.find((other) => other.subject === subject);
      if (one !== undefined) add(one, id, [report]);
    }
  }
}

/** The entries that nothing is wrong with so far: the filter would only say it again. */
function withoutErrors({ subject, findings }: Checked): Subject {
  const wrong = findings.filter((finding) => isFault(finding)).map(({ path }) => path);
  const isFree = (index: number) => {
    const place = `spec.filters[${index}]`;
    return !wrong.some((path) => path === place || path.startsWith(`${place}.`));
  };
  return { ...subject, filters: subject.filters.filter(({ index }) => isFree(index)) };
}

function add({ document, findings }: Checked, rule: string, reports: readonly Report[]): void {
  const severity = ruleOf(rule)?.severity ?? 'error';
  for (const { path, message, hint, atKey } of reports) {
    findings.push({
      rule,
      severity,
      message,
      ...(hint !== undefined && { hint }),
      path: pathText(path),
      place: document.placeOf(path, atKey === true ? 'key' : 'value'),
    });
  }
}

function sorted(findings: readonly Finding[], files: readonly string[]): Finding[] {
  const order = new Map(files.map((file, index) => [file, index]));
  const rank = ({ place }: Finding) => order.get(place.file) ?? files.length;
  const seen = new Set<string>();
  return [...findings]
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column ||
        (a.rule < b.rule ? -1 : Number(a.rule > b.rule)),
    )
    .filter(({ rule, path, message, place }) => {
      const key = [rule, path, message, place.file, place.line].join('\0');
      return !seen.has(key) && seen.add(key);
    });
}

// document: one YAML document of a file, as data, and where each part of it stands.
// Promise: no text makes it throw: what cannot be read is a problem with a place. Aliases are
// bounded, and nothing is nested so deep that who walks the data runs out of stack.

import {
  Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  visit,
} from 'yaml';
import type { Place } from './finding.js';
import type { Path } from './place.js';
import { oddText } from './text-problems.js';
import { keyTwice, type Problem, problemOf, TOO_DEEP, unreadable } from './yaml-problems.js';

/** A text, and what the user calls it. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** A plain scalar, as it is written: YAML versions may differ about it. */
export interface PlainScalar {
  readonly path: Path;
  /** Whether it is a key of its path's parent. */
  readonly isKey: boolean;
  readonly text: string;
}

/** The filter itself reads 32 levels; a policy has a few more around them. */
const DEPTH_MAX = 64;
/** How often aliases may stand for their anchors, those inside of them multiplied. */
const ALIASES_MAX = 1000;
const PROBLEMS_MAX = 5;
/** Tags such as !!binary stand for no data that JSON has. */
const OPTIONS = {
  prettyErrors: false,
  logLevel: 'silent',
  resolveKnownTags: false,
  // Theirs compares each key with all before it.
  uniqueKeys: false,
} as const;

export class PolicyDocument {
  readonly source: Source;
  /** What was read; undefined where there are problems. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  readonly #document: Document | undefined;
  readonly #lines: LineCounter;

  /** @internal Made by documentsOf(). @param read what was parsed, or why nothing was */
  constructor(source: Source, lines: LineCounter, read: Document | Problem) {
    this.source = source;
    this.#lines = lines;
    this.#document = read instanceof Document ? read : undefined;
    const { value, problems } = read instanceof Document ? readValue(read, source) : noValue(read);
    this.value = value;
    this.problems = problems.slice(0, PROBLEMS_MAX);
  }

  /**
   * Where something stands: its value, or the key before it; for a list or an object its key, and
   * for what is not there the nearest thing around it.
   */
  placeOf(path: Path, part: 'value' | 'key' = 'value'): Place {
    const { node, key, missing } = this.#find(path);
    const range = rangeOf(node);
    const wantsKey = part === 'key' || missing || isCollection(node) || isEmpty(range);
    const keyRange = rangeOf(key);
    if (wantsKey && keyRange !== undefined) return this.rangePlace(keyRange);
    if (isMap(node)) return this.rangePlace(rangeOf(node.items[0]?.key) ?? range);
    if (isSeq(node) && range !== undefined) return this.rangePlace([range[0], range[0] + 1]);
    return this.rangePlace(range);
  }

  /** A scalar as the file has it, quotes included; undefined for all else. */
  textOf(path: Path): string | undefined {
    const { node, missing } = this.#find(path);
    const range = rangeOf(node);
    if (missing || !isScalar(node) || range === undefined) return undefined;
    return this.source.text.slice(...range);
  }

  /** @param range offsets in the text; undefined: its beginning */
  rangePlace(range: readonly [number, number] = [0, 0]): Place {
    const end = Math.max(range[1], range[0]);
    const from = this.#lines.linePos(range[0]);
    const to = this.#lines.linePos(end);
    // Before the first line's number is known, as in an empty text.
    const line = Math.max(from.line, 1);
    return {
      file: this.source.name,
      line,
      column: Math.max(from.col, 1),
      endLine: Math.max(to.line, line),
      endColumn: Math.max(to.col, 1),
    };
  }

  /** Every plain scalar, keys too; behind aliases nothing is seen twice. */
  *plainScalars(): Generator<PlainScalar> {
    yield* scalarsOf(this.#document?.contents, []);
  }

  #find(path: Path): { node: unknown; key: unknown; missing: boolean } {
    let node: unknown = this.#document?.contents;
    let key: unknown;
    for (const step of path) {
      if (isAlias(node) && this.#document) node = node.resolve(this.#document);
      if (isMap(node)) {
        const pair = node.items.find((item) => keyOf(item.key) === String(step));
        if (pair === undefined) return { node, key, missing: true };
        key = pair.key;
        node = pair.value;
      } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
        key = undefined;
        node = node.items[step];
      } else {
        return { node, key, missing: true };
      }
    }
    return { node, key, missing: false };
  }
}

/** The documents of a text, empty ones left out. */
export function documentsOf({ name, text }: Source): PolicyDocument[] {
  const lines = new LineCounter();
  const source = { name, text: text.replace(/^\ufeff/, '') };
  const odd = oddText(source.text);
  if (odd !== undefined) {
    for (const { index } of source.text.matchAll(/\n/g)) lines.addNewLine(index + 1);
    lines.lineStarts.unshift(0);
    return [new PolicyDocument(source, lines, odd)];
  }
  return parsed(source.text, lines)
    .map((read) => new PolicyDocument(source, lines, read))
    .filter(({ value, problems }) => (value ?? undefined) !== undefined || problems.length > 0);
}

function parsed(text: string, lineCounter: LineCounter): readonly (Document | Problem)[] {
  try {
    const documents = parseAllDocuments(text, { ...OPTIONS, lineCounter });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    // The parser descends by recursion.
    return [unreadable(error)];
  }
}

interface Read {
  readonly value?: unknown;
  readonly problems: readonly Problem[];
}

function noValue(...problems: Problem[]): Read {
  return { problems };
}

function readValue(document: Document, { text }: Source): Read {
  const [error] = [...document.errors, ...document.warnings];
  try {
    // What follows a fault of syntax commonly comes of it.
    const problems = [
      ...(error === undefined ? [] : [problemOf(error, text)]),
      ...keysTwice(document.contents),
    ];
    if (problems.length > 0) return { problems };
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
    return isTooDeep(value, new Set()) ? noValue(TOO_DEEP) : { value, problems: [] };
  } catch (error) {
    const problem = unreadable(error);
    const range = problem.alias === undefined ? undefined : aliasRange(document, problem.alias);
    return noValue({ ...problem, ...(range && { range }) });
  }
}

/** As data 1 and "1" are one key. */
function keysTwice(node: unknown): Problem[] {
  if (isSeq(node)) return node.items.flatMap(keysTwice);
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const name = keyOf(key);
    const range = rangeOf(key);
    const twice = seen.has(name) ? [keyTwice(name, range)] : [];
    seen.add(name);
    return [...twice, ...keysTwice(value)];
  });
}

/** Where an alias of this name stands first. */
function aliasRange(document: Document, name: string): readonly [number, number] | undefined {
  let range: readonly [number, number] | undefined;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.source !== name) return undefined;
      range = rangeOf(alias);
      return visit.BREAK;
    },
  });
  return range;
}

/** Also where something stands inside itself, by an alias. */
function isTooDeep(value: unknown, above: Set<unknown>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.has(value) || above.size > DEPTH_MAX) return true;
  above.add(value);
  const deep = Object.values(value).some((inner) => isTooDeep(inner, above));
  above.delete(value);
  return deep;
}

function* scalarsOf(node: unknown, path: Path): Generator<PlainScalar> {
  if (isScalar(node) && node.type === 'PLAIN' && node.source !== undefined) {
    yield { path, isKey: false, text: node.source };
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) yield* scalarsOf(item, [...path, index]);
  } else if (isMap(node)) {
    for (const { key, value } of node.items) {
      const inner = [...path, keyOf(key)];
      if (isScalar(key) && key.type === 'PLAIN' && key.source !== undefined) {
        yield { path: inner, isKey: true, text: key.source };
      }
      yield* scalarsOf(value, inner);
    }
  }
}

/** As toJS() names it. */
function keyOf(key: unknown): string {
  if (!isScalar(key)) return String(key);
  return key.value === null ? '' : String(key.value);
}

function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (!isScalar(node) && !isCollection(node) && !isAlias(node)) return undefined;
  return node.range ? [node.range[0], node.range[1]] : undefined;
}

function isEmpty(range: readonly [number, number] | undefined): boolean {
  return range === undefined || range[0] === range[1];
}

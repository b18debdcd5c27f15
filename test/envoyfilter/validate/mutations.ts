// mutations: ways in which a policy goes wrong, each of which must be refused.

import { stringify } from 'yaml';
import type { Path } from '../../../envoyfilter/src/policy/place.js';

export interface Mutation {
  readonly name: string;
  readonly text: string;
  /** What was changed; undefined: the text. */
  readonly path?: Path;
}

type Json = unknown;

/** Objects whose keys are the user's own. */
const OWN_KEYS = new Set([
  'selector',
  'versions',
  'labels',
  'faults',
  'direct',
  'stable',
  'canary',
  'headers',
  'tag',
]);
const REQUIRED = new Set([
  ...['apiVersion', 'kind', 'metadata', 'spec', 'filters', 'at', 'value', 'rate', 'versions'],
  ...['fixed', 'attempts', 'hosts', 'allow', 'variable'],
]);
/** Texts that may hold anything. */
const FREE = new Set([
  ...['exact', 'prefix', 'suffix', 'contains', 'regex', 'query', 'body', 'variable'],
]);
/** Nothing of a policy is this. */
const NOTHING_LIKE_IT = [[[]]];

/** @param text of a sound policy */
export function mutationsOf(value: Json, text: string): Mutation[] {
  const ofData = [...nodes(value, [])].flatMap(({ path, node }) => ofNode(value, path, node));
  return [...ofData, ...ofText(text)];
}

function* nodes(node: Json, path: Path): Generator<{ path: Path; node: Json }> {
  if (path.length > 0) yield { path, node };
  if (typeof node !== 'object' || node === null) return;
  for (const [key, inner] of Object.entries(node)) {
    yield* nodes(inner, [...path, Array.isArray(node) ? Number(key) : key]);
  }
}

function ofNode(value: Json, path: Path, node: Json): Mutation[] {
  const key = path.at(-1);
  const parent = path.at(-2);
  const set = (to: Json) => (holder: Record<string, Json>) => {
    holder[key!] = to;
  };
  const made = (name: string, change: (holder: Record<string, Json>) => void): Mutation => {
    const copy = structuredClone(value);
    const holder = path
      .slice(0, -1)
      .reduce<Json>((at, step) => (at as Record<string, Json>)[step], copy);
    change(holder as Record<string, Json>);
    return { name: `${name} ${path.join('.')}`, path, text: stringify(copy) };
  };
  const list = [made('retyped', set(NOTHING_LIKE_IT))];
  const isOwn = OWN_KEYS.has(String(parent)) || (parent === 'when' && path.includes('versions'));
  if (typeof key === 'string' && !isOwn) {
    list.push(
      made('renamed', (holder) => {
        holder[`${key}x`] = holder[key];
        delete holder[key];
      }),
      made('doubled', (holder) => {
        holder[`${key}-`] = holder[key];
      }),
    );
    const isOf = (list: string, ...keys: string[]) => path.at(-3) === list && keys.includes(key);
    const isRequired =
      REQUIRED.has(key) || isOf('tags', 'header') || isOf('routes', 'host', 'default', 'tag');
    if (isRequired) {
      list.push(
        made('dropped', (holder) => {
          delete holder[key];
        }),
      );
    }
  }
  if (typeof node === 'number') list.push(made('below zero', set(-1)));
  if (typeof node === 'boolean') list.push(made('a word', set('maybe')));
  if (typeof node === 'string') {
    list.push(made('a number', set(7)));
    const isFree = FREE.has(String(key)) || parent === 'in' || path.at(-3) === 'when';
    if (!isFree) list.push(made('broken', set('a\u0000 b')));
  }
  return list;
}

function ofText(text: string): Mutation[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const instead = (name: string, ...now: string[]): Mutation => ({
      name: `${name} in line ${index + 1}`,
      text: [...lines.slice(0, index), ...now, ...lines.slice(index + 1)].join('\n'),
    });
    const code = line.replace(/ #.*$/, '');
    const plain = /^( *)([a-zA-Z]+): ([a-zA-Z]+)$/.exec(code);
    const isQuotable = /: [a-z]/.test(code) && !text.slice(text.indexOf(line)).includes('"');
    return [
      instead('a bracket', code.replace(/\S/, '[$&')),
      ...(isQuotable ? [instead('a quote', code.replace(/: /, ': "'))] : []),
      ...(plain ? [instead('yes', `${plain[1]}${plain[2]}: yes`)] : []),
      ...(plain ? [instead('a key twice', line, line)] : []),
      ...(/^ /.test(line) ? [instead('a tab', line.replace(/^ +/, '\t'))] : []),
    ];
  });
}

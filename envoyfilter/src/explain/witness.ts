// witness: requests that make a condition true, or not. Pure.
// It tries what is plain: each leaf on its own, the first way that works. Where leaves contradict
// one another the request may miss; whoever needs to know asks the filter.

import type { Comparison, Source, When } from '../policy/sections.js';
import { leavesOf, operatorsOf, type Tree, treeOf } from './condition.js';
import { sampleOf } from './regex-sample.js';

/** A request in parts that can be changed one by one. */
export interface Draft {
  method: string;
  path: string;
  host: string | undefined;
  /** The client's address. */
  ip: string | undefined;
  readonly headers: Map<string, string>;
  readonly cookies: Map<string, string>;
  readonly query: Map<string, string>;
}

/** Makes a tag have a value, or not; answers whether it knows how. */
export type TagWish = (draft: Draft, tag: string, value: string, wanted: boolean) => boolean;

export function emptyDraft(): Draft {
  return {
    method: 'GET',
    path: '/',
    host: undefined,
    ip: undefined,
    headers: new Map(),
    cookies: new Map(),
    query: new Map(),
  };
}

export function copyOf(draft: Draft): Draft {
  const { headers, cookies, query } = draft;
  return {
    ...draft,
    headers: new Map(headers),
    cookies: new Map(cookies),
    query: new Map(query),
  };
}

/** The parts of a request that a draft stands for. */
export interface DraftedRequest {
  readonly method: string;
  readonly path: string;
  readonly authority?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly sourceAddress?: string;
}

export function requestOf({
  method,
  path,
  host,
  ip,
  headers,
  cookies,
  query,
}: Draft): DraftedRequest {
  const fields = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    method,
    path: fields.length === 0 ? path : `${path}?${fields.join('&')}`,
    ...(host === undefined ? {} : { authority: host }),
    headers: [...headers, ...(cookie === '' ? [] : [['cookie', cookie] as const])],
    ...(ip === undefined ? {} : { sourceAddress: ip }),
  };
}

/** Changes the draft; false where it knows no way. */
export function satisfy(when: When, wanted: boolean, draft: Draft, tag: TagWish): boolean {
  return satisfyTree(treeOf(when), wanted, draft, tag);
}

/** Gives the header, cookie or field of a leaf another value than is wanted; false: it has none. */
function differ(when: When, draft: Draft): boolean {
  const { header, cookie, query } = when;
  const value = otherThan(when);
  if (header !== undefined) draft.headers.set(header.toLowerCase(), value);
  else if (cookie !== undefined) draft.cookies.set(cookie, value);
  else if (query !== undefined) draft.query.set(query, value);
  else return false;
  return true;
}

/** Requests like `met`, one part of the condition turned at a time, both ways. */
export function flipped(when: When | undefined, met: Draft, tag: TagWish): Draft[] {
  if (when === undefined) return [];
  const tree = treeOf(when);
  const turned = partsOf(tree).flatMap((part) =>
    [true, false].map((wanted) => {
      const draft = copyOf(met);
      satisfyTree(part, wanted, draft, tag);
      return draft;
    }),
  );
  return [...turned, ...leavesOf(tree).flatMap((leaf) => differing(leaf, met))];
}

/** Puts a value where a source reads it. */
export function putSource(draft: Draft, source: Source, value: string): void {
  if (source.header !== undefined) draft.headers.set(source.header.toLowerCase(), value);
  else if (source.cookie !== undefined) draft.cookies.set(source.cookie, value);
  else if (source.query !== undefined) draft.query.set(source.query, value);
}

function satisfyTree(tree: Tree, wanted: boolean, draft: Draft, tag: TagWish): boolean {
  if (tree.kind === 'leaf') return satisfyLeaf(tree.when, wanted, draft, tag);
  if (tree.kind === 'not') return satisfyTree(tree.of, !wanted, draft, tag);
  const needsAll = (tree.kind === 'all') === wanted;
  return needsAll
    ? tree.of.every((part) => satisfyTree(part, wanted, draft, tag))
    : tree.of.some((part) => satisfyTree(part, wanted, draft, tag));
}

function satisfyLeaf(when: When, wanted: boolean, draft: Draft, tag: TagWish): boolean {
  const { header, cookie, query, path, host, method, ip } = when;
  if (when.tag !== undefined) {
    const [[name = '', value = ''] = []] = Object.entries(when.tag);
    return tag(draft, name, value, wanted);
  }
  if (method !== undefined) {
    const all = [...method, 'GET', 'POST', 'PUT', 'TAGALONG'];
    draft.method = all.find((word) => method.includes(word) === wanted) ?? 'GET';
    return true;
  }
  if (ip !== undefined) {
    draft.ip = wanted ? firstAddress(ip[0] ?? '') : outside(ip);
    return true;
  }
  const operators = operatorsOf(when);
  const value = valueFor(operators, wanted);
  if (value === undefined) return false;
  // Where it is not wanted: gone, but for a value that is something else already.
  const put = (map: Map<string, string>, name: string) => {
    if (wanted || operators.present !== undefined) set(map, name, value);
    else if (map.get(name) === value) map.delete(name);
  };
  if (header !== undefined) put(draft.headers, header.toLowerCase());
  if (cookie !== undefined) put(draft.cookies, cookie);
  if (query !== undefined) put(draft.query, query);
  const text = (wanted ? value : null) ?? otherThan(operators);
  if (host !== undefined) draft.host = text;
  // A request without a path is no request.
  if (path !== undefined) draft.path = text.startsWith('/') ? text : `/${text}`;
  return true;
}

function set(map: Map<string, string>, name: string, value: string | null): void {
  if (value === null) map.delete(name);
  else map.set(name, value);
}

/** Null: absent; undefined: not known. */
function valueFor(operators: Comparison, wanted: boolean): string | null | undefined {
  const { exact, prefix, suffix, contains, regex, template, present } = operators;
  if (present !== undefined) return present === wanted ? 'any' : null;
  const text = exact ?? prefix ?? suffix ?? contains ?? operators.in?.[0];
  if (text !== undefined) return text;
  return regex === undefined ? template?.replace(/\{[^}]*\}/g, '1') : sampleOf(regex);
}

/** Something that no operator is likely to hold of. */
function otherThan({ contains }: Comparison): string {
  return contains?.includes('other') === true ? 'else' : 'other';
}

function firstAddress(network: string): string {
  return network.replace(/\/.*$/, '').replace(/::$/, '::1');
}

/** An address that is likely in none of the networks. */
function outside(networks: readonly string[]): string {
  const starts = networks.map((network) => network.split(/[.:/]/)[0]);
  const first = [198, 203, 192, 8, 1].find((number) => !starts.includes(String(number))) ?? 9;
  return `${first}.51.100.7`;
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

/** The condition, and all that it is made of. */
function partsOf(tree: Tree): Tree[] {
  if (tree.kind === 'leaf') return [tree];
  return [tree, ...(tree.kind === 'not' ? [tree.of] : tree.of).flatMap(partsOf)];
}

/** A value is there, and another one. */
function differing(leaf: When, met: Draft): Draft[] {
  const draft = copyOf(met);
  return differ(leaf, draft) ? [draft] : [];
}

// condition: a `when` as a tree, and why it is true or not of a request, in words.
// The truth of each leaf comes from outside: from the filter itself (probe.ts).

import type { Comparison, When } from '../policy/sections.js';
import { fromBytes } from './bytes.js';
import {
  authorityOf,
  clientAddress,
  cookieValues,
  headerValues,
  hostWithoutPort,
  pathOf,
  queryValues,
  type Scene,
} from './scene.js';

export type Tree =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Tree[] }
  | { readonly kind: 'not'; readonly of: Tree }
  | { readonly kind: 'leaf'; readonly when: When };

/** Whether a leaf is true; undefined where nobody knows. */
export type Truth = (leaf: When) => boolean | undefined;

/** A leaf that a verdict rests upon. */
export interface Leaf {
  /** What came and what was wanted. */
  readonly text: string;
  readonly holds: boolean;
}

/** Leaves that are told in a reason; the others are counted. */
const TOLD_MAX = 3;
/** Characters of a value in a reason. */
const SHOWN_MAX = 60;
const OPERATORS = ['exact', 'prefix', 'suffix', 'contains', 'in', 'regex', 'template'] as const;

/** An object is the AND of its keys; `tag: {a: x, b: y}` is two leaves. */
export function treeOf(when: When): Tree {
  const { header, cookie, query, path, host, method, ip, tag, all, any, not, ...operators } = when;
  const of: Tree[] = [];
  const leaf = (part: When) => of.push({ kind: 'leaf', when: part });
  if (header !== undefined) leaf({ header, ...operators });
  if (cookie !== undefined) leaf({ cookie, ...operators });
  if (query !== undefined) leaf({ query, ...operators });
  if (path !== undefined) leaf({ path });
  if (host !== undefined) leaf({ host });
  if (method !== undefined) leaf({ method });
  if (ip !== undefined) leaf({ ip });
  for (const [name, value] of Object.entries(tag ?? {})) leaf({ tag: { [name]: value } });
  if (all !== undefined) of.push({ kind: 'all', of: all.map(treeOf) });
  if (any !== undefined) of.push({ kind: 'any', of: any.map(treeOf) });
  if (not !== undefined) of.push({ kind: 'not', of: treeOf(not) });
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'all', of };
}

/** In the order of the file. */
export function leavesOf(tree: Tree): When[] {
  if (tree.kind === 'leaf') return [tree.when];
  return tree.kind === 'not' ? leavesOf(tree.of) : tree.of.flatMap(leavesOf);
}

/** Undefined where a leaf that it rests upon is not known. */
export function truthOf(tree: Tree, truth: Truth): boolean | undefined {
  if (tree.kind === 'leaf') return truth(tree.when);
  if (tree.kind === 'not') {
    const inner = truthOf(tree.of, truth);
    return inner === undefined ? undefined : !inner;
  }
  const decides = tree.kind === 'any';
  const parts = tree.of.map((part) => truthOf(part, truth));
  if (parts.includes(decides)) return decides;
  return parts.includes(undefined) ? undefined : !decides;
}

/** The leaves that a verdict rests upon: one that fails an AND, all that hold in it; and so on. */
export function decisive(tree: Tree, truth: Truth, scene: Scene, negated = false): Leaf[] {
  if (tree.kind === 'leaf') {
    const holds = truth(tree.when) === true;
    return [{ text: leafText(tree.when, scene, holds, negated), holds }];
  }
  if (tree.kind === 'not') return decisive(tree.of, truth, scene, !negated);
  const short = tree.kind === 'any';
  const deciding = tree.of.find((part) => truthOf(part, truth) === short);
  const parts = deciding === undefined ? tree.of : [deciding];
  return parts.flatMap((part) => decisive(part, truth, scene, negated));
}

/** The leaves as one line. */
export function reasonOf(leaves: readonly Leaf[]): string {
  const told = leaves.slice(0, TOLD_MAX).map(({ text }) => text);
  const left = leaves.length - told.length;
  return [...told, ...(left > 0 ? [`and ${left} more`] : [])].join('; ');
}

function leafText(when: When, scene: Scene, holds: boolean, negated: boolean): string {
  const { subject, found } = subjectOf(when, scene);
  const operand = operandText(when);
  const came = `${subject} is ${found}`;
  // `present` says itself what is wanted.
  if (operand === undefined) {
    return holds === negated
      ? `${came}, wanted ${isPresent(when) === negated ? 'absent' : 'present'}`
      : came;
  }
  if (holds) return negated ? `${came}, which ${operand} excludes` : `${came} (${operand})`;
  return negated ? `${came}, not ${operand}` : `${came}, wanted ${operand}`;
}

function subjectOf(when: When, scene: Scene): { subject: string; found: string } {
  const { header, cookie, query, path, host, method, tag } = when;
  if (header !== undefined) return shown(`header ${header}`, headerValues(scene, header));
  if (cookie !== undefined) return shown(`cookie ${cookie}`, cookieValues(scene, cookie));
  if (query !== undefined) return shown(`query ${query}`, queryValues(scene, query));
  if (path !== undefined) return shown('path', present(pathOf(scene)));
  if (host !== undefined) return shown('host', present(authorityOf(scene)).map(hostWithoutPort));
  if (method !== undefined) return shown('method', headerValues(scene, ':method'));
  if (tag !== undefined) {
    const [name = ''] = Object.keys(tag);
    return shown(`tag ${name}`, present(scene.tags.get(name.toLowerCase())));
  }
  return shown('client', present(clientAddress(scene)));
}

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}

function shown(subject: string, values: readonly string[]): { subject: string; found: string } {
  return { subject, found: values.length === 0 ? 'absent' : values.map(quote).join(' and ') };
}

/** A value of the request or of the policy, shortened. */
export function quote(value: string): string {
  const text = fromBytes(value);
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}

function operandText(when: When): string | undefined {
  if (when.method !== undefined) return `one of ${when.method.join(', ')}`;
  if (when.ip !== undefined) return `an address in ${when.ip.join(', ')}`;
  if (when.tag !== undefined) return `exact ${quote(Object.values(when.tag)[0] ?? '')}`;
  const operators = operatorsOf(when);
  const name = OPERATORS.find((operator) => operators[operator] !== undefined);
  if (name === undefined) return undefined;
  const operand = operators[name];
  const text =
    typeof operand === 'string' ? JSON.stringify(operand) : operand?.map(quote).join(', ');
  return `${name} ${text}${operators.ignoreCase === true ? ' in any case' : ''}`;
}

function isPresent(when: When): boolean {
  return operatorsOf(when).present === true;
}

/** Those of the leaf's subject. */
export function operatorsOf(when: When): Comparison {
  return when.path ?? when.host ?? when;
}

// policies: what the tests of validate share: texts, and what is said of them.

import { readFileSync } from 'node:fs';
import type { Finding } from '../../../envoyfilter/src/policy/finding.js';
import { type Input, validate } from '../../../envoyfilter/src/validate/validate.js';
import { wasmBytes } from '../../harness/wasm.js';

export const HEAD =
  'apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: shop, namespace: shop}\n';

/** A policy of these lines below `spec:`; a text that has a head is taken as it is. */
export function policyText(spec: string): string {
  if (spec.includes('apiVersion')) return spec;
  return `${HEAD}spec:\n${spec.replace(/^(?=.)/gm, '  ')}`;
}

/** Of one text, the filter itself not asked. */
export async function findingsOf(text: string): Promise<readonly Finding[]> {
  return findingsOfAll([{ name: 'policy.yaml', text }]);
}

export async function findingsOfAll(inputs: readonly Input[]): Promise<readonly Finding[]> {
  return (await validate(inputs)).findings;
}

/** The filter itself is asked too. */
export async function allFindingsOf(text: string): Promise<readonly Finding[]> {
  return (await validate([{ name: 'policy.yaml', text }], { module: wasmBytes() })).findings;
}

export function rulesIn(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ rule }) => rule))].sort();
}

/** `line:column rule`, for tables. */
export function brief({ place, rule }: Finding): string {
  return `${place.line}:${place.column} ${rule}`;
}

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const [, shown = ''] = /```yaml\n([\s\S]*?)```/.exec(read('README.md')) ?? [];

/** Policies that people read, by where they stand. */
export const SHOWN: readonly (readonly [where: string, text: string])[] = [
  ['README.md', shown],
  ['the demo', read('test/demo/policy.yaml')],
  ['the design', read('test/envoyfilter/validate/fixtures/design.yaml')],
];

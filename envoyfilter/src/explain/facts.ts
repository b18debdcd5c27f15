// facts: what is known of one passage through an entry, besides the policy: the filter's lines, the
// truth of conditions, what the request looked like. Pure.

import type { FilterEntry } from '../policy/policy.js';
import type { When } from '../policy/sections.js';
import type { BucketOf } from './bucket.js';
import { quoted, toBytes, unquoted } from './bytes.js';
import { decisive, type Leaf, type Truth, treeOf, truthOf } from './condition.js';
import type { Pairs, Scene } from './scene.js';
import type { Line } from './trace.js';

export interface Facts {
  readonly entry: FilterEntry;
  readonly lines: readonly Line[];
  /** Of every condition's leaves but those that ask for a tag; undefined: nobody was asked. */
  readonly truth: Truth | undefined;
  readonly scene: Omit<Scene, 'tags'>;
  /** The request's headers as they go on. */
  readonly after: Pairs;
  readonly bucketOf: BucketOf;
  /** Seconds until a rejected request may come back, where the answer says so. */
  readonly retryAfter: string | undefined;
}

export type LineOf<K extends Line['kind']> = Extract<Line, { kind: K }>;

export function linesOf<K extends Line['kind']>(facts: Facts, kind: K): LineOf<K>[] {
  return facts.lines.filter((line): line is LineOf<K> => line.kind === kind);
}

/** As the filter shows bytes: cut. */
export function shownOf(bytes: string): string {
  return unquoted(quoted(bytes));
}

/** As the filter shows a text of the policy. */
export function asShown(text: string): string {
  return shownOf(toBytes(text));
}

/** Undefined where the truth is not known. */
export function leavesFor(facts: Facts, when: When | undefined, scene: Scene): Leaf[] | undefined {
  if (when === undefined || facts.truth === undefined) return undefined;
  const tree = treeOf(when);
  const truth = withTags(facts.truth, scene);
  return truthOf(tree, truth) === undefined ? undefined : decisive(tree, truth, scene);
}

/** Leaves that ask for a tag, by the tags that are decided. */
export function withTags(truth: Truth, { tags }: Scene): Truth {
  return (when) => {
    if (when.tag === undefined) return truth(when);
    const [[name = '', value = ''] = []] = Object.entries(when.tag);
    return tags.get(name.toLowerCase()) === asShown(value);
  };
}

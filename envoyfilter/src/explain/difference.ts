// difference: which requests of a corpus two sets of policies treat differently, by class.
// Promise: the same corpus gives the same answer; what a request left behind is forgotten before
// the next one, so that none depends on another.

import type { Labels, Policy } from '../policy/policy.js';
import { filterEntries } from '../policy/policy.js';
import { bucketFunction } from './bucket.js';
import {
  BURST_MAX,
  type CorpusItem,
  type CorpusOptions,
  corpusOf,
  EDGE,
  SHARE,
  shareKey,
} from './corpus.js';
import { curlCommand } from './curl.js';
import { Explainer, selects } from './explainer.js';
import { changesBetween, type Observed, observe } from './observed.js';
import { keyOf } from './outcome.js';
import { rateOf, sectionsOf } from './sections.js';
import type { SentRequest } from './sent-request.js';
import { type Workload, workloadsOf } from './workload.js';

export interface DifferenceClass {
  readonly at: Workload['at'];
  readonly namespace: string;
  readonly labels: Labels;
  /** What was tried, as `rule x-traffic-tag/testers`. */
  readonly group: string;
  /** `x-traffic-tag: stable -> canary`. */
  readonly changes: readonly string[];
  readonly count: number;
  /** Of so many that were tried in the group. */
  readonly of: number;
  readonly unit: CorpusItem['unit'];
  readonly example: {
    readonly request: string;
    readonly times: number;
    readonly old: Observed;
    readonly new: Observed;
  };
}

export interface Difference {
  /** Requests that were tried, each as often as it is repeated. */
  readonly requests: number;
  readonly classes: readonly DifferenceClass[];
  /** What could not be tried to its end, one line each. */
  readonly notes: readonly string[];
}

/** Nothing takes longer to come back than a token of 1/h, nor is remembered for longer. */
const LONGEST_MS = 3_600_000;

export interface DifferenceOptions {
  /** Requests instead of those that are made from both policies; they follow one another. */
  readonly sent?: readonly SentRequest[];
  /** At proxies of this kind only. */
  readonly at?: Workload['at'];
  /** Identities for each share; default 1000. */
  readonly identities?: number;
}

/** @throws EntryRefusedError where the filter does not take an entry */
export async function differenceOf(
  before: readonly Policy[],
  after: readonly Policy[],
  { sent, at, identities }: DifferenceOptions = {},
): Promise<Difference> {
  const classes: DifferenceClass[] = [];
  let requests = 0;
  const bucketOf = await bucketFunction();
  const old = new Set(shareKeys(before));
  const settled = new Set(shareKeys(after).filter((key) => old.has(key)));
  const options = { bucketOf, settled, ...(identities === undefined ? {} : { identities }) };
  const workloads = workloadsOf([...before, ...after]);
  for (const workload of workloads.filter((one) => at === undefined || one.at === at)) {
    const pair: Pair = { workload, before, after };
    const items = sent === undefined ? generated(pair, options) : sent.map(itemOf);
    const found = await compare(pair, items, sent === undefined);
    requests += found.requests;
    classes.push(...found.classes);
  }
  const notes = sent === undefined ? untriedIn([...before, ...after]) : [];
  return { requests, classes, notes };
}

function shareKeys(policies: readonly Policy[]): string[] {
  return policies
    .flatMap(filterEntries)
    .flatMap((entry) =>
      (sectionsOf(entry).tags ?? []).flatMap((tag) =>
        (tag.rules ?? [])
          .filter(({ percent }) => percent !== undefined)
          .map((rule) => shareKey(entry, tag, rule)),
      ),
    );
}

function itemOf({ atMs, source: _, ...request }: SentRequest): CorpusItem {
  const item = { request, group: 'requests', unit: 'requests' } as const;
  return atMs === undefined ? item : { ...item, atMs };
}

interface Pair {
  readonly workload: Workload;
  readonly before: readonly Policy[];
  readonly after: readonly Policy[];
}

/** From the entries that run in the workload, of both. */
function generated({ workload, before, after }: Pair, options: CorpusOptions): CorpusItem[] {
  const { at, namespace, labels } = workload;
  const items = [before, after].flatMap((policies) =>
    policies
      .flatMap(filterEntries)
      .filter((entry) => entry.direction === at && entry.namespace === namespace)
      .filter(({ selector }) => selects(selector, labels))
      .flatMap((entry) => corpusOf(entry, policies, options)),
  );
  const merged = new Map<string, CorpusItem>();
  for (const item of items) {
    const key = JSON.stringify([item.group, item.unit, item.request]);
    const known = merged.get(key);
    merged.set(key, known === undefined ? item : together(known, item));
  }
  return [...merged.values()];
}

/** One request of both policies: sent as often and as fast as either of them needs. */
function together(one: CorpusItem, other: CorpusItem): CorpusItem {
  if (one.repeat === undefined || other.repeat === undefined) return other;
  const count = Math.max(one.repeat.count, other.repeat.count);
  return { ...one, repeat: { count, everyMs: Math.min(one.repeat.everyMs, other.repeat.everyMs) } };
}

async function compare(
  { workload, before, after }: Pair,
  items: readonly CorpusItem[],
  independent: boolean,
): Promise<Omit<Difference, 'notes'>> {
  const { at, namespace, labels } = workload;
  const options = { namespace, labels, steps: false };
  const sides = {
    old: await Explainer.of(before, options),
    new: await Explainer.of(after, options),
  };
  const wait = (ms: number) => {
    for (const side of [sides.old, sides.new]) side.advance(ms);
  };
  const sizes = new Map<string, number>();
  const classes = new Map<string, { -readonly [K in keyof DifferenceClass]: DifferenceClass[K] }>();
  let requests = 0;
  for (const [index, item] of items.entries()) {
    const { count, everyMs } = item.repeat ?? { count: 1, everyMs: 0 };
    const seed = index + 1;
    if (item.atMs !== undefined) wait(Math.max(0, item.atMs - sides.new.nowMs));
    const ask = { ...item.request, at: item.calls === true ? ('sidecar' as const) : at, seed };
    const old = observe(sides.old, ask, count, everyMs);
    const now = observe(sides.new, ask, count, everyMs);
    if (independent) wait((count + 1) * LONGEST_MS);
    requests += count;
    sizes.set(item.group, (sizes.get(item.group) ?? 0) + 1);
    if (keyOf(old) === keyOf(now)) continue;
    const changes = changesBetween(old, now, count);
    const key = JSON.stringify([item.group, changes]);
    const known = classes.get(key);
    if (known !== undefined) {
      known.count += 1;
      continue;
    }
    const { group, unit } = item;
    const request = curlCommand(item.request);
    const example = { request, times: count, old, new: now };
    classes.set(key, { at, namespace, labels, group, changes, count: 1, of: 0, unit, example });
  }
  const all = [...classes.values()].map((one) => ({ ...one, of: sizes.get(one.group) ?? 0 }));
  return { requests, classes: all.filter((one) => !isTold(one, all)) };
}

/** Those at the edge of a share are only worth a word where nobody else moves. */
function isTold({ group, changes }: DifferenceClass, all: readonly DifferenceClass[]): boolean {
  const share = group.replace(EDGE, SHARE);
  const same = (other: readonly string[]) => JSON.stringify(other) === JSON.stringify(changes);
  return group.startsWith(EDGE) && all.some((one) => one.group === share && same(one.changes));
}

/** Bursts that are larger than anybody waits for. */
function untriedIn(policies: readonly Policy[]): string[] {
  const notes = policies.flatMap(filterEntries).flatMap((entry) =>
    (sectionsOf(entry).limits ?? [])
      .map((limit) => ({ name: limit.name, ...rateOf(limit) }))
      .filter(({ burst }) => burst > BURST_MAX)
      .map(
        ({ name, burst }) =>
          `limit ${name} of ${entry.id}: tried with ${BURST_MAX} requests, its burst is ${burst}`,
      ),
  );
  return [...new Set(notes)];
}

// corpus: requests that try every rule, condition and limit of an entry, on both sides. Pure.
// One entry at a time, and where it runs; `diff` sends them through two policies, tests through
// whatever they like.

import { type Direction, type PlacedEntry, type Policy, versionsOf } from '../policy/policy.js';
import type { LimitSpec, Source, TagRule, TagSpec } from '../policy/sections.js';
import type { BucketOf } from './bucket.js';
import { edgesOf, identified, identify } from './identities.js';
import { rateOf, ruleName, saltOf, sectionsOf } from './sections.js';
import {
  copyOf,
  type Draft,
  type DraftedRequest,
  emptyDraft,
  flipped,
  requestOf,
  satisfy,
  type TagWish,
} from './witness.js';

export interface CorpusItem {
  readonly request: DraftedRequest;
  /** What it tries, as `rule x-traffic-tag/ten-percent`; those of one group count together. */
  readonly group: string;
  /** What the group counts. */
  readonly unit: 'requests' | 'identities';
  /** Sent so often, one each `everyMs`; default once. */
  readonly repeat?: { readonly count: number; readonly everyMs: number };
  /** At `inbound`: what comes of the call that the application makes then, with its request id. */
  readonly calls?: true;
  /** Virtual time, where it matters; default: that of the request before. */
  readonly atMs?: number;
}

export interface CorpusOptions {
  /** Identities for each share; default 1000. */
  readonly identities?: number;
  /** With it, two identities for each share stand on both sides of its edge. */
  readonly bucketOf?: BucketOf;
  /** Shares, by `shareKey`, that need no more than a few identities. */
  readonly settled?: ReadonlySet<string>;
}

/** Groups of visitors: of a share, and those at its edge. */
export const SHARE = 'share of ';
export const EDGE = 'edge of ';

const IDENTITIES = 1000;
/** Of a share that is settled. */
const SETTLED_IDENTITIES = 50;
/** Requests that a limit is tried with, at most: larger bursts are tried up to this. */
export const BURST_MAX = 2000;

/** Equal requests of one group are in it once. */
export function corpusOf(
  entry: PlacedEntry,
  policies: readonly Policy[],
  options: CorpusOptions = {},
): CorpusItem[] {
  const items = new Builder(entry, policies, options).items();
  const keys = new Set<string>();
  return items.filter((item) => {
    const key = JSON.stringify(item);
    return !keys.has(key) && keys.add(key);
  });
}

/** Equal for shares that take the same visitors of the same requests. */
export function shareKey(entry: PlacedEntry, tag: TagSpec, rule: TagRule): string {
  const { client, paths } = sectionsOf(entry);
  return JSON.stringify([tag.header, saltOf(entry, tag, rule), rule, client, paths]);
}

class Builder {
  readonly #tags: readonly TagSpec[];
  readonly #limits: readonly LimitSpec[];
  readonly #direction: Direction;
  readonly #policies: readonly Policy[];
  readonly #entry: PlacedEntry;
  readonly #options: CorpusOptions;

  constructor(entry: PlacedEntry, policies: readonly Policy[], options: CorpusOptions) {
    const { tags = [], limits = [] } = sectionsOf(entry);
    this.#entry = entry;
    this.#tags = tags;
    this.#limits = limits;
    this.#direction = entry.direction;
    this.#policies = policies;
    this.#options = options;
  }

  items(): CorpusItem[] {
    return [
      once(emptyDraft(), 'a plain request'),
      ...this.#versionItems(),
      ...this.#callItems(),
      ...this.#tags.flatMap((tag) => [
        ...this.#incomingItems(tag),
        ...(tag.rules ?? []).flatMap((rule, at) => this.#ruleItems(tag, rule, at)),
      ]),
      ...this.#limits.flatMap((limit) => this.#limitItems(limit)),
    ];
  }

  /** Tags that lead to a version, together. */
  #versionItems(): CorpusItem[] {
    return this.#policies
      .flatMap(({ spec }) => spec.routes ?? [])
      .flatMap(versionsOf)
      .map((version) => {
        const draft = emptyDraft();
        for (const [name, value] of Object.entries(version.when)) {
          draft.headers.set(name.toLowerCase(), value);
        }
        return once(draft, 'tags that lead to a version');
      });
  }

  /** Tags that come in and are found again when the application calls. */
  #callItems(): CorpusItem[] {
    if (this.#direction !== 'inbound') return [];
    return [...this.#versionItems(), ...this.#tags.flatMap((tag) => this.#incomingItems(tag))].map(
      ({ group, ...item }) => ({ ...item, group: `a call after ${group}`, calls: true }),
    );
  }

  /** Values that the policy knows, and one that nobody does, as header and as baggage. */
  #incomingItems(tag: TagSpec): CorpusItem[] {
    const { header, incoming, rules = [] } = tag;
    const known = [
      ...(typeof incoming === 'object' ? incoming.allow : []),
      ...rules.flatMap(({ value }) => (typeof value === 'string' ? value : [])),
      ...(tag.default === undefined ? [] : [tag.default]),
    ];
    const group = `tag ${header} that comes in`;
    return [...new Set([...known, 'tagalong-unknown'])].flatMap((value) => {
      const draft = emptyDraft();
      draft.headers.set(header.toLowerCase(), value);
      const carried = emptyDraft();
      carried.headers.set('baggage', `${header.toLowerCase()}=${value}`);
      return [once(draft, group), ...(tag.carry === undefined ? [] : [once(carried, group)])];
    });
  }

  #ruleItems(tag: TagSpec, rule: TagRule, at: number): CorpusItem[] {
    const group = `rule ${tag.header}/${ruleName(rule, at)}`;
    const met = this.#meeting(rule, tag, at);
    const drafts = [met, ...flipped(rule.when, met, this.#wish(undefined))];
    const { value, percent, identity = [], mint } = rule;
    if (typeof value !== 'string') {
      for (const draft of drafts.slice()) {
        const copied = copyOf(draft);
        copied.headers.set(value.header.toLowerCase(), 'tagalong-copied');
        drafts.push(copied);
      }
    }
    const items = drafts.map((draft) => once(draft, group));
    if (percent === undefined) return items;
    const sources: Source[] = [
      ...identity,
      ...(mint === undefined ? [] : [{ cookie: mint.cookie }]),
    ];
    const [first, ...others] = sources;
    const share = first === undefined ? [] : this.#share(tag, rule, met, first, group);
    return [...items, ...share, ...others.map((source) => once(identified(met, source, 0), group))];
  }

  /** Meets the rule, and as far as possible none before it. */
  #meeting(rule: TagRule, tag: TagSpec, at: number): Draft {
    const draft = emptyDraft();
    const wish = this.#wish(tag);
    for (const before of (tag.rules ?? []).slice(0, at)) {
      if (before.when !== undefined) satisfy(before.when, false, draft, wish);
    }
    if (rule.when !== undefined) satisfy(rule.when, true, draft, wish);
    if (typeof rule.value !== 'string') {
      draft.headers.set(rule.value.header.toLowerCase(), 'tagalong-copied');
    }
    return draft;
  }

  /** Visitors spread over the share, and those at its edge. */
  #share(tag: TagSpec, rule: TagRule, met: Draft, source: Source, group: string): CorpusItem[] {
    const { identities = IDENTITIES, bucketOf, settled } = this.#options;
    const isSettled = settled?.has(shareKey(this.#entry, tag, rule)) === true;
    const count = isSettled ? Math.min(identities, SETTLED_IDENTITIES) : identities;
    const edges =
      isSettled || bucketOf === undefined
        ? []
        : edgesOf(this.#entry, saltOf(this.#entry, tag, rule), rule.percent ?? 0, source, bucketOf);
    const visit = (number: number, name: string) =>
      visitor(identified(met, source, number), name + group);
    return [
      ...Array.from({ length: count }, (_, number) => visit(number, SHARE)),
      ...edges.map((number) => visit(number, EDGE)),
    ];
  }

  #limitItems(limit: LimitSpec): CorpusItem[] {
    const group = `limit ${limit.name}`;
    const met = emptyDraft();
    if (limit.when !== undefined) satisfy(limit.when, true, met, this.#wish(undefined));
    for (const source of limit.per ?? []) identify(met, source, 0);
    const request = requestOf(met);
    const { burst, intervalNs } = rateOf(limit);
    const count = Math.min(burst + 2, BURST_MAX);
    const paced = { count: Math.min(2 * burst + 4, BURST_MAX), everyMs: intervalNs / 2e6 };
    return [
      { request, group, unit: 'requests', repeat: { count, everyMs: 0 } },
      // Twice as fast as it admits.
      { request, group: `${group}, for a while`, unit: 'requests', repeat: paced },
      ...flipped(limit.when, met, this.#wish(undefined)).map((draft) => ({
        ...once(draft, group),
        repeat: { count, everyMs: 0 },
      })),
    ];
  }

  /** How a tag comes to a value: it is kept, or the first rule that says so is met. */
  #wish(own: TagSpec | undefined): TagWish {
    return (draft, name, value, wanted) => {
      const tag = this.#tags.find(
        (other) => other !== own && other.header.toLowerCase() === name.toLowerCase(),
      );
      if (tag === undefined) return false;
      const { incoming = this.#direction === 'gateway' ? 'strip' : 'trust', rules = [] } = tag;
      const kept =
        incoming === 'trust' || (typeof incoming === 'object' && incoming.allow.includes(value));
      if (kept && wanted) draft.headers.set(name.toLowerCase(), value);
      if (!wanted) draft.headers.delete(name.toLowerCase());
      if (kept) return true;
      const rule = rules.find((other) => other.value === value && other.dryRun !== true);
      if (rule?.when === undefined) return (tag.default === value) === wanted;
      return satisfy(rule.when, wanted, draft, () => false);
    };
  }
}

function once(draft: Draft, group: string): CorpusItem {
  return { request: requestOf(draft), group, unit: 'requests' };
}

function visitor(draft: Draft, group: string): CorpusItem {
  return { ...once(draft, group), unit: 'identities' };
}

// shares: the rules of policies that take a share of identities, and whom they take. Pure.

import { isIP } from 'node:net';
import { filterEntries, type Policy } from '../policy/policy.js';
import { networkText } from './address.js';
import { type BucketOf, percentFor, thresholdOf } from './bucket.js';
import { sourceName } from './scene.js';
import { ruleName, saltOf, sectionsOf } from './sections.js';

export interface Share {
  /** NAMESPACE/POLICY/ENTRY. */
  readonly entry: string;
  readonly tag: string;
  readonly rule: string;
  readonly percent: number;
  readonly salt: string;
  /** Where the rule looks for an identity, in its order. */
  readonly identity: readonly string[];
  /** As it is hashed: an address without the bits that do not tell clients apart. */
  readonly hashed: string;
  /** 0..9999. */
  readonly bucket: number;
  readonly taken: boolean;
  /** The smallest percent that takes it. */
  readonly takenFrom: number;
}

/** Both directions of a sidecar's entry have the same shares: they are told once. */
export function sharesOf(
  policies: readonly Policy[],
  identity: string,
  bucketOf: BucketOf,
  name?: string,
): Share[] {
  const seen = new Set<string>();
  const entries = policies
    .flatMap(filterEntries)
    .filter(({ id }) => !seen.has(id) && seen.add(id) !== undefined);
  return entries.flatMap((entry) => {
    const { tags = [], client } = sectionsOf(entry);
    return tags.flatMap((tag) =>
      (tag.rules ?? []).flatMap((rule, at): Share[] => {
        const called = ruleName(rule, at);
        if (rule.percent === undefined || (name !== undefined && called !== name)) return [];
        const salt = saltOf(entry, tag, rule);
        const sources = rule.identity ?? [];
        const isAddress = sources.some(({ ip }) => ip !== undefined) && isIP(identity) !== 0;
        const hashed = isAddress ? networkText(identity, client?.prefix) : identity;
        const bucket = bucketOf(salt, hashed);
        return [
          {
            entry: entry.id,
            tag: tag.header,
            rule: called,
            percent: rule.percent,
            salt,
            identity: [
              ...sources.map(sourceName),
              ...(rule.mint ? [`minted ${rule.mint.cookie}`] : []),
            ],
            hashed,
            bucket,
            taken: bucket < thresholdOf(rule.percent),
            takenFrom: percentFor(bucket),
          },
        ];
      }),
    );
  });
}

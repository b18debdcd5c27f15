// identities: made-up visitors, each with a number, as the sources of a policy see them. Pure.

import type { FilterEntry } from '../policy/policy.js';
import type { Source } from '../policy/sections.js';
import { networkText } from './address.js';
import { BUCKETS, type BucketOf, thresholdOf } from './bucket.js';
import { sectionsOf } from './sections.js';
import { copyOf, type Draft, putSource } from './witness.js';

/** One bucket of ten thousand is missed by one search in four hundred. */
const EDGE_TRIES = 60_000;

/** A copy of the request, as this visitor sends it. */
export function identified(draft: Draft, source: Source, number: number): Draft {
  const copy = copyOf(draft);
  identify(copy, source, number);
  return copy;
}

export function identify(draft: Draft, source: Source, number: number): void {
  if (source.ip === undefined) {
    putSource(draft, source, identityText(number));
    return;
  }
  draft.ip = addressText(number);
  draft.headers.set('x-forwarded-for', draft.ip);
}

/** Visitors in the last bucket that a share takes, and in the first that it does not. */
export function edgesOf(
  entry: FilterEntry,
  salt: string,
  percent: number,
  source: Source,
  bucketOf: BucketOf,
): number[] {
  const threshold = thresholdOf(percent);
  const wanted = new Set([threshold - 1, threshold].filter((edge) => edge >= 0 && edge < BUCKETS));
  const { client } = sectionsOf(entry);
  const found: number[] = [];
  for (let number = 0; number < EDGE_TRIES && wanted.size > 0; number += 1) {
    const text =
      source.ip === undefined
        ? identityText(number)
        : networkText(addressText(number), client?.prefix);
    if (wanted.delete(bucketOf(salt, text))) found.push(number);
  }
  return found;
}

function identityText(number: number): string {
  return `user-${number}`;
}

/** Networks of /24 and longer tell these apart. */
function addressText(number: number): string {
  return `10.${(number >> 8) & 0xff}.${number & 0xff}.1`;
}

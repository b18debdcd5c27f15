// trace: the lines in which the filter explains a request (filter/assembly/features/explain.ts), as
// data. Promise: a line that is none of them is left out; names and values are bytes, cut to 64.

import { unquoted } from './bytes.js';

export type Line =
  | {
      readonly kind: 'incoming';
      readonly tag: string;
      readonly value: string | undefined;
      readonly verdict: 'kept' | 'stripped' | 'nothing came';
    }
  | {
      readonly kind: 'rule';
      readonly tag: string;
      readonly rule: string;
      readonly verdict: RuleWord;
    }
  | {
      readonly kind: 'bucket';
      readonly tag: string;
      readonly rule: string;
      readonly bucket: number;
      readonly below: number;
    }
  | { readonly kind: 'result'; readonly tag: string; readonly value: string | undefined }
  | {
      readonly kind: 'limit';
      readonly limit: string;
      readonly verdict: LimitWord;
      readonly left: number;
    }
  | {
      readonly kind: 'propagate';
      readonly verdict: 'stored' | 'not stored' | 'found' | 'found nothing';
      readonly by: string | undefined;
    };

export type RuleWord =
  | 'matched'
  | 'would match (dry run)'
  | 'no match'
  | 'no value to copy'
  | 'no identity';
export type LimitWord = 'admitted' | 'rejected' | 'would be admitted' | 'would be rejected';

const TEXT = '"(?:[^"\\\\]|\\\\.)*"';
const INCOMING = new RegExp(`^tag (${TEXT})(?: came as (${TEXT}))?: (kept|stripped|nothing came)$`);
const BUCKET = new RegExp(`^tag (${TEXT}) rule (${TEXT}): bucket (\\d+), in below (\\d+)$`);
const RULE = new RegExp(`^tag (${TEXT}) rule (${TEXT}): (.+)$`);
const RESULT = new RegExp(`^tag (${TEXT}) is (?:not set|(${TEXT}))$`);
const LIMIT = new RegExp(`^limit (${TEXT}): ([a-z ]+)(?:, tokens left: (\\d+))?$`);
const PROPAGATE = /^propagate (stored|not stored|found nothing|found)(?: by (.+))?$/;

/** What the entry of this id said in these lines of the log. */
export function traceOf(id: string, messages: readonly string[]): Line[] {
  const start = `tagalong explain ${id}: `;
  return messages
    .filter((message) => message.startsWith(start))
    .flatMap((message) => lineOf(message.slice(start.length)) ?? []);
}

function lineOf(text: string): Line | undefined {
  return tagLine(text) ?? limitLine(text) ?? propagateLine(text);
}

function tagLine(text: string): Line | undefined {
  let found = INCOMING.exec(text);
  if (found !== null) {
    const [, tag = '', value, verdict] = found;
    const came = value === undefined ? undefined : unquoted(value);
    return { kind: 'incoming', tag: unquoted(tag), value: came, verdict: verdict as 'kept' };
  }
  found = BUCKET.exec(text);
  if (found !== null) {
    const [, tag = '', rule = '', bucket, below] = found;
    const numbers = { bucket: Number(bucket), below: Number(below) };
    return { kind: 'bucket', tag: unquoted(tag), rule: unquoted(rule), ...numbers };
  }
  found = RULE.exec(text);
  if (found !== null) {
    const [, tag = '', rule = '', verdict] = found;
    return { kind: 'rule', tag: unquoted(tag), rule: unquoted(rule), verdict: verdict as RuleWord };
  }
  found = RESULT.exec(text);
  if (found === null) return undefined;
  const [, tag = '', value] = found;
  return { kind: 'result', tag: unquoted(tag), value: value && unquoted(value) };
}

function limitLine(text: string): Line | undefined {
  const found = LIMIT.exec(text);
  if (found === null) return undefined;
  const [, limit = '', verdict, left = '0'] = found;
  return {
    kind: 'limit',
    limit: unquoted(limit),
    verdict: verdict as LimitWord,
    left: Number(left),
  };
}

function propagateLine(text: string): Line | undefined {
  const found = PROPAGATE.exec(text);
  if (found === null) return undefined;
  const [, verdict, by] = found;
  return { kind: 'propagate', verdict: verdict as 'stored', by };
}

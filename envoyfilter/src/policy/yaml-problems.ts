// yaml-problems: what a YAML parser complains of, in our words.

import type { YAMLError } from 'yaml';

/** Something that keeps a document from being read at all. */
export interface Problem {
  readonly rule: 'yaml-syntax' | 'yaml-duplicate-key' | 'yaml-aliases';
  readonly message: string;
  readonly hint?: string;
  /** Offsets in the text; undefined: nowhere in particular. */
  readonly range?: readonly [number, number];
}

type Words = readonly [message: string, hint?: string];

const QUOTE = 'a text that holds ": ", " #" or begins with one of []{}&*!|>%@` wants quotes';

/** What commonly lies behind an error, by its code. */
const WORDS: Partial<Record<YAMLError['code'], Words>> = {
  RESOURCE_EXHAUSTION: ['found values nested too deep, wanted at most 64 levels'],
  TAB_AS_INDENT: ['found a tab in the indentation, wanted blanks'],
  BLOCK_AS_IMPLICIT_KEY: ['found a second "key: value" on one line, wanted one', QUOTE],
  MULTILINE_IMPLICIT_KEY: [
    'found a key that goes over several lines, wanted "key: value" on one',
    'is a colon missing, or a quote at the end of a text?',
  ],
  BAD_INDENT: [
    'found an indentation that fits nothing around it, wanted that of the lines beside it',
  ],
  TAG_RESOLVE_FAILED: ['found a YAML tag that a policy has no use for, wanted none'],
  BAD_DQ_ESCAPE: [
    'found an escape that YAML does not know, wanted one that it does',
    'single quotes take a backslash as it is',
  ],
  BAD_SCALAR_START: ['found a character that no plain text begins with, wanted quotes', QUOTE],
};

export function problemOf({ code, message, pos }: YAMLError, text: string): Problem {
  const range = [pos[0], Math.max(pos[1], pos[0] + 1)] as const;
  if (code === 'DUPLICATE_KEY') {
    const [key = ''] = /^[^\s:,{}]+/.exec(text.slice(pos[0])) ?? [];
    return {
      rule: 'yaml-duplicate-key',
      message: `found the key ${JSON.stringify(key.slice(0, 60))} twice, wanted it once`,
      hint: 'the one that stands last would silently win',
      range,
    };
  }
  const [words, hint] = WORDS[code] ?? [`no YAML: ${message.replace(/\s+/g, ' ').trim()}`];
  return { rule: 'yaml-syntax', message: words, ...(hint && { hint }), range };
}

export const TOO_DEEP: Problem = {
  rule: 'yaml-syntax',
  message: 'found values nested too deep, wanted at most 64 levels',
};

/** What the parser throws, for a document as a whole. */
export function unreadable(error: unknown): Problem {
  if (error instanceof RangeError) return TOO_DEEP;
  const text = error instanceof Error ? error.message : String(error);
  const [, alias] = /^Unresolved alias .*: (.*)$/.exec(text) ?? [];
  if (alias !== undefined) {
    const message = `found the alias *${alias}, wanted one that an anchor before it has`;
    return { rule: 'yaml-aliases', message };
  }
  if (error instanceof ReferenceError) {
    return {
      rule: 'yaml-aliases',
      message: 'found aliases that stand for more than anyone would write, wanted fewer',
      hint: 'write the parts out',
    };
  }
  return { rule: 'yaml-syntax', message: `no YAML: ${text}` };
}

// yaml-problems: what a YAML parser complains of, in our words.

import type { YAMLError } from 'yaml';

/** Something that keeps a document from being read at all. */
export interface Problem {
  readonly rule: 'yaml-syntax' | 'yaml-duplicate-key' | 'yaml-aliases';
  readonly message: string;
  readonly hint?: string;
  /** Offsets in the text; undefined: nowhere in particular. */
  readonly range?: readonly [number, number];
  /** The name of the alias that it is about. */
  readonly alias?: string;
}

type Words = readonly [message: string, hint?: string];

const TEMPLATE: Words = [
  'found a template, wanted YAML',
  'render it first: helm template . | tagalong validate -',
];
const DEEPER: Words = [
  'found a value, and more that stands deeper on the next line, wanted one of both',
  'is the next line indented too far, or is a dash missing?',
];

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

/** Where one code stands for several mistakes. */
const BY_MESSAGE: readonly (readonly [RegExp, Words])[] = [
  [
    /^Sequence item without/,
    [
      'found a line among the items of a list that is none of them, wanted a dash before it, or another indentation',
    ],
  ],
  [
    /^Flow (map|sequence) in block collection/,
    [
      'found a { or [ that is not closed before the indentation ends, wanted its } or ]',
      'a text with { or [ wants quotes',
    ],
  ],
  [
    /^Missing closing/,
    ['found the end of the text inside of quotes, wanted the quote that ends them'],
  ],
];

export function problemOf({ code, message, pos }: YAMLError, text: string): Problem {
  // A fault of the indentation stands before it.
  const blanks = /^ */.exec(text.slice(pos[0], pos[0] + 1000))?.[0].length ?? 0;
  const from = text[pos[0] - 1] === '\n' ? pos[0] + blanks : pos[0];
  const range = [from, Math.max(pos[1], from + 1)] as const;
  const [words, hint] = wordsOf(code, message, restOfLine(text, pos[0]));
  return { rule: 'yaml-syntax', message: words, ...(hint && { hint }), range };
}

/** @param rest of the line, from the place on */
function wordsOf(code: YAMLError['code'], message: string, rest: string): Words {
  if (rest.includes('{{')) return TEMPLATE;
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && !/:(\s|$)/.test(rest)) return DEEPER;
  const [, words] = BY_MESSAGE.find(([pattern]) => pattern.test(message)) ?? [];
  return words ?? WORDS[code] ?? [`no YAML: ${message.replace(/\s+/g, ' ').trim()}`];
}

function restOfLine(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  return text.slice(from, Math.min(end < 0 ? text.length : end, from + 1000));
}

export function keyTwice(key: string, range: Problem['range']): Problem {
  return {
    rule: 'yaml-duplicate-key',
    message: `found the key ${JSON.stringify(key.slice(0, 60))} twice, wanted it once`,
    hint: 'the one that stands last would silently win',
    ...(range && { range }),
  };
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
    return { rule: 'yaml-aliases', message, alias };
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

// The filter's regular expressions against RE2 (re2js, its port to JavaScript) for what is accepted
// and for ASCII texts, and against RegExp for texts of any bytes. Texts come from the pattern, so
// that many match and many nearly do.

import fc from 'fast-check';
import { RE2JS } from 're2js';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, Probe, utf8 } from './probe.js';

const TEXTS = 12;

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const bytesOf = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'latin1'));

/** A part of a pattern: how RE2 writes it, how RegExp does, and a text that it may stand for. */
interface Part {
  readonly re2: string;
  readonly js: string;
  /** Latin-1: one character each byte. */
  sample(random: Random): string;
}
type Random = (below: number) => number;

function randomOf(seed: number): Random {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`;

/** A part that reads one of these bytes. */
function setPart(re2: string, has: (byte: number) => boolean): Part {
  const members = Array.from({ length: 256 }, (_, byte) => byte).filter(has);
  return {
    re2,
    js: members.length === 0 ? '(?!)' : `[${members.map(hex).join('')}]`,
    sample: (random) => String.fromCharCode(members[random(members.length)] ?? 0x21),
  };
}

const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;
const isLower = (byte: number) => byte >= 0x61 && byte <= 0x7a;
const isUpper = (byte: number) => byte >= 0x41 && byte <= 0x5a;
const isLetter = (byte: number) => isLower(byte) || isUpper(byte);
const isSpace = (byte: number) => [0x09, 0x0a, 0x0c, 0x0d, 0x20].includes(byte);
const isWord = (byte: number) => isLetter(byte) || isDigit(byte) || byte === 0x5f;
const isVisible = (byte: number) => byte > 0x20 && byte < 0x7f;
const isHexDigit = (byte: number) => isDigit(byte) || /[a-f]/i.test(String.fromCharCode(byte));

type Has = (byte: number) => boolean;
const not =
  (has: Has): Has =>
  (byte) =>
    !has(byte);
const SHORTHANDS: readonly [string, Has][] = [
  ['\\d', isDigit],
  ['\\D', not(isDigit)],
  ['\\s', isSpace],
  ['\\S', not(isSpace)],
  ['\\w', isWord],
  ['\\W', not(isWord)],
];
const NAMED: readonly [string, Has][] = [
  ['alnum', (byte) => isLetter(byte) || isDigit(byte)],
  ['alpha', isLetter],
  ['ascii', (byte) => byte < 0x80],
  ['blank', (byte) => byte === 0x09 || byte === 0x20],
  ['cntrl', (byte) => byte < 0x20 || byte === 0x7f],
  ['digit', isDigit],
  ['graph', isVisible],
  ['lower', isLower],
  ['print', (byte) => isVisible(byte) || byte === 0x20],
  ['punct', (byte) => isVisible(byte) && !isLetter(byte) && !isDigit(byte)],
  ['space', (byte) => isSpace(byte) || byte === 0x0b],
  ['upper', isUpper],
  ['word', isWord],
  ['xdigit', isHexDigit],
];
const POSIX = NAMED.flatMap(([name, has]): [string, Has][] => [
  [`[:${name}:]`, has],
  [`[:^${name}:]`, not(has)],
]);

const oneOf = <T>(...items: readonly T[]) => fc.constantFrom(...items);
const code = (char: string) => char.charCodeAt(0);

const literal: fc.Arbitrary<Part> = fc
  .oneof(
    { weight: 8, arbitrary: oneOf(...'aaabbcA0-_ ,/') },
    { weight: 1, arbitrary: oneOf(...'é€😀.*[](){}|\\^$\n\u007f') },
  )
  .map((char): Part => {
    const bytes = [...utf8(char)];
    const sample = String.fromCharCode(...bytes);
    const special = /[.*+?[\](){}|\\^$]/.test(char);
    return {
      re2: special ? `\\${char}` : char,
      js: `(?:${bytes.map(hex).join('')})`,
      sample: () => sample,
    };
  });

const escaped: fc.Arbitrary<Part> = oneOf<[string, number]>(
  ['\\t', 9],
  ['\\n', 10],
  ['\\v', 11],
  ['\\f', 12],
  ['\\r', 13],
  ['\\a', 7],
  ['\\x61', 0x61],
  ['\\x{62}', 0x62],
  ['\\x{0007F}', 0x7f],
  ['\\-', 0x2d],
  ['\\_', 0x5f],
  ['\\"', 0x22],
).map(([text, byte]) => setPart(text, (other) => other === byte));

type Member = readonly [text: string, has: Has];
const members = {
  shorthand: oneOf<Member>(...SHORTHANDS),
  posix: oneOf<Member>(...POSIX),
  single: oneOf<Member>(
    ...[...'abcAB0_.*+?|(){}$/'].map((char): Member => [char, (byte) => byte === code(char)]),
    ['\\]', (byte) => byte === 0x5d],
    ['\\\\', (byte) => byte === 0x5c],
    ['\\^', (byte) => byte === 0x5e],
    ['\\n', (byte) => byte === 0x0a],
    ['\\x7f', (byte) => byte === 0x7f],
  ),
  range: oneOf('a-c', 'b-z', 'A-Z', '0-9', ' -~', 'X-b', '*-/', '\\x00-\\x20').map(
    (text): Member => {
      const [low = 0, high = 0] = text.startsWith('\\')
        ? [0, 0x20]
        : [text.charCodeAt(0), text.charCodeAt(2)];
      return [text, (byte) => byte >= low && byte <= high];
    },
  ),
};
const byteClass: fc.Arbitrary<Part> = fc
  .record({
    negated: fc.boolean(),
    // A ] or a - in the first place, and a - in the last one, are members.
    first: oneOf('', '', '', ']', '-'),
    list: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: members.single },
        { weight: 4, arbitrary: members.range },
        members.shorthand,
        members.posix,
      ),
      { minLength: 1, maxLength: 4 },
    ),
    last: oneOf('', '', '-'),
  })
  .map(({ negated, first, list, last }) => {
    const text = `[${negated ? '^' : ''}${first}${list.map(([each]) => each).join('')}${last}]`;
    const has = (byte: number) =>
      list.some(([, each]) => each(byte)) || `${first}${last}`.includes(String.fromCharCode(byte));
    return setPart(text, (byte) => has(byte) !== negated);
  });

const shorthand = oneOf(...SHORTHANDS).map(([text, has]) => setPart(text, has));
const dot = fc.constant(setPart('.', (byte) => byte !== 0x0a));
const empty: Part = { re2: '', js: '', sample: () => '' };
const anchor: fc.Arbitrary<Part> = oneOf(
  { ...empty, re2: '^', js: '(?:^)' },
  { ...empty, re2: '$', js: '(?:$)' },
  { ...empty, re2: '\\A', js: '(?:^)' },
  { ...empty, re2: '\\z', js: '(?:$)' },
);

function sequence(parts: readonly Part[]): Part {
  return {
    re2: parts.map((part) => part.re2).join(''),
    js: parts.map((part) => part.js).join(''),
    sample: (random) => parts.map((part) => part.sample(random)).join(''),
  };
}

function branches(parts: readonly Part[]): Part {
  return {
    re2: parts.map((part) => part.re2).join('|'),
    js: parts.map((part) => part.js).join('|'),
    sample: (random) => parts[random(parts.length)]?.sample(random) ?? '',
  };
}

const quantifier = oneOf<[string, number, number]>(
  ['*', 0, Number.POSITIVE_INFINITY],
  ['+', 1, Number.POSITIVE_INFINITY],
  ['?', 0, 1],
  ['{0}', 0, 0],
  ['{1}', 1, 1],
  ['{2}', 2, 2],
  ['{0,}', 0, Number.POSITIVE_INFINITY],
  ['{2,}', 2, Number.POSITIVE_INFINITY],
  ['{0,2}', 0, 2],
  ['{1,3}', 1, 3],
  ['{2,2}', 2, 2],
);

function repeated(part: Part, [text, least, most]: [string, number, number], lazy: boolean): Part {
  return {
    re2: `${part.re2}${text}${lazy ? '?' : ''}`,
    js: `(?:${part.js})${text}`,
    sample: (random) => {
      const times = least + random(Math.min(most - least, 2) + 1);
      return Array.from({ length: times }, () => part.sample(random)).join('');
    },
  };
}

let names = 0;
const opening = oneOf('(', '(?:', '(?P<', '(?<').map((text) =>
  // RE2 wants names to differ; a number of its own keeps them apart.
  text.endsWith('<') ? () => `${text}n${++names}_>` : () => text,
);

/** Expressions without flags; `more` are further atoms. */
function expression(...more: fc.Arbitrary<Part>[]): fc.Arbitrary<Part> {
  return fc.letrec<{ alternatives: Part; concat: Part; part: Part; atom: Part }>((tie) => ({
    alternatives: fc.oneof(
      { weight: 3, arbitrary: tie('concat') },
      fc
        .array(fc.oneof({ weight: 4, arbitrary: tie('concat') }, fc.constant(empty)), {
          minLength: 2,
          maxLength: 3,
        })
        .map(branches),
    ),
    concat: fc.array(tie('part'), { minLength: 1, maxLength: 4 }).map(sequence),
    part: fc.oneof(
      { weight: 3, arbitrary: tie('atom') },
      fc
        .tuple(tie('atom'), quantifier, fc.boolean())
        .map(([part, how, lazy]) => repeated(part, how, lazy)),
    ),
    atom: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 6, arbitrary: literal },
      { weight: 2, arbitrary: byteClass },
      { weight: 1, arbitrary: fc.oneof(escaped, shorthand, dot, anchor, ...more) },
      {
        weight: 3,
        arbitrary: fc.tuple(opening, tie('alternatives')).map(
          ([open, inner]): Part => ({
            ...inner,
            re2: `${open()}${inner.re2})`,
            js: `(?:${inner.js})`,
          }),
        ),
      },
    ),
  })).alternatives;
}

/** A text of the pattern, or one that differs from it by a byte or two. */
function textOf(part: Part, random: Random, alphabet: string): string {
  let text = part.sample(random).slice(0, 24);
  for (let left = random(3); left > 0; left--) {
    const at = random(text.length + 1);
    const char = alphabet[random(alphabet.length)] ?? 'a';
    const kind = random(4);
    if (kind === 0) text = text.slice(0, at) + char + text.slice(at);
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + 1);
    else if (kind === 2) text = text.slice(0, at) + char + text.slice(at + 1);
    else text = text.slice(0, at);
  }
  return text;
}

const seed = fc.integer();
const ASCII_ALPHABET = 'aabbcAB0 _-,/\n\u007f.';
const ALPHABET = `${ASCII_ALPHABET}\u00c3\u00a9\u00e2\u0082\u00ac\u0080\u00ff\u0000`;

/** What the filter may refuse although RE2 does not; everything else it has to accept. */
const TOO_LARGE = /found a regular expression of (\d+ steps|more than 1024 states|too much work)/;

/** How often each outcome came, so that a test can tell that it tested something. */
class Tally {
  matched = 0;
  failed = 0;
  tooLarge = 0;

  count(matched: boolean): void {
    if (matched) this.matched++;
    else this.failed++;
  }

  expectMany(least: number): void {
    expect(this.matched + this.failed).toBeGreaterThanOrEqual(least);
    expect(this.matched).toBeGreaterThan(least / 5);
    expect(this.failed).toBeGreaterThan(least / 5);
    expect(this.tooLarge).toBeLessThan(least / 100);
  }
}

/** Accepts the pattern, or counts it as too large. */
function accepted(pattern: string, fold: boolean, tally: Tally): boolean {
  const fault = probe.regex(utf8(pattern), fold);
  if (fault === undefined) return true;
  if (!TOO_LARGE.test(fault)) throw new Error(`${JSON.stringify(pattern)}: ${fault}`);
  tally.tooLarge++;
  return false;
}

describe('regex, as RE2', () => {
  it('matches the same ASCII texts', { timeout: 120_000 }, () => {
    const quotation = fc
      .string({ unit: oneOf(...'ab.*\\[(|{'), minLength: 1, maxLength: 3 })
      .filter((text) => !text.endsWith('\\'))
      .map((text): Part => ({ re2: `\\Q${text}\\E`, js: '', sample: () => text }));
    const flagged = fc
      .tuple(oneOf('(?i)', '(?s)', '(?is)', '(?i:', '(?s:', '(?si:', '(?-i:', '(?i-s:'), literal)
      .map(([flags, part]): Part => ({ ...part, re2: `${flags}${part.re2}` }))
      .map((part) => (part.re2.includes(':') ? { ...part, re2: `${part.re2})` } : part));
    const tally = new Tally();
    fc.assert(
      fc.property(expression(quotation, flagged), fc.boolean(), seed, (part, fold, start) => {
        if (!accepted(part.re2, fold, tally)) return;
        const wanted = RE2JS.compile(part.re2, fold ? RE2JS.CASE_INSENSITIVE : 0);
        const random = randomOf(start);
        for (let i = 0; i < TEXTS; i++) {
          let text = textOf(part, random, ASCII_ALPHABET).replaceAll(/[^\0-\x7f]/g, '');
          if (random(3) === 0) text = random(2) === 0 ? text.toUpperCase() : text.toLowerCase();
          const found = probe.regexMatches(bytesOf(text));
          tally.count(found);
          if (found === wanted.matches(text)) continue;
          throw new Error(`${JSON.stringify([part.re2, fold, text])}: ${found}`);
        }
      }),
      { numRuns: 12_000 },
    );
    tally.expectMany(120_000);
  });

  it('accepts the same patterns', { timeout: 120_000 }, () => {
    const token = oneOf(
      ...'ab0(()))[[]]{}|*+?.^$-,:<>=!&\\é',
      ...['(?:', '(?i)', '(?i:', '(?s-i)', '(?P<a>', '(?<b>', '(?P<a', '{2}', '{1,2}', '{,2}'],
      ...['{2', '{1001}', '{500}', '{3}', '{2,1}', '{01}', '{0,0}', '\\d', '\\W', '\\Q', '\\E'],
      ...['\\x41', '\\x', '\\x{', '\\x{7f}', '\\x{100}', '\\z', '\\A', '\\Z', '\\_', '\\n'],
      ...['[:alpha:]', '[:^digit:]', '[a-c]', '[^a', '[]', 'a-z', 'a*', '(a|b)', '??'],
    );
    const pattern = fc.array(token, { minLength: 1, maxLength: 9 }).map((all) => all.join(''));
    // What the filter refuses on purpose.
    const meant =
      /nothing to repeat|beyond ASCII|the word boundary|the escape "\\\\(0|x\{\d)|the class "\[:|the group/;
    const tally = new Tally();
    let agreed = 0;
    fc.assert(
      fc.property(pattern, fc.array(fc.string({ unit: oneOf(...'ab0-:,') })), (text, inputs) => {
        let wanted: RE2JS | undefined;
        try {
          wanted = RE2JS.compile(text);
        } catch {
          wanted = undefined;
        }
        const fault = probe.regex(utf8(text), false);
        if (fault !== undefined) {
          return wanted === undefined || meant.test(fault) || TOO_LARGE.test(fault);
        }
        if (wanted === undefined) return false;
        agreed++;
        return inputs.every((input) => {
          const found = probe.regexMatches(bytesOf(input));
          tally.count(found);
          return found === wanted.matches(input);
        });
      }),
      { numRuns: 60_000 },
    );
    expect(agreed).toBeGreaterThan(3000);
  });

  it('reads the same bytes for every class and escape', () => {
    const all = [...SHORTHANDS, ...POSIX.map(([text, has]): Member => [`[${text}]`, has])];
    for (const [text, has] of [...all, ['.', (byte: number) => byte !== 0x0a] as const]) {
      for (const fold of [false, true]) {
        const wanted = RE2JS.compile(text, fold ? RE2JS.CASE_INSENSITIVE : 0);
        expect(probe.regex(utf8(text), fold)).toBe(undefined);
        for (let byte = 0; byte < 256; byte++) {
          const input = String.fromCharCode(byte);
          // Above ASCII the filter sees bytes, not characters; a fold of ASCII reaches none of them.
          const same = byte < 0x80 ? wanted.matches(input) : has(byte);
          expect([text, fold, byte, probe.regexMatches(Uint8Array.of(byte))]).toEqual([
            text,
            fold,
            byte,
            same,
          ]);
        }
      }
    }
  });

  it('folds every letter, and nothing else', () => {
    for (let byte = 0; byte < 128; byte++) {
      const pattern = hex(byte);
      const wanted = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
      for (const text of [pattern, `[${pattern}]`]) {
        expect(probe.regex(utf8(text), true)).toBe(undefined);
        for (let other = 0; other < 256; other++) {
          const same = other < 0x80 && wanted.matches(String.fromCharCode(other));
          expect(probe.regexMatches(Uint8Array.of(other))).toBe(same);
        }
      }
    }
  });
});

describe('regex, as RegExp', () => {
  it('matches the same texts of any bytes', { timeout: 120_000 }, () => {
    const byte = fc.integer({ min: 0x80, max: 0xff }).map((value) => {
      return setPart(hex(value), (other) => other === value);
    });
    const tally = new Tally();
    fc.assert(
      fc.property(expression(byte), seed, (part, start) => {
        if (!accepted(part.re2, false, tally)) return;
        const wanted = new RegExp(`^(?:${part.js})$`);
        const random = randomOf(start);
        for (let i = 0; i < TEXTS; i++) {
          const text = textOf(part, random, ALPHABET).slice(0, 14);
          const found = probe.regexMatches(bytesOf(text));
          tally.count(found);
          if (found === wanted.test(text)) continue;
          throw new Error(`${JSON.stringify([part.re2, text])}: ${found}`);
        }
      }),
      { numRuns: 12_000 },
    );
    tally.expectMany(120_000);
  });
});

describe('regex, bounded', () => {
  /** A pattern that must be accepted. */
  function run(pattern: string, text: Bytes): boolean {
    expect(probe.regex(utf8(pattern), false)).toBe(undefined);
    return probe.regexMatches(text);
  }

  it('goes over a text once, whatever the pattern', () => {
    // Each of these takes a backtracking engine longer than anybody waits.
    const text = new Uint8Array(64 << 10).fill(0x61);
    for (const [pattern, matched] of [
      ['(a*)*b', false],
      ['(a|aa)+$', true],
      ['(a+)+', true],
      ['(a|a?)+b', false],
      ['([a-z]+)*=', false],
      ['(.*)(.*)(.*)(.*)(.*)[^a]', false],
      ['(?:a?){50}a{50}a*', true],
    ] as const) {
      expect([pattern, run(pattern, text)]).toEqual([pattern, matched]);
    }
  });

  it('refuses what would take many states or much work, and soon', () => {
    const codes = Array.from({ length: 120 }, (_, i) => hex(i + 1));
    const distinct = codes.map((each) => `[^${each}]`).join('|');
    for (const [pattern, fault] of [
      ['(a|b)*a(a|b){9}', /of more than 1024 states, wanted a simpler one$/],
      ['.*x.{40}', /of more than 1024 states/],
      [`(?:${distinct})*|(?:a|b)*a(?:a|b){8}`, /of too much work, wanted a simpler one$/],
      [`(?:${codes.join('|')})*|(?:.?){200}|(?:a|b)*a(?:a|b){7}`, /of too much work/],
      ['((((){1000}){1000}){1000})', /found the repetition "\{1000\}", wanted at most 1000/],
      ['.{1000}'.repeat(580), /of 580001 steps, wanted at most 1024$/],
      ['(a?){1000}'.repeat(400), /of 800001 steps/],
      ['('.repeat(4096), /more than 64 groups inside one another/],
      ['[['.repeat(2048), /the open class/],
      ['(?i'.repeat(1365), /the group/],
    ] as const) {
      expect(probe.regex(utf8(pattern), false)).toMatch(fault);
    }
  });
});

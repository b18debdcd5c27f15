// The filter's JSON reader against JSON.parse: the same texts accepted, the same values read. On
// purpose it refuses two things more: what nests deeper than 32, and surrogates without a partner.

import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, Probe, utf8 } from './probe.js';

const DEPTH_MAX = 32;

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

/** How deep a text nests that JSON.parse accepts. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const char of text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')) {
    if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth);
    else if (char === ']' || char === '}') depth--;
  }
  return deepest;
}

/** Whether an escape of such a text is half of a pair. */
function hasLoneSurrogate(text: string): boolean {
  const escapes = text.matchAll(
    /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\./g,
  );
  return [...escapes].some(([each]) => /^\\u[dD][89a-fA-F][0-9a-fA-F]{2}$/.test(each));
}

function expected(bytes: Bytes): { value: unknown } | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return depthOf(text) > DEPTH_MAX || hasLoneSurrogate(text) ? undefined : { value };
  } catch {
    return undefined;
  }
}

function same(bytes: Bytes): boolean {
  return isDeepStrictEqual(probe.json(bytes), expected(bytes));
}

/** Any value, with the strings and numbers that readers get wrong. */
const value = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });

const blank = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.bigInt({ min: 1n, max: 10n ** 25n }).map(String)),
    fc.option(fc.stringMatching(/^[0-9]{1,20}$/), { nil: undefined }),
    fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/), { nil: '' }),
  )
  .map(([sign, whole, part, power]) => sign + whole + (part ? `.${part}` : '') + power);

const escaped = fc.oneof(
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t'),
  fc.integer({ min: 0, max: 0xffff }).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
  fc
    .tuple(fc.integer({ min: 0xd800, max: 0xdbff }), fc.integer({ min: 0xdc00, max: 0xdfff }))
    .map(([high, low]) => `\\u${high.toString(16)}\\u${low.toString(16).toUpperCase()}`),
);

const string = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text).slice(1, -1)),
      escaped,
    ),
  )
  .map((parts) => `"${parts.join('')}"`);

/** Texts with blanks, escapes and equal keys that JSON.stringify never writes. */
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc
    .tuple(
      blank,
      fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.constantFrom('null', 'true', 'false'),
        number,
        string,
        fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
        fc
          .array(
            fc.tuple(
              blank,
              fc.oneof(string, fc.constantFrom('"a"', '"__proto__"')),
              blank,
              tie('text'),
            ),
            {
              maxLength: 4,
            },
          )
          .map(
            (members) =>
              `{${members.map(([a, key, b, item]) => `${a}${key}${b}:${item}`).join(',')}}`,
          ),
      ),
      blank,
    )
    .map((parts) => parts.join('')),
}));

const TELLING = [
  ...utf8('{}[]",:\\/0-+.eEutrfn\n\t \0dD8'),
  0x1f,
  0x7f,
  0x80,
  0xbf,
  0xc0,
  0xc2,
  0xe0,
];
const MORE = [0xed, 0xa0, 0xef, 0xf0, 0x90, 0xf4, 0xf5, 0xff];

interface Edit {
  readonly at: number;
  readonly drop: number;
  readonly put: readonly number[];
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  drop: fc.nat(3),
  put: fc.array(fc.oneof(fc.constantFrom(...TELLING, ...MORE), fc.integer({ min: 0, max: 255 })), {
    maxLength: 3,
  }),
});

function edited(bytes: Bytes, edits: readonly Edit[]): Bytes {
  const all = [...bytes];
  for (const { at, drop, put } of edits) all.splice(at % (all.length + 1), drop, ...put);
  return Uint8Array.from(all);
}

describe('json, as JSON.parse', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(value, fc.nat(3), (any, indent) => {
        const written = utf8(JSON.stringify(any, null, indent));
        return same(written) && probe.json(written) !== undefined;
      }),
      { numRuns: 4000 },
    );
  });

  it('reads every way to write a value', () => {
    fc.assert(
      fc.property(text, (any) => same(utf8(any))),
      { numRuns: 6000 },
    );
  });

  it('accepts and refuses the same texts after a few bytes changed', () => {
    fc.assert(
      fc.property(text, fc.array(edit, { minLength: 1, maxLength: 3 }), (any, edits) =>
        same(edited(utf8(any), edits)),
      ),
      { numRuns: 12_000 },
    );
  });

  it('accepts and refuses the same beginnings of a text', () => {
    fc.assert(
      fc.property(text, fc.nat(), (any, cut) => {
        const bytes = utf8(any);
        return same(bytes.subarray(0, cut % (bytes.length + 1)));
      }),
      { numRuns: 4000 },
    );
  });

  it('accepts and refuses the same strings of any bytes', () => {
    const units = fc.array(
      fc.oneof(fc.constantFrom(...TELLING, ...MORE), fc.integer({ min: 0, max: 255 })),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(units, (bytes) => same(Uint8Array.from([0x22, ...bytes, 0x22]))),
      { numRuns: 12_000 },
    );
  });

  it('accepts and refuses the same strings of every two and of telling three bytes', () => {
    const wrong: Bytes[] = [];
    const check = (...bytes: number[]) => {
      const quoted = Uint8Array.from([0x22, ...bytes, 0x22]);
      if (!same(quoted)) wrong.push(quoted);
    };
    for (let lead = 0x80; lead < 256; lead++) {
      for (let next = 0x70; next < 256; next++) {
        check(lead, next);
        for (const third of [0x7f, 0x80, 0xbf, 0xc0]) check(lead, next, third);
        for (const third of [0x80, 0xbf]) check(lead, next, third, 0x80);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('refuses by depth what JSON.parse reads, from the 33rd level on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 28, max: 40 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        (depth, kinds) => {
          const levels = kinds.slice(0, depth);
          const open = levels.map((array) => (array ? '[' : '{"a":')).join('');
          const close = levels
            .map((array) => (array ? ']' : '}'))
            .reverse()
            .join('');
          const bytes = utf8(`${open}1${close}`);
          return same(bytes) && (probe.json(bytes) === undefined) === depth > DEPTH_MAX;
        },
      ),
      { numRuns: 300 },
    );
  });
});

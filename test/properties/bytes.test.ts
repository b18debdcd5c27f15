// The filter's byte algorithms against plain ones: String.includes, RegExp, URLSearchParams, the
// specification of xxHash in big integers.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, type Pair, Probe, utf8 } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const latin1 = (bytes: Bytes): string => Buffer.from(bytes).toString('latin1');
const shown = (pairs: readonly Pair[]) =>
  pairs.map(([name, value]) => [latin1(name), latin1(value)]);
/** As the filter folds: ASCII alone. */
const fold = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

/** All bits of a word. */
const MASK = (1n << 64n) - 1n;

/** Few letters, so that patterns repeat themselves. */
const scarce = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'A'), maxLength });
const anyBytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));

/** Texts that differ in one bit of one byte, and in its highest and lowest. */
const DIFFERENCES = [0x01, 0x20, 0x80];

describe('slice, as Buffer.equals', () => {
  it('tells two texts apart by each byte, wherever they lie', () => {
    for (let size = 0; size <= 40; size++) {
      const text = Uint8Array.from({ length: size }, (_, i) => (i * 37 + size) & 255);
      for (let shift = 0; shift < 8; shift++) {
        expect(probe.same(text, text, shift)).toBe(true);
        for (let at = 0; at < size; at++) {
          for (const bit of DIFFERENCES) {
            const other = text.map((byte, i) => (i === at ? byte ^ bit : byte));
            expect(probe.same(text, other, shift)).toBe(false);
          }
        }
      }
    }
  });

  it('folds every byte at every place', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (let size = 1; size <= 17; size++) {
        for (const filling of [0x00, 0x41, 0x5a, 0x7f, 0xff]) {
          const text = new Uint8Array(size).fill(filling);
          text[byte % size] = byte;
          const wanted = Buffer.from(fold(latin1(text)), 'latin1');
          expect(latin1(probe.folded(text))).toBe(latin1(wanted));
          expect(probe.same(text, wanted, byte & 7, true)).toBe(true);
        }
      }
    }
  });

  it('compares any bytes without their case', () => {
    const unit = fc.constantFrom(0x40, 0x41, 0x5a, 0x5b, 0x60, 0x61, 0x7a, 0x7b, 0xc1, 0xe1, 0x00);
    const bytes = fc.array(unit, { maxLength: 24 });
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(23), { maxLength: 4 }),
        fc.nat(7),
        (some, flips, shift) => {
          const a = Uint8Array.from(some);
          const b = a.map((byte, i) => (flips.includes(i) ? byte ^ 0x20 : byte));
          return probe.same(a, b, shift, true) === (fold(latin1(a)) === fold(latin1(b)));
        },
      ),
      { numRuns: 8000 },
    );
  });
});

describe('hex, as Number.parseInt', () => {
  it('reads every byte at every place', () => {
    for (let at = 0; at < 8; at++) {
      for (const filling of ['0', 'f', 'F', '9', 'a']) {
        for (let byte = 0; byte < 256; byte++) {
          const text = filling.repeat(at) + String.fromCharCode(byte) + filling.repeat(7 - at);
          const valid = /^[\da-fA-F]{8}$/.test(text);
          const found = probe.hexNumber(Buffer.from(text, 'latin1'));
          expect(found, text).toBe(valid ? Number.parseInt(text, 16) : undefined);
        }
      }
    }
  });

  it('refuses several bytes that are no digits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (bytes) => {
        const valid = /^[\da-fA-F]{8}$/.test(latin1(bytes));
        return (probe.hexNumber(bytes) !== undefined) === valid;
      }),
      { numRuns: 4000 },
    );
  });

  it('reads and writes any number', () => {
    const number = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(number, (value) => {
        const text = value.toString(16).padStart(8, '0');
        expect(probe.hexDigits(value)).toBe(text);
        expect(probe.hexNumber(utf8(text))).toBe(value);
        expect(probe.hexNumber(utf8(text.toUpperCase()))).toBe(value);
      }),
      { numRuns: 8000 },
    );
  });
});

describe('search, as String.includes', () => {
  it('finds patterns that repeat themselves', () => {
    fc.assert(
      fc.property(scarce(60), scarce(8).filter(Boolean), fc.boolean(), (text, pattern, folds) => {
        const wanted = folds ? fold(text).includes(fold(pattern)) : text.includes(pattern);
        return probe.contains(utf8(text), utf8(pattern), folds) === wanted;
      }),
      { numRuns: 12_000 },
    );
  });

  it('finds every part of a text', () => {
    fc.assert(
      fc.property(scarce(200).filter(Boolean), fc.nat(), fc.nat(), (text, start, size) => {
        const from = start % text.length;
        const part = text.slice(from, from + 1 + (size % (text.length - from)));
        return probe.contains(utf8(text), utf8(part), false);
      }),
      { numRuns: 4000 },
    );
  });

  it('finds any bytes', () => {
    fc.assert(
      fc.property(anyBytes(40), fc.uint8Array({ minLength: 1, maxLength: 3 }), (text, pattern) => {
        return probe.contains(text, pattern, false) === latin1(text).includes(latin1(pattern));
      }),
      { numRuns: 4000 },
    );
  });
});

const segment = fc.oneof(
  fc.constantFrom('', 'a', 'A', 'users', '{id}', '{}', '{a', 'a}', '{a}b', '.*', '{{a}}'),
  fc.string({ unit: fc.constantFrom('a', 'B', '.', '{', '}'), maxLength: 4 }),
);
const goodSegment = fc.constantFrom('', 'a', 'A', 'b', 'users', '{id}', '{x}', '.*', 'é');
const template = fc
  .array(goodSegment, { minLength: 1, maxLength: 4 })
  .map((parts) => `/${parts.join('/')}`);
const path = fc
  .array(fc.constantFrom('', 'a', 'A', 'b', '7', 'users', 'USERS', '{id}', '.*', 'é', 'É'), {
    maxLength: 5,
  })
  .map((parts) => `/${parts.join('/')}`);

/** One segment, not empty, for each name in braces. */
function patternOf(text: string): RegExp {
  const source = text
    .split('/')
    .map((part) =>
      part.startsWith('{') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/');
  return new RegExp(`^${source}$`, 's');
}

describe('template, as RegExp', () => {
  it('knows what a template is', () => {
    const valid = /^(?:\/(?:[^/{}]*|\{[^/{}]+\}))+$/s;
    const any = fc.oneof(
      fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
      fc.string({ unit: fc.constantFrom('/', 'a', '{', '}'), maxLength: 8 }),
    );
    fc.assert(
      fc.property(any, (text) => probe.isTemplate(utf8(text)) === valid.test(text)),
      { numRuns: 8000 },
    );
  });

  it('matches the same paths', () => {
    fc.assert(
      fc.property(template, path, fc.boolean(), (wanted, found, folds) => {
        const matched = folds
          ? patternOf(fold(wanted)).test(fold(found))
          : patternOf(wanted).test(found);
        return probe.matchesTemplate(utf8(wanted), utf8(found), folds) === matched;
      }),
      { numRuns: 12_000 },
    );
  });

  it('matches its own instances', () => {
    const name = fc.string({ unit: fc.constantFrom('a', '7', '.', '}', '{', 'é'), minLength: 1 });
    fc.assert(
      fc.property(template, fc.array(name, { minLength: 4, maxLength: 4 }), (wanted, names) => {
        let next = 0;
        const found = wanted.replaceAll(/\{[^}]*\}/g, () => names[next++] ?? 'x');
        return probe.matchesTemplate(utf8(wanted), utf8(found), false);
      }),
      { numRuns: 4000 },
    );
  });
});

const queryUnit = fc.oneof(
  fc.constantFrom('a', 'b', '=', '&', '%', '+', '%41', '%C3%A9', '%zz', '%4', '?', ';', ' ', '%26'),
  fc.string({ unit: 'grapheme', maxLength: 2 }),
);
const queryText = fc.array(queryUnit, { maxLength: 12 }).map((parts) => parts.join(''));

/**
 * The fields of a query. Node takes a character above 0x7f for a byte where a % stands without its
 * digits, so that such characters come to it encoded.
 */
function fieldsOf(query: string): [string, string][] {
  const plain = query.replaceAll(/[^\0-\x7f]+/gu, encodeURIComponent);
  return [...new URLSearchParams(plain)];
}

describe('fields, as URLSearchParams and a plain split', () => {
  it('decodes a text as a value of a query', () => {
    fc.assert(
      fc.property(queryText, (text) => {
        const value = text.replaceAll('&', '');
        const wanted = fieldsOf(`x=${value}`)[0]?.[1];
        const found = probe.decodeQuery(utf8(value));
        if (!probe.isEncoded(utf8(value)) && latin1(found) !== latin1(utf8(value))) return false;
        return new TextDecoder('utf-8', { ignoreBOM: true }).decode(found) === wanted;
      }),
      { numRuns: 8000 },
    );
  });

  it('walks a query', () => {
    fc.assert(
      fc.property(queryText, fc.constantFrom('', '/', '/p', '/p/%41'), (text, before) => {
        const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
        const found = probe
          .query(utf8(`${before}?${text}#x?y=z&w`))
          .map((pair) => pair.map((part) => lossy.decode(probe.decodeQuery(part))));
        // URLSearchParams takes a leading ? for the mark of a query, the rest has one already.
        const wanted = fieldsOf(`?${text.split('#')[0]}`);
        return JSON.stringify(found) === JSON.stringify(wanted);
      }),
      { numRuns: 8000 },
    );
  });

  it('walks cookies', () => {
    const unit = fc.constantFrom('a', 'b', '=', ';', ' ', '\t', '"', '%41', ',', 'é');
    const header = fc.array(unit, { maxLength: 20 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(header, (text) => {
        const wanted = text
          .split(';')
          .map((part) => part.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
          .filter(Boolean)
          .map((part) => {
            const equals = part.indexOf('=');
            const cut = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
            return cut.map((each) => latin1(utf8(each)));
          });
        return JSON.stringify(shown(probe.cookies(utf8(text)))) === JSON.stringify(wanted);
      }),
      { numRuns: 8000 },
    );
  });
});

/** What the bytes of a list say, as far as they fit. */
function pairsOf(list: Bytes): Pair[] | undefined {
  if (list.length === 0) return [];
  if (list.length < 4) return undefined;
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const count = view.getUint32(0, true);
  let at = 4 + 8 * count;
  if (at > list.length) return undefined;
  const found: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const nameSize = view.getUint32(4 + 8 * i, true);
    const valueSize = view.getUint32(8 + 8 * i, true);
    if (at + nameSize + valueSize + 2 > list.length) break;
    const valueAt = at + nameSize + 1;
    found.push([list.slice(at, at + nameSize), list.slice(valueAt, valueAt + valueSize)]);
    at = valueAt + valueSize + 1;
  }
  return found;
}

describe('pairs, as a plain reader', () => {
  const size = fc.oneof(
    { weight: 6, arbitrary: fc.nat(6) },
    { weight: 1, arbitrary: fc.constantFrom(0xffffffff, 0xfffffffe, 0x7fffffff, 0x80000000) },
  );
  const list = fc
    .tuple(
      fc.array(fc.tuple(size, size), { maxLength: 5 }),
      anyBytes(40),
      fc.integer({ min: -2, max: 2 }),
    )
    .map(([sizes, text, error]) => {
      const bytes = new Uint8Array(4 + 8 * sizes.length + text.length);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, sizes.length + error, true);
      sizes.flat().forEach((each, index) => {
        view.setUint32(4 + 4 * index, each, true);
      });
      bytes.set(text, 4 + 8 * sizes.length);
      return bytes;
    });

  it('reads lists whose sizes may lie', () => {
    fc.assert(
      fc.property(fc.oneof(list, anyBytes(30)), (bytes) => {
        const found = probe.headerPairs(bytes, MASK);
        const wanted = pairsOf(bytes);
        if (found === undefined || wanted === undefined) return found === wanted;
        return JSON.stringify(shown(found)) === JSON.stringify(shown(wanted));
      }),
      { numRuns: 12_000 },
    );
  });

  it('passes over names of other shapes', () => {
    const named = ([name]: Pair) => name.length > 0;
    const shapes = fc.bigInt({ min: 0n, max: MASK });
    fc.assert(
      fc.property(list, shapes, (bytes, set) => {
        const has = ([name]: Pair) => (set >> BigInt((name.length + (name.at(-1) ?? 0)) % 64)) & 1n;
        const found = probe.headerPairs(bytes, set)?.filter(named);
        const wanted = pairsOf(bytes)?.filter(named).filter(has);
        return JSON.stringify(shown(found ?? [])) === JSON.stringify(shown(wanted ?? []));
      }),
      { numRuns: 8000 },
    );
  });
});

describe('decimal, as BigInt', () => {
  it('writes any number of 64 bits, of each size', () => {
    const some = fc.tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(19));
    fc.assert(
      fc.property(some, ([number, digits]) => {
        const value = number / 10n ** BigInt(digits);
        return probe.decimal(value) === String(value);
      }),
      { numRuns: 8000 },
    );
  });
});

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;
const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & MASK;
const times = (a: bigint, b: bigint) => (a * b) & MASK;
const plus = (...all: bigint[]) => all.reduce((sum, each) => (sum + each) & MASK, 0n);

/** xxhash_spec.md, "XXH64 algorithm description", step by step; seed 0. */
function reference(bytes: Bytes): bigint {
  const little = (at: number, size: number) => {
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i] ?? 0);
    return value;
  };
  const round = (lane: bigint, input: bigint) =>
    times(rotate(plus(lane, times(input, P2)), 31n), P1);
  let at = 0;
  let hash: bigint = P5;
  if (bytes.length >= 32) {
    const lanes = [plus(P1, P2), P2, 0n, -P1 & MASK];
    for (; at + 32 <= bytes.length; at += 32) {
      lanes.forEach((lane, i) => {
        lanes[i] = round(lane, little(at + 8 * i, 8));
      });
    }
    hash = plus(...lanes.map((lane, i) => rotate(lane, [1n, 7n, 12n, 18n][i] ?? 0n)));
    for (const lane of lanes) hash = plus(times(hash ^ round(0n, lane), P1), P4);
  }
  hash = plus(hash, BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = plus(times(rotate(hash ^ round(0n, little(at, 8)), 27n), P1), P4);
  }
  if (at + 4 <= bytes.length) {
    hash = plus(times(rotate(hash ^ times(little(at, 4), P1), 23n), P2), P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = times(rotate(hash ^ times(little(at, 1), P5), 11n), P1);
  }
  hash = times(hash ^ (hash >> 33n), P2);
  hash = times(hash ^ (hash >> 29n), P3);
  return hash ^ (hash >> 32n);
}

describe('xxh64, as its specification', () => {
  it('gives the published values', () => {
    const published: [string, bigint][] = [
      ['', 0xef46db3751d8e999n],
      ['a', 0xd24ec4f1a98c6e5bn],
      ['abc', 0x44bc2cf5ad770999n],
      ['xxhash', 0x32dd38952c4bc720n],
      ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
    ];
    for (const [text, hash] of published) {
      expect(probe.xxh64(utf8(text))).toBe(hash);
      expect(reference(utf8(text))).toBe(hash);
    }
  });

  it('gives the same value for every size up to five stripes', () => {
    for (let size = 0; size <= 160; size++) {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 151 + size) & 255);
      expect(probe.xxh64(bytes)).toBe(reference(bytes));
    }
  });

  it('gives the same value for any bytes', () => {
    fc.assert(
      fc.property(anyBytes(200), (bytes) => probe.xxh64(bytes) === reference(bytes)),
      { numRuns: 4000 },
    );
  });
});

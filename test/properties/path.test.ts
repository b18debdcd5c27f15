// Paths as conditions see them, against plain text functions, path.posix.normalize and the parser
// of URLs; the variables of templates against RegExp.

import { posix } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { normalPath } from '../harness/model.js';
import { type Bytes, Probe, utf8 } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const latin1 = (bytes: Bytes): string => Buffer.from(bytes).toString('latin1');
const bytesOf = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'latin1'));
const normal = (path: string): string => latin1(probe.normalizePath(bytesOf(path)));
const isNormal = (path: string): boolean => probe.isNormalPath(bytesOf(path));

const oneOf = <T>(...items: readonly T[]) => fc.constantFrom(...items);
const SPECIAL = ['/', '/', '.', '..', '%2f', '%5C', '\\', ';', '%3b', '%2e', '%', '%2', '?', '#'];
/** Of what matters to a path, and little else. */
const dense = fc
  .array(oneOf(...SPECIAL, 'a', 'b', '%61', '%25', '2f', '\xff'), { maxLength: 16 })
  .map((parts) => parts.join(''));
const rooted = fc.oneof(
  dense.map((text) => `/${text}`),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => `/${latin1(bytes)}`),
);
const any = fc.oneof({ weight: 5, arbitrary: rooted }, dense);

describe('a path', () => {
  it('is what plain functions on text make of it', () => {
    fc.assert(
      fc.property(any, (path) => {
        expect(normal(path)).toBe(normalPath(path));
      }),
      { numRuns: 20_000 },
    );
  });

  it('is what path.posix.normalize makes of it, where nothing is to be decoded or dropped', () => {
    const plain = fc
      .array(oneOf('/', '//', '.', '..', 'a', 'b.c', '...', '\xe9'), { maxLength: 14 })
      .map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(plain, (path) => {
        expect(normal(path)).toBe(posix.normalize(path).replace(/(.)\/$/, '$1'));
      }),
      { numRuns: 8000 },
    );
  });

  it('is what the parser of URLs makes of it, where no segment is empty', () => {
    const segment = oneOf('a', '.', '..', '%2e', '.%2E', '%2e%2e', '...', 'b');
    const path = fc
      .array(fc.tuple(oneOf('/', '\\'), segment), { minLength: 1, maxLength: 8 })
      .map(([first, ...rest]) => `/${first?.[1]}${rest.flat().join('')}`);
    fc.assert(
      fc.property(path, (text) => {
        const { pathname } = new URL(`http://test.example${text}`);
        // The one of an empty segment, at the end of what went up.
        fc.pre(!pathname.includes('//'));
        expect(normal(text)).toBe(pathname.replace(/(.)\/$/, '$1'));
      }),
      { numRuns: 8000 },
    );
  });

  it('is decoded as decodeURIComponent does', () => {
    const path = fc
      .array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 4 })
      .filter((parts) => parts.every((part) => !/^[.]{1,2}$|[/\\;]/.test(part)));
    fc.assert(
      fc.property(path, (parts) => {
        const encoded = `/${parts.map(encodeURIComponent).join('/')}`;
        const found = Buffer.from(probe.normalizePath(utf8(encoded))).toString('utf8');
        expect(found).toBe(`/${parts.join('/')}`);
      }),
      { numRuns: 4000 },
    );
  });

  it('is never longer than it came, and begins with a slash if it did', () => {
    fc.assert(
      fc.property(any, (path) => {
        const found = normal(path);
        return found.length <= path.length && found.startsWith('/') === path.startsWith('/');
      }),
      { numRuns: 8000 },
    );
  });

  it('stays as it is, once it is normal and holds no escape', () => {
    fc.assert(
      fc.property(any, (path) => {
        const once = normal(path);
        // An encoded percent sign or semicolon is one afterwards, which means something again.
        fc.pre(!/[%;\\]/.test(once) || !once.startsWith('/'));
        expect(normal(once)).toBe(once);
        expect(isNormal(once)).toBe(true);
      }),
      { numRuns: 8000 },
    );
  });

  it('is taken for normal only if it is', () => {
    let taken = 0;
    fc.assert(
      fc.property(any, (path) => {
        if (!isNormal(path)) return;
        taken++;
        expect(normal(path)).toBe(path);
      }),
      { numRuns: 20_000 },
    );
    expect(taken).toBeGreaterThan(500);
  });

  it('is one, in whatever spelling it comes', () => {
    const name = oneOf('login', 'a', '.x', 'x..', 'a-b', '...');
    const noise = oneOf('/', '/.', '/;v=1', '/x/..', '/%2e', '/y/z/../..', '/%2E;p/', '\\', '%2f');
    const spelt = (text: string) =>
      fc.array(fc.nat(2), { minLength: text.length, maxLength: text.length }).map((how) =>
        [...text]
          .map((char, i) => {
            const hex = char.charCodeAt(0).toString(16);
            return how[i] === 0 ? char : `%${how[i] === 1 ? hex : hex.toUpperCase()}`;
          })
          .join(''),
      );
    const parts = fc.array(name, { minLength: 1, maxLength: 4 });
    const spelling = parts.chain((names) =>
      fc
        .tuple(
          ...names.map((one) =>
            fc
              .tuple(fc.array(noise, { maxLength: 2 }), spelt(one), oneOf('', ';', ';q'))
              .map(([before, text, after]) => `${before.join('')}/${text}${after}`),
          ),
        )
        .chain((all) =>
          oneOf('', '/', '//', '/.', '/;').map((end) => ({ names, path: `${all.join('')}${end}` })),
        ),
    );
    fc.assert(
      fc.property(spelling, ({ names, path }) => {
        // What comes first must be a slash as it is, or it is no path.
        const target = path.startsWith('/') ? path : `/${path}`;
        expect(normal(target)).toBe(`/${names.join('/')}`);
      }),
      { numRuns: 8000 },
    );
  });

  it('ends where its query or fragment begins', () => {
    fc.assert(
      fc.property(any, (target) => {
        expect(latin1(probe.pathOf(bytesOf(target)))).toBe(target.split(/[?#]/, 1)[0]);
      }),
      { numRuns: 4000 },
    );
  });
});

describe('a variable of a template, as a group of RegExp', () => {
  const NAMES = ['id', 'order', 'x'] as const;
  const template = fc
    .array(oneOf('a', 'users', '{id}', '{order}', '{x}'), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`);
  const path = fc
    .array(oneOf('', 'a', 'A', 'users', 'USERS', '7', '{id}', 'é'), { maxLength: 5 })
    .map((parts) => `/${parts.join('/')}`);
  /** An instance more often than not. */
  const both = fc.tuple(template, path, fc.boolean()).chain(([wanted, found, instance]) =>
    fc.array(oneOf('7', 'é', 'a}', '{'), { minLength: 5, maxLength: 5 }).map((values) => {
      let next = 0;
      const filled = wanted.replaceAll(/\{\w+\}/g, () => values[next++] ?? '');
      return { wanted, found: instance ? filled : found };
    }),
  );

  it('is the segment that stands there', () => {
    fc.assert(
      fc.property(both, oneOf(...NAMES), fc.boolean(), ({ wanted, found }, name, fold) => {
        let seen = 0;
        const source = wanted.replaceAll(/\{(\w+)\}/g, (_, key: string) =>
          key === name && seen++ === 0 ? '(?<found>[^/]+)' : '[^/]+',
        );
        const match = new RegExp(`^${source}$`, fold ? 'i' : '').exec(found);
        const value = probe.templateVariable(utf8(wanted), utf8(name), utf8(found), fold);
        const text = value === undefined ? undefined : Buffer.from(value).toString('utf8');
        expect(text).toBe(match?.groups?.found);
        expect(probe.templateHas(utf8(wanted), utf8(name))).toBe(wanted.includes(`{${name}}`));
      }),
      { numRuns: 12_000 },
    );
  });
});

describe('the entries of x-forwarded-for, as split and trim', () => {
  const entry = oneOf('', ' ', '\t', '1.2.3.4', ' ::1 ', '[::1]:80', 'unknown', 'a b', '\xff');
  const value = fc.array(entry, { maxLength: 8 }).map((entries) => entries.join(','));

  it('finds each', () => {
    fc.assert(
      fc.property(fc.oneof(value, fc.string({ unit: oneOf(',', ' ', 'a', '\t') })), (text) => {
        const wanted =
          text === '' ? [] : text.split(',').map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''));
        expect(probe.forwardedEntries(bytesOf(text)).map(latin1)).toEqual(wanted);
      }),
      { numRuns: 4000 },
    );
  });

  it('reads an address by itself, with a port, in brackets and with both', () => {
    const v4 = fc.ipV4();
    const v6 = fc.ipV6();
    const port = fc.oneof(fc.nat(65_535), fc.integer({ min: 65_536, max: 100_000 }));
    const isPort = (number: number) => number <= 65_535;
    fc.assert(
      fc.property(v4, v6, port, (four, six, number) => {
        const wanted4 = probe.address(four);
        const wanted6 = probe.address(six);
        expect(probe.forwarded(four)).toEqual(wanted4);
        expect(probe.forwarded(six)).toEqual(wanted6);
        expect(probe.forwarded(`[${six}]`)).toEqual(wanted6);
        const withPort = (text: string) => probe.forwarded(`${text}:${number}`);
        expect(withPort(four)).toEqual(isPort(number) ? wanted4 : undefined);
        expect(withPort(`[${six}]`)).toEqual(isPort(number) ? wanted6 : undefined);
      }),
      { numRuns: 4000 },
    );
  });
});

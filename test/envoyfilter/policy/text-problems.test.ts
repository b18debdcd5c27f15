import { describe, expect, it } from 'vitest';
import { documentsOf } from '../../../envoyfilter/src/policy/document.js';

const said = (text: string) =>
  documentsOf({ name: 'f', text }).flatMap(({ problems, ...document }) =>
    problems.map(({ rule, message, hint }) => ({ rule, message, hint, document })),
  );
const placed = (text: string) =>
  documentsOf({ name: 'f', text }).flatMap((document) =>
    document.problems.map(({ range, message }) => {
      const { line, column, endColumn } = document.rangePlace(range);
      return `${line}:${column}-${endColumn} ${message}`;
    }),
  );

describe('a text that is not tried', () => {
  it.each([
    ['a lone CR', 'a: 1\n# b\rc: 2\n', '2:4-5', 'U+000D'],
    ['a line separator', 'a: 1 # b\u2028c: 2\n', '1:9-10', 'U+2028'],
    ['a next line', 'a: 1 # b\u0085c: 2\n', '1:9-10', 'U+0085'],
    ['a byte order mark inside', 'a: 1\n---\n\ufeffb: 2\n', '3:1-2', 'U+FEFF'],
    ['UTF-16', 'a\0: 1\n', '1:2-3', 'U+0000'],
  ])('%s has its place', (_name, text, place, char) => {
    expect(placed(text)).toEqual([
      `${place} found the character ${char}, wanted text that all readers of YAML take for the same`,
    ]);
  });

  it('is one that would take minutes', () => {
    expect(said('x: y\n'.repeat(500_000))).toMatchObject([
      { rule: 'yaml-syntax', message: 'found a text of 2.4 Mi characters, wanted at most 2' },
    ]);
  });
});

describe('mistakes of the indentation, and their like', () => {
  it.each([
    ['a:\n  - b: c\n   d: e\n', '3:4-5 found a line among the items of a list'],
    ['a:\n  b: c\n    d: e\n', '2:6-7 found a value, and more that stands deeper'],
    ['a: b: c\n', '1:4-5 found a second "key: value" on one line'],
    ['a: [b, c\n', '2:1-2 found a { or [ that is not closed'],
    ['a: "b\n', '2:1-2 found the end of the text inside of quotes'],
    ['a: b\na: c\n', '2:1-2 found the key "a" twice'],
    ['key: b\n"key": c\n', '2:1-6 found the key "key" twice'],
    ['a: [&x b, *y]\n', '1:11-13 found the alias *y'],
  ])('%j', (text, wanted) => {
    const [first = ''] = placed(text);
    expect(first.slice(0, wanted.length)).toBe(wanted);
  });

  it('many keys cost no more than their number', () => {
    const text = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1\n`).join('');
    const start = performance.now();
    expect(said(text)).toEqual([]);
    // A comparison of each with all takes more than a minute.
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

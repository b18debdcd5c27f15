import { describe, expect, it } from 'vitest';
import { documentsOf } from '../../../envoyfilter/src/policy/document.js';
import { pathText, readPath } from '../../../envoyfilter/src/policy/place.js';

const TEXT = `\
# a comment
kind: Policy
spec:
  filters:
    - at: gateway
      tags: [{header: "x-a"}, {header: x-b,
        echo: true}]
      empty:
    - at: 'inbound'
  "quoted key": |
    several
    lines
`;
const [document] = documentsOf({ name: 'f.yaml', text: TEXT });

describe('a place', () => {
  it.each([
    ['kind', 'value', '2:7-2:13'],
    ['kind', 'key', '2:1-2:5'],
    // Of a list or an object its key is shown.
    ['spec', 'value', '3:1-3:5'],
    ['spec.filters', 'value', '4:3-4:10'],
    ['spec.filters[0]', 'value', '5:7-5:9'],
    ['spec.filters[0].tags[0].header', 'value', '6:23-6:28'],
    ['spec.filters[0].tags[1].echo', 'value', '7:15-7:19'],
    ['spec.filters[0].empty', 'value', '8:7-8:12'],
    ['spec["quoted key"]', 'key', '10:3-10:15'],
    ['spec["quoted key"]', 'value', '10:17-13:1'],
    // What is not there stands at the nearest thing around it.
    ['spec.filters[0].selector.app', 'value', '5:7-5:9'],
    ['spec.filters[7]', 'value', '4:3-4:10'],
    ['spec.routes', 'value', '3:1-3:5'],
    ['kind.more', 'value', '2:1-2:5'],
    ['none', 'value', '2:1-2:5'],
  ] as const)('of %s, its %s', (path, part, wanted) => {
    const place = document!.placeOf(readPath(path), part);
    const { line, column, endLine, endColumn } = place;
    expect(`${line}:${column}-${endLine}:${endColumn}`).toBe(wanted);
    expect(place.file).toBe('f.yaml');
  });

  it('of a scalar has its text as it is written', () => {
    expect(document?.textOf(['spec', 'filters', 0, 'tags', 0, 'header'])).toBe('"x-a"');
    expect(document?.textOf(['spec', 'filters', 1, 'at'])).toBe("'inbound'");
    expect(document?.textOf(['spec'])).toBeUndefined();
    expect(document?.textOf(['none'])).toBeUndefined();
  });

  it('counts UTF-16 units, as editors do', () => {
    const [read] = documentsOf({ name: 'f', text: 'a: {"é😀": 1, b: 2}\n' });
    expect(read?.placeOf(['a', 'b'])).toMatchObject({ line: 1, column: 18 });
  });
});

describe('plain scalars', () => {
  it('are those without quotes, keys too, each with its path', () => {
    const [read] = documentsOf({ name: 'f', text: 'a: b\n"c": "d"\ne: [f, {g: 1}]\n' });
    const seen = [...(read?.plainScalars() ?? [])].map(
      ({ path, isKey, text }) => `${pathText(path)}${isKey ? '!' : ''}=${text}`,
    );
    expect(seen).toEqual(['a!=a', 'a=b', 'e!=e', 'e[0]=f', 'e[1].g!=g', 'e[1].g=1']);
  });
});

describe('documents', () => {
  it('are read apart, and have places in the whole file', () => {
    const documents = documentsOf({ name: 'f', text: 'a: 1\n---\n# nothing\n---\nb: 2\n...\n' });
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { b: 2 }]);
    expect(documents[1]?.placeOf(['b'])).toMatchObject({ line: 5, column: 4 });
  });

  it('with a fault leave the others readable', () => {
    const documents = documentsOf({ name: 'f', text: 'a: 1\n---\nb: 1\nb: 2\n---\nc: 3\n' });
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, undefined, { c: 3 }]);
    expect(documents[1]?.problems).toMatchObject([{ rule: 'yaml-duplicate-key' }]);
  });

  it('with one key in two spellings are refused', () => {
    const [read] = documentsOf({ name: 'f', text: '1: a\n"1": b\n' });
    expect(read?.problems).toMatchObject([{ rule: 'yaml-duplicate-key' }]);
  });

  it('have what __proto__ and constructor say as data', () => {
    const [read] = documentsOf({ name: 'f', text: '__proto__: {a: 1}\nconstructor: b\n' });
    expect(Object.keys(read?.value as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe('a path as text', () => {
  it.each([
    [[], '$'],
    [['spec', 'filters', 0, 'at'], 'spec.filters[0].at'],
    [['a b', 'c.d', 1, 'e"f\\'], '["a b"]["c.d"][1]["e\\"f\\\\"]'],
    [['', 'x'], '[""].x'],
  ])('%j', (path, text) => {
    expect(pathText(path)).toBe(text);
    expect(readPath(text)).toEqual(path);
  });
});

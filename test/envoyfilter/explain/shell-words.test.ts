import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ShellWordsError,
  shellLines,
  shellQuote,
} from '../../../envoyfilter/src/explain/shell-words.js';

const wordsOf = (text: string) => shellLines(text).map(({ words }) => words);

describe('words of a shell', () => {
  it.each([
    ['a b', [['a', 'b']]],
    ["a 'b c' d", [['a', 'b c', 'd']]],
    ['a"b c"\'d\'', [['ab cd']]],
    ['"a\\"b" "\\$x" "\\n"', [['a"b', '$x', '\\n']]],
    ["$'a\\'b\\n\\x41\\u0021\\101'", [["a'b\nA!A"]]],
    ['a\\ b \\\n  c', [['a b', 'c']]],
    ['a\nb # c\n\n# d\ne', [['a'], ['b'], ['e']]],
    ['a; b;', [['a'], ['b']]],
    ['a#b', [['a#b']]],
    ["''", [['']]],
    ['a\r\nb', [['a'], ['b']]],
    // What a shell does not split at is a part of the word.
    ['a\rb\u00a0c\ufeff', [['a\rb\u00a0c\ufeff']]],
    ['', []],
  ])('of %j are %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it('know the line where each command begins', () => {
    const text = "\ncurl a \\\n  -H 'x:\n1'\n\ncurl b\n";
    expect(shellLines(text).map(({ line }) => line)).toEqual([2, 6]);
  });

  it('come back from what is quoted', () => {
    const word = fc.string({ unit: fc.constantFrom(...`ab '"\\$\n\t#;%é漢{}`), minLength: 0 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        expect(wordsOf(words.map(shellQuote).join(' '))).toEqual([words]);
      }),
    );
  });

  it.each([
    ["a\n'b", 2],
    ['"b', 1],
    ["$'b", 1],
  ])('say where a quote of %j is not closed', (text, line) => {
    expect(() => shellLines(text)).toThrow(ShellWordsError);
    expect(() => shellLines(text)).toThrow(expect.objectContaining({ line }));
  });
});

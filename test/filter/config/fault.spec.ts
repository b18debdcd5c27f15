import {
  faultRaised,
  faultReset,
  faultValue,
  faultWhole,
  faultWords,
  listHolds,
} from '../../../filter/assembly/config/fault';
import { parseJson } from '../../../filter/assembly/config/json';
import { Node, nodeAt } from '../../../filter/assembly/config/node';
import { lay } from '../support';
import { faultText, inArena } from './compile';

function tree(text: string): Node {
  const slice = lay(text);
  faultReset();
  const root = parseJson(inArena(slice), slice.size);
  assert(root != 0, faultText());
  return nodeAt(root);
}

/** The innermost first value. */
function deepest(text: string): Node {
  let node = tree(text);
  while (node.first != 0) node = nodeAt(node.first);
  return node;
}

/** The fault at the innermost first value. */
function at(text: string): string {
  faultValue(deepest(text), 'W');
  return faultText();
}

function holds(list: string, word: string): bool {
  const slice = lay(word);
  return listHolds(list, slice.ptr, slice.size);
}

describe('fault', () => {
  it('is raised until it is reset', () => {
    faultReset();
    expect(faultRaised()).toBe(false);
    expect(faultWhole('A', 'B')).toBe(false);
    expect(faultRaised()).toBe(true);
    faultReset();
    expect(faultRaised()).toBe(false);
  });

  it('keeps the first, and forgets it after a reset', () => {
    faultReset();
    faultWhole('first', 'one', ' more');
    faultWhole('second', 'two');
    faultWords(tree('1'), 'third', 'three');
    faultReset();
    faultWhole('first', 'one', ' more');
    expect(faultValue(tree('1'), 'four')).toBe(false);
    expect(faultText()).toBe('$: found 1, wanted four');
    faultReset();
    faultWhole('first', 'one', ' more');
    faultWhole('second', 'two');
    expect(faultText()).toBe('$: found first, wanted one more');
  });

  it('shows a value by its kind', () => {
    expect(at('{}')).toBe('$: found an empty object, wanted W');
    expect(at('[]')).toBe('$: found an empty array, wanted W');
    expect(at('"s\\u0000\\"é"')).toBe('$: found "s\\x00\\"\\xc3\\xa9", wanted W');
    expect(at('""')).toBe('$: found "", wanted W');
    expect(at('-1.5e3')).toBe('$: found -1.5e3, wanted W');
    expect(at('true')).toBe('$: found true, wanted W');
    expect(at('false')).toBe('$: found false, wanted W');
    expect(at('null')).toBe('$: found null, wanted W');
    faultValue(tree('{"a":1}'), 'W');
    expect(faultText()).toBe('$: found an object, wanted W');
    faultValue(tree('[1]'), 'W');
    expect(faultText()).toBe('$: found an array, wanted W');
  });

  it('shows 40 bytes of a number and 64 of a string', () => {
    expect(at('1'.repeat(41))).toBe('$: found ' + '1'.repeat(40) + ', wanted W');
    expect(at('"' + 's'.repeat(65) + '"')).toBe('$: found "' + 's'.repeat(64) + '...", wanted W');
  });

  it('shows the path to a value', () => {
    expect(at('{"a":{"b-c_D9":[[7]]}}')).toBe('$.a.b-c_D9[0][0]: found 7, wanted W');
    const array = tree('[' + '0,'.repeat(10) + '7]');
    faultValue(nodeAt(array.last), 'W');
    expect(faultText()).toBe('$[10]: found 7, wanted W');
  });

  it('quotes keys of a path that are no plain word', () => {
    expect(at('{"":7}')).toBe('$[""]: found 7, wanted W');
    expect(at('{"a b":7}')).toBe('$["a b"]: found 7, wanted W');
    expect(at('{"a.b":7}')).toBe('$["a.b"]: found 7, wanted W');
    expect(at('{"é\\n":7}')).toBe('$["\\xc3\\xa9\\x0a"]: found 7, wanted W');
    expect(at('{"@":7}')).toBe('$["@"]: found 7, wanted W');
    expect(at('{"[":7}')).toBe('$["["]: found 7, wanted W');
    expect(at('{"' + 'k'.repeat(64) + '":7}')).toBe('$.' + 'k'.repeat(64) + ': found 7, wanted W');
    expect(at('{"' + 'k'.repeat(65) + '":7}')).toBe(
      '$["' + 'k'.repeat(64) + '..."]: found 7, wanted W',
    );
  });

  it('quotes bytes behind words, also where there are none of them', () => {
    const node = tree('{"a":1}');
    const child = nodeAt(node.first);
    faultWords(node, 'the key', 'K', ' and more', child.keyPtr, child.keySize);
    expect(faultText()).toBe('$: found the key "a", wanted K and more');
    faultReset();
    faultWords(node, 'the key', 'K', '', child.keyPtr, 0);
    expect(faultText()).toBe('$: found the key "", wanted K');
    faultReset();
    faultWords(node, 'no key', 'K');
    expect(faultText()).toBe('$: found no key, wanted K');
  });

  it('finds a word in a list', () => {
    expect(holds('header cookie query', 'header')).toBe(true);
    expect(holds('header cookie query', 'cookie')).toBe(true);
    expect(holds('header cookie query', 'query')).toBe(true);
    expect(holds('header', 'header')).toBe(true);
  });

  it('finds no part of a word, and no empty word', () => {
    expect(holds('header cookie', 'head')).toBe(false);
    expect(holds('header cookie', 'eader')).toBe(false);
    expect(holds('header cookie', 'headers')).toBe(false);
    expect(holds('header cookie', 'header cookie')).toBe(false);
    expect(holds('header cookie', 'Header')).toBe(false);
    expect(holds('header cookie', '')).toBe(false);
    // A list without words held the empty one: {"": 1} was refused as "not in this version".
    expect(holds('', '')).toBe(false);
    expect(holds('', 'a')).toBe(false);
  });
});

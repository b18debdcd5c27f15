import { Slice } from '../../../filter/assembly/bytes/slice';
import { faultRaised, faultReset } from '../../../filter/assembly/config/fault';
import { parseJson } from '../../../filter/assembly/config/json';
import {
  checkArray,
  checkBoolean,
  checkHeaderName,
  checkLabel,
  checkObject,
  checkReadableHeader,
  checkText,
  checkToken,
  foldHeaderName,
  LABEL_SIZE_MAX,
  member,
  requiredMember,
  TEXT_SIZE_LIMIT,
} from '../../../filter/assembly/config/members';
import { Node, nodeAt } from '../../../filter/assembly/config/node';
import { arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { lay, read } from '../support';
import { faultText, inArena } from './compile';

function treeOf(slice: Slice): Node {
  faultReset();
  const root = parseJson(inArena(slice), slice.size);
  assert(root != 0, faultText());
  return nodeAt(root);
}

function tree(text: string): Node {
  return treeOf(lay(text));
}

function quoted(text: string): Node {
  return tree('"' + text + '"');
}

/** "" or the fault; whether one was raised must fit the answer. */
function said(passed: bool): string {
  assert(passed != faultRaised());
  return passed ? '' : faultText();
}

function object(text: string): string {
  return said(checkObject(tree(text), 'header value'));
}

function label(text: string): string {
  return said(checkLabel(quoted(text), 'W'));
}

/** What stands there once it was folded; its case tells whether it was. */
function folded(text: string): string {
  const slice = lay(text);
  const valid = foldHeaderName(slice.ptr, slice.size);
  const found = read(slice.ptr, slice.size);
  assert(valid == (found == text.toLowerCase()));
  return found;
}

function headerName(text: string): string {
  const node = quoted(text);
  return checkHeaderName(node) ? read(node.ptr, node.size) : faultText();
}

const NAME_WANTED = ', wanted the name of a header (letters, digits and -; not a pseudo-header)';

describe('members', () => {
  it('takes an object of known keys, each once', () => {
    expect(object('{"value":1,"header":2}')).toBe('');
    expect(object('{"value":1}')).toBe('');
    expect(object('{}')).toBe('');
  });

  it('refuses what is no object', () => {
    expect(object('[]')).toBe(
      '$: found an empty array, wanted an object with the keys header value',
    );
    expect(object('"s"')).toBe('$: found "s", wanted an object with the keys header value');
    expect(object('null')).toBe('$: found null, wanted an object with the keys header value');
  });

  it('refuses keys that are not known, and says which are', () => {
    expect(object('{"header":1,"vaule":2}')).toBe(
      '$: found the key "vaule", wanted one of: header value',
    );
    expect(object('{"Header":1}')).toBe('$: found the key "Header", wanted one of: header value');
    expect(object('{"":1}')).toBe('$: found the key "", wanted one of: header value');
    expect(object('{"header value":1}')).toBe(
      '$: found the key "header value", wanted one of: header value',
    );
  });

  it('refuses a key that stands twice', () => {
    expect(object('{"header":1,"value":2,"header":1}')).toBe(
      '$: found twice the key "header", wanted it once',
    );
    expect(object('{"header":1,"\\u0068eader":1}')).toBe(
      '$: found twice the key "header", wanted it once',
    );
  });

  it('finds a member by its key', () => {
    const node = tree('{"a":1,"b":[],"a":2}');
    expect(member(node, 'a')).toBe(node.first);
    expect(member(node, 'b')).toBe(nodeAt(node.first).next);
    expect(member(node, 'c')).toBe(0);
    expect(member(node, '')).toBe(0);
    expect(member(tree('[1]'), 'a')).toBe(0);
  });

  it('says what a member that is missing would be', () => {
    const node = tree('{"a":1}');
    expect(requiredMember(node, 'a', ': an a')).toBe(node.first);
    expect(faultRaised()).toBe(false);
    expect(requiredMember(node, 'b', ': a b')).toBe(0);
    expect(faultText()).toBe('$: found no such key there, wanted b: a b');
  });

  it('tells arrays and booleans from the rest', () => {
    expect(said(checkArray(tree('[]'), 'W'))).toBe('');
    expect(said(checkArray(tree('{}'), 'W'))).toBe('$: found an empty object, wanted W');
    expect(said(checkBoolean(tree('true')))).toBe('');
    expect(said(checkBoolean(tree('false')))).toBe('');
    expect(said(checkBoolean(tree('null')))).toBe('$: found null, wanted true or false');
    expect(said(checkBoolean(tree('1')))).toBe('$: found 1, wanted true or false');
    expect(said(checkBoolean(tree('"true"')))).toBe('$: found "true", wanted true or false');
  });

  it('takes strings of TEXT_SIZE_LIMIT bytes, and refuses one more', () => {
    expect(TEXT_SIZE_LIMIT).toBe(4096);
    expect(said(checkText(quoted('a'.repeat(4096)), 1, 'W'))).toBe('');
    expect(said(checkText(quoted('a'.repeat(4097)), 1, 'W'))).toBe(
      '$: found a longer text, wanted at most 4096 bytes',
    );
    expect(said(checkText(quoted('é'.repeat(2048)), 1, 'W'))).toBe('');
    expect(said(checkText(quoted('é'.repeat(2048) + 'a'), 1, 'W'))).toBe(
      '$: found a longer text, wanted at most 4096 bytes',
    );
  });

  it('refuses shorter strings than are wanted, and what is no string', () => {
    expect(said(checkText(quoted(''), 0, 'W'))).toBe('');
    expect(said(checkText(quoted(''), 1, 'W'))).toBe('$: found "", wanted W');
    expect(said(checkText(quoted('a'), 2, 'W'))).toBe('$: found "a", wanted W');
    expect(said(checkText(tree('7'), 0, 'W'))).toBe('$: found 7, wanted W');
    expect(said(checkText(tree('null'), 0, 'W'))).toBe('$: found null, wanted W');
  });

  it('lower-cases the name of a header', () => {
    expect(headerName('X-Traffic-Tag')).toBe('x-traffic-tag');
    expect(headerName("!#$%&'*+-.^_`|~09azAZ")).toBe("!#$%&'*+-.^_`|~09azaz");
    expect(headerName('\\u0058')).toBe('x');
  });

  it('lower-cases the name of a header where it stands, and leaves alone what is none', () => {
    expect(folded('X-Rate-Limit')).toBe('x-rate-limit');
    expect(folded('A'.repeat(256))).toBe('a'.repeat(256));
    expect(folded('A'.repeat(257))).toBe('A'.repeat(257));
    expect(folded('A B')).toBe('A B');
    expect(folded(':Path')).toBe(':Path');
    const empty = lay('');
    expect(foldHeaderName(empty.ptr, empty.size)).toBe(false);
    const name = lay('AB');
    expect(foldHeaderName(name.ptr, 1)).toBe(true);
    expect(read(name.ptr, name.size)).toBe('aB');
  });

  it('refuses the header that Envoy keeps elsewhere', () => {
    const elsewhere = ', wanted another header: Envoy keeps this one as :authority';
    expect(said(checkReadableHeader(quoted('X-Host')))).toBe('');
    expect(said(checkReadableHeader(quoted('Host')))).toBe('$: found "host"' + elsewhere);
    expect(said(checkReadableHeader(quoted('')))).toBe('$: found ""' + NAME_WANTED);
  });

  it('refuses names of headers that are no token', () => {
    expect(headerName('')).toBe('$: found ""' + NAME_WANTED);
    expect(headerName(':path')).toBe('$: found ":path"' + NAME_WANTED);
    const wrong = ' "(),/:;<=>?@[\\]{}\x7f';
    for (let i = 0; i < wrong.length; i++) {
      const char = wrong.charAt(i);
      const node = quoted(char == '"' || char == '\\' ? 'a\\' + char : 'a' + char);
      expect(checkHeaderName(node)).toBe(false, char);
    }
    expect(checkHeaderName(quoted('aé'))).toBe(false);
    expect(checkHeaderName(quoted('a\\u0000'))).toBe(false);
    expect(checkHeaderName(tree('7'))).toBe(false);
  });

  it('takes names of LABEL_SIZE_MAX bytes, and refuses one more', () => {
    expect(LABEL_SIZE_MAX).toBe(256);
    expect(headerName('A'.repeat(256))).toBe('a'.repeat(256));
    expect(headerName('a'.repeat(257)).endsWith(NAME_WANTED)).toBe(true);
    expect(label('a'.repeat(256))).toBe('');
    expect(label('a'.repeat(257))).toBe('$: found a longer text, wanted at most 256 bytes');
  });

  it('keeps the case of a token', () => {
    const node = quoted('UiD');
    expect(said(checkToken(node, 'W'))).toBe('');
    expect(read(node.ptr, node.size)).toBe('UiD');
    expect(said(checkToken(quoted('a=b'), 'W'))).toBe('$: found "a=b", wanted W');
    expect(said(checkToken(quoted(''), 'W'))).toBe('$: found "", wanted W');
    expect(said(checkToken(quoted('a'.repeat(4097)), 'W'))).toBe(
      '$: found a longer text, wanted at most 4096 bytes',
    );
  });

  it('takes visible text as a label', () => {
    expect(label('a')).toBe('');
    expect(label('a b')).toBe('');
    expect(label('é"\\\\'.replace('"', '\\"'))).toBe('');
    expect(label('~!')).toBe('');
  });

  it('refuses labels with blanks at their ends, or controls', () => {
    expect(label('')).toBe('$: found "", wanted W');
    expect(label(' ')).toBe('$: found " ", wanted W');
    expect(label(' a')).toBe('$: found " a", wanted W');
    expect(label('a ')).toBe('$: found "a ", wanted W');
    expect(label('a\\tb')).toBe('$: found "a\\x09b", wanted W');
    expect(label('\\u0000')).toBe('$: found "\\x00", wanted W');
    expect(label('a\\u001f')).toBe('$: found "a\\x1f", wanted W');
    expect(label('a\x7f')).toBe('$: found "a\\x7f", wanted W');
    expect(label('a\\n')).toBe('$: found "a\\x0a", wanted W');
  });

  it('refuses labels that hold what divides labels', () => {
    expect(label('a;.;b')).toBe('$: found "a;.;b", wanted a text without ;.; and =.=');
    expect(label(';.;')).toBe('$: found ";.;", wanted a text without ;.; and =.=');
    expect(label('a=.=')).toBe('$: found "a=.=", wanted a text without ;.; and =.=');
    expect(label('=.=a')).toBe('$: found "=.=a", wanted a text without ;.; and =.=');
    expect(label(';.=')).toBe('');
    expect(label('=.;')).toBe('');
    expect(label(';;;')).toBe('');
    expect(label('a.a;=')).toBe('');
    // With the divider behind it, it would read as one that ends sooner.
    expect(label('b;.')).toBe('$: found "b;.", wanted a text that does not end in ;.');
    expect(label('.;.')).toBe('$: found ".;.", wanted a text that does not end in ;.');
    expect(label(';.')).toBe('$: found ";.", wanted a text that does not end in ;.');
    expect(label('b;')).toBe('');
    expect(label('b.')).toBe('');
  });

  it('does not take the byte behind a label for a part of it', () => {
    // A text with escapes is decoded into the arena, where anything may stand behind it.
    const text = lay('"\\u0061=."');
    arenaReset();
    memory.fill(arenaTake(256), 0x3d, 256);
    const node = treeOf(text);
    expect(read(node.ptr, node.size)).toBe('a=.');
    expect(load<u8>(node.ptr + node.size)).toBe(0x3d);
    expect(said(checkLabel(node, 'W'))).toBe('');
  });
});

import { Slice } from '../../../filter/assembly/bytes/slice';
import { faultRaised, faultReset } from '../../../filter/assembly/config/fault';
import { DEPTH_MAX, parseJson } from '../../../filter/assembly/config/json';
import { Kind, NODE_SIZE, Node, nodeAt } from '../../../filter/assembly/config/node';
import { ARENA_SIZE, arenaTake } from '../../../filter/assembly/shim/arena';
import { lay, layHex, layMany, read, readHex } from '../support';
import { faultText, inArena } from './compile';

/** The tree as text without blanks, strings as they were decoded. */
function shown(node: Node): string {
  if (node.kind == Kind.String) return "'" + read(node.ptr, node.size) + "'";
  if (node.kind != Kind.Array && node.kind != Kind.Object) return read(node.ptr, node.size);
  let text = node.kind == Kind.Array ? '[' : '{';
  let index: u32 = 0;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const child = nodeAt(at);
    assert(child.parent == changetype<usize>(node));
    assert(child.index == index++);
    if (index > 1) text += ',';
    if (node.kind == Kind.Object) text += read(child.keyPtr, child.keySize) + ':';
    text += shown(child);
    if (child.next == 0) assert(node.last == at);
  }
  assert(index == node.count);
  return text + (node.kind == Kind.Array ? ']' : '}');
}

function parsedBytes(slice: Slice): string {
  faultReset();
  const root = parseJson(inArena(slice), slice.size);
  assert((root == 0) == faultRaised());
  return root != 0 ? shown(nodeAt(root)) : faultText();
}

function parsed(text: string): string {
  return parsedBytes(lay(text));
}

function inQuotes(hex: string): Slice {
  return layHex('22' + hex + '22');
}

function nested(depth: u32): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

const RICH =
  ' {"a":[1,-0.5e+3,true,false,null,"x\\u00e9\\n\\ud83d\\ude00 é😀"],' +
  '"b\\"c":{"":{}, "d" : [ ] },"e":0}';

describe('json', () => {
  it('reads every kind of value', () => {
    expect(parsed('{"a":[1,true,false,null,"s",{}],"b":{"c":[]}}')).toBe(
      "{a:[1,true,false,null,'s',{}],b:{c:[]}}",
    );
    expect(parsed('"s"')).toBe("'s'");
    expect(parsed(' \t\r\n7 \t\r\n')).toBe('7');
    expect(parsed('[ 1 , 2 ]')).toBe('[1,2]');
    expect(parsed('{ "a" : 1 , "b" : 2 }')).toBe('{a:1,b:2}');
  });

  it('keeps a key that stands twice: members.ts refuses it', () => {
    expect(parsed('{"a":1,"a":2}')).toBe('{a:1,a:2}');
  });

  it('reads numbers as they are written', () => {
    const right = [
      '0',
      '-0',
      '7',
      '-12',
      '0.5',
      '10.25',
      '1e5',
      '1E+5',
      '1e-05',
      '-0.0e0',
      '9007199254740993',
    ];
    for (let i = 0; i < right.length; i++) expect(parsed(right[i])).toBe(right[i]);
  });

  it('refuses numbers that JSON does not know', () => {
    expect(parsed('-')).toBe('$: found the end of the text, wanted a digit');
    expect(parsed('-a')).toBe('$: found the bytes "a", wanted a digit');
    expect(parsed('01')).toBe('$: found the bytes "1", wanted a number without leading zeros');
    expect(parsed('-00')).toBe('$: found the bytes "0", wanted a number without leading zeros');
    expect(parsed('1.')).toBe('$: found the end of the text, wanted a digit');
    expect(parsed('1.e5')).toBe('$: found the bytes "e5", wanted a digit');
    expect(parsed('1e')).toBe('$: found the end of the text, wanted a digit');
    expect(parsed('1e+')).toBe('$: found the end of the text, wanted a digit');
    expect(parsed('+1')).toBe('$: found the bytes "+1", wanted a JSON value');
    expect(parsed('.5')).toBe('$: found the bytes ".5", wanted a JSON value');
    expect(parsed('0x1')).toBe('$: found the bytes "x1", wanted the end of the text');
    expect(parsed('NaN')).toBe('$: found the bytes "NaN", wanted a JSON value');
  });

  it('refuses words that are almost true, false or null', () => {
    expect(parsed('tru')).toBe('$: found the bytes "tru", wanted a JSON value');
    expect(parsed('True')).toBe('$: found the bytes "True", wanted a JSON value');
    expect(parsed('fals')).toBe('$: found the bytes "fals", wanted a JSON value');
    expect(parsed('nul')).toBe('$: found the bytes "nul", wanted a JSON value');
    expect(parsed('nulll')).toBe('$: found the bytes "l", wanted the end of the text');
  });

  it('refuses a text without a value, and one with more than one', () => {
    expect(parsed('')).toBe('$: found no text at all, wanted a JSON object');
    expect(parsed(' \n')).toBe('$: found no text at all, wanted a JSON object');
    expect(parsed('{} {}')).toBe('$: found the bytes "{}", wanted the end of the text');
    expect(parsed('1 // one')).toBe('$: found the bytes "// one", wanted the end of the text');
    expect(parsed('{}\0')).toBe('$: found the bytes "\\x00", wanted the end of the text');
    expect(parsed('\0')).toBe('$: found the bytes "\\x00", wanted a JSON value');
    expect(parsed('\ufeff{}')).toBe('$: found the bytes "\\xef\\xbb\\xbf{}", wanted a JSON value');
    expect(parsed('\u00a01')).toBe('$: found the bytes "\\xc2\\xa01", wanted a JSON value');
  });

  it('refuses what other readers forgive, and says where', () => {
    expect(parsed('{"a":1,}')).toBe('$: found the bytes "}", wanted a key in double quotes');
    expect(parsed("{'a':1}")).toBe('$: found the bytes "\'a\':1}", wanted a key in double quotes');
    expect(parsed('{a:1}')).toBe('$: found the bytes "a:1}", wanted a key in double quotes');
    expect(parsed('{"a" 1}')).toBe('$.a: found the bytes "1}", wanted ":" behind the key');
    expect(parsed('{"a":}')).toBe('$.a: found the bytes "}", wanted a JSON value');
    expect(parsed('{"a":1 "b"}')).toBe('$: found the bytes "\\"b\\"}", wanted "," or "}"');
    expect(parsed('[1,]')).toBe('$[1]: found the bytes "]", wanted a JSON value');
    expect(parsed('[1 2]')).toBe('$: found the bytes "2]", wanted "," or "]"');
    expect(parsed('[1}')).toBe('$: found the bytes "}", wanted "," or "]"');
    expect(parsed('{"a":[1,{"b":tru}]}')).toBe(
      '$.a[1].b: found the bytes "tru}]}", wanted a JSON value',
    );
    expect(parsed('[/**/]')).toBe('$[0]: found the bytes "/**/]", wanted a JSON value');
  });

  it('shows 16 bytes of what is wrong', () => {
    expect(parsed('x234567890123456')).toBe(
      '$: found the bytes "x234567890123456", wanted a JSON value',
    );
    expect(parsed('x2345678901234567')).toBe(
      '$: found the bytes "x234567890123456", wanted a JSON value',
    );
  });

  it('decodes every escape', () => {
    expect(parsed('"\\"\\\\\\/\\b\\f\\n\\r\\t"')).toBe("'\"\\/\b\f\n\r\t'");
    expect(parsed('"a\\u0041\\u00e9\\u20AC\\ud83d\\uDE00z"')).toBe("'aAé€😀z'");
    expect(readHex(inArenaString('"\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff"'), 12)).toBe(
      '007fc280dfbfe0a080efbfbf',
    );
    expect(readHex(inArenaString('"\\ud800\\udc00\\udbff\\udfff"'), 8)).toBe('f0908080f48fbfbf');
    expect(parsed('{"\\u006b\\n":"v"}')).toBe("{k\n:'v'}");
  });

  it('refuses escapes that are none', () => {
    const wrong = [
      '"\\a"',
      '"\\U0041"',
      '"\\u004"',
      '"\\u00g0"',
      '"\\u 041"',
      '"\\x41"',
      '"\\0"',
      '"\\\'"',
      '"a\\',
      '"a\\u',
      '"a\\u00',
      '"a\\u004',
    ];
    for (let i = 0; i < wrong.length; i++) {
      expect(parsed(wrong[i]).endsWith(', wanted a valid escape')).toBe(true, wrong[i]);
    }
  });

  it('refuses surrogates that are not a pair', () => {
    const wrong = [
      '"\\ud800"',
      '"\\ud800x"',
      '"\\ud800\\n"',
      '"\\ud800\\u0041"',
      '"\\ud800\\ud800"',
      '"\\udc00"',
      '"\\udc00\\ud800"',
      '"\\udfff"',
      '"\\ud800\\u"',
      '"\\ud800\\udc0"',
      '"\\ud800',
      '"\\ud800\\',
      '"\\ud800\\u',
      '"\\ud800\\udc0',
    ];
    for (let i = 0; i < wrong.length; i++) {
      expect(parsed(wrong[i]).endsWith(', wanted a valid escape')).toBe(true, wrong[i]);
    }
  });

  it('refuses control characters in a string', () => {
    for (let byte: u32 = 0; byte < 0x20; byte++) {
      const slice = lay('"a"');
      store<u8>(slice.ptr + 1, <u8>byte);
      expect(parsedBytes(slice).endsWith(', wanted no control characters in a string')).toBe(true);
    }
    expect(parsedBytes(inQuotes('20'))).toBe("' '");
    expect(parsedBytes(inQuotes('7f'))).toBe("'\x7f'");
    expect(parsed('"\\n\t"').endsWith(', wanted no control characters in a string')).toBe(true);
    expect(parsed('{"\n":1}').endsWith(', wanted no control characters in a string')).toBe(true);
  });

  it('takes UTF-8 up to the bounds of each size', () => {
    const right = [
      'c280',
      'dfbf',
      'e0a080',
      'e0bfbf',
      'ec8080',
      'ed9fbf',
      'ee8080',
      'efbfbf',
      'f0908080',
      'f1808080',
      'f3bfbfbf',
      'f48fbfbf',
    ];
    for (let i = 0; i < right.length; i++) {
      const slice = inQuotes(right[i]);
      const root = parseJson(inArena(slice), slice.size);
      expect(root).not.toBe(0, right[i]);
      expect(readHex(nodeAt(root).ptr, nodeAt(root).size)).toBe(right[i]);
    }
  });

  it('refuses UTF-8 beyond them', () => {
    const wrong = [
      '80',
      'bf',
      'c080',
      'c1bf',
      'c27f',
      'c2c0',
      'c2',
      'e09fbf',
      'e0a07f',
      'e0a0c0',
      'e28080c280e2',
      'eda080',
      'edbfbf',
      'e2827f',
      'e282',
      'f08fbfbf',
      'f0908080f0',
      'f0907f80',
      'f090807f',
      'f09080',
      'f4908080',
      'f5808080',
      'f8888080',
      'ff',
      'fe',
    ];
    for (let i = 0; i < wrong.length; i++) {
      expect(parsedBytes(inQuotes(wrong[i])).endsWith(', wanted valid UTF-8')).toBe(true, wrong[i]);
      const escaped = inQuotes('5c6e' + wrong[i]);
      expect(parsedBytes(escaped).endsWith(', wanted valid UTF-8')).toBe(true, wrong[i]);
    }
  });

  it('refuses a character that the end of the text cuts', () => {
    expect(parsedBytes(layHex('22c3'))).toBe('$: found the bytes "\\xc3", wanted valid UTF-8');
    expect(parsedBytes(layHex('22f09f98'))).toBe(
      '$: found the bytes "\\xf0\\x9f\\x98", wanted valid UTF-8',
    );
  });

  it('refuses a string that does not end', () => {
    const wanted = '$: found the end of the text, wanted a string that ends in a double quote';
    expect(parsed('"')).toBe(wanted);
    expect(parsed('"abc')).toBe(wanted);
    expect(parsed('"abc\\n')).toBe(wanted);
    expect(parsed('"abc\\"')).toBe(wanted);
    expect(parsed('{"abc')).toBe(wanted);
  });

  it('refuses every beginning of a text, reading no byte behind it', () => {
    const whole = lay(RICH);
    expect(parsedBytes(whole).charAt(0)).toBe('{');
    for (let size: u32 = 0; size < whole.size; size++) {
      // The rest of the text stands behind: whoever reads it finds a whole one.
      faultReset();
      const root = parseJson(inArena(whole), size);
      expect(root).toBe(0, read(whole.ptr, size));
      expect(faultRaised()).toBe(true);
      expect(faultText().includes(': found ')).toBe(true);
    }
  });

  it('takes a text of which any one byte is another without reading elsewhere', () => {
    const whole = lay(RICH);
    for (let i: u32 = 0; i < whole.size; i++) {
      const before = load<u8>(whole.ptr + i);
      for (let byte: u32 = 0; byte < 256; byte += 3) {
        store<u8>(whole.ptr + i, <u8>byte);
        faultReset();
        const root = parseJson(inArena(whole), whole.size);
        if ((root == 0) != faultRaised()) expect(root).toBe(0, i.toString());
      }
      store<u8>(whole.ptr + i, before);
    }
  });

  it('takes DEPTH_MAX levels, and refuses one more', () => {
    expect(DEPTH_MAX).toBe(32);
    expect(parsed(nested(DEPTH_MAX))).toBe(nested(DEPTH_MAX));
    expect(parsed(nested(DEPTH_MAX + 1))).toBe(
      '$' + '[0]'.repeat(DEPTH_MAX) + ': found a value nested too deep, wanted at most 32 levels',
    );
    const objects = '{"a":'.repeat(DEPTH_MAX);
    expect(parsed(objects + '1' + '}'.repeat(DEPTH_MAX)).includes('{a:1}')).toBe(true);
    expect(parsed(objects + '{}' + '}'.repeat(DEPTH_MAX))).toBe(
      '$' + '.a'.repeat(DEPTH_MAX) + ': found a value nested too deep, wanted at most 32 levels',
    );
    expect(parsed('['.repeat(100_000)).endsWith('wanted at most 32 levels')).toBe(true);
  });

  it('takes as many values as the arena has room for, and refuses one more', () => {
    // The text stands in the arena too. The array is a node of its own; the last needs no padding.
    let count: i32 = 30_000;
    while (((2 * count + 8) & ~7) + count * 48 + <i32>NODE_SIZE > <i32>ARENA_SIZE) count--;
    expect(parsed('[' + '1,'.repeat(count - 1) + '1]').length).toBe(2 * count + 1);
    const more = parsed('[' + '1,'.repeat(count) + '1]');
    expect(more.substr(0, 100)).toBe(
      '$: found more values than there is room for, wanted a smaller configuration',
    );
  });

  it('refuses a string with escapes that the arena has no room for', () => {
    const size: u32 = ARENA_SIZE / 2 + 8;
    const slice = layMany(0x61, size);
    store<u8>(slice.ptr, 0x22);
    store<u8>(slice.ptr + 1, 0x5c);
    store<u8>(slice.ptr + 2, 0x6e);
    store<u8>(slice.ptr + size - 1, 0x22);
    expect(parsedBytes(slice)).toBe(
      '$: found longer strings than there is room for, wanted a smaller configuration',
    );
    // Without escapes it is not copied.
    store<u8>(slice.ptr + 1, 0x61);
    store<u8>(slice.ptr + 2, 0x61);
    faultReset();
    expect(parseJson(inArena(slice), size)).not.toBe(0);
  });

  it('takes room for a decoded string up to its quote only', () => {
    const text = lay('["\\n",' + '"' + 'b'.repeat(1000) + '"]');
    const root = parseJson(inArena(text), text.size);
    expect(root).not.toBe(0);
    // Two nodes, two bytes of the escape, the third node.
    const third = nodeAt(nodeAt(root).first).next;
    expect(<u32>(third - root)).toBe(48 + 48 + 8);
    expect(arenaTake(1) - third).toBe(48);
  });

  it('cuts a fault whose path alone is longer than a line', () => {
    const key = '{"' + 'k'.repeat(64) + '":';
    const shown = parsed(key.repeat(DEPTH_MAX) + '{');
    expect(shown.startsWith('$.kkk')).toBe(true);
    expect(shown.length).toBe(2048);
    expect(shown.endsWith('...')).toBe(true);
  });
});

/** The decoded bytes of a text that is one string. */
function inArenaString(text: string): usize {
  const slice = lay(text);
  const root = parseJson(inArena(slice), slice.size);
  assert(root != 0);
  return nodeAt(root).ptr;
}

import {
  decodeQuery,
  FIELD_CURSOR_SIZE,
  FieldCursor,
  isEncoded,
} from '../../../filter/assembly/bytes/fields';
import { lay, layHex, read, readHex } from '../support';

const cursor: FieldCursor = changetype<FieldCursor>(heap.alloc(FIELD_CURSOR_SIZE));

/** `name→value|name→value` */
function walked(): string {
  let shown = '';
  while (cursor.next()) {
    if (shown.length > 0) shown += '|';
    shown += read(cursor.namePtr, cursor.nameSize) + '→' + read(cursor.valuePtr, cursor.valueSize);
  }
  return shown;
}

function cookies(text: string): string {
  const slice = lay(text);
  cursor.openCookies(slice.ptr, slice.size);
  return walked();
}

function query(target: string): string {
  const slice = lay(target);
  cursor.openQuery(slice.ptr, slice.size);
  return walked();
}

function decoded(text: string): string {
  const slice = lay(text);
  const out = heap.alloc(slice.size + 1);
  return read(out, decodeQuery(slice.ptr, slice.size, out));
}

function encoded(text: string): bool {
  const slice = lay(text);
  return isEncoded(slice.ptr, slice.size);
}

describe('fields', () => {
  it('walks cookies', () => {
    expect(cookies('a=1; b=2; c=3')).toBe('a→1|b→2|c→3');
    expect(cookies('a=1;b=2')).toBe('a→1|b→2');
    expect(cookies('a=1; a=2')).toBe('a→1|a→2');
  });

  it('leaves out blanks around a cookie, not those inside', () => {
    expect(cookies(' \ta=1 \t;\t b = x y ; ')).toBe('a→1|b → x y');
  });

  it('keeps the case, the quotes and further equals signs of a cookie', () => {
    expect(cookies('A="q"; b=x==')).toBe('A→"q"|b→x==');
  });

  it('takes a cookie without = as a name, and skips empty ones', () => {
    expect(cookies('a; ;;b=; =c;')).toBe('a→|b→|→c');
    expect(cookies('')).toBe('');
    expect(cookies(' ; \t;')).toBe('');
    expect(cookies('a= ; b')).toBe('a→|b→');
  });

  it('walks the query between ? and #', () => {
    expect(query('/p?a=1&b=2')).toBe('a→1|b→2');
    expect(query('/p?a=1#b=2')).toBe('a→1');
    expect(query('/p#x?a=1')).toBe('');
    expect(query('/p?a=1?b=2')).toBe('a→1?b=2');
    expect(query('?a')).toBe('a→');
    expect(query('/p?')).toBe('');
    expect(query('/p?#')).toBe('');
    expect(query('/p')).toBe('');
    expect(query('')).toBe('');
  });

  it('keeps blanks and semicolons in a query, and skips empty fields', () => {
    expect(query('/?&&a= 1 ;b=2&&c&=d&')).toBe('a→ 1 ;b=2|c→|→d');
    expect(query('/?a=b=c ')).toBe('a→b=c ');
  });

  it('forgets what it walked before', () => {
    expect(query('/?a=1&b')).toBe('a→1|b→');
    expect(query('/')).toBe('');
    expect(cookies('a=x&y; b')).toBe('a→x&y|b→');
  });

  it('knows where decoding would change something', () => {
    expect(encoded('abc')).toBe(false);
    expect(encoded('')).toBe(false);
    expect(encoded('a+b')).toBe(true);
    expect(encoded('a%20')).toBe(true);
    expect(encoded('%')).toBe(true);
    expect(encoded('abc+')).toBe(true);
  });

  it('undoes percent-encoding and +', () => {
    expect(decoded('a+b%20c')).toBe('a b c');
    expect(decoded('%41%4a%4A%7a')).toBe('AJJz');
    expect(decoded('%C3%A9')).toBe('é');
    expect(decoded('%2B%25')).toBe('+%');
    expect(decoded('')).toBe('');
  });

  it('leaves a % that is not followed by two hexadecimal digits', () => {
    expect(decoded('%')).toBe('%');
    expect(decoded('%4')).toBe('%4');
    expect(decoded('100%')).toBe('100%');
    expect(decoded('%zz%4g%g4')).toBe('%zz%4g%g4');
    expect(decoded('%%41')).toBe('%A');
    expect(decoded('%@0%`0%:0%/0')).toBe('%@0%`0%:0%/0');
  });

  it('writes a NUL and bytes that are no UTF-8 as they are', () => {
    const slice = layHex('25 30 30 25 66 46 ff');
    const out = heap.alloc(8);
    expect(readHex(out, decodeQuery(slice.ptr, slice.size, out))).toBe('00ffff');
  });
});

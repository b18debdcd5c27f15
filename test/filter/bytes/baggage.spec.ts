import {
  BAGGAGE_CURSOR_SIZE,
  BAGGAGE_ENCODED_MAX,
  BAGGAGE_MEMBERS_MAX,
  BAGGAGE_SIZE_MAX,
  BAGGAGE_WRITER_SIZE,
  BaggageCursor,
  BaggageWriter,
  decodedSize,
  decodeValue,
  encodedSize,
  encodeValue,
} from '../../../filter/assembly/bytes/baggage';
import { lay, layHex, layMany, read, readHex } from '../support';

const ROOM: u32 = 2 * BAGGAGE_SIZE_MAX;

const cursor: BaggageCursor = changetype<BaggageCursor>(heap.alloc(BAGGAGE_CURSOR_SIZE));
const writer: BaggageWriter = changetype<BaggageWriter>(heap.alloc(BAGGAGE_WRITER_SIZE));
const list: usize = heap.alloc(ROOM + 1);

/** `key→value` of each member, in brackets where the whole of it is more than that. */
function walked(text: string): string {
  const slice = lay(text);
  cursor.open(slice.ptr, slice.size);
  let shown = '';
  while (cursor.next()) {
    if (shown.length > 0) shown += '|';
    const key = read(cursor.keyPtr, cursor.keySize);
    const value = read(cursor.valuePtr, cursor.valueSize);
    const member = read(cursor.memberPtr, cursor.memberSize);
    shown += key + '→' + value;
    if (member != key + '=' + value) shown += '[' + member + ']';
  }
  return shown;
}

/** The members of a list that are not ours, and a new one, `name=value`. */
function rebuilt(text: string, name: string, value: string): string {
  const slice = lay(text);
  const key = lay(name);
  const raw = lay(value);
  cursor.open(slice.ptr, slice.size);
  writer.begin(list, ROOM);
  while (cursor.next()) {
    if (cursor.keyEquals(key.ptr, key.size)) continue;
    assert(writer.addMember(cursor.memberPtr, cursor.memberSize), text);
  }
  assert(writer.addTag(key.ptr, key.size, raw.ptr, raw.size), text);
  return read(list, writer.size());
}

function decoded(text: string): string {
  const slice = lay(text);
  const out = heap.alloc(slice.size + 1);
  const size = decodeValue(slice.ptr, slice.size, out);
  expect(decodedSize(slice.ptr, slice.size)).toBe(size, text);
  return read(out, size);
}

function encoded(text: string): string {
  const slice = lay(text);
  const out = heap.alloc(slice.size * BAGGAGE_ENCODED_MAX + 1);
  const size = encodeValue(slice.ptr, slice.size, out);
  expect(encodedSize(slice.ptr, slice.size)).toBe(size, text);
  return read(out, size);
}

function keyIs(text: string, name: string): bool {
  const slice = lay(text);
  const key = lay(name);
  cursor.open(slice.ptr, slice.size);
  assert(cursor.next(), text);
  return cursor.keyEquals(key.ptr, key.size);
}

/** Members of one byte each. */
function addMembers(count: u32): void {
  const member = lay('m');
  for (let i: u32 = 0; i < count; i++) assert(writer.addMember(member.ptr, member.size));
}

/** A list of one member of `size` bytes, so that what is added has a comma before it. */
function beginWith(size: u32): void {
  const member = layMany(0x6d, size);
  writer.begin(list, ROOM);
  assert(writer.addMember(member.ptr, member.size));
}

function addTag(key: string, value: string): bool {
  const name = lay(key);
  const raw = lay(value);
  return writer.addTag(name.ptr, name.size, raw.ptr, raw.size);
}

describe('baggage', () => {
  it('walks the examples of the specification', () => {
    expect(
      walked(
        'key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue',
      ),
    ).toBe(
      'key1→value1[key1=value1;property1;property2]|key2→value2[key2 = value2]' +
        '|key3→value3[key3=value3; propertyKey=propertyValue]',
    );
    expect(walked('userId=alice,serverNode=DF%2028,isProduction=false')).toBe(
      'userId→alice|serverNode→DF%2028|isProduction→false',
    );
    expect(walked('userId =   alice')).toBe('userId→alice[userId =   alice]');
    expect(walked('serverNode = DF%2028, isProduction = false')).toBe(
      'serverNode→DF%2028[serverNode = DF%2028]|isProduction→false[isProduction = false]',
    );
  });

  it('leaves out blanks around members, keys and values', () => {
    expect(walked(' \ta=1\t ,\t b=2 ')).toBe('a→1|b→2');
    expect(walked('a \t=\t 1 \t; p')).toBe('a→1[a \t=\t 1 \t; p]');
    expect(walked('a= x y ')).toBe('a→x y[a= x y]');
  });

  it('skips empty members', () => {
    expect(walked('')).toBe('');
    expect(walked(',')).toBe('');
    expect(walked(' \t , ,\t')).toBe('');
    expect(walked(',a=1,, ,b=2,')).toBe('a→1|b→2');
  });

  it('ends a key at the first =, a value at the first ;', () => {
    expect(walked('a=b=c==')).toBe('a→b=c==');
    expect(walked('a=1;b=2;c=3')).toBe('a→1[a=1;b=2;c=3]');
    expect(walked('a=;p')).toBe('a→[a=;p]');
    expect(walked('a=1;')).toBe('a→1[a=1;]');
    expect(walked('a=1 ;')).toBe('a→1[a=1 ;]');
    expect(walked('a=')).toBe('a→');
    expect(walked('a= ,b=1')).toBe('a→|b→1');
    expect(walked('a="x;y"')).toBe('a→"x[a="x;y"]');
  });

  it('gives members without a key and value no key', () => {
    expect(walked('a')).toBe('→[a]');
    expect(walked('a b , c=1')).toBe('→[a b]|c→1');
    expect(walked('=1')).toBe('→[=1]');
    expect(walked(' \t =1;p=2')).toBe('→[=1;p=2]');
    expect(walked('a;b=1')).toBe('→[a;b=1]');
    expect(walked(';a=1')).toBe('→[;a=1]');
    expect(walked('=')).toBe('→');
    expect(walked(';')).toBe('→[;]');
  });

  it('forgets what it walked before', () => {
    expect(walked('a=1;p,b=2')).toBe('a→1[a=1;p]|b→2');
    expect(walked('x')).toBe('→[x]');
    expect(walked('')).toBe('');
  });

  it('compares keys whatever their case', () => {
    expect(keyIs('x-Tag=1', 'x-tag')).toBe(true);
    expect(keyIs('X-TAG =1', 'x-tag')).toBe(true);
    expect(keyIs('x-tag=1', 'x-ta')).toBe(false);
    expect(keyIs('x-tag=1', 'x-tagg')).toBe(false);
    expect(keyIs('x_tag=1', 'x-tag')).toBe(false);
    expect(keyIs('x-tag', 'x-tag')).toBe(false);
    expect(keyIs('x-tag;x=1', 'x-tag')).toBe(false);
    expect(keyIs('=1', '')).toBe(false);
    expect(keyIs('É=1', 'é')).toBe(false);
  });

  it('undoes percent-encoding, not +', () => {
    expect(decoded('DF%2028')).toBe('DF 28');
    expect(decoded('%41%4a%4A%7a')).toBe('AJJz');
    expect(decoded('a+b%2B')).toBe('a+b+');
    expect(decoded('%C3%A9%e2%82%ac')).toBe('é€');
    expect(decoded('%2541')).toBe('%41');
    expect(decoded('')).toBe('');
  });

  it('leaves a % that is not followed by two hexadecimal digits', () => {
    expect(decoded('%')).toBe('%');
    expect(decoded('%4')).toBe('%4');
    expect(decoded('a%')).toBe('a%');
    expect(decoded('%zz%4g%g4')).toBe('%zz%4g%g4');
    expect(decoded('%%41')).toBe('%A');
    expect(decoded('%4%41')).toBe('%4A');
    expect(decoded('%@0%`0%:0%/0')).toBe('%@0%`0%:0%/0');
  });

  it('decodes to any byte', () => {
    const slice = layHex('25 30 30 25 30 44 25 66 46 ff');
    const out = heap.alloc(8);
    expect(readHex(out, decodeValue(slice.ptr, slice.size, out))).toBe('000dffff');
  });

  it('encodes what is no baggage-octet, and %', () => {
    expect(encoded('')).toBe('');
    expect(encoded('alice')).toBe('alice');
    expect(encoded('DF 28')).toBe('DF%2028');
    expect(encoded('100%')).toBe('100%25');
    expect(encoded('a"b,c;d\\e')).toBe('a%22b%2Cc%3Bd%5Ce');
    expect(encoded('a=b+c!#$&()*-./:<>?@[]^_`{|}~')).toBe('a=b+c!#$&()*-./:<>?@[]^_`{|}~');
    expect(encoded('é€\r\n\t')).toBe('%C3%A9%E2%82%AC%0D%0A%09');
  });

  it('encodes each byte as the ranges of the specification say', () => {
    const byte = heap.alloc(1);
    const out = heap.alloc(4);
    for (let value: u32 = 0; value < 256; value++) {
      store<u8>(byte, <u8>value);
      store<u32>(out, 0x5a5a5a5a);
      const size = encodeValue(byte, 1, out);
      const octet =
        value == 0x21 ||
        (value >= 0x23 && value <= 0x2b) ||
        (value >= 0x2d && value <= 0x3a) ||
        (value >= 0x3c && value <= 0x5b) ||
        (value >= 0x5d && value <= 0x7e);
      const plain = octet && value != 0x25;
      expect(size).toBe(plain ? 1 : 3, value.toString());
      expect(encodedSize(byte, 1)).toBe(size, value.toString());
      expect(<u32>load<u8>(out)).toBe(plain ? value : 0x25, value.toString());
      expect(load<u8>(out + size)).toBe(0x5a, value.toString());
      expect(decodeValue(out, size, out)).toBe(1, value.toString());
      expect(<u32>load<u8>(out)).toBe(value);
    }
  });

  it('puts a list together without our members, the others as they came', () => {
    expect(rebuilt('a=1,x=old,b=2', 'x', 'new')).toBe('a=1,b=2,x=new');
    expect(rebuilt('a = 1;p = q , X=1;p, b', 'x', 'new')).toBe('a = 1;p = q,b,x=new');
    expect(rebuilt('x=1,X=2,x = 3;p', 'x', 'new')).toBe('x=new');
    expect(rebuilt('', 'x', 'new')).toBe('x=new');
    expect(rebuilt('x,a=1,=2,a=1', 'x', '')).toBe('x,a=1,=2,a=1,x=');
    expect(rebuilt('a=%zz%2c', 'x', 'a,b c')).toBe('a=%zz%2c,x=a%2Cb%20c');
  });

  it('begins anew', () => {
    writer.begin(list, ROOM);
    expect(writer.size()).toBe(0);
    expect(addTag('a', '1')).toBe(true);
    expect(addTag('b', '2')).toBe(true);
    expect(read(list, writer.size())).toBe('a=1,b=2');
    writer.begin(list, ROOM);
    expect(writer.size()).toBe(0);
    expect(addTag('c', '3')).toBe(true);
    expect(read(list, writer.size())).toBe('c=3');
  });

  it('adds a tag up to the last byte of a list', () => {
    // The comma, the key, = and the value make five bytes.
    beginWith(BAGGAGE_SIZE_MAX - 5);
    expect(addTag('x', 'yz')).toBe(true);
    expect(writer.size()).toBe(BAGGAGE_SIZE_MAX);
    expect(read(list + BAGGAGE_SIZE_MAX - 5, 5)).toBe(',x=yz');
    beginWith(BAGGAGE_SIZE_MAX - 4);
    store<u64>(list + BAGGAGE_SIZE_MAX - 4, 0x5a5a5a5a5a5a5a5a);
    expect(addTag('x', 'yz')).toBe(false);
    expect(writer.size()).toBe(BAGGAGE_SIZE_MAX - 4);
    expect(load<u64>(list + BAGGAGE_SIZE_MAX - 4)).toBe(0x5a5a5a5a5a5a5a5a);
    expect(addTag('x', 'y')).toBe(true);
  });

  it('counts a value as it is encoded', () => {
    beginWith(BAGGAGE_SIZE_MAX - 6);
    expect(addTag('x', ' ')).toBe(true);
    expect(writer.size()).toBe(BAGGAGE_SIZE_MAX);
    beginWith(BAGGAGE_SIZE_MAX - 5);
    expect(addTag('x', ' ')).toBe(false);
    expect(addTag('x', 'yy')).toBe(true);
  });

  it('adds a tag that is a list of its own up to the limit', () => {
    const value = layMany(0x79, BAGGAGE_SIZE_MAX);
    const key = lay('x');
    writer.begin(list, ROOM);
    expect(writer.addTag(key.ptr, key.size, value.ptr, BAGGAGE_SIZE_MAX - 1)).toBe(false);
    expect(writer.size()).toBe(0);
    expect(writer.addTag(key.ptr, key.size, value.ptr, BAGGAGE_SIZE_MAX - 2)).toBe(true);
    expect(writer.size()).toBe(BAGGAGE_SIZE_MAX);
    expect(read(list, 3)).toBe('x=y');
  });

  it('adds a tag as the last member that a list may have', () => {
    writer.begin(list, ROOM);
    addMembers(BAGGAGE_MEMBERS_MAX - 1);
    expect(addTag('x', '1')).toBe(true);
    const size = writer.size();
    expect(addTag('y', '1')).toBe(false);
    expect(writer.size()).toBe(size);
    writer.begin(list, ROOM);
    addMembers(BAGGAGE_MEMBERS_MAX);
    expect(addTag('x', '1')).toBe(false);
  });

  it('keeps the members of others whatever the limits', () => {
    beginWith(BAGGAGE_SIZE_MAX);
    addMembers(1);
    expect(writer.size()).toBe(BAGGAGE_SIZE_MAX + 2);
    expect(read(list + BAGGAGE_SIZE_MAX, 2)).toBe(',m');
    expect(addTag('x', '')).toBe(false);
    writer.begin(list, ROOM);
    addMembers(BAGGAGE_MEMBERS_MAX + 10);
    expect(writer.size()).toBe(2 * (BAGGAGE_MEMBERS_MAX + 10) - 1);
    expect(addTag('x', '')).toBe(false);
  });

  it('writes no further than its memory', () => {
    store<u64>(list, 0x5a5a5a5a5a5a5a5a);
    const member = lay('a=1');
    writer.begin(list, 2);
    expect(writer.addMember(member.ptr, member.size)).toBe(false);
    expect(addTag('a', '1')).toBe(false);
    expect(addTag('a', '')).toBe(true);
    writer.begin(list, 6);
    expect(writer.addMember(member.ptr, member.size)).toBe(true);
    expect(writer.addMember(member.ptr, member.size)).toBe(false);
    expect(addTag('a', '1')).toBe(false);
    expect(addTag('a', '')).toBe(true);
    expect(read(list, writer.size())).toBe('a=1,a=');
    expect(load<u16>(list, 6)).toBe(0x5a5a);
    writer.begin(list, 7);
    expect(writer.addMember(member.ptr, member.size)).toBe(true);
    expect(writer.addMember(member.ptr, member.size)).toBe(true);
    expect(read(list, writer.size())).toBe('a=1,a=1');
    expect(load<u8>(list, 7)).toBe(0x5a);
    writer.begin(list, 0);
    expect(addTag('a', '')).toBe(false);
    expect(writer.addMember(member.ptr, 0xffffffff)).toBe(false);
  });
});

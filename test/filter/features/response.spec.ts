import { MapType, Status } from '../../../filter/assembly/abi/enums';
import {
  responseBegin,
  responseInit,
  responseTake,
  responseWrite,
  Verb,
  WAITING_COUNT,
  WAITING_SIZE,
  WAITING_SIZE_LIMITS,
} from '../../../filter/assembly/features/response';
import { hostCalls, hostHeader, hostHeaders, hostRefuse, hostReset, hostWrites } from '../host';
import { lay } from '../support';

/** Bytes before the first header of an entry, and before the name of each. */
const ENTRY_HEADER: i32 = 8;
const FIELD_HEADER: i32 = 6;

function put(id: u32, verb: Verb, name: string, value: string): bool {
  const left = lay(name);
  const right = lay(value);
  const at = responseTake(id, verb, left.ptr, left.size, right.size);
  if (at == 0) return false;
  memory.copy(at, right.ptr, right.size);
  return true;
}

function add(id: u32, name: string, value: string): bool {
  return put(id, Verb.Replace, name, value);
}

/** What is written into the response of a stream. */
function written(id: u32): string {
  hostWrites();
  responseWrite(id);
  return hostWrites();
}

// The ring is the module's own: what a case leaves waiting, it takes out again.
describe('response', () => {
  beforeEach(() => {
    hostReset();
  });

  it('writes nothing before a configuration wants to', () => {
    expect(responseWrite(1)).toBe(true);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(0);
  });

  it('writes nothing for streams it does not know', () => {
    responseInit(WAITING_SIZE);
    expect(written(1)).toBe('');
    expect(written(0)).toBe('');
    expect(written(u32.MAX_VALUE)).toBe('');
  });

  it('writes what waits for a stream, once and in its order', () => {
    expect(responseBegin(5)).toBe(true);
    expect(add(5, 'x-t', 'canary')).toBe(true);
    expect(add(5, 'x-u', 'é')).toBe(true);
    expect(written(4)).toBe('');
    expect(written(5)).toBe('replace 2 x-t=canary; replace 2 x-u=é');
    expect(written(5)).toBe('');
  });

  it('writes instead of what the response has', () => {
    hostHeader(MapType.ResponseHeaders, 'x-t', 'of the service');
    responseBegin(5);
    add(5, 'x-t', 'canary');
    written(5);
    expect(hostHeaders(MapType.ResponseHeaders)).toBe('x-t=canary');
  });

  it('adds to what the response has where it is told to', () => {
    hostHeader(MapType.ResponseHeaders, 'set-cookie', 'of=the service');
    responseBegin(5);
    put(5, Verb.Add, 'set-cookie', 'a=1');
    add(5, 'x-t', 'canary');
    put(5, Verb.Add, 'set-cookie', 'b=2');
    expect(written(5)).toBe('add 2 set-cookie=a=1; replace 2 x-t=canary; add 2 set-cookie=b=2');
    expect(hostHeaders(MapType.ResponseHeaders)).toBe(
      'set-cookie=of=the service; set-cookie=a=1; x-t=canary; set-cookie=b=2',
    );
  });

  it('keeps the ring when it is told again to make one', () => {
    responseBegin(6);
    add(6, 'x-t', 'a');
    responseInit(WAITING_SIZE);
    expect(written(6)).toBe('replace 2 x-t=a');
  });

  it('fills an entry to its last byte, and refuses one more', () => {
    const room = <i32>WAITING_SIZE - ENTRY_HEADER - FIELD_HEADER - 3;
    responseBegin(7);
    expect(add(7, 'x-t', 'a'.repeat(room))).toBe(true);
    expect(add(7, '', '')).toBe(false);
    expect(written(7)).toBe('replace 2 x-t=' + 'a'.repeat(room));
    responseBegin(7);
    expect(add(7, 'x-t', 'a'.repeat(room + 1))).toBe(false);
    expect(add(7, 'x-u', 'b')).toBe(true);
    expect(written(7)).toBe('replace 2 x-u=b');
  });

  it('writes no byte into the entry of its neighbour', () => {
    responseBegin(9);
    add(9, 'x-n', 'neighbour');
    responseBegin(8);
    add(8, 'x-t', 'a'.repeat(<i32>WAITING_SIZE - ENTRY_HEADER - FIELD_HEADER - 3));
    add(8, 'x-t', 'more');
    expect(written(9)).toBe('replace 2 x-n=neighbour');
    written(8);
  });

  it('refuses sizes that would wrap around', () => {
    responseBegin(7);
    expect(responseTake(7, Verb.Add, 1, 3, u32.MAX_VALUE)).toBe(0);
    expect(responseTake(7, Verb.Add, 1, u32.MAX_VALUE, u32.MAX_VALUE)).toBe(0);
    expect(responseTake(7, Verb.Replace, 1, 0x80000000, 0x80000000)).toBe(0);
    expect(written(7)).toBe('');
  });

  it('has room for the longest cookie and a tag beside it', () => {
    expect(WAITING_SIZE).toBe(512);
    responseBegin(7);
    expect(put(7, Verb.Add, 'set-cookie', 'c'.repeat(256 + 1 + 32 + 69))).toBe(true);
    expect(add(7, 'x-traffic-tag', 'canary')).toBe(true);
    written(7);
  });

  it('keeps WAITING_COUNT streams waiting, and loses the oldest for one more', () => {
    const first: u32 = 1 << 20;
    let free: u32 = 0;
    for (let i: u32 = 0; i < WAITING_COUNT; i++) {
      if (responseBegin(first + i)) free++;
      add(first + i, 'n', i.toString());
    }
    expect(free).toBe(WAITING_COUNT);
    expect(responseBegin(first + WAITING_COUNT)).toBe(false);
    add(first + WAITING_COUNT, 'n', 'new');
    expect(written(first)).toBe('');
    expect(written(first + WAITING_COUNT)).toBe('replace 2 n=new');
    let right: u32 = 0;
    for (let i: u32 = 1; i < WAITING_COUNT; i++) {
      if (written(first + i) == 'replace 2 n=' + i.toString()) right++;
    }
    expect(right).toBe(WAITING_COUNT - 1);
    expect(responseBegin(first)).toBe(true);
    written(first);
  });

  it('goes on with what it has where a stream is begun twice', () => {
    expect(responseBegin(3)).toBe(true);
    add(3, 'x-t', 'a');
    expect(responseBegin(3)).toBe(true);
    add(3, 'x-u', 'b');
    expect(written(3)).toBe('replace 2 x-t=a; replace 2 x-u=b');
  });

  it('says that a write was refused, and still tries the others', () => {
    responseBegin(4);
    add(4, 'x-t', 'a');
    add(4, 'x-u', 'b');
    hostRefuse('proxy_replace_header_map_value', Status.BadArgument);
    expect(responseWrite(4)).toBe(false);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(2);
    hostRefuse('proxy_replace_header_map_value', 0);
    expect(responseWrite(4)).toBe(true);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(2);
    responseBegin(4);
    put(4, Verb.Add, 'set-cookie', 'a=1');
    add(4, 'x-t', 'a');
    hostRefuse('proxy_add_header_map_value', Status.BadArgument);
    expect(responseWrite(4)).toBe(false);
    expect(hostHeaders(MapType.ResponseHeaders)).toBe('x-t=a');
  });

  it('gives way to a ring of larger entries, and not to one of smaller', () => {
    expect(WAITING_SIZE_LIMITS).toBe(1024);
    responseBegin(10);
    add(10, 'x-t', 'lost');
    responseInit(WAITING_SIZE_LIMITS);
    expect(written(10)).toBe('');
    responseBegin(10);
    const room = <i32>WAITING_SIZE_LIMITS - ENTRY_HEADER - FIELD_HEADER - 3;
    expect(add(10, 'x-t', 'a'.repeat(room))).toBe(true);
    expect(add(10, '', '')).toBe(false);
    responseInit(WAITING_SIZE);
    responseInit(WAITING_SIZE_LIMITS);
    expect(written(10)).toBe('replace 2 x-t=' + 'a'.repeat(room));
  });
});

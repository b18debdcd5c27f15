import { MapType, Status } from '../../../filter/assembly/abi/enums';
import {
  ECHO_COUNT,
  ECHO_SIZE,
  echoAdd,
  echoBegin,
  echoInit,
  echoWrite,
} from '../../../filter/assembly/features/echo';
import { hostCalls, hostHeader, hostHeaders, hostRefuse, hostReset, hostWrites } from '../host';
import { lay } from '../support';

function add(id: u32, name: string, value: string): bool {
  const left = lay(name);
  const right = lay(value);
  return echoAdd(id, left.ptr, left.size, right.ptr, right.size);
}

/** What is written into the response of a stream. */
function written(id: u32): string {
  hostWrites();
  echoWrite(id);
  return hostWrites();
}

// The ring is the module's own: what a case leaves waiting, it takes out again.
describe('echo', () => {
  beforeEach(() => {
    hostReset();
  });

  it('writes nothing before a configuration echoes', () => {
    expect(echoWrite(1)).toBe(true);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(0);
  });

  it('writes nothing for streams it does not know', () => {
    echoInit();
    expect(written(1)).toBe('');
    expect(written(0)).toBe('');
    expect(written(u32.MAX_VALUE)).toBe('');
  });

  it('writes what waits for a stream, once and in its order', () => {
    expect(echoBegin(5)).toBe(true);
    expect(add(5, 'x-t', 'canary')).toBe(true);
    expect(add(5, 'x-u', 'é')).toBe(true);
    expect(written(4)).toBe('');
    expect(written(5)).toBe('replace 2 x-t=canary; replace 2 x-u=é');
    expect(written(5)).toBe('');
  });

  it('writes instead of what the response has', () => {
    hostHeader(MapType.ResponseHeaders, 'x-t', 'of the service');
    echoBegin(5);
    add(5, 'x-t', 'canary');
    written(5);
    expect(hostHeaders(MapType.ResponseHeaders)).toBe('x-t=canary');
  });

  it('keeps the ring when it is told again to make one', () => {
    echoBegin(6);
    add(6, 'x-t', 'a');
    echoInit();
    expect(written(6)).toBe('replace 2 x-t=a');
  });

  it('fills an entry to its last byte, and refuses one more', () => {
    // Eight bytes lead the entry, four the field.
    const room = ECHO_SIZE - 8 - 4 - 3;
    echoBegin(7);
    expect(add(7, 'x-t', 'a'.repeat(room))).toBe(true);
    expect(add(7, '', '')).toBe(false);
    expect(written(7)).toBe('replace 2 x-t=' + 'a'.repeat(room));
    echoBegin(7);
    expect(add(7, 'x-t', 'a'.repeat(room + 1))).toBe(false);
    expect(add(7, 'x-u', 'b')).toBe(true);
    expect(written(7)).toBe('replace 2 x-u=b');
  });

  it('writes no byte into the entry of its neighbour', () => {
    echoBegin(9);
    add(9, 'x-n', 'neighbour');
    echoBegin(8);
    add(8, 'x-t', 'a'.repeat(ECHO_SIZE - 8 - 4 - 3));
    add(8, 'x-t', 'more');
    expect(written(9)).toBe('replace 2 x-n=neighbour');
    written(8);
  });

  it('refuses sizes that would wrap around', () => {
    echoBegin(7);
    expect(echoAdd(7, 1, 3, 1, u32.MAX_VALUE)).toBe(false);
    expect(echoAdd(7, 1, u32.MAX_VALUE, 1, u32.MAX_VALUE)).toBe(false);
    expect(echoAdd(7, 1, 0x80000000, 1, 0x80000000)).toBe(false);
    expect(written(7)).toBe('');
  });

  it('keeps ECHO_COUNT streams waiting, and loses the oldest for one more', () => {
    const first: u32 = 1 << 20;
    let free: u32 = 0;
    for (let i: u32 = 0; i < ECHO_COUNT; i++) {
      if (echoBegin(first + i)) free++;
      add(first + i, 'n', i.toString());
    }
    expect(free).toBe(ECHO_COUNT);
    expect(echoBegin(first + ECHO_COUNT)).toBe(false);
    add(first + ECHO_COUNT, 'n', 'new');
    expect(written(first)).toBe('');
    expect(written(first + ECHO_COUNT)).toBe('replace 2 n=new');
    let right: u32 = 0;
    for (let i: u32 = 1; i < ECHO_COUNT; i++) {
      if (written(first + i) == 'replace 2 n=' + i.toString()) right++;
    }
    expect(right).toBe(ECHO_COUNT - 1);
    expect(echoBegin(first)).toBe(true);
    written(first);
  });

  it('says where a stream that still waited was begun anew', () => {
    echoBegin(3);
    add(3, 'x-t', 'old');
    expect(echoBegin(3)).toBe(false);
    add(3, 'x-t', 'new');
    expect(written(3)).toBe('replace 2 x-t=new');
  });

  it('says that a write was refused, and still tries the others', () => {
    echoBegin(4);
    add(4, 'x-t', 'a');
    add(4, 'x-u', 'b');
    hostRefuse('proxy_replace_header_map_value', Status.BadArgument);
    expect(echoWrite(4)).toBe(false);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(2);
    hostRefuse('proxy_replace_header_map_value', 0);
    expect(echoWrite(4)).toBe(true);
    expect(hostCalls('proxy_replace_header_map_value')).toBe(2);
  });
});

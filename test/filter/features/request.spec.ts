import { MapType, Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { Config, HeaderNames } from '../../../filter/assembly/config/layout';
import { findName } from '../../../filter/assembly/config/names';
import {
  clientAddress,
  firstValue,
  forgetHeader,
  indexPairs,
  readRequest,
  Value,
} from '../../../filter/assembly/features/request';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { compiled, withTags } from '../config/compile';
import { hostCalls, hostHeader, hostPairs, hostProperty, hostRefuse, hostReset } from '../host';
import { lay, layHex, read, readHex } from '../support';

const REQUEST = MapType.RequestHeaders;
const PAIRS = '[{"header":"x-a"},{"header":"x-b"}]';
const SINGLE = '[{"header":"x-a","incoming":"strip"}]';

let config: Config = changetype<Config>(0);

function given(tags: string): void {
  config = compiled(withTags(tags));
  arenaReset();
}

/** The values of a name as the conditions see them: `one|two`, `(none)`. */
function values(name: string): string {
  const slice = lay(name);
  const index = findName(changetype<HeaderNames>(config.names), slice.ptr, slice.size);
  let at = firstValue(config, index);
  if (at == 0) return '(none)';
  let shown = '';
  for (let count = 0; at != 0; at = changetype<Value>(at).next) {
    if (count++ > 0) shown += '|';
    shown += read(changetype<Value>(at).ptr, changetype<Value>(at).size);
  }
  return shown;
}

function indexed(list: Slice): bool {
  return indexPairs(changetype<HeaderNames>(config.names), list.ptr, list.size);
}

describe('request', () => {
  beforeEach(() => {
    hostReset();
  });

  it('collects the values of the names that are needed, in their order', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    hostHeader(REQUEST, 'x-c', 'no');
    hostHeader(REQUEST, 'x-b', '');
    hostHeader(REQUEST, 'x-a', 'two');
    hostHeader(REQUEST, 'x-a', 'three');
    given(PAIRS);
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('one|two|three');
    expect(values('x-b')).toBe('');
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(1);
    expect(hostCalls('proxy_get_header_map_value')).toBe(0);
  });

  it('forgets the request before', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    given(PAIRS);
    readRequest(config);
    hostReset();
    hostHeader(REQUEST, 'x-b', 'two');
    arenaReset();
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('(none)');
    expect(values('x-b')).toBe('two');
    given(SINGLE);
    hostHeader(REQUEST, 'x-a', 'one');
    readRequest(config);
    hostReset();
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('(none)');
  });

  it('makes no call where nothing is needed', () => {
    given('[]');
    expect(readRequest(config)).toBe(true);
    expect(hostCalls('proxy_get_header_map_pairs') + hostCalls('proxy_get_header_map_value')).toBe(
      0,
    );
  });

  it('reads one header alone where its first value tells all', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    hostHeader(REQUEST, 'x-a', 'two');
    given(SINGLE);
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('one');
    expect(hostCalls('proxy_get_header_map_value')).toBe(1);
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(0);
  });

  it('takes an absent header for absent, and an empty one for present', () => {
    given(SINGLE);
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('(none)');
    hostHeader(REQUEST, 'x-a', '');
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('');
  });

  it('is unreadable where the host refuses', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    hostRefuse('proxy_get_header_map_value', Status.BadArgument);
    given(PAIRS);
    expect(readRequest(config)).toBe(false);
    given(SINGLE);
    expect(readRequest(config)).toBe(false);
    expect(values('x-a')).toBe('(none)');
  });

  it('is unreadable where the arena has no room for the headers or their values', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    given(PAIRS);
    arenaTake(ARENA_SIZE);
    expect(readRequest(config)).toBe(false);
    given(SINGLE);
    arenaTake(ARENA_SIZE);
    expect(readRequest(config)).toBe(false);
    // Room for the list of one pair, 20 bytes, but not for the Value.
    given(PAIRS);
    arenaTake(ARENA_SIZE - 24);
    expect(readRequest(config)).toBe(false);
    given(PAIRS);
    arenaTake(ARENA_SIZE - 24 - 16);
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('one');
  });

  it('is unreadable where the list of pairs is none', () => {
    const list = layHex('05 00 00 00 01 00 00 00');
    hostPairs(REQUEST, list.ptr, list.size);
    given(PAIRS);
    expect(readRequest(config)).toBe(false);
    expect(values('x-a')).toBe('(none)');
  });

  it('takes an empty list as a request without headers', () => {
    given(PAIRS);
    expect(indexed(layHex(''))).toBe(true);
    expect(indexed(layHex('00 00 00 00'))).toBe(true);
    expect(values('x-a')).toBe('(none)');
  });

  it('takes a list in which a pair lies about its size for unreadable', () => {
    const lead = '02 00 00 00  03 00 00 00 01 00 00 00';
    given(PAIRS);
    const text = '782d6100 3100 782d6200 3200';
    expect(indexed(layHex(lead + 'ff ff ff ff 01 00 00 00' + text))).toBe(false);
    expect(indexed(layHex(lead + '03 00 00 00 00 00 00 00' + text))).toBe(false);
    expect(indexed(layHex(lead + '03 00 00 00 01 00 00 00' + text))).toBe(true);
    expect(values('x-a')).toBe('1');
    expect(values('x-b')).toBe('2');
  });

  it('passes over names that are empty or of other bytes', () => {
    given(PAIRS);
    const list =
      '03 00 00 00  00 00 00 00 01 00 00 00  03 00 00 00 01 00 00 00  03 00 00 00 01 00 00 00' +
      '00 3100  782dff00 3200  582d4100 3300';
    expect(indexed(layHex(list))).toBe(true);
    expect(values('x-a')).toBe('(none)');
  });

  it('forgets a header for the rest of the pass', () => {
    hostHeader(REQUEST, 'x-a', 'one');
    hostHeader(REQUEST, 'x-b', 'two');
    given(PAIRS);
    readRequest(config);
    forgetHeader(config, 0);
    expect(values('x-a')).toBe('(none)');
    expect(values('x-b')).toBe('two');
  });

  it('asks for the address once in a request, and again in the next', () => {
    given(PAIRS);
    hostProperty('source.address', '10.0.0.1:80');
    readRequest(config);
    expect(readHex(clientAddress(config), 16)).toBe('00000000000000000000ffff0a000001');
    hostProperty('source.address', '10.0.0.2:80');
    expect(readHex(clientAddress(config), 16)).toBe('00000000000000000000ffff0a000001');
    readRequest(config);
    expect(readHex(clientAddress(config), 16)).toBe('00000000000000000000ffff0a000002');
    hostReset();
    readRequest(config);
    expect(clientAddress(config)).toBe(0);
    expect(clientAddress(config)).toBe(0);
    expect(hostCalls('proxy_get_property')).toBe(1);
  });

  it('asks for the address anew also where no header is read', () => {
    given('[]');
    hostProperty('source.address', '10.0.0.1:80');
    readRequest(config);
    clientAddress(config);
    hostProperty('source.address', '10.0.0.2:80');
    readRequest(config);
    expect(readHex(clientAddress(config), 16)).toBe('00000000000000000000ffff0a000002');
  });
});

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
  requestHost,
  requestPath,
  Value,
} from '../../../filter/assembly/features/request';
import {
  ARENA_KEPT,
  ARENA_SIZE,
  arenaMark,
  arenaReset,
  arenaTake,
} from '../../../filter/assembly/shim/arena';
import { compiled, withTags } from '../config/compile';
import { hostCalls, hostHeader, hostPairs, hostProperty, hostRefuse, hostReset } from '../host';
import { lay, layHex, read, readHex } from '../support';

const REQUEST = MapType.RequestHeaders;
const PAIRS = '[{"header":"x-a"},{"header":"x-b"}]';
const SINGLE = '[{"header":"x-a","incoming":"strip"}]';

const NONE = '(none)';
const out: Slice = changetype<Slice>(memory.data(8, 8));

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

/** A configuration with these sections besides a rule that looks at path, host and address. */
function sections(texts: string): void {
  const all = '"path":{"exact":"/"},"host":{"exact":"a"},"ip":["::1"]';
  const tags = '[{"header":"x-t","rules":[{"value":"v","when":{' + all + '}}]}]';
  config = compiled('{"id":"a/b/0","direction":"inbound",' + texts + '"tags":' + tags + '}');
  // Whoever counts needs a counter, which features/labels.ts gives a configuration.
  config.addressErrors = 1;
  arenaReset();
}

/** The path of a request for this target, as conditions see it. */
function path(target: string): string {
  hostReset();
  hostHeader(REQUEST, ':path', target);
  arenaReset();
  assert(readRequest(config));
  return requestPath(config, out) ? read(out.ptr, out.size) : NONE;
}

function host(authority: string): string {
  hostReset();
  hostHeader(REQUEST, ':authority', authority);
  arenaReset();
  assert(readRequest(config));
  return requestHost(config, out) ? read(out.ptr, out.size) : NONE;
}

/** The client of a request with these values of x-forwarded-for, from 10.0.0.9. */
function client(forwarded: string[]): string {
  hostReset();
  hostProperty('source.address', '10.0.0.9:80');
  for (let i = 0; i < forwarded.length; i++) hostHeader(REQUEST, 'x-forwarded-for', forwarded[i]);
  arenaReset();
  assert(readRequest(config));
  const at = clientAddress(config);
  // Of the mapped addresses here the last four bytes tell.
  return at == 0 ? NONE : readHex(at + 12, 4);
}

/** A configuration whose client stands in x-forwarded-for before so many hops. */
function hops(count: i32): void {
  sections('"client":{"address":"forwarded","trustedHops":' + count.toString() + '},');
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

  it('takes no name for another that looks like it', () => {
    // Alike in the sum of size and last byte, by which most names are passed over.
    hostHeader(REQUEST, 'ab', 'no');
    hostHeader(REQUEST, 'y-a', 'no');
    hostHeader(REQUEST, 'x-a', 'one');
    given(PAIRS);
    expect(readRequest(config)).toBe(true);
    expect(values('x-a')).toBe('one');
    expect(values('x-b')).toBe('(none)');
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
    arenaTake(ARENA_SIZE - ARENA_KEPT - 24);
    expect(readRequest(config)).toBe(false);
    given(PAIRS);
    arenaTake(ARENA_SIZE - ARENA_KEPT - 24 - 16);
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
    expect(indexed(layHex(lead + '03 00 00 00 01 00 00 00' + '782d6100 3100'))).toBe(false);
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

  it('gives the path normalised, without query and fragment', () => {
    sections('');
    expect(path('/login?x=1')).toBe('/login');
    expect(path('/login#f?x')).toBe('/login');
    expect(path('//x/../%6cogin/;v=1?a=/b')).toBe('/login');
    expect(path('/')).toBe('/');
    expect(path('*')).toBe('*');
    expect(path('?a')).toBe('');
    expect(path('/LOGIN')).toBe('/LOGIN');
  });

  it('gives the path as it came, without query and fragment, where it is told to', () => {
    sections('"paths":{"normalize":false},');
    expect(path('//x/../%6cogin/;v=1?a=/b')).toBe('//x/../%6cogin/;v=1');
    expect(path('/login/#f')).toBe('/login/');
  });

  it('folds the path where it is told to', () => {
    sections('"paths":{"ignoreCase":true},');
    expect(path('/LogIn/É')).toBe('/login/É');
    expect(path('/a/%4Cogin/')).toBe('/a/login');
    expect(path('/login')).toBe('/login');
    sections('"paths":{"ignoreCase":true,"normalize":false},');
    expect(path('/%4COGIN/?A')).toBe('/%4cogin/');
  });

  it('copies a path only where it is not normal, and once in a pass', () => {
    sections('');
    path('/login?x=%41');
    const mark = arenaMark();
    requestPath(config, out);
    expect(arenaMark()).toBe(mark);
    hostReset();
    hostHeader(REQUEST, ':path', '/%6cogin');
    arenaReset();
    readRequest(config);
    const before = arenaMark();
    requestPath(config, out);
    // Its two readings, and its segments as they came.
    expect(arenaMark()).toBe(before + 3 * 8);
    const ptr = out.ptr;
    requestPath(config, out);
    expect(out.ptr).toBe(ptr);
    expect(arenaMark()).toBe(before + 3 * 8);
    expect(path('/other/')).toBe('/other');
  });

  it('writes nothing into what the host gave', () => {
    sections('"paths":{"ignoreCase":true},');
    path('/A/../%42');
    expect(values(':path')).toBe('/A/../%42');
  });

  it('gives the path as it came where the arena has no room to normalise it', () => {
    sections('');
    hostHeader(REQUEST, ':path', '/%6cogin?x');
    readRequest(config);
    arenaTake(ARENA_SIZE - arenaMark());
    expect(requestPath(config, out)).toBe(true);
    expect(read(out.ptr, out.size)).toBe('/%6cogin');
  });

  it('has no path and no host where the request has none', () => {
    sections('');
    expect(readRequest(config)).toBe(true);
    expect(requestPath(config, out)).toBe(false);
    expect(requestPath(config, out)).toBe(false);
    expect(requestHost(config, out)).toBe(false);
    // Nor where the policy does not need them.
    given(PAIRS);
    hostHeader(REQUEST, ':path', '/');
    hostHeader(REQUEST, ':authority', 'a');
    readRequest(config);
    expect(requestPath(config, out)).toBe(false);
    expect(requestHost(config, out)).toBe(false);
  });

  it('gives the host without its port and without the dot at its end', () => {
    sections('');
    expect(host('shop.example')).toBe('shop.example');
    expect(host('shop.example:8080')).toBe('shop.example');
    expect(host('shop.example.')).toBe('shop.example');
    expect(host('shop.example.:8080')).toBe('shop.example');
    expect(host('Shop.example.:')).toBe('Shop.example');
    expect(host('shop..')).toBe('shop.');
    expect(host('.')).toBe('');
    expect(host('.:1')).toBe('');
    expect(host('')).toBe('');
    expect(host('80')).toBe('80');
    expect(host(':80')).toBe('');
    expect(host('[::1]:80')).toBe('[::1]');
    expect(host('[::1]')).toBe('[::1]');
    expect(host('shop.:http')).toBe('shop.:http');
  });

  it('takes the last entry of x-forwarded-for for the client, before so many hops', () => {
    hops(0);
    expect(client(['10.0.0.1'])).toBe('0a000001');
    expect(client(['10.0.0.1, 10.0.0.2,10.0.0.3'])).toBe('0a000003');
    hops(1);
    expect(client(['10.0.0.1, 10.0.0.2,10.0.0.3'])).toBe('0a000002');
    expect(client([' 10.0.0.1 \t,\t 10.0.0.2 '])).toBe('0a000001');
    hops(2);
    expect(client(['10.0.0.1, 10.0.0.2,10.0.0.3'])).toBe('0a000001');
    hops(255);
    expect(client(['10.0.0.1' + ',10.0.0.2'.repeat(255)])).toBe('0a000001');
  });

  it('takes all values of x-forwarded-for for one list', () => {
    hops(0);
    expect(client(['10.0.0.1, 10.0.0.2', '10.0.0.3'])).toBe('0a000003');
    hops(1);
    expect(client(['10.0.0.1, 10.0.0.2', '10.0.0.3'])).toBe('0a000002');
    expect(client(['10.0.0.1', '10.0.0.2', '10.0.0.3'])).toBe('0a000002');
    hops(2);
    expect(client(['10.0.0.1, 10.0.0.2', '10.0.0.3'])).toBe('0a000001');
    expect(client(['10.0.0.1', '', '10.0.0.2', '', '10.0.0.3', ''])).toBe('0a000001');
  });

  it('falls back to the connection where there are fewer entries than that', () => {
    hops(0);
    expect(client([])).toBe('0a000009');
    expect(client([''])).toBe('0a000009');
    hops(1);
    expect(client(['10.0.0.1'])).toBe('0a000009');
    expect(client(['10.0.0.1', ''])).toBe('0a000009');
    hops(255);
    expect(client(['10.0.0.1' + ',10.0.0.2'.repeat(254)])).toBe('0a000009');
  });

  it('counts an empty element as an entry, as Envoy does', () => {
    hops(1);
    expect(client(['10.0.0.1,,10.0.0.3'])).toBe(NONE);
    expect(client(['10.0.0.1,'])).toBe('0a000001');
    expect(client(['10.0.0.1, '])).toBe('0a000001');
    hops(0);
    expect(client([','])).toBe(NONE);
    expect(client(['10.0.0.1 , '])).toBe(NONE);
    hops(2);
    expect(client(['10.0.0.1, ,10.0.0.3'])).toBe('0a000001');
  });

  it('counts an entry that is no address, once, and has no client then', () => {
    hops(1);
    const wrong = ['unknown, 10.0.0.1', ',10.0.0.1', '10.0.0.256,a', '10.0.0.1 10.0.0.2,x'];
    for (let i = 0; i < wrong.length; i++) {
      expect(client([wrong[i]])).toBe(NONE, wrong[i]);
      // It is not looked for again, neither in the header nor in the connection.
      expect(clientAddress(config)).toBe(0);
      expect(hostCalls('proxy_get_property')).toBe(0);
      expect(hostCalls('proxy_increment_metric')).toBe(1);
    }
    expect(client(['unknown, 10.0.0.1, 10.0.0.2'])).toBe('0a000001');
  });

  it('takes entries with a port or brackets', () => {
    hops(0);
    expect(client(['10.0.0.1:80'])).toBe('0a000001');
    expect(client(['x, [::ffff:10.0.0.2]:443'])).toBe('0a000002');
    expect(client(['::ffff:10.0.0.3'])).toBe('0a000003');
  });

  it('asks the connection for the address where the policy says so, whatever is forwarded', () => {
    sections('"client":{"address":"envoy"},');
    expect(client(['10.0.0.1'])).toBe('0a000009');
    hops(0);
    expect(client(['10.0.0.1'])).toBe('0a000001');
    expect(hostCalls('proxy_get_property')).toBe(0);
  });

  it('has no client where neither a header nor the host has one', () => {
    hops(0);
    readRequest(config);
    expect(clientAddress(config)).toBe(0);
    expect(hostCalls('proxy_increment_metric')).toBe(0);
    hostProperty('source.address', '/run/socket');
    readRequest(config);
    expect(clientAddress(config)).toBe(0);
    expect(hostCalls('proxy_increment_metric')).toBe(1);
  });
});

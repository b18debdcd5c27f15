import { MapType, Status } from '../../../../filter/assembly/abi/enums';
import { Slice } from '../../../../filter/assembly/bytes/slice';
import { Config, Percent, ruleAt, Source } from '../../../../filter/assembly/config/layout';
import { readCookie, readSource } from '../../../../filter/assembly/features/matching/source';
import { readRequest } from '../../../../filter/assembly/features/request';
import { arenaMark, arenaReset } from '../../../../filter/assembly/shim/arena';
import { compiled, onlyTag, withTags } from '../../config/compile';
import { hostCalls, hostHeader, hostProperty, hostRefuse, hostReset } from '../../host';
import { lay, read } from '../../support';

const NONE = '(none)';
const out: Slice = changetype<Slice>(memory.data(8, 8));

let client: string = '';

function withSource(source: string): Config {
  const text = withTags(
    '[{"header":"x-t","rules":[{"value":"v","percent":1,"identity":[' + source + ']}]}]',
  );
  const config = compiled(text.replace('"tags":', client + '"tags":'));
  arenaReset();
  assert(readRequest(config));
  return config;
}

function first(config: Config): Source {
  return changetype<Source>(changetype<Percent>(ruleAt(onlyTag(config), 0).percent).sources);
}

/** What a source finds in the request that the host holds. */
function found(source: string): string {
  const config = withSource(source);
  return readSource(config, first(config), out) ? read(out.ptr, out.size) : NONE;
}

function header(name: string, value: string): void {
  hostHeader(MapType.RequestHeaders, name, value);
}

function cookieIn(value: string): string {
  hostReset();
  header('cookie', value);
  return found('{"cookie":"uid"}');
}

function queryIn(path: string): string {
  hostReset();
  header(':path', path);
  return found('{"query":"u id"}');
}

function addressOf(address: string): string {
  hostReset();
  hostProperty('source.address', address);
  return found('{"ip":true}');
}

describe('source', () => {
  beforeEach(() => {
    hostReset();
    client = '';
  });

  it('reads the first value of a header that is not empty', () => {
    expect(found('{"header":"x-u"}')).toBe(NONE);
    header('x-u', '');
    expect(found('{"header":"x-u"}')).toBe(NONE);
    header('x-u', 'a');
    header('x-u', 'b');
    expect(found('{"header":"x-u"}')).toBe('a');
    expect(found('{"header":"X-U"}')).toBe('a');
    expect(found('{"header":"x-v"}')).toBe(NONE);
  });

  it('reads the first cookie of a name that is not empty', () => {
    expect(cookieIn('uid=7')).toBe('7');
    expect(cookieIn('a=b; uid=7; uid=8')).toBe('7');
    expect(cookieIn('uid=; uid=8')).toBe('8');
    expect(cookieIn('uid; uid=8')).toBe('8');
    expect(cookieIn('uid=')).toBe(NONE);
    expect(cookieIn('uid')).toBe(NONE);
    expect(cookieIn('UID=7; xuid=7; uidx=7')).toBe(NONE);
    expect(cookieIn('uid="7"')).toBe('"7"');
    expect(cookieIn('uid=%37')).toBe('%37');
    expect(cookieIn('')).toBe(NONE);
  });

  it('reads cookies of all their headers', () => {
    header('cookie', 'a=1; uid=');
    header('cookie', 'b=2; uid=7');
    expect(found('{"cookie":"uid"}')).toBe('7');
  });

  it('reads the first field of the query that is not empty, decoded', () => {
    expect(queryIn('/?u+id=a%20b')).toBe('a b');
    expect(queryIn('/?x=1&u%20id=7&u%20id=8')).toBe('7');
    expect(queryIn('/?u+id=&u+id=8')).toBe('8');
    expect(queryIn('/?u+id')).toBe(NONE);
    expect(queryIn('/?uid=7')).toBe(NONE);
    expect(queryIn('/')).toBe(NONE);
    expect(queryIn('/#?u+id=7')).toBe(NONE);
    expect(queryIn('/?u+id=%C3%A9')).toBe('é');
  });

  it("reads the client's address as RFC 5952 writes it", () => {
    expect(addressOf('192.0.2.7:1234')).toBe('192.0.2.7');
    expect(addressOf('[::ffff:192.0.2.7]:1234')).toBe('192.0.2.7');
    expect(addressOf('[2001:DB8:0:0:1:2:3:4]:1234')).toBe('2001:db8::');
    expect(addressOf('[2001:db8:0:1:ffff:ffff:ffff:ffff]:1')).toBe('2001:db8:0:1::');
    expect(addressOf('[2001:db8:0:2::1]:1')).toBe('2001:db8:0:2::');
    expect(addressOf('[::1]:80')).toBe('::');
  });

  it("cuts the client's address to the bits that the policy gives it", () => {
    client = '"client":{"prefix":{"v4":24,"v6":48}},';
    expect(addressOf('192.0.2.7:1234')).toBe('192.0.2.0');
    expect(addressOf('[::ffff:192.0.2.7]:1234')).toBe('192.0.2.0');
    expect(addressOf('[2001:db8:1:2:3:4:5:6]:1')).toBe('2001:db8:1::');
    client = '"client":{"prefix":{"v6":128}},';
    expect(addressOf('192.0.2.7:1234')).toBe('192.0.2.7');
    expect(addressOf('[2001:db8:1:2:3:4:5:6]:1')).toBe('2001:db8:1:2:3:4:5:6');
    client = '"client":{"prefix":{"v4":0,"v6":0}},';
    expect(addressOf('192.0.2.7:1234')).toBe('0.0.0.0');
    expect(addressOf('[2001:db8:1:2:3:4:5:6]:1')).toBe('::');
  });

  it('takes the client from x-forwarded-for where the policy says so', () => {
    client = '"client":{"address":"forwarded","trustedHops":1,"prefix":{"v6":56}},';
    header('x-forwarded-for', '192.0.2.1, 2001:db8:1:2ff::1, 192.0.2.3');
    hostProperty('source.address', '192.0.2.9:1');
    expect(found('{"ip":true}')).toBe('2001:db8:1:200::');
  });

  it('has no address where the host has none', () => {
    expect(found('{"ip":true}')).toBe(NONE);
    expect(addressOf('/run/pipe')).toBe(NONE);
    hostReset();
    hostProperty('source.address', '192.0.2.7:1234');
    hostRefuse('proxy_get_property', Status.InternalFailure);
    expect(found('{"ip":true}')).toBe(NONE);
  });

  it('asks for the address once, and finds it anew each time', () => {
    hostProperty('source.address', '[2001:db8:1:2:3::1]:1');
    const config = withSource('{"ip":true}');
    const before = hostCalls('proxy_get_property');
    expect(readSource(config, first(config), out)).toBe(true);
    expect(readSource(config, first(config), out)).toBe(true);
    expect(read(out.ptr, out.size)).toBe('2001:db8:1:2::');
    expect(hostCalls('proxy_get_property')).toBe(before + 1);
  });

  it('keeps no memory for what it does not find', () => {
    header(':path', '/?%61=1&%62=2&%63=3&%64=4');
    const config = withSource('{"query":"x"}');
    const mark = arenaMark();
    expect(readSource(config, first(config), out)).toBe(false);
    expect(arenaMark()).toBe(mark);
  });

  it('reads a cookie by its name alone', () => {
    header('cookie', 'id=; other=2');
    header('cookie', 'id=1');
    const config = withSource('{"cookie":"id"}');
    const other = lay('other');
    const none = lay('oth');
    expect(readCookie(config, first(config).index, other.ptr, other.size, out)).toBe(true);
    expect(read(out.ptr, out.size)).toBe('2');
    expect(readCookie(config, first(config).index, none.ptr, none.size, out)).toBe(false);
  });
});

import { Config, limitAt, SECRET_SIZE } from '../../../../filter/assembly/config/layout';
import { hashKey, hashKeyForAll } from '../../../../filter/assembly/features/limiting/key';
import { arenaMark } from '../../../../filter/assembly/shim/arena';
import { hostProperty, hostReset } from '../../host';
import { readHex } from '../../support';
import { newName, pushed, requested } from './limited';

const START = ':method: GET\n:path: /users/7/orders?id=a&x=1\n:authority: Shop.Example:80\n';

/** A policy with one limit by this key, and a secret that is known. */
function by(per: string): Config {
  const config = pushed('{"name":"' + newName() + '","rate":"1/s","per":[' + per + ']}');
  memory.fill(config.secret, 7, SECRET_SIZE);
  return config;
}

function keyOf(config: Config, headers: string): u64 {
  requested(config, headers);
  return hashKey(config, limitAt(config, 0));
}

/** Whether two requests share a bucket. */
function same(per: string, one: string, other: string): bool {
  const config = by(per);
  return keyOf(config, one) == keyOf(config, other);
}

describe('key', () => {
  beforeEach(hostReset);

  it('is 0 where all requests share a bucket', () => {
    const config = pushed('{"name":"' + newName() + '","rate":"1/s"}');
    expect(keyOf(config, START + 'x-a: 1')).toBe(0);
  });

  it('tells values apart', () => {
    expect(same('{"header":"x-a"}', 'x-a: 1', 'x-a: 1\nx-b: 2')).toBe(true);
    expect(same('{"header":"x-a"}', 'x-a: 1', 'x-a: 2')).toBe(false);
    expect(same('{"header":"x-a"}', 'x-a: a', 'x-a: A')).toBe(false);
  });

  it('is that of none where there is none, an empty one, or several that differ', () => {
    const per = '{"header":"x-a"}';
    expect(same(per, 'x-b: 1', 'x-a: ')).toBe(true);
    expect(same(per, 'x-b: 1', 'x-a: 1\nx-a: 2')).toBe(true);
    expect(same(per, 'x-a: 1', 'x-a: 1\nx-a: 1')).toBe(true);
    expect(same(per, 'x-b: 1', 'x-a: 1')).toBe(false);
  });

  it('reads cookies, and fields of the query decoded', () => {
    const cookie = '{"cookie":"uid"}';
    expect(same(cookie, 'cookie: uid=a', 'cookie: b=1; uid=a; c')).toBe(true);
    expect(same(cookie, 'cookie: uid=a', 'cookie: uid=b')).toBe(false);
    expect(same(cookie, 'cookie: uid=a; uid=b', 'cookie: b=1')).toBe(true);
    expect(same(cookie, 'cookie: uid=; uid=b', 'cookie: uid=b')).toBe(true);
    const query = '{"query":"id"}';
    expect(same(query, ':path: /?id=a', ':path: /b?x=1&i%64=%61#f')).toBe(true);
    expect(same(query, ':path: /?id=a', ':path: /?id=b')).toBe(false);
    expect(same(query, ':path: /?id=a&id=b', ':path: /')).toBe(true);
  });

  it('reads the host without port and case, and the variable of a path', () => {
    expect(same('{"host":true}', ':authority: A.example:1', ':authority: a.example')).toBe(true);
    expect(same('{"host":true}', ':authority: a.example', ':authority: b.example')).toBe(false);
    const path = '{"path":{"template":"/users/{id}/orders","variable":"id"}}';
    expect(same(path, ':path: /users/7/orders', ':path: /users/7/orders?a=b')).toBe(true);
    expect(same(path, ':path: /users/7/orders', ':path: /users/8/orders')).toBe(false);
    expect(same(path, ':path: /users/7/other', ':path: /')).toBe(true);
  });

  it('reads addresses as far as they tell clients apart', () => {
    const config = by('{"ip":{"v4":24,"v6":64}}');
    const keys: u64[] = [];
    const addresses = ['1.2.3.4:1', '1.2.3.9:2', '1.2.4.4:1', '[2001:db8::1]:1', '[2001:db8::2]:1'];
    for (let i = 0; i < addresses.length; i++) {
      hostProperty('source.address', addresses[i]);
      keys.push(keyOf(config, START));
    }
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
    expect(keys[3]).toBe(keys[4]);
    expect(keys[2]).not.toBe(keys[3]);
  });

  it('is of all parts, each in its place', () => {
    const config = by('{"header":"x-a"},{"header":"x-b"}');
    const seen: u64[] = [];
    const requests = ['x-a: 12', 'x-b: 12', 'x-a: 1\nx-b: 2', 'x-a: 2\nx-b: 1', ''];
    for (let i = 0; i < requests.length; i++) {
      const key = keyOf(config, requests[i]);
      expect(seen.includes(key)).toBe(false, requests[i]);
      seen.push(key);
    }
  });

  it('depends on the secret, but for what other proxies must know', () => {
    const config = by('{"header":"x-a"}');
    const first = keyOf(config, 'x-a: 1');
    const all = readHex(hashKeyForAll(config, limitAt(config, 0), true), 16);
    memory.fill(config.secret, 8, SECRET_SIZE);
    expect(keyOf(config, 'x-a: 1')).not.toBe(first);
    expect(readHex(hashKeyForAll(config, limitAt(config, 0), true), 16)).toBe(all);
  });

  it('leaves the arena as it was, but for the path', () => {
    const config = by('{"query":"id"},{"host":true},{"cookie":"uid"}');
    requested(config, START + 'cookie: uid=1');
    hashKey(config, limitAt(config, 0));
    const mark = arenaMark();
    for (let i = 0; i < 1000; i++) hashKey(config, limitAt(config, 0));
    expect(arenaMark()).toBe(mark);
  });
});

import {
  ClientAddress,
  Config,
  HeaderNames,
  nameAt,
  ReadPlan,
} from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf } from './compile';

const HEAD = '{"id":"a/b/0","direction":"inbound",';
const BY_IP = '"tags":[{"header":"x-t","rules":[{"value":"v","when":{"ip":["::1"]}}]}]';
const BY_IDENTITY =
  '"tags":[{"header":"x-t","rules":[{"value":"v","percent":1,"identity":[{"ip":true}]}]}]';

function client(section: string): Config {
  return compiled(HEAD + '"client":' + section + '}');
}

function refused(section: string): string {
  const shown = fault(HEAD + '"client":' + section + '}');
  return shown.startsWith('$.client') ? shown.substring(8) : shown;
}

describe('client', () => {
  it("is Envoy's by default, of whom an IPv6 client is its /64", () => {
    const none = compiled(HEAD + '"tags":[]}');
    expect(none.client).toBe(<u8>ClientAddress.Envoy);
    expect(none.trustedHops).toBe(0);
    expect(none.clientBits4).toBe(32);
    expect(none.clientBits6).toBe(64);
    const empty = client('{}');
    expect(empty.client).toBe(<u8>ClientAddress.Envoy);
    expect(empty.clientBits4).toBe(32);
    expect(empty.clientBits6).toBe(64);
    expect(client('{"address":"envoy"}').client).toBe(<u8>ClientAddress.Envoy);
  });

  it('is forwarded, behind so many trusted hops', () => {
    const found = client('{"address":"forwarded"}');
    expect(found.client).toBe(<u8>ClientAddress.Forwarded);
    expect(found.trustedHops).toBe(0);
    expect(client('{"address":"forwarded","trustedHops":0}').trustedHops).toBe(0);
    expect(client('{"trustedHops":2,"address":"forwarded"}').trustedHops).toBe(2);
    expect(client('{"address":"forwarded","trustedHops":255}').trustedHops).toBe(255);
  });

  it('has a prefix of either version', () => {
    const found = client('{"prefix":{"v4":24,"v6":48}}');
    expect(found.clientBits4).toBe(24);
    expect(found.clientBits6).toBe(48);
    const one = client('{"prefix":{"v4":0}}');
    expect(one.clientBits4).toBe(0);
    expect(one.clientBits6).toBe(64);
    const other = client('{"address":"forwarded","prefix":{"v6":128}}');
    expect(other.clientBits4).toBe(32);
    expect(other.clientBits6).toBe(128);
    expect(client('{"prefix":{"v4":32,"v6":0}}').clientBits6).toBe(0);
    expect(client('{"prefix":{}}').clientBits6).toBe(64);
  });

  it('refuses what it does not know', () => {
    const keys = 'address trustedHops prefix';
    expect(refused('"envoy"')).toBe(': found "envoy", wanted an object with the keys ' + keys);
    expect(refused('{"adress":"envoy"}')).toBe(': found the key "adress", wanted one of: ' + keys);
    const address = '.address: found ';
    const wanted = ', wanted "envoy" or "forwarded"';
    expect(refused('{"address":"x-forwarded-for"}')).toBe(address + '"x-forwarded-for"' + wanted);
    expect(refused('{"address":""}')).toBe(address + '""' + wanted);
    expect(refused('{"address":true}')).toBe(address + 'true' + wanted);
    expect(refused('{"address":null}')).toBe(address + 'null' + wanted);
    expect(refused('{"prefix":64}')).toBe(
      '.prefix: found 64, wanted an object with the keys v4 v6',
    );
    expect(refused('{"prefix":{"v5":1}}')).toBe(
      '.prefix: found the key "v5", wanted one of: v4 v6',
    );
  });

  it('refuses hops of an address that has none', () => {
    const wanted =
      ': found "trustedHops" without forwarded, wanted "address": "forwarded" beside it';
    expect(refused('{"trustedHops":1}')).toBe(wanted);
    expect(refused('{"trustedHops":0}')).toBe(wanted);
    expect(refused('{"address":"envoy","trustedHops":1}')).toBe(wanted);
  });

  it('refuses numbers out of their bounds', () => {
    const hops = [256, -1];
    for (let i = 0; i < hops.length; i++) {
      expect(refused('{"address":"forwarded","trustedHops":' + hops[i].toString() + '}')).toBe(
        '.trustedHops: found ' + hops[i].toString() + ', wanted a whole number from 0 to 255',
      );
    }
    expect(refused('{"address":"forwarded","trustedHops":"1"}')).toBe(
      '.trustedHops: found "1", wanted a whole number from 0 to 255',
    );
    expect(refused('{"address":"forwarded","trustedHops":1.5}')).toBe(
      '.trustedHops: found 1.5, wanted a whole number from 0 to 255',
    );
    expect(refused('{"prefix":{"v4":33}}')).toBe(
      '.prefix.v4: found 33, wanted a whole number from 0 to 32',
    );
    expect(refused('{"prefix":{"v6":129}}')).toBe(
      '.prefix.v6: found 129, wanted a whole number from 0 to 128',
    );
    expect(refused('{"prefix":{"v6":"/64"}}')).toBe(
      '.prefix.v6: found "/64", wanted a whole number from 0 to 128',
    );
  });

  it('needs x-forwarded-for only where an address is looked for there', () => {
    const forwarded = '"client":{"address":"forwarded"}';
    expect(namesOf(compiled(HEAD + forwarded + '}'))).toBe('');
    expect(namesOf(compiled(HEAD + forwarded + ',"tags":[{"header":"x-t"}]}'))).toBe('x-t');
    expect(namesOf(compiled(HEAD + BY_IP + '}'))).toBe('x-t');
    expect(namesOf(compiled(HEAD + BY_IDENTITY + ',"client":{"address":"envoy"}}'))).toBe('x-t');
    const sections = [BY_IP, BY_IDENTITY];
    for (let i = 0; i < sections.length; i++) {
      const config = compiled(HEAD + sections[i] + ',' + forwarded + '}');
      expect(namesOf(config)).toBe('x-t x-forwarded-for');
      const name = nameAt(changetype<HeaderNames>(config.names), config.forwardedFor);
      expect(read(name.ptr, name.size)).toBe('x-forwarded-for');
    }
  });

  it('reads all values of x-forwarded-for', () => {
    // Without it the tag, which is stripped, would be read alone.
    const strip = BY_IP.replace('"x-t"', '"x-t","incoming":"strip"');
    expect(compiled(HEAD + strip + '}').readPlan).toBe(<u8>ReadPlan.Single);
    expect(compiled(HEAD + strip + ',"client":{"address":"forwarded"}}').readPlan).toBe(
      <u8>ReadPlan.Pairs,
    );
  });
});

import { MapType, Status } from '../../../../filter/assembly/abi/enums';
import { ruleAt, tagAt } from '../../../../filter/assembly/config/layout';
import { matches } from '../../../../filter/assembly/features/matching/match';
import { readRequest } from '../../../../filter/assembly/features/request';
import { arenaReset } from '../../../../filter/assembly/shim/arena';
import { compiled, withWhen } from '../../config/compile';
import { hostCalls, hostHeader, hostPairs, hostProperty, hostRefuse, hostReset } from '../../host';
import { layHex } from '../../support';

/** Whether the condition is true of the request that the host holds. */
function holds(when: string): bool {
  const config = compiled(withWhen(when));
  arenaReset();
  assert(readRequest(config));
  return matches(config, ruleAt(tagAt(config, 1), 0).when);
}

/** The same where paths are compared as they came. */
function holdsRaw(when: string): bool {
  const text = withWhen(when).replace('"tags":', '"paths":{"normalize":false},"tags":');
  const config = compiled(text);
  arenaReset();
  assert(readRequest(config));
  return matches(config, ruleAt(tagAt(config, 1), 0).when);
}

function header(name: string, value: string): void {
  hostHeader(MapType.RequestHeaders, name, value);
}

/** The request has this header alone. */
function only(name: string, value: string): void {
  hostReset();
  header(name, value);
}

function address(text: string): void {
  hostReset();
  hostProperty('source.address', text);
}

const POSITIVE = [
  '"exact":"v"',
  '"exact":""',
  '"prefix":"v"',
  '"suffix":"v"',
  '"contains":"v"',
  '"in":["v",""]',
  '"present":true',
];
/** `:authority` in hexadecimal. */
const AUTHORITY = '3a617574686f72697479';
const SUBJECTS = ['"header":"x-a"', '"cookie":"a"', '"query":"a"'];

describe('match', () => {
  beforeEach(() => {
    hostReset();
  });

  it('finds nothing positive true of what is absent, and its `not` true', () => {
    // Absent altogether, and absent although the header that would hold it is there.
    for (let round = 0; round < 2; round++) {
      if (round == 1) {
        header('cookie', 'b=v; A=v');
        header(':path', '/a?b=v&A=v');
        header('x-b', 'v');
      }
      for (let s = 0; s < SUBJECTS.length; s++) {
        for (let o = 0; o < POSITIVE.length; o++) {
          const when = '{' + SUBJECTS[s] + ',' + POSITIVE[o] + '}';
          expect(holds(when)).toBe(false, when);
          expect(holds('{"not":' + when + '}')).toBe(true, when);
          expect(holds('{"not":{"not":' + when + '}}')).toBe(false, when);
        }
        const absent = '{' + SUBJECTS[s] + ',"present":false}';
        expect(holds(absent)).toBe(true, absent);
        expect(holds('{"not":' + absent + '}')).toBe(false, absent);
      }
    }
  });

  it('finds nothing true of an absent path, host, method or address', () => {
    const whens = [
      '{"path":{"prefix":"/"}}',
      '{"path":{"template":"/{a}"}}',
      '{"path":{"present":true}}',
      '{"host":{"contains":"a"}}',
      '{"host":{"present":true}}',
      '{"method":["GET"]}',
      '{"ip":["0.0.0.0/0","::/0"]}',
    ];
    for (let i = 0; i < whens.length; i++) {
      expect(holds(whens[i])).toBe(false, whens[i]);
      expect(holds('{"not":' + whens[i] + '}')).toBe(true, whens[i]);
    }
    expect(holds('{"path":{"present":false}}')).toBe(true);
    expect(holds('{"host":{"present":false}}')).toBe(true);
  });

  it('tells an empty value from an absent one', () => {
    header('x-a', '');
    header('cookie', 'a=');
    header(':path', '/?a');
    for (let s = 0; s < SUBJECTS.length; s++) {
      expect(holds('{' + SUBJECTS[s] + ',"present":true}')).toBe(true, SUBJECTS[s]);
      expect(holds('{' + SUBJECTS[s] + ',"present":false}')).toBe(false, SUBJECTS[s]);
      expect(holds('{' + SUBJECTS[s] + ',"exact":""}')).toBe(true, SUBJECTS[s]);
      expect(holds('{' + SUBJECTS[s] + ',"in":["v",""]}')).toBe(true, SUBJECTS[s]);
      expect(holds('{' + SUBJECTS[s] + ',"prefix":"v"}')).toBe(false, SUBJECTS[s]);
      expect(holds('{' + SUBJECTS[s] + ',"contains":"v"}')).toBe(false, SUBJECTS[s]);
    }
  });

  it('compares a value by each operator', () => {
    header('x-a', 'canary-7');
    expect(holds('{"header":"x-a","exact":"canary-7"}')).toBe(true);
    expect(holds('{"header":"x-a","exact":"canary-"}')).toBe(false);
    expect(holds('{"header":"x-a","exact":"canary-77"}')).toBe(false);
    expect(holds('{"header":"x-a","exact":"Canary-7"}')).toBe(false);
    expect(holds('{"header":"x-a","prefix":"canary-7"}')).toBe(true);
    expect(holds('{"header":"x-a","prefix":"can"}')).toBe(true);
    expect(holds('{"header":"x-a","prefix":"anary"}')).toBe(false);
    expect(holds('{"header":"x-a","prefix":"canary-77"}')).toBe(false);
    expect(holds('{"header":"x-a","suffix":"-7"}')).toBe(true);
    expect(holds('{"header":"x-a","suffix":"canary-7"}')).toBe(true);
    expect(holds('{"header":"x-a","suffix":"canary-"}')).toBe(false);
    expect(holds('{"header":"x-a","suffix":"a-canary-7"}')).toBe(false);
    expect(holds('{"header":"x-a","contains":"ary"}')).toBe(true);
    expect(holds('{"header":"x-a","contains":"ARY"}')).toBe(false);
    expect(holds('{"header":"x-a","in":["stable","canary-7"]}')).toBe(true);
    expect(holds('{"header":"x-a","in":["stable","canary-8","canary"]}')).toBe(false);
    expect(holds('{"header":"x-a","present":true}')).toBe(true);
    expect(holds('{"header":"x-a","present":false}')).toBe(false);
  });

  it('takes no byte around a value for a part of it', () => {
    // In the list of pairs a NUL stands before and behind, and other headers beyond.
    header('x-a', 'v');
    header('x-b', 'w');
    expect(holds('{"header":"x-a","suffix":"a\\u0000v"}')).toBe(false);
    expect(holds('{"header":"x-a","suffix":"a\\u0000v","ignoreCase":true}')).toBe(false);
    expect(holds('{"header":"x-a","prefix":"v\\u0000x"}')).toBe(false);
    expect(holds('{"header":"x-a","exact":"v\\u0000"}')).toBe(false);
    expect(holds('{"header":"x-a","contains":"v\\u0000"}')).toBe(false);
    expect(holds('{"header":"x-a","in":["v\\u0000","v\\u0000x-b"]}')).toBe(false);
  });

  it('ignores case by each operator, where it is told to', () => {
    header('x-a', 'CaNaRy-É');
    const fold = ',"ignoreCase":true}';
    expect(holds('{"header":"x-a","exact":"cAnArY-É"' + fold)).toBe(true);
    expect(holds('{"header":"x-a","exact":"canary-é"' + fold)).toBe(false);
    expect(holds('{"header":"x-a","prefix":"CANARY"' + fold)).toBe(true);
    expect(holds('{"header":"x-a","suffix":"ARY-É"' + fold)).toBe(true);
    expect(holds('{"header":"x-a","contains":"NaR"' + fold)).toBe(true);
    expect(holds('{"header":"x-a","in":["x","CANARY-É"]' + fold)).toBe(true);
    expect(holds('{"header":"x-a","in":["x","CANARY-é"]' + fold)).toBe(false);
    expect(holds('{"header":"x-a","in":["canary-É"]}')).toBe(false);
  });

  it('is true of a repeated header if it is of any of its values', () => {
    header('x-a', 'one');
    header('x-b', 'three');
    header('x-a', 'two');
    expect(holds('{"header":"x-a","exact":"one"}')).toBe(true);
    expect(holds('{"header":"x-a","exact":"two"}')).toBe(true);
    expect(holds('{"header":"x-a","exact":"three"}')).toBe(false);
    expect(holds('{"header":"x-a","exact":"one, two"}')).toBe(false);
    expect(holds('{"not":{"header":"x-a","exact":"two"}}')).toBe(false);
    expect(holds('{"header":"x-a","present":false}')).toBe(false);
  });

  it('finds a cookie among others, in any cookie header', () => {
    header('cookie', 'a=1; uid=7; uid2=8');
    header('cookie', 'last="q"; uid=9');
    expect(holds('{"cookie":"uid","exact":"7"}')).toBe(true);
    expect(holds('{"cookie":"uid","exact":"9"}')).toBe(true);
    expect(holds('{"cookie":"uid","exact":"8"}')).toBe(false);
    expect(holds('{"cookie":"last","exact":"\\"q\\""}')).toBe(true);
    expect(holds('{"cookie":"UID","present":true}')).toBe(false);
    expect(holds('{"cookie":"ui","present":false}')).toBe(true);
    expect(holds('{"cookie":"uid","present":false}')).toBe(false);
    expect(holds('{"cookie":"uid","in":["x","9"]}')).toBe(true);
  });

  it('does not decode a cookie', () => {
    only('cookie', 'a=%41+b; %61=1');
    expect(holds('{"cookie":"a","exact":"%41+b"}')).toBe(true);
    expect(holds('{"cookie":"a","exact":"A b"}')).toBe(false);
    expect(holds('{"cookie":"%61","present":true}')).toBe(true);
  });

  it('finds a field of the query, decoded', () => {
    only(':path', '/p?a=x%20y+z&%62=%C3%A9&c=%zz&c=2&d&e=a=b#f=1');
    expect(holds('{"query":"a","exact":"x y z"}')).toBe(true);
    expect(holds('{"query":"b","exact":"é"}')).toBe(true);
    expect(holds('{"query":"c","exact":"%zz"}')).toBe(true);
    expect(holds('{"query":"c","exact":"2"}')).toBe(true);
    expect(holds('{"query":"d","exact":""}')).toBe(true);
    expect(holds('{"query":"e","exact":"a=b"}')).toBe(true);
    expect(holds('{"query":"f","present":true}')).toBe(false);
    expect(holds('{"query":"f","present":false}')).toBe(true);
    expect(holds('{"query":"%62","present":true}')).toBe(false);
    expect(holds('{"query":"A","present":true}')).toBe(false);
    expect(holds('{"not":{"query":"c","exact":"2"}}')).toBe(false);
    expect(holds('{"query":"a","contains":"Y Z","ignoreCase":true}')).toBe(true);
  });

  it('takes a field of the query as it was sent where the arena has no room to decode it', () => {
    // The list of pairs takes more than half of the arena, so that one value cannot be decoded.
    const value = '%41'.repeat(190_000);
    only(':path', '/?a=' + value + '&b=%42');
    expect(holds('{"query":"a","prefix":"%41%41"}')).toBe(true);
    expect(holds('{"query":"a","prefix":"AA"}')).toBe(false);
    expect(holds('{"query":"b","exact":"B"}')).toBe(true);
    only(':path', '/?a=' + '%41'.repeat(150_000));
    expect(holds('{"query":"a","prefix":"AA"}')).toBe(true);
  });

  it('takes for the path what is before ? and #', () => {
    only(':path', '/a/b?c=/d#e');
    expect(holds('{"path":{"exact":"/a/b"}}')).toBe(true);
    expect(holds('{"path":{"suffix":"/b"}}')).toBe(true);
    expect(holds('{"path":{"contains":"c"}}')).toBe(false);
    only(':path', '/a#b?c');
    expect(holds('{"path":{"exact":"/a"}}')).toBe(true);
    only(':path', '?a');
    expect(holds('{"path":{"exact":""}}')).toBe(true);
    expect(holds('{"path":{"present":true}}')).toBe(true);
    only(':path', '/a/b');
    expect(holds('{"path":{"exact":"/a/b"}}')).toBe(true);
    expect(holds('{"path":{"present":false}}')).toBe(false);
  });

  it('holds a path in any spelling against an operand in any spelling', () => {
    const spellings = ['/login', '/%6cogin', '//login', '/x/../login', '/login;v=1', '/login/'];
    for (let i = 0; i < spellings.length; i++) {
      only(':path', spellings[i] + '?x');
      for (let k = 0; k < spellings.length; k++) {
        expect(holds('{"path":{"exact":"' + spellings[k] + '"}}')).toBe(true, spellings[i]);
        expect(holds('{"path":{"in":["/a","' + spellings[k] + '"]}}')).toBe(true, spellings[i]);
        expect(holds('{"path":{"template":"' + spellings[k] + '"}}')).toBe(true, spellings[i]);
      }
      expect(holds('{"path":{"prefix":"/log"}}')).toBe(true, spellings[i]);
      expect(holds('{"path":{"suffix":"in/"}}')).toBe(true, spellings[i]);
      expect(holds('{"path":{"contains":"%6f"}}')).toBe(true, spellings[i]);
      expect(holds('{"path":{"regex":"/[a-z]+"}}')).toBe(true, spellings[i]);
      expect(holds('{"path":{"exact":"/Login"}}')).toBe(false, spellings[i]);
      expect(holds('{"path":{"exact":"/Login","ignoreCase":true}}')).toBe(true, spellings[i]);
    }
  });

  it('holds what stands for a collection against the collection itself', () => {
    const collections = ['/api', '/api/', '/api//', '/api/.', '/api;v=1'];
    for (let i = 0; i < collections.length; i++) {
      only(':path', collections[i]);
      expect(holds('{"path":{"prefix":"/api/"}}')).toBe(true, collections[i]);
      expect(holds('{"path":{"contains":"/api/"}}')).toBe(true, collections[i]);
      expect(holds('{"path":{"contains":"i/"}}')).toBe(true, collections[i]);
      expect(holds('{"path":{"prefix":"/API/","ignoreCase":true}}')).toBe(true, collections[i]);
      expect(holds('{"path":{"prefix":"/API/"}}')).toBe(false, collections[i]);
    }
    only(':path', '/api/x');
    expect(holds('{"path":{"prefix":"/api/"}}')).toBe(true);
    expect(holds('{"path":{"contains":"/api/"}}')).toBe(true);
    only(':path', '/v1/api');
    expect(holds('{"path":{"prefix":"/api/"}}')).toBe(false);
    expect(holds('{"path":{"contains":"/api/"}}')).toBe(true);
    expect(holds('{"path":{"suffix":"/api/"}}')).toBe(true);
    only(':path', '/apix');
    expect(holds('{"path":{"prefix":"/api/"}}')).toBe(false);
    expect(holds('{"path":{"contains":"/api/"}}')).toBe(false);
    expect(holds('{"path":{"contains":"/apix"}}')).toBe(true);
    only(':path', '/ap');
    // In the list of pairs a NUL stands before the value.
    expect(holds('{"path":{"contains":"\\u0000/ap/"}}')).toBe(false);
    expect(holds('{"path":{"prefix":"/api/"}}')).toBe(false);
    expect(holds('{"path":{"contains":"/api/"}}')).toBe(false);
    // The root has its slash still, and stands for itself alone.
    expect(holds('{"path":{"exact":"/"}}')).toBe(false);
    expect(holds('{"path":{"in":["/","//"]}}')).toBe(false);
    expect(holds('{"path":{"template":"/"}}')).toBe(false);
    only(':path', '/');
    expect(holds('{"path":{"prefix":"/"}}')).toBe(true);
    expect(holds('{"path":{"contains":"/"}}')).toBe(true);
    expect(holds('{"path":{"prefix":"/a/"}}')).toBe(false);
    expect(holds('{"path":{"exact":"/"}}')).toBe(true);
  });

  it('does not decode or normalise a path where it is told not to', () => {
    only(':path', '/A/../%62//c/');
    expect(holdsRaw('{"path":{"exact":"/A/../%62//c/"}}')).toBe(true);
    expect(holdsRaw('{"path":{"exact":"/b/c"}}')).toBe(false);
    expect(holdsRaw('{"path":{"prefix":"/a"}}')).toBe(false);
    expect(holdsRaw('{"path":{"prefix":"/a","ignoreCase":true}}')).toBe(true);
    only(':path', '/api');
    expect(holdsRaw('{"path":{"prefix":"/api/"}}')).toBe(false);
    expect(holdsRaw('{"path":{"contains":"/api/"}}')).toBe(false);
  });

  it('holds a path against a template', () => {
    only(':path', '/users/7/orders?x=/');
    expect(holds('{"path":{"template":"/users/{id}/orders"}}')).toBe(true);
    expect(holds('{"path":{"template":"/Users/{id}/orders"}}')).toBe(false);
    expect(holds('{"path":{"template":"/Users/{id}/ORDERS","ignoreCase":true}}')).toBe(true);
    expect(holds('{"path":{"template":"/users/{id}"}}')).toBe(false);
  });

  it('takes for the host the authority without its port and case', () => {
    only(':authority', 'Shop.Example.com:8080');
    expect(holds('{"host":{"exact":"shop.example.com"}}')).toBe(true);
    expect(holds('{"host":{"exact":"SHOP.example.COM"}}')).toBe(true);
    expect(holds('{"host":{"suffix":".example.com"}}')).toBe(true);
    expect(holds('{"host":{"contains":"8080"}}')).toBe(false);
    expect(holds('{"host":{"in":["a","SHOP.EXAMPLE.COM"]}}')).toBe(true);
    only(':authority', 'shop');
    expect(holds('{"host":{"exact":"shop"}}')).toBe(true);
    only(':authority', 'shop:');
    expect(holds('{"host":{"exact":"shop"}}')).toBe(true);
    only(':authority', 'shop7');
    expect(holds('{"host":{"exact":"shop7"}}')).toBe(true);
    only(':authority', '80');
    expect(holds('{"host":{"exact":"80"}}')).toBe(true);
    only(':authority', ':80');
    expect(holds('{"host":{"exact":""}}')).toBe(true);
    only(':authority', '10.0.0.1:80');
    expect(holds('{"host":{"exact":"10.0.0.1"}}')).toBe(true);
    only(':authority', '[::1]:80');
    expect(holds('{"host":{"exact":"[::1]"}}')).toBe(true);
    only(':authority', '[::1]');
    expect(holds('{"host":{"exact":"[::1]"}}')).toBe(true);
    only(':authority', 'SHOP.example.:8080');
    expect(holds('{"host":{"exact":"shop.example"}}')).toBe(true);
    expect(holds('{"host":{"exact":"shop.example."}}')).toBe(true);
    expect(holds('{"host":{"suffix":".example."}}')).toBe(true);
    expect(holds('{"host":{"regex":"shop[.]example"}}')).toBe(true);
    only(':authority', 'shop:http');
    expect(holds('{"host":{"exact":"shop:http"}}')).toBe(true);
  });

  it('does not look before an authority of digits for its colon', () => {
    // A list whose name ends in a colon where a NUL should be.
    const list = layHex('01 00 00 00 0a 00 00 00 02 00 00 00' + AUTHORITY + '3a 38 30 00');
    hostPairs(MapType.RequestHeaders, list.ptr, list.size);
    expect(holds('{"host":{"exact":"80"}}')).toBe(true);
  });

  it('compares a method with its case', () => {
    only(':method', 'GET');
    expect(holds('{"method":["POST","GET"]}')).toBe(true);
    expect(holds('{"method":["get"]}')).toBe(false);
    expect(holds('{"method":["GE","GETS"]}')).toBe(false);
  });

  it("holds the client's address against every network", () => {
    address('10.1.2.3:50794');
    expect(holds('{"ip":["192.168.0.0/16","10.0.0.0/8"]}')).toBe(true);
    expect(holds('{"ip":["10.1.2.4","10.1.2.2"]}')).toBe(false);
    expect(holds('{"ip":["::ffff:10.0.0.0/104"]}')).toBe(true);
    address('[2001:db8::7]:1');
    expect(holds('{"ip":["2001:db8::/32"]}')).toBe(true);
    expect(holds('{"ip":["0.0.0.0/0"]}')).toBe(false);
    address('[::ffff:10.1.2.3]:1');
    expect(holds('{"ip":["10.1.0.0/16"]}')).toBe(true);
  });

  it('takes an address that cannot be read as absent', () => {
    const wrong = ['', '10.0.0.1', '/var/run/socket', '@:1', '10.0.0.256:1'];
    for (let i = 0; i < wrong.length; i++) {
      address(wrong[i]);
      expect(holds('{"ip":["0.0.0.0/0","::/0"]}')).toBe(false, wrong[i]);
      expect(holds('{"not":{"ip":["0.0.0.0/0","::/0"]}}')).toBe(true, wrong[i]);
    }
    address('10.0.0.1:1');
    hostRefuse('proxy_get_property', Status.InternalFailure);
    expect(holds('{"ip":["0.0.0.0/0"]}')).toBe(false);
  });

  it('asks for the address once, and only where a condition needs it', () => {
    address('10.0.0.1:1');
    header('x-a', 'v');
    holds('{"any":[{"ip":["::1"]},{"ip":["::2"]},{"ip":["10.0.0.1"]}]}');
    expect(hostCalls('proxy_get_property')).toBe(1);
    holds('{"any":[{"header":"x-a","exact":"v"},{"ip":["::1"]}]}');
    expect(hostCalls('proxy_get_property')).toBe(1);
    holds('{"all":[{"header":"x-a","exact":"w"},{"ip":["::1"]}]}');
    expect(hostCalls('proxy_get_property')).toBe(1);
    hostReset();
    holds('{"any":[{"ip":["::1"]},{"ip":["::2"]}]}');
    expect(hostCalls('proxy_get_property')).toBe(1);
  });

  it('joins conditions', () => {
    header('x-a', '1');
    header('x-b', '2');
    const yes = '{"header":"x-a","exact":"1"}';
    const no = '{"header":"x-b","exact":"1"}';
    expect(holds('{"all":[' + yes + ',' + yes + ']}')).toBe(true);
    expect(holds('{"all":[' + yes + ',' + no + ']}')).toBe(false);
    expect(holds('{"all":[' + no + ',' + yes + ']}')).toBe(false);
    expect(holds('{"any":[' + no + ',' + yes + ']}')).toBe(true);
    expect(holds('{"any":[' + yes + ',' + no + ']}')).toBe(true);
    expect(holds('{"any":[' + no + ',' + no + ']}')).toBe(false);
    expect(holds('{"not":' + no + '}')).toBe(true);
    expect(holds('{"not":{"all":[' + yes + ',' + no + ']}}')).toBe(true);
    expect(holds('{"not":{"any":[' + yes + ',' + no + ']}}')).toBe(false);
    expect(holds('{"any":[' + no + '],"all":[' + yes + ']}')).toBe(false);
    expect(holds('{"any":[' + yes + '],"not":' + no + ',"header":"x-b","exact":"2"}')).toBe(true);
    expect(holds('{"any":[' + yes + '],"not":' + no + ',"header":"x-b","exact":"3"}')).toBe(false);
  });

  it('joins conditions as deep as JSON nests', () => {
    header('x-a', '1');
    // Six levels lead to `when`; what is left takes two each for `all`, the last for the leaf.
    const depth = 13;
    const open = '{"all":['.repeat(depth);
    const close = ']}'.repeat(depth);
    expect(holds(open + '{"header":"x-a","exact":"1"}' + close)).toBe(true);
    expect(holds(open + '{"header":"x-a","exact":"2"}' + close)).toBe(false);
  });
});

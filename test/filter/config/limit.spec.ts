import { Limit, limitAt, Overflow, Scope, Verdict } from '../../../filter/assembly/config/layout';
import { SLOT_BUCKETS } from '../../../filter/assembly/config/limit';
import { read } from '../support';
import { compiled, fault, namesOf, onlyLimit, withLimit, withLimits } from './compile';

const AT = '$.limits[0]';
const NAME = ', wanted a name: visible ASCII without " and \\, at most 64 bytes';

/** The fault of a limit, without the path to it. */
function refused(limit: string): string {
  const shown = fault(withLimits('[' + limit + ']'));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

/** The fault of a limit that has these members, too. */
function refusedWith(members: string): string {
  return refused('{"name":"login","rate":"10/s",' + members + '}');
}

function named(name: string): string {
  return refused('{"name":"' + name + '","rate":"10/s"}');
}

/** A limit that has these members, too. */
function limit(members: string): Limit {
  return onlyLimit(compiled(withLimit(members)));
}

/** A limit of a rate and a burst. */
function rated(rate: string, burst: u32, scope: string = 'proxy'): Limit {
  const members = '"rate":"' + rate + '","burst":' + burst.toString() + ',"scope":"' + scope + '"';
  return onlyLimit(compiled(withLimits('[{"name":"login",' + members + '}]')));
}

function policy(found: Limit): string {
  return read(found.policyPtr, found.policySize);
}

/** Identity of a limit that has these members, too. */
function identity(members: string): u64 {
  return limit(members).identity;
}

/** Identity of the one limit of a configuration as it stands. */
function identityIn(text: string): u64 {
  return onlyLimit(compiled(text)).identity;
}

describe('limit', () => {
  it('needs a name and a rate only', () => {
    const found = limit('');
    expect(read(found.namePtr, found.nameSize)).toBe('login');
    expect(found.scope).toBe(<u8>Scope.Proxy);
    expect(found.when).toBe(0);
    expect(found.keyCount).toBe(0);
    expect(found.burst).toBe(10);
    expect(found.maxKeys).toBe(1);
    expect(found.slotCount).toBe(1);
    expect(found.slotBuckets).toBe(1);
    expect(found.overflow).toBe(<u8>Overflow.Shared);
    expect(found.dryRun).toBe(false);
    expect(found.onSuccess).toBe(false);
    expect(found.handOver).toBe(0);
    expect(found.verdict).toBe(<u8>Verdict.Unmatched);
    expect(namesOf(compiled(withLimit('')))).toBe('x-tag');
  });

  it('is an object of what it knows', () => {
    const keys = 'name when per rate burst scope dryRun reject reply maxKeys overflow';
    expect(refused('"10/s"').startsWith(': found "10/s", wanted an object with the keys ')).toBe(
      true,
    );
    expect(refused('{"nam":"a"}')).toBe(
      ': found the key "nam", wanted one of: ' + keys + ' onServiceFailure',
    );
    expect(refused('{"rate":"1/s"}')).toBe(
      ': found no such key there, wanted name: what counters and answers call the limit',
    );
    expect(refused('{"name":"a"}')).toBe(': found no such key there, wanted rate: such as 10/s');
    expect(refusedWith('"dryRun":"no"')).toBe('.dryRun: found "no", wanted true or false');
    expect(limit('"dryRun":true').dryRun).toBe(true);
    expect(limit('"dryRun":false').dryRun).toBe(false);
  });

  it('has a name that headers and counters can hold', () => {
    expect(named('a b')).toBe('');
    expect(named("!#$%&'()*+,-./09:;<=>?@AZ[]^_`az{|}~")).toBe('');
    expect(named('n'.repeat(64))).toBe('');
    expect(named('n'.repeat(65))).toBe('.name: found "' + 'n'.repeat(64) + '..."' + NAME);
    expect(named('')).toBe('.name: found ""' + NAME);
    expect(named('a\\"b')).toBe('.name: found "a\\"b"' + NAME);
    expect(named('a\\\\b')).toBe('.name: found "a\\\\b"' + NAME);
    expect(named('\\u001f')).toBe('.name: found "\\x1f"' + NAME);
    expect(named('\x7f')).toBe('.name: found "\\x7f"' + NAME);
    expect(named('\\u0080')).toBe('.name: found "\\xc2\\x80"' + NAME);
    expect(named(' a')).toBe('.name: found " a"' + NAME);
    expect(named('a ')).toBe('.name: found "a "' + NAME);
    expect(named('a=.=b')).toBe('.name: found "a=.=b", wanted a text without ;.; and =.=');
  });

  it('has a name of its own', () => {
    const wanted = ', wanted a name that no other limit of this entry has';
    const first = '[{"name":"login","rate":"1/s"},';
    expect(fault(withLimits(first + '{"name":"Login","rate":"1/s"}]'))).toBe('');
    expect(fault(withLimits(first + '{"name":"logi","rate":"1/s"}]'))).toBe('');
    expect(fault(withLimits(first + '{"name":"login","rate":"2/s"}]'))).toBe(
      '$.limits[1].name: found "login"' + wanted,
    );
  });

  it('has a name that is one in any case where it is a header', () => {
    const wanted = ', wanted a name that no other limit of this entry has';
    const first = '[{"name":"login","rate":"1/s","scope":"global"},';
    expect(fault(withLimits(first + '{"name":"Login","rate":"1/s"}]'))).toBe('');
    expect(fault(withLimits(first + '{"name":"Login","rate":"1/s","scope":"global"}]'))).toBe(
      '$.limits[1].name: found "Login"' + wanted,
    );
  });

  it('has one of three scopes', () => {
    expect(limit('"scope":"worker"').scope).toBe(<u8>Scope.Worker);
    expect(limit('"scope":"proxy"').scope).toBe(<u8>Scope.Proxy);
    expect(limit('"scope":"global"').scope).toBe(<u8>Scope.Global);
    const wanted = ', wanted "worker", "proxy" or "global"';
    expect(refusedWith('"scope":"Worker"')).toBe('.scope: found "Worker"' + wanted);
    expect(refusedWith('"scope":"worker proxy"')).toBe('.scope: found "worker proxy"' + wanted);
    expect(refusedWith('"scope":""')).toBe('.scope: found ""' + wanted);
    expect(refusedWith('"scope":1')).toBe('.scope: found 1' + wanted);
  });

  it('of scope global has a header that hands its key over', () => {
    const text = withLimits('[{"name":"Login-1","rate":"1/s","scope":"global"}]');
    expect(onlyLimit(compiled(text)).handOver).toBe(2);
    expect(namesOf(compiled(text))).toBe('x-tag x-tagalong-limit-login-1');
    const wanted = ', wanted a name of letters, digits, - _ and . which becomes part of a header';
    expect(refused('{"name":"aZ09-_.","rate":"1/s","scope":"global"}')).toBe('');
    const others = ['log in', 'a:b', 'a*', 'a%b', '@', '[', '`', '{', '/', ','];
    for (let i = 0; i < others.length; i++) {
      expect(refused('{"name":"' + others[i] + '","rate":"1/s","scope":"global"}')).toBe(
        '.name: found "' + others[i] + '"' + wanted,
      );
      expect(refused('{"name":"' + others[i] + '","rate":"1/s"}')).toBe('');
    }
  });

  it('of scope global leaves it to Envoy to say what is left', () => {
    expect(refusedWith('"scope":"global","reply":{"jitter":"1s","onSuccess":false}')).toBe('');
    expect(refusedWith('"scope":"global","reply":{"onSuccess":true}')).toBe(
      ': found "onSuccess" with "scope": "global", ' +
        'wanted none: there every answer says what is left',
    );
  });

  it('has the interval of its rate, and the tolerance of its burst', () => {
    const plain = limit('');
    expect(plain.interval).toBe(100_000_000);
    expect(plain.tolerance).toBe(1_000_000_000);
    expect(plain.shift).toBe(0);
    const hourly = rated('1/h', 1);
    expect(hourly.interval).toBe(3_600_000_000_000);
    expect(hourly.tolerance).toBe(3_600_000_000_000);
    // Rounded up: never more than the rate says.
    const uneven = rated('3/s', 5);
    expect(uneven.interval).toBe(333_333_334);
    expect(uneven.tolerance).toBe(5 * 333_333_334);
    expect(rated('1000000/s', 1).interval).toBe(1000);
    // So long that nanoseconds would not fit.
    const wide = rated('1/h', 1_000_000_000);
    expect(wide.shift).toBe(11);
    expect(wide.tolerance).toBe(wide.interval * 1_000_000_000);
  });

  it('has a burst from 1 to a thousand million, by default what the rate counts', () => {
    expect(limit('"burst":1').burst).toBe(1);
    expect(limit('"burst":1000000000').burst).toBe(1_000_000_000);
    expect(onlyLimit(compiled(withLimits('[{"name":"a","rate":"600/m"}]'))).burst).toBe(600);
    const wanted = ', wanted a whole number from 1 to 1000000000';
    expect(refusedWith('"burst":0')).toBe('.burst: found 0' + wanted);
    expect(refusedWith('"burst":1000000001')).toBe('.burst: found 1000000001' + wanted);
    expect(refusedWith('"burst":10.0')).toBe('.burst: found 10.0' + wanted);
    expect(refusedWith('"burst":"10"')).toBe('.burst: found "10"' + wanted);
  });

  it('is leased ahead from a burst of 32 on, an eighth and at most 64 tokens', () => {
    expect(rated('1000/s', 31).leaseMax).toBe(0);
    expect(rated('1000/s', 31).lateness).toBe(0);
    expect(rated('1000/s', 32).leaseMax).toBe(4);
    expect(rated('1000/s', 511).leaseMax).toBe(63);
    expect(rated('1000/s', 512).leaseMax).toBe(64);
    expect(rated('1000/s', 1_000_000).leaseMax).toBe(64);
    const own = rated('1000/s', 1000, 'worker');
    expect(own.leaseMax).toBe(0);
    expect(own.lateness).toBe(0);
    expect(rated('1000/s', 400, 'global').leaseMax).toBe(50);
  });

  it('is leased ahead from 100 a second on', () => {
    expect(rated('100/s', 400).leaseMax).toBe(50);
    expect(rated('6000/m', 400).leaseMax).toBe(50);
    expect(rated('99/s', 400).leaseMax).toBe(0);
    expect(rated('99/s', 400).lateness).toBe(0);
    expect(rated('1/h', 1_000_000_000).leaseMax).toBe(0);
  });

  it('may be spent late: a quarter of the tolerance, 50 ms, 256 tokens, whichever is least', () => {
    expect(rated('1000/s', 32).lateness).toBe(8_000_000);
    expect(rated('1000/s', 199).lateness).toBe(49_750_000);
    expect(rated('1000/s', 201).lateness).toBe(50_000_000);
    expect(rated('1000/s', 1_000_000).lateness).toBe(50_000_000);
    expect(rated('10000/s', 1_000_000).lateness).toBe(25_600_000);
    expect(rated('1000000/s', 1_000_000).lateness).toBe(256_000);
  });

  it('says its policy: the burst, and the seconds until it is full again', () => {
    expect(policy(rated('10/s', 20))).toBe('"login";q=20;w=2');
    expect(policy(rated('10/s', 21))).toBe('"login";q=21;w=3');
    expect(policy(rated('10/s', 1))).toBe('"login";q=1;w=1');
    expect(policy(rated('5000/h', 5000))).toBe('"login";q=5000;w=3600');
    expect(policy(rated('1/h', 24))).toBe('"login";q=24;w=86400');
    expect(policy(rated('1/h', 1_000_000_000))).toBe('"login";q=1000000000;w=4294967295');
  });

  it('has as many buckets as it is given, in slots of equally many', () => {
    expect(SLOT_BUCKETS).toBe(64);
    const byDefault = limit('"per":[{"ip":true}]');
    expect(byDefault.maxKeys).toBe(4096);
    expect(byDefault.slotCount).toBe(64);
    expect(byDefault.slotBuckets).toBe(64);
    const sizes: u32[] = [1, 2, 63, 64, 65, 128, 129, 1000, 65535, 65536];
    for (let i = 0; i < sizes.length; i++) {
      const found = limit('"per":[{"ip":true}],"maxKeys":' + sizes[i].toString());
      expect(found.maxKeys).toBe(sizes[i]);
      expect(found.slotBuckets <= <u8>SLOT_BUCKETS).toBe(true);
      // Never more than it may have, and no slot with none.
      expect(found.slotCount * <u32>found.slotBuckets <= sizes[i]).toBe(true);
      expect(found.slotBuckets > 0).toBe(true);
    }
    const wanted = ', wanted a whole number from 1 to 65536';
    expect(refusedWith('"per":[{"ip":true}],"maxKeys":0')).toBe('.maxKeys: found 0' + wanted);
    expect(refusedWith('"per":[{"ip":true}],"maxKeys":65537')).toBe(
      '.maxKeys: found 65537' + wanted,
    );
    expect(refusedWith('"maxKeys":1')).toBe(
      '.maxKeys: found 1, wanted none without "per": one bucket',
    );
  });

  it('has an overflow where it has keys', () => {
    const per = '"per":[{"ip":true}],"overflow":';
    expect(limit(per + '"shared"').overflow).toBe(<u8>Overflow.Shared);
    expect(limit(per + '"reject"').overflow).toBe(<u8>Overflow.Reject);
    expect(limit(per + '"admit"').overflow).toBe(<u8>Overflow.Admit);
    expect(refusedWith(per + '"drop"')).toBe(
      '.overflow: found "drop", wanted "shared", "reject" or "admit"',
    );
    expect(refusedWith('"overflow":"admit"')).toBe(
      '.overflow: found "admit", wanted none without "per": one bucket',
    );
  });

  it('can only fail to ask a service if it asks one', () => {
    expect(refusedWith('"scope":"global","onServiceFailure":"admit"')).toBe('');
    expect(refusedWith('"scope":"global","onServiceFailure":"reject"')).toBe('');
    expect(refusedWith('"scope":"global","onServiceFailure":"closed"')).toBe(
      '.onServiceFailure: found "closed", wanted "admit" or "reject"',
    );
    expect(refusedWith('"onServiceFailure":"reject"')).toBe(
      '.onServiceFailure: found "reject", ' +
        'wanted none but with "scope": "global": no other asks a service',
    );
  });

  it('may be for the values of any tag', () => {
    const text =
      '{"id":"a/b/0","direction":"inbound","tags":[{"header":"x-a"},{"header":"x-b"}],' +
      '"limits":[{"name":"a","rate":"1/s","when":{"tag":{"X-B":"v","x-a":"w"}}}]}';
    const found = onlyLimit(compiled(text));
    expect(found.when != 0).toBe(true);
    expect(refusedWith('"when":{"tag":{"x-other":"v"}}')).toBe(
      '.when.tag: found the tag "x-other", wanted a tag header that stands in "tags"',
    );
    expect(refusedWith('"when":{}')).toBe(
      '.when: found an empty object, wanted at least one condition; leave "when" out for always',
    );
  });

  it('has a slot in shared data under its own name, with a place for lane and slot', () => {
    const found = limit('');
    expect(read(found.slotPtr, found.slotSize)).toBe('tagalong/1/limit/a/b/0/1/00000000');
    const outbound = compiled(withLimit('').replace('inbound', 'outbound'));
    expect(read(onlyLimit(outbound).slotPtr, onlyLimit(outbound).slotSize)).toBe(
      'tagalong/1/limit/a/b/0/2/00000000',
    );
  });

  it('is what it counts, however it is asked and whatever it answers', () => {
    const plain = identity('');
    expect(plain != 0).toBe(true);
    expect(identity('"when":{"path":{"exact":"/login"}}')).toBe(plain);
    expect(identity('"reject":{"status":503,"body":"no","headers":{"x-a":"b"}}')).toBe(plain);
    expect(identity('"reply":{"jitter":"5s","onSuccess":true}')).toBe(plain);
    expect(identity('"dryRun":true')).toBe(plain);
    expect(identity('"burst":10,"scope":"proxy"')).toBe(plain);
    const keyed = identity('"per":[{"header":"x-user"}]');
    expect(identity('"per":[{"header":"X-User"}],"maxKeys":4096,"overflow":"reject"')).toBe(keyed);
    // Before and behind others, and with other headers read.
    const behind = compiled(
      withLimits(
        '[{"name":"other","rate":"1/s","when":{"header":"x-other","present":true}},' +
          '{"name":"login","rate":"10/s","per":[{"header":"x-user"}]}]',
      ),
    );
    expect(limitAt(behind, 1).identity).toBe(keyed);
    expect(limitAt(behind, 0).identity != keyed).toBe(true);
    const without = withLimit('"per":[{"header":"x-user"}]').replace('{"header":"x-tag"}', '');
    expect(identityIn(without)).toBe(keyed);
  });

  it('is another with another name, rate, burst, scope, key or number of keys', () => {
    const seen = new Set<u64>();
    const all = [
      '',
      '"burst":11',
      '"scope":"worker"',
      '"scope":"global"',
      '"per":[{"header":"x-user"}]',
      '"per":[{"header":"x-team"}]',
      '"per":[{"header":"x-user"}],"maxKeys":4095',
      '"per":[{"header":"x-tag"}]',
      '"per":[{"tag":"x-tag"}]',
      '"per":[{"cookie":"x-user"}]',
      '"per":[{"cookie":"x-team"}]',
      '"per":[{"query":"x-user"}]',
      '"per":[{"method":true}]',
      '"per":[{"host":true}]',
      '"per":[{"ip":true}]',
      '"per":[{"ip":{"v4":24}}]',
      '"per":[{"ip":{"v6":24}}]',
      '"per":[{"path":{"template":"/{a}/{b}","variable":"a"}}]',
      '"per":[{"path":{"template":"/{a}/{b}","variable":"b"}}]',
      '"per":[{"path":{"template":"/{b}/{a}","variable":"a"}}]',
      '"per":[{"path":{"template":"/{a}/{b}/c","variable":"a"}}]',
      '"per":[{"header":"x-user"},{"method":true}]',
      '"per":[{"method":true},{"header":"x-user"}]',
      '"per":[{"header":"x-user"},{"header":"x-user"}]',
    ];
    for (let i = 0; i < all.length; i++) seen.add(identity(all[i]));
    expect(seen.size).toBe(all.length);
    seen.add(identityIn(withLimits('[{"name":"logout","rate":"10/s"}]')));
    seen.add(identityIn(withLimits('[{"name":"login","rate":"11/s","burst":10}]')));
    // As many a second, but not at once.
    seen.add(identityIn(withLimits('[{"name":"login","rate":"600/m"}]')));
    seen.add(identityIn(withLimit('').replace('a/b/0', 'a/b/1')));
    seen.add(identityIn(withLimit('').replace('inbound', 'outbound')));
    const client = withLimit('"per":[{"ip":true}]').replace(
      '"tags"',
      '"client":{"prefix":{"v4":24}},"tags"',
    );
    // As if it stood in the limit.
    expect(identityIn(client)).toBe(identity('"per":[{"ip":{"v4":24}}]'));
    expect(seen.size).toBe(all.length + 5);
    // The same number of requests in the same time is the same rate.
    expect(identityIn(withLimits('[{"name":"login","rate":"600/m","burst":10}]'))).toBe(
      identity(''),
    );
  });
});

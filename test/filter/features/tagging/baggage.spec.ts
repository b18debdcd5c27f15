import { MapType, Status } from '../../../../filter/assembly/abi/enums';
import { Config, tagAt } from '../../../../filter/assembly/config/layout';
import { readRequest } from '../../../../filter/assembly/features/request';
import { baggageBegin, restoreBaggage } from '../../../../filter/assembly/features/tagging/baggage';
import { arenaReset, arenaTake } from '../../../../filter/assembly/shim/arena';
import { withTags } from '../../config/compile';
import {
  hostCalls,
  hostClearHeaders,
  hostHeader,
  hostHeaders,
  hostMetric,
  hostRefuse,
  hostReset,
  hostWrites,
} from '../../host';
import { lay } from '../../support';
import { configured, errors, handled, tagRequest } from '../handled';

const REQUEST = MapType.RequestHeaders;
const TRUST = '"incoming":"trust"';
const STRIP = '"incoming":"strip"';
const ALLOW = '"incoming":{"allow":["a","b"]}';
const RULE_A = ',"rules":[{"value":"a"}]';
/** Rules that tell what conditions see of the list. */
const SEEN =
  '"rules":[{"value":"seen","when":{"header":"baggage","contains":"x-t="}},' +
  '{"value":"other","when":{"header":"baggage","present":true}}]';

/** A configuration with a tag x-t that is carried, and has these members. */
function carrying(members: string): Config {
  return configured(withTags('[{"header":"x-t","carry":["baggage"],' + members + '}]'));
}

/** The writes for a tag with these members and a request with these headers. */
function wrote(members: string, headers: string): string {
  return handled(carrying(members), headers);
}

function members(count: i32): string {
  let list = '';
  for (let i = 0; i < count; i++) list += (i > 0 ? ',' : '') + 'k' + i.toString() + '=v';
  return list;
}

function incoming(outcome: string): i64 {
  return hostMetric(
    'tagalong_incoming_total.policy=.=a/b/0;.;direction=.=inbound;.;tag=.=x-t;.;outcome=.=' +
      outcome +
      ';.;mode=.=enforce;.;',
  );
}

describe('baggage, what comes', () => {
  beforeEach(() => {
    hostReset();
  });

  it('is taken for the tag where it may come in', () => {
    expect(wrote(TRUST + RULE_A, 'baggage: x-t=z')).toBe('add 0 x-t=z');
    expect(wrote(ALLOW + RULE_A, 'baggage: x-t=b')).toBe('add 0 x-t=b');
    expect(wrote(TRUST, 'baggage: k=v, x-t = z ,l=w')).toBe('add 0 x-t=z');
    expect(wrote(TRUST, 'baggage: k=v\nbaggage: x-t=z')).toBe('add 0 x-t=z');
    expect(wrote(TRUST, 'baggage: x-t=z;p=1')).toBe('add 0 x-t=z');
  });

  it('is gone where it may not', () => {
    expect(wrote(STRIP, 'baggage: x-t=z')).toBe('remove 0 baggage');
    expect(wrote(ALLOW, 'baggage: x-t=z')).toBe('remove 0 baggage');
    expect(wrote(ALLOW, 'baggage: x-t=A')).toBe('remove 0 baggage');
    expect(wrote(STRIP, 'baggage: k=v,x-t=z,l=w')).toBe('replace 0 baggage=k=v,l=w');
    expect(wrote(STRIP, 'x-t: z\nbaggage: x-t=z,k=v')).toBe('remove 0 x-t; replace 0 baggage=k=v');
  });

  it('is one with the header where both agree', () => {
    expect(wrote(TRUST + RULE_A, 'x-t: z\nbaggage: x-t=z')).toBe('');
    expect(wrote(ALLOW, 'x-t: b\nbaggage: k=v,x-t=b')).toBe('');
    expect(wrote(TRUST, 'x-t: a b\nbaggage: x-t=a%20b')).toBe('');
    expect(wrote(TRUST, 'x-t: z\nx-t: z\nbaggage: x-t=z')).toBe('replace 0 x-t=z');
  });

  it('goes with the header where they disagree', () => {
    expect(wrote(TRUST, 'x-t: z\nbaggage: x-t=y,k=v')).toBe('remove 0 x-t; replace 0 baggage=k=v');
    expect(wrote(ALLOW, 'x-t: a\nbaggage: x-t=b')).toBe('remove 0 x-t; remove 0 baggage');
    expect(wrote(TRUST, 'x-t: \nbaggage: x-t=z')).toBe('remove 0 x-t; remove 0 baggage');
    expect(wrote(TRUST, 'x-t: z\nbaggage: x-t=')).toBe('remove 0 x-t; remove 0 baggage');
    expect(wrote(TRUST, 'x-t: z\nx-t: y\nbaggage: x-t=z')).toBe('remove 0 x-t; remove 0 baggage');
    expect(wrote(TRUST + RULE_A, 'x-t: z\nbaggage: x-t=y')).toBe(
      'replace 0 x-t=a; replace 0 baggage=x-t=a',
    );
  });

  it('may come several times, all of them equal, and is written once then', () => {
    expect(wrote(TRUST, 'baggage: x-t=z,k=v,x-t=z')).toBe(
      'add 0 x-t=z; replace 0 baggage=k=v,x-t=z',
    );
    expect(wrote(TRUST, 'x-t: z\nbaggage: x-t=z\nbaggage: x-t=%7a')).toBe(
      'replace 0 baggage=x-t=z',
    );
    expect(wrote(TRUST, 'baggage: x-t=z,x-t=y')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=z\nbaggage: x-t=y,k=v')).toBe('replace 0 baggage=k=v');
    expect(wrote(TRUST, 'baggage: x-t=,x-t=z')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=z,x-t=')).toBe('remove 0 baggage');
  });

  it('has its key in whatever case, and decodes its value', () => {
    expect(wrote(TRUST, 'baggage: X-T=z')).toBe('add 0 x-t=z');
    expect(wrote(STRIP, 'baggage: X-t=z,k=v')).toBe('replace 0 baggage=k=v');
    expect(wrote(TRUST, 'baggage: x-t=z,X-T=y')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=a%20b%2Cc')).toBe('add 0 x-t=a b,c');
    expect(wrote(TRUST, 'baggage: x-t=%C3%A9')).toBe('add 0 x-t=é');
    expect(wrote(TRUST, 'baggage: x-tt=z,xx-t=z,x-t')).toBe('');
  });

  it('never becomes a header that a line break ends', () => {
    expect(wrote(TRUST, 'baggage: x-t=a%0d%0aevil:%201')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=a%0Aevil,k=v')).toBe('replace 0 baggage=k=v');
    expect(wrote(TRUST, 'baggage: x-t=%00')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=a%7f')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=a%09b')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=%20a')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=a%20')).toBe('remove 0 baggage');
    expect(wrote(TRUST + RULE_A, 'baggage: x-t=%0d')).toBe('add 0 x-t=a; replace 0 baggage=x-t=a');
  });

  it('is at most as long as a tag', () => {
    const most = 'a'.repeat(256);
    expect(wrote(TRUST, 'baggage: x-t=' + most)).toBe('add 0 x-t=' + most);
    expect(wrote(TRUST, 'baggage: x-t=' + most + 'a')).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=' + '%61'.repeat(256))).toBe('add 0 x-t=' + most);
    expect(wrote(TRUST, 'baggage: x-t=' + '%61'.repeat(257))).toBe('remove 0 baggage');
    expect(wrote(TRUST, 'baggage: x-t=' + 'a'.repeat(5000) + ',x-t=z')).toBe('remove 0 baggage');
  });

  it('is counted once for header and members together', () => {
    const config = carrying(ALLOW);
    const kept = incoming('kept');
    const stripped = incoming('stripped');
    handled(config, 'x-t: a\nbaggage: x-t=a,x-t=a');
    expect(incoming('kept')).toBe(kept + 1);
    handled(config, 'baggage: x-t=a');
    expect(incoming('kept')).toBe(kept + 2);
    expect(incoming('stripped')).toBe(stripped);
    handled(config, 'x-t: a\nbaggage: x-t=b');
    handled(config, 'baggage: x-t=c,x-t=c');
    expect(incoming('stripped')).toBe(stripped + 2);
    handled(config, 'baggage: k=v');
    expect(incoming('kept') + incoming('stripped')).toBe(kept + stripped + 4);
  });

  it('is nothing to a tag that is not carried', () => {
    const config = configured(
      withTags('[{"header":"x-t","incoming":"strip"},{"header":"x-u","carry":["baggage"]}]'),
    );
    expect(handled(config, 'baggage: x-t=z,x-u=y')).toBe('add 0 x-u=y');
    const none = configured(withTags('[{"header":"x-t"},{"header":"x-u"}]'));
    expect(handled(none, 'baggage: x-t=z')).toBe('');
  });
});

describe('baggage, what goes on', () => {
  beforeEach(() => {
    hostReset();
  });

  it('holds the tag that was decided', () => {
    expect(wrote(STRIP + RULE_A, '')).toBe('add 0 x-t=a; add 0 baggage=x-t=a');
    expect(wrote(STRIP + ',"default":"d e"', 'baggage: k=v')).toBe(
      'add 0 x-t=d e; replace 0 baggage=k=v,x-t=d%20e',
    );
    expect(wrote(STRIP + ',"default":"é,;"', '')).toBe(
      'add 0 x-t=é,;; add 0 baggage=x-t=%C3%A9%2C%3B',
    );
    expect(wrote(TRUST, 'x-t: z')).toBe('add 0 baggage=x-t=z');
  });

  it('is written only if it changes', () => {
    expect(wrote(TRUST, '')).toBe('');
    expect(wrote(TRUST, 'baggage: k=v')).toBe('');
    expect(wrote(STRIP, 'x-t: z\nbaggage: k=v')).toBe('remove 0 x-t');
    expect(wrote(TRUST, 'x-t: z\nbaggage: ,, x-t=z ,k')).toBe('');
  });

  // It was taken for said: the member that was stripped was the one that the rule asked for.
  it('holds a tag that is decided as the very member that was stripped', () => {
    expect(wrote(STRIP + RULE_A, 'baggage: x-t=a')).toBe('add 0 x-t=a; replace 0 baggage=x-t=a');
    expect(wrote(STRIP + RULE_A, 'x-t: a\nbaggage: k=v,x-t=a,l=w')).toBe(
      'replace 0 baggage=k=v,l=w,x-t=a',
    );
    expect(wrote(STRIP + RULE_A, 'baggage: x-t=a,x-t=a')).toBe(
      'add 0 x-t=a; replace 0 baggage=x-t=a',
    );
  });

  it('keeps members of others as they came, in their order', () => {
    expect(wrote(STRIP, 'baggage: b=%2c;p;q=1 ,x-t=z,  a , =c,d=')).toBe(
      'replace 0 baggage=b=%2c;p;q=1,a,=c,d=',
    );
    expect(wrote(STRIP, 'baggage: a=1\nbaggage: x-t=z,b=2\nbaggage: c=3')).toBe(
      'replace 0 baggage=a=1,b=2,c=3',
    );
    expect(hostHeaders(REQUEST)).toBe('baggage=a=1,b=2,c=3');
  });

  it('keeps a member with its properties where its value does not change', () => {
    const both =
      '[{"header":"x-t","carry":["baggage"],"incoming":"trust"},' +
      '{"header":"x-u","carry":["baggage"],"default":"u"}]';
    const config = configured(withTags(both));
    expect(handled(config, 'x-t: z\nbaggage: X-T=%7A;p=1;q')).toBe(
      'add 0 x-u=u; replace 0 baggage=X-T=%7A;p=1;q,x-u=u',
    );
    expect(handled(config, 'x-t: z\nbaggage: X-T=%7A;p=1;q , x-u=u;r')).toBe('add 0 x-u=u');
    expect(wrote(STRIP + RULE_A, 'baggage: x-t=z;p=1')).toBe(
      'add 0 x-t=a; replace 0 baggage=x-t=a',
    );
  });

  it('is one list of all tags that are carried', () => {
    const three =
      '[{"header":"x-t","incoming":"strip","carry":["baggage"]},' +
      '{"header":"x-u","carry":["baggage"]},' +
      '{"header":"x-v","carry":["baggage"],"default":"v"}]';
    const config = configured(withTags(three));
    expect(handled(config, 'baggage: x-t=1,x-u=2,x-v=3,k=4')).toBe(
      'add 0 x-u=2; add 0 x-v=3; replace 0 baggage=x-u=2,x-v=3,k=4',
    );
    expect(handled(config, 'baggage: x-u=2,k=4,x-u=2')).toBe(
      'add 0 x-u=2; add 0 x-v=v; replace 0 baggage=k=4,x-u=2,x-v=v',
    );
    expect(handled(config, '')).toBe('add 0 x-v=v; add 0 baggage=x-v=v');
  });

  it('keeps the members of others where it would be longer than 8192 bytes', () => {
    const before = errors('baggage');
    // Six bytes are a comma and `x-t=a`.
    const fits = 'k=' + 'v'.repeat(8192 - 6 - 2);
    expect(wrote(STRIP + RULE_A, 'baggage: ' + fits)).toBe(
      'add 0 x-t=a; replace 0 baggage=' + fits + ',x-t=a',
    );
    expect(errors('baggage')).toBe(before);
    expect(wrote(STRIP + RULE_A, 'baggage: ' + fits + 'v')).toBe(
      'add 0 x-t=a; replace 0 baggage=' + fits + 'v',
    );
    expect(errors('baggage')).toBe(before + 1);
    const long = 'k=' + 'v'.repeat(20_000);
    expect(wrote(STRIP, 'baggage: x-t=z,' + long)).toBe('replace 0 baggage=' + long);
    expect(errors('baggage')).toBe(before + 1);
  });

  it('keeps the members of others where it would have more than 64', () => {
    const before = errors('baggage');
    expect(wrote(STRIP + RULE_A, 'baggage: ' + members(63))).toBe(
      'add 0 x-t=a; replace 0 baggage=' + members(63) + ',x-t=a',
    );
    expect(errors('baggage')).toBe(before);
    expect(wrote(STRIP + RULE_A, 'baggage: x-t=z,' + members(64))).toBe(
      'add 0 x-t=a; replace 0 baggage=' + members(64),
    );
    expect(errors('baggage')).toBe(before + 1);
  });

  it('leaves out what the next hop would strip, counted', () => {
    const before = errors('baggage');
    const long = 'z'.repeat(257);
    expect(wrote(TRUST, 'x-t: ' + long)).toBe('');
    expect(errors('baggage')).toBe(before + 1);
    expect(wrote(TRUST, 'x-t: ' + 'z'.repeat(256))).toBe('add 0 baggage=x-t=' + 'z'.repeat(256));
    expect(wrote(TRUST, 'x-t: a\tb')).toBe('');
    expect(errors('baggage')).toBe(before + 2);
  });

  it('is as it was in a dry run', () => {
    const text = withTags(
      '[{"header":"x-t","carry":["baggage"],"incoming":"strip","default":"d"}]',
    );
    const config = configured(text.replace('"direction"', '"mode":"dryRun","direction"'));
    expect(handled(config, 'baggage: x-t=z,k=v')).toBe('');
    expect(handled(config, '')).toBe('');
  });

  it('is forgotten with its request', () => {
    const config = carrying(TRUST);
    handled(config, 'x-t: z\nbaggage: x-t=z,x-t=z');
    expect(handled(config, '')).toBe('');
    expect(handled(config, 'baggage: k=v')).toBe('');
    expect(handled(config, 'x-t: y')).toBe('add 0 baggage=x-t=y');
  });
});

describe('baggage, seen by conditions', () => {
  beforeEach(() => {
    hostReset();
  });

  it('holds no member that was stripped, also by a tag further down', () => {
    const config = configured(
      withTags(
        '[{"header":"x-u",' + SEEN + '},{"header":"x-t","carry":["baggage"],' + ALLOW + '}]',
      ),
    );
    expect(handled(config, 'baggage: x-t=z')).toBe('remove 0 baggage');
    expect(handled(config, 'baggage: x-t=z,k=v')).toBe('add 0 x-u=other; replace 0 baggage=k=v');
    expect(handled(config, 'baggage: k=v\nbaggage: X-T=z')).toBe(
      'add 0 x-u=other; replace 0 baggage=k=v',
    );
    expect(handled(config, 'x-t: b\nbaggage: x-t=a,k=v')).toBe(
      'add 0 x-u=other; remove 0 x-t; replace 0 baggage=k=v',
    );
  });

  it('holds a member that was kept', () => {
    const config = configured(
      withTags(
        '[{"header":"x-u",' + SEEN + '},{"header":"x-t","carry":["baggage"],' + ALLOW + '}]',
      ),
    );
    expect(handled(config, 'baggage: x-t=a')).toBe('add 0 x-u=seen; add 0 x-t=a');
    expect(handled(config, 'x-t: a\nbaggage: k=v,x-t=a,x-t=a')).toBe(
      'add 0 x-u=seen; replace 0 baggage=k=v,x-t=a',
    );
  });

  it('holds no member that was stripped where the store remembers the tag', () => {
    const config = configured(
      withTags(
        '[{"header":"x-u",' +
          '"rules":[{"value":"forged","when":{"header":"baggage","contains":"forged"}}]' +
          '},{"header":"x-t","carry":["baggage"],' +
          ALLOW +
          '}]',
      ),
    );
    // What features/propagation/restore.ts does between reading and tagging.
    const value = lay('remembered');
    hostHeader(REQUEST, 'baggage', 'x-t=forged,k=v');
    arenaReset();
    const readable = readRequest(config);
    baggageBegin(config);
    restoreTag(config, 1, value.ptr, value.size);
    tagRequest(config, 1, readable);
    restoreTag(config, 1, 0, 0);
    expect(hostWrites()).toBe('add 0 x-t=remembered; replace 0 baggage=k=v,x-t=remembered');
  });

  it('is the list that the store remembers where the request has none', () => {
    const config = configured(
      withTags('[{"header":"x-u",' + SEEN + '},{"header":"x-t","carry":["baggage"]}]'),
    );
    const list = lay('k=v,x-t=z');
    arenaReset();
    const readable = readRequest(config);
    baggageBegin(config);
    restoreBaggage(config, list.ptr, list.size);
    tagRequest(config, 1, readable);
    expect(hostWrites()).toBe('add 0 x-u=seen; add 0 x-t=z; add 0 baggage=k=v,x-t=z');
  });
});

describe('baggage, what goes wrong', () => {
  beforeEach(() => {
    hostReset();
  });

  it('goes as a whole where headers cannot be read and the tag must not come in', () => {
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    const rest = RULE_A + ',"default":"d"';
    expect(wrote(STRIP + rest, 'baggage: x-t=z,k=v')).toBe('remove 0 baggage; replace 0 x-t=d');
    expect(wrote(ALLOW, 'baggage: x-t=z,k=v')).toBe('remove 0 baggage; remove 0 x-t');
    expect(wrote(TRUST + rest, 'baggage: x-t=z,k=v')).toBe('');
    expect(hostHeaders(REQUEST)).toBe('baggage=x-t=z,k=v');
  });

  it('goes once where that is so of several tags', () => {
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    const config = configured(
      withTags(
        '[{"header":"x-t","carry":["baggage"],"incoming":"strip"},' +
          '{"header":"x-u","carry":["baggage"],"incoming":"strip"}]',
      ),
    );
    expect(handled(config, 'baggage: k=v')).toBe('remove 0 baggage; remove 0 x-t; remove 0 x-u');
    const dry = withTags('[{"header":"x-t","carry":["baggage"],"incoming":"strip"}]');
    const quiet = configured(dry.replace('"direction"', '"mode":"dryRun","direction"'));
    expect(handled(quiet, 'baggage: k=v')).toBe('');
    const plain = configured(withTags('[{"header":"x-t","incoming":"strip"},{"header":"x-u"}]'));
    expect(handled(plain, 'baggage: k=v')).toBe('remove 0 x-t');
  });

  it('is not looked for in what another request left behind', () => {
    const config = carrying(TRUST);
    handled(config, 'baggage: k=v,x-t=z\nbaggage: l=w');
    // Whoever shares the arena writes over it.
    arenaReset();
    memory.fill(arenaTake(1 << 16), 0xff, 1 << 16);
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    expect(handled(config, 'baggage: x-t=z')).toBe('');
  });

  it('counts each write that is refused', () => {
    const before = errors('write');
    const calls = hostCalls('proxy_remove_header_map_value');
    hostRefuse('proxy_remove_header_map_value', Status.BadArgument);
    wrote(STRIP, 'baggage: x-t=z');
    expect(hostCalls('proxy_remove_header_map_value')).toBe(calls + 1);
    expect(errors('write')).toBe(before + 1);
    hostRefuse('proxy_replace_header_map_value', Status.BadArgument);
    wrote(STRIP, 'baggage: x-t=z,k=v');
    expect(errors('write')).toBe(before + 2);
    hostRefuse('proxy_add_header_map_value', Status.BadArgument);
    wrote(TRUST, 'x-t: z');
    expect(errors('write')).toBe(before + 3);
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    wrote(STRIP, 'baggage: x-t=z');
    expect(errors('write')).toBe(before + 5);
  });

  it('goes as a whole where there is no memory to take it apart, counted', () => {
    const config = carrying(STRIP + RULE_A);
    const before = errors('baggage');
    hostClearHeaders();
    hostHeader(REQUEST, 'baggage', 'x-t=z,k=' + 'v'.repeat(1000));
    arenaReset();
    const readable = readRequest(config);
    baggageBegin(config);
    while (arenaTake(1024) != 0) {}
    while (arenaTake(256) != 0) {}
    tagRequest(config, 1, readable);
    const written = hostWrites();
    expect(written.startsWith('add 0 x-t=a; re')).toBe(true);
    expect(written.includes('x-t=z')).toBe(false);
    expect(written.includes('vvv')).toBe(false);
    expect(errors('baggage') > before).toBe(true);
  });
});

/** What the store remembers of a tag; size 0: nothing. */
function restoreTag(config: Config, index: u32, ptr: usize, size: u32): void {
  const tag = tagAt(config, index);
  tag.restoredPtr = ptr;
  tag.restoredSize = size;
}

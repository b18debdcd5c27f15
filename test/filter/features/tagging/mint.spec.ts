import { Status } from '../../../../filter/assembly/abi/enums';
import { withTags } from '../../config/compile';
import { hostCalls, hostMetric, hostRefuse, hostReset } from '../../host';
import { answered, configured, decided, errors, handled } from '../handled';

const ATTRIBUTES = '; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax';
/** Sixteen bytes from 1 on, as the host of the specs gives them first. */
const FIRST = '0102030405060708090a0b0c0d0e0f10';
const SECOND = '1112131415161718191a1b1c1d1e1f20';

function rule(members: string): string {
  return '{"value":"in","percent":100,"mint":{"cookie":"id"}' + members + '}';
}

function withRules(rules: string): string {
  return withTags('[{"header":"x-t","rules":[' + rules + ']}]');
}

function minted(cookie: string): i64 {
  return hostMetric(
    'tagalong_mint_total.policy=.=a/b/0;.;direction=.=inbound;.;cookie=.=' + cookie + ';.;',
  );
}

function cookie(name: string, value: string): string {
  return 'add 2 set-cookie=' + name + '=' + value + ATTRIBUTES;
}

// The ids of metrics are the module's own, and the host's must go on from there: counts are
// compared with those before.
describe('mint', () => {
  beforeEach(() => {
    hostReset();
  });

  it('gives a visitor without an identity 128 random bits, in a cookie', () => {
    const config = configured(withRules(rule('')));
    const before = minted('id');
    expect(handled(config, '')).toBe('add 0 x-t=in');
    expect(answered()).toBe(cookie('id', FIRST));
    expect(answered()).toBe('');
    expect(minted('id')).toBe(before + 1);
    expect(hostCalls('random_get')).toBe(1);
    handled(config, '', 2);
    expect(answered(2)).toBe(cookie('id', SECOND));
  });

  it('gives none to those who have one, whatever it says', () => {
    const config = configured(withRules(rule(',"identity":[{"header":"x-u"}]')));
    const before = minted('id');
    expect(handled(config, 'cookie: a=b; id=7')).toBe('add 0 x-t=in');
    expect(answered()).toBe('');
    expect(handled(config, 'x-u: 7')).toBe('add 0 x-t=in');
    expect(answered()).toBe('');
    expect(hostCalls('random_get')).toBe(0);
    expect(minted('id')).toBe(before);
    // An empty one is none.
    handled(config, 'cookie: id=\nx-u: ');
    expect(answered()).toBe(cookie('id', FIRST));
  });

  it('gives it on both sides of the split', () => {
    const config = configured(withRules(rule('').replace('100', '0')));
    expect(handled(config, '')).toBe('');
    expect(answered()).toBe(cookie('id', FIRST));
  });

  it('gives none where the rule is not come to', () => {
    const config = configured(
      withRules(
        '{"value":"first","when":{"header":"x-a","present":true}},' +
          rule(',"when":{"header":"x-b","present":true}'),
      ),
    );
    handled(config, 'x-a: 1\nx-b: 1');
    expect(answered()).toBe('');
    handled(config, 'x-c: 1');
    expect(answered()).toBe('');
    // Nor where a tag is kept, and no rule is tried.
    handled(config, 'x-t: kept\nx-b: 1');
    expect(answered()).toBe('');
    handled(config, 'x-b: 1');
    expect(answered()).toBe(cookie('id', FIRST));
  });

  it('decides the same request and the next one alike', () => {
    const threshold = '{"value":"in","percent":50,"mint":{"cookie":"id"}}';
    const config = configured(withRules(threshold));
    let inside = 0;
    let alike = 0;
    for (let i: u32 = 1; i <= 64; i++) {
      const first = handled(config, '', i);
      const line = answered(i);
      const start = 'add 2 set-cookie='.length;
      const value = line.substring(start, line.indexOf(';'));
      if (first == 'add 0 x-t=in') inside++;
      if (handled(config, 'cookie: ' + value, i) == first) alike++;
      expect(answered(i)).toBe('');
    }
    expect(alike).toBe(64);
    expect(inside > 10 && inside < 54).toBe(true);
  });

  it('is one cookie and one identity for all rules that ask for it', () => {
    const config = configured(
      withRules(
        rule(',"name":"none","salt":"s"').replace('100', '0') +
          ',' +
          rule(',"name":"none too","salt":"t"').replace('100', '0') +
          ',' +
          rule(',"name":"all","salt":"s"'),
      ),
    );
    expect(handled(config, '')).toBe('add 0 x-t=in');
    expect(answered()).toBe(cookie('id', FIRST));
    expect(hostCalls('random_get')).toBe(1);
  });

  it('gives each cookie of a policy a value of its own', () => {
    const other = rule('').replace('"id"', '"other"');
    const config = configured(withRules(rule('').replace('100', '0') + ',' + other));
    handled(config, '');
    expect(answered()).toBe(cookie('id', FIRST) + '; ' + cookie('other', SECOND));
    handled(config, 'cookie: id=1');
    expect(answered().startsWith('add 2 set-cookie=other=')).toBe(true);
    handled(config, 'cookie: other=1');
    expect(answered().startsWith('add 2 set-cookie=id=')).toBe(true);
  });

  it('sets no cookie for a rule that only counts, or in a dry run', () => {
    const config = configured(withRules(rule(',"dryRun":true')));
    const before = minted('id');
    const counted = decided('0', 'in', 'dryRun');
    expect(handled(config, '')).toBe('');
    expect(answered()).toBe('');
    expect(decided('0', 'in', 'dryRun')).toBe(counted + 1);
    const dry = configured(
      withRules(rule('')).replace('"direction"', '"mode":"dryRun","direction"'),
    );
    expect(handled(dry, '')).toBe('');
    expect(answered()).toBe('');
    expect(minted('id')).toBe(before);
    expect(decided('0', 'in', 'dryRun')).toBe(counted + 2);
  });

  it('sets one for a rule in force, although one that only counts made it', () => {
    const config = configured(
      withRules(rule(',"dryRun":true,"name":"dry"') + ',' + rule(',"name":"live"')),
    );
    expect(handled(config, '')).toBe('add 0 x-t=in');
    expect(answered()).toBe(cookie('id', FIRST));
  });

  it('gives no identity where the host has no random bytes, counted', () => {
    const config = configured(withRules(rule('') + ',{"name":"rest","value":"rest"}'));
    const before = errors('random');
    hostRefuse('random_get', Status.InternalFailure);
    expect(handled(config, '')).toBe('add 0 x-t=rest');
    expect(answered()).toBe('');
    expect(errors('random')).toBe(before + 1);
    hostRefuse('random_get', 0);
    expect(handled(config, '')).toBe('add 0 x-t=in');
    expect(answered()).toBe(cookie('id', FIRST));
    expect(errors('random')).toBe(before + 1);
  });

  it('forgets the identity of the request before', () => {
    const config = configured(withRules(rule(',"when":{"header":"x-a","present":true}')));
    handled(config, 'x-a: 1', 1);
    handled(config, 'x-b: 1', 2);
    expect(answered(2)).toBe('');
    handled(config, 'x-a: 1', 3);
    expect(answered(3)).toBe(cookie('id', SECOND));
    expect(answered(1)).toBe(cookie('id', FIRST));
  });

  it('sets no cookie for a request that could not be read', () => {
    const config = configured(withRules(rule('')));
    handled(config, '', 1);
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    expect(handled(config, '', 2)).toBe('');
    expect(answered(2)).toBe('');
    expect(hostCalls('random_get')).toBe(1);
    expect(answered(1)).toBe(cookie('id', FIRST));
  });

  it('stands before echoed tags, and counts what does not fit beside it', () => {
    const config = configured(
      withTags('[{"header":"x-t","echo":true,"rules":[' + rule('') + ']}]'),
    );
    handled(config, '');
    expect(answered()).toBe(cookie('id', FIRST) + '; replace 2 x-t=in');
    const long = 'n'.repeat(255);
    const two = configured(
      withRules(
        rule('').replace('100', '0') + ',' + rule('').replace('"id"', '"' + long + '"'),
      ).replace('"rules"', '"echo":true,"rules"'),
    );
    const before = errors('response');
    handled(two, '');
    // 512 bytes hold both cookies and a tag, but not three: the longest takes 374.
    expect(answered().endsWith('replace 2 x-t=in')).toBe(true);
    expect(errors('response')).toBe(before);
    const other = rule('')
      .replace('100', '0')
      .replace('"id"', '"' + 'm'.repeat(200) + '"');
    const three = configured(withRules(other + ',' + rule('').replace('"id"', '"' + long + '"')));
    handled(three, '');
    expect(answered().startsWith('add 2 set-cookie=mmm')).toBe(true);
    expect(errors('response')).toBe(before + 1);
  });

  it('counts a cookie that was overwritten while it waited, and the next one stands', () => {
    const config = configured(withRules(rule('')));
    const before = errors('response');
    handled(config, '', 11);
    handled(config, '', 11 + 4096);
    expect(errors('response')).toBe(before + 1);
    expect(answered(11)).toBe('');
    expect(answered(11 + 4096)).toBe(cookie('id', SECOND));
  });
});

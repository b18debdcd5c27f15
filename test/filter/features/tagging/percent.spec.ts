import { MapType, Status } from '../../../../filter/assembly/abi/enums';
import { Config, Percent, ruleAt } from '../../../../filter/assembly/config/layout';
import { readRequest } from '../../../../filter/assembly/features/request';
import { bucketOf, NO_BUCKET } from '../../../../filter/assembly/features/tagging/percent';
import {
  ARENA_SIZE,
  arenaMark,
  arenaReset,
  arenaTake,
} from '../../../../filter/assembly/shim/arena';
import { onlyTag, withTags } from '../../config/compile';
import {
  hostCalls,
  hostClearHeaders,
  hostHeader,
  hostProperty,
  hostRefuse,
  hostReset,
} from '../../host';
import { configured } from '../handled';

function withPercent(members: string): string {
  return withTags('[{"header":"x-t","rules":[{"value":"v","percent":10' + members + '}]}]');
}

function bucket(config: Config): u32 {
  arenaReset();
  assert(readRequest(config));
  return bucketOf(config, changetype<Percent>(ruleAt(onlyTag(config), 0).percent), true);
}

/** The bucket of an identity that comes in x-id. */
function bucketOfText(salt: string, identity: string): u32 {
  hostClearHeaders();
  hostHeader(MapType.RequestHeaders, 'x-id', identity);
  return bucket(configured(withPercent(',"salt":"' + salt + '","identity":[{"header":"x-id"}]')));
}

describe('percent', () => {
  beforeEach(() => {
    hostReset();
  });

  // Rows of test/vectors/bucket.json.
  it('is the bucket of the vectors', () => {
    expect(bucketOfText('5te1NS', 'xgDhqRUpG30ERpO4')).toBe(3486);
    expect(bucketOfText('salt-2', 'alice')).toBe(8281);
    expect(bucketOfText('salt-3', 'alice')).toBe(167);
    expect(bucketOfText('F60/g', 'h54')).toBe(9168);
    expect(bucketOfText('3q4o./:/eu/k', '9')).toBe(716);
    expect(bucketOfText('search', '16840a251bd2ab0dc407d054c99b4c73')).toBe(28);
    expect(bucketOfText('J', 'Qq')).toBe(3806);
  });

  it('is decided by the first source that is present and not empty', () => {
    const three = ',"salt":"salt-2","identity":[{"cookie":"uid"},{"header":"x-u"},{"ip":true}]';
    const config = configured(withPercent(three));
    expect(bucket(config)).toBe(NO_BUCKET);
    hostProperty('source.address', '192.0.2.7:1');
    const byAddress = bucket(config);
    expect(byAddress < 10000).toBe(true);
    hostHeader(MapType.RequestHeaders, 'x-u', '');
    hostHeader(MapType.RequestHeaders, 'cookie', 'uid=');
    expect(bucket(config)).toBe(byAddress);
    hostHeader(MapType.RequestHeaders, 'x-u', 'alice');
    expect(bucket(config)).toBe(8281);
    hostHeader(MapType.RequestHeaders, 'cookie', 'uid=bob');
    const byCookie = bucket(config);
    expect(byCookie != 8281 && byCookie != byAddress).toBe(true);
  });

  it('is the same for all addresses of one /64, and for one of IPv4', () => {
    const config = configured(withPercent(',"salt":"s","identity":[{"ip":true}]'));
    hostProperty('source.address', '[2001:db8::1]:1');
    const one = bucket(config);
    hostProperty('source.address', '[2001:db8::ffff:0:0:2]:999');
    expect(bucket(config)).toBe(one);
    expect(bucketOfText('s', '2001:db8::')).toBe(one);
    expect(bucketOfText('s', '192.0.2.7') != bucketOfText('s', '192.0.2.8')).toBe(true);
    const again = configured(withPercent(',"salt":"s","identity":[{"ip":true}]'));
    hostProperty('source.address', '[2001:db8:0:1::1]:1');
    expect(bucket(again) != one).toBe(true);
    hostProperty('source.address', '192.0.2.7:5');
    const four = bucket(again);
    expect(bucketOfText('s', '192.0.2.7')).toBe(four);
  });

  it('is that of the cookie which was minted, behind all other sources', () => {
    const config = configured(
      withPercent(',"salt":"salt-2","identity":[{"header":"x-u"}],"mint":{"cookie":"id"}'),
    );
    hostHeader(MapType.RequestHeaders, 'cookie', 'id=alice');
    expect(bucket(config)).toBe(8281);
    expect(hostCalls('random_get')).toBe(0);
    hostHeader(MapType.RequestHeaders, 'x-u', 'bob');
    expect(bucket(config) != 8281).toBe(true);
    expect(hostCalls('random_get')).toBe(0);
  });

  it('is none where the host has no random bytes', () => {
    hostRefuse('random_get', Status.InternalFailure);
    const config = configured(withPercent(',"mint":{"cookie":"id"}'));
    expect(bucket(config)).toBe(NO_BUCKET);
    hostRefuse('random_get', 0);
    expect(bucket(config) < 10000).toBe(true);
  });

  it('is none where there is no memory left', () => {
    const config = configured(withPercent(',"identity":[{"header":"x-u"}]'));
    hostHeader(MapType.RequestHeaders, 'x-u', 'alice');
    arenaReset();
    assert(readRequest(config));
    arenaTake(ARENA_SIZE / 2);
    while (arenaTake(8) != 0) {}
    const percent = changetype<Percent>(ruleAt(onlyTag(config), 0).percent);
    expect(bucketOf(config, percent, true)).toBe(NO_BUCKET);
  });

  it('gives back the memory that a source took', () => {
    const config = configured(withPercent(',"identity":[{"query":"q"}]'));
    hostHeader(MapType.RequestHeaders, ':path', '/?q=' + '%61'.repeat(1000));
    arenaReset();
    assert(readRequest(config));
    const mark = arenaMark();
    const percent = changetype<Percent>(ruleAt(onlyTag(config), 0).percent);
    const one = bucketOf(config, percent, true);
    expect(arenaMark()).toBe(mark);
    expect(bucketOf(config, percent, true)).toBe(one);
  });
});

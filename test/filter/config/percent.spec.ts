import { Percent, ruleAt, Source, Subject, tagAt } from '../../../filter/assembly/config/layout';
import { policySize } from '../../../filter/assembly/config/percent';
import { lay, read } from '../support';
import { compiled, fault, namesOf, onlyTag, withTags } from './compile';

const IDENTITY = ',"identity":[{"cookie":"uid"}]';

function withRule(members: string): string {
  return withTags('[{"header":"X-T","rules":[{"value":"v"' + members + '}]}]');
}

/** The fault of a rule with these members, without the path to it. */
function refused(members: string): string {
  const shown = fault(withRule(members));
  return shown.startsWith('$.tags[0].rules[0]') ? shown.substring(18) : shown;
}

function percentOf(text: string): Percent {
  return changetype<Percent>(ruleAt(onlyTag(compiled(text)), 0).percent);
}

/** The salt without its last byte, which must be 0. */
function salt(text: string): string {
  const percent = percentOf(text);
  assert(load<u8>(percent.saltPtr + percent.saltSize - 1) == 0);
  return read(percent.saltPtr, percent.saltSize - 1);
}

describe('percent', () => {
  it('is a threshold in hundredths', () => {
    expect(percentOf(withRule(',"percent":12.5' + IDENTITY)).threshold).toBe(1250);
    expect(percentOf(withRule(',"percent":0' + IDENTITY)).threshold).toBe(0);
    expect(percentOf(withRule(',"percent":100' + IDENTITY)).threshold).toBe(10000);
    expect(percentOf(withRule(',"percent":0.01' + IDENTITY)).threshold).toBe(1);
    expect(refused(',"percent":100.01' + IDENTITY)).toBe(
      '.percent: found 100.01, wanted a number from 0 to 100 with at most two decimals',
    );
    expect(refused(',"percent":"10"' + IDENTITY)).toBe(
      '.percent: found "10", wanted a number from 0 to 100 with at most two decimals',
    );
  });

  it('needs an identity, or a cookie that gives one', () => {
    const wanted = ': found "percent" without an identity, wanted "identity" or "mint" beside it';
    expect(refused(',"percent":10')).toBe(wanted);
    expect(refused(',"percent":10,"salt":"s"')).toBe(wanted);
    expect(refused(',"percent":10' + IDENTITY)).toBe('');
    expect(refused(',"percent":10,"mint":{"cookie":"id"}')).toBe('');
    const minted = percentOf(withRule(',"percent":10,"mint":{"cookie":"id"}'));
    expect(minted.sourceCount).toBe(0);
    expect(minted.mint != 0).toBe(true);
    expect(percentOf(withRule(',"percent":10' + IDENTITY)).mint).toBe(0);
  });

  it('takes one to eight sources', () => {
    const one = '{"header":"a"}';
    const eight = one + (',' + one).repeat(7);
    const wanted = 'an array of sources such as {"cookie": "uid"}, at least one';
    const eighth = percentOf(withRule(',"percent":1,"identity":[' + eight + ']'));
    expect(eighth.sourceCount).toBe(8);
    expect(changetype<Source>(eighth.sources).subject).toBe(Subject.Header);
    expect(refused(',"percent":1,"identity":[' + eight + ',' + one + ']')).toBe(
      '.identity: found more sources, wanted at most 8',
    );
    expect(refused(',"percent":1,"identity":[]')).toBe(
      '.identity: found an empty array, wanted ' + wanted,
    );
    expect(refused(',"percent":1,"identity":{"cookie":"uid"}')).toBe(
      '.identity: found an object, wanted ' + wanted,
    );
    expect(refused(',"percent":1,"identity":[{"ip":true},{}]')).toBe(
      '.identity[1]: found an empty object, wanted one of header, cookie, query and ip',
    );
  });

  it('says where a mint is wrong', () => {
    expect(refused(',"percent":1,"mint":true')).toBe(
      '.mint: found true, wanted an object with the keys cookie maxAge path domain sameSite secure',
    );
    expect(refused(',"percent":1' + IDENTITY + ',"mint":{}')).toBe(
      '.mint: found no such key there, wanted cookie: the name of the cookie',
    );
  });

  it('is salted by namespace, policy and header, if by nothing else', () => {
    // Other entries of the policy, and other directions, deal alike.
    expect(salt(withRule(',"percent":1' + IDENTITY))).toBe('a/b/x-t');
    const other = withRule(',"percent":1' + IDENTITY).replace('a/b/0', 'a/b/7');
    expect(salt(other.replace('inbound', 'gateway'))).toBe('a/b/x-t');
    expect(salt(withRule(',"percent":1' + IDENTITY).replace('a/b/0', 'shop'))).toBe('shop/x-t');
    expect(salt(withRule(',"percent":1,"salt":"checkout 1"' + IDENTITY))).toBe('checkout 1');
    const two =
      '[{"header":"x-a","rules":[{"value":"v","percent":1' +
      IDENTITY +
      '}]},{"header":"x-b","rules":[{"value":"v","percent":1' +
      IDENTITY +
      '}]}]';
    const config = compiled(withTags(two));
    const second = changetype<Percent>(ruleAt(tagAt(config, 1), 0).percent);
    expect(read(second.saltPtr, second.saltSize - 1)).toBe('a/b/x-b');
  });

  it('refuses salts that cannot be told again', () => {
    const wanted = ', wanted a salt: visible text, no blank at its ends';
    expect(refused(',"percent":1,"salt":""' + IDENTITY)).toBe('.salt: found ""' + wanted);
    expect(refused(',"percent":1,"salt":"s "' + IDENTITY)).toBe('.salt: found "s "' + wanted);
    expect(refused(',"percent":1,"salt":2026' + IDENTITY)).toBe('.salt: found 2026' + wanted);
    expect(refused(',"percent":1,"salt":"a\\u0000b"' + IDENTITY)).toBe(
      '.salt: found "a\\x00b"' + wanted,
    );
    expect(refused(',"percent":1,"salt":"' + 's'.repeat(256) + '"' + IDENTITY)).toBe('');
    expect(refused(',"percent":1,"salt":"' + 's'.repeat(257) + '"' + IDENTITY)).toBe(
      '.salt: found a longer text, wanted at most 256 bytes',
    );
  });

  it('needs the headers of its sources, and the cookies of its mint', () => {
    expect(namesOf(compiled(withRule(',"percent":1' + IDENTITY)))).toBe('x-t cookie');
    expect(namesOf(compiled(withRule(',"percent":1,"mint":{"cookie":"a"}')))).toBe('x-t cookie');
    expect(namesOf(compiled(withRule(',"percent":1,"identity":[{"ip":true}]')))).toBe('x-t');
  });

  it('finds the policy in an id', () => {
    const id = lay('shop/checkout/0');
    expect(policySize(id.ptr, id.size)).toBe(13);
    expect(policySize(id.ptr, 13)).toBe(4);
    expect(policySize(id.ptr, 4)).toBe(4);
    expect(policySize(id.ptr, 5)).toBe(4);
    expect(policySize(id.ptr, 0)).toBe(0);
  });
});

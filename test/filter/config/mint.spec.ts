import { MINTS_MAX, Mint, mintAt, Percent, ruleAt } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf, onlyTag, withTags } from './compile';

const KEYS = 'cookie maxAge path domain sameSite secure';

function rule(mint: string): string {
  return '{"value":"v","percent":1,"mint":' + mint + '}';
}

function withMint(mint: string): string {
  return withTags('[{"header":"x-t","rules":[' + rule(mint) + ']}]');
}

/** The fault of a mint, without the path to it. */
function refused(mint: string): string {
  const shown = fault(withMint(mint));
  return shown.startsWith('$.tags[0].rules[0].mint') ? shown.substring(23) : shown;
}

/** The fault of a mint of a cookie `id` with these members. */
function refusedWith(members: string): string {
  return refused('{"cookie":"id",' + members + '}');
}

/** What follows the value of the cookie `id` with these members. */
function attributes(members: string): string {
  const config = compiled(withMint('{"cookie":"id"' + members + '}'));
  const mint = mintAt(config, 0);
  return read(mint.attributesPtr, mint.attributesSize);
}

/** Rules with these mints, one each. */
function withMints(mints: string[]): string {
  let rules = '';
  for (let i = 0; i < mints.length; i++) {
    if (i > 0) rules += ',';
    rules += rule(mints[i]);
  }
  return withTags('[{"header":"x-t","rules":[' + rules + ']}]');
}

describe('mint', () => {
  it('is a cookie for the whole site, thirty days long, that scripts cannot read', () => {
    const config = compiled(withMint('{"cookie":"Tagalong_ID"}'));
    const mint = mintAt(config, 0);
    expect(config.mintCount).toBe(1);
    expect(config.responds).toBe(true);
    expect(read(mint.namePtr, mint.nameSize)).toBe('Tagalong_ID');
    expect(namesOf(config)).toBe('x-t cookie');
    expect(mint.index).toBe(1);
    expect(attributes('')).toBe('; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax');
  });

  it('has the attributes that it is given', () => {
    expect(
      attributes(
        ',"maxAge":"12h","path":"/shop","domain":"example.com","sameSite":"Strict","secure":true',
      ),
    ).toBe('; Path=/shop; Domain=example.com; Max-Age=43200; HttpOnly; Secure; SameSite=Strict');
    expect(attributes(',"secure":false')).toBe('; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax');
    expect(attributes(',"sameSite":"None"')).toBe(
      '; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=None',
    );
    expect(attributes(',"sameSite":"Lax","maxAge":"1s"')).toBe(
      '; Path=/; Max-Age=1; HttpOnly; Secure; SameSite=Lax',
    );
  });

  it('is an object with a cookie', () => {
    expect(refused('"id"')).toBe(': found "id", wanted an object with the keys ' + KEYS);
    expect(refused('{}')).toBe(': found no such key there, wanted cookie: the name of the cookie');
    expect(refused('{"cookie":"a","httpOnly":false}')).toBe(
      ': found the key "httpOnly", wanted one of: ' + KEYS,
    );
    const wanted = ', wanted the name of a cookie';
    expect(refused('{"cookie":""}')).toBe('.cookie: found ""' + wanted);
    expect(refused('{"cookie":"a b"}')).toBe('.cookie: found "a b"' + wanted);
    expect(refused('{"cookie":"a;b"}')).toBe('.cookie: found "a;b"' + wanted);
    expect(refused('{"cookie":"a=b"}')).toBe('.cookie: found "a=b"' + wanted);
    expect(refused('{"cookie":"é"}')).toBe('.cookie: found "\\xc3\\xa9"' + wanted);
    expect(refused('{"cookie":7}')).toBe('.cookie: found 7' + wanted);
  });

  it('lives a second to 400 days', () => {
    const wanted = ', wanted a time such as 12h or 30d, at most 400d';
    expect(attributes(',"maxAge":"400d"')).toBe(
      '; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax',
    );
    expect(refusedWith('"maxAge":"401d"')).toBe('.maxAge: found "401d"' + wanted);
    expect(refusedWith('"maxAge":"34560001s"')).toBe('.maxAge: found "34560001s"' + wanted);
    expect(refusedWith('"maxAge":"34560000s"')).toBe('');
    expect(refusedWith('"maxAge":"0s"')).toBe('.maxAge: found "0s"' + wanted);
    expect(refusedWith('"maxAge":3600')).toBe('.maxAge: found 3600' + wanted);
    expect(refusedWith('"maxAge":"30"')).toBe('.maxAge: found "30"' + wanted);
  });

  it('refuses paths and domains that end the attribute, or are none', () => {
    const path = ', wanted a path such as /';
    expect(refusedWith('"path":""')).toBe('.path: found ""' + path);
    expect(refusedWith('"path":"shop"')).toBe('.path: found "shop"' + path);
    expect(refusedWith('"path":"/a;b"')).toBe('.path: found "/a;b"' + path);
    expect(refusedWith('"path":"/a,b"')).toBe('.path: found "/a,b"' + path);
    expect(refusedWith('"path":"/a b"')).toBe('.path: found "/a b"' + path);
    expect(refusedWith('"path":"/a\\u001f"')).toBe('.path: found "/a\\x1f"' + path);
    expect(refusedWith('"path":"/a\\u007f"')).toBe('.path: found "/a\\x7f"' + path);
    expect(refusedWith('"path":"/é"')).toBe('.path: found "/\\xc3\\xa9"' + path);
    expect(refusedWith('"path":["/"]')).toBe('.path: found an array' + path);
    expect(refusedWith('"path":"/!~"')).toBe('');
    const domain = ', wanted a domain such as example.com';
    expect(refusedWith('"domain":""')).toBe('.domain: found ""' + domain);
    expect(refusedWith('"domain":"a;b"')).toBe('.domain: found "a;b"' + domain);
    expect(refusedWith('"domain":"a,b"')).toBe('.domain: found "a,b"' + domain);
    expect(refusedWith('"domain":"a b"')).toBe('.domain: found "a b"' + domain);
    expect(refusedWith('"domain":"a\\u0000"')).toBe('.domain: found "a\\x00"' + domain);
    expect(refusedWith('"domain":true')).toBe('.domain: found true' + domain);
  });

  it('knows three words for other sites', () => {
    const wanted = ', wanted "Lax", "Strict" or "None"';
    expect(refusedWith('"sameSite":"lax"')).toBe('.sameSite: found "lax"' + wanted);
    expect(refusedWith('"sameSite":""')).toBe('.sameSite: found ""' + wanted);
    expect(refusedWith('"sameSite":false')).toBe('.sameSite: found false' + wanted);
    expect(refusedWith('"secure":"yes"')).toBe('.secure: found "yes", wanted true or false');
  });

  it('refuses what browsers throw away: SameSite=None that is not secure', () => {
    const wanted = ': found "sameSite: None" without "secure", wanted a secure cookie';
    expect(refusedWith('"sameSite":"None","secure":false')).toBe(wanted);
    expect(refusedWith('"sameSite":"None","secure":true')).toBe('');
    expect(refusedWith('"sameSite":"None"')).toBe('');
    expect(refusedWith('"sameSite":"Strict","secure":false')).toBe('');
  });

  it('refuses what browsers throw away: a prefix that is not kept, in whatever case', () => {
    const secure = ': found a prefixed cookie without "secure", wanted a secure cookie';
    const host = ': found a __Host- cookie with a domain or path, wanted path / and no domain';
    expect(refused('{"cookie":"__Secure-id","secure":false}')).toBe(secure);
    expect(refused('{"cookie":"__sEcUrE-id","secure":false}')).toBe(secure);
    expect(refused('{"cookie":"__Secure-id"}')).toBe('');
    expect(refused('{"cookie":"__Secure-id","path":"/shop","domain":"a.b"}')).toBe('');
    expect(refused('{"cookie":"__Host-id","secure":false}')).toBe(secure);
    expect(refused('{"cookie":"__Host-id"}')).toBe('');
    expect(refused('{"cookie":"__Host-id","path":"/"}')).toBe('');
    expect(refused('{"cookie":"__Host-id","path":"/shop"}')).toBe(host);
    expect(refused('{"cookie":"__Host-id","domain":"a.b"}')).toBe(host);
    expect(refused('{"cookie":"__HOST-id","domain":"a.b"}')).toBe(host);
    expect(refused('{"cookie":"__host-","path":"/a"}')).toBe(host);
    // Names that only resemble them.
    expect(refused('{"cookie":"__Host","domain":"a.b","secure":false}')).toBe('');
    expect(refused('{"cookie":"_Host-id","domain":"a.b"}')).toBe('');
    expect(refused('{"cookie":"x__Host-id","domain":"a.b"}')).toBe('');
    expect(refused('{"cookie":"__Secure","secure":false}')).toBe('');
  });

  it('has 256 bytes for name, path and domain', () => {
    const wanted =
      ': found a longer cookie, wanted name, path and domain of at most 256 bytes in all';
    // The path is / where none is given.
    expect(refused('{"cookie":"' + 'n'.repeat(255) + '"}')).toBe('');
    expect(refused('{"cookie":"' + 'n'.repeat(256) + '"}')).toBe(wanted);
    const more = ',"sameSite":"Strict","maxAge":"400d","domain":"' + 'd'.repeat(100) + '"}';
    expect(refused('{"cookie":"nn","path":"/' + 'p'.repeat(153) + '"' + more)).toBe('');
    expect(refused('{"cookie":"nn","path":"/' + 'p'.repeat(154) + '"' + more)).toBe(wanted);
    expect(refusedWith('"path":"/' + 'p'.repeat(4000) + '"')).toBe(wanted);
  });

  it('is one for all rules that say the same', () => {
    const same = ['{"cookie":"id"}', '{"cookie":"other"}', '{"maxAge":"30d","cookie":"id"}'];
    const config = compiled(withMints(same));
    expect(config.mintCount).toBe(2);
    const tag = onlyTag(config);
    const first = changetype<Percent>(ruleAt(tag, 0).percent);
    const second = changetype<Percent>(ruleAt(tag, 1).percent);
    const third = changetype<Percent>(ruleAt(tag, 2).percent);
    expect(third.mint).toBe(first.mint);
    expect(second.mint != first.mint).toBe(true);
    expect(read(changetype<Mint>(second.mint).namePtr, 5)).toBe('other');
  });

  it('refuses one cookie with two sets of attributes', () => {
    expect(fault(withMints(['{"cookie":"id"}', '{"cookie":"id","maxAge":"1d"}']))).toBe(
      '$.tags[0].rules[1].mint.cookie: found "id", wanted the attributes that another rule gives ' +
        'this cookie',
    );
    // The names of cookies have a case.
    expect(fault(withMints(['{"cookie":"id"}', '{"cookie":"ID","maxAge":"1d"}']))).toBe('');
  });

  it('is one of four at most', () => {
    expect(MINTS_MAX).toBe(4);
    const four = ['{"cookie":"a"}', '{"cookie":"b"}', '{"cookie":"c"}', '{"cookie":"d"}'];
    expect(compiled(withMints(four)).mintCount).toBe(4);
    expect(compiled(withMints(four.concat(['{"cookie":"a"}']))).mintCount).toBe(4);
    expect(fault(withMints(four.concat(['{"cookie":"e"}'])))).toBe(
      '$.tags[0].rules[4].mint: found more cookies, wanted at most 4 different ones',
    );
    expect(compiled(withMints(['{"cookie":"e"}'])).mintCount).toBe(1);
  });
});

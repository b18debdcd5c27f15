import { KeyPart, keyPartAt, Subject } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf, onlyLimit, withLimit } from './compile';

const AT = '$.limits[0].per';

function withPer(parts: string): string {
  return withLimit('"per":' + parts);
}

/** The fault of a key, without the path to it. */
function refused(parts: string): string {
  const shown = fault(withPer(parts));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

/** The only part of a key. */
function part(text: string): KeyPart {
  const limit = onlyLimit(compiled(withPer('[' + text + ']')));
  assert(limit.keyCount == 1);
  return keyPartAt(limit, 0);
}

function names(text: string): string {
  return namesOf(compiled(withPer('[' + text + ']')));
}

/** With a section beside the limits. */
function partBeside(section: string, text: string): KeyPart {
  const config = compiled(withPer('[' + text + ']').replace('"tags"', section + ',"tags"'));
  return keyPartAt(onlyLimit(config), 0);
}

function template(found: KeyPart): string {
  return read(found.templatePtr, found.templateSize);
}

function variable(found: KeyPart): string {
  return read(found.namePtr, found.nameSize);
}

function ofPath(text: string, name: string): string {
  return '{"path":{"template":"' + text + '","variable":"' + name + '"}}';
}

describe('limit-key', () => {
  it('is a header, its name lower-cased', () => {
    const found = part('{"header":"X-User"}');
    expect(found.subject).toBe(<u8>Subject.Header);
    expect(found.index).toBe(1);
    expect(names('{"header":"X-User"}')).toBe('x-tag x-user');
    expect(part('{"header":"X-Tag"}').index).toBe(0);
  });

  it('is a cookie or a field of the query, the case of its name kept', () => {
    const cookie = part('{"cookie":"UiD"}');
    expect(cookie.subject).toBe(<u8>Subject.Cookie);
    expect(variable(cookie)).toBe('UiD');
    expect(names('{"cookie":"UiD"}')).toBe('x-tag cookie');
    const query = part('{"query":"a b&"}');
    expect(query.subject).toBe(<u8>Subject.Query);
    expect(variable(query)).toBe('a b&');
    expect(names('{"query":"a b&"}')).toBe('x-tag :path');
  });

  it('is the host or the method', () => {
    expect(part('{"host":true}').subject).toBe(<u8>Subject.Host);
    expect(names('{"host":true}')).toBe('x-tag :authority');
    expect(part('{"method":true}').subject).toBe(<u8>Subject.Header);
    expect(names('{"method":true}')).toBe('x-tag :method');
  });

  it('is the address, cut as the entry says', () => {
    const found = part('{"ip":true}');
    expect(found.subject).toBe(<u8>Subject.Address);
    expect(found.bits4).toBe(32);
    expect(found.bits6).toBe(64);
    const cut = partBeside('"client":{"prefix":{"v4":24,"v6":48}}', '{"ip":true}');
    expect(cut.bits4).toBe(24);
    expect(cut.bits6).toBe(48);
  });

  it('is the address, cut as the limit says', () => {
    const found = part('{"ip":{"v4":0,"v6":128}}');
    expect(found.bits4).toBe(0);
    expect(found.bits6).toBe(128);
    // What it does not say is as the entry has it.
    const section = '"client":{"prefix":{"v4":24,"v6":48}}';
    expect(partBeside(section, '{"ip":{"v4":8}}').bits4).toBe(8);
    expect(partBeside(section, '{"ip":{"v4":8}}').bits6).toBe(48);
    expect(partBeside(section, '{"ip":{}}').bits4).toBe(24);
  });

  it('needs x-forwarded-for where the address stands there', () => {
    const forwarded = '"client":{"address":"forwarded"},"tags"';
    const text = withPer('[{"ip":true}]');
    expect(namesOf(compiled(text))).toBe('x-tag');
    expect(namesOf(compiled(text.replace('"tags"', forwarded)))).toBe('x-tag x-forwarded-for');
  });

  it('is the variable of a template', () => {
    const found = part(ofPath('/Users/{Id}/orders/{order}', 'Id'));
    expect(found.subject).toBe(<u8>Subject.Path);
    expect(template(found)).toBe('/Users/{Id}/orders/{order}');
    expect(variable(found)).toBe('Id');
    expect(names(ofPath('/{a}', 'a'))).toBe('x-tag :path');
  });

  it('is of a template in the form that paths are compared in', () => {
    expect(template(part(ofPath('/a/../%75sers//{id}/', 'id')))).toBe('/users/{id}');
    const raw = '"paths":{"normalize":false}';
    expect(template(partBeside(raw, ofPath('/a//{id}/', 'id')))).toBe('/a//{id}/');
    // The names of variables have a case in any case.
    const folded = '"paths":{"ignoreCase":true}';
    expect(template(partBeside(folded, ofPath('/Users/{Id}/Of', 'Id')))).toBe('/users/{Id}/of');
    expect(variable(partBeside(folded, ofPath('/Users/{Id}/Of', 'Id')))).toBe('Id');
  });

  it('is a tag', () => {
    const found = part('{"tag":"X-Tag"}');
    expect(found.subject).toBe(<u8>Subject.Tag);
    expect(found.index).toBe(0);
    expect(refused('[{"tag":"x-other"}]')).toBe(
      '[0].tag: found "x-other", wanted a tag header that stands in "tags"',
    );
    expect(refused('[{"tag":""}]')).toBe('[0].tag: found "", wanted the name of a tag header');
    expect(refused('[{"tag":true}]')).toBe('[0].tag: found true, wanted the name of a tag header');
  });

  it('has one to eight parts, in their order', () => {
    const limit = onlyLimit(
      compiled(withPer('[{"host":true},{"tag":"x-tag"},{"host":true},{"cookie":"c"}]')),
    );
    expect(limit.keyCount).toBe(4);
    expect(keyPartAt(limit, 0).subject).toBe(<u8>Subject.Host);
    expect(keyPartAt(limit, 1).subject).toBe(<u8>Subject.Tag);
    expect(keyPartAt(limit, 2).subject).toBe(<u8>Subject.Host);
    expect(keyPartAt(limit, 3).subject).toBe(<u8>Subject.Cookie);
    const eight = '{"ip":true},'.repeat(7) + '{"ip":true}';
    expect(refused('[' + eight + ']')).toBe('');
    expect(refused('[' + eight + ',{"ip":true}]')).toBe(': found more sources, wanted at most 8');
    const wanted = ', wanted an array of sources such as {"ip": true}, at least one';
    expect(refused('[]')).toBe(': found an empty array' + wanted);
    expect(refused('{}')).toBe(': found an empty object' + wanted);
    expect(refused('"ip"')).toBe(': found "ip"' + wanted);
  });

  it('has parts of one source each', () => {
    const keys = 'header cookie query ip host method path tag';
    expect(refused('[{"ip":true},"ip"]')).toBe(
      '[1]: found "ip", wanted an object with the keys ' + keys,
    );
    expect(refused('[{"user":"a"}]')).toBe('[0]: found the key "user", wanted one of: ' + keys);
    expect(refused('[{}]')).toBe(
      '[0]: found an empty object, wanted one of header, cookie, query, ip, host, method, path ' +
        'and tag',
    );
    expect(refused('[{"ip":true,"host":true}]')).toBe(
      '[0]: found a second source, wanted each in an object of its own',
    );
  });

  it('refuses names that nothing has', () => {
    const header = ', wanted the name of a header (letters, digits and -; not a pseudo-header)';
    expect(refused('[{"header":":path"}]')).toBe('[0].header: found ":path"' + header);
    expect(refused('[{"header":""}]')).toBe('[0].header: found ""' + header);
    expect(refused('[{"header":"HOST"}]')).toBe(
      '[0].header: found "host", wanted another header: Envoy keeps this one as :authority',
    );
    expect(refused('[{"cookie":"a=b"}]')).toBe(
      '[0].cookie: found "a=b", wanted the name of a cookie',
    );
    expect(refused('[{"query":""}]')).toBe(
      '[0].query: found "", wanted the name of a field of the query',
    );
    expect(refused('[{"host":false}]')).toBe('[0].host: found false, wanted true');
    expect(refused('[{"method":"GET"}]')).toBe('[0].method: found "GET", wanted true');
  });

  it('refuses bits that no address has', () => {
    expect(refused('[{"ip":false}]')).toBe(
      '[0].ip: found false, wanted true or {"v4": 24, "v6": 48}',
    );
    expect(refused('[{"ip":24}]')).toBe('[0].ip: found 24, wanted true or {"v4": 24, "v6": 48}');
    expect(refused('[{"ip":{"bits":24}}]')).toBe(
      '[0].ip: found the key "bits", wanted one of: v4 v6',
    );
    expect(refused('[{"ip":{"v4":33}}]')).toBe(
      '[0].ip.v4: found 33, wanted a whole number from 0 to 32',
    );
    expect(refused('[{"ip":{"v6":129}}]')).toBe(
      '[0].ip.v6: found 129, wanted a whole number from 0 to 128',
    );
    expect(refused('[{"ip":{"v6":"64"}}]')).toBe(
      '[0].ip.v6: found "64", wanted a whole number from 0 to 128',
    );
  });

  it('refuses templates that no path has, and variables that no template has', () => {
    expect(refused('[{"path":"/{a}"}]')).toBe(
      '[0].path: found "/{a}", wanted an object with the keys template variable',
    );
    expect(refused('[{"path":{"template":"/{a}"}}]')).toBe(
      '[0].path: found no such key there, wanted variable: the part of the template that counts',
    );
    expect(refused('[{"path":{"variable":"a"}}]')).toBe(
      '[0].path: found no such key there, wanted template: such as /users/{id}/orders',
    );
    const wanted = ', wanted a template such as /users/{id}/orders';
    expect(refused('[' + ofPath('{a}', 'a') + ']')).toBe('[0].path.template: found "{a}"' + wanted);
    expect(refused('[' + ofPath('', 'a') + ']')).toBe('[0].path.template: found ""' + wanted);
    expect(refused('[' + ofPath('/{a}' + 'b'.repeat(4093), 'a') + ']')).toBe(
      '[0].path.template: found a longer text, wanted at most 4096 bytes',
    );
    expect(refused('[' + ofPath('/{a}/b?c', 'a') + ']')).toBe(
      '[0].path.template: found "/{a}/b?c", wanted a path without ? and #: the query has a ' +
        'condition of its own',
    );
    const name = ', wanted the name of a variable of the template';
    const others = ['b', 'A', '{a}', 'a}', 'aa', ''];
    for (let i = 0; i < others.length; i++) {
      expect(refused('[' + ofPath('/{a}/{ab}', others[i]) + ']')).toBe(
        '[0].path.variable: found "' + others[i] + '"' + name,
      );
    }
    expect(refused('[' + ofPath('/{a}/{ab}', 'ab') + ']')).toBe('');
    // The normal form of such a path is /users.
    expect(refused('[' + ofPath('/users/{a}/..', 'a') + ']')).toBe(
      '[0].path.variable: found "a"' + name,
    );
  });
});

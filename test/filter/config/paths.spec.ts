import { sliceAt } from '../../../filter/assembly/bytes/slice';
import { Condition, Operator, ruleAt, tagAt } from '../../../filter/assembly/config/layout';
import { read, readHex } from '../support';
import { compiled, fault } from './compile';

const AT = '$.tags[0].rules[0].when.path';
const SLASH = 'more than a slash, which every normalised path has';
const PART = 'a part of a normalised path, which holds no ; and no segment . or ..';
const QUERY = 'a path without ? and #: the query has a condition of its own';
const BRACES = 'a template with braces as they are, and no % ; \\ between them';

/** A configuration with this section, and a rule with this condition on the path. */
function configuration(paths: string, operator: string): string {
  return (
    '{"id":"a/b/0","direction":"inbound",' +
    (paths.length > 0 ? '"paths":' + paths + ',' : '') +
    '"tags":[{"header":"x-t","rules":[{"value":"v","when":{"path":' +
    operator +
    '}}]}]}'
  );
}

function path(operator: string, paths: string = ''): Condition {
  const config = compiled(configuration(paths, operator));
  return changetype<Condition>(ruleAt(tagAt(config, 0), 0).when);
}

/** What a condition compares with. */
function operand(operator: string, paths: string = ''): string {
  const found = path(operator, paths);
  return read(found.operandPtr, found.operandSize);
}

function exact(text: string): string {
  return operand('{"exact":"' + text + '"}');
}

function prefix(text: string): string {
  return operand('{"prefix":"' + text + '"}');
}

function suffix(text: string): string {
  return operand('{"suffix":"' + text + '"}');
}

function part(text: string): string {
  return operand('{"contains":"' + text + '"}');
}

function template(text: string): string {
  return operand('{"template":"' + text + '"}');
}

/** What is wrong with an operator of `path`; without the path to it. */
function refused(operator: string, paths: string = ''): string {
  const shown = fault(configuration(paths, operator));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

function section(paths: string): string {
  return fault('{"id":"a","direction":"inbound","paths":' + paths + '}');
}

describe('paths', () => {
  it('normalises by default, and minds the case', () => {
    const head = '{"id":"a","direction":"inbound"';
    const config = compiled(head + '}');
    expect(config.pathsRaw).toBe(false);
    expect(config.pathsFold).toBe(false);
    const empty = compiled(head + ',"paths":{}}');
    expect(empty.pathsRaw).toBe(false);
    expect(empty.pathsFold).toBe(false);
  });

  it('takes either switch', () => {
    const head = '{"id":"a","direction":"inbound","paths":';
    expect(compiled(head + '{"normalize":false}}').pathsRaw).toBe(true);
    expect(compiled(head + '{"normalize":true}}').pathsRaw).toBe(false);
    expect(compiled(head + '{"ignoreCase":true}}').pathsFold).toBe(true);
    expect(compiled(head + '{"ignoreCase":false}}').pathsFold).toBe(false);
    const both = compiled(head + '{"ignoreCase":true,"normalize":false}}');
    expect(both.pathsRaw).toBe(true);
    expect(both.pathsFold).toBe(true);
  });

  it('refuses what it does not know', () => {
    expect(section('true')).toBe(
      '$.paths: found true, wanted an object with the keys normalize ignoreCase',
    );
    expect(section('{"normalise":true}')).toBe(
      '$.paths: found the key "normalise", wanted one of: normalize ignoreCase',
    );
    expect(section('{"normalize":"yes"}')).toBe(
      '$.paths.normalize: found "yes", wanted true or false',
    );
    expect(section('{"ignoreCase":1}')).toBe('$.paths.ignoreCase: found 1, wanted true or false');
  });

  it('stands before tags, wherever it is written', () => {
    const tags =
      '"tags":[{"header":"x-t","rules":[{"value":"v","when":{"path":{"exact":"/A/"}}}]}]';
    const config = compiled(
      '{"id":"a","direction":"inbound",' + tags + ',"paths":{"normalize":false,"ignoreCase":true}}',
    );
    const found = changetype<Condition>(ruleAt(tagAt(config, 0), 0).when);
    expect(read(found.operandPtr, found.operandSize)).toBe('/a/');
    expect(found.fold).toBe(true);
  });

  it('normalises a whole path', () => {
    expect(exact('/login')).toBe('/login');
    expect(exact('/login/')).toBe('/login');
    expect(exact('/')).toBe('/');
    expect(exact('//')).toBe('/');
    expect(exact('/a//b/./c/../%64')).toBe('/a/b/d');
    expect(exact('/login;v=1')).toBe('/login');
    expect(exact('/a%3Fb%23c')).toBe('/a?b#c');
    expect(exact('/stra%C3%9Fe')).toBe('/straße');
    expect(exact('/a\\\\b')).toBe('/a/b');
    expect(exact('*')).toBe('*');
    expect(exact('')).toBe('');
    expect(exact('login/')).toBe('login/');
  });

  it('normalises each path of a list', () => {
    const found = path('{"in":["/a/","/%62","*"]}');
    expect(found.operator).toBe(<u8>Operator.In);
    expect(found.operandSize).toBe(3);
    const shown: string[] = [];
    for (let i: u32 = 0; i < 3; i++) {
      const slice = sliceAt(found.operandPtr, i);
      shown.push(read(slice.ptr, slice.size));
    }
    expect(shown.join(' ')).toBe('/a /b *');
  });

  it('normalises a template, its variables as they stand', () => {
    expect(template('/users/{id}/orders/')).toBe('/users/{id}/orders');
    expect(template('/users//{id}')).toBe('/users/{id}');
    expect(template('/%75sers/{Id}')).toBe('/users/{Id}');
    expect(template('/users/{id}/../x')).toBe('/users/x');
    expect(template('/users;v=1/{id}')).toBe('/users/{id}');
    expect(template('/')).toBe('/');
    expect(refused('{"template":"/%7Bid%7D"}')).toBe(
      '.template: found "/%7Bid%7D", wanted ' + BRACES,
    );
    expect(refused('{"template":"/%7ba"}')).toBe('.template: found "/%7ba", wanted ' + BRACES);
    expect(refused('{"template":"/a%7d"}')).toBe('.template: found "/a%7d", wanted ' + BRACES);
    expect(refused('{"template":"/{i%64}"}')).toBe('.template: found "/{i%64}", wanted ' + BRACES);
    expect(refused('{"template":"/{i;d}"}')).toBe('.template: found "/{i;d}", wanted ' + BRACES);
    expect(refused('{"template":"/{i\\\\d}/x"}')).toBe(
      '.template: found "/{i\\\\d}/x", wanted ' + BRACES,
    );
    expect(template('/a%7/%/%7')).toBe('/a%7/%/%7');
    expect(template('/{a}/%62;c')).toBe('/{a}/b');
  });

  it('decodes and merges slashes in a part of a path', () => {
    expect(prefix('/api')).toBe('/api');
    expect(prefix('/api/')).toBe('/api/');
    expect(prefix('//api//')).toBe('/api/');
    expect(prefix('/%61pi%2f')).toBe('/api/');
    expect(prefix('/')).toBe('/');
    expect(prefix('/.well')).toBe('/.well');
    expect(prefix('/api/.')).toBe('/api/.');
    expect(prefix('/api/..')).toBe('/api/..');
    expect(suffix('.json')).toBe('.json');
    expect(suffix('/orders/')).toBe('/orders');
    expect(suffix('orders%2F%2f')).toBe('orders');
    expect(suffix('..')).toBe('..');
    expect(suffix('a/')).toBe('a');
    expect(part('/api/')).toBe('/api/');
    expect(part('a%5Cb')).toBe('a/b');
    expect(part('%61dmin')).toBe('admin');
    expect(part('/')).toBe('/');
    expect(part('/..')).toBe('/..');
    expect(part('../')).toBe('../');
    expect(part('100%')).toBe('100%');
  });

  it('makes the search table of what is compared', () => {
    const found = path('{"contains":"%61a%62"}');
    expect(readHex(found.tablePtr, 6)).toBe('000001000000');
  });

  it('refuses a part that normalising leaves nothing of, or no more than a slash', () => {
    const all = [
      '{"prefix":"//"}',
      '{"prefix":"%2f"}',
      '{"prefix":"/\\\\"}',
      '{"contains":"//"}',
      '{"contains":"\\\\"}',
    ];
    for (let i = 0; i < all.length; i++) {
      expect(refused(all[i]).endsWith(', wanted ' + SLASH)).toBe(true, all[i]);
    }
    expect(refused('{"suffix":"/"}')).toBe('.suffix: found "/", wanted ' + SLASH);
    expect(refused('{"suffix":"//"}')).toBe('.suffix: found "//", wanted ' + SLASH);
    expect(refused('{"suffix":""}')).toBe('.suffix: found "", wanted a string that is not empty');
  });

  it('refuses a part that no normalised path has', () => {
    const none = [
      '{"prefix":"/login;"}',
      '{"prefix":"/a/./b"}',
      '{"prefix":"/../a"}',
      '{"prefix":"/a/%2e%2E/"}',
      '{"suffix":"a;b"}',
      '{"suffix":"/a/../b"}',
      '{"suffix":"/.."}',
      '{"suffix":"a/."}',
      '{"suffix":"/./"}',
      '{"contains":";jsessionid"}',
      '{"contains":"%3b"}',
      '{"contains":"/../"}',
      '{"contains":"a/./b"}',
      '{"contains":"/..\\\\"}',
    ];
    for (let i = 0; i < none.length; i++) {
      expect(refused(none[i]).endsWith(', wanted ' + PART)).toBe(true, none[i]);
    }
    expect(refused('{"contains":"/a.b/..c/.../.x./d../.e/"}')).toBe('');
  });

  it('refuses a query or a fragment, which no path has', () => {
    expect(refused('{"exact":"/login?x=1"}')).toBe('.exact: found "/login?x=1", wanted ' + QUERY);
    expect(refused('{"prefix":"/a#b"}')).toBe('.prefix: found "/a#b", wanted ' + QUERY);
    expect(refused('{"in":["/a","/b?"]}')).toBe('.in[1]: found "/b?", wanted ' + QUERY);
    expect(refused('{"template":"/a/{b}/c?"}')).toBe(
      '.template: found "/a/{b}/c?", wanted ' + QUERY,
    );
    expect(refused('{"contains":"?"}', '{"normalize":false}')).toBe(
      '.contains: found "?", wanted ' + QUERY,
    );
  });

  it('leaves operands as they are where paths are compared as they came', () => {
    const raw = '{"normalize":false}';
    expect(operand('{"exact":"/a/../%62//c;d/"}', raw)).toBe('/a/../%62//c;d/');
    expect(operand('{"prefix":"//"}', raw)).toBe('//');
    expect(operand('{"suffix":"/"}', raw)).toBe('/');
    expect(operand('{"contains":";x/../"}', raw)).toBe(';x/../');
    expect(operand('{"template":"/%7b/{a%62}/"}', raw)).toBe('/%7b/{a%62}/');
  });

  it('leaves a regular expression as it is', () => {
    expect(path('{"regex":"/a//.*;?x"}').operator).toBe(<u8>Operator.Regex);
  });

  it('leaves other conditions as they are', () => {
    const text = configuration('{"ignoreCase":true}', '{"exact":"/"}').replace(
      '"path":{"exact":"/"}',
      '"header":"x","exact":"/A/%62/?"',
    );
    const found = changetype<Condition>(ruleAt(tagAt(compiled(text), 0), 0).when);
    expect(read(found.operandPtr, found.operandSize)).toBe('/A/%62/?');
    expect(found.fold).toBe(false);
  });

  it('folds operands with ignoreCase, decoded ones too', () => {
    const fold = '{"ignoreCase":true}';
    expect(operand('{"exact":"/LOGIN/%41É"}', fold)).toBe('/login/aÉ');
    expect(operand('{"prefix":"/API/"}', fold)).toBe('/api/');
    expect(path('{"template":"/U/{Id}"}', fold).fold).toBe(true);
    expect(operand('{"template":"/U/{Id}"}', fold)).toBe('/U/{Id}');
    expect(operand('{"exact":"/A","ignoreCase":false}', fold)).toBe('/a');
    expect(path('{"exact":"/A"}').fold).toBe(false);
  });
});

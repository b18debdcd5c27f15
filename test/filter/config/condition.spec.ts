import { automatonMatches } from '../../../filter/assembly/bytes/automaton';
import { sliceAt } from '../../../filter/assembly/bytes/slice';
import { Condition, limitAt, Operator, Subject } from '../../../filter/assembly/config/layout';
import { lay, read, readHex } from '../support';
import { compiled, condition, fault, namesOf, withTags, withWhen } from './compile';

const AT = '$.tags[1].rules[0].when';
const KEYS =
  'header cookie query exact prefix suffix contains in present regex ignoreCase path host method ' +
  'ip tag all any not';
const OPERATORS = 'exact prefix suffix contains in present regex';

/** The fault of a `when`, without the path to it. */
function refused(when: string): string {
  const shown = fault(withWhen(when));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

function operand(found: Condition): string {
  return read(found.operandPtr, found.operandSize);
}

/** Whether a text matches the regular expression of a condition. */
function isMatch(found: Condition, text: string): bool {
  const slice = lay(text);
  return automatonMatches(found.operandPtr, slice.ptr, slice.size);
}

function fieldName(found: Condition): string {
  return read(found.namePtr, found.nameSize);
}

function children(found: Condition): u32 {
  let count: u32 = 0;
  for (let at = found.first; at != 0; at = changetype<Condition>(at).next) count++;
  return count;
}

function first(found: Condition): Condition {
  return changetype<Condition>(found.first);
}

function second(found: Condition): Condition {
  return changetype<Condition>(first(found).next);
}

describe('condition', () => {
  it('is an object with at least one key it knows', () => {
    expect(refused('[]')).toBe(': found an empty array, wanted an object with the keys ' + KEYS);
    expect(refused('true')).toBe(': found true, wanted an object with the keys ' + KEYS);
    expect(refused('{}')).toBe(
      ': found an empty object, wanted at least one condition; leave "when" out for always',
    );
    expect(refused('{"headers":"x"}')).toBe(': found the key "headers", wanted one of: ' + KEYS);
    expect(refused('{"template":"/"}')).toBe(': found the key "template", wanted one of: ' + KEYS);
    expect(refused('{"method":["GET"],"method":["PUT"]}')).toBe(
      ': found twice the key "method", wanted it once',
    );
  });

  it('compiles each operator on a header, its name lower-cased', () => {
    const exact = condition('{"header":"X-A","exact":"V"}');
    expect(exact.subject).toBe(<u8>Subject.Header);
    expect(exact.operator).toBe(<u8>Operator.Exact);
    expect(operand(exact)).toBe('V');
    expect(exact.fold).toBe(false);
    expect(exact.index).toBe(2);
    expect(namesOf(compiled(withWhen('{"header":"X-A","exact":"V"}')))).toBe('x-first x-tag x-a');
    expect(condition('{"header":"x","prefix":"V"}').operator).toBe(<u8>Operator.Prefix);
    expect(condition('{"header":"x","suffix":"V"}').operator).toBe(<u8>Operator.Suffix);
    const part = condition('{"header":"x","contains":"aab"}');
    expect(part.operator).toBe(<u8>Operator.Contains);
    expect(readHex(part.tablePtr, 6)).toBe('000001000000');
    const present = condition('{"header":"x","present":true}');
    expect(present.operator).toBe(<u8>Operator.Present);
    expect(present.expected).toBe(true);
    expect(condition('{"header":"x","present":false}').expected).toBe(false);
    const list = condition('{"header":"x","in":["a","","B"]}');
    expect(list.operator).toBe(<u8>Operator.In);
    expect(list.operandSize).toBe(3);
    expect(read(sliceAt(list.operandPtr, 2).ptr, sliceAt(list.operandPtr, 2).size)).toBe('B');
    expect(sliceAt(list.operandPtr, 1).size).toBe(0);
  });

  it('compiles regular expressions', () => {
    const header = condition('{"header":"x","regex":"a+B"}');
    expect(header.subject).toBe(<u8>Subject.Header);
    expect(header.operator).toBe(<u8>Operator.Regex);
    expect(isMatch(header, 'aaB')).toBe(true);
    expect(isMatch(header, 'aab')).toBe(false);
    expect(isMatch(condition('{"cookie":"x","regex":"a|b","ignoreCase":true}'), 'A')).toBe(true);
    expect(isMatch(condition('{"query":"x","regex":"\\\\d"}'), '7')).toBe(true);
    expect(isMatch(condition('{"path":{"regex":"/a.*"}}'), '/A')).toBe(false);
    expect(isMatch(condition('{"path":{"ignoreCase":true,"regex":"/a.*"}}'), '/A')).toBe(true);
    expect(isMatch(condition('{"host":{"regex":"[a-c]\\\\.example"}}'), 'B.Example')).toBe(true);
    // Each has memory of its own, and the scratch of one is that of the next.
    const both = condition('{"any":[{"header":"x","regex":"a"},{"header":"y","regex":"[^a]b"}]}');
    expect(isMatch(first(both), 'a')).toBe(true);
    expect(isMatch(first(both), 'cb')).toBe(false);
    expect(isMatch(second(both), 'cb')).toBe(true);
    expect(isMatch(second(both), 'a')).toBe(false);
  });

  it('refuses regular expressions where they stand', () => {
    expect(refused('{"header":"x","regex":7}')).toBe(
      '.regex: found 7, wanted a string that is not empty',
    );
    expect(refused('{"header":"x","regex":""}')).toBe(
      '.regex: found "", wanted a string that is not empty',
    );
    expect(refused('{"path":{"regex":"a(b"}}')).toBe(
      '.path.regex: found the open group "(b", wanted a ) that closes it',
    );
    expect(refused('{"host":{"regex":"(.{1000}){1}.{24}"}}')).toBe(
      '.host.regex: found a regular expression of 1025 steps, wanted at most 1024',
    );
    expect(refused('{"header":"x","regex":"a","exact":"a"}')).toBe(
      ': found a second operator "exact", wanted one',
    );
    expect(refused('{"regex":"a"}')).toBe(
      ': found the operator "regex", wanted header, cookie or query beside it',
    );
    expect(refused('{"header":"x","regex":"' + 'a?b?'.repeat(1024) + '"}')).toBe(
      '.regex: found a regular expression of 4097 steps, wanted at most 1024',
    );
    expect(refused('{"header":"x","regex":"' + 'a'.repeat(4097) + '"}')).toBe(
      '.regex: found a longer text, wanted at most 4096 bytes',
    );
  });

  it('folds operands with ignoreCase, wherever it stands', () => {
    const exact = condition('{"ignoreCase":true,"header":"x","exact":"ÀB"}');
    expect(exact.fold).toBe(true);
    expect(operand(exact)).toBe('Àb');
    expect(operand(condition('{"header":"x","exact":"AB","ignoreCase":true}'))).toBe('ab');
    expect(operand(condition('{"header":"x","exact":"AB","ignoreCase":false}'))).toBe('AB');
    const list = condition('{"header":"x","in":["A"],"ignoreCase":true}');
    expect(read(sliceAt(list.operandPtr, 0).ptr, 1)).toBe('a');
    const part = condition('{"header":"x","contains":"aAb","ignoreCase":true}');
    expect(readHex(part.tablePtr, 6)).toBe('000001000000');
    expect(refused('{"header":"x","exact":"a","ignoreCase":"yes"}')).toBe(
      '.ignoreCase: found "yes", wanted true or false',
    );
    expect(refused('{"header":"x","present":true,"ignoreCase":false}')).toBe(
      ': found "ignoreCase" with "present", wanted one of the two',
    );
  });

  it('takes one of header, cookie and query, with one operator beside it', () => {
    expect(refused('{"header":"x","cookie":"y","exact":"a"}')).toBe(
      ': found a second of header, cookie and query, wanted one; put the other under "all"',
    );
    expect(refused('{"header":"x"}')).toBe(': found no operator, wanted one of: ' + OPERATORS);
    expect(refused('{"header":"x","ignoreCase":true}')).toBe(
      ': found no operator, wanted one of: ' + OPERATORS,
    );
    expect(refused('{"header":"x","exact":"a","prefix":"b"}')).toBe(
      ': found a second operator "prefix", wanted one',
    );
    expect(refused('{"exact":"a"}')).toBe(
      ': found the operator "exact", wanted header, cookie or query beside it',
    );
    expect(refused('{"method":["GET"],"present":true}')).toBe(
      ': found the operator "present", wanted header, cookie or query beside it',
    );
    expect(refused('{"ignoreCase":true}')).toBe(
      ': found the operator "ignoreCase", wanted header, cookie or query beside it',
    );
  });

  it('refuses operands that mean nothing', () => {
    expect(refused('{"header":"x","exact":7}')).toBe('.exact: found 7, wanted a string');
    expect(refused('{"header":"x","exact":""}')).toBe('');
    expect(refused('{"header":"x","prefix":""}')).toBe(
      '.prefix: found "", wanted a string that is not empty',
    );
    expect(refused('{"header":"x","suffix":""}')).toBe(
      '.suffix: found "", wanted a string that is not empty',
    );
    expect(refused('{"header":"x","contains":""}')).toBe(
      '.contains: found "", wanted a string that is not empty',
    );
    expect(refused('{"header":"x","contains":null}')).toBe(
      '.contains: found null, wanted a string that is not empty',
    );
    expect(refused('{"header":"x","in":[]}')).toBe(
      '.in: found an empty array, wanted an array of strings, at least one',
    );
    expect(refused('{"header":"x","in":"a"}')).toBe(
      '.in: found "a", wanted an array of strings, at least one',
    );
    expect(refused('{"header":"x","in":["a",7]}')).toBe('.in[1]: found 7, wanted a string');
    expect(refused('{"header":"x","present":"yes"}')).toBe(
      '.present: found "yes", wanted true or false',
    );
    expect(refused('{"header":"x","exact":"' + 'a'.repeat(4096) + '"}')).toBe('');
    expect(refused('{"header":"x","exact":"' + 'a'.repeat(4097) + '"}')).toBe(
      '.exact: found a longer text, wanted at most 4096 bytes',
    );
  });

  it('refuses names that no header, cookie or field can have', () => {
    const wanted = 'the name of a header (letters, digits and -; not a pseudo-header)';
    expect(refused('{"header":":path","exact":"a"}')).toBe(
      '.header: found ":path", wanted ' + wanted,
    );
    expect(refused('{"header":7,"exact":"a"}')).toBe('.header: found 7, wanted ' + wanted);
    expect(refused('{"cookie":"a=b","exact":"a"}')).toBe(
      '.cookie: found "a=b", wanted the name of a cookie',
    );
    expect(refused('{"query":"","exact":"a"}')).toBe(
      '.query: found "", wanted the name of a field of the query',
    );
  });

  it('compiles cookies and fields of the query, the case of their names kept', () => {
    const cookie = condition('{"cookie":"UiD","exact":"a"}');
    expect(cookie.subject).toBe(<u8>Subject.Cookie);
    expect(fieldName(cookie)).toBe('UiD');
    expect(namesOf(compiled(withWhen('{"cookie":"u","exact":"a"}')))).toBe('x-first x-tag cookie');
    const query = condition('{"query":"A b&","present":false}');
    expect(query.subject).toBe(<u8>Subject.Query);
    expect(fieldName(query)).toBe('A b&');
    expect(namesOf(compiled(withWhen('{"query":"u","exact":"a"}')))).toBe('x-first x-tag :path');
  });

  it('compiles path and host with their operator inside', () => {
    const path = condition('{"path":{"prefix":"/A"}}');
    expect(path.subject).toBe(<u8>Subject.Path);
    expect(path.fold).toBe(false);
    expect(operand(path)).toBe('/A');
    const template = condition('{"path":{"template":"/U/{Id}","ignoreCase":true}}');
    expect(template.operator).toBe(<u8>Operator.Template);
    expect(template.fold).toBe(true);
    expect(operand(template)).toBe('/U/{Id}');
    const host = condition('{"host":{"suffix":".Example.com"}}');
    expect(host.subject).toBe(<u8>Subject.Host);
    expect(host.fold).toBe(true);
    expect(operand(host)).toBe('.example.com');
    expect(operand(condition('{"host":{"exact":"A","ignoreCase":false}}'))).toBe('a');
    expect(namesOf(compiled(withWhen('{"host":{"exact":"a"}}')))).toBe('x-first x-tag :authority');
  });

  it('refuses path and host without an operator of theirs', () => {
    const path = OPERATORS + ' ignoreCase template';
    const host = OPERATORS + ' ignoreCase';
    expect(refused('{"path":"/a"}')).toBe(
      '.path: found "/a", wanted an object with the keys ' + path,
    );
    expect(refused('{"path":{}}')).toBe('.path: found no operator, wanted one of: ' + path);
    expect(refused('{"path":{"exact":"/","template":"/"}}')).toBe(
      '.path: found a second operator "template", wanted one',
    );
    expect(refused('{"host":{"template":"/"}}')).toBe(
      '.host: found the key "template", wanted one of: ' + host,
    );
    expect(refused('{"host":{}}')).toBe('.host: found no operator, wanted one of: ' + host);
    expect(refused('{"path":{"template":"users"}}')).toBe(
      '.path.template: found "users", wanted a template such as /users/{id}/orders',
    );
    expect(refused('{"path":{"template":["/"]}}')).toBe(
      '.path.template: found an array, wanted a template such as /users/{id}/orders',
    );
    expect(refused('{"path":{"template":"/{a}b"}}')).toBe(
      '.path.template: found "/{a}b", wanted a template such as /users/{id}/orders',
    );
  });

  it('compiles methods as a header in a list', () => {
    const found = condition('{"method":["GET","PUT"]}');
    expect(found.subject).toBe(<u8>Subject.Header);
    expect(found.operator).toBe(<u8>Operator.In);
    expect(found.operandSize).toBe(2);
    expect(namesOf(compiled(withWhen('{"method":["GET"]}')))).toBe('x-first x-tag :method');
    expect(refused('{"method":"GET"}')).toBe(
      '.method: found "GET", wanted an array of strings, at least one',
    );
    expect(refused('{"method":["GET",7]}')).toBe('.method[1]: found 7, wanted a string');
    expect(refused('{"method":["GET","a b"]}')).toBe(
      '.method[1]: found "a b", wanted a method such as GET',
    );
    expect(refused('{"method":[""]}')).toBe('.method[0]: found "", wanted a method such as GET');
  });

  it('compiles networks', () => {
    const found = condition('{"ip":["10.0.0.0/8","::1"]}');
    expect(found.subject).toBe(<u8>Subject.Address);
    expect(found.operandSize).toBe(2);
    expect(readHex(found.operandPtr, 40)).toBe(
      '00000000000000000000ffff0a000000' +
        '68000000' +
        '00000000000000000000000000000001' +
        '80000000',
    );
    expect(refused('{"ip":[]}')).toBe(
      '.ip: found an empty array, wanted an array of addresses or networks, at least one',
    );
    expect(refused('{"ip":"10.0.0.1"}')).toBe(
      '.ip: found "10.0.0.1", wanted an array of addresses or networks, at least one',
    );
    expect(refused('{"ip":["10.0.0.0/8","10.0.0.0/33"]}')).toBe(
      '.ip[1]: found "10.0.0.0/33", wanted an address or network such as 10.0.0.0/8 or ' +
        '2001:db8::/32',
    );
    expect(refused('{"ip":[7]}')).toBe(
      '.ip[0]: found 7, wanted an address or network such as 10.0.0.0/8 or 2001:db8::/32',
    );
  });

  it('refuses mapped networks whose bits were counted as of IPv4', () => {
    const wanted = ', wanted such as 10.0.0.0/8: bits of ::ffff:10.0.0.0 are counted from 96';
    expect(refused('{"ip":["::ffff:10.0.0.0/8"]}')).toBe(
      '.ip[0]: found "::ffff:10.0.0.0/8"' + wanted,
    );
    expect(refused('{"ip":["::1","::ffff:0:0/95"]}')).toBe(
      '.ip[1]: found "::ffff:0:0/95"' + wanted,
    );
    expect(refused('{"ip":["::ffff:10.0.0.0/104","::ffff:0:0/96","::/0","::/8"]}')).toBe('');
  });

  it('compares hosts without the dot at their end', () => {
    expect(operand(condition('{"host":{"exact":"Shop.example."}}'))).toBe('shop.example');
    expect(operand(condition('{"host":{"suffix":".example."}}'))).toBe('.example');
    const list = condition('{"host":{"in":["a.","b",""]}}');
    expect(read(sliceAt(list.operandPtr, 0).ptr, sliceAt(list.operandPtr, 0).size)).toBe('a');
    expect(read(sliceAt(list.operandPtr, 1).ptr, sliceAt(list.operandPtr, 1).size)).toBe('b');
    expect(sliceAt(list.operandPtr, 2).size).toBe(0);
    // Within a host a dot is one.
    expect(operand(condition('{"host":{"prefix":"shop."}}'))).toBe('shop.');
    expect(operand(condition('{"host":{"contains":"p."}}'))).toBe('p.');
    expect(operand(condition('{"header":"x","exact":"a."}'))).toBe('a.');
    expect(refused('{"host":{"suffix":"."}}')).toBe(
      '.host.suffix: found ".", wanted more than a dot',
    );
    expect(refused('{"host":{"in":["a","."]}}')).toBe(
      '.host.in[1]: found ".", wanted more than a dot',
    );
  });

  it('compiles tags that stand before', () => {
    const found = condition('{"tag":{"X-First":"f"}}');
    expect(found.subject).toBe(<u8>Subject.All);
    expect(children(found)).toBe(1);
    expect(first(found).subject).toBe(<u8>Subject.Tag);
    expect(first(found).index).toBe(0);
    expect(operand(first(found))).toBe('f');
  });

  it('refuses tags that do not stand before', () => {
    const wanted = 'a tag header that stands before this one in "tags"';
    expect(refused('{"tag":{"x-tag":"v"}}')).toBe('.tag: found the tag "x-tag", wanted ' + wanted);
    expect(refused('{"tag":{"x-other":"v"}}')).toBe(
      '.tag: found the tag "x-other", wanted ' + wanted,
    );
    expect(refused('{"tag":{"x-first":"f","x-other":"v"}}')).toBe(
      '.tag: found the tag "x-other", wanted ' + wanted,
    );
    const later =
      '[{"header":"x-a","rules":[{"value":"v","when":{"tag":{"x-b":"v"}}}]},{"header":"x-b"}]';
    expect(fault(withTags(later))).toBe(
      '$.tags[0].rules[0].when.tag: found the tag "x-b", wanted ' + wanted,
    );
  });

  it('of a limit compiles every tag, and names none that there is not', () => {
    const tags = '"tags":[{"header":"x-a"},{"header":"x-b"}],';
    const head = '{"id":"a/b/0","direction":"inbound",' + tags;
    const limit = '"limits":[{"name":"l","rate":"1/s","when":{"tag":{"';
    const config = compiled(head + limit + 'X-B":"v","x-a":"w"}}}]}');
    const found = changetype<Condition>(limitAt(config, 0).when);
    expect(first(found).index).toBe(1);
    expect(second(found).index).toBe(0);
    expect(operand(second(found))).toBe('w');
    expect(fault(head + limit + 'x-c":"v"}}}]}')).toBe(
      '$.limits[0].when.tag: found the tag "x-c", wanted a tag header that stands in "tags"',
    );
    expect(fault(head.replace(tags, '') + limit + 'x-a":"v"}}}]}')).toBe(
      '$.limits[0].when.tag: found the tag "x-a", wanted a tag header that stands in "tags"',
    );
  });

  it('refuses a tag that stands twice, in whatever case', () => {
    // It was compiled to both values at once, which no request has.
    expect(refused('{"tag":{"x-first":"f","x-first":"g"}}')).toBe(
      '.tag: found twice the key "x-first", wanted it once',
    );
    expect(refused('{"tag":{"x-first":"f","X-First":"f"}}')).toBe(
      '.tag: found twice the key "x-first", wanted it once',
    );
  });

  it('refuses values that no tag has', () => {
    const wanted = 'an object of tag headers and their values, at least one';
    expect(refused('{"tag":"x-first"}')).toBe('.tag: found "x-first", wanted ' + wanted);
    expect(refused('{"tag":{}}')).toBe('.tag: found an empty object, wanted ' + wanted);
    expect(refused('{"tag":{"x-first":""}}')).toBe(
      '.tag.x-first: found "", wanted the value of a tag',
    );
    expect(refused('{"tag":{"x-first":true}}')).toBe(
      '.tag.x-first: found true, wanted the value of a tag',
    );
  });

  it('joins the keys of an object with AND, in their order', () => {
    const found = condition('{"method":["GET"],"header":"x","exact":"a","path":{"exact":"/"}}');
    expect(found.subject).toBe(<u8>Subject.All);
    expect(children(found)).toBe(3);
    expect(first(found).operator).toBe(<u8>Operator.In);
    expect(second(found).operator).toBe(<u8>Operator.Exact);
    expect(changetype<Condition>(second(found).next).subject).toBe(<u8>Subject.Path);
  });

  it('nests all, any and not', () => {
    const found = condition(
      '{"any":[{"header":"a","exact":"1"},{"not":{"all":[{"header":"b","exact":"2"}]}}]}',
    );
    expect(found.subject).toBe(<u8>Subject.Any);
    expect(children(found)).toBe(2);
    expect(operand(first(found))).toBe('1');
    const not = second(found);
    expect(not.subject).toBe(<u8>Subject.Not);
    expect(first(not).subject).toBe(<u8>Subject.All);
    expect(operand(first(first(not)))).toBe('2');
  });

  it('refuses lists without conditions, and says where in a list', () => {
    expect(refused('{"all":[]}')).toBe('.all: found an empty array, wanted at least one condition');
    expect(refused('{"any":[]}')).toBe('.any: found an empty array, wanted at least one condition');
    expect(refused('{"any":{}}')).toBe(
      '.any: found an empty object, wanted an array of conditions',
    );
    expect(refused('{"not":[]}')).toBe(
      '.not: found an empty array, wanted an object with the keys ' + KEYS,
    );
    expect(refused('{"not":{}}')).toBe(
      '.not: found an empty object, wanted at least one condition; leave "when" out for always',
    );
    expect(refused('{"all":[{"method":["GET"]},{"any":[{"header":"x"}]}]}')).toBe(
      '.all[1].any[0]: found no operator, wanted one of: ' + OPERATORS,
    );
  });

  it('takes 256 different headers in all, and refuses one more', () => {
    let list = '';
    for (let i = 0; i < 254; i++) {
      if (i > 0) list += ',';
      list += '{"header":"h' + i.toString() + '","present":true}';
    }
    expect(refused('{"any":[' + list + ']}')).toBe('');
    const wanted = '$: found more than 256 different headers, wanted fewer of them';
    expect(refused('{"any":[' + list + ',{"header":"more","present":true}]}')).toBe(wanted);
    expect(refused('{"any":[' + list + ',{"path":{"exact":"/"}}]}')).toBe(wanted);
    expect(refused('{"any":[' + list + ',{"cookie":"a","exact":"/"}]}')).toBe(wanted);
    expect(refused('{"any":[' + list + ',{"method":["GET"]}]}')).toBe(wanted);
    expect(refused('{"any":[' + list + ',{"header":"h7","exact":"a"}]}')).toBe('');
  });
});

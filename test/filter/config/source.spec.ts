import {
  Percent,
  ReadPlan,
  ruleAt,
  SOURCE_SIZE,
  Source,
  Subject,
} from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf, onlyTag, withTags } from './compile';

const AT = '$.tags[0].rules[0].identity[0]';
const KEYS = 'header cookie query ip';

function withSources(sources: string): string {
  return withTags(
    '[{"header":"x-t","rules":[{"value":"v","percent":1,"identity":' + sources + '}]}]',
  );
}

/** The fault of a source, without the path to it. */
function refused(source: string): string {
  const shown = fault(withSources('[' + source + ']'));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

/** A source of a configuration that must be accepted. */
function source(sources: string, index: u32): Source {
  const rule = ruleAt(onlyTag(compiled(withSources(sources))), 0);
  const percent = changetype<Percent>(rule.percent);
  return changetype<Source>(percent.sources + index * SOURCE_SIZE);
}

function names(sources: string): string {
  return namesOf(compiled(withSources(sources)));
}

describe('source', () => {
  it('is a header, its name lower-cased', () => {
    const found = source('[{"header":"X-User"}]', 0);
    expect(found.subject).toBe(Subject.Header);
    expect(found.index).toBe(1);
    expect(names('[{"header":"X-User"}]')).toBe('x-t x-user');
  });

  it('is a cookie or a field of the query, the case of its name kept', () => {
    const cookie = source('[{"cookie":"UiD"}]', 0);
    expect(cookie.subject).toBe(Subject.Cookie);
    expect(read(cookie.namePtr, cookie.nameSize)).toBe('UiD');
    expect(names('[{"cookie":"a"},{"cookie":"b"}]')).toBe('x-t cookie');
    const query = source('[{"query":"A b&"}]', 0);
    expect(query.subject).toBe(Subject.Query);
    expect(read(query.namePtr, query.nameSize)).toBe('A b&');
    expect(names('[{"query":"a"},{"query":"b"}]')).toBe('x-t :path');
  });

  it("is the client's address, which needs no header", () => {
    expect(source('[{"ip":true}]', 0).subject).toBe(Subject.Address);
    expect(names('[{"ip":true}]')).toBe('x-t');
  });

  it('is one of several, in their order', () => {
    const three = '[{"cookie":"uid"},{"header":"x-user"},{"ip":true}]';
    expect(source(three, 0).subject).toBe(Subject.Cookie);
    expect(source(three, 1).subject).toBe(Subject.Header);
    expect(source(three, 2).subject).toBe(Subject.Address);
    expect(names(three)).toBe('x-t cookie x-user');
    expect(compiled(withSources(three)).readPlan).toBe(<u8>ReadPlan.Pairs);
  });

  it('is an object with one of its keys', () => {
    expect(refused('"uid"')).toBe(': found "uid", wanted an object with the keys ' + KEYS);
    expect(refused('{}')).toBe(
      ': found an empty object, wanted one of header, cookie, query and ip',
    );
    expect(refused('{"body":"a"}')).toBe(': found the key "body", wanted one of: ' + KEYS);
    expect(refused('{"cookie":"a","header":"b"}')).toBe(
      ': found a second of header, cookie, query and ip, wanted one of them',
    );
    expect(refused('{"ip":true,"query":"b"}')).toBe(
      ': found a second of header, cookie, query and ip, wanted one of them',
    );
    expect(refused('{"cookie":"a","cookie":"a"}')).toBe(
      ': found twice the key "cookie", wanted it once',
    );
  });

  it('refuses names that no request has', () => {
    const header = 'the name of a header (letters, digits and -; not a pseudo-header)';
    expect(refused('{"header":":path"}')).toBe('.header: found ":path", wanted ' + header);
    expect(refused('{"header":""}')).toBe('.header: found "", wanted ' + header);
    expect(refused('{"header":["a"]}')).toBe('.header: found an array, wanted ' + header);
    expect(refused('{"header":"HOST"}')).toBe(
      '.header: found "host", wanted another header: Envoy keeps this one as :authority',
    );
    expect(refused('{"cookie":""}')).toBe('.cookie: found "", wanted the name of a cookie');
    expect(refused('{"cookie":"a b"}')).toBe('.cookie: found "a b", wanted the name of a cookie');
    expect(refused('{"cookie":1}')).toBe('.cookie: found 1, wanted the name of a cookie');
    expect(refused('{"query":""}')).toBe(
      '.query: found "", wanted the name of a field of the query',
    );
    expect(refused('{"query":null}')).toBe(
      '.query: found null, wanted the name of a field of the query',
    );
  });

  it("asks for the client's address by true alone", () => {
    expect(refused('{"ip":false}')).toBe('.ip: found false, wanted true');
    expect(refused('{"ip":"true"}')).toBe('.ip: found "true", wanted true');
    expect(refused('{"ip":["10.0.0.0/8"]}')).toBe('.ip: found an array, wanted true');
  });

  it('counts among the headers that a policy may need', () => {
    let list = '';
    for (let i = 0; i < 31; i++) {
      let sources = '';
      for (let j = 0; j < 8; j++) {
        if (j > 0) sources += ',';
        sources += '{"header":"h' + (i * 8 + j).toString() + '"}';
      }
      list += '{"value":"v","percent":1,"identity":[' + sources + ']},';
    }
    // 249 with the tag: seven are left.
    const seven =
      '{"header":"a"},{"header":"b"},{"header":"c"},{"header":"d"},{"cookie":"e"},{"query":"f"}';
    const start =
      '[{"header":"x-t","rules":[' + list + '{"value":"v","percent":1,"identity":[' + seven;
    expect(fault(withTags(start + ',{"header":"g"}]}]}]'))).toBe('');
    const wanted = '$: found more than 256 different headers, wanted fewer of them';
    expect(fault(withTags(start + ',{"header":"g"},{"header":"h"}]}]}]'))).toBe(wanted);
  });
});

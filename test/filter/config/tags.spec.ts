import { sliceAt } from '../../../filter/assembly/bytes/slice';
import { Incoming, ruleAt, TAGS_MAX, tagAt } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf, onlyTag, withTags } from './compile';

const LABEL = 'visible text, no blank at its ends';

function ofTag(members: string): string {
  return withTags('[{"header":"x-t"' + members + '}]');
}

/** The fault of a tag with these members, without the path to it. */
function refused(members: string): string {
  const shown = fault(ofTag(members));
  return shown.startsWith('$.tags[0]') ? shown.substring(9) : shown;
}

function incoming(members: string, direction: string): u8 {
  const text = ofTag(members).replace('inbound', direction);
  return onlyTag(compiled(text)).incoming;
}

describe('tags', () => {
  it('compiles a tag with all it can have', () => {
    const config = compiled(
      withTags(
        '[{"header":"X-Tag","incoming":{"allow":["a","b c"]},' +
          '"rules":[{"name":"one","value":"v"}],"default":"d","echo":true}]',
      ),
    );
    const tag = onlyTag(config);
    expect(namesOf(config)).toBe('x-tag');
    expect(tag.index).toBe(0);
    expect(tag.incoming).toBe(<u8>Incoming.Allow);
    expect(tag.allowCount).toBe(2);
    expect(read(sliceAt(tag.allowPtr, 1).ptr, sliceAt(tag.allowPtr, 1).size)).toBe('b c');
    expect(tag.ruleCount).toBe(1);
    expect(read(ruleAt(tag, 0).namePtr, ruleAt(tag, 0).nameSize)).toBe('one');
    expect(read(ruleAt(tag, 0).valuePtr, ruleAt(tag, 0).valueSize)).toBe('v');
    expect(ruleAt(tag, 0).when).toBe(0);
    expect(read(tag.defaultPtr, tag.defaultSize)).toBe('d');
    expect(tag.echo).toBe(true);
    expect(config.responds).toBe(true);
  });

  it('compiles a tag with its header alone', () => {
    const config = compiled(ofTag(''));
    const tag = onlyTag(config);
    expect(tag.allowCount).toBe(0);
    expect(tag.ruleCount).toBe(0);
    expect(tag.defaultSize).toBe(0);
    expect(tag.echo).toBe(false);
    expect(config.responds).toBe(false);
    expect(compiled(ofTag(',"echo":false')).responds).toBe(false);
  });

  it('strips at gateways and trusts elsewhere, unless told otherwise', () => {
    expect(incoming('', 'gateway')).toBe(<u8>Incoming.Strip);
    expect(incoming('', 'inbound')).toBe(<u8>Incoming.Trust);
    expect(incoming('', 'outbound')).toBe(<u8>Incoming.Trust);
    expect(incoming(',"incoming":"trust"', 'gateway')).toBe(<u8>Incoming.Trust);
    expect(incoming(',"incoming":"strip"', 'inbound')).toBe(<u8>Incoming.Strip);
    expect(incoming(',"incoming":{"allow":["a"]}', 'gateway')).toBe(<u8>Incoming.Allow);
  });

  it('is an array of at most TAGS_MAX tag headers', () => {
    let list = '';
    for (let i: u32 = 0; i < TAGS_MAX; i++) list += '{"header":"x-' + i.toString() + '"},';
    expect(compiled(withTags('[' + list.substring(0, list.length - 1) + ']')).tagCount).toBe(16);
    expect(fault(withTags('[' + list + '{"header":"x-more"}]'))).toBe(
      '$.tags: found more tag headers, wanted at most 16',
    );
    expect(fault(withTags('{}'))).toBe(
      '$.tags: found an empty object, wanted an array of tag headers',
    );
    expect(compiled(withTags('[]')).tagCount).toBe(0);
  });

  it('refuses a tag without a header, or with keys it does not know', () => {
    expect(fault(withTags('[{}]'))).toBe(
      '$.tags[0]: found no such key there, wanted header: the name of the tag header',
    );
    expect(fault(withTags('["x-t"]'))).toBe(
      '$.tags[0]: found "x-t", wanted an object with the keys header incoming rules default carry echo',
    );
    expect(refused(',"Default":"a"')).toBe(
      ': found the key "Default", wanted one of: header incoming rules default carry echo',
    );
  });

  it('refuses headers that mean something else to every hop, in whatever case', () => {
    const wanted = ', wanted a header of its own, one that means nothing else';
    const reserved = [
      'host',
      'connection',
      'content-length',
      'transfer-encoding',
      'te',
      'upgrade',
      'trailer',
      'keep-alive',
      'proxy-connection',
      'expect',
      'content-type',
      'cookie',
      'authorization',
      'x-forwarded-for',
      'x-request-id',
      'baggage',
      'traceparent',
      'tracestate',
      'b3',
      'x-b3-traceid',
      'x-b3-spanid',
      'x-b3-parentspanid',
      'x-b3-sampled',
      'x-b3-flags',
      'x-ot-span-context',
    ];
    for (let i = 0; i < reserved.length; i++) {
      expect(fault(withTags('[{"header":"' + reserved[i] + '"}]'))).toBe(
        '$.tags[0].header: found "' + reserved[i] + '"' + wanted,
      );
    }
    expect(fault(withTags('[{"header":"Host"}]'))).toBe('$.tags[0].header: found "host"' + wanted);
    expect(fault(withTags('[{"header":"hosts"}]'))).toBe('');
    expect(fault(withTags('[{"header":"x-b3"}]'))).toBe('');
    expect(fault(withTags('[{"header":":authority"}]'))).toBe(
      '$.tags[0].header: found ":authority", wanted the name of a header (letters, digits and -; ' +
        'not a pseudo-header)',
    );
  });

  it('refuses a header that stands in tags already', () => {
    expect(fault(withTags('[{"header":"x-a"},{"header":"x-b"},{"header":"X-A"}]'))).toBe(
      '$.tags[2].header: found "x-a", wanted a tag header that does not stand in "tags" already',
    );
  });

  it('takes a tag header that a condition named before', () => {
    const tags =
      '[{"header":"x-a","rules":[{"value":"v","when":{"header":"x-b","present":true}}]},' +
      '{"header":"x-b"}]';
    const config = compiled(withTags(tags));
    expect(tagAt(config, 1).index).toBe(1);
    expect(namesOf(config)).toBe('x-a x-b');
  });

  it('refuses what `incoming` cannot be', () => {
    const wanted = ', wanted "strip", "trust" or {"allow": [values]}';
    expect(refused(',"incoming":"Strip"')).toBe('.incoming: found "Strip"' + wanted);
    expect(refused(',"incoming":["a"]')).toBe('.incoming: found an array' + wanted);
    expect(refused(',"incoming":null')).toBe('.incoming: found null' + wanted);
    expect(refused(',"incoming":{}')).toBe(
      '.incoming: found no such key there, wanted allow: the values that may come in',
    );
    expect(refused(',"incoming":{"":["a"]}')).toBe(
      '.incoming: found the key "", wanted one of: allow',
    );
    expect(refused(',"incoming":{"deny":["a"]}')).toBe(
      '.incoming: found the key "deny", wanted one of: allow',
    );
    expect(refused(',"incoming":{"allow":[]}')).toBe(
      '.incoming.allow: found an empty array, wanted an array of values, at least one',
    );
    expect(refused(',"incoming":{"allow":"a"}')).toBe(
      '.incoming.allow: found "a", wanted an array of values, at least one',
    );
    expect(refused(',"incoming":{"allow":["a",""]}')).toBe(
      '.incoming.allow[1]: found "", wanted a value for the tag: ' + LABEL,
    );
  });

  it('refuses what `default` and `echo` cannot be', () => {
    expect(refused(',"default":""')).toBe(
      '.default: found "", wanted a value for the tag: ' + LABEL,
    );
    expect(refused(',"default":7')).toBe('.default: found 7, wanted a value for the tag: ' + LABEL);
    expect(refused(',"default":"' + 'a'.repeat(257) + '"')).toBe(
      '.default: found a longer text, wanted at most 256 bytes',
    );
    expect(refused(',"default":"' + 'a'.repeat(256) + '"')).toBe('');
    expect(refused(',"echo":"yes"')).toBe('.echo: found "yes", wanted true or false');
    expect(refused(',"echo":1')).toBe('.echo: found 1, wanted true or false');
  });

  it('takes rules as an array, which may be empty', () => {
    expect(refused(',"rules":{}')).toBe('.rules: found an empty object, wanted an array of rules');
    expect(refused(',"rules":"v"')).toBe('.rules: found "v", wanted an array of rules');
    expect(refused(',"rules":[]')).toBe('');
    expect(refused(',"rules":[{"value":"v"},{}]')).toBe(
      '.rules[1]: found no such key there, wanted value: what the tag becomes',
    );
  });

  it('carries a tag in baggage where it is told to', () => {
    const config = compiled(
      withTags('[{"header":"x-a"},{"header":"x-b","carry":["baggage"]},{"header":"x-c"}]'),
    );
    expect(namesOf(config)).toBe('x-a x-b baggage x-c');
    expect(config.baggage).toBe(3);
    expect(tagAt(config, 0).carry).toBe(false);
    expect(tagAt(config, 1).carry).toBe(true);
    expect(tagAt(config, 2).carry).toBe(false);
    const none = compiled(ofTag(',"carry":[]'));
    expect(none.baggage).toBe(0);
    expect(onlyTag(none).carry).toBe(false);
    expect(namesOf(none)).toBe('x-t');
    expect(compiled(ofTag('')).baggage).toBe(0);
  });

  it('knows no other way to carry a tag, and that one once', () => {
    const wanted = ', wanted ["baggage"]';
    expect(refused(',"carry":"baggage"')).toBe('.carry: found "baggage"' + wanted);
    expect(refused(',"carry":true')).toBe('.carry: found true' + wanted);
    expect(refused(',"carry":{}')).toBe('.carry: found an empty object' + wanted);
    expect(refused(',"carry":["baggage","baggage"]')).toBe('.carry: found an array' + wanted);
    expect(refused(',"carry":["Baggage"]')).toBe('.carry[0]: found "Baggage", wanted "baggage"');
    expect(refused(',"carry":["baggag"]')).toBe('.carry[0]: found "baggag", wanted "baggage"');
    expect(refused(',"carry":[["baggage"]]')).toBe('.carry[0]: found an array, wanted "baggage"');
    expect(refused(',"carry":[7]')).toBe('.carry[0]: found 7, wanted "baggage"');
  });
});

import { ReadPlan, ruleAt } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf, onlyTag, withTags } from './compile';

const KEYS = 'name when percent identity salt mint value dryRun';
const LABEL = 'visible text, no blank at its ends';

/** A tag x-t with these rules. */
function withRules(rules: string): string {
  return withTags('[{"header":"x-t","rules":' + rules + '}]');
}

/** The fault of these rules, without the path to them. */
function refused(rules: string): string {
  const shown = fault(withRules(rules));
  return shown.startsWith('$.tags[0]') ? shown.substring(9) : shown;
}

/** The name and the label of the value of a rule: `name=value`. */
function labels(rules: string, index: u32): string {
  const rule = ruleAt(onlyTag(compiled(withRules(rules))), index);
  return read(rule.namePtr, rule.nameSize) + '=' + read(rule.valuePtr, rule.valueSize);
}

describe('rule', () => {
  it('compiles with its value alone', () => {
    const config = compiled(withRules('[{"value":"v"}]'));
    const rule = ruleAt(onlyTag(config), 0);
    expect(read(rule.valuePtr, rule.valueSize)).toBe('v');
    expect(rule.copied).toBe(0);
    expect(rule.when).toBe(0);
    expect(rule.percent).toBe(0);
    expect(rule.dryRun).toBe(false);
    expect(config.responds).toBe(false);
    expect(namesOf(config)).toBe('x-t');
  });

  it('compiles with all it can have', () => {
    const config = compiled(
      withRules(
        '[{"name":"one","when":{"header":"x-a","present":true},"percent":10,' +
          '"identity":[{"cookie":"uid"}],"salt":"s","mint":{"cookie":"id"},"value":"v",' +
          '"dryRun":true}]',
      ),
    );
    const rule = ruleAt(onlyTag(config), 0);
    expect(read(rule.namePtr, rule.nameSize)).toBe('one');
    expect(rule.when != 0).toBe(true);
    expect(rule.percent != 0).toBe(true);
    expect(rule.dryRun).toBe(true);
    expect(config.mintCount).toBe(1);
    expect(config.responds).toBe(true);
    expect(namesOf(config)).toBe('x-t cookie x-a');
  });

  it('refuses what has no value it can write', () => {
    expect(refused('[7]')).toBe('.rules[0]: found 7, wanted an object with the keys ' + KEYS);
    expect(refused('[{"name":"a"}]')).toBe(
      '.rules[0]: found no such key there, wanted value: what the tag becomes',
    );
    expect(refused('[{"value":" v"}]')).toBe(
      '.rules[0].value: found " v", wanted a value for the tag: ' + LABEL,
    );
    expect(refused('[{"value":["v"]}]')).toBe(
      '.rules[0].value: found an array, wanted a value for the tag: ' + LABEL,
    );
    expect(refused('[{"value":"' + 'v'.repeat(256) + '"}]')).toBe('');
    expect(refused('[{"value":"' + 'v'.repeat(257) + '"}]')).toBe(
      '.rules[0].value: found a longer text, wanted at most 256 bytes',
    );
    expect(refused('[{"value":"v","then":"w"}]')).toBe(
      '.rules[0]: found the key "then", wanted one of: ' + KEYS,
    );
    expect(refused('[{"value":"v"},{"value":"v","when":{}}]').startsWith('.rules[1].when: ')).toBe(
      true,
    );
  });

  it('copies the value of a header, whose name in braces is its label', () => {
    const config = compiled(withRules('[{"value":{"header":"X-Team"}}]'));
    const rule = ruleAt(onlyTag(config), 0);
    expect(namesOf(config)).toBe('x-t x-team');
    expect(rule.copied).toBe(2);
    expect(read(rule.valuePtr, rule.valueSize)).toBe('{x-team}');
    expect(config.readPlan).toBe(<u8>ReadPlan.Pairs);
    const long = 'a'.repeat(256);
    expect(labels('[{"value":{"header":"' + long + '"}}]', 0)).toBe('0={' + long + '}');
  });

  it('refuses headers that cannot be copied', () => {
    const at = '.rules[0].value';
    expect(refused('[{"value":{}}]')).toBe(
      at + ': found no such key there, wanted header: the header to copy',
    );
    expect(refused('[{"value":{"cookie":"a"}}]')).toBe(
      at + ': found the key "cookie", wanted one of: header',
    );
    expect(refused('[{"value":{"header":"a","header":"b"}}]')).toBe(
      at + ': found twice the key "header", wanted it once',
    );
    const name = 'the name of a header (letters, digits and -; not a pseudo-header)';
    expect(refused('[{"value":{"header":":path"}}]')).toBe(
      at + '.header: found ":path", wanted ' + name,
    );
    expect(refused('[{"value":{"header":7}}]')).toBe(at + '.header: found 7, wanted ' + name);
    expect(refused('[{"value":{"header":"Host"}}]')).toBe(
      at + '.header: found "host", wanted another header: Envoy keeps this one as :authority',
    );
  });

  it('copies no secret, in whatever case', () => {
    const secrets = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie'];
    for (let i = 0; i < secrets.length; i++) {
      expect(refused('[{"value":{"header":"' + secrets[i] + '"}}]')).toBe(
        '.rules[0].value.header: found "' + secrets[i] + '", wanted a header that holds no secret',
      );
    }
    expect(refused('[{"value":{"header":"Cookie"}}]')).toBe(
      '.rules[0].value.header: found "cookie", wanted a header that holds no secret',
    );
    expect(refused('[{"value":{"header":"cookies"}}]')).toBe('');
  });

  it('is in force, or only counts', () => {
    const rules = '[{"value":"v","dryRun":true},{"value":"w","dryRun":false}]';
    const tag = onlyTag(compiled(withRules(rules)));
    expect(ruleAt(tag, 0).dryRun).toBe(true);
    expect(ruleAt(tag, 1).dryRun).toBe(false);
    expect(refused('[{"value":"v","dryRun":"yes"}]')).toBe(
      '.rules[0].dryRun: found "yes", wanted true or false',
    );
    expect(refused('[{"value":"v","dryRun":1}]')).toBe(
      '.rules[0].dryRun: found 1, wanted true or false',
    );
  });

  it('has nothing that belongs to a percentage without one', () => {
    const both = ', wanted both or neither';
    expect(refused('[{"value":"v","identity":[{"ip":true}]}]')).toBe(
      '.rules[0]: found "identity" without "percent"' + both,
    );
    expect(refused('[{"value":"v","salt":"s"}]')).toBe(
      '.rules[0]: found "salt" without "percent"' + both,
    );
    expect(refused('[{"value":"v","mint":{"cookie":"a"}}]')).toBe(
      '.rules[0]: found "mint" without "percent"' + both,
    );
  });

  it('names rules by their position where they have no name', () => {
    let rules = '{"value":"v"}';
    for (let i = 1; i < 12; i++) rules += ',{"value":"v"}';
    const tag = onlyTag(compiled(withRules('[' + rules + ']')));
    expect(tag.ruleCount).toBe(12);
    expect(read(ruleAt(tag, 0).namePtr, ruleAt(tag, 0).nameSize)).toBe('0');
    expect(read(ruleAt(tag, 9).namePtr, ruleAt(tag, 9).nameSize)).toBe('9');
    expect(read(ruleAt(tag, 10).namePtr, ruleAt(tag, 10).nameSize)).toBe('10');
    expect(read(ruleAt(tag, 11).namePtr, ruleAt(tag, 11).nameSize)).toBe('11');
  });

  it('refuses names that would share a counter', () => {
    expect(refused('[{"name":"a","value":"v"},{"name":"a","value":"w"}]')).toBe(
      '.rules[1].name: found "a", wanted a name that no other rule of this tag has',
    );
    expect(refused('[{"value":"v"},{"name":"0","value":"w"}]')).toBe(
      '.rules[1].name: found "0", wanted a name that no other rule of this tag has',
    );
    // The rule without a name took the name "1" too, and both were counted as one.
    expect(refused('[{"name":"1","value":"v"},{"value":"w"}]')).toBe(
      '.rules[1]: found no name, wanted one: its position is the name of another rule',
    );
    expect(refused('[{"name":"default","value":"v"}]')).toBe(
      '.rules[0].name: found "default", wanted another name: "default" labels the counter of the ' +
        'default',
    );
    expect(refused('[{"name":"a","value":"v"},{"name":"A","value":"w"},{"value":"x"}]')).toBe('');
  });

  it('refuses names that are no label', () => {
    expect(refused('[{"name":"","value":"v"}]')).toBe(
      '.rules[0].name: found "", wanted a name: ' + LABEL,
    );
    expect(refused('[{"name":"a;.;b","value":"v"}]')).toBe(
      '.rules[0].name: found "a;.;b", wanted a text without ;.; and =.=',
    );
    expect(refused('[{"name":7,"value":"v"}]')).toBe(
      '.rules[0].name: found 7, wanted a name: ' + LABEL,
    );
  });

  it('takes a rule of the same name under another tag', () => {
    const rules = '"rules":[{"name":"a","value":"v"}]';
    expect(fault(withTags('[{"header":"x-a",' + rules + '},{"header":"x-b",' + rules + '}]'))).toBe(
      '',
    );
  });
});

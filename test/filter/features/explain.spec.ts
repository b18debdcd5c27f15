import { MapType } from '../../../filter/assembly/abi/enums';
import { explaining } from '../../../filter/assembly/features/explain';
import { logInit } from '../../../filter/assembly/shim/log';
import { withTags } from '../config/compile';
import { hostHeaders, hostLog, hostLogLevel, hostReset } from '../host';
import { configured, handled } from './handled';

const TRACE: u32 = 0;
const DEBUG: u32 = 1;
const LINE = '0 tagalong explain a/b/0: ';

function withLevel(level: u32): void {
  hostLogLevel(level);
  logInit();
  hostLog();
}

/** The lines that one request leaves, without what each begins with. */
function explained(tags: string, headers: string): string {
  const config = configured(withTags(tags));
  hostLog();
  handled(config, headers);
  const lines = hostLog();
  if (lines == '') return '';
  const list = lines.split('\n');
  for (let i = 0; i < list.length; i++) {
    assert(list[i].startsWith(LINE), list[i]);
    list[i] = list[i].substring(LINE.length);
  }
  return list.join('\n');
}

describe('explain', () => {
  beforeEach(() => {
    hostReset();
    withLevel(TRACE);
  });

  it('is on where the log level is trace when the VM starts, and there alone', () => {
    expect(explaining()).toBe(true);
    withLevel(DEBUG);
    expect(explaining()).toBe(false);
    expect(explained('[{"header":"x-t","default":"d"}]', 'x-t: z')).toBe('');
    // The host's level may change; what was asked stands.
    hostLogLevel(TRACE);
    expect(explaining()).toBe(false);
  });

  it('says what came and what became of it', () => {
    const tag = '[{"header":"x-t","incoming":{"allow":["a"]}},{"header":"x-u"}]';
    expect(explained(tag, 'x-t: a')).toBe(
      'tag "x-t" came as "a": kept\ntag "x-u": nothing came\n' +
        'tag "x-t" is "a"\ntag "x-u" is not set',
    );
    expect(explained(tag, 'x-t: b')).toBe(
      'tag "x-t" came as "b": stripped\ntag "x-u": nothing came\n' +
        'tag "x-t" is not set\ntag "x-u" is not set',
    );
  });

  it('says what came in baggage', () => {
    const tag = '[{"header":"x-t","incoming":"trust","carry":["baggage"]}]';
    expect(explained(tag, 'baggage: x-t=a%20b')).toBe(
      'tag "x-t" came as "a b": kept\ntag "x-t" is "a b"',
    );
    expect(explained(tag, 'x-t: z\nbaggage: x-t=y')).toBe(
      'tag "x-t" came as "z": stripped\ntag "x-t" is not set',
    );
    expect(explained(tag, 'baggage: x-t=%0a')).toBe(
      'tag "x-t" came as "\\x0a": stripped\ntag "x-t" is not set',
    );
  });

  it('says of each rule that was tried why it was taken or not', () => {
    const rules =
      '[{"header":"x-t","rules":[' +
      '{"name":"no","value":"a","when":{"header":"x-a","present":true}},' +
      '{"name":"copy","value":{"header":"x-b"}},' +
      '{"name":"dry","value":"c","dryRun":true},' +
      '{"name":"yes","value":"d"},{"name":"never","value":"e"}]}]';
    expect(explained(rules, '')).toBe(
      'tag "x-t": nothing came\n' +
        'tag "x-t" rule "no": no match\n' +
        'tag "x-t" rule "copy": no value to copy\n' +
        'tag "x-t" rule "dry": would match (dry run)\n' +
        'tag "x-t" rule "yes": matched\n' +
        'tag "x-t" is "d"',
    );
  });

  // Buckets of test/vectors/bucket.json.
  it('says in which bucket an identity is', () => {
    const rules =
      '[{"header":"x-t","rules":[{"name":"r","value":"v","percent":1.67,"salt":"salt-3",' +
      '"identity":[{"header":"x-u"}]},{"name":"s","value":"w","percent":1.68,"salt":"salt-3",' +
      '"identity":[{"header":"x-u"}]}]}]';
    expect(explained(rules, 'x-u: alice')).toBe(
      'tag "x-t": nothing came\n' +
        'tag "x-t" rule "r": bucket 167, in below 167\n' +
        'tag "x-t" rule "s": bucket 167, in below 168\n' +
        'tag "x-t" rule "s": matched\n' +
        'tag "x-t" is "w"',
    );
    expect(explained(rules, '')).toBe(
      'tag "x-t": nothing came\n' +
        'tag "x-t" rule "r": no identity\n' +
        'tag "x-t" rule "s": no identity\n' +
        'tag "x-t" is not set',
    );
  });

  it('quotes what comes from outside, and cuts it short', () => {
    const tag = '[{"header":"x-t","incoming":"trust"}]';
    expect(explained(tag, 'x-t: a"\té')).toBe(
      'tag "x-t" came as "a\\"\\x09\\xc3\\xa9": kept\ntag "x-t" is "a\\"\\x09\\xc3\\xa9"',
    );
    const long = '"' + 'z'.repeat(64) + '..."';
    expect(explained(tag, 'x-t: ' + 'z'.repeat(5000))).toBe(
      'tag "x-t" came as ' + long + ': kept\ntag "x-t" is ' + long,
    );
  });

  it('changes nothing about the request', () => {
    const config = configured(
      withTags('[{"header":"x-t","carry":["baggage"],"rules":[{"value":"v"}],"default":"d"}]'),
    );
    expect(handled(config, 'baggage: k=v')).toBe('add 0 x-t=v; replace 0 baggage=k=v,x-t=v');
    expect(hostHeaders(MapType.RequestHeaders)).toBe('x-t=v; baggage=k=v,x-t=v');
  });
});

import { MapType, Status } from '../../../../filter/assembly/abi/enums';
import { Config } from '../../../../filter/assembly/config/layout';
import { readRequest } from '../../../../filter/assembly/features/request';
import {
  responseInit,
  responseWrite,
  WAITING_SIZE,
} from '../../../../filter/assembly/features/response';
import { defineTagMetrics } from '../../../../filter/assembly/features/tagging/tagging';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../../filter/assembly/shim/arena';
import { compiled, withTags } from '../../config/compile';
import {
  hostCalls,
  hostClearHeaders,
  hostHeader,
  hostHeaders,
  hostMetric,
  hostMetricNames,
  hostRefuse,
  hostReset,
  hostWrites,
} from '../../host';
import { answered, configured, decided, handled, tagRequest } from '../handled';

const REQUEST = MapType.RequestHeaders;
const VISIBLE = 'tagalong_tag_total.policy=.=a/b/0;.;direction=.=inbound;.;tag=.=x-t;.;';

/** Policy and direction of `compiledCounters`. */
const COUNT = '.policy=.=count;.;direction=.=gateway;.;';

/** What arrives under x-t, the values divided by `|`; "-" = nothing. */
function arrive(values: string): void {
  hostClearHeaders();
  hostWrites();
  if (values == '-') return;
  const parts = values.split('|');
  for (let i = 0; i < parts.length; i++) hostHeader(REQUEST, 'x-t', parts[i]);
}

function run(text: string, contextId: u32 = 1): string {
  const config: Config = compiled(text);
  arenaReset();
  defineTagMetrics(config);
  tagRequest(config, contextId, readRequest(config));
  return hostWrites();
}

/** The writes for a tag x-t with these members; another tag makes the read plan Pairs. */
function wrote(values: string, members: string): string {
  arrive(values);
  return run(withTags('[{"header":"x-t",' + members + '},{"header":"x-other"}]'));
}

/** As `wrote`, for a configuration that reads the header x-t alone. */
function wroteAlone(values: string, members: string): string {
  arrive(values);
  return run(withTags('[{"header":"x-t",' + members + '}]'));
}

const STRIP = '"incoming":"strip"';
const TRUST = '"incoming":"trust"';
const ALLOW = '"incoming":{"allow":["a","b"]}';
const RULE_A = ',"rules":[{"value":"a"}]';
const NEVER = ',"rules":[{"value":"a","when":{"header":"x-never","present":true}}]';
const REMOVE = 'remove 0 x-t';

describe('tagging', () => {
  beforeEach(() => {
    hostReset();
  });

  it('strips whatever came, where it is told to strip', () => {
    expect(wrote('-', STRIP)).toBe('');
    expect(wrote('a', STRIP)).toBe(REMOVE);
    expect(wrote('', STRIP)).toBe(REMOVE);
    expect(wrote('a|a', STRIP)).toBe(REMOVE);
    expect(wrote('a|b', STRIP)).toBe(REMOVE);
    expect(wrote('a', STRIP + NEVER)).toBe(REMOVE);
  });

  it("writes a rule's value over what it strips, only if it changes", () => {
    expect(wrote('-', STRIP + RULE_A)).toBe('add 0 x-t=a');
    expect(wrote('b', STRIP + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('a', STRIP + RULE_A)).toBe('');
    expect(wrote('', STRIP + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('a|a', STRIP + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('a|b', STRIP + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('ab', STRIP + RULE_A)).toBe('replace 0 x-t=a');
  });

  it('writes the default likewise', () => {
    expect(wrote('-', STRIP + NEVER + ',"default":"d"')).toBe('add 0 x-t=d');
    expect(wrote('b', STRIP + NEVER + ',"default":"d"')).toBe('replace 0 x-t=d');
    expect(wrote('d', STRIP + NEVER + ',"default":"d"')).toBe('');
    expect(wrote('d', STRIP + RULE_A + ',"default":"d"')).toBe('replace 0 x-t=a');
  });

  it('keeps what it trusts, and tries no rule then', () => {
    const rest = RULE_A + ',"default":"d"';
    expect(wrote('z', TRUST + rest)).toBe('');
    expect(wrote('a', TRUST + rest)).toBe('');
    expect(wrote('z|z', TRUST + rest)).toBe('replace 0 x-t=z');
    expect(wrote('z|z|z', TRUST)).toBe('replace 0 x-t=z');
  });

  it('strips even where it trusts what is empty or contradicts itself', () => {
    expect(wrote('', TRUST)).toBe(REMOVE);
    expect(wrote('|', TRUST)).toBe(REMOVE);
    expect(wrote('z|y', TRUST)).toBe(REMOVE);
    expect(wrote('z|', TRUST)).toBe(REMOVE);
    expect(wrote('|z', TRUST)).toBe(REMOVE);
    expect(wrote('z|zz', TRUST)).toBe(REMOVE);
    expect(wrote('z|z|y', TRUST)).toBe(REMOVE);
    expect(wrote('', TRUST + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('z|y', TRUST + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('-', TRUST + RULE_A)).toBe('add 0 x-t=a');
    expect(wrote('-', TRUST)).toBe('');
  });

  it('keeps what it allows, and strips the rest', () => {
    expect(wrote('-', ALLOW)).toBe('');
    expect(wrote('a', ALLOW)).toBe('');
    expect(wrote('b', ALLOW + RULE_A)).toBe('');
    expect(wrote('b|b', ALLOW + RULE_A)).toBe('replace 0 x-t=b');
    expect(wrote('c', ALLOW)).toBe(REMOVE);
    expect(wrote('A', ALLOW)).toBe(REMOVE);
    expect(wrote('aa', ALLOW)).toBe(REMOVE);
    expect(wrote('', ALLOW)).toBe(REMOVE);
    expect(wrote('a|b', ALLOW)).toBe(REMOVE);
    expect(wrote('c', ALLOW + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('c|c', ALLOW + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('a|b', ALLOW + RULE_A)).toBe('replace 0 x-t=a');
    expect(wrote('-', ALLOW + RULE_A)).toBe('add 0 x-t=a');
  });

  it('replaces what it could not see whole', () => {
    // A single read shows the first value only: there may be others behind an equal one.
    expect(wroteAlone('-', STRIP)).toBe('');
    expect(wroteAlone('a', STRIP)).toBe(REMOVE);
    expect(wroteAlone('', STRIP)).toBe(REMOVE);
    expect(wroteAlone('-', STRIP + RULE_A)).toBe('add 0 x-t=a');
    expect(wroteAlone('a', STRIP + RULE_A)).toBe('replace 0 x-t=a');
    expect(wroteAlone('a|b', STRIP + RULE_A)).toBe('replace 0 x-t=a');
  });

  it('leaves one value of one header behind, whatever came', () => {
    wrote('z|z', TRUST);
    expect(hostHeaders(REQUEST)).toBe('x-t=z');
    wrote('y|z', STRIP + RULE_A);
    expect(hostHeaders(REQUEST)).toBe('x-t=a');
    wroteAlone('y|z', STRIP);
    expect(hostHeaders(REQUEST)).toBe('');
  });

  it('takes the first rule that matches', () => {
    hostHeader(REQUEST, 'x-a', '1');
    const rules =
      '[{"value":"one","when":{"header":"x-a","exact":"2"}},' +
      '{"value":"two","when":{"header":"x-a","exact":"1"}},{"value":"three"}]';
    expect(run(withTags('[{"header":"x-t","rules":' + rules + ',"default":"d"}]'))).toBe(
      'add 0 x-t=two',
    );
  });

  it('shows no condition a tag that was stripped', () => {
    arrive('forged');
    hostHeader(REQUEST, 'x-u', 'forged');
    const seen =
      '[{"value":"seen","when":{"any":[{"header":"x-t","present":true},' +
      '{"tag":{"x-t":"forged"}}]}}]';
    expect(
      run(
        withTags(
          '[{"header":"x-t","incoming":"strip"},' +
            '{"header":"x-u","incoming":"strip","rules":' +
            seen +
            '}]',
        ),
      ),
    ).toBe('remove 0 x-t; remove 0 x-u');
    // Nor one that is stripped by a tag further down.
    arrive('forged');
    const early = '[{"value":"seen","when":{"header":"x-t","present":true}}]';
    expect(
      run(withTags('[{"header":"x-u","rules":' + early + '},{"header":"x-t","incoming":"strip"}]')),
    ).toBe('remove 0 x-t');
  });

  it('shows no condition a tag that came empty, although it is trusted', () => {
    const seen = ',"rules":[{"value":"seen","when":{"header":"x-t","present":true}}]';
    arrive('');
    expect(
      run(withTags('[{"header":"x-t","incoming":"trust"},{"header":"x-u"' + seen + '}]')),
    ).toBe('remove 0 x-t');
  });

  it('shows conditions a tag that was kept, as tag and as header', () => {
    const byHeader = ',"rules":[{"value":"seen","when":{"header":"x-t","exact":"z"}}]';
    const byTag = ',"rules":[{"value":"seen","when":{"tag":{"x-t":"z"}}}]';
    arrive('z');
    expect(
      run(
        withTags(
          '[{"header":"x-t"},{"header":"x-u"' + byHeader + '},{"header":"x-v"' + byTag + '}]',
        ),
      ),
    ).toBe('add 0 x-u=seen; add 0 x-v=seen');
  });

  it('shows conditions a tag that was computed, as tag alone', () => {
    const byHeader = ',"rules":[{"value":"seen","when":{"header":"x-t","present":true}}]';
    const byTag = ',"rules":[{"value":"seen","when":{"tag":{"x-t":"a"}}}]';
    const other = ',"rules":[{"value":"seen","when":{"tag":{"x-t":"A"}}}]';
    arrive('-');
    expect(
      run(
        withTags(
          '[{"header":"x-t","rules":[{"value":"a"}]},{"header":"x-u"' +
            byHeader +
            '},{"header":"x-v"' +
            byTag +
            '},{"header":"x-w"' +
            other +
            '}]',
        ),
      ),
    ).toBe('add 0 x-t=a; add 0 x-v=seen');
  });

  it('finds no tag true that has no value', () => {
    const byTag = ',"rules":[{"value":"seen","when":{"not":{"tag":{"x-t":"a"}}}}]';
    arrive('-');
    expect(run(withTags('[{"header":"x-t"},{"header":"x-u"' + byTag + '}]'))).toBe(
      'add 0 x-u=seen',
    );
  });

  it('forgets the tags of the request before', () => {
    const text = withTags('[{"header":"x-t"},{"header":"x-u"}]');
    const config = compiled(text);
    arrive('z');
    arenaReset();
    tagRequest(config, 1, readRequest(config));
    arrive('-');
    arenaReset();
    tagRequest(config, 2, readRequest(config));
    expect(hostWrites()).toBe('');
  });

  it('writes nothing in a dry run, and counts as if it did', () => {
    arrive('z|y');
    const text = withTags('[{"header":"x-t","rules":[{"name":"r","value":"a"}]}]').replace(
      '"direction"',
      '"mode":"dryRun","direction"',
    );
    expect(run(text)).toBe('');
    expect(hostHeaders(REQUEST)).toBe('x-t=z; x-t=y');
    expect(hostMetric(VISIBLE + 'rule=.=r;.;value=.=a;.;mode=.=dryRun;.;')).toBe(1);
  });

  it('lets a request pass whose headers cannot be read, but for what must not come in', () => {
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    const rest = ',"rules":[{"value":"a"}],"default":"d"';
    expect(wrote('z', TRUST + rest)).toBe('');
    expect(wrote('z', STRIP + rest)).toBe('replace 0 x-t=d');
    expect(wrote('z', ALLOW + rest)).toBe('replace 0 x-t=d');
    expect(wrote('a', STRIP + RULE_A)).toBe(REMOVE);
    expect(wrote('-', STRIP)).toBe(REMOVE);
    expect(wrote('-', TRUST)).toBe('');
    arrive('z');
    const dry = withTags('[{"header":"x-t","incoming":"strip"},{"header":"x-u"}]').replace(
      '"direction"',
      '"mode":"dryRun","direction"',
    );
    expect(run(dry)).toBe('');
  });
});

// The ids of metrics are the module's own, and the host's must go on from there.
describe('tagging, counted', () => {
  beforeEach(() => {
    hostReset();
  });

  it('defines a counter for each rule, default and outcome, and for each kind of error', () => {
    const before = hostMetricNames();
    compiledCounters();
    const names = hostMetricNames().substring(before.length);
    const incoming = 'tagalong_incoming_total' + COUNT + 'tag=.=x-t;.;';
    const tags = 'tagalong_tag_total' + COUNT + 'tag=.=x-t;.;';
    const errors = 'tagalong_errors_total' + COUNT;
    const wanted = [
      errors + 'kind=.=headers;.;',
      errors + 'kind=.=write;.;',
      errors + 'kind=.=response;.;',
      errors + 'kind=.=address;.;',
      errors + 'kind=.=random;.;',
      errors + 'kind=.=baggage;.;',
      errors + 'kind=.=store;.;',
      errors + 'kind=.=reply;.;',
      incoming + 'outcome=.=kept;.;mode=.=enforce;.;',
      incoming + 'outcome=.=stripped;.;mode=.=enforce;.;',
      tags + 'rule=.=r 1;.;value=.=a;.;mode=.=enforce;.;',
      tags + 'rule=.=1;.;value=.=b;.;mode=.=enforce;.;',
      tags + 'rule=.=default;.;value=.=d;.;mode=.=enforce;.;',
    ];
    expect(names.trim()).toBe(wanted.join('\n'));
  });

  it('counts each outcome once', () => {
    const config = compiledCounters();
    const incoming = 'tagalong_incoming_total' + COUNT + 'tag=.=x-t;.;';
    const tags = 'tagalong_tag_total' + COUNT + 'tag=.=x-t;.;';
    const kept = incoming + 'outcome=.=kept;.;mode=.=enforce;.;';
    const stripped = incoming + 'outcome=.=stripped;.;mode=.=enforce;.;';
    const one = tags + 'rule=.=r 1;.;value=.=a;.;mode=.=enforce;.;';
    const two = tags + 'rule=.=1;.;value=.=b;.;mode=.=enforce;.;';
    const byDefault = tags + 'rule=.=default;.;value=.=d;.;mode=.=enforce;.;';

    request(config, 'z', '');
    expect(hostMetric(kept)).toBe(1);
    request(config, 'q', '');
    expect(hostMetric(stripped)).toBe(1);
    expect(hostMetric(byDefault)).toBe(1);
    request(config, '-', '1');
    expect(hostMetric(one)).toBe(1);
    request(config, '-', '2');
    expect(hostMetric(two)).toBe(1);
    request(config, '-', '');
    expect(hostMetric(byDefault)).toBe(2);
    expect(hostMetric(kept) + hostMetric(stripped) + hostMetric(one) + hostMetric(two)).toBe(4);
    request(config, '', '');
    request(config, 'z|', '');
    expect(hostMetric(kept)).toBe(1);
    expect(hostMetric(stripped)).toBe(3);
  });

  it('counts headers that cannot be read, once a request', () => {
    const config = compiledCounters();
    const errors = 'tagalong_errors_total' + COUNT + 'kind=.=headers;.;';
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    request(config, 'z', '1');
    hostRefuse('proxy_get_header_map_pairs', 0);
    expect(hostMetric(errors)).toBe(1);
    request(config, 'z', '1');
    expect(hostMetric(errors)).toBe(1);
  });

  it('counts each write that is refused, and goes on', () => {
    const config = compiledCounters();
    const errors = 'tagalong_errors_total' + COUNT + 'kind=.=write;.;';
    hostRefuse('proxy_add_header_map_value', Status.InternalFailure);
    request(config, '-', '1');
    expect(hostMetric(errors)).toBe(1);
    hostRefuse('proxy_add_header_map_value', 0);
    hostRefuse('proxy_replace_header_map_value', Status.BadArgument);
    request(config, 'q', '1');
    expect(hostMetric(errors)).toBe(2);
    hostRefuse('proxy_replace_header_map_value', 0);
    hostRefuse('proxy_remove_header_map_value', Status.BadArgument);
    arrive('q');
    run(withTags('[{"header":"x-t","incoming":"strip"},{"header":"x-u","rules":[{"value":"u"}]}]'));
    expect(hostHeaders(REQUEST)).toBe('x-t=q; x-u=u');
    hostRefuse('proxy_remove_header_map_value', 0);
    request(config, '-', '1');
    expect(hostMetric(errors)).toBe(2);
  });

  it('makes no more calls than the budget allows', () => {
    const config = compiledCounters();
    const reads = hostCalls('proxy_get_header_map_pairs');
    const writes = hostCalls('proxy_add_header_map_value');
    request(config, '-', '1');
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(reads + 1);
    expect(hostCalls('proxy_add_header_map_value')).toBe(writes + 1);
    expect(hostCalls('proxy_get_header_map_value')).toBe(0);
    expect(hostCalls('proxy_get_property')).toBe(0);
  });

  it('echoes what the request carries on, whatever decided it', () => {
    responseInit(WAITING_SIZE);
    arrive('z');
    const text = withTags(
      '[{"header":"x-t","echo":true},{"header":"x-u","echo":true,"rules":[{"value":"u"}]},' +
        '{"header":"x-v","echo":true},{"header":"x-w","rules":[{"value":"w"}]}]',
    );
    run(text, 7);
    expect(responseWrite(7)).toBe(true);
    expect(hostWrites()).toBe('replace 2 x-t=z; replace 2 x-u=u');
    expect(responseWrite(7)).toBe(true);
    expect(hostWrites()).toBe('');
  });

  it('echoes nothing in a dry run or where no tag has a value', () => {
    arrive('z');
    const text = withTags('[{"header":"x-t","echo":true},{"header":"x-u"}]');
    run(text.replace('"direction"', '"mode":"dryRun","direction"'), 8);
    responseWrite(8);
    expect(hostWrites()).toBe('');
    arrive('-');
    run(text, 9);
    responseWrite(9);
    expect(hostWrites()).toBe('');
  });

  it('counts a tag that is too big to wait, and echoes the others', () => {
    const text = withTags(
      '[{"header":"x-t","echo":true},{"header":"x-u","echo":true,"default":"u"}]',
    );
    const errors =
      'tagalong_errors_total.policy=.=a/b/0;.;direction=.=inbound;.;kind=.=response;.;';
    run(text, 10);
    responseWrite(10);
    const before = hostMetric(errors);
    arrive('z'.repeat(500));
    run(text, 10);
    expect(hostMetric(errors)).toBe(before + 1);
    hostWrites();
    responseWrite(10);
    expect(hostWrites()).toBe('replace 2 x-u=u');
  });

  it('counts an entry that still waited when it was overwritten', () => {
    const text = withTags('[{"header":"x-t","echo":true},{"header":"x-u"}]');
    const errors =
      'tagalong_errors_total.policy=.=a/b/0;.;direction=.=inbound;.;kind=.=response;.;';
    arrive('z');
    run(text, 11);
    const before = hostMetric(errors);
    run(text, 11 + 4096);
    expect(hostMetric(errors)).toBe(before + 1);
    hostWrites();
    responseWrite(11);
    expect(hostWrites()).toBe('');
    responseWrite(11 + 4096);
    expect(hostWrites()).toBe('replace 2 x-t=z');
  });

  it('lets a request pass where the arena is full', () => {
    const config = compiledCounters();
    arrive('z');
    arenaTake(ARENA_SIZE);
    arenaTake(1 << 19);
    while (arenaTake(8) != 0) {}
    tagRequest(config, 1, readRequest(config));
    expect(hostWrites()).toBe('replace 0 x-t=d');
  });
});

/** The tag x-t after rules and headers, "-" where it has none. */
function tagged(rules: string, headers: string): string {
  const text = withTags('[{"header":"x-t","incoming":"strip","rules":[' + rules + ']}]');
  const written = handled(configured(text), headers);
  if (written == '' || written == REMOVE) return '-';
  assert(written.startsWith('add 0 x-t='), written);
  return written.substring(10);
}

const COPY = '{"name":"copy","value":{"header":"x-team"}}';

describe('tagging, copied values', () => {
  beforeEach(() => {
    hostReset();
  });

  it('are what the header says, where that can be a tag', () => {
    expect(tagged(COPY, 'x-team: blue')).toBe('blue');
    expect(tagged(COPY, 'x-team: Blue Team; v=1, é')).toBe('Blue Team; v=1, é');
    expect(tagged(COPY, '')).toBe('-');
    expect(tagged(COPY, 'x-team: ')).toBe('-');
    expect(tagged(COPY, 'x-teams: blue')).toBe('-');
  });

  it('are one, however often the header says it', () => {
    expect(tagged(COPY, 'x-team: blue\nx-team: blue')).toBe('blue');
    expect(tagged(COPY, 'x-team: blue\nx-team: red')).toBe('-');
    expect(tagged(COPY, 'x-team: blue\nx-team: ')).toBe('-');
    expect(tagged(COPY, 'x-team: \nx-team: blue')).toBe('-');
    expect(tagged(COPY, 'x-team: blue\nx-team: blue\nx-team: blu')).toBe('-');
  });

  it('have at most 256 bytes', () => {
    const most = 'b'.repeat(256);
    expect(tagged(COPY, 'x-team: ' + most)).toBe(most);
    expect(tagged(COPY, 'x-team: ' + most + 'b')).toBe('-');
    expect(tagged(COPY, 'x-team: ' + 'é'.repeat(128))).toBe('é'.repeat(128));
    expect(tagged(COPY, 'x-team: ' + 'é'.repeat(128) + 'b')).toBe('-');
  });

  it('leave it to the rules behind where there are none', () => {
    const rest = ',{"value":"rest"}';
    expect(tagged(COPY + rest, '')).toBe('rest');
    expect(tagged(COPY + rest, 'x-team: a\nx-team: b')).toBe('rest');
    expect(tagged(COPY + rest, 'x-team: a')).toBe('a');
    const when = COPY.replace('"value"', '"when":{"header":"x-a","present":true},"value"');
    expect(tagged(when + rest, 'x-team: a')).toBe('rest');
    expect(tagged(when + rest, 'x-team: a\nx-a: 1')).toBe('a');
  });

  it('are counted under the name of their header, whatever it says', () => {
    const before = max<i64>(0, decided('copy', '{x-team}'));
    tagged(COPY, 'x-team: blue');
    tagged(COPY, 'x-team: red');
    tagged(COPY, '');
    expect(decided('copy', '{x-team}')).toBe(before + 2);
    expect(decided('copy', 'blue')).toBe(-1);
  });

  it('are not those of a tag that was stripped', () => {
    const text = withTags(
      '[{"header":"x-u","rules":[{"value":{"header":"x-t"}}]},' +
        '{"header":"x-t","incoming":{"allow":["a"]},"rules":[{"value":{"header":"x-t"}}]}]',
    );
    const config = configured(text);
    expect(handled(config, 'x-t: forged')).toBe(REMOVE);
    expect(handled(config, 'x-t: a')).toBe('add 0 x-u=a');
    const alone = configured(
      withTags('[{"header":"x-t","incoming":"strip","rules":[{"value":{"header":"x-t"}}]}]'),
    );
    expect(handled(alone, 'x-t: forged')).toBe(REMOVE);
  });

  it('change nothing where they are what came', () => {
    const config = configured(
      withTags('[{"header":"x-t","incoming":"strip","rules":[' + COPY + ']}]'),
    );
    expect(handled(config, 'x-t: blue\nx-team: blue')).toBe('');
    expect(handled(config, 'x-t: red\nx-team: blue')).toBe('replace 0 x-t=blue');
  });

  it('go on as any tag: seen by later tags, carried and echoed', () => {
    const config = configured(
      withTags(
        '[{"header":"x-t","echo":true,"carry":["baggage"],"rules":[' +
          COPY +
          ']},{"header":"x-u","rules":[{"value":"seen","when":{"tag":{"x-t":"b c"}}}]}]',
      ),
    );
    expect(handled(config, 'x-team: b c')).toBe(
      'add 0 x-t=b c; add 0 x-u=seen; add 0 baggage=x-t=b%20c',
    );
    expect(answered()).toBe('replace 2 x-t=b c');
  });
});

describe('tagging, rules that only count', () => {
  beforeEach(() => {
    hostReset();
  });

  it('decide nothing, and the rules behind them do', () => {
    const dry = max<i64>(0, decided('dry', 'a', 'dryRun'));
    expect(tagged('{"name":"dry","value":"a","dryRun":true}', '')).toBe('-');
    expect(tagged('{"name":"dry","value":"a","dryRun":true},{"value":"b"}', '')).toBe('b');
    expect(decided('dry', 'a', 'dryRun')).toBe(dry + 2);
    expect(decided('dry', 'a')).toBe(-1);
    const text = withTags(
      '[{"header":"x-t","rules":[{"name":"dry","value":"a","dryRun":true}],"default":"d"}]',
    );
    expect(handled(configured(text), '')).toBe('add 0 x-t=d');
    expect(decided('dry', 'a', 'dryRun')).toBe(dry + 3);
  });

  it('count what would have matched alone', () => {
    const rule = '{"name":"some","value":"a","dryRun":true,"when":{"header":"x-a","exact":"1"}}';
    const first = '{"name":"first","value":"f","when":{"header":"x-f","present":true}},';
    const text = withTags('[{"header":"x-t","rules":[' + first + rule + ']}]');
    const config = configured(text);
    handled(config, 'x-a: 2');
    expect(decided('some', 'a', 'dryRun')).toBe(0);
    handled(config, 'x-a: 1');
    expect(decided('some', 'a', 'dryRun')).toBe(1);
    // One that is taken first keeps it from being tried; so does a tag that is kept.
    expect(handled(config, 'x-a: 1\nx-f: 1')).toBe('add 0 x-t=f');
    handled(config, 'x-a: 1\nx-t: kept');
    expect(decided('some', 'a', 'dryRun')).toBe(1);
  });

  it('leave no value behind for conditions, echo or baggage', () => {
    const config = configured(
      withTags(
        '[{"header":"x-t","echo":true,"carry":["baggage"],"rules":[{"value":"a","dryRun":true},' +
          '{"value":{"header":"x-team"},"dryRun":true}]},' +
          '{"header":"x-u","rules":[{"value":"seen","when":{"tag":{"x-t":"a"}}}]}]',
      ),
    );
    expect(handled(config, 'x-team: a')).toBe('');
    expect(answered()).toBe('');
  });

  it('are counted as such in a dry run, and those in force too', () => {
    const text = withTags(
      '[{"header":"x-t","rules":[{"name":"one","value":"o","dryRun":true},' +
        '{"name":"two","value":"o"}]}]',
    );
    const config = configured(text.replace('"direction"', '"mode":"dryRun","direction"'));
    expect(handled(config, '')).toBe('');
    expect(decided('one', 'o', 'dryRun')).toBe(1);
    expect(decided('two', 'o', 'dryRun')).toBe(1);
  });
});

/** A share of the identities in x-id, with the salt of some vectors. */
function share(percent: string, salt: string, more: string = ''): string {
  return (
    '{"value":"in","percent":' +
    percent +
    ',"salt":"' +
    salt +
    '","identity":[{"header":"x-id"}]' +
    more +
    '}'
  );
}

describe('tagging, percentages', () => {
  beforeEach(() => {
    hostReset();
  });

  // Rows of test/vectors/bucket.json.
  it('take who is below the threshold', () => {
    expect(tagged(share('1.67', 'salt-3'), 'x-id: alice')).toBe('-');
    expect(tagged(share('1.68', 'salt-3'), 'x-id: alice')).toBe('in');
    expect(tagged(share('82.81', 'salt-2'), 'x-id: alice')).toBe('-');
    expect(tagged(share('82.82', 'salt-2'), 'x-id: alice')).toBe('in');
    expect(tagged(share('0.28', 'search'), 'x-id: 16840a251bd2ab0dc407d054c99b4c73')).toBe('-');
    expect(tagged(share('0.29', 'search'), 'x-id: 16840a251bd2ab0dc407d054c99b4c73')).toBe('in');
  });

  it('take all of 100 and none of 0, and nobody without an identity', () => {
    for (let i = 0; i < 50; i++) {
      expect(tagged(share('100', 's'), 'x-id: ' + i.toString())).toBe('in');
      expect(tagged(share('0', 's'), 'x-id: ' + i.toString())).toBe('-');
    }
    expect(tagged(share('100', 's'), '')).toBe('-');
    expect(tagged(share('100', 's'), 'x-id: ')).toBe('-');
  });

  it('leave those who are not in to the rules behind', () => {
    const rest = ',{"value":"rest"}';
    expect(tagged(share('1.67', 'salt-3') + rest, 'x-id: alice')).toBe('rest');
    expect(tagged(share('1.68', 'salt-3') + rest, 'x-id: alice')).toBe('in');
    expect(tagged(share('100', 's') + rest, '')).toBe('rest');
    const text = withTags('[{"header":"x-t","rules":[' + share('0', 's') + '],"default":"d"}]');
    expect(handled(configured(text), 'x-id: alice')).toBe('add 0 x-t=d');
  });

  it('are of those who meet the condition, and have the value to copy', () => {
    const when = ',"when":{"header":"x-a","present":true}';
    expect(tagged(share('100', 's', when), 'x-id: 1')).toBe('-');
    expect(tagged(share('100', 's', when), 'x-id: 1\nx-a: 1')).toBe('in');
    const copied = share('100', 's').replace('"in"', '{"header":"x-team"}');
    expect(tagged(copied, 'x-id: 1\nx-team: blue')).toBe('blue');
    expect(tagged(copied, 'x-id: 1')).toBe('-');
    expect(tagged(copied.replace('100', '0'), 'x-id: 1\nx-team: blue')).toBe('-');
  });

  it('count those who are in', () => {
    const text = withTags(
      '[{"header":"x-t","rules":[' + share('1.68', 'salt-3', ',"name":"share"') + ']}]',
    );
    const config = configured(text);
    handled(config, 'x-id: alice');
    handled(config, 'x-id: alice');
    expect(decided('share', 'in')).toBe(2);
    handled(config, '');
    const none = configured(text.replace('1.68', '1.67'));
    handled(none, 'x-id: alice');
    expect(decided('share', 'in')).toBe(2);
  });

  it('deal alike in one policy, and anew for another header or policy', () => {
    let same = 0;
    let other = 0;
    const rule = '{"value":"in","percent":50,"identity":[{"header":"x-id"}]}';
    const one = withTags('[{"header":"x-t","rules":[' + rule + ']}]');
    const two = one.replace('a/b/0', 'a/b/1');
    const three = one.replace('a/b/0', 'a/c/0');
    for (let i = 0; i < 100; i++) {
      const id = 'x-id: ' + i.toString();
      const first = handled(configured(one), id);
      if (handled(configured(two), id) == first) same++;
      if (handled(configured(three), id) == first) other++;
    }
    expect(same).toBe(100);
    expect(other > 25 && other < 75).toBe(true);
  });
});

/** A tag x-t at a gateway, and x-a for its rules. */
function compiledCounters(): Config {
  const rules =
    '[{"name":"r 1","value":"a","when":{"header":"x-a","exact":"1"}},' +
    '{"value":"b","when":{"header":"x-a","exact":"2"}}]';
  const config = compiled(
    '{"id":"count","direction":"gateway","tags":[{"header":"x-t","incoming":{"allow":["z"]},' +
      '"rules":' +
      rules +
      ',"default":"d"}]}',
  );
  arenaReset();
  defineTagMetrics(config);
  return config;
}

function request(config: Config, values: string, a: string): void {
  arrive(values);
  hostHeader(REQUEST, 'x-a', a);
  arenaReset();
  tagRequest(config, 1, readRequest(config));
}

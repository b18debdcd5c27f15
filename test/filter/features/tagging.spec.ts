import { MapType, Status } from '../../../filter/assembly/abi/enums';
import { Config } from '../../../filter/assembly/config/layout';
import { echoInit, echoWrite } from '../../../filter/assembly/features/echo';
import { readRequest } from '../../../filter/assembly/features/request';
import { defineTagMetrics, tagRequest } from '../../../filter/assembly/features/tagging';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { compiled, withTags } from '../config/compile';
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
} from '../host';

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
      errors + 'kind=.=echo;.;',
      errors + 'kind=.=address;.;',
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
    echoInit();
    arrive('z');
    const text = withTags(
      '[{"header":"x-t","echo":true},{"header":"x-u","echo":true,"rules":[{"value":"u"}]},' +
        '{"header":"x-v","echo":true},{"header":"x-w","rules":[{"value":"w"}]}]',
    );
    run(text, 7);
    expect(echoWrite(7)).toBe(true);
    expect(hostWrites()).toBe('replace 2 x-t=z; replace 2 x-u=u');
    expect(echoWrite(7)).toBe(true);
    expect(hostWrites()).toBe('');
  });

  it('echoes nothing in a dry run or where no tag has a value', () => {
    arrive('z');
    const text = withTags('[{"header":"x-t","echo":true},{"header":"x-u"}]');
    run(text.replace('"direction"', '"mode":"dryRun","direction"'), 8);
    echoWrite(8);
    expect(hostWrites()).toBe('');
    arrive('-');
    run(text, 9);
    echoWrite(9);
    expect(hostWrites()).toBe('');
  });

  it('counts a tag that is too big to wait, and echoes the others', () => {
    const text = withTags(
      '[{"header":"x-t","echo":true},{"header":"x-u","echo":true,"default":"u"}]',
    );
    const errors = 'tagalong_errors_total.policy=.=a/b/0;.;direction=.=inbound;.;kind=.=echo;.;';
    run(text, 10);
    echoWrite(10);
    const before = hostMetric(errors);
    arrive('z'.repeat(300));
    run(text, 10);
    expect(hostMetric(errors)).toBe(before + 1);
    hostWrites();
    echoWrite(10);
    expect(hostWrites()).toBe('replace 2 x-u=u');
  });

  it('counts an entry that still waited when it was overwritten', () => {
    const text = withTags('[{"header":"x-t","echo":true},{"header":"x-u"}]');
    const errors = 'tagalong_errors_total.policy=.=a/b/0;.;direction=.=inbound;.;kind=.=echo;.;';
    arrive('z');
    run(text, 11);
    const before = hostMetric(errors);
    run(text, 11 + 4096);
    expect(hostMetric(errors)).toBe(before + 1);
    hostWrites();
    echoWrite(11);
    expect(hostWrites()).toBe('');
    echoWrite(11 + 4096);
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

import { CONFIG_SIZE_MAX } from '../../../filter/assembly/config/config';
import { Direction, Mode, ReadPlan } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, withTags, withWhen } from './compile';

const HEAD = '{"id":"shop/checkout/0","direction":"inbound"';

/** A configuration that fills its area but for some bytes, ending in conditions of every kind. */
function nearlyFull(pad: i32): string {
  let when = '{"any":[{"header":"x","present":true}';
  when += (',{"header":"x","contains":"' + 'a'.repeat(4096) + '"}').repeat(58);
  for (; pad > 4096; pad -= 4096) when += ',{"header":"x","exact":"' + 'b'.repeat(4096) + '"}';
  when += ',{"header":"x","exact":"' + 'b'.repeat(pad) + '"}';
  when += ',{"header":"new-name","exact":"v"},{"cookie":"cookie-name","in":["one","two"]}';
  when += ',{"query":"query-name","contains":"part"},{"path":{"template":"/a/{b}"}}';
  when += ',{"ip":["10.0.0.0/8"]},{"tag":{"x-first":"f"}},{"not":{"method":["GET"]}}]}';
  return withWhen(when);
}

function plan(text: string): u8 {
  return compiled(text).readPlan;
}

describe('config', () => {
  it('compiles the least that it can be', () => {
    const config = compiled(HEAD + '}');
    expect(read(config.idPtr, config.idSize)).toBe('shop/checkout/0');
    expect(config.direction).toBe(<u8>Direction.Inbound);
    expect(config.mode).toBe(<u8>Mode.Enforce);
    expect(config.tagCount).toBe(0);
    expect(config.responds).toBe(false);
  });

  it('keeps the text as it came, whatever was folded while it was read', () => {
    const text = HEAD + ',"tags":[{"header":"X-Tag","default":"\\u0041"}]}';
    const config = compiled(text);
    expect(read(config.textPtr, config.textSize)).toBe(text);
  });

  it('knows three directions and three modes', () => {
    expect(compiled('{"id":"a","direction":"gateway"}').direction).toBe(<u8>Direction.Gateway);
    expect(compiled('{"id":"a","direction":"outbound"}').direction).toBe(<u8>Direction.Outbound);
    expect(compiled(HEAD + ',"mode":"enforce"}').mode).toBe(<u8>Mode.Enforce);
    expect(compiled(HEAD + ',"mode":"dryRun"}').mode).toBe(<u8>Mode.DryRun);
    expect(compiled(HEAD + ',"mode":"disabled"}').mode).toBe(<u8>Mode.Disabled);
  });

  it('refuses what is no configuration', () => {
    expect(fault('')).toBe('$: found no text at all, wanted a JSON object');
    expect(fault('[]')).toBe(
      '$: found an empty array, wanted an object with the keys id direction mode client paths tags ' +
        'limits propagate',
    );
    expect(fault('{}')).toBe('$: found no such key there, wanted id: NAMESPACE/POLICY/ENTRY');
    expect(fault('{"id":"a"}')).toBe(
      '$: found no such key there, wanted direction: "gateway", "inbound" or "outbound"',
    );
    expect(fault(HEAD + ',"Mode":1}')).toBe(
      '$: found the key "Mode", wanted one of: id direction mode client paths tags limits propagate',
    );
    expect(fault(HEAD + ',"id":"b"}')).toBe('$: found twice the key "id", wanted it once');
    expect(fault(HEAD)).toBe('$: found the end of the text, wanted "," or "}"');
  });

  it('refuses ids, directions and modes that are none', () => {
    expect(fault('{"id":"","direction":"inbound"}')).toBe(
      '$.id: found "", wanted an id such as shop/checkout/0',
    );
    expect(fault('{"id":["a"],"direction":"inbound"}')).toBe(
      '$.id: found an array, wanted an id such as shop/checkout/0',
    );
    expect(fault('{"id":"' + 'a'.repeat(257) + '","direction":"inbound"}')).toBe(
      '$.id: found a longer text, wanted at most 256 bytes',
    );
    const directions = ', wanted "gateway", "inbound" or "outbound"';
    expect(fault('{"id":"a","direction":"sidecar"}')).toBe(
      '$.direction: found "sidecar"' + directions,
    );
    expect(fault('{"id":"a","direction":1}')).toBe('$.direction: found 1' + directions);
    expect(fault('{"id":"a","direction":""}')).toBe('$.direction: found ""' + directions);
    const modes = ', wanted "enforce", "dryRun" or "disabled"';
    expect(fault(HEAD + ',"mode":"off"}')).toBe('$.mode: found "off"' + modes);
    expect(fault(HEAD + ',"mode":false}')).toBe('$.mode: found false' + modes);
    expect(fault(HEAD + ',"mode":""}')).toBe('$.mode: found ""' + modes);
  });

  it('reads no header where none is needed', () => {
    expect(plan(HEAD + '}')).toBe(<u8>ReadPlan.Nothing);
    expect(plan(withTags('[]'))).toBe(<u8>ReadPlan.Nothing);
    const disabled = HEAD + ',"mode":"disabled","tags":[{"header":"x"},{"header":"y"}]}';
    expect(plan(disabled)).toBe(<u8>ReadPlan.Nothing);
  });

  it('reads a tag that is stripped alone, all else at once', () => {
    expect(plan(withTags('[{"header":"x","incoming":"strip"}]'))).toBe(<u8>ReadPlan.Single);
    expect(plan('{"id":"a","direction":"gateway","tags":[{"header":"x"}]}')).toBe(
      <u8>ReadPlan.Single,
    );
    expect(plan(withTags('[{"header":"x","incoming":"trust"}]'))).toBe(<u8>ReadPlan.Pairs);
    expect(plan(withTags('[{"header":"x","incoming":{"allow":["a"]}}]'))).toBe(<u8>ReadPlan.Pairs);
    expect(
      plan(withTags('[{"header":"x","incoming":"strip"},{"header":"y","incoming":"strip"}]')),
    ).toBe(<u8>ReadPlan.Pairs);
    const byPath =
      '[{"header":"x","incoming":"strip","rules":[{"value":"v","when":{"path":{"exact":"/"}}}]}]';
    expect(plan(withTags(byPath))).toBe(<u8>ReadPlan.Pairs);
    const byAddress =
      '[{"header":"x","incoming":"strip","rules":[{"value":"v","when":{"ip":["::1"]}}]}]';
    expect(plan(withTags(byAddress))).toBe(<u8>ReadPlan.Single);
    expect(plan('{"id":"a","direction":"inbound","mode":"dryRun","tags":[{"header":"x"}]}')).toBe(
      <u8>ReadPlan.Pairs,
    );
  });

  it('refuses what does not fit into an area once it is compiled', () => {
    // A text of 4,000 bytes becomes as many of an operand and twice as many of its search table.
    expect(CONFIG_SIZE_MAX).toBe(256 << 10);
    const wanted =
      '$: found more than fits into 1 MiB once compiled, wanted a smaller configuration';
    const operand = '"' + 'a'.repeat(4000) + '"';
    const part = '{"header":"x","contains":' + operand + '}';
    let list = part;
    for (let i = 0; i < 60; i++) list += ',' + part;
    const text = withWhen('{"any":[' + list + ']}');
    expect(text.length < <i32>CONFIG_SIZE_MAX).toBe(true);
    expect(fault(text)).toBe('');
    list += (',' + part).repeat(40);
    expect(fault(withWhen('{"any":[' + list + ']}'))).toBe(wanted);
  });

  it('says that the area is full wherever it becomes so', () => {
    // A name that found no room was said to be one of too many headers.
    const wanted =
      '$: found more than fits into 1 MiB once compiled, wanted a smaller configuration';
    let pad = 0;
    while (fault(nearlyFull(pad)).length == 0) pad += 512;
    // From the last one that fits down, the end of the area wanders through the last conditions.
    let full = 0;
    for (let step = 0; step < 160; step++) {
      const found = fault(nearlyFull(pad - 8 * step));
      if (found.length == 0) continue;
      full++;
      if (found != wanted) expect(found).toBe(wanted);
    }
    expect(full > 0).toBe(true);
    for (let step = 0; step < 160; step++) {
      const found = fault(nearlyFull(pad + 8 * step));
      if (found != wanted) expect(found).toBe(wanted);
    }
  });

  it('compiles a later configuration as if there had been none before', () => {
    fault(HEAD + ',"mode":"off"}');
    const config = compiled(HEAD + ',"mode":"dryRun"}');
    expect(config.mode).toBe(<u8>Mode.DryRun);
    expect(fault(withTags('[{"header":"x-a"},{"header":"x-a"}]')).length > 0).toBe(true);
    expect(compiled(withTags('[{"header":"x-a"}]')).tagCount).toBe(1);
  });
});

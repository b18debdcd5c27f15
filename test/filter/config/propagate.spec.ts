import {
  CARRIED_MAX,
  Config,
  carriedAt,
  HeaderNames,
  nameAt,
  Propagate,
  tagAt,
} from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, namesOf } from './compile';

const TRACE_SET =
  'x-request-id traceparent tracestate b3 x-b3-traceid x-b3-spanid x-b3-parentspanid ' +
  'x-b3-sampled x-b3-flags x-ot-span-context';

function withPropagate(propagate: string, tags: string = '[]', id: string = 'a/b/0'): string {
  return (
    '{"id":"' + id + '","direction":"inbound","tags":' + tags + ',"propagate":' + propagate + '}'
  );
}

/** The Config lives as long as its Propagate. */
function propagate(text: string): Propagate {
  return changetype<Propagate>(compiled(text).propagate);
}

/** The fault, without the path to the section. */
function refused(section: string): string {
  const shown = fault(withPropagate(section));
  return shown.startsWith('$.propagate') ? shown.substring(11) : shown;
}

/** Numbers of one byte each. */
function bytes(ptr: usize, count: u32): string {
  let shown = '';
  for (let i: u32 = 0; i < count; i++) shown += load<u8>(ptr + i).toString();
  return shown;
}

function keys(section: string): string {
  const it = propagate(withPropagate(section));
  return bytes(changetype<usize>(it), it.keyCount);
}

function formats(section: string): string {
  const it = propagate(withPropagate(section));
  const at = changetype<usize>(it);
  return bytes(at + 3, it.readCount) + '>' + bytes(at + 6, it.writeCount);
}

/** Carried headers, each with the tag that it is. */
function carried(text: string): string {
  const config: Config = compiled(text);
  const it = changetype<Propagate>(config.propagate);
  let shown = '';
  for (let i: u32 = 0; i < it.carriedCount; i++) {
    const one = carriedAt(it, i);
    const name = nameAt(changetype<HeaderNames>(config.names), one.index);
    if (i > 0) shown += ' ';
    shown += read(name.ptr, name.size);
    if (one.tag != 0) {
      expect(tagAt(config, one.tag - 1).index).toBe(one.index);
      shown += '*';
    }
  }
  return shown;
}

function array(count: i32): string {
  let shown = '';
  for (let i = 0; i < count; i++) shown += (i > 0 ? ',' : '') + '"x-h' + i.toString() + '"';
  return '[' + shown + ']';
}

function slots(capacity: string): u32 {
  return propagate(withPropagate('{"capacity":' + capacity + '}')).slotMask + 1;
}

function seconds(ttl: string): u64 {
  return propagate(withPropagate('{"ttl":"' + ttl + '"}')).ttlNs / 1_000_000_000;
}

describe('propagate', () => {
  it('has defaults for everything', () => {
    const it = propagate(withPropagate('{}'));
    expect(keys('{}')).toBe('012');
    expect(formats('{}')).toBe('012>12');
    expect(it.ttlNs).toBe(60_000_000_000);
    expect(it.slotMask).toBe(2047);
    expect(it.makeRequestId).toBe(false);
    expect(it.carriedCount).toBe(0);
    expect(compiled('{"id":"a/b/0","direction":"inbound"}').propagate).toBe(0);
  });

  it('needs the headers of the trace set, behind those that are carried', () => {
    expect(namesOf(compiled(withPropagate('{}')))).toBe(TRACE_SET);
    expect(namesOf(compiled(withPropagate('{"headers":["x-a"]}')))).toBe('x-a ' + TRACE_SET);
    const config = compiled(withPropagate('{}', '[{"header":"x-t"}]'));
    const it = changetype<Propagate>(config.propagate);
    const names = changetype<HeaderNames>(config.names);
    const wanted = TRACE_SET.split(' ');
    const found = [
      it.requestId,
      it.traceparent,
      it.tracestate,
      it.b3,
      it.b3TraceId,
      it.b3SpanId,
      it.b3ParentSpanId,
      it.b3Sampled,
      it.b3Flags,
      it.otSpanContext,
    ];
    for (let i = 0; i < wanted.length; i++) {
      const name = nameAt(names, found[i]);
      expect(read(name.ptr, name.size)).toBe(wanted[i]);
    }
  });

  it('carries the tags unless it names headers', () => {
    const tags = '[{"header":"x-t"},{"header":"x-u"}]';
    expect(carried(withPropagate('{}', tags))).toBe('x-t* x-u*');
    expect(carried(withPropagate('{"headers":[]}', tags))).toBe('');
    expect(carried(withPropagate('{"headers":["X-Team","x-u"]}', tags))).toBe('x-team x-u*');
    expect(carried(withPropagate('{"headers":["baggage"]}', tags))).toBe('baggage');
  });

  it('carries sixteen headers and no more', () => {
    expect(carried(withPropagate('{"headers":' + array(CARRIED_MAX) + '}')).length).toBe(
      10 * 5 + 6 * 6 - 1,
    );
    expect(refused('{"headers":' + array(CARRIED_MAX + 1) + '}')).toBe(
      '.headers: found more headers, wanted at most 16',
    );
  });

  it('refuses headers that are of the trace set, secrets, or of one hop', () => {
    const never = (
      TRACE_SET +
      ' authorization proxy-authorization cookie set-cookie x-forwarded-for forwarded connection ' +
      'keep-alive proxy-connection te trailer upgrade transfer-encoding content-length ' +
      'content-type expect'
    ).split(' ');
    for (let i = 0; i < never.length; i++) {
      const name = never[i].toUpperCase();
      expect(refused('{"headers":["x-a","' + name + '"]}')).toBe(
        '.headers[1]: found "' +
          never[i] +
          '", wanted a header that is not of the trace set, no secret, and not of one hop',
      );
    }
    expect(refused('{"headers":["x-authorization"]}')).toBe('');
  });

  it('refuses headers that are none, or stand twice', () => {
    expect(refused('{"headers":"x-a"}')).toBe(
      '.headers: found "x-a", wanted an array of header names',
    );
    expect(refused('{"headers":["x-a","X-A"]}')).toBe(
      '.headers[1]: found "x-a", wanted each header once',
    );
    const name = 'wanted the name of a header (letters, digits and -; not a pseudo-header)';
    expect(refused('{"headers":[":path"]}')).toBe('.headers[0]: found ":path", ' + name);
    expect(refused('{"headers":[7]}')).toBe('.headers[0]: found 7, ' + name);
    expect(refused('{"headers":["host"]}')).toBe(
      '.headers[0]: found "host", wanted another header: Envoy keeps this one as :authority',
    );
  });

  it('knows three keys, in any order', () => {
    expect(keys('{"key":["b3"]}')).toBe('2');
    expect(keys('{"key":["b3","traceparent","x-request-id"]}')).toBe('210');
    expect(keys('{"key":["traceparent","x-request-id"]}')).toBe('10');
  });

  it('refuses keys that are none, twice, or no array', () => {
    const words = 'x-request-id traceparent b3';
    expect(refused('{"key":"b3"}')).toBe('.key: found "b3", wanted an array of: ' + words);
    expect(refused('{"key":[]}')).toBe(
      '.key: found an empty array, wanted at least one of: ' + words,
    );
    expect(refused('{"key":["b3","b3"]}')).toBe('.key[1]: found "b3", wanted each once');
    expect(refused('{"key":["tracestate"]}')).toBe(
      '.key[0]: found "tracestate", wanted one of: ' + words,
    );
    expect(refused('{"key":[1]}')).toBe('.key[0]: found 1, wanted one of: ' + words);
    expect(refused('{"key":[""]}')).toBe('.key[0]: found "", wanted one of: ' + words);
    expect(refused('{"key":["x-request-id","traceparent","b3","b3"]}')).toBe(
      '.key[3]: found "b3", wanted each once',
    );
  });

  it('reads and writes three formats, in any order', () => {
    expect(formats('{"formats":{}}')).toBe('012>12');
    expect(formats('{"formats":{"read":["w3c"]}}')).toBe('2>12');
    expect(formats('{"formats":{"write":["b3"]}}')).toBe('012>0');
    expect(formats('{"formats":{"read":["w3c","b3"],"write":["w3c","b3multi","b3"]}}')).toBe(
      '20>210',
    );
    expect(formats('{"formats":{"read":[],"write":[]}}')).toBe('>');
  });

  it('refuses formats that are none, twice, or no array', () => {
    const words = 'b3 b3multi w3c';
    expect(refused('{"formats":["b3"]}')).toBe(
      '.formats: found an array, wanted an object with the keys read write',
    );
    expect(refused('{"formats":{"reads":[]}}')).toBe(
      '.formats: found the key "reads", wanted one of: read write',
    );
    const sides = ['read', 'write'];
    for (let i = 0; i < 2; i++) {
      const side = '.formats.' + sides[i];
      const open = '{"formats":{"' + sides[i] + '":';
      expect(refused(open + '"b3"}}')).toBe(side + ': found "b3", wanted an array of: ' + words);
      expect(refused(open + '["B3"]}}')).toBe(side + '[0]: found "B3", wanted one of: ' + words);
      expect(refused(open + '["b3","w3c","b3"]}}')).toBe(
        side + '[2]: found "b3", wanted each once',
      );
    }
  });

  it('makes request ids if it is told to', () => {
    expect(propagate(withPropagate('{"makeRequestId":true}')).makeRequestId).toBe(true);
    expect(propagate(withPropagate('{"makeRequestId":false}')).makeRequestId).toBe(false);
    expect(refused('{"makeRequestId":"yes"}')).toBe(
      '.makeRequestId: found "yes", wanted true or false',
    );
  });

  it('remembers from a second to an hour', () => {
    expect(seconds('1s')).toBe(1);
    expect(seconds('90s')).toBe(90);
    expect(seconds('60m')).toBe(3600);
    expect(seconds('1h')).toBe(3600);
    const wanted = ', wanted a time such as 60s, at most 1h';
    expect(refused('{"ttl":"0s"}')).toBe('.ttl: found "0s"' + wanted);
    expect(refused('{"ttl":"3601s"}')).toBe('.ttl: found "3601s"' + wanted);
    expect(refused('{"ttl":"61m"}')).toBe('.ttl: found "61m"' + wanted);
    expect(refused('{"ttl":60}')).toBe('.ttl: found 60' + wanted);
  });

  it('has a slot for four requests, and a power of two of them', () => {
    expect(slots('64')).toBe(16);
    expect(slots('65')).toBe(32);
    expect(slots('128')).toBe(32);
    expect(slots('8191')).toBe(2048);
    expect(slots('32769')).toBe(16384);
    expect(slots('65536')).toBe(16384);
  });

  it('refuses a capacity that is too small, too large, or no whole number', () => {
    const wrong = ['63', '0', '65537', '100000', '1000000', '-64', '64.0', '6.4e1', '"64"', 'null'];
    for (let i = 0; i < wrong.length; i++) {
      const found = wrong[i];
      expect(refused('{"capacity":' + found + '}')).toBe(
        '.capacity: found ' + found + ', wanted a whole number from 64 to 65536',
      );
    }
  });

  it('names its store by namespace and policy, for both directions and every entry', () => {
    const one = propagate(withPropagate('{}', '[]', 'shop/carry/0'));
    expect(read(one.slotPtr, one.slotSize)).toBe('tagalong/1/propagate/shop/carry/0000');
    expect(read(one.writersPtr, one.writersSize)).toBe('tagalong/1/writers/shop/carry');
    const hash = one.policyHash;
    const text = withPropagate('{}', '[]', 'shop/carry/1').replace('inbound', 'outbound');
    const same = propagate(text);
    expect(read(same.slotPtr, same.slotSize)).toBe('tagalong/1/propagate/shop/carry/0000');
    expect(same.policyHash).toBe(hash);
    const other = propagate(withPropagate('{}', '[]', 'shop/carr/0'));
    expect(read(other.slotPtr, other.slotSize)).toBe('tagalong/1/propagate/shop/carr/0000');
    expect(other.policyHash == hash).toBe(false);
    const plain = propagate(withPropagate('{}', '[]', 'plain'));
    expect(read(plain.slotPtr, plain.slotSize)).toBe('tagalong/1/propagate/plain/0000');
  });

  it('is an object of known keys, at a sidecar', () => {
    expect(refused('[]')).toBe(
      ': found an empty array, wanted an object with the keys ' +
        'key headers formats makeRequestId capacity ttl',
    );
    expect(refused('{"keys":[]}')).toBe(
      ': found the key "keys", wanted one of: key headers formats makeRequestId capacity ttl',
    );
    expect(fault(withPropagate('{}').replace('inbound', 'gateway'))).toBe(
      '$.propagate: found "propagate" at a gateway, ' +
        'wanted a sidecar: there is no application to get through',
    );
    expect(fault(withPropagate('{}').replace('inbound', 'outbound'))).toBe('');
  });

  it('is refused where the names of a policy are too many', () => {
    // Ten of 256 are those of the trace set.
    let rules = '';
    for (let i = 0; i < 245; i++) {
      rules += '{"value":"v","when":{"header":"h-' + i.toString() + '","present":true}},';
    }
    const tags = '[{"header":"x-t","rules":[' + rules + '{"value":"v"}]}]';
    expect(fault(withPropagate('{}', tags))).toBe('');
    const more = tags.replace('{"value":"v"}]', '{"value":{"header":"more"}}]');
    expect(fault(withPropagate('{}', more))).toBe(
      '$: found more than 256 different headers, wanted fewer of them',
    );
  });
});

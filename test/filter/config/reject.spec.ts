import { sliceAt } from '../../../filter/assembly/bytes/slice';
import { Limit } from '../../../filter/assembly/config/layout';
import { read } from '../support';
import { compiled, fault, onlyLimit, withLimit } from './compile';

const AT = '$.limits[0].';

/** The fault of `reject` and `reply`, without the path to them. */
function refused(members: string): string {
  const shown = fault(withLimit(members));
  return shown.startsWith(AT) ? shown.substring(AT.length) : shown;
}

function rejects(reject: string): string {
  return refused('"reject":' + reject);
}

function limit(members: string): Limit {
  return onlyLimit(compiled(withLimit(members)));
}

function body(found: Limit): string {
  return read(found.bodyPtr, found.bodySize);
}

/** Names and values by turns. */
function headers(found: Limit): string {
  let shown = '';
  let size: u32 = 0;
  for (let i: u32 = 0; i < found.headerCount; i++) {
    const name = sliceAt(found.headers, i * 2);
    const value = sliceAt(found.headers, i * 2 + 1);
    shown += read(name.ptr, name.size) + '=' + read(value.ptr, value.size) + '\n';
    size += name.size + value.size;
  }
  assert(size == found.headersSize);
  return shown;
}

/** So many headers. */
function many(count: u32): string {
  let list = '';
  for (let i: u32 = 0; i < count; i++) list += (i > 0 ? ',' : '') + '"h' + i.toString() + '":"v"';
  return '{"headers":{' + list + '}}';
}

describe('reject', () => {
  it('is 429 with a few words, unless something else is said', () => {
    const found = limit('');
    expect(found.status).toBe(429);
    expect(body(found)).toBe('rate limit exceeded');
    expect(found.headerCount).toBe(0);
    expect(found.headersSize).toBe(0);
    const empty = limit('"reject":{}');
    expect(empty.status).toBe(429);
    expect(body(empty)).toBe('rate limit exceeded');
  });

  it('has the status that it is given', () => {
    expect(limit('"reject":{"status":503}').status).toBe(503);
    expect(limit('"reject":{"status":400}').status).toBe(400);
    expect(limit('"reject":{"status":599}').status).toBe(599);
    const wanted = ', wanted a status from 400 to 599';
    expect(rejects('{"status":399}')).toBe('reject.status: found 399' + wanted);
    expect(rejects('{"status":600}')).toBe('reject.status: found 600' + wanted);
    expect(rejects('{"status":200}')).toBe('reject.status: found 200' + wanted);
    expect(rejects('{"status":"429"}')).toBe('reject.status: found "429"' + wanted);
  });

  it('has the body that it is given, bytes of any kind', () => {
    expect(body(limit('"reject":{"body":"{\\"error\\":\\"é\\\\n\\"}"}'))).toBe('{"error":"é\\n"}');
    expect(limit('"reject":{"body":""}').bodySize).toBe(0);
    expect(limit('"reject":{"body":"' + 'b'.repeat(4096) + '"}').bodySize).toBe(4096);
    expect(rejects('{"body":"' + 'b'.repeat(4097) + '"}')).toBe(
      'reject.body: found a longer text, wanted at most 4096 bytes',
    );
    expect(rejects('{"body":null}')).toBe(
      'reject.body: found null, wanted a text, at most 4096 bytes',
    );
  });

  it('has the headers that it is given, lower-cased and in their order', () => {
    const found = limit('"reject":{"headers":{"X-B":"c d","content-type":"A/b","x-a":"é"}}');
    expect(found.headerCount).toBe(3);
    expect(headers(found)).toBe('x-b=c d\ncontent-type=A/b\nx-a=é\n');
    expect(limit('"reject":{"headers":{}}').headerCount).toBe(0);
    expect(limit('"reject":' + many(16)).headerCount).toBe(16);
    expect(rejects(many(17))).toBe('reject.headers: found more headers, wanted at most 16');
    expect(rejects('{"headers":[]}')).toBe(
      'reject.headers: found an empty array, wanted an object of headers and their values',
    );
  });

  it("refuses headers that are another's, and such as no header is", () => {
    const names = [
      'retry-after',
      'RateLimit',
      'ratelimit-policy',
      'X-RateLimit-Limit',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'content-length',
      'transfer-encoding',
      'connection',
      'keep-alive',
      'te',
      'trailer',
      'upgrade',
      'proxy-connection',
      'date',
      'server',
      'grpc-status',
      'Grpc-Message',
      '',
      ':status',
      'a b',
      'é',
    ];
    const wanted =
      ", wanted headers (letters, digits and -) that are neither the filter's nor the hop's";
    for (let i = 0; i < names.length; i++) {
      const shown = names[i] == 'é' ? '\\xc3\\xa9' : names[i].toLowerCase();
      expect(rejects('{"headers":{"x-a":"b","' + names[i] + '":"v"}}')).toBe(
        'reject.headers: found the header "' + shown + '"' + wanted,
      );
    }
    expect(rejects('{"headers":{"retry-afte":"v","ratelimit-":"v","tea":"v"}}')).toBe('');
  });

  it('refuses a header twice, in whatever case', () => {
    expect(rejects('{"headers":{"x-a":"b","x-b":"b","X-A":"c"}}')).toBe(
      'reject.headers.x-a: found "c", wanted each header once',
    );
    expect(rejects('{"headers":{"x-a":"b","x-a":"b"}}')).toBe(
      'reject.headers.x-a: found "b", wanted each header once',
    );
  });

  it('refuses values that would end a header, or lose a blank', () => {
    const wanted = ', wanted a value for the header: visible text, no blank at its ends';
    const wrong = ['', ' a', 'a ', 'a\\r\\nb: c', 'a\\tb', '\\u0000', '\x7f'];
    const shown = ['', ' a', 'a ', 'a\\x0d\\x0ab: c', 'a\\x09b', '\\x00', '\\x7f'];
    for (let i = 0; i < wrong.length; i++) {
      expect(rejects('{"headers":{"x-a":"' + wrong[i] + '"}}')).toBe(
        'reject.headers.x-a: found "' + shown[i] + '"' + wanted,
      );
    }
    expect(rejects('{"headers":{"x-a":1}}')).toBe('reject.headers.x-a: found 1' + wanted);
    expect(rejects('{"headers":{"x-a":"' + 'v'.repeat(4096) + '"}}')).toBe('');
    expect(rejects('{"headers":{"x-a":"' + 'v'.repeat(4097) + '"}}')).toBe(
      'reject.headers.x-a: found a longer text, wanted at most 4096 bytes',
    );
  });

  it('refuses what it does not know', () => {
    expect(rejects('429')).toBe(
      'reject: found 429, wanted an object with the keys status body headers',
    );
    expect(rejects('{"code":429}')).toBe(
      'reject: found the key "code", wanted one of: status body headers',
    );
  });
});

describe('reply', () => {
  it('adds no jitter and tells nothing on success, unless something else is said', () => {
    const found = limit('"reply":{}');
    expect(found.jitterSeconds).toBe(0);
    expect(found.onSuccess).toBe(false);
    expect(limit('"reply":{"onSuccess":true}').onSuccess).toBe(true);
    expect(limit('"reply":{"onSuccess":false}').onSuccess).toBe(false);
    expect(refused('"reply":{"onSuccess":1}')).toBe(
      'reply.onSuccess: found 1, wanted true or false',
    );
  });

  it('has a jitter of at most an hour', () => {
    expect(limit('"reply":{"jitter":"0s"}').jitterSeconds).toBe(0);
    expect(limit('"reply":{"jitter":"5s"}').jitterSeconds).toBe(5);
    expect(limit('"reply":{"jitter":"2m"}').jitterSeconds).toBe(120);
    expect(limit('"reply":{"jitter":"1h"}').jitterSeconds).toBe(3600);
    const wanted = ', wanted a time such as 5s, at most 1h';
    expect(refused('"reply":{"jitter":"3601s"}')).toBe('reply.jitter: found "3601s"' + wanted);
    expect(refused('"reply":{"jitter":"2h"}')).toBe('reply.jitter: found "2h"' + wanted);
    expect(refused('"reply":{"jitter":5}')).toBe('reply.jitter: found 5' + wanted);
    expect(refused('"reply":{"jitter":""}')).toBe('reply.jitter: found ""' + wanted);
  });

  it('refuses what it does not know', () => {
    expect(refused('"reply":true')).toBe(
      'reply: found true, wanted an object with the keys jitter onSuccess',
    );
    expect(refused('"reply":{"jiter":"1s"}')).toBe(
      'reply: found the key "jiter", wanted one of: jitter onSuccess',
    );
  });
});

// Responses found in whatever pieces they come in, and judged.

import { describe, expect, it } from 'vitest';
import { AnswerReader } from '../../bench/src/load/answers.js';
import { PreparedRequests, pack, type Request } from '../../bench/src/load/requests.js';
import { Tally } from '../../bench/src/load/tally.js';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-tag: a\r\n\r\nok';
const NODE = 'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n';
const EMPTY = 'HTTP/1.1 204 No Content\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

/** Reads as from a socket: each piece at the beginning of the same buffer. */
function read(pieces: readonly string[], buffer = Buffer.alloc(1024)) {
  const reader = new AnswerReader();
  const seen: [status: number, text: string][] = [];
  const sink = {
    answer: (status: number, bytes: Buffer, start: number, end: number) =>
      void seen.push([status, bytes.toString('latin1', start, end)]),
  };
  const readable = pieces.map((piece) => reader.read(buffer, buffer.write(piece, 'latin1'), sink));
  return { seen, readable: readable.every(Boolean) };
}

describe('answers', () => {
  const all = OK + CONTINUE + NODE + EMPTY + OK;
  const wanted = [
    [200, OK],
    [429, NODE],
    [204, EMPTY],
    [200, OK],
  ];

  it('are found one behind the other', () => {
    expect(read([all])).toEqual({ seen: wanted, readable: true });
  });

  it('are found wherever they are cut in two', () => {
    for (let cut = 1; cut < all.length; cut++) {
      expect(read([all.slice(0, cut), all.slice(cut)])).toEqual({ seen: wanted, readable: true });
    }
  });

  it('are found byte by byte', () => {
    expect(read([...all])).toEqual({ seen: wanted, readable: true });
  });

  it('are not found in what an older piece left behind this one', () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-len';
    expect(read([OK, head]).seen).toEqual([[200, OK]]);
    expect(read([OK, head, 'gth: 0\r\n\r\n']).seen).toEqual([
      [200, OK],
      [200, `${head}gth: 0\r\n\r\n`],
    ]);
    // With what is behind it, it would be a 200 of no size.
    expect(read([EMPTY, 'HTTP/1.1 200'])).toEqual({ seen: [[204, EMPTY]], readable: true });
  });

  it.each([
    ['of no size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['whose size is in the next one', `HTTP/1.1 200 OK\r\nx: y\r\n\r\n${OK}`],
    ['of a size that is no number', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n'],
    ['without a status', 'HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n'],
    ['that are none', 'hello\r\n\r\n'],
  ])('%s are unreadable', (_, text) => {
    expect(read([text])).toEqual({ seen: [], readable: false });
  });
});

describe('the tally', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\n\r\n');

  function judged(request: Partial<Request>, text: string, behind = '') {
    const tally = new Tally();
    const requests = new PreparedRequests(pack([{ bytes, ...request }]));
    tally.answer(requests.of(0), 200, Buffer.from(text + behind), 0, text.length);
    return tally.answers(1);
  }

  it('takes what is expected', () => {
    const wanted = { statuses: { 200: 1 }, answered: 1, wrong: 0, lost: 0 };
    expect(judged({}, OK)).toMatchObject(wanted);
    expect(judged({ expect: { contains: ['x-tag: a\r\n', 'ok'] } }, OK)).toMatchObject(wanted);
  });

  it('keeps what is not, with its request', () => {
    const firstWrong = `${bytes}${OK}`;
    expect(judged({ expect: { status: 201 } }, OK)).toMatchObject({ wrong: 1, firstWrong });
    const contains = ['ok', 'x-tag: b'];
    expect(judged({ expect: { contains } }, OK)).toMatchObject({ wrong: 1, firstWrong });
  });

  it('keeps the first of several', () => {
    const tally = new Tally();
    for (const text of ['one', 'two']) tally.wrong(undefined, Buffer.from(text), 0, 3);
    expect(tally.answers(0)).toMatchObject({ wrong: 2, firstWrong: 'one' });
  });

  it('looks for nothing behind the end of an answer', () => {
    for (const contains of [['x-more'], ['okx']]) {
      expect(judged({ expect: { contains } }, OK, 'x-more')).toMatchObject({ wrong: 1 });
    }
  });
});

describe('requests', () => {
  const all = ['a', 'bb', 'ccc'].map((text) => ({ bytes: Buffer.from(text) }));
  const prepared = new PreparedRequests(structuredClone(pack(all, { status: 204 })));

  it('come in turn', () => {
    const texts = [0, 1, 2, 3, 7].map((turn) => prepared.of(turn).bytes.toString());
    expect(texts).toEqual(['a', 'bb', 'ccc', 'a', 'bb']);
    expect(prepared.of(2).status).toBe(204);
  });

  it('come several at once, round the end too', () => {
    expect(prepared.bytes(0, 3).toString()).toBe('abbccc');
    expect(prepared.bytes(1, 2).toString()).toBe('bbccc');
    expect(prepared.bytes(5, 2).toString()).toBe('ccca');
  });

  it('are some, and have bytes', () => {
    expect(() => pack([])).toThrow(RangeError);
    expect(() => pack([{ bytes: Buffer.alloc(0) }])).toThrow(RangeError);
  });
});

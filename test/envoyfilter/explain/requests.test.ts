import { describe, expect, it } from 'vitest';
import { readRequests } from '../../../envoyfilter/src/explain/requests.js';
import { RequestSyntaxError } from '../../../envoyfilter/src/explain/sent-request.js';

const HAR = {
  log: {
    version: '1.2',
    entries: [
      {
        startedDateTime: '2026-11-21T10:00:00.000Z',
        request: {
          method: 'GET',
          url: 'https://shop.example/cart?a=1#top',
          headers: [
            { name: ':authority', value: 'shop.example' },
            { name: ':method', value: 'GET' },
            { name: ':path', value: '/cart?a=1' },
            { name: 'Cookie', value: 'uid=nora' },
          ],
        },
      },
      {
        startedDateTime: '2026-11-21T10:00:00.250Z',
        request: {
          method: 'POST',
          url: 'http://shop.example:8080/login',
          headers: [{ name: 'Host', value: 'other.example' }],
          postData: { mimeType: 'text/plain', text: 'hello' },
        },
      },
    ],
  },
};

describe('a file of requests', () => {
  it('is lines of curl', () => {
    const text = "# two\ncurl http://h/a \\\n -H 'x: 1'\n\nPOST /b\n";
    expect(readRequests(text, 'r.txt')).toEqual([
      { method: 'GET', path: '/a', authority: 'h', headers: [['x', '1']], source: 'r.txt:2' },
      { method: 'POST', path: '/b', headers: [], source: 'r.txt:5' },
    ]);
  });

  it('is an HTTP archive, with its times', () => {
    expect(readRequests(JSON.stringify(HAR), 'r.har')).toEqual([
      {
        method: 'GET',
        path: '/cart?a=1',
        authority: 'shop.example',
        headers: [['cookie', 'uid=nora']],
        atMs: 0,
        source: 'r.har#0',
      },
      {
        method: 'POST',
        path: '/login',
        authority: 'other.example',
        headers: [],
        body: 'hello',
        atMs: 250,
        source: 'r.har#1',
      },
    ]);
  });

  it('may begin with a byte order mark', () => {
    expect(readRequests('\ufeffcurl /a\n', 'r')).toMatchObject([{ path: '/a' }]);
    expect(readRequests(`\ufeff${JSON.stringify(HAR)}`, 'r')).toHaveLength(2);
  });

  it('may be long', () => {
    const [entry] = HAR.log.entries;
    const entries = Array.from({ length: 200_000 }, () => entry);
    expect(readRequests(JSON.stringify({ log: { entries } }), 'r')).toHaveLength(200_000);
  });

  it.each([
    ['curl /a\ncurl --no-such /b', 'r:2: found --no-such'],
    ["curl /a\n\ncurl '/b", 'r:3: a quote is not closed'],
    ['', 'r: found no request'],
    ['# nothing\n', 'r: found no request'],
    ['[]', 'r: found JSON without log.entries'],
    ["curl -X 'A B' /", 'r:1: method: found "A B", wanted one word'],
    [
      "curl '/%41 é'",
      'r:1: path: found "/%41 é", wanted it as ASCII without blanks: /%41%20%C3%A9',
    ],
    ['curl -X post /', 'r:1: method: found "post", wanted one word in capitals'],
    ["curl -H 'a b: c' /", 'r:1: header: found "a b"'],
    ["curl / -H $'a: \\e[2J'", 'r:1: header a: found "\\u001b[2J", wanted no control'],
    ['curl http://', 'wanted a URL or a path'],
    ['get /', 'a method is in capitals'],
    [
      '{"log":{"entries":[{"request":{"url":"http://h/","method":"A B"}}]}}',
      'r: log.entries[0].request.method: found "A B"',
    ],
    ['{"log":{}}', 'r: found JSON without log.entries'],
    ['{"log":', 'r: '],
    ['{"log":{"entries":[{}]}}', 'log.entries[0].request: found no url'],
    ['{"log":{"entries":[{"request":{"url":"::"}}]}}', 'wanted a URL'],
  ])('%j is refused with its place', (text, message) => {
    expect(() => readRequests(text, 'r')).toThrow(RequestSyntaxError);
    expect(() => readRequests(text, 'r')).toThrow(message);
  });
});

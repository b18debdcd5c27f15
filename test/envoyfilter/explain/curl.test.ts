import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curlCommand, readRequest } from '../../../envoyfilter/src/explain/curl.js';
import {
  RequestSyntaxError,
  type SentRequest,
} from '../../../envoyfilter/src/explain/sent-request.js';
import { shellLines } from '../../../envoyfilter/src/explain/shell-words.js';

const read = (text: string) => readRequest(shellLines(text)[0]?.words ?? []);

describe('a command of curl', () => {
  it.each<[string, Partial<SentRequest>]>([
    [
      'curl http://shop.example/a?b=1#c',
      { method: 'GET', path: '/a?b=1', authority: 'shop.example' },
    ],
    ['curl shop.example:8080', { path: '/', authority: 'shop.example:8080' }],
    ['curl https://u:p@h/x', { path: '/x', authority: 'h' }],
    ['curl http://h?q=1', { path: '/?q=1', authority: 'h' }],
    ['curl -XPOST /a', { method: 'POST', path: '/a' }],
    ['curl -sSXPUT -L -o out /a', { method: 'PUT', path: '/a' }],
    ['curl --request=DELETE --url /a', { method: 'DELETE', path: '/a' }],
    ['curl -I /a', { method: 'HEAD' }],
    [
      'curl /a -H "X-One: 1" -H"x-two:2"',
      {
        headers: [
          ['x-one', '1'],
          ['x-two', '2'],
        ],
      },
    ],
    ["curl /a -H 'Host: other' -H 'Empty;'", { authority: 'other', headers: [['empty', '']] }],
    ["curl /a -A me -H 'User-Agent:'", { headers: [] }],
    ["curl /a -b 'uid=nora; beta=1'", { headers: [['cookie', 'uid=nora; beta=1']] }],
    [
      "curl /a -d a=1 --data-raw 'b=2'",
      {
        method: 'POST',
        body: 'a=1&b=2',
        headers: [['content-type', 'application/x-www-form-urlencoded']],
      },
    ],
    ['curl -G /a -d q=1', { method: 'GET', path: '/a?q=1', headers: [] }],
    [
      `curl /a --json '{"a":1}'`,
      {
        method: 'POST',
        headers: [
          ['content-type', 'application/json'],
          ['accept', 'application/json'],
        ],
      },
    ],
    ['curl /a -u me:secret', { headers: [['authorization', 'Basic bWU6c2VjcmV0']] }],
    ['POST /login', { method: 'POST', path: '/login' }],
    ["GET /a -H 'x: 1'", { method: 'GET', headers: [['x', '1']] }],
    ['/a', { method: 'GET', path: '/a' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  it('as a browser copies it', () => {
    const text = `curl 'https://shop.example/cart' \\
  -H 'accept: */*' \\
  -H $'x-note: it\\'s' \\
  -b 'uid=nora' \\
  --data-raw $'{"a":"b"}' \\
  --compressed`;
    expect(read(text)).toEqual({
      method: 'POST',
      path: '/cart',
      authority: 'shop.example',
      headers: [
        ['accept', '*/*'],
        ['x-note', "it's"],
        ['cookie', 'uid=nora'],
        ['accept-encoding', 'deflate, gzip, br, zstd'],
        ['content-type', 'application/x-www-form-urlencoded'],
      ],
      body: '{"a":"b"}',
    });
  });

  it.each([
    ['curl', 'found no URL'],
    ['curl /a /b', 'two URLs'],
    ['curl -H', '-H: found no value'],
    ['curl /a -H nothing', 'wanted "Name: value"'],
    ['curl /a --frobnicate', 'found --frobnicate'],
    ['curl /a --toString x', 'found --toString'],
    ['curl /a -b jar.txt', 'files of cookies'],
    ["curl ''", 'wanted a URL'],
  ])('%s is refused', (text, message) => {
    expect(() => read(text)).toThrow(RequestSyntaxError);
    expect(() => read(text)).toThrow(message);
  });

  it('comes back from the request that it stands for', () => {
    const token = fc.string({ unit: fc.constantFrom(...'abcXYZ-_09'), minLength: 1, maxLength: 8 });
    const value = fc
      .string({ unit: fc.constantFrom(...`ab =;,:"'\\$\`é漢`), minLength: 1, maxLength: 12 })
      .map((text) => `a${text}z`);
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      path: fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
      authority: fc.constantFrom('shop.example', '127.0.0.1:80'),
      headers: fc.array(
        fc.tuple(
          token.map((name) => `x-${name.toLowerCase()}`),
          value,
        ),
      ),
    });
    fc.assert(
      fc.property(request, (sent) => {
        expect(read(curlCommand(sent))).toEqual(sent);
      }),
    );
  });
});

// Which headers follow a request, and how they are read and copied.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Carrier, entriesOf, withHeaders } from '../../sdk-node/src/headers/carrier.js';
import { isFieldValue, trimmed } from '../../sdk-node/src/headers/field.js';
import { isNeverForwarded, SINGLE, TRACE_SET } from '../../sdk-node/src/headers/names.js';
import { caughtByPrefix, type HeaderOption, select } from '../../sdk-node/src/headers/selection.js';

/** By the words that credentials are known by; written down apart from the code's own list. */
const CREDENTIALS = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-amz-security-token',
  'x-csrf-token',
];
const NOT_OURS = [
  'x-forwarded-for',
  'x-forwarded-client-cert',
  'forwarded',
  'x-real-ip',
  'x-envoy-attempt-count',
  'x-envoy-expected-rq-timeout-ms',
  'x-istio-attributes',
  'host',
  ':authority',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'content-type',
  'content-md5',
  'if-none-match',
  'range',
  'idempotency-key',
  'x-http-method-override',
  'sec-fetch-mode',
  'grpc-timeout',
];

describe('names', () => {
  it.each([...CREDENTIALS, ...NOT_OURS])('%s is never forwarded', (name) => {
    expect(isNeverForwarded(name)).toBe(true);
    if (!name.startsWith(':')) expect(() => select([name])).toThrow(/never forwarded/);
    expect(() => select([name.toUpperCase()])).toThrow(RangeError);
    expect(() => select([{ name: 'x-a', as: name }])).toThrow(RangeError);
  });

  it.each([...TRACE_SET, ...SINGLE])('%s may be forwarded', (name) => {
    expect(isNeverForwarded(name)).toBe(false);
    expect(select().names.get(name)).toEqual({ as: name, trace: TRACE_SET.includes(name) });
  });

  it('are in lower case, as they are compared', () => {
    for (const name of [...TRACE_SET, ...SINGLE]) expect(name).toBe(name.toLowerCase());
  });
});

describe('a selection', () => {
  it('is the defaults and what is added, whatever its case and blanks', () => {
    const { names, prefixes } = select(['X-Tenant', ' x-foo-* ', 'baggage']);
    expect(names.get('x-tenant')).toEqual({ as: 'x-tenant', trace: false });
    expect(prefixes).toEqual(['x-foo-']);
    expect(names.size).toBe(TRACE_SET.length + SINGLE.length + 1);
  });

  it('renames', () => {
    const selection = select([
      { name: 'X-Team', as: 'X-Squad' },
      { name: 'x-request-id', as: 'x-id' },
    ]);
    expect(selection.names.get('x-team')).toEqual({ as: 'x-squad', trace: false });
    expect(selection.names.get('x-request-id')).toEqual({ as: 'x-id', trace: false });
  });

  it('may name in full what looks like a secret, since it says so', () => {
    expect(select(['x-session-kind']).names.has('x-session-kind')).toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    ['no name', '', /want a header name/],
    ['a blank', 'x y', /want a header name/],
    ['a colon', 'x:y', /want a header name/],
    ['a star inside', 'x-*-y', /want a header name/],
    ['a star alone', '*', /want a header name/],
    ['two stars', 'x-**', /want a header name/],
    ['a line break', 'x\r\ny: z', /want a header name/],
    ['another alphabet', 'x-é', /want a header name/],
    ['a number', 7, /want a header name/],
    ['null', null, /want a header name/],
    ['a list', ['x-a'], /want a header name/],
    ['a prefix that is renamed', { name: 'x-*', as: 'y' }, /neither renamed nor made/],
    ['a prefix that is made', { name: 'x-*', make: () => '' }, /neither renamed nor made/],
    ['a prefix for a new name', { name: 'x-a', as: 'y-*' }, /new name/],
    ['a trace header that is renamed', { name: 'b3', as: 'x-b3' }, /one set/],
    ['a new name of the trace set', { name: 'x-a', as: 'traceparent' }, /one set/],
    ['a trace header that is made', { name: 'traceparent', make: () => '' }, /one set/],
    ['a word to make it', { name: 'x-a', make: 'x' }, /function/],
    ['a new name that is taken', { name: 'x-a', as: 'baggage' }, /of one header and of another/],
  ])('refuses %s', (_, option, message) => {
    expect(() => select([option as HeaderOption])).toThrow(RangeError);
    expect(() => select([option as HeaderOption])).toThrow(message);
  });

  it('catches by prefix what looks like no secret', () => {
    const selection = select(['x-*', 'a*', { name: 'team', as: 'x-squad' }, 'x-named']);
    const caught = (name: string) => caughtByPrefix(selection, name);
    expect(['x-a', 'x-partition', 'accept-language'].filter((name) => !caught(name))).toEqual([]);
    const secrets = [
      'x-api-key',
      'x-apikey',
      'x-functions-key',
      'x-session',
      'x-user-token',
      'x-goog-iap-jwt-assertion',
      'x-amzn-oidc-data',
      'x-csrf',
      'x-password',
      'x-client-secret',
      'authorization',
    ];
    expect(secrets.filter(caught)).toEqual([]);
    expect(NOT_OURS.filter(caught)).toEqual([]);
    // By name already, or taken by another.
    expect(['x-named', 'x-request-id', 'x-b3-traceid', 'x-squad'].filter(caught)).toEqual([]);
    expect(['y', 'team'].filter(caught)).toEqual([]);
  });

  it('never catches a credential, whatever the prefixes', () => {
    const prefix = fc.string({ unit: fc.constantFrom(...'acpstx-'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 4 }), (prefixes) => {
        const selection = select(prefixes.map((one) => `${one}*`));
        for (const name of [...CREDENTIALS, ...NOT_OURS]) {
          expect(caughtByPrefix(selection, name)).toBe(false);
        }
      }),
    );
  });
});

describe('a carrier', () => {
  const shapes: [string, () => Carrier, [string, string][]][] = [
    [
      'Headers',
      () =>
        new Headers([
          ['B', '2'],
          ['a', '1'],
        ]),
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      'an object',
      () => ({ B: '2', a: '1' }),
      [
        ['b', '2'],
        ['a', '1'],
      ],
    ],
    [
      'an object with lists',
      () => ({ A: ['1', '2'] }),
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['an object with gaps', () => ({ A: undefined, b: '' }), [['b', '']]],
    [
      'a flat list',
      () => ['B', '2', 'a', '1', 'B', '3'],
      [
        ['b', '2'],
        ['a', '1'],
        ['b', '3'],
      ],
    ],
    ['a flat list cut short', () => ['B', '2', 'a'], [['b', '2']]],
    ['nothing', () => ({}), []],
    ['no list', () => [], []],
    [
      'an object without a prototype',
      () => Object.assign(Object.create(null), { A: '1' }),
      [['a', '1']],
    ],
    ['numbers, as node:http takes them', () => ({ A: 1 }) as never, [['a', '1']]],
  ];

  it.each(shapes)('is read: %s', (_, make, entries) => {
    expect([...entriesOf(make())]).toEqual(entries);
  });

  it.each(shapes)('is copied, in its shape: %s', (_, make, entries) => {
    const carrier = make();
    const before = [...entriesOf(carrier)];
    const copy = withHeaders(carrier, ['x-a', '1', 'x-b', '2']);
    expect(copy).not.toBe(carrier);
    expect(Array.isArray(copy)).toBe(Array.isArray(carrier));
    expect(copy instanceof Headers).toBe(carrier instanceof Headers);
    expect([...entriesOf(carrier)]).toEqual(before);
    const found = [...entriesOf(copy)];
    for (const entry of [...entries, ['x-a', '1'], ['x-b', '2']])
      expect(found).toContainEqual(entry);
    expect(found).toHaveLength(entries.length + 2);
  });
});

describe('a field value', () => {
  it('is what node:http takes, and not empty', async () => {
    const { validateHeaderValue } = await import('node:http');
    const takes = (value: string) => {
      try {
        validateHeaderValue('x', value);
        return true;
      } catch {
        return false;
      }
    };
    for (let code = 0; code < 0x300; code++) {
      const value = `a${String.fromCodePoint(code)}`;
      expect([code, isFieldValue(value)]).toEqual([code, takes(value)]);
    }
    expect(isFieldValue('')).toBe(false);
    expect(isFieldValue('a\n')).toBe(false);
  });

  it('is trimmed of spaces and tabs, and of nothing else', () => {
    expect(trimmed(' \t a b\t ')).toBe('a b');
    expect(trimmed('\u00a0a\u00a0')).toBe('\u00a0a\u00a0');
    expect(trimmed(' \t')).toBe('');
    expect(trimmed('')).toBe('');
  });
});

// What a call is given of a request: filling in, by hand.

import { channel } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channels } from '../../sdk-node/src/index.js';

const REVIEWS = 'http://reviews:9080/';
const T = '0af7651916cd43dd8448eb211c80319c';
const S = 'b7ad6b7169203331';
const PARENT = `00-${T}-${S}-01`;

type Sdk = typeof import('../../sdk-node/src/index.js');

/** The SDK of a process that has just started with these variables. */
async function sdkWith(env: Record<string, string> = {}): Promise<Sdk> {
  vi.resetModules();
  Reflect.deleteProperty(globalThis, Symbol.for('tagalong.node.1'));
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return import('../../sdk-node/src/index.js');
}

/** Messages of a channel, until the test ends. */
function listen<Name extends keyof Channels>(name: Name): Channels[Name][] {
  const messages: Channels[Name][] = [];
  const listener = (message: unknown) => messages.push(message as Channels[Name]);
  channel(name).subscribe(listener);
  ends.push(() => channel(name).unsubscribe(listener));
  return messages;
}
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.unstubAllEnvs();
});

describe('the trace set', () => {
  it.each([
    ['traceparent', { traceparent: `00-${S}${S}-${S}-01` }],
    ['B3 in one header', { B3: '0' }],
    ['one of B3 in several', { 'X-B3-Sampled': '0' }],
    ['one of another format', { sw8: '1-x' }],
  ])('stays out where the caller has set %s; the others are filled in', async (_, own) => {
    const { inject, extract } = await sdkWith();
    const context = extract({
      traceparent: PARENT,
      tracestate: 'a=1',
      b3: '1',
      'x-request-id': 'r',
    });
    const skipped = listen('tagalong:skip');
    expect(inject(own, REVIEWS, context)).toEqual({ ...own, 'x-request-id': 'r' });
    expect(skipped).toEqual([{ authority: 'reviews:9080', reason: 'trace-set-by-caller' }]);
  });

  it('goes whole where the caller has set none', async () => {
    const { inject, extract } = await sdkWith();
    const came = { traceparent: PARENT, tracestate: 'a=1', b3: '1', 'x-b3-sampled': '1', sw8: '1' };
    expect(inject({}, REVIEWS, extract(came))).toEqual(came);
  });

  it('is the same to every call in mode verbatim, another to each in mode participate', async () => {
    const verbatim = await sdkWith();
    const context = verbatim.extract({ traceparent: PARENT });
    expect(verbatim.inject({}, REVIEWS, context)).toEqual({ traceparent: PARENT });
    expect(verbatim.inject({}, REVIEWS, context)).toEqual({ traceparent: PARENT });

    const { extract, inject, run, current } = await sdkWith({ TAGALONG_MODE: 'participate' });
    const hop = extract({ traceparent: PARENT });
    const calls = [1, 2].map(() => inject({ a: '1' }, REVIEWS, hop) as Record<string, string>);
    expect(calls.map(({ traceparent = '' }) => traceparent.slice(0, 36))).toEqual([
      `00-${T}-`,
      `00-${T}-`,
    ]);
    expect(calls[0]).not.toEqual(calls[1]);
    // What is being handled is what came, for who logs it or hands it to a worker.
    expect(hop?.headers.get('traceparent')).toBe(PARENT);
    expect(run(hop, () => current()?.headers.get('traceparent'))).toBe(PARENT);
  });

  it('begins in mode participate where none came, and not in the others', async () => {
    expect((await sdkWith()).extract({})).toBeUndefined();
    expect((await sdkWith({ TAGALONG_MODE: 'sanitize' })).extract({ b3: 'x' })).toBeUndefined();
    const { extract } = await sdkWith({ TAGALONG_MODE: 'participate' });
    expect(extract({})?.headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
  });
});

describe('the other headers', () => {
  it('are filled in one by one', async () => {
    const { inject, extract } = await sdkWith({ TAGALONG_HEADERS: 'x-tenant' });
    const context = extract({
      'x-request-id': 'r',
      baggage: 'a=1',
      'x-traffic-tag': 't',
      'x-tenant': '7',
    });
    const told = listen('tagalong:inject');
    expect(inject({ 'X-Request-Id': 'mine', BAGGAGE: '' }, REVIEWS, context)).toEqual({
      'X-Request-Id': 'mine',
      BAGGAGE: '',
      'x-traffic-tag': 't',
      'x-tenant': '7',
    });
    expect(told).toEqual([
      {
        authority: 'reviews:9080',
        added: ['x-traffic-tag', 'x-tenant'],
        kept: ['x-request-id', 'baggage'],
      },
    ]);
  });

  it('are caught by their beginnings, renamed, and never a credential', async () => {
    const { extract } = await sdkWith({ TAGALONG_HEADERS: 'x-*, x-team=x-squad' });
    const context = extract({
      'X-Team': 'a',
      'x-squad': 'of another',
      'x-any': '1',
      'x-empty': '',
      'x-api-key': 'k',
      'x-forwarded-for': '10.0.0.1',
      'x-b3-sampled': '1',
      authorization: 'Bearer x',
      cookie: 'a=b',
    });
    expect(Object.fromEntries(context?.headers ?? [])).toEqual({
      'x-b3-sampled': '1',
      'x-squad': 'a',
      'x-any': '1',
    });
  });

  it('are made where they are missing', async () => {
    const { configure, extract } = await sdkWith();
    let count = 0;
    configure({ headers: [{ name: 'x-request-id', as: 'x-id', make: () => `made-${++count}` }] });
    const ids = [{}, { 'x-request-id': 'came' }, { 'x-request-id': '' }].map((came) =>
      extract(came)?.headers.get('x-id'),
    );
    expect(ids).toEqual(['made-1', 'came', 'made-2']);
  });

  it.each<[string, () => string]>([
    [
      'fails',
      () => {
        throw new Error('no');
      },
    ],
    ['gives no text', () => 7 as never],
    ['gives a line break', () => 'a\r\nb: c'],
    ['gives nothing', () => ''],
  ])('are left out, and told, where making them %s', async (_, make) => {
    const { configure, extract } = await sdkWith();
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    configure({ headers: [{ name: 'x-a', make }] });
    expect(extract({ 'x-request-id': 'r' })?.headers).toEqual(new Map([['x-request-id', 'r']]));
    expect(extract({})).toBeUndefined();
    expect(warned).toHaveBeenCalledTimes(1);
    expect(String(warned.mock.calls[0]?.[0])).toContain('x-a is left out');
    warned.mockRestore();
  });

  it('are joined where they came several times, as node:http joins them', async () => {
    const { extract } = await sdkWith();
    const came = ['baggage', 'a=1', 'Baggage', 'b=2', 'tracestate', 'c=1', 'tracestate', 'd=1'];
    expect(Object.fromEntries(extract(came)?.headers ?? [])).toEqual({
      tracestate: 'c=1, d=1',
      baggage: 'a=1, b=2',
    });
  });
});

describe('inject', () => {
  it('gives back the carrier itself where there is nothing to add', async () => {
    const { inject, extract } = await sdkWith();
    const own = { a: '1' };
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    expect(inject(own, REVIEWS, undefined)).toBe(own);
    expect(inject(own, REVIEWS, { headers: new Map() })).toBe(own);
    expect(inject(own, 'https://example.com/', extract({ b3: '0' }))).toBe(own);
    expect(inject({ b3: '1' }, REVIEWS, extract({ b3: '0' }))).toEqual({ b3: '1' });
    vi.restoreAllMocks();
  });

  it('takes the context that is being handled, or one of the caller', async () => {
    const { inject, extract, run } = await sdkWith();
    const context = extract({ 'x-request-id': 'r' });
    expect(run(context, () => inject({}, REVIEWS))).toEqual({ 'x-request-id': 'r' });
    expect(inject({}, REVIEWS)).toEqual({});
    const own = {
      headers: new Map([
        ['X-Anything', '1'],
        ['Authorization', 'x'],
        ['b3', '0'],
      ]),
    };
    expect(inject({}, REVIEWS, own)).toEqual({ 'x-anything': '1', b3: '0' });
    expect(run(own, () => inject({}, REVIEWS))).toEqual({ 'x-anything': '1', b3: '0' });
  });

  it('takes a URL, its text, or an authority', async () => {
    const { inject, extract } = await sdkWith();
    const context = extract({ b3: '0' });
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const inside = [
      REVIEWS,
      new URL(REVIEWS),
      'reviews',
      'reviews:80',
      '[::1]:80',
      'grpc://reviews:1',
    ];
    for (const to of inside) expect(inject({}, to, context)).toEqual({ b3: '0' });
    const outside = [
      'https://example.com/reviews',
      'example.com',
      'http://reviews@example.com/',
      '',
    ];
    for (const to of outside) expect(inject({}, to, context)).toEqual({});
    vi.restoreAllMocks();
  });

  it('tells once of each host that gets nothing, and names the variable', async () => {
    const { inject, extract } = await sdkWith();
    const context = extract({ b3: '0' });
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const skipped = listen('tagalong:skip');
    for (const host of ['a.example', 'a.example:81', 'b.example', 'a.example']) {
      inject({}, host, context);
    }
    const said = warned.mock.calls.map(([text]) => String(text));
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/a\.example.*TAGALONG_MESH/);
    expect(skipped).toHaveLength(4);
    expect(skipped[1]).toEqual({ authority: 'a.example:81', reason: 'outside-mesh' });
    warned.mockRestore();
  });

  it('adds nothing and tells nothing where it is off', async () => {
    const { inject, extract } = await sdkWith({ TAGALONG: 'off' });
    expect(extract({ b3: '0' })).toBeUndefined();
    expect(inject({}, REVIEWS, { headers: new Map([['b3', '0']]) })).toEqual({});
  });

  it('asks only whether anybody listens, where nobody does', async () => {
    const { inject, extract } = await sdkWith();
    const { Channel } = await import('node:diagnostics_channel');
    const published = vi.spyOn(Channel.prototype, 'publish');
    inject({ traceparent: PARENT }, REVIEWS, extract({ b3: '0', 'x-request-id': 'r' }));
    expect(published).not.toHaveBeenCalled();
    published.mockRestore();
  });
});

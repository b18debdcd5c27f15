// Shares, minted cookies and carried tags in the release module: what scenarios cannot say, because
// it takes many requests, or bytes that are random.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap, Host, type Plugin, Status } from '../../envoyfilter/src/host/index.js';
import { capabilitiesOf } from '../../envoyfilter/src/render/capabilities.js';
import { bucket } from '../../sdk-node/src/core/bucket.js';
import {
  entryFor,
  loadFilter,
  loadShared,
  metricOf,
  requestOf,
  tagAfter,
  textOf,
} from '../harness/host.js';
import { looseKey } from '../harness/model.js';
import { wasmBytes } from '../harness/wasm.js';
import vectors from '../vectors/bucket.json' with { type: 'json' };

const TAG = 'x-traffic-tag';
const ID = 'shop/checkout/0';
/** What a rule of the policy above is salted with if it has no salt. */
const SALT = `shop/checkout/${TAG}`;
const TAGS_MAX = 16;
const MANY = 10_000;

type Header = readonly [name: string, value: string];

/** Header values are bytes, one character each. */
const bytesOf = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

/** Numbers of 32 bits, the same in each run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Identities of all kinds: numbers, names, hexadecimal, UTF-8. */
function identities(seed: number): string[] {
  const next = numbers(seed);
  const kinds = [
    (n: number) => String(n),
    (n: number) => `user-${n}@example.com`,
    (n: number) => n.toString(16).padStart(32, '0'),
    (n: number) => `ключ ${n}`,
  ];
  return Array.from({ length: MANY }, (_, i) => kinds[i % kinds.length]!(next()));
}

function share(percent: number, more: object = {}) {
  const rules = [{ percent, identity: [{ header: 'x-id' }], value: 'in', ...more }];
  return entryFor({ tags: [{ header: TAG, rules }] }, ID);
}

function isIn(plugin: Plugin, headers: readonly Header[], worker = 0): boolean {
  const stream = plugin.open({ worker });
  const { headers: after, failed } = stream.requestHeaders(requestOf(headers));
  stream.done();
  if (failed !== undefined) throw new Error('the VM has failed');
  return after.has(TAG);
}

/** Hits of `all` draws with this chance: five standard deviations are never missed by chance. */
function expectNear(hits: number, all: number, chance: number): void {
  expect(Math.abs(hits - all * chance)).toBeLessThanOrEqual(
    5 * Math.sqrt(all * chance * (1 - chance)),
  );
}

describe('a share', () => {
  it('is that of the shared vectors, to the bucket', () => {
    // What no policy or header can say is not asked here: test/properties/bucket.test.ts does.
    const told = vectors.filter(({ salt, identity }) => salt !== '' && identity !== '');
    expect(told.length).toBeGreaterThan(200);
    const plugin = loadFilter(new Host({ logLevel: 'error' }), share(1), { strict: true });
    for (let from = 0; from < told.length; from += TAGS_MAX / 2) {
      const group = told.slice(from, from + TAGS_MAX / 2);
      const tags = group.flatMap(({ salt, bucket }, i) => {
        const rule = { salt, identity: [{ header: `x-id-${i}` }], value: 'in' };
        return [
          { header: `below-${i}`, rules: [{ ...rule, percent: bucket / 100 }] },
          { header: `above-${i}`, rules: [{ ...rule, percent: (bucket + 1) / 100 }] },
        ];
      });
      expect(plugin.configure(textOf(entryFor({ tags }, ID)))).toBe(true);
      const sent = group.map(({ identity }, i): Header => [`x-id-${i}`, bytesOf(identity)]);
      const { headers } = plugin.open().requestHeaders(requestOf(sent));
      group.forEach((vector, i) => {
        const found = [headers.has(`below-${i}`), headers.has(`above-${i}`)];
        expect(found, JSON.stringify(vector)).toEqual([false, true]);
      });
    }
  });

  it('is the same for an identity each time, in each worker, and what the SDK says', () => {
    const plugin = loadFilter(new Host({ workers: 2 }), share(10));
    let hits = 0;
    for (const identity of identities(1)) {
      const headers: Header[] = [['x-id', bytesOf(identity)]];
      const wanted = bucket(SALT, identity) < 1000;
      if (wanted) hits++;
      expect(isIn(plugin, headers, 0)).toBe(wanted);
      expect(isIn(plugin, headers, 1)).toBe(wanted);
      expect(isIn(plugin, [['x-other', 'y'], ...headers], 0)).toBe(wanted);
    }
    expectNear(hits, MANY, 0.1);
  });

  it('keeps those who are in when it is raised', () => {
    const plugin = loadFilter(new Host(), share(0));
    const all = identities(2).map((identity): Header[] => [['x-id', bytesOf(identity)]]);
    let before = new Set<number>();
    for (const percent of [0, 0.01, 10, 20, 20.01, 99.99, 100]) {
      expect(plugin.configure(textOf(share(percent)))).toBe(true);
      const now = new Set(all.flatMap((headers, i) => (isIn(plugin, headers) ? [i] : [])));
      expect([...before].filter((i) => !now.has(i))).toEqual([]);
      expectNear(now.size, MANY, percent / 100);
      before = now;
    }
    expect(before.size).toBe(MANY);
  });

  it('is dealt anew by another salt', () => {
    const one = loadFilter(new Host(), share(50, { salt: 'november' }));
    const other = loadFilter(new Host(), share(50, { salt: 'december' }));
    const both = identities(3).filter((identity) => {
      const headers: Header[] = [['x-id', bytesOf(identity)]];
      return isIn(one, headers) && isIn(other, headers);
    });
    expectNear(both.length, MANY, 0.25);
  });

  it('is read to its end from a query that is long, by any number of rules', () => {
    const rules = Array.from({ length: 50 }, (_, i) => ({
      percent: i === 49 ? 100 : 0,
      identity: [{ query: 'q' }],
      value: `value-${i}`,
    }));
    const tags = [{ header: TAG, rules, default: 'none' }];
    const plugin = loadFilter(new Host(), entryFor({ tags }, ID));
    const path = `/?${'%62&'.repeat(10)}q=${'%61'.repeat(20_000)}`;
    const { headers } = plugin.open().requestHeaders(requestOf([], { path }));
    expect(headers.getAll(TAG)).toEqual(['value-49']);
  });
});

const MINT = { cookie: 'tagalong_id', maxAge: '12h', path: '/shop', domain: 'shop.example' };
const COOKIE =
  /^tagalong_id=([0-9a-f]{32}); Path=\/shop; Domain=shop\.example; Max-Age=43200; HttpOnly; Secure; SameSite=Lax$/;

function minting(percent: number, more: object = {}) {
  const rules = [{ percent, mint: MINT, value: 'in', ...more }];
  return entryFor({ tags: [{ header: TAG, rules }] }, ID);
}

interface Visit {
  readonly isIn: boolean;
  /** Set-Cookie headers of the response. */
  readonly cookies: readonly string[];
}

function visit(plugin: Plugin, headers: readonly Header[] = [], answers: Header[] = []): Visit {
  const stream = plugin.open();
  const request = stream.requestHeaders(requestOf(headers));
  const response = stream.responseHeaders([[':status', '200'], ...answers]);
  stream.done();
  expect([request.failed, response.failed]).toEqual([undefined, undefined]);
  return { isIn: request.headers.has(TAG), cookies: response.headers.getAll('set-cookie') };
}

describe('a minted cookie', () => {
  it('is another for each visitor, and decides this request and all that follow', () => {
    const host = new Host();
    const plugin = loadFilter(host, minting(30));
    const values = new Set<string>();
    let inside = 0;
    for (let i = 0; i < MANY; i++) {
      const first = visit(plugin);
      expect(first.cookies).toHaveLength(1);
      const [, value = ''] = COOKIE.exec(first.cookies[0]!) ?? [];
      expect(value, first.cookies[0]).not.toBe('');
      values.add(value);
      if (first.isIn) inside++;
      expect(first.isIn).toBe(bucket(SALT, value) < 3000);
      const next = visit(plugin, [['cookie', `a=b; tagalong_id=${value}`]]);
      expect(next).toEqual({ isIn: first.isIn, cookies: [] });
    }
    expect(values.size).toBe(MANY);
    expectNear(inside, MANY, 0.3);
    expect(metricOf(host, ID, 'tagalong_mint_total', { cookie: 'tagalong_id' })).toBe(MANY);
    expect(metricOf(host, ID, 'tagalong_errors_total')).toBe(0);
  });

  it('has every bit of what the host calls random', () => {
    const random = (bytes: Uint8Array) => bytes.set(bytes.map((_, i) => 0xf0 + i));
    const plugin = loadFilter(new Host({ random }), minting(100));
    const [, value] = COOKIE.exec(visit(plugin).cookies[0]!) ?? [];
    expect(value).toBe('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
  });

  it('asks for random bytes once a visitor, and for none where there is an identity', () => {
    let asked = 0;
    const random = (bytes: Uint8Array) => {
      asked++;
      expect(bytes).toHaveLength(16);
      bytes.fill(asked);
    };
    const rules = [0, 0, 100].map((percent, i) => ({
      percent,
      salt: `s${i}`,
      mint: MINT,
      value: 'in',
    }));
    const entry = entryFor(
      {
        tags: [
          { header: TAG, rules },
          { header: 'x-b', rules },
        ],
      },
      ID,
    );
    const plugin = loadFilter(new Host({ random }), entry);
    expect(asked).toBe(0);
    const { cookies } = visit(plugin);
    expect([asked, cookies.length]).toEqual([1, 1]);
    visit(plugin, [['cookie', 'tagalong_id=1']]);
    expect(asked).toBe(1);
  });

  it('stands beside cookies of the service', () => {
    const plugin = loadFilter(new Host(), minting(100));
    const { cookies } = visit(
      plugin,
      [],
      [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'tagalong_id=2'],
      ],
    );
    expect(cookies.slice(0, 2)).toEqual(['a=1', 'tagalong_id=2']);
    expect(cookies[2]).toMatch(COOKIE);
  });

  it('is not made where the host gives no random bytes: no identity, counted', () => {
    const host = new Host();
    const entry = minting(100);
    const plugin = host.load({
      name: ID,
      rootId: 'tagalong',
      vmId: 'tagalong',
      vmConfiguration: JSON.stringify({ id: ID }),
      allowedCapabilities: capabilitiesOf(entry).filter((name) => name !== 'random_get'),
      configuration: textOf(entry),
      code: wasmBytes(),
    });
    expect(visit(plugin)).toEqual({ isIn: false, cookies: [] });
    expect(metricOf(host, ID, 'tagalong_errors_total', { kind: 'random' })).toBe(1);
    expect(visit(plugin, [['cookie', 'tagalong_id=1']])).toEqual({ isIn: true, cookies: [] });
  });

  it('waits for its response: 4096 do, the oldest gives way to one more, counted', () => {
    const host = new Host();
    const plugin = loadFilter(host, minting(100));
    const streams = Array.from({ length: 4097 }, () => {
      const stream = plugin.open();
      stream.requestHeaders(requestOf());
      return stream;
    });
    expect(metricOf(host, ID, 'tagalong_errors_total', { kind: 'response' })).toBe(1);
    const cookies = streams.map((stream) => {
      const { headers } = stream.responseHeaders([[':status', '200']]);
      stream.done();
      return headers.getAll('set-cookie').join();
    });
    expect(cookies[0]).toBe('');
    expect(cookies.slice(1).every((cookie) => COOKIE.test(cookie))).toBe(true);
    expect(new Set(cookies).size).toBe(4097);
  });

  it('is lost where the host refuses the write, counted, and the response goes on', () => {
    const refuses = { now: false };
    const fault = (call: string) =>
      refuses.now && call === 'proxy_add_header_map_value' ? Status.BadArgument : undefined;
    const host = new Host({ fault });
    const plugin = loadFilter(host, minting(0));
    const stream = plugin.open();
    stream.requestHeaders(requestOf());
    refuses.now = true;
    const { headers, action } = stream.responseHeaders([[':status', '200']]);
    expect(action).toBe('continue');
    expect(headers.toPairs()).toEqual([[':status', '200']]);
    expect(metricOf(host, ID, 'tagalong_errors_total', { kind: 'write' })).toBe(1);
  });
});

describe('an explanation', () => {
  const rules = [
    { name: 'testers', when: { header: 'x-user-group', exact: 'internal' }, value: 'canary' },
    { name: 'share', percent: 100, salt: 'salt-3', identity: [{ header: 'x-id' }], value: 'in' },
  ];
  const entry = entryFor({ tags: [{ header: TAG, rules }] }, ID);
  const sent: Header[] = [
    [TAG, 'forged\u00e9"'],
    ['x-id', 'alice'],
  ];
  const explained = (host: Host) =>
    host.logs.filter(({ message }) => message.includes('tagalong explain'));

  it('is given where the log level is trace', () => {
    const host = new Host({ logLevel: 'trace' });
    expect(tagAfter(loadFilter(host, entry), TAG, sent)).toEqual(['in']);
    const start = `tagalong explain ${ID}: tag "${TAG}"`;
    expect(explained(host).map(({ message }) => message)).toEqual([
      `${start} came as "forged\\xe9\\"": stripped`,
      `${start} rule "testers": no match`,
      `${start} rule "share": bucket 167, in below 10000`,
      `${start} rule "share": matched`,
      `${start} is "in"`,
    ]);
  });

  it('costs no call where it is not', () => {
    const host = new Host({ logLevel: 'debug' });
    const stream = loadFilter(host, entry).open();
    stream.requestHeaders(requestOf(sent));
    expect(stream.calls.has('proxy_log')).toBe(false);
    expect(explained(host)).toEqual([]);
  });
});

// Another plugin of the VM writes into the memory where this one's last request was. When the host
// then did not show the headers, the list of before was walked all the same: the VM trapped.
describe('a request that cannot be read', () => {
  it.each(['strip', 'trust'])('looks into nothing that another left behind: %s', (incoming) => {
    const refuses = { now: false };
    const fault = (call: string) =>
      refuses.now && call === 'proxy_get_header_map_pairs' ? Status.InternalFailure : undefined;
    const host = new Host({ fault });
    const tags = [{ header: TAG, incoming, carry: ['baggage'] }];
    const one = loadShared(host, 'one', textOf(entryFor({ tags }, 'a/one/0')));
    const other = loadShared(
      host,
      'other',
      textOf(entryFor({ tags: [{ header: TAG }, { header: 'x-b' }] }, 'a/other/0')),
    );
    const baggage: Header[] = [
      ['baggage', 'a=1'],
      ['baggage', `${TAG}=canary`],
    ];
    tagAfter(one, TAG, baggage);
    tagAfter(other, TAG, [['x-filler', '\u00ff'.repeat(50_000)]]);
    refuses.now = true;
    const { headers, failed } = one.open().requestHeaders(requestOf(baggage));
    expect(failed).toBeUndefined();
    expect(headers.getAll('baggage')).toHaveLength(incoming === 'strip' ? 0 : 2);
  });
});

interface Carried {
  readonly incoming: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly decides?: string;
}

/** The member's key and value, where it has both. */
function keyAndValue(member: string): [string, string] | undefined {
  const text = member.split(';', 1)[0]!;
  const at = text.indexOf('=');
  const blanks = /^[ \t]+|[ \t]+$/g;
  const key = text.slice(0, Math.max(at, 0)).replace(blanks, '');
  return key === '' ? undefined : [looseKey(key), text.slice(at + 1).replace(blanks, '')];
}

/** A policy's text as the bytes of a header. */
const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

const decode = (text: string) =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );

/** Tag and baggage after the filter, as the policy's description says it. */
function model(spec: Carried, tags: readonly string[], lists: readonly string[]) {
  const members = lists
    .flatMap((list) => list.split(','))
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  const isOurs = (member: string) => keyAndValue(member)?.[0] === TAG;
  const said = members.filter(isOurs).map((member) => decode(keyAndValue(member)![1]));
  const all = [...tags, ...said];
  const first = all[0];
  const sound =
    first !== undefined &&
    first !== '' &&
    all.every((value) => value === first) &&
    said.every((value) => value.trim() === value && !/\p{Cc}/u.test(value));
  const may =
    spec.incoming === 'trust' ||
    (spec.incoming !== 'strip' && spec.incoming.allow.map(utf8).includes(first ?? ''));
  const kept = sound && may;
  const value = kept ? first : spec.decides;
  const others = members.filter((member) => !isOurs(member));
  const stripped = said.length > 0 && !(kept && said.length === 1);
  const asItCame = kept ? said.length === 1 : said.length === 0 && value === undefined;
  const encoded = (value ?? '').replace(
    /[^!#$&-+\--:<-[\]-~]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  const list = value === undefined ? others : [...others, `${TAG}=${encoded}`];
  return {
    tag: value === undefined ? [] : [value],
    baggage: asItCame ? lists : list.length === 0 ? [] : [list.join(',')],
    /** What conditions see of the list. */
    seen: stripped ? others.length > 0 || kept : lists.length > 0,
  };
}

describe('a carried tag', () => {
  const piece = fc.constantFrom(
    ...[
      TAG,
      'X-Traffic-TAG',
      'x-traffic%2Dtag',
      '%2578-traffic-tag',
      'x-traffic-ta',
      'k',
      '=',
      '=',
      ';',
      ',',
      ',',
      ' ',
      '\t',
    ],
    ...['a', 'b', '%61', '%20', '%2c', '%0d%0a', '%', '%6', '%C3%A9', '"', '\u00e9'],
  );
  const member = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc
      .tuple(
        fc.constantFrom(TAG, 'X-Traffic-Tag', 'k', `${TAG} `, 'x-traffic%2dtag', `\u00a0${TAG}+`),
        fc.constantFrom('a', '%61', 'b', 'a b', 'a%20b', '', '%0a', ' a ', '%20a', 'c,a'),
        fc.constantFrom('', ';p', '; p=1', ';x-traffic-tag=a'),
      )
      .map(([key, value, properties]) => `${key}=${value}${properties}`),
  );
  const list = fc.array(member, { maxLength: 4 }).map((members) => members.join(','));
  const spec: fc.Arbitrary<Carried> = fc.record(
    {
      incoming: fc.constantFrom<Carried['incoming'][]>('strip', 'trust', {
        allow: ['a', 'a b', '\u00e9'],
      }),
      decides: fc.constantFrom('a', 'b c', 'canary', '%,;"'),
    },
    { requiredKeys: ['incoming'] },
  );
  const tags = fc.array(fc.constantFrom('a', 'a', 'b', 'a b', ''), { maxLength: 2 });
  const lists = fc.array(list, { maxLength: 3 });

  it('becomes what the description says, whatever came', () => {
    const host = new Host({ logLevel: 'error' });
    const first = entryFor({ tags: [{ header: TAG }] }, ID);
    const plugin = loadFilter(host, first, { strict: true });
    fc.assert(
      fc.property(
        spec,
        fc.array(fc.tuple(tags, lists), { minLength: 8, maxLength: 8 }),
        (one, all) => {
          const rules = one.decides === undefined ? [] : [{ value: one.decides }];
          const seen = { when: { header: 'baggage', present: true }, value: 'y' };
          const sections = {
            tags: [
              { header: 'x-seen', incoming: 'strip', rules: [seen] },
              { header: TAG, incoming: one.incoming, rules, carry: ['baggage'] },
            ],
          };
          const entry = entryFor(sections, ID);
          expect(plugin.configure(textOf(entry))).toBe(true);
          for (const [values, sent] of all) {
            const map = HeaderMap.fromRequest(
              requestOf([
                ...values.map((value): Header => [TAG, value]),
                ...sent.map((value): Header => ['baggage', value]),
              ]),
            );
            const stream = plugin.open();
            const { headers, failed } = stream.requestHeaders(map);
            stream.done();
            expect(failed).toBeUndefined();
            const wanted = model(one, values, sent);
            expect({
              tag: headers.getAll(TAG),
              baggage: headers.getAll('baggage'),
              seen: headers.has('x-seen'),
            }).toEqual(wanted);
          }
        },
      ),
      { numRuns: 1500 },
    );
    expect(metricOf(host, ID, 'tagalong_errors_total')).toBe(0);
  });
});

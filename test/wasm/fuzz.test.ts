// The filter against a model of it: any policy, any request, the same tags.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderMap, Host, type Plugin } from '../../envoyfilter/src/host/index.js';
import { loadFilter, metricOf, requestOf, textOf } from '../harness/host.js';
import {
  baggageParts,
  type Model,
  type Operators,
  type Pairs,
  type PathsSpec,
  pathOperand,
  type Source,
  tagsAfter,
  type When,
} from '../harness/model.js';

const ID = 'fuzz/policy/0';

// What the policies and the requests are made of, so that the one often speaks of the other.
const NAMES = ['x-traffic-tag', 'x-stage', 'x-team', 'x-user', 'x-b', 'accept'] as const;
const TAGS = ['x-traffic-tag', 'x-stage', 'x-team'] as const;
const WORDS = [
  'a',
  'ab',
  'aab',
  'aabaab',
  'B',
  'canary',
  'stable',
  'é',
  'a b',
  '/',
  '=',
  '%61',
] as const;
const COOKIES = ['beta', 'uid', 'a'] as const;
const FIELDS = ['group', 'a b', 'é', 'a'] as const;
const METHODS = ['GET', 'POST', 'CONNECT'] as const;
const NETWORKS = [
  '10.0.0.0/8',
  '192.0.2.0/25',
  '192.0.2.7',
  '10.128.0.0/9',
  '2001:db8::/33',
  '2001:db8::1',
  '0.0.0.0/0',
] as const;
const ADDRESSES = [
  '10.0.0.1',
  '10.200.3.4',
  '192.0.2.7',
  '192.0.2.200',
  '2001:db8::1',
  '2001:db8:8000::1',
  '::ffff:10.1.2.3',
] as const;
const REGEXES = [
  'a*b?',
  '(a|ab)+',
  '.*B',
  'canary|stable',
  '[^a]{1,3}',
  '/[a-z]+.*',
  'é+',
] as const;
const TEMPLATES = ['/users/{id}', '/users/{id}/orders', '/{a}/{b}', '/', '/a/'] as const;
const SEGMENTS = ['users', 'orders', '7', 'a', 'A', '', '%61', 'aab'] as const;
/** Spellings that paths are brought out of, and some that look like them. */
const SPELLINGS = [
  '.',
  '..',
  '%2e',
  '.%2E',
  '%75sers',
  'users;v=1',
  ';',
  '..;x',
  'a\\A',
  '7%2f',
  '%5c',
  '%',
  '%2561',
  '%3b',
  '...',
] as const;
const PATHS = ['/users', '/a/', 'users/', '%2F', '%75', '..', '.', ';', '\\', '/7', '?'] as const;
const HOPS = [
  '10.0.0.1',
  '192.0.2.7:80',
  '[2001:db8::1]',
  '::ffff:10.1.2.3',
  '',
  'unknown',
] as const;

const oneOf = <T>(...items: readonly T[]) => fc.constantFrom(...items);
const word = oneOf(...WORDS);
const longer = fc.array(word, { maxLength: 4 }).map((words) => words.join(''));
/** Bytes of a header's value: no control characters, no blank at its ends. */
const value = fc
  .oneof(
    { weight: 4, arbitrary: longer.map((text) => Buffer.from(text).toString('latin1')) },
    fc.string({ unit: oneOf(...'abAB ,;=\u00c3\u00a9\u00ff'), maxLength: 12 }),
  )
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));

const anyCase = (names: readonly string[]) =>
  fc
    .tuple(oneOf(...names), fc.boolean())
    .map(([name, upper]) => (upper ? name.toUpperCase() : name));
const nearly = fc
  .tuple(oneOf(...NAMES), oneOf(...'abx-_'), fc.boolean())
  .map(([name, letter, first]) => (first ? letter + name.slice(1) : name.slice(0, -1) + letter));

const cookieHeader = fc
  .array(
    fc.oneof(
      fc.tuple(oneOf(...COOKIES, 'betax', ''), oneOf(...WORDS, '')).map((pair) => pair.join('=')),
      oneOf('beta', '', ' ', '=', ' a=a '),
    ),
    { maxLength: 6 },
  )
  .chain((pairs) => oneOf('; ', ';').map((separator) => pairs.join(separator).trim()))
  .map((text) => Buffer.from(text).toString('latin1'));

const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
const query = fc.array(
  fc.oneof(
    fc
      .tuple(oneOf(...FIELDS, 'groups'), oneOf(...WORDS, ''), fc.boolean())
      .map(([name, text, plain]) =>
        plain ? `${name}=${text}` : `${encode(name)}=${encode(text)}`,
      ),
    oneOf('group', '', '=', '%', '%6', 'gr%6fup=a', 'a=%zz', 'a=%C3%A9', 'a=%2'),
  ),
  { maxLength: 5 },
);
const path = fc
  .tuple(
    fc.array(oneOf(...SEGMENTS, ...SEGMENTS, ...SPELLINGS), { minLength: 1, maxLength: 4 }),
    fc.option(query),
    fc.option(oneOf('#a', '#?group=a')),
  )
  .map(([segments, fields, fragment]) => {
    const target = `/${segments.join('/')}${fields === null ? '' : `?${fields.join('&')}`}`;
    return Buffer.from(target + (fragment ?? '')).toString('latin1');
  });
const authority = fc
  .tuple(
    oneOf('aab', 'AAB', 'shop.Example', 'a', 'aab.', '[::1]', ''),
    oneOf('', ':80', ':', ':x', ':8:9'),
  )
  .map((parts) => parts.join(''));

const baggage = fc
  .array(
    fc.oneof(
      fc
        .tuple(anyCase(TAGS), oneOf('canary', 'stable', 'a', 'c%61nary', '%0d%0a', '', 'a b'))
        .map((pair) => pair.join('=')),
      oneOf('a=1', 'b = 2;p=1', 'x-team=a;p', ' X-Team =a', '=', ';=', 'a', ' ', 'x-team;=a'),
    ),
    { maxLength: 5 },
  )
  .chain((members) => oneOf(',', ', ').map((separator) => members.join(separator).trim()));

const forwarded = fc
  .array(oneOf(...HOPS), { maxLength: 4 })
  .chain((hops) => oneOf(', ', ',').map((separator) => hops.join(separator).trim()));

const headers = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.tuple(anyCase(NAMES), value) },
    { weight: 3, arbitrary: fc.tuple(anyCase(TAGS), oneOf('canary', 'stable', 'a', '')) },
    { weight: 2, arbitrary: fc.tuple(oneOf('cookie', 'Cookie'), cookieHeader) },
    { weight: 2, arbitrary: fc.tuple(oneOf('baggage', 'Baggage'), baggage) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('x-forwarded-for'), forwarded) },
    { weight: 1, arbitrary: fc.tuple(nearly, value) },
  ),
  { maxLength: 12 },
);

const request = fc.record({
  method: oneOf(...METHODS),
  path: fc.option(path, { freq: 20 }),
  authority,
  headers,
  address: fc.option(oneOf(...ADDRESSES), { nil: undefined, freq: 10 }),
});
type Request = typeof request extends fc.Arbitrary<infer R> ? R : never;

/** One operator on such texts; `more` may add to those that all subjects have. */
function operators(
  texts: fc.Arbitrary<string> = longer,
  ...more: fc.Arbitrary<Operators>[]
): fc.Arbitrary<Operators> {
  const some = texts.filter((text) => text !== '');
  const compared: fc.Arbitrary<Operators> = fc.oneof(
    texts.map((exact) => ({ exact })),
    some.map((prefix) => ({ prefix })),
    some.map((suffix) => ({ suffix })),
    some.map((contains) => ({ contains })),
    oneOf(...REGEXES).map((regex) => ({ regex })),
    fc.array(texts, { minLength: 1, maxLength: 3 }).map((list) => ({ in: list })),
    ...more,
  );
  return fc.oneof(
    compared,
    fc.tuple(compared, fc.boolean()).map(([one, ignoreCase]) => ({ ...one, ignoreCase })),
    fc.boolean().map((present) => ({ present })),
  );
}
const template = oneOf(...TEMPLATES).map((text) => ({ template: text }));
const anyPath = operators(
  fc.oneof(
    longer,
    fc.array(oneOf(...PATHS, 'a'), { maxLength: 3 }).map((parts) => parts.join('')),
    fc.array(oneOf(...SEGMENTS), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`),
  ),
  template,
  oneOf('/%75sers/{id}/', '//{a}/./{b}', '/%7bid%7D', '/{i;d}').map((text) => ({ template: text })),
);

/** Whether the filter takes the operands. */
function accepts(one: Operators, paths: PathsSpec): boolean {
  return Object.entries(one)
    .flatMap(([operator, value]) => [value].flat().map((text) => [operator, text] as const))
    .every(([operator, text]) => {
      if (typeof text !== 'string') return true;
      const bytes = Buffer.from(text).toString('latin1');
      return operator === 'regex' || pathOperand(operator, bytes, paths) !== undefined;
    });
}
/** An operator on the path, which paths in either form take. */
const onPath = anyPath.filter((one) => accepts(one, {}));

/** A condition of a tag that stands behind `earlier` others. */
function condition(earlier: readonly string[]): fc.Arbitrary<When> {
  const { tree } = fc.letrec<{ tree: When; leaf: When }>((tie) => ({
    leaf: fc.oneof(
      fc.tuple(anyCase(NAMES), operators()).map(([header, one]) => ({ header, ...one })),
      fc.tuple(oneOf(...COOKIES), operators()).map(([cookie, one]) => ({ cookie, ...one })),
      fc.tuple(oneOf(...FIELDS), operators()).map(([name, one]) => ({ query: name, ...one })),
      onPath.map((one) => ({ path: one })),
      operators().map((one) => ({ host: one })),
      fc.uniqueArray(oneOf(...METHODS), { minLength: 1 }).map((method) => ({ method })),
      fc.uniqueArray(oneOf(...NETWORKS), { minLength: 1, maxLength: 3 }).map((ip) => ({ ip })),
      ...(earlier.length === 0
        ? []
        : [
            fc
              .tuple(anyCase(earlier), oneOf('canary', 'stable', 'a'))
              .map(([name, text]) => ({ tag: { [name]: text } })),
          ]),
    ),
    tree: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'when' },
      tie('leaf'),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      tie('tree').map((not) => ({ not })),
      fc.tuple(tie('leaf'), tie('tree')).map(([one, not]) => ({ ...one, not })),
    ),
  }));
  return tree;
}

const source: fc.Arbitrary<Source> = fc.oneof(
  anyCase(NAMES).map((header) => ({ header })),
  oneOf(...COOKIES).map((cookie) => ({ cookie })),
  oneOf(...FIELDS).map((query) => ({ query })),
  fc.constant<Source>({ ip: true }),
);
const share = fc.record(
  {
    percent: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100),
    identity: fc.array(source, { minLength: 1, maxLength: 3 }),
    salt: oneOf('a', 'é'),
  },
  { requiredKeys: ['percent', 'identity'] },
);
const label = oneOf('canary', 'stable', 'a', 'grün', 'a b');
const model: fc.Arbitrary<Model> = fc.shuffledSubarray([...TAGS], { minLength: 1 }).chain((names) =>
  fc.record({
    id: fc.constant(ID),
    direction: oneOf('gateway', 'inbound', 'outbound'),
    mode: oneOf('enforce', 'enforce', 'enforce', 'dryRun', 'disabled'),
    client: oneOf(
      {},
      { address: 'envoy', prefix: { v4: 24, v6: 33 } },
      { address: 'forwarded', prefix: { v6: 128 } },
      { address: 'forwarded', trustedHops: 1 },
      { address: 'forwarded', trustedHops: 2, prefix: { v4: 9, v6: 0 } },
    ),
    paths: oneOf({}, {}, { ignoreCase: true }, { normalize: false }, { normalize: true }),
    tags: fc.tuple(
      ...names.map((header, index) =>
        fc.record(
          {
            header: anyCase([header]),
            incoming: fc.oneof(
              oneOf('strip', 'trust'),
              fc.uniqueArray(label, { minLength: 1 }).map((allow) => ({ allow })),
            ),
            rules: fc.array(
              fc
                .tuple(
                  fc.record(
                    {
                      when: condition(names.slice(0, index)),
                      value: fc.oneof(
                        { weight: 3, arbitrary: label },
                        { weight: 1, arbitrary: anyCase(NAMES).map((header) => ({ header })) },
                      ),
                      dryRun: fc.boolean(),
                    },
                    { requiredKeys: ['value'] },
                  ),
                  fc.option(share, { freq: 3 }),
                )
                .map(([rule, more]) => ({ ...rule, ...more })),
              { maxLength: 4 },
            ),
            default: label,
            carry: oneOf(['baggage'], []),
          },
          { requiredKeys: ['header'] },
        ),
      ),
    ),
  }),
) as fc.Arbitrary<Model>;

/** Uses every kind of condition and of incoming tag at once. */
const everything: Model = {
  id: ID,
  direction: 'gateway',
  tags: [
    {
      header: 'x-traffic-tag',
      rules: [
        { when: { header: 'x-traffic-tag', present: true }, value: 'forged' },
        {
          when: {
            all: [{ header: 'x-user', contains: 'aab' }, { not: { header: 'x-b', exact: 'a' } }],
          },
          value: 'contains',
        },
        { when: { header: 'x-user', in: ['a', 'ab', ''], ignoreCase: true }, value: 'in' },
        {
          when: {
            any: [
              { cookie: 'beta', exact: 'a' },
              { cookie: 'uid', prefix: 'aa' },
            ],
          },
          value: 'cookie',
        },
        { when: { query: 'group', suffix: 'b' }, value: 'query' },
        { when: { query: 'é', present: true, path: { prefix: '/u' } }, value: 'field' },
        { when: { path: { template: '/users/{id}/orders', ignoreCase: true } }, value: 'template' },
        { when: { host: { exact: 'AaB' }, method: ['POST'] }, value: 'host' },
        { when: { ip: ['10.0.0.0/9', '2001:db8::/33'] }, value: 'ip' },
        { when: { header: 'x-user', regex: '(ab?)+' }, value: 'regex' },
        { percent: 20.5, identity: [{ cookie: 'uid' }, { header: 'x-user' }], value: 'share' },
        { percent: 100, identity: [{ ip: true }], value: 'dry', dryRun: true },
        { when: { header: 'x-b', present: true }, value: { header: 'x-b' } },
      ],
      default: 'stable',
      carry: ['baggage'],
    },
    {
      header: 'x-stage',
      incoming: { allow: ['a', 'canary', 'é'] },
      carry: ['baggage'],
      rules: [
        {
          when: { tag: { 'x-traffic-tag': 'ip' }, not: { header: 'x-b', present: false } },
          value: 'b',
        },
      ],
    },
    {
      header: 'x-team',
      incoming: 'trust',
      rules: [{ when: { tag: { 'x-stage': 'a' } }, value: 'c' }],
    },
  ],
};

function configurationOf(one: Model): Record<string, unknown> {
  return { ...one };
}

function entryOf(one: Model) {
  return { id: ID, direction: one.direction, configuration: configurationOf(one) };
}

/** One request through both; throws where they differ. */
function check(plugin: Plugin, one: Model, it: Request): void {
  const map = HeaderMap.fromRequest(requestOf(it.headers, it));
  const before: Pairs = map.toPairs();
  const { address } = it;
  const source = address?.includes(':') ? `[${address}]:1` : `${address}:1`;
  const stream = plugin.open(address === undefined ? {} : { sourceAddress: source });
  const { headers, failed } = stream.requestHeaders(map);
  stream.done();
  if (failed !== undefined) throw new Error(`the VM has failed: ${plugin.vms[1]?.failure}`);
  const expected = tagsAfter(one, before, address);
  const others = (pairs: Pairs) => JSON.stringify(pairs.filter(([name]) => !expected.has(name)));
  if (others(headers.toPairs()) !== others(before)) throw new Error('another header has changed');
  for (const [name, values] of expected) {
    const all = headers.getAll(name);
    const found = name === 'baggage' ? baggageParts(one, all) : all;
    if (JSON.stringify(found) !== JSON.stringify(values)) {
      throw new Error(`${name}: found ${JSON.stringify(found)}, wanted ${JSON.stringify(values)}`);
    }
  }
}

describe('the filter and its model agree', () => {
  it('on a policy with everything in it, for twenty thousand requests', () => {
    const host = new Host({ logLevel: 'error' });
    const plugin = loadFilter(host, entryOf(everything));
    const bytes = plugin.memory().buffer.byteLength;
    const heap = metricOf(host, ID, 'tagalong_heap_bytes');
    let requests = 0;
    fc.assert(
      fc.property(fc.array(request, { minLength: 10, maxLength: 10 }), (list) => {
        for (const it of list) check(plugin, everything, it);
        requests += list.length;
      }),
      { numRuns: 2000 },
    );
    expect(requests).toBeGreaterThanOrEqual(20_000);
    // Every rule had its turn, but for the one that a forged header would be needed for.
    for (const rule of [...'123456789', '10', '11', '12', 'default']) {
      const tag = { tag: 'x-traffic-tag', rule };
      expect(metricOf(host, ID, 'tagalong_tag_total', tag), rule).toBeGreaterThan(0);
    }
    expect(metricOf(host, ID, 'tagalong_tag_total', { tag: 'x-traffic-tag', rule: '0' })).toBe(0);
    expect(metricOf(host, ID, 'tagalong_errors_total')).toBe(0);
    expect(plugin.memory().buffer.byteLength).toBe(bytes);
    plugin.configure(textOf(entryOf(everything)));
    expect(metricOf(host, ID, 'tagalong_heap_bytes')).toBe(heap);
  });

  it('on any policy', () => {
    const host = new Host({ logLevel: 'error' });
    const plugin = loadFilter(host, entryOf(everything), { strict: true });
    const bytes = plugin.memory().buffer.byteLength;
    fc.assert(
      fc.property(model, fc.array(request, { minLength: 8, maxLength: 8 }), (one, list) => {
        const accepted = plugin.configure(JSON.stringify(configurationOf(one)));
        if (!accepted) throw new Error(host.logs.at(-1)?.message);
        for (const it of list) check(plugin, one, it);
      }),
      { numRuns: 500 },
    );
    expect(plugin.memory().buffer.byteLength).toBe(bytes);
  });

  it('on which paths a condition may compare with', () => {
    const host = new Host({ logLevel: 'critical' });
    const plugin = loadFilter(host, entryOf(everything), { strict: true });
    let refused = 0;
    fc.assert(
      fc.property(anyPath, oneOf({}, { normalize: false }), (one, paths) => {
        const tags = [{ header: 'x-stage', rules: [{ when: { path: one }, value: 'a' }] }];
        const wanted = accepts(one, paths);
        if (!wanted) refused++;
        const configuration: Model = { id: ID, direction: 'gateway', paths, tags };
        expect(plugin.configure(JSON.stringify(configuration))).toBe(wanted);
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it('takes any bytes for a configuration without harm', () => {
    const host = new Host({ logLevel: 'critical' });
    const plugin = loadFilter(host, entryOf(everything), { strict: true });
    const good = Buffer.from(textOf(entryOf(everything)));
    const spoiled = fc
      .tuple(
        fc.nat(good.length - 1),
        fc.nat(20),
        fc.oneof(fc.uint8Array({ maxLength: 8 }), oneOf(...'{}[]":,\\u0').map(Buffer.from)),
      )
      .map(([at, cut, bytes]) =>
        Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + cut)]),
      );
    fc.assert(
      fc.property(spoiled, (bytes) => {
        plugin.configure(bytes);
        // Anything else would be a trap.
        const { rejected = 'refused' } = plugin;
        if (!/(refused|answered false)$/.test(rejected)) throw new Error(rejected);
        // What JSON.parse refuses the filter refuses too.
        if (plugin.accepted) JSON.parse(bytes.toString());
      }),
      { numRuns: 1000 },
    );
    expect(plugin.configure(good)).toBe(true);
  });
});

// generated: policies that are valid by construction, and requests that speak of what they speak of.

import fc from 'fast-check';

export interface GeneratedRequest {
  readonly method: string;
  readonly path: string;
  /** Text; sent as UTF-8. Names differ. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface GeneratedPolicy {
  readonly at: 'gateway' | 'inbound' | 'outbound' | 'sidecar';
  /** What the entry holds besides its place. */
  readonly sections: Readonly<Record<string, unknown>>;
  /** Of the one route, besides its host and gateways. */
  readonly route: Readonly<Record<string, unknown>>;
  readonly requests: readonly GeneratedRequest[];
}

/** Versions that every service of these tests has, by the label `version`. */
export const VERSIONS = ['v1', 'v2', 'v3'] as const;
export const REQUESTS = 20;

const TAGS = ['x-traffic-tag', 'x-stage'] as const;
const NAMES = [...TAGS, 'x-team', 'x-user', 'accept-language'] as const;
const WORDS = ['a', 'ab', 'B', 'canary', 'stable', 'é', 'a b', '7'] as const;
const VALUES = ['canary', 'stable', 'a', 'next one'] as const;
const COOKIES = ['beta', 'uid'] as const;
const FIELDS = ['group', 'q'] as const;
const METHODS = ['GET', 'POST', 'PUT'] as const;
const SEGMENTS = ['users', 'orders', '7', 'a', 'A'] as const;
const TEMPLATES = ['/users/{id}', '/users/{id}/orders', '/{a}/{b}', '/'] as const;
const REGEXES = ['a*b?', '(a|ab)+', '.*B', 'canary|stable', '[^a]{1,3}', '/[a-z]+.*'] as const;
const NETWORKS = ['10.0.0.0/8', '127.0.0.1', '192.0.2.0/25', '2001:db8::/33', '0.0.0.0/0'] as const;
const ADDRESSES = ['10.0.0.1', '192.0.2.7', '192.0.2.200', '2001:db8::1'] as const;

function oneOf<const T extends readonly unknown[]>(...items: T): fc.Arbitrary<T[number]> {
  return fc.constantFrom(...items);
}
const some = <T>(item: fc.Arbitrary<T>, maxLength = 3) =>
  fc.uniqueArray(item, { minLength: 1, maxLength });
const word = fc
  .array(oneOf(...WORDS), { minLength: 1, maxLength: 2 })
  .map((words) => words.join(''));
const path = fc
  .array(oneOf(...SEGMENTS), { maxLength: 3 })
  .map((segments) => `/${segments.join('/')}`);

function operators(text: fc.Arbitrary<string>): fc.Arbitrary<object> {
  const compared = fc.oneof(
    text.map((exact) => ({ exact })),
    text.map((prefix) => ({ prefix })),
    text.map((suffix) => ({ suffix })),
    text.map((contains) => ({ contains })),
    oneOf(...REGEXES).map((regex) => ({ regex })),
    some(text).map((list) => ({ in: list })),
  );
  return fc.oneof(
    compared,
    fc.tuple(compared, fc.boolean()).map(([one, ignoreCase]) => ({ ...one, ignoreCase })),
    fc.boolean().map((present) => ({ present })),
  );
}

const onPath = fc.oneof(
  // Every path is there, and ends in a slash for a loose reader: the filter refuses such operands.
  operators(path).filter((one) => !('present' in one) && !('suffix' in one && one.suffix === '/')),
  oneOf(...TEMPLATES).map((template) => ({ template })),
);

function condition(earlier: readonly string[]): fc.Arbitrary<object> {
  const { tree } = fc.letrec<{ tree: object; leaf: object }>((tie) => ({
    leaf: fc.oneof(
      fc.tuple(oneOf(...NAMES), operators(word)).map(([header, one]) => ({ header, ...one })),
      fc.tuple(oneOf(...COOKIES), operators(word)).map(([cookie, one]) => ({ cookie, ...one })),
      fc.tuple(oneOf(...FIELDS), operators(word)).map(([query, one]) => ({ query, ...one })),
      onPath.map((one) => ({ path: one })),
      oneOf('svc', 'a').map((prefix) => ({ host: { prefix } })),
      some(oneOf(...METHODS)).map((method) => ({ method })),
      some(oneOf(...NETWORKS)).map((ip) => ({ ip })),
      ...(earlier.length === 0
        ? []
        : [
            fc
              .tuple(oneOf(...earlier), oneOf(...VALUES))
              .map(([name, value]) => ({ tag: { [name]: value } })),
          ]),
    ),
    tree: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'when' },
      tie('leaf'),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
      tie('tree').map((not) => ({ not })),
    ),
  }));
  return tree;
}

const source = fc.oneof(
  oneOf('x-user', 'x-team').map((header) => ({ header })),
  oneOf(...COOKIES).map((cookie) => ({ cookie })),
  oneOf(...FIELDS).map((query) => ({ query })),
  fc.constant({ ip: true }),
);

function rule(name: string, earlier: readonly string[]): fc.Arbitrary<object> {
  const share = fc.record(
    {
      percent: fc.integer({ min: 1, max: 9_999 }).map((hundredths) => hundredths / 100),
      identity: some(source),
      salt: oneOf('a', 'checkout-2026'),
    },
    { requiredKeys: ['percent', 'identity'] },
  );
  const value = fc.oneof(
    { weight: 4, arbitrary: oneOf(...VALUES) },
    { weight: 1, arbitrary: fc.constant({ header: 'x-team' }) },
  );
  return fc
    .tuple(condition(earlier), fc.option(share), value, fc.nat(9))
    .map(([when, chance, value, dice]) => ({
      name,
      when,
      ...chance,
      value,
      ...(dice === 0 ? { dryRun: true } : {}),
    }));
}

function tag(header: string, earlier: readonly string[]): fc.Arbitrary<object> {
  return fc
    .tuple(
      oneOf(undefined, 'strip', 'trust', { allow: ['canary', 'stable'] }),
      fc.tuple(rule('one', earlier), rule('two', earlier), rule('three', earlier)),
      fc.integer({ min: 1, max: 3 }),
      oneOf(undefined, 'stable'),
    )
    .map(([incoming, rules, count, rest]) => ({
      header,
      ...(incoming === undefined ? {} : { incoming }),
      rules: rules.slice(0, count),
      ...(rest === undefined ? {} : { default: rest }),
    }));
}

const limit = (name: string) =>
  fc
    .record(
      {
        when: condition([]),
        per: some(source, 2),
        // Nothing of an hour's rate comes back while the requests are sent.
        burst: fc.integer({ min: 1, max: 12 }),
        scope: oneOf('proxy', 'worker'),
        dryRun: fc.constant(true),
        reject: oneOf({ status: 503 }, { status: 429, body: 'slow down' }),
      },
      { requiredKeys: ['burst'] },
    )
    .map((spec) => ({ name, rate: '1/h', ...spec }));

const sections = fc
  .tuple(
    tag(TAGS[0], []),
    fc.option(tag(TAGS[1], [TAGS[0]])),
    fc.tuple(limit('one'), limit('two')),
    fc.nat(2),
    oneOf(undefined, 'enforce', 'enforce', 'dryRun', 'disabled'),
    oneOf(undefined, { ignoreCase: true }, { normalize: false }),
    oneOf(undefined, { prefix: { v4: 24, v6: 33 } }, { address: 'forwarded', trustedHops: 1 }),
  )
  .map(([first, second, limits, count, mode, paths, client]) => ({
    tags: second === null ? [first] : [first, second],
    ...(count > 0 ? { limits: limits.slice(0, count) } : {}),
    ...(mode === undefined ? {} : { mode }),
    ...(paths === undefined ? {} : { paths }),
    ...(client === undefined ? {} : { client }),
  }));

const route = oneOf(
  { versions: { stable: { version: 'v1' }, canary: { version: 'v2' } }, default: 'stable' },
  {
    versions: { stable: { version: 'v1' }, canary: { version: 'v2' }, a: { version: 'v3' } },
    default: 'canary',
  },
  {
    versions: {
      stable: { version: 'v1' },
      staged: {
        labels: { version: 'v3' },
        when: { [TAGS[0]]: 'canary', [TAGS[1]]: 'stable' },
      },
      canary: { version: 'v2' },
    },
    default: 'stable',
  },
).map((spec) => ({ tag: TAGS[0], ...spec }));

const request: fc.Arbitrary<GeneratedRequest> = fc
  .record({
    method: oneOf(...METHODS),
    path,
    fields: fc.uniqueArray(fc.tuple(oneOf(...FIELDS), word), { selector: ([name]) => name }),
    cookies: fc.uniqueArray(fc.tuple(oneOf(...COOKIES), oneOf('a', 'ab', 'B', '7')), {
      selector: ([name]) => name,
    }),
    headers: fc.uniqueArray(
      fc.oneof(fc.tuple(oneOf(...NAMES), word), fc.tuple(oneOf(...TAGS), oneOf(...VALUES))),
      { maxLength: 5, selector: ([name]) => name },
    ),
    forwarded: fc.option(fc.array(oneOf(...ADDRESSES), { minLength: 1, maxLength: 3 })),
  })
  .map(({ method, path, fields, cookies, headers, forwarded }) => {
    const query = fields.map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join('&');
    const cookie = cookies.map((pair) => pair.join('=')).join('; ');
    return {
      method,
      path: query === '' ? path : `${path}?${query}`,
      headers: [
        ...headers,
        ...(cookie === '' ? [] : [['cookie', cookie] as const]),
        ...(forwarded === null ? [] : [['x-forwarded-for', forwarded.join(', ')] as const]),
      ],
    };
  });

const policy: fc.Arbitrary<GeneratedPolicy> = fc
  .record({
    at: oneOf('gateway', 'inbound', 'outbound', 'sidecar'),
    sections,
    propagate: fc.boolean(),
    route,
    requests: fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS }),
  })
  .map(({ sections, propagate, ...rest }) => ({
    ...rest,
    sections: {
      ...sections,
      ...(rest.at === 'sidecar' || (rest.at !== 'gateway' && propagate) ? { propagate: {} } : {}),
    },
  }));

/** The same for the same seed. */
export function generatedPolicies(count: number, seed: number): GeneratedPolicy[] {
  return fc.sample(policy, { numRuns: count, seed });
}

import { describe, expect, it } from 'vitest';
import type { ExplainRequest } from '../../../envoyfilter/src/explain/arrival.js';
import { bucketFunction } from '../../../envoyfilter/src/explain/bucket.js';
import { Explainer } from '../../../envoyfilter/src/explain/explainer.js';
import type { Explanation, Step } from '../../../envoyfilter/src/explain/explanation.js';
import { EntryRefusedError } from '../../../envoyfilter/src/explain/simulator.js';
import { explanationText, type Paint } from '../../../envoyfilter/src/explain/text.js';
import { Host } from '../../../envoyfilter/src/host/index.js';
import { filterEntries, type Policy } from '../../../envoyfilter/src/policy/policy.js';
import { goldenBeside } from '../../harness/golden.js';
import { loadFilter, requestOf } from '../../harness/host.js';
import { DEMO, policyAt, policyOf, SHOP } from './policies.js';

const expectGolden = goldenBeside(import.meta.url);
const plain: Paint = (_, text) => text;
const shop = policyAt(SHOP);

type Of<S extends Step['step']> = Extract<Step, { step: S }>;

function stepsOf<S extends Step['step']>(explanation: Explanation, step: S): Of<S>[] {
  return explanation.entries
    .flatMap(({ steps }) => steps)
    .filter((one): one is Of<S> => one.step === step);
}

function valueAfter({ headers }: Explanation, name: string): string | undefined {
  return headers.after.find(([other]) => other === name)?.[1];
}

/** Each of a policy, on one proxy, one after the other. */
const STORIES: Record<string, { policy: string; requests: ExplainRequest[] }> = {
  shop: {
    policy: SHOP,
    requests: [
      {
        at: 'gateway',
        headers: [
          ['x-user-group', 'internal'],
          ['x-team', 'blue'],
        ],
      },
      { at: 'gateway', path: '/checkout/1?x=1', headers: [['cookie', 'a=b; uid=nora']] },
      { at: 'gateway', path: '/checkout', headers: [['x-user-id', '7']] },
      { at: 'gateway', method: 'POST', path: '/login', sourceAddress: '2001:db8:1:2:3::9' },
      {
        at: 'gateway',
        headers: [
          ['x-traffic-tag', 'canary'],
          ['x-stage', 'pre'],
          ['baggage', 'a=1;p=2, x-traffic-tag=forged'],
        ],
      },
      { at: 'inbound', headers: [['x-traffic-tag', 'canary']] },
      { at: 'sidecar', headers: [['x-traffic-tag', 'canary']] },
    ],
  },
  demo: {
    policy: DEMO,
    requests: [
      { at: 'gateway' },
      { at: 'gateway', headers: [['x-user-group', 'internal']] },
      { at: 'gateway', path: '/checkout', headers: [['cookie', 'uid=nora']] },
      { at: 'gateway', path: '/checkout' },
      ...Array<ExplainRequest>(6).fill({ at: 'gateway', path: '/login', nowMs: 1000 }),
      {
        at: 'sidecar',
        headers: [
          ['x-traffic-tag', 'canary'],
          ['traceparent', TRACEPARENT()],
        ],
      },
    ],
  },
};

function TRACEPARENT(): string {
  return '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
}

describe('an explanation', () => {
  it.each(Object.keys(STORIES))('is told as expected: %s', async (name) => {
    const { policy, requests } = STORIES[name] as (typeof STORIES)[string];
    const explainer = await Explainer.of(policyAt(policy));
    const explanations = requests.map((request) => explainer.explain(request));
    expectGolden(`${name}.txt`, explanations.map((one) => explanationText(one, plain)).join('\n'));
    expectGolden(`${name}.json.txt`, `${JSON.stringify(explanations, null, 2)}\n`);
  });

  it('is the same each time, what is minted included', async () => {
    const told = async () => {
      const explainer = await Explainer.of(policyAt(DEMO));
      const ask = () => explainer.explain({ at: 'gateway', path: '/checkout' });
      return JSON.stringify([ask(), ask()]);
    };
    expect(await told()).toBe(await told());
    const [first, second] = JSON.parse(await told()) as Explanation[];
    const cookie = (one?: Explanation) => one?.response.find(({ name }) => name === 'set-cookie');
    expect(cookie(first)?.after[0]).toMatch(/^tagalong_id=[0-9a-f]{32};/);
    expect(cookie(first)).not.toEqual(cookie(second));
  });

  it('agrees with the filter itself about headers', async () => {
    const [gateway] = filterEntries(shop);
    if (gateway === undefined) throw new Error('no entry');
    const explainer = await Explainer.of(shop);
    const plugin = loadFilter(new Host(), gateway);
    for (let number = 0; number < 50; number += 1) {
      const headers = [
        ['x-user-id', `user-${number}`],
        ['x-request-id', `request-${number}`],
        ...(number % 3 === 0 ? [['x-user-group', 'internal']] : []),
        ...(number % 5 === 0 ? [['x-stage', number % 2 === 0 ? 'pre' : 'none']] : []),
      ] as [string, string][];
      const stream = plugin.open({ sourceAddress: '192.0.2.1:0' });
      const start = { path: '/checkout', authority: 'localhost' };
      const { before, after } = explainer.explain({
        at: 'gateway',
        path: '/checkout',
        headers,
      }).headers;
      const sent = requestOf(
        before.filter(([name]) => !name.startsWith(':')),
        start,
      );
      const expected = [...stream.requestHeaders(sent).headers];
      expect([...after].sort()).toEqual(expected.sort());
    }
  });

  it('shares no clock with the world: limits fill again in virtual time', async () => {
    const explainer = await Explainer.of(policyAt(DEMO));
    const login = (nowMs: number) => explainer.explain({ at: 'gateway', path: '/login', nowMs });
    const statuses = [0, 0, 0, 0, 0, 0, 11_999, 12_000].map((at) => login(at).reply?.status);
    expect(statuses).toEqual([...Array(5).fill(undefined), 429, 429, undefined]);
    expect(() => login(0)).toThrow(RangeError);
  });

  it('knows the limits by what is left of them', async () => {
    const explainer = await Explainer.of(shop);
    const login = () => explainer.explain({ at: 'gateway', method: 'POST', path: '/login' });
    const steps = Array.from({ length: 21 }, () => stepsOf(login(), 'limit')[0]);
    expect(steps.map((step) => step?.remaining)).toEqual([
      ...Array.from({ length: 20 }, (_, at) => 19 - at),
      0,
    ]);
    expect(steps[0]).toMatchObject({ verdict: 'admitted', per: { ip: '192.0.2.1' }, burst: 20 });
    expect(steps[20]).toMatchObject({ verdict: 'rejected', limit: 'login' });
    expect(stepsOf(login(), 'limit')[1]?.verdict).toBe('not for it');
  });

  it('says of a limit that gave its token back that another rejects', async () => {
    const limits = [
      { name: 'wide', rate: '100/h' },
      { name: 'narrow', when: { path: { prefix: '/a' } }, rate: '1/h' },
      { name: 'other', when: { path: { exact: '/b' } }, rate: '1/h' },
      { name: 'watching', rate: '1/h', dryRun: true },
    ];
    const explainer = await Explainer.of(policyOf({ at: 'gateway', limits }));
    explainer.explain({ at: 'gateway', path: '/a' });
    const second = explainer.explain({ at: 'gateway', path: '/a' });
    expect(second.reply).toMatchObject({ status: 429, limits: ['narrow'], entry: 'test/test/0' });
    expect(stepsOf(second, 'limit').map(({ verdict }) => verdict)).toEqual([
      'not charged',
      'rejected',
      'not for it',
      'not charged',
    ]);
    expect(second.routes).toEqual([]);
  });

  it('shows an identity only where it has the bucket that the filter named', async () => {
    const bucketOf = await bucketFunction();
    const explainer = await Explainer.of(shop);
    const ask = (headers: [string, string][]) =>
      stepsOf(explainer.explain({ at: 'gateway', path: '/checkout', headers }), 'rule')[1];
    expect(
      ask([
        ['cookie', 'uid=nora'],
        ['x-user-id', '7'],
      ])?.bucket,
    ).toEqual({
      salt: 'checkout-2026-11',
      identity: 'nora',
      from: 'cookie uid',
      bucket: bucketOf('checkout-2026-11', 'nora'),
      below: 1000,
    });
    expect(ask([['x-user-id', 'é漢']])?.bucket?.identity).toBe('é漢');
    expect(ask([])?.bucket).toMatchObject({ from: 'ip', identity: '192.0.2.1' });
  });

  it('keeps each service its own: selectors and namespaces choose entries', async () => {
    const filters = [
      { at: 'inbound', selector: { app: 'a' }, tags: [{ header: 'x-a', default: '1' }] },
      { at: 'inbound', selector: { app: 'b' }, tags: [{ header: 'x-b', default: '1' }] },
      { at: 'inbound', namespace: 'other', tags: [{ header: 'x-c', default: '1' }] },
    ];
    const policy = policyOf(filters[0] ?? {}, { filters });
    const ids = async (options: object) =>
      (await Explainer.of(policy, options))
        .explain({ at: 'inbound' })
        .entries.map(({ id }) => id.at(-1));
    expect(await ids({})).toEqual(['0', '1', '2']);
    expect(await ids({ namespace: 'test' })).toEqual(['0', '1']);
    expect(await ids({ labels: { app: 'b', tier: 'x' } })).toEqual(['1', '2']);
    expect(await ids({ labels: {}, namespace: 'other' })).toEqual(['2']);
  });

  it('runs entries one behind the other, and shows the answer to those before', async () => {
    const policy = policyOf(
      {},
      {
        filters: [
          { at: 'gateway', tags: [{ header: 'x-a', default: 'one', echo: true }] },
          {
            at: 'gateway',
            tags: [
              { header: 'x-b', rules: [{ when: { header: 'x-a', exact: 'one' }, value: 'two' }] },
            ],
            limits: [{ name: 'none', rate: '1/h' }],
          },
        ],
      },
    );
    const explainer = await Explainer.of(policy);
    const first = explainer.explain({ at: 'gateway' });
    expect(first.entries.map(({ id }) => id)).toEqual(['test/test/0', 'test/test/1']);
    expect(valueAfter(first, 'x-b')).toBe('two');
    expect(first.response).toEqual([{ name: 'x-a', before: [], after: ['one'] }]);
    const second = explainer.explain({ at: 'gateway' });
    expect(second.reply?.headers).toContainEqual(['x-a', 'one']);
  });

  it('runs entries of several policies as their rendered filters stand', async () => {
    const named = (name: string, headers: string[]): Policy => {
      const filters = headers.map((header) => ({
        at: 'inbound' as const,
        tags: [{ header, default: '1' }],
      }));
      return { metadata: { name, namespace: 'n' }, spec: { filters } };
    };
    const explainer = await Explainer.of([named('b', ['x-1', 'x-2']), named('a', ['x-3', 'x-4'])]);
    const ids = explainer.explain({ at: 'inbound' }).entries.map(({ id }) => id);
    expect(ids).toEqual(['n/a/0', 'n/b/0', 'n/a/1', 'n/b/1']);
  });

  it('is of what a dry run would do, which writes nothing', async () => {
    const dry = { ...shop, spec: { ...shop.spec, mode: 'dryRun' as const } };
    const explainer = await Explainer.of(dry);
    const told = explainer.explain({ at: 'gateway', headers: [['x-user-group', 'internal']] });
    expect(told.headers.changes).toEqual([]);
    expect(told.entries[0]?.mode).toBe('dryRun');
    expect(stepsOf(told, 'rule')[0]?.verdict).toBe('matched');
    const disabled = { ...shop, spec: { ...shop.spec, mode: 'disabled' as const } };
    const silent = (await Explainer.of(disabled)).explain({ at: 'gateway' });
    expect(silent.entries[0]).toMatchObject({ mode: 'disabled', steps: [] });
  });

  it('takes the header of a limit that a service counts off again, as the proxy does', async () => {
    const limits = [{ name: 'all', rate: '5/s', scope: 'global' }];
    const explainer = await Explainer.of(policyOf({ at: 'gateway', limits }));
    const told = explainer.explain({ at: 'gateway' });
    expect(told.headers.changes).toEqual([]);
    expect(stepsOf(told, 'limit')[0]?.reason).toContain('the rate limit service is asked');
  });

  it('says in the words of the filter why an entry is refused', async () => {
    const tags = [
      { header: 'x-a', rules: [{ value: 'a', percent: 200, identity: [{ ip: true }] }] },
    ];
    const explainer = await Explainer.of(policyOf({ at: 'gateway', tags }));
    expect(() => explainer.explain({ at: 'gateway' })).toThrow(EntryRefusedError);
    expect(() => explainer.explain({ at: 'gateway' })).toThrow('percent');
  });
});

describe('a reason', () => {
  const ask = async (when: object, request: Omit<ExplainRequest, 'at'> = {}) => {
    const tags = [{ header: 'x-out', rules: [{ when, value: 'yes' }] }];
    const explainer = await Explainer.of(policyOf({ at: 'gateway', tags }));
    const [step] = stepsOf(explainer.explain({ at: 'gateway', ...request }), 'rule');
    return `${step?.verdict}: ${step?.reason}`;
  };
  const X = { headers: [['x-a', 'abc']] as const };

  it.each<[object, Omit<ExplainRequest, 'at'>, string]>([
    [{ header: 'x-a', exact: 'abc' }, X, 'matched: header x-a is "abc" (exact "abc")'],
    [{ header: 'x-a', exact: 'b' }, X, 'no match: header x-a is "abc", wanted exact "b"'],
    [{ header: 'x-a', exact: 'b' }, {}, 'no match: header x-a is absent, wanted exact "b"'],
    [
      { not: { header: 'x-a', prefix: 'a' } },
      X,
      'no match: header x-a is "abc", which prefix "a" excludes',
    ],
    [{ not: { header: 'x-a', prefix: 'b' } }, X, 'matched: header x-a is "abc", not prefix "b"'],
    [{ header: 'x-a', present: true }, {}, 'no match: header x-a is absent, wanted present'],
    [{ header: 'x-a', present: false }, X, 'no match: header x-a is "abc", wanted absent'],
    [{ not: { header: 'x-a', present: true } }, X, 'no match: header x-a is "abc", wanted absent'],
    [
      { not: { header: 'x-a', present: false } },
      {},
      'no match: header x-a is absent, wanted present',
    ],
    [
      { header: 'x-a', in: ['ABC'], ignoreCase: true },
      X,
      'matched: header x-a is "abc" (in "ABC" in any case)',
    ],
    [{ method: ['POST', 'PUT'] }, {}, 'no match: method is "GET", wanted one of POST, PUT'],
    [
      { ip: ['10.0.0.0/8'] },
      { sourceAddress: '10.1.2.3' },
      'matched: client is "10.1.2.3" (an address in 10.0.0.0/8)',
    ],
    [{ host: { suffix: '.b' } }, { authority: 'A.b:80' }, 'matched: host is "a.b" (suffix ".b")'],
    [{ query: 'q', exact: 'a b' }, { path: '/?q=a+b' }, 'matched: query q is "a b" (exact "a b")'],
    [
      { cookie: 'c', exact: '1' },
      { headers: [['cookie', 'c=2; c=3']] },
      'no match: cookie c is "2" and "3", wanted exact "1"',
    ],
    [
      { path: { template: '/u/{id}' } },
      { path: '/u/7?x' },
      'matched: path is "/u/7" (template "/u/{id}")',
    ],
    // The filter reads the path as the loosest service would; what is shown is what came.
    [
      { path: { exact: '/a/b' } },
      { path: '/a//c/../b' },
      'matched: path is "/a//c/../b" (exact "/a/b")',
    ],
    [
      { header: 'x-a', exact: 'abc', path: { prefix: '/x' }, method: ['PUT'] },
      X,
      'no match: path is "/", wanted prefix "/x"',
    ],
    [
      {
        any: [
          { header: 'x-b', present: true },
          { header: 'x-a', exact: 'b' },
        ],
      },
      X,
      'no match: header x-b is absent, wanted present; header x-a is "abc", wanted exact "b"',
    ],
    [
      {
        any: [
          { header: 'x-b', present: true },
          { header: 'x-a', exact: 'abc' },
        ],
      },
      X,
      'matched: header x-a is "abc" (exact "abc")',
    ],
  ])('for %j', async (when, request, expected) => {
    expect(await ask(when, request)).toBe(expected);
  });

  it('does not show what is gone before conditions are evaluated', async () => {
    const tags = [
      { header: 'x-a', incoming: 'strip' },
      { header: 'x-out', rules: [{ when: { header: 'x-a', present: true }, value: 'yes' }] },
    ];
    const explainer = await Explainer.of(policyOf({ at: 'gateway', tags }));
    const told = explainer.explain({ at: 'gateway', headers: [['x-a', '1']] });
    expect(stepsOf(told, 'rule')[0]?.verdict).toBe('no match');
  });
});

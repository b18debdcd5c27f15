// createFetch and the interceptor, on the built-in undici of each Node and on those of npm.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

interface Case extends Told {
  readonly tries?: readonly { via: string; outcome: number | string; sent: string }[];
  readonly ms: number;
}
type Cases = Record<string, Case>;

const TIMEOUT_MS = 90_000;
const maybe = { name: 'TagalongError', code: 'TAGALONG_MAYBE_PROCESSED', sent: 'maybe' };
const fails = (code: string, sent: string) => ({ name: 'TagalongError', code, sent });
const ok = (text: string, main: string[], other: string[] = []) => ({
  status: 200,
  text,
  main,
  other: other.map((one) => expect.stringMatching(new RegExp(`^${one} `))),
});

const EXPECTED: Record<string, Told> = {
  get: ok('main GET ', ['GET ']),
  post: ok('main POST b', ['POST b']),
  long: { status: 200, text: 1 << 20 },
  trailers: { status: 200, text: 't' },
  refused: { ...fails('TAGALONG_UNREACHABLE', 'no'), attempts: 3, cause: 'ECONNREFUSED' },
  'refused, next hop': ok('other POST b', [], ['POST b']),
  'refused proxy, next hop': { ...ok('other POST b', []), other: ['POST b reviews.test:9080'] },
  proxy: ok('main POST b', ['POST b']),
  'proxy of https': fails('TAGALONG_NO_ROUTE', 'no'),
  'reset, GET': ok('main GET ', ['GET ', 'GET ']),
  'reset, GET, always': { ...maybe, attempts: 3, main: ['GET ', 'GET ', 'GET '] },
  'reset, POST': { ...maybe, attempts: 1, main: ['POST b'] },
  'reset, keyed POST': ok('main POST b', ['POST b', 'POST b']),
  'reset, empty key': { ...maybe, main: ['POST b'] },
  'reset, caller says so': ok('main POST b', ['POST b', 'POST b']),
  'reset, idempotent throws': { ...maybe, main: ['GET '] },
  'reset, no retry': { ...maybe, main: ['GET '] },
  '503 of the app': { status: 503, text: 'app', main: ['GET ', 'GET ', 'GET '] },
  '503 of the app, once': ok('main GET ', ['GET ', 'GET ']),
  '503 of the app, POST': { status: 503, text: 'app', main: ['POST b'] },
  'retry-after': ok('main GET ', ['GET ', 'GET ']),
  'retry-after beyond the deadline': { status: 503, text: 'busy', main: ['GET '] },
  UF: { status: 503, main: ['POST b'], other: ['POST b reviews.test:9080'] },
  'UF, once': ok('main POST b', ['POST b', 'POST b']),
  'UF, always': { status: 503, main: ['POST b', 'POST b', 'POST b'] },
  'UF, direct': { status: 503, main: ['POST b'] },
  'UC, POST': { status: 503, main: ['POST b'] },
  'UC, GET': { status: 503, main: ['GET ', 'GET ', 'GET '] },
  URX: { status: 503, main: ['GET '], other: [] },
  overloaded: { status: 503, text: 'overflow', main: ['GET '] },
  budget: { ...fails('TAGALONG_BUDGET', 'maybe'), attempts: 1, main: ['GET '] },
  'budget, answer': { status: 503, text: 'app', main: ['GET '] },
  deadline: { ...fails('TAGALONG_DEADLINE', 'maybe'), attempts: 1 },
  'wait beyond the deadline': { ...fails('TAGALONG_UNREACHABLE', 'no'), cause: 'ECONNREFUSED' },
  'half a body': { main: ['GET '] },
  'stream, refused': ok('other POST onetwo', [], ['POST onetwo']),
  'stream, reset, keyed': { ...maybe, main: ['POST onetwo'] },
  bytes: ok('main POST hi', ['POST hi', 'POST hi']),
  'abort in flight': { same: true },
  'abort in a wait': { same: true },
  'abort before': { same: true },
};
const OF_FETCH: Record<string, Told> = {
  trailers: { cookies: ['a=1', 'b=2'] },
  form: ok('main POST a=%C3%BC', ['POST a=%C3%BC', 'POST a=%C3%BC']),
  redirect: ok('other POST b', ['POST b'], ['POST b']),
};
const OF_REQUEST: Record<string, Told> = { trailers: { trailers: { 'x-sum': '1' } } };

// undici 8 needs a Node of its own time.
const copies = nodes.flatMap((node) =>
  ['builtin', 'undici6', 'undici', ...(node.major >= 22 ? ['undici8'] : [])].map(
    (copy) => [node.version, copy, node] as const,
  ),
);
const REGISTER = ['--import', '@tagalong/node/register'];

describe.each(copies)('on Node %s with %s', (_, copy, node) => {
  let found: Record<'fetch' | 'request', Cases> & { mock: string; invalid: string };
  beforeAll(async () => {
    // The built-in one is what `register` patches as well: what it does must not differ.
    found = await runApp(node, 'dispatch.mjs', [copy], copy === 'builtin' ? REGISTER : []);
  }, TIMEOUT_MS);

  const kinds = copy === 'builtin' ? (['fetch'] as const) : (['fetch', 'request'] as const);
  describe.each(kinds)('%s', (kind) => {
    it('does in each case what is due', () => {
      const own = kind === 'fetch' ? OF_FETCH : OF_REQUEST;
      const names = [...new Set([...Object.keys(EXPECTED), ...Object.keys(own)])];
      const due = names.map((name) => [name, { ...EXPECTED[name], ...own[name] }]);
      expect(found[kind]).toMatchObject(Object.fromEntries(due));
    });

    it('waits as long as it is told to', () => {
      const cases = found[kind];
      expect(cases['retry-after']!.ms).toBeGreaterThanOrEqual(990);
      expect(cases['retry-after beyond the deadline']!.ms).toBeLessThan(1_000);
      expect(cases.deadline!.ms).toBeGreaterThanOrEqual(195);
      expect(cases.deadline!.ms).toBeLessThan(1_000);
      expect(cases['wait beyond the deadline']!.ms).toBeLessThan(1_000);
      expect(cases['abort in flight']!.ms).toBeLessThan(1_000);
      expect(cases['abort in a wait']!.ms).toBeLessThan(1_000);
    });

    it('tells every attempt', () => {
      const told = found[kind]['refused proxy, next hop']!.tries;
      expect(told).toMatchObject([
        { via: 'proxy', outcome: 'ECONNREFUSED', sent: 'no', n: 1, next: 'direct' },
        { via: 'direct', outcome: 200, n: 2, next: null, authority: 'reviews.test:9080' },
      ]);
    });

    it('leaves a hop that refuses five times, asks it again, and goes back', () => {
      expect(found[kind].breaker).toEqual({
        before: [...Array(5).fill('proxy,direct'), 'direct', 'direct', 'direct'],
        probed: ['proxy,direct', 'direct'],
        after: ['proxy', 'proxy', 'proxy'],
      });
    });
  });

  it('calls whatever fetch it is given, and leaves the caller its own mistakes', () => {
    expect(found.mock).toBe('mock http://nowhere.test/');
    expect(found.invalid).toMatch(/^TypeError/);
  });
});

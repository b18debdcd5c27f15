// What calls are decided by, without a network: backoff, budget, breaker, proof, routes.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../sdk-node/src/call/backoff.js';
import { Breaker, Breakers } from '../../../sdk-node/src/call/breaker.js';
import { Budget } from '../../../sdk-node/src/call/budget.js';
import { policyOf } from '../../../sdk-node/src/call/options.js';
import {
  answerOf,
  isUnsentText,
  neverEstablished,
  proofOf,
  retryAfterMs,
} from '../../../sdk-node/src/call/proof.js';
import { routerOf } from '../../../sdk-node/src/call/route.js';
import { TagalongError } from '../../../sdk-node/src/core/errors.js';
import type { Hop } from '../../../sdk-node/src/core/hop.js';

describe('backoff', () => {
  it('is anything up to the cap, which doubles', () => {
    expect([0, 1, 2, 3].map((n) => backoffMs(n, 25, 150, 0.5))).toEqual([12.5, 25, 50, 75]);
    expect(backoffMs(9, 25, 1_000, 0)).toBe(0);
    expect(backoffMs(2_000, 25, 1_000, 0.999)).toBeLessThan(1_000);
  });
});

describe('budget', () => {
  it('grants no more than its share of the calls and the floor, whatever the order', () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 3_000 }),
      calls: fc.integer({ min: 0, max: 30 }),
      asks: fc.integer({ min: 0, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step), fc.constantFrom(0, 1, 3), (steps, floor) => {
        const budget = new Budget(0.2, floor);
        let now = 5_000;
        let calls = 0;
        let granted = 0;
        for (const { ms, calls: more, asks } of steps) {
          now += ms;
          for (let i = 0; i < more; i++) budget.pay('a', now);
          calls += more;
          for (let i = 0; i < asks; i++) if (budget.take('a', now)) granted++;
        }
        const seconds = (now - 5_000) / 1_000;
        return granted <= 0.2 * calls + floor * (seconds + 1) + 1e-6;
      }),
    );
  });

  it('grants one in five, and forgets after ten seconds', () => {
    const budget = new Budget(0.2, 0);
    for (let i = 0; i < 10; i++) budget.pay('a', 0);
    expect([budget.take('a', 0), budget.take('a', 9_999), budget.take('a', 9_999)]).toEqual([
      true,
      true,
      false,
    ]);
    for (let i = 0; i < 10; i++) budget.pay('a', 20_000);
    expect(budget.take('a', 29_999)).toBe(true);
    expect(budget.take('a', 30_000)).toBe(false);
  });

  it('grants the floor each second, to each authority', () => {
    const budget = new Budget(0.2, 1);
    expect([budget.take('a', 0), budget.take('a', 999), budget.take('b', 999)]).toEqual([
      true,
      false,
      true,
    ]);
    expect([budget.take('a', 1_000), budget.take('a', 1_001)]).toEqual([true, false]);
  });

  it('is charged for what the sidecar has repeated', () => {
    const budget = new Budget(0.2, 0);
    for (let i = 0; i < 10; i++) budget.pay('a', 0);
    budget.charge('a', 2, 0);
    expect(budget.take('a', 0)).toBe(false);
    budget.charge('a', 100, 0);
    for (let i = 0; i < 5; i++) budget.pay('a', 0);
    expect(budget.take('a', 0)).toBe(true);
  });

  it('keeps a bounded number of authorities', () => {
    const budget = new Budget(0.2, 1);
    for (let i = 0; i < 3_000; i++) budget.pay(`${i}`, 0);
    expect(budget.size).toBe(1_024);
  });
});

describe('breaker', () => {
  it('opens at the fifth failure in a row, not at the fourth', () => {
    const breaker = new Breaker(5, 1_000);
    for (let i = 0; i < 4; i++) breaker.failed(0);
    expect(breaker.admits(0, false, 0)).toBe(true);
    breaker.succeeded();
    for (let i = 0; i < 4; i++) breaker.failed(0);
    expect(breaker.admits(0, false, 0)).toBe(true);
    breaker.failed(0);
    expect(breaker.admits(0, false, 0)).toBe(false);
  });

  it('lets one call through each second, and closes when it comes through', () => {
    const breaker = new Breaker(1, 1_000);
    breaker.failed(0);
    expect([999, 1_000, 1_001, 1_999].map((ms) => breaker.admits(ms, false, 0))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    breaker.failed(1_500);
    expect([2_499, 2_500].map((ms) => breaker.admits(ms, false, 0))).toEqual([false, true]);
    breaker.succeeded();
    expect(breaker.admits(2_501, false, 0)).toBe(true);
  });

  it('is open for a sidecar known to be dead, and closed when that is back', () => {
    const breaker = new Breaker(5, 1_000);
    expect(breaker.admits(0, true, 0)).toBe(false);
    expect(breaker.admits(10, true, 0)).toBe(false);
    expect(breaker.admits(20, false, 1)).toBe(true);
  });

  it('are bounded', () => {
    const breakers = new Breakers(5, 1_000);
    for (let i = 0; i < 3_000; i++) breakers.of(`${i}`);
    expect(breakers.size).toBe(1_024);
  });
});

const failure = (fields: object, message = 'failed') => Object.assign(new Error(message), fields);

describe('proof of an error', () => {
  const refused = failure({ code: 'ECONNREFUSED', syscall: 'connect' });
  it.each<[string, unknown, string]>([
    ['refused', refused, 'unsent'],
    ['refused, as fetch wraps it', new TypeError('fetch failed', { cause: refused }), 'unsent'],
    ['all addresses refused', new AggregateError([refused, refused]), 'unsent'],
    ['some addresses', new AggregateError([refused, failure({ code: 'EPIPE' })]), 'maybe'],
    ['an empty list', new AggregateError([]), 'maybe'],
    ['DNS', failure({ code: 'ENOTFOUND', syscall: 'getaddrinfo' }), 'unsent'],
    ['DNS later', failure({ code: 'EAI_AGAIN', syscall: 'getaddrinfo' }), 'unsent'],
    ['no route', failure({ code: 'EHOSTUNREACH', syscall: 'connect' }), 'unsent'],
    ['connect timeout', failure({ code: 'ETIMEDOUT', syscall: 'connect' }), 'unsent'],
    ['undici connect timeout', failure({ code: 'UND_ERR_CONNECT_TIMEOUT' }), 'unsent'],
    ['marked by a connector', neverEstablished(failure({ code: 'ECONNRESET' })), 'unsent'],
    [
      'REFUSED_STREAM, GOAWAY above the last stream',
      failure(
        { code: 'ERR_HTTP2_STREAM_ERROR' },
        'Stream closed with error code NGHTTP2_REFUSED_STREAM',
      ),
      'unsent',
    ],
    [
      'another stream error',
      failure({ code: 'ERR_HTTP2_STREAM_ERROR' }, 'Stream closed with error code NGHTTP2_CANCEL'),
      'maybe',
    ],
    ['RST before headers', failure({ code: 'ECONNRESET', syscall: 'read' }), 'maybe'],
    ['socket hang up', failure({ code: 'ECONNRESET' }, 'socket hang up'), 'maybe'],
    ['FIN before headers', failure({ code: 'UND_ERR_SOCKET' }), 'maybe'],
    ['a timeout of the answer', failure({ code: 'UND_ERR_HEADERS_TIMEOUT' }), 'maybe'],
    ['a read that times out', failure({ code: 'ETIMEDOUT', syscall: 'read' }), 'maybe'],
    ['refused, says only a code', failure({ code: 'ECONNREFUSED' }), 'maybe'],
    ['an argument', failure({ code: 'UND_ERR_INVALID_ARG' }), 'caller'],
    ['no error at all', 'oops', 'maybe'],
    ['nothing', undefined, 'maybe'],
  ])('%s', (_, error, proof) => {
    expect(proofOf(error)).toBe(proof);
  });

  it('ends, whatever the chain', () => {
    const loop = failure({});
    loop.cause = loop;
    expect(proofOf(loop)).toBe('maybe');
  });
});

describe('proof of an answer', () => {
  const LOCAL = {
    server: 'envoy',
    'x-envoy-attempt-count': '1',
    'content-type': 'text/plain',
  };
  const kind = (status: number, headers: Record<string, string>, throughEnvoy = true) =>
    answerOf({ status, header: (name) => headers[name] }, throughEnvoy).kind;

  it.each<[string, number, Record<string, string>, string]>([
    ['UF, UH, UC, UT', 503, LOCAL, 'local'],
    ['URX', 503, { ...LOCAL, 'x-envoy-attempt-count': '3' }, 'retried'],
    ['UO', 503, { ...LOCAL, 'x-envoy-overloaded': 'true' }, 'overloaded'],
    ['NC, without a count', 503, { server: 'envoy' }, 'answered'],
    ['of the application', 503, { ...LOCAL, 'x-envoy-upstream-service-time': '1' }, 'answered'],
    // Behind an Envoy that leaves out the time of the upstream.
    ['of a framework', 503, { ...LOCAL, 'content-type': 'text/plain; charset=utf-8' }, 'answered'],
    ['of a plain server', 503, { server: 'envoy', 'x-envoy-attempt-count': '1' }, 'answered'],
    ['of gRPC', 200, { ...LOCAL, 'content-type': 'application/grpc' }, 'local'],
    ['another server', 503, { ...LOCAL, server: 'nginx' }, 'answered'],
    ['NR', 404, { server: 'envoy' }, 'answered'],
    ['UT', 504, LOCAL, 'answered'],
    ['a count that is none', 503, { ...LOCAL, 'x-envoy-attempt-count': 'x' }, 'answered'],
    ['a count of none', 503, { ...LOCAL, 'x-envoy-attempt-count': '0' }, 'answered'],
  ])('%s', (_, status, headers, expected) => {
    expect(kind(status, headers)).toBe(expected);
  });

  it('believes no local reply that comes past all Envoys', () => {
    expect(kind(503, LOCAL, false)).toBe('answered');
  });

  const reset = 'upstream connect error or disconnect/reset before headers. reset reason: ';
  it.each<[string, boolean]>([
    [`${reset}remote connection failure`, true],
    [`${reset}connection failure`, true],
    [`${reset}remote connection failure, transport failure reason: delayed`, true],
    [`${reset}local connection failure`, true],
    [`${reset}connection timeout`, true],
    ['no healthy upstream', true],
    [`${reset}connection termination`, false],
    [`${reset}overflow`, false],
    [`${reset}remote reset`, false],
    [
      `${reset.replace('reset reason', 'retried and the latest reset reason')}connection failure`,
      false,
    ],
    [`I said: ${reset}connection failure`, false],
    ['upstream request timeout', false],
    ['', false],
  ])('text %j', (text, unsent) => {
    expect(isUnsentText(text)).toBe(unsent);
  });

  it('reads Retry-After as seconds and as a date', () => {
    expect(retryAfterMs('2', 0)).toBe(2_000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 1_000)).toBe(4_000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:05 GMT', 9_000)).toBe(0);
    expect(retryAfterMs('soon', 0)).toBeUndefined();
    expect(retryAfterMs(undefined, 0)).toBeUndefined();
  });
});

describe('routes', () => {
  const hop = (address: string): Hop => ({ via: 'direct', address, plaintext: true });
  const router = routerOf(
    {
      reviews: [hop('reviews:1')],
      'Reviews:9080': [hop('reviews:2')],
      '*.svc': [hop('svc:1')],
      '*.shop.svc': [hop('shop:1')],
      '[fd00::1]:80': [hop('six:1')],
    },
    { reviews: [hop('other:1')], ratings: [hop('ratings:1')] },
  );
  const of = (authority: string, port = 80) =>
    router.hops(authority, port).map((one) => (one.via === 'direct' ? one.address : one.via));

  it.each<[string, string]>([
    ['reviews', 'reviews:1'],
    ['REVIEWS.', 'reviews:1'],
    ['reviews:9080', 'reviews:2'],
    ['reviews:9081', 'reviews:1'],
    ['a.svc', 'svc:1'],
    ['a.shop.svc', 'shop:1'],
    ['shop.svc', 'svc:1'],
    ['svc', 'sidecar'],
    ['xsvc', 'sidecar'],
    ['[fd00::1]', 'six:1'],
    ['ratings', 'ratings:1'],
    ['unknown', 'sidecar'],
  ])('%s goes to %s', (authority, address) => {
    expect(of(authority)).toEqual([address]);
  });

  it.each<[string, unknown, string]>([
    ['no hop', { a: [] }, 'routes["a"]: want a list of at least one hop'],
    [
      'no form',
      { a: [{ via: 'direct', address: 'a:1' }] },
      'either `tls: {…}` or `plaintext: true`',
    ],
    [
      'both forms',
      { a: [{ via: 'direct', address: 'a:1', tls: {}, plaintext: true }] },
      'either `tls: {…}` or `plaintext: true`',
    ],
    ['plaintext: 1', { a: [{ via: 'direct', address: 'a:1', plaintext: 1 }] }, 'plaintext: true'],
    ['no port', { a: [{ via: 'direct', address: 'a', plaintext: true }] }, 'want HOST:PORT'],
    ['https proxy', { a: [{ via: 'proxy', url: 'https://x' }] }, 'want http://HOST:PORT'],
    ['another via', { a: [{ via: 'magic' }] }, "want 'sidecar', 'proxy' or 'direct'"],
    ['a URL', { 'http://a': [{ via: 'sidecar' }] }, 'want HOST, HOST:PORT or *.SUFFIX'],
    ['null', { a: [null] }, "want 'sidecar', 'proxy' or 'direct'"],
  ])('refuse %s', (_, routes, message) => {
    const make = () => policyOf({ routes: routes as never });
    expect(make).toThrowError(TagalongError);
    expect(make).toThrowError(message);
  });
});

describe('options', () => {
  it.each<[object, string]>([
    [{ deadlineMs: 0 }, 'deadlineMs: 0: want a number from 1'],
    [{ deadlineMs: '5' }, 'deadlineMs: 5: want a number'],
    [{ retry: { attempts: 1.5 } }, 'retry.attempts: 1.5: want a whole number'],
    [{ retry: { attempts: 0 } }, 'retry.attempts: 0'],
    [{ retry: { statuses: [200] } }, 'retry.statuses: 200'],
    [{ retry: { budget: { ratio: -1 } } }, 'retry.budget.ratio: -1'],
    [{ retry: { idempotent: true } }, 'retry.idempotent: want a function'],
    [{ breaker: { failures: Number.NaN } }, 'breaker.failures: NaN'],
  ])('refuse %j', (options, message) => {
    expect(() => policyOf(options)).toThrowError(message);
  });
});

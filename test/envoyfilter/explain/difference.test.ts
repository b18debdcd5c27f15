import { describe, expect, it } from 'vitest';
import { bucketFunction } from '../../../envoyfilter/src/explain/bucket.js';
import { type Difference, differenceOf } from '../../../envoyfilter/src/explain/difference.js';
import { classLine } from '../../../envoyfilter/src/explain/difference-text.js';
import type { Policy } from '../../../envoyfilter/src/policy/policy.js';
import { DEMO, policyAt, policyOf, SHOP } from './policies.js';

const lines = ({ classes }: Difference) => classes.map(classLine);

function shareOf(percent: number): Policy {
  const rules = [{ name: 'some', percent, identity: [{ cookie: 'uid' }], value: 'canary' }];
  const tags = [{ header: 'x-tag', rules, default: 'stable' }];
  return policyOf({ at: 'gateway', tags });
}

describe('the difference of two policies', () => {
  it.each([SHOP, DEMO])('of one and the same is none: %s', async (path) => {
    const { classes, requests } = await differenceOf([policyAt(path)], [policyAt(path)], {
      identities: 50,
    });
    expect(classes).toEqual([]);
    expect(requests).toBeGreaterThan(100);
  });

  it('counts the identities that a larger share takes, and nobody leaves', async () => {
    const bucketOf = await bucketFunction();
    const moved = Array.from({ length: 1000 }, (_, number) =>
      bucketOf('test/test/x-tag', `user-${number}`),
    ).filter((bucket) => bucket >= 500 && bucket < 1000).length;
    const difference = await differenceOf([shareOf(5)], [shareOf(10)]);
    expect(lines(difference)).toContain(
      `${moved} of 1000 identities, share of rule x-tag/some: x-tag: stable -> canary`,
    );
    expect(lines(difference).join()).not.toContain('canary -> stable');
  });

  it('sees a hundredth of a percent', async () => {
    const difference = await differenceOf([shareOf(5)], [shareOf(5.01)], { identities: 1 });
    expect(lines(difference)).toEqual([
      expect.stringMatching(
        /^1 of \d identities, edge of rule x-tag\/some: x-tag: stable -> canary$/,
      ),
    ]);
  });

  it('sees what is in an answer, but for what changes with time', async () => {
    const limited = (rate: string, body: string, type: string) => {
      const reject = { body, headers: { 'content-type': type } };
      return policyOf({ at: 'inbound', limits: [{ name: 'all', rate, burst: 1, reject }] });
    };
    const sent = [0, 0].map((atMs) => ({ method: 'GET', path: '/', headers: [], atMs }));
    const before = limited('1/s', 'slow', 'text/plain');
    const told = async (after: Policy) => lines(await differenceOf([before], [after], { sent }));
    expect(await told(limited('1/s', 'slower', 'text/x'))).toEqual([
      '1 of 2 requests, requests: ' +
        'its body: "slow" -> "slower"; its content-type: text/plain -> text/x',
    ]);
    expect(await told(limited('2/m', 'slow', 'text/plain'))).toEqual([
      expect.stringContaining('its ratelimit-policy'),
    ]);
  });

  it('says which limits it does not try to their end', async () => {
    const policy = policyOf({ at: 'inbound', limits: [{ name: 'big', rate: '5000/s' }] });
    const { notes, classes } = await differenceOf([policy], [policy]);
    expect(classes).toEqual([]);
    expect(notes).toEqual([
      'limit big of test/test/0: tried with 2000 requests, its burst is 5000',
    ]);
  });

  it('names an example that can be sent', async () => {
    const before = policyAt(DEMO);
    const text = JSON.stringify(before).replace('"internal"', '"testers"');
    const { classes } = await differenceOf([before], [JSON.parse(text)], { identities: 20 });
    expect(classes[0]).toMatchObject({
      at: 'gateway',
      namespace: 'istio-ingress',
      group: 'rule x-traffic-tag/testers',
      changes: ['x-traffic-tag: canary -> stable', 'version of reviews: canary -> stable'],
      example: { request: "curl -X GET http://localhost/ -H 'x-user-group: internal'", times: 1 },
    });
  });

  it('sees a limit by how many it admits, at once and for a while', async () => {
    const limited = (rate: string, burst: number) =>
      policyOf({ at: 'inbound', limits: [{ name: 'all', rate, burst }] });
    expect(lines(await differenceOf([limited('10/s', 5)], [limited('10/s', 8)]))).toContain(
      '1 of 1 requests, limit all: admitted of 10: 5 -> 8',
    );
    expect(lines(await differenceOf([limited('10/s', 5)], [limited('20/s', 5)]))).toEqual([
      '1 of 1 requests, limit all, for a while: admitted of 14: 8 -> 11',
    ]);
  });

  it('sees versions and routes that came and went', async () => {
    const before = policyAt(DEMO);
    const [route] = before.spec.routes ?? [];
    if (route === undefined) throw new Error('no route');
    const routes = [
      { ...route, default: 'canary' },
      { ...route, host: 'ratings' },
    ];
    const after = { ...before, spec: { ...before.spec, routes } };
    const found = lines(await differenceOf([before], [after], { identities: 5 })).join('\n');
    expect(found).toContain('version of ratings: no route -> stable');
    expect(found).toContain('version of reviews: stable -> canary');
  });

  it('sees what becomes of the calls of an application', async () => {
    const before = policyAt(DEMO);
    const filters = before.spec.filters.map(({ propagate: _, ...filter }) => filter);
    const after = { ...before, spec: { ...before.spec, filters } };
    const found = lines(await differenceOf([before], [after], { identities: 5 }));
    expect(found).toContain(
      '1 of 2 requests, a call after tags that lead to a version: ' +
        'x-traffic-tag: canary -> absent; version of reviews: canary -> stable',
    );
    expect(found.every((line) => line.includes('a call after'))).toBe(true);
  });

  it('sees an entry that another workload has now', async () => {
    const at = (app: string) =>
      policyOf({ at: 'inbound', selector: { app }, tags: [{ header: 'x-a', default: 'b' }] });
    const { classes } = await differenceOf([at('one')], [at('two')]);
    expect(classes.map(({ labels, changes }) => [labels, changes])).toEqual(
      expect.arrayContaining([
        [{ app: 'one' }, ['x-a: b -> absent']],
        [{ app: 'two' }, ['x-a: absent -> b']],
      ]),
    );
  });

  it('is that of the requests that are given, in their order and at their times', async () => {
    const limited = (burst: number) =>
      policyOf({ at: 'gateway', limits: [{ name: 'all', rate: '1/s', burst }] });
    const sent = [0, 0, 0, 5000].map((atMs) => ({ method: 'GET', path: '/', headers: [], atMs }));
    const { classes, requests } = await differenceOf([limited(2)], [limited(3)], { sent });
    expect(requests).toBe(4);
    expect(classes).toMatchObject([
      { count: 1, of: 4, changes: ['answer: 429 by limit all -> goes on'] },
    ]);
  });
});

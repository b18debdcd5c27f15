import { beforeAll, describe, expect, it } from 'vitest';
import { type BucketOf, bucketFunction } from '../../../envoyfilter/src/explain/bucket.js';
import { stepsOf } from '../../../envoyfilter/src/explain/steps.js';
import { type Line, traceOf } from '../../../envoyfilter/src/explain/trace.js';
import { filterEntries } from '../../../envoyfilter/src/policy/policy.js';
import { policyOf } from './policies.js';

let bucketOf: BucketOf;
beforeAll(async () => {
  bucketOf = await bucketFunction();
});

describe('steps', () => {
  const rules = [{ name: 'some', percent: 50, identity: [{ header: 'x-id' }], value: 'in' }];
  const [entry] = filterEntries(policyOf({ at: 'gateway', tags: [{ header: 'x-tag', rules }] }));
  if (entry === undefined) throw new Error('no entry');

  const told = (bucket: number) => {
    const lines: Line[] = [
      { kind: 'incoming', tag: 'x-tag', value: undefined, verdict: 'nothing came' },
      { kind: 'bucket', tag: 'x-tag', rule: 'some', bucket, below: 5000 },
      { kind: 'result', tag: 'x-tag', value: undefined },
    ];
    const scene = {
      headers: [['x-id', 'nora']] as const,
      source: '192.0.2.1:0',
      client: undefined,
    };
    const facts = { entry, lines, truth: undefined, scene, after: [], bucketOf };
    const steps = stepsOf({ ...facts, retryAfter: undefined });
    return steps.find((step) => step.step === 'rule')?.bucket;
  };

  it('name an identity that has the bucket, and none that has not', () => {
    const bucket = bucketOf('test/test/x-tag', 'nora');
    expect(told(bucket)).toMatchObject({ bucket, identity: 'nora', from: 'header x-id' });
    expect(told(bucket + 1)).toEqual({
      bucket: bucket + 1,
      below: 5000,
      salt: 'test/test/x-tag',
      from: 'not known',
    });
  });
});

describe('a trace', () => {
  const lines = (...texts: string[]) =>
    traceOf(
      'a/b/0',
      texts.map((text) => `tagalong explain a/b/0: ${text}`),
    );

  it.each<[string, Line]>([
    [
      'tag "x\\"y" came as "\\xe9\\\\": kept',
      { kind: 'incoming', tag: 'x"y', value: 'é\\', verdict: 'kept' },
    ],
    [
      'tag "t": nothing came',
      { kind: 'incoming', tag: 't', value: undefined, verdict: 'nothing came' },
    ],
    [
      'tag "t" rule "a: b": no match',
      { kind: 'rule', tag: 't', rule: 'a: b', verdict: 'no match' },
    ],
    [
      'tag "t" rule "r": bucket 7, in below 10',
      { kind: 'bucket', tag: 't', rule: 'r', bucket: 7, below: 10 },
    ],
    ['tag "t" is not set', { kind: 'result', tag: 't', value: undefined }],
    ['tag "t" is "v"', { kind: 'result', tag: 't', value: 'v' }],
    ['limit "l": rejected', { kind: 'limit', limit: 'l', verdict: 'rejected', left: 0 }],
    [
      'limit "l": admitted, tokens left: 3',
      { kind: 'limit', limit: 'l', verdict: 'admitted', left: 3 },
    ],
    ['propagate found by b3', { kind: 'propagate', verdict: 'found', by: 'b3' }],
    ['propagate found nothing', { kind: 'propagate', verdict: 'found nothing', by: undefined }],
  ])('reads %s', (text, line) => {
    expect(lines(text)).toEqual([line]);
  });

  it('leaves out what is not its own', () => {
    expect(traceOf('a/b/1', ['tagalong explain a/b/0: tag "t" is "v"', 'else'])).toEqual([]);
    expect(lines('something new')).toEqual([]);
  });
});

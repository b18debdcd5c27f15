import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type BucketOf,
  bucketFunction,
  percentFor,
  thresholdOf,
} from '../../../envoyfilter/src/explain/bucket.js';
import { sharesOf } from '../../../envoyfilter/src/explain/shares.js';
import { policyAt, policyOf, SHOP } from './policies.js';

interface Vector {
  readonly salt: string;
  readonly identity: string;
  readonly bucket: number;
}

let bucketOf: BucketOf;
beforeAll(async () => {
  bucketOf = await bucketFunction();
});

describe('a bucket', () => {
  it('is that of the shared vectors', () => {
    const file = new URL('../../vectors/bucket.json', import.meta.url);
    const vectors: Vector[] = JSON.parse(readFileSync(file, 'utf8'));
    expect(vectors.length).toBeGreaterThan(100);
    const wrong = vectors.filter(
      ({ salt, identity, bucket }) => bucketOf(salt, identity) !== bucket,
    );
    expect(wrong).toEqual([]);
  });

  it('is taken from its percent on', () => {
    for (const bucket of [0, 1, 57, 999, 9999]) {
      expect(bucket < thresholdOf(percentFor(bucket))).toBe(true);
      expect(bucket < thresholdOf((bucket * 100) / 10_000)).toBe(false);
    }
  });
});

describe('shares of a policy', () => {
  it('name the rule, its salt and the identity as it is hashed', () => {
    const [share, ...others] = sharesOf([policyAt(SHOP)], 'nora', bucketOf);
    expect(others).toEqual([]);
    expect(share).toMatchObject({
      entry: 'shop/shop/0',
      rule: 'ten-percent',
      salt: 'checkout-2026-11',
      hashed: 'nora',
      bucket: bucketOf('checkout-2026-11', 'nora'),
    });
  });

  it('cut an address as the filter does, and know the default salt', () => {
    const rules = [{ percent: 50, identity: [{ ip: true }], value: 'in' }];
    const policy = policyOf({ at: 'sidecar', tags: [{ header: 'X-Tag', rules }] });
    expect(sharesOf([policy], '2001:DB8:1:2:3::9', bucketOf)).toMatchObject([
      { rule: '0', salt: 'test/test/x-tag', hashed: '2001:db8:1:2::' },
    ]);
  });

  it('are those of one rule where it is named', () => {
    expect(sharesOf([policyAt(SHOP)], 'nora', bucketOf, 'testers')).toEqual([]);
  });
});

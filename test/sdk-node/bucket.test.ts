// The SDK's bucket against vectors of another implementation, and against the filter's hash.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bucket } from '../../sdk-node/src/index.js';
import { Probe, utf8 } from '../properties/probe.js';
import vectors from '../vectors/bucket.json' with { type: 'json' };

describe('bucket', () => {
  it('is what the vectors say', () => {
    const found = vectors.map(({ salt, identity }) => bucket(salt, identity));
    expect(found).toEqual(vectors.map((vector) => vector.bucket));
  });

  it('keeps salt and identity apart', () => {
    expect(bucket('ab', 'c')).not.toBe(bucket('a', 'bc'));
  });

  it('takes half of a surrogate pair for U+FFFD', () => {
    expect(bucket('salt', 'a\ud83d')).toBe(bucket('salt', 'a\ufffd'));
    expect(bucket('\ud83d', '\udc64')).toBe(bucket('\ufffd', '\ufffd'));
  });

  it('takes a long identity', () => {
    expect(bucket('salt', 'x'.repeat(1 << 20))).toBeLessThan(10_000);
  });

  describe('and the filter', () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await Probe.load();
    });

    it('agree on any texts', () => {
      const text = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 120 }),
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        fc.uuid(),
        fc.ipV6(),
      );
      fc.assert(
        fc.property(text, text, (salt, identity) => {
          const hashed = probe.xxh64(utf8(`${salt}\0${identity}`));
          return bucket(salt, identity) === Number(hashed % 10_000n);
        }),
        { numRuns: 20_000 },
      );
    });
  });
});

import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  valuesSchema,
  withoutLookahead,
} from '../../../envoyfilter/src/render/helm/helm-schema.js';
import { LATEST } from '../../../envoyfilter/src/render/target.js';

const ajv = new Ajv2020({ strict: false });

describe('the schema of the values', () => {
  it('has no pattern that Go cannot read', () => {
    expect(JSON.stringify(valuesSchema(LATEST))).not.toMatch(/\(\?[=!<]/);
  });

  it.each([
    '^(?! )(?!.*(;\\.;|=\\.=))(?!.*;\\.$)[^\\x00-\\x1f]*[^ ]$',
    '^(?=[0-9]{1,3}/)0*([1-9][0-9]{0,5}|1000000)/s$',
    '^(?![)(a]x)(?!\\))[ab)(x]+$',
  ])('means the same without looking ahead: %s', (pattern) => {
    const before = ajv.compile({ type: 'string', pattern });
    const changed = withoutLookahead({ type: 'string', pattern, allOf: [{ maxLength: 9 }] });
    expect(JSON.stringify(changed)).not.toContain('(?');
    const after = ajv.compile(changed as object);
    const letters = fc.constantFrom(...' ;.=ab()x/s019'.split(''));
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 9 }), (text) => {
        expect(after(text)).toBe(before(text));
      }),
      { numRuns: 3_000, seed: 1, examples: [[' a'], ['a;.;b'], ['10/s'], ['(x'], [')'], ['a']] },
    );
    expect(after('x'.repeat(10))).toBe(false);
  });

  it('leaves patterns that look nowhere as they are', () => {
    const schema = { pattern: '^(?:a|b)$', items: [{ pattern: 'c' }] };
    expect(withoutLookahead(schema)).toEqual(schema);
  });
});

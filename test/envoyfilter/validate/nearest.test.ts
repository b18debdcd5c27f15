import { describe, expect, it } from 'vitest';
import { nearest, suggestion } from '../../../envoyfilter/src/validate/nearest.js';

describe('the nearest word', () => {
  it.each([
    ['precent', 'percent'],
    ['percentage', 'percent'],
    ['PERCENT', 'percent'],
    ['percant1', 'percent'],
    ['heaer', 'header'],
    ['haeder', 'header'],
    ['host', 'hosts'],
    ['ip', 'ip'],
  ])('of %s is %s', (word, wanted) => {
    expect(nearest(word, ['percent', 'header', 'hosts', 'ip'])).toBe(wanted);
  });

  it.each(['', 'x', 'rate', 'identity', 'a'.repeat(1000)])('of %j there is none', (word) => {
    expect(nearest(word, ['percent', 'header', 'hosts', 'ip'])).toBeUndefined();
  });

  it('is the nearest of several', () => {
    expect(nearest('stabel', ['table', 'stable', 'staple'])).toBe('stable');
    expect(suggestion('stabel', ['stable'])).toEqual({ hint: 'did you mean "stable"?' });
    expect(suggestion('stabel', [])).toEqual({});
  });
});

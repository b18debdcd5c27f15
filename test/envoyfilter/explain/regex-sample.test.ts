import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { sampleOf } from '../../../envoyfilter/src/explain/regex-sample.js';

describe('a sample of a regular expression', () => {
  it.each([
    'abc',
    '(v|w)[0-9]{2,}\\.\\w+',
    '/(items|orders)/[0-9]+',
    '(?i)canary-.*',
    '(?:a|b)?c{3}',
    '[^a-z0A_]+',
    '[]x]y',
    '[[:alpha:]][[:digit:]]',
    '\\x41\\x{62}\\d\\s',
    '^a.b$',
    '(?P<name>a+)(?P<other>b*?)',
    '.*\\.js',
    '',
    'a||b',
    '[.*+?^$\\[\\]{}()|\\\\-]',
  ])('%s is matched by it', (expression) => {
    const sample = sampleOf(expression);
    expect(sample).toBeDefined();
    expect(RE2JS.compile(expression).matches(sample ?? '')).toBe(true);
  });

  it.each(['(', '[', 'a)', '\\pL', '[^\\d\\D]'])('of %s is not known', (expression) => {
    expect(sampleOf(expression)).toBeUndefined();
  });
});

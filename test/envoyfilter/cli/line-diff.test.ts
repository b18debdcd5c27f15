// Differences of files, for people.

import { expect, it } from 'vitest';
import { lineDiff } from '../../../envoyfilter/src/cli/line-diff.js';

/** The lines that were removed and added. */
const changed = (before: string, after: string) =>
  lineDiff('a.yaml', before, after)
    .split('\n')
    .filter((line) => /^[-+](?![-+])/.test(line));

it('shows the difference of long lines, wherever it is', () => {
  const line = (value: string) => `${'x'.repeat(1000)}"default":"${value}"${'y'.repeat(1000)}`;
  const [removed = '', added = '', ...more] = changed(line('stable'), line('canary'));
  expect(more).toEqual([]);
  expect(removed).toMatch(/^-…x+"default":"stable"y+…$/);
  expect(added).toMatch(/^\+…x+"default":"canary"y+…$/);
  expect(removed.length).toBeLessThan(200);
});

it('shows the beginning of long lines that differ there, and short ones whole', () => {
  expect(changed(`a${'x'.repeat(500)}`, `b${'x'.repeat(500)}`)).toEqual([
    `-a${'x'.repeat(159)}…`,
    `+b${'x'.repeat(159)}…`,
  ]);
  expect(changed('one\ntwo\n', 'one\nthree\n')).toEqual(['-two', '+three']);
  expect(lineDiff('a.yaml', 'one', 'one')).toBe('');
});

it('shows the end of a long line that another begins with', () => {
  const [removed, added] = changed('x'.repeat(300), `${'x'.repeat(300)}end`);
  expect(removed).toBe(`-…${'x'.repeat(40)}`);
  expect(added).toBe(`+…${'x'.repeat(40)}end`);
});

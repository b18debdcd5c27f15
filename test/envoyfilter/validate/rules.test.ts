import { describe, expect, it } from 'vitest';
import { RULES, ruleOf } from '../../../envoyfilter/src/validate/rules/index.js';
import { allFindingsOf, policyText } from './policies.js';

const examples = RULES.flatMap(({ id, severity, example }) =>
  example === undefined ? [] : [{ id, severity, ...example }],
);

describe('the catalogue of rules', () => {
  it('knows each rule by an id of its own', () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const rule of RULES) {
      expect(rule.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(ruleOf(rule.id)).toBe(rule);
    }
    expect(ruleOf('none')).toBeUndefined();
  });

  it('tells of each why it exists and how to mend it, in sentences', () => {
    for (const { title, why, mend } of RULES) {
      expect(title).toMatch(/^[A-Z].*[^.]$/);
      expect(why).toMatch(/^[A-Zx].*\.$/s);
      expect(mend).toMatch(/^[A-Z].*\.$/s);
    }
  });

  it('has examples, but where files are needed', () => {
    const without = RULES.filter(({ example }) => example === undefined).map(({ id }) => id);
    expect(without).toEqual(['unreadable', 'too-large']);
  });

  it.each(examples)('$id: its bad example breaks it, and keeps it mended', async (example) => {
    const bad = (await allFindingsOf(policyText(example.bad))).filter(
      ({ rule }) => rule === example.id,
    );
    expect(bad.length, 'findings of the bad one').toBeGreaterThan(0);
    expect(bad[0]?.severity).toBe(example.severity);
    const good = await allFindingsOf(policyText(example.good));
    expect(good.filter(({ rule }) => rule === example.id)).toEqual([]);
    expect(good.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

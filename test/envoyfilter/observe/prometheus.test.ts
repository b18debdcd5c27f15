// The alerts: as they are written, and as Prometheus' own tool judges them and their tests.

import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderPrometheus } from '../../../envoyfilter/src/render/observe/prometheus.js';
import { RenderError } from '../../../envoyfilter/src/render/options.js';
import { goldenBeside } from '../../harness/golden.js';
import { ALL, TAGS } from './policies.js';
import { findPromtool, judge } from './promtool.js';
import { textsOf } from './render.js';

const expectGolden = goldenBeside(import.meta.url);

const RULES = 'tagalong.rules.yaml';
const TESTS = 'tagalong.rules.test.yaml';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Groups {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

function rulesIn(text: string | undefined): Rule[] {
  return (parse(text ?? '') as Groups).groups.flatMap(({ rules }) => rules);
}

describe('alerts', () => {
  it('are written as a PrometheusRule, as a plain file, and with their tests', async () => {
    const texts = await textsOf(renderPrometheus, [ALL]);
    expect(Object.keys(texts)).toEqual(['prometheusrule.yaml', RULES, TESTS]);
    for (const [name, text] of Object.entries(texts)) expectGolden(name, text);
  });

  it('are in a pipe the PrometheusRule alone', async () => {
    const texts = await textsOf(renderPrometheus, [ALL], { to: 'stream' });
    expect(Object.keys(texts)).toEqual(['prometheusrule.yaml']);
  });

  it('all say how bad it is, since when, what it means and what to do, and link nowhere', async () => {
    const rules = rulesIn((await textsOf(renderPrometheus, [ALL]))[RULES]);
    expect(rules.length).toBeGreaterThan(14);
    for (const { labels, annotations, for: since } of rules) {
      expect(labels.severity).toMatch(/^(critical|warning)$/);
      expect(since).toMatch(/^\d+m$/);
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook']);
      expect(Object.values(annotations).every((text) => text.length > 10)).toBe(true);
      expect(JSON.stringify(annotations)).not.toContain('://');
    }
  });

  it('are about what a policy uses', async () => {
    const names = rulesIn((await textsOf(renderPrometheus, [TAGS]))[RULES]).map((it) => it.alert);
    expect(names).toContain('TagalongConfigRejected');
    expect(names.filter((name) => /Limiter|Propagation|TagalongNon2xx/.test(name))).toEqual([]);
  });

  it('of several policies are in files of their own, and ask for their own', async () => {
    const texts = await textsOf(renderPrometheus, [ALL, TAGS]);
    expect(Object.keys(texts)).toHaveLength(5);
    const tags = Object.entries(texts).find(([name]) => /tags.*\.rules\.yaml$/.test(name))?.[1];
    expect(tags).toContain('policy=~"shop/tags/[0-9]+|(shop)[.]tagalong-tags-');
    expect(tags).not.toContain('all.of-it');
  });

  it('are not made of policies without a filter', () => {
    const none = { ...TAGS, spec: { ...TAGS.spec, filters: [] } };
    expect(() => renderPrometheus([none], undefined as never)).toThrow(RenderError);
  });
});

const promtool = findPromtool();

describe.skipIf(promtool === undefined)('promtool', () => {
  it('takes the rules, and their tests pass', async () => {
    const texts = await textsOf(renderPrometheus, [ALL]);
    for (const args of [
      ['check', 'rules', RULES],
      ['test', 'rules', TESTS],
    ]) {
      const { ok, output } = judge(promtool!, texts, args);
      expect(ok, output).toBe(true);
    }
  });

  it.each([
    ['never fires', 'vector(0) > 1'],
    ['always fires', 'vector(1)'],
  ])('finds each alert that %s', async (_name, broken) => {
    const texts = await textsOf(renderPrometheus, [ALL]);
    const file = parse(texts[RULES] ?? '') as { groups: { rules: { expr: string }[] }[] };
    for (const { rules } of file.groups) for (const rule of rules) rule.expr = broken;
    const files = { ...texts, [RULES]: JSON.stringify(file) };
    const judged = judge(promtool!, files, ['test', 'rules', TESTS]);
    const names = rulesIn(texts[RULES]).map(({ alert }) => alert);
    expect(judged.ok).toBe(false);
    for (const name of names) expect(judged.output).toContain(`alertname: ${name}, `);
  });
});

// The dashboard, by the rules of Grafana's dashboard linter (which is a Go program), one test a rule.

import { describe, expect, it } from 'vitest';
import { renderGrafana } from '../../../envoyfilter/src/render/observe/grafana.js';
import { FILTER_METRICS } from '../../../envoyfilter/src/render/observe/metric-names.js';
import { RenderError } from '../../../envoyfilter/src/render/options.js';
import { goldenBeside } from '../../harness/golden.js';
import { ALL, TAGS } from './policies.js';
import { readPromql } from './promql.js';
import { textsOf } from './render.js';

const expectGolden = goldenBeside(import.meta.url);

const FILE = 'tagalong.dashboard.json';
/** Of Grafana's list; those that we use. */
const UNITS = ['short', 'reqps', 'percentunit', 'bytes', 'none'];
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly editable: boolean;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

interface Variable {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: unknown;
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly allValue?: string;
  readonly regex?: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: unknown;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly { readonly expr: string; readonly datasource: unknown }[];
}

const text = (await textsOf(renderGrafana, [ALL]))[FILE] ?? '';
const dashboard = JSON.parse(text) as Dashboard;
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
const variable = (name: string) => dashboard.templating.list.find((one) => one.name === name);

describe('the dashboard', () => {
  // No .json, which the formatter of this repository would have in its own form.
  it('is what it was', () => expectGolden('dashboard.txt', text));

  it('is the same for the same policies, and another for others', async () => {
    expect((await textsOf(renderGrafana, [ALL]))[FILE]).toBe(text);
    const other = JSON.parse((await textsOf(renderGrafana, [TAGS]))[FILE] ?? '') as Dashboard;
    expect(other.uid).not.toBe(dashboard.uid);
    expect(other.uid.length).toBeLessThanOrEqual(40);
    expect(other.panels.map(({ title }) => title)).not.toContain('Limits');
  });

  it('asks for every metric of the filter', () => {
    const asked = expressions.flatMap((expr) => readPromql(expr).asked.map(({ metric }) => metric));
    const ours = asked.filter((metric) => metric.startsWith('tagalong_'));
    expect([...new Set(ours)].sort()).toEqual(Object.keys(FILTER_METRICS).sort());
  });

  it('has panels side by side, none on another', () => {
    const all = dashboard.panels.map(({ gridPos }) => gridPos);
    for (const [index, one] of all.entries()) {
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      for (const other of all.slice(index + 1)) {
        const apart =
          one.x + one.w <= other.x ||
          other.x + other.w <= one.x ||
          one.y + one.h <= other.y ||
          other.y + other.h <= one.y;
        expect(apart).toBe(true);
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('finds the workload of a pod, and the pods of a workload', () => {
    const [, source = ''] = /^\/(.*)\/$/.exec(variable('workload')?.regex ?? '') ?? [];
    const pods = /pod=~"([^"]+)"/.exec(expressions[0] ?? '')?.[1] ?? '';
    for (const [pod, workload] of [
      ['reviews-v1-5d8f7c9b4-x2x7k', 'reviews-v1'],
      ['istio-ingressgateway-7f9c9d6b5-z9x2k', 'istio-ingressgateway'],
      ['database-0', 'database'],
      ['node-agent-x2x7k', 'node-agent'],
      ['reviews', 'reviews'],
    ] as const) {
      expect(new RegExp(source).exec(pod)?.[1], pod).toBe(workload);
      expect(pod).toMatch(new RegExp(`^(?:${pods.replace('$workload', workload)})$`));
    }
    const reviews = new RegExp(`^(?:${pods.replace('$workload', 'reviews')})$`);
    expect('reviews-v1-5d8f7c9b4-x2x7k').not.toMatch(reviews);
    // Without Kubernetes there is no such label, and "All" is everything.
    expect('').toMatch(new RegExp(`^(?:${pods.replace('$workload', '.*')})$`));
  });

  it('is not made of policies without a filter', () => {
    const none = { ...TAGS, spec: { ...TAGS.spec, filters: [] } };
    expect(() => renderGrafana([none], undefined as never)).toThrow(RenderError);
  });
});

describe('rule', () => {
  it('template-datasource-rule', () => {
    const [first] = dashboard.templating.list;
    expect(first).toMatchObject({ type: 'datasource', name: 'datasource', label: 'Data source' });
    expect(first?.query).toBe('prometheus');
  });

  it.each(['job', 'instance'])('template-job-rule, template-instance-rule: %s', (name) => {
    const one = variable(name);
    expect(one).toMatchObject({ type: 'query', datasource: DATASOURCE, multi: true });
    expect(one?.allValue).toBe('.+');
    expect(one?.label.toLowerCase()).toBe(name);
  });

  it('template-label-promql-rule', () => {
    const queries = dashboard.templating.list.filter(({ type }) => type === 'query');
    expect(queries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['namespace', 'workload']),
    );
    for (const { query } of queries) {
      const said = typeof query === 'string' ? query : query.query;
      const [, selector = '', label] = /^label_values\((.+), (\w+)\)$/.exec(said) ?? [];
      expect(label).toBeDefined();
      expect(readPromql(selector).asked).toHaveLength(1);
    }
  });

  it('template-on-time-change-reload-rule', () => {
    const queries = dashboard.templating.list.filter(({ type }) => type === 'query');
    expect(queries.map(({ refresh }) => refresh)).toEqual(queries.map(() => 2));
  });

  it('template-uneditable-rule', () => expect(dashboard.editable).toBe(false));

  it('panel-datasource-rule', () => {
    for (const panel of panels) {
      expect(panel.datasource).toEqual(DATASOURCE);
      for (const target of panel.targets) expect(target.datasource).toEqual(DATASOURCE);
    }
  });

  it('panel-title-description-rule', () => {
    for (const { title, description } of panels) {
      expect(title).toMatch(/\S/);
      expect(description, title).toMatch(/\S/);
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('panel-units-rule', () => {
    for (const { fieldConfig } of panels) expect(UNITS).toContain(fieldConfig.defaults.unit);
  });

  it('panel-no-targets-rule', () => {
    for (const { targets, title } of panels) expect(targets.length, title).toBeGreaterThan(0);
  });

  it('target-promql-rule', () => {
    for (const expr of expressions) expect(readPromql(expr).asked.length).toBeGreaterThan(0);
    expect(() => readPromql('sum by (a (rate(b[5m]))')).toThrow(SyntaxError);
  });

  it('target-rate-interval-rule', () => {
    for (const expr of expressions) {
      const ranges = [...expr.matchAll(/\[([^\]]*)\](?!")/g)].map(([, range]) => range);
      const own = ranges.filter((range) => !/^\^-/.test(range ?? ''));
      expect(own.every((range) => range === '$__rate_interval')).toBe(true);
    }
  });

  it.each(['job', 'instance'])('target-job-rule, target-instance-rule: %s', (label) => {
    for (const expr of expressions) {
      for (const { metric, matchers } of readPromql(expr).asked) {
        expect(matchers, metric).toContainEqual({ label, op: '=~', value: label });
      }
    }
  });

  it('target-counter-agg-rule', () => {
    for (const { metric, around, functions } of expressions.flatMap((e) => readPromql(e).asked)) {
      if (!metric.endsWith('_total')) continue;
      expect(around[0]).toBe('MatrixSelector');
      expect(functions[0]).toMatch(/^(rate|irate|increase)$/);
    }
  });
});

import { describe, expect, it } from 'vitest';
import {
  Metrics,
  MetricType,
  parseMetricName,
  Status,
} from '../../../envoyfilter/src/host/index.js';
import { MetricIds } from '../../../envoyfilter/src/host/metrics.js';

const { Counter, Gauge, Histogram } = MetricType;

describe('metrics', () => {
  it('have ids per VM and type, a new one at each define, and one value by type and name', () => {
    const metrics = new Metrics();
    const [one, other] = [new MetricIds(metrics), new MetricIds(metrics)];
    expect([one.define(Counter, 'c'), one.define(Counter, 'c'), one.define(Gauge, 'c')]).toEqual([
      ...[4, 8, 5],
    ]);
    expect([
      other.define(Histogram, 'h'),
      other.define(Counter, 'c'),
      other.define(3, 'c'),
    ]).toEqual([...[6, 4, undefined]]);
    one.increment(4, 2n);
    one.increment(8, 3n);
    other.increment(4, 5n);
    one.increment(5, 1n);
    expect(metrics.value('c')).toBe(10n);
    expect(metrics.value('c', Gauge)).toBe(1n);
    expect(metrics.value('none')).toBe(0n);
  });

  it('count up only, and wrap at 64 bits', () => {
    const metrics = new Metrics();
    const ids = new MetricIds(metrics);
    const counter = ids.define(Counter, 'c')!;
    expect([0n, -1n].map((by) => ids.increment(counter, by))).toEqual([2, 2]);
    ids.record(counter, -1n);
    expect(ids.get(counter)).toBe(0xffff_ffff_ffff_ffffn);
    expect(ids.increment(counter, 3n)).toBe(Status.Ok);
    expect(ids.get(counter)).toBe(2n);
  });

  it('set and move gauges, and wrap below 0', () => {
    const ids = new MetricIds(new Metrics());
    const gauge = ids.define(Gauge, 'g')!;
    expect(ids.increment(gauge, -1n)).toBe(Status.Ok);
    expect(ids.get(gauge)).toBe(0xffff_ffff_ffff_ffffn);
    expect(ids.record(gauge, 7n)).toBe(Status.Ok);
    expect(ids.increment(gauge, 0n)).toBe(Status.Ok);
    expect(ids.get(gauge)).toBe(7n);
  });

  it('keep the latest 1024 samples of a histogram', () => {
    const metrics = new Metrics();
    const ids = new MetricIds(metrics);
    const histogram = ids.define(Histogram, 'h')!;
    expect(ids.increment(histogram, 1n)).toBe(Status.BadArgument);
    expect(ids.get(histogram)).toBe(Status.BadArgument);
    for (let i = 0n; i < 1024n; i += 1n) ids.record(histogram, i);
    expect(metrics.samples('h')).toHaveLength(1024);
    ids.record(histogram, -1n);
    expect(metrics.samples('h')).toHaveLength(1024);
    expect([metrics.samples('h')[0], metrics.samples('h').at(-1)]).toEqual([
      ...[1n, 0xffff_ffff_ffff_ffffn],
    ]);
    expect(metrics.samples('none')).toEqual([]);
    expect(metrics.series()).toEqual([]);
  });

  it('answer NotFound for an id that is not, BadArgument where the type has no such call', () => {
    const ids = new MetricIds(new Metrics());
    expect([4, 5, 6, 7, 0, -1].map((id) => ids.increment(id, 1n))).toEqual([1, 1, 2, 2, 1, 2]);
    expect([4, 5, 6, 7, 0, -1].map((id) => ids.record(id, 1n))).toEqual([1, 1, 1, 1, 1, 1]);
    expect([4, 5, 6, 7, 0, -1].map((id) => ids.get(id))).toEqual([1, 1, 2, 2, 1, 2]);
  });
});

describe('a metric name', () => {
  it.each([
    ['plain.name', 'plain.name', {}],
    ['a.b.l=.=v;.;', 'a.b', { l: 'v' }],
    ['n.l=.=v.w;.;m=.=x y=z;.;', 'n', { l: 'v.w', m: 'x y=z' }],
    ['n.l=.=;.;', 'n', { l: '' }],
    ['l=.=v;.;', '', { l: 'v' }],
    ['n.l=.=v;.;rest', 'n', { l: 'v' }],
    ['n.l=.=a=.=b;.;', 'n', { l: 'a=.=b' }],
    ['', '', {}],
  ] as const)('is taken apart: %s', (wire, name, labels) => {
    expect(parseMetricName(wire)).toEqual({ name, labels });
  });

  it('is read back from the series', () => {
    const metrics = new Metrics();
    const ids = new MetricIds(metrics);
    ids.record(ids.define(Gauge, 'g.l=.=v;.;')!, 3n);
    ids.define(Counter, 'c');
    expect(metrics.series()).toEqual([
      { name: 'g', labels: { l: 'v' }, value: 3n },
      { name: 'c', labels: {}, value: 0n },
    ]);
  });
});

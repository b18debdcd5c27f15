// line-charts: latency by percentile, and costs as one thing grows, as panels of lines.

import { type BenchRecord, NO_OP, NONE, NONE_AGAIN, type VariantInfo } from '../record/record.js';
import type { Estimate } from '../statistics/statistics.js';
import { IN_TABLE, type LineChart, type Panel } from './chart.js';
import { type Figure, isControl, ninesOf } from './figures.js';
import { groupBy } from './group-by.js';
import { groupOf } from './headline.js';
import { numberText, unitText } from './number.js';

/** More lines than these in one panel cannot be told apart. */
const LINES_MAX = 8;

/** Percentiles on a scale of nines: each step to the right is a tenth of the requests left. */
export function latencyCharts(record: BenchRecord, all: readonly Figure[]): LineChart[] {
  const cases = groupBy(all, (one) => one.case);
  return [...cases].flatMap(([name, figures]) => {
    const found = figures.filter(({ figure }) => ninesOf(figure) !== undefined);
    const taken = new Set(found.map(({ variant }) => variant));
    const variants = record.variants.filter((one) => taken.has(one.name));
    const panels = (kind: LatencyKind) =>
      jobsOf(variants, kind.base).flatMap((job) => latencyPanel(job, found, kind));
    return [
      lineChart(`Latency by percentile, ${name}`, panels(ABSOLUTE)),
      lineChart(`Latency over no filter, in percent, ${name}`, panels(RELATIVE)),
    ].flat();
  });
}

function lineChart(title: string, panels: readonly Panel[]): LineChart[] {
  if (panels.length === 0) return [];
  const description = `Panels: ${panels.map((panel) => panel.title).join('; ')}. ${IN_TABLE}`;
  return [{ kind: 'lines', title, description, panels }];
}

interface LatencyKind {
  readonly title: string;
  /** What every panel has besides the variants of its job. */
  readonly base: readonly string[];
  readonly axis: (unit: string) => string;
  readonly scale: Panel['scale'];
  readonly value: (figure: Figure) => Estimate | undefined;
}

const ABSOLUTE: LatencyKind = {
  title: 'as it is',
  base: [NONE, NO_OP],
  axis: (unit) => `${unit}, logarithmic`,
  scale: 'log',
  value: ({ value }) => value,
};
const RELATIVE: LatencyKind = {
  title: 'over no filter',
  base: [NONE_AGAIN, NO_OP],
  axis: () => `% over ${NONE}`,
  scale: 'linear',
  value: ({ percent }) => percent,
};

interface Job {
  readonly title: string;
  readonly variants: readonly Pick<VariantInfo, 'name' | 'group'>[];
}

function jobsOf(variants: readonly VariantInfo[], always: readonly string[]): Job[] {
  const jobs = groupBy(
    variants.filter(({ job }) => job !== undefined),
    ({ job }) => job!,
  );
  const base = variants.filter(({ name }) => always.includes(name));
  return [...jobs].map(([title, doing]) => ({ title, variants: [...base, ...doing] }));
}

function latencyPanel(job: Job, figures: readonly Figure[], kind: LatencyKind): Panel[] {
  const lines = job.variants.slice(0, LINES_MAX).flatMap(({ name, group }) => {
    const points = figures.flatMap((one) => {
      const value = one.variant === name ? kind.value(one) : undefined;
      return value === undefined ? [] : [{ tick: one.figure, value }];
    });
    return points.length < 2 ? [] : [{ name, tone: group, points }];
  });
  if (lines.length === 0) return [];
  const names = [...new Set(figures.map(({ figure }) => figure))];
  const ticks = spread(
    names,
    names.map((figure) => ninesOf(figure)!),
  );
  const axis = kind.axis(unitText(figures[0]!.unit));
  return [{ title: job.title, axis, ticks, scale: kind.scale, lines }];
}

/** Few enough for one panel: all that were measured. */
export function percentileChart(record: BenchRecord, figures: readonly Figure[]): LineChart[] {
  const found = figures.filter(({ figure }) => ninesOf(figure) !== undefined);
  const names = [...new Set(found.map(({ variant }) => variant))];
  const variants = names.map((name) => ({ name, group: groupOf(record.variants, name) }));
  const panels = [ABSOLUTE, RELATIVE].flatMap((kind) =>
    latencyPanel({ title: kind.title, variants }, found, kind),
  );
  return lineChart('Latency by percentile', panels);
}

/** Places from the first, 0, to the last, 1. */
function spread(labels: readonly string[], places: readonly number[]) {
  const [first, last] = [Math.min(...places), Math.max(...places)];
  return labels.map((label, i) => ({
    label,
    at: first === last ? 0.5 : (places[i]! - first) / (last - first),
  }));
}

/** A panel for each figure that was taken at several places. */
export function scalingCharts(
  record: BenchRecord,
  all: readonly Figure[],
  title: string,
): LineChart[] {
  const figures = all.filter(({ at }) => at !== undefined);
  const kinds = groupBy(figures, (one) => `${one.case}: ${one.figure}`);
  const panels = [...kinds].flatMap(([title, found]) => scalingPanel(record, title, found));
  return lineChart(title, panels);
}

function scalingPanel(record: BenchRecord, title: string, figures: readonly Figure[]): Panel[] {
  const over = figures.some((figure) => figure.over !== undefined);
  const shown = figures.filter(
    ({ variant, base }) => !isControl(variant) && (!over || base !== undefined),
  );
  const places = [...new Set(shown.map(({ at }) => at!))].sort((a, b) => a - b);
  const lines = [...groupBy(shown, ({ variant }) => variant)].slice(0, LINES_MAX);
  if (lines.length === 0) return [];
  const unit = unitText(shown[0]!.unit);
  return [
    {
      title,
      axis: over ? `${unit} over ${shown[0]!.base}` : unit,
      scale: 'linear',
      ticks: spread(
        places.map(tickText),
        places.map((place) => Math.log(Math.max(1, place))),
      ),
      lines: lines.map(([name, found]) => ({
        name,
        tone: groupOf(record.variants, name),
        points: [...found]
          .sort((a, b) => a.at! - b.at!)
          .map((one) => ({ tick: tickText(one.at!), value: one.over ?? one.value })),
      })),
    },
  ];
}

/** `1,000`, and `100k` from ten thousand, which has to fit between others. */
function tickText(at: number): string {
  return at >= 10_000 && at % 1000 === 0 ? `${numberText(at / 1000)}k` : numberText(at);
}

// plots: which charts show a part of a record.

import type { BenchRecord, Part } from '../record/record.js';
import { headlineCharts, microCharts, plainCharts, sdkCharts } from './bar-charts.js';
import type { Chart } from './chart.js';
import { figuresOfPart } from './figures.js';
import { latencyCharts, percentileChart, scalingCharts } from './line-charts.js';
import { HEADLINE_FIGURE } from './targets.js';

export function chartsOf(record: BenchRecord, part: Part): Chart[] {
  const figures = figuresOfPart(record, part);
  switch (part) {
    case 'cpu':
      return headlineCharts(record);
    case 'latency':
      return latencyCharts(record, figures);
    case 'hops': {
      const cost = figures.filter(({ figure }) => figure === HEADLINE_FIGURE);
      return [...plainCharts(record, cost), ...percentileChart(record, figures)];
    }
    case 'scaling':
      return scalingCharts(record, figures, 'Cost as one thing grows');
    case 'micro':
      return [
        ...microCharts(record, figures),
        ...scalingCharts(record, figures, 'As one thing grows'),
      ];
    case 'sdk':
      return sdkCharts(record, figures);
    default:
      return plainCharts(record, figures);
  }
}

// chart: what is drawn, before anything is. Two kinds: bars with intervals, and lines in panels.

import type { Group } from '../record/record.js';
import type { Estimate } from '../statistics/statistics.js';

export interface Bar {
  readonly name: string;
  readonly tone: Group;
  readonly value: Estimate;
  /** Beside the bar. */
  readonly text: string;
  /** Where its target stands. */
  readonly target?: number;
}

export interface BarGroup {
  readonly title?: string;
  readonly bars: readonly Bar[];
}

/** Across all bars: the floor, a bound. */
export interface ReferenceLine {
  readonly at: number;
  readonly label: string;
}

export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  /** What one sees, for those who do not see it. */
  readonly description: string;
  readonly axis: string;
  readonly groups: readonly BarGroup[];
  readonly lines: readonly ReferenceLine[];
}

export interface LinePoint {
  readonly tick: string;
  readonly value: Estimate;
}

export interface Line {
  readonly name: string;
  readonly tone: Group;
  readonly points: readonly LinePoint[];
}

/** A place on the horizontal scale; `at` from 0, left, to 1. */
export interface Tick {
  readonly label: string;
  readonly at: number;
}

export interface Panel {
  readonly title: string;
  readonly ticks: readonly Tick[];
  /** What the lines are of. */
  readonly axis: string;
  readonly scale: 'linear' | 'log';
  readonly lines: readonly Line[];
}

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

export type Chart = BarChart | LineChart;

/** `wide` for desk and paper, `narrow` for a telephone. Both are in the page; one is shown. */
export type Size = 'wide' | 'narrow';

export const WIDTHS: Readonly<Record<Size, number>> = { wide: 860, narrow: 340 };

/** Ends every description. */
export const IN_TABLE = 'All figures are in the table below.';

/** Colours are the page's (style.ts), which has others at night. */
export const INK = 'var(--ink)';
export const MUTED = 'var(--muted)';
export const GRID = 'var(--grid)';

export function toneColour(tone: Group): string {
  return `var(--${tone})`;
}

/** At most `length` characters. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

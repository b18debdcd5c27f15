// lines: panels of lines as Vega draws them. Each line is named at its right end; where ends meet,
// the names are moved apart and a thin line leads to each. Tone, shape and dashes tell them apart.

import type { GroupMark, Mark, Scale, Spec } from 'vega';
import {
  GRID,
  type Line,
  type LineChart,
  MUTED,
  type Panel,
  type Size,
  shortened,
  toneColour,
  WIDTHS,
} from './chart.js';

const COLUMNS: Readonly<Record<Size, number>> = { wide: 2, narrow: 1 };
const GAP = { x: 28, y: 22 };
const LEFT = 50;
/** For the names. */
const RIGHT = 146;
const NAME_LENGTH = 21;
const TITLE_HEIGHT = 42;
const AXIS_HEIGHT = 26;
const PLOT_HEIGHT = 170;
const NAME_HEIGHT = 15;
const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down', 'cross'];
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
/** The first 1, 2 and 5 of every power of ten that a latency may have. */
const LOG_TICKS = Array.from(
  { length: 24 },
  (_, i) => [1, 2, 5][i % 3]! * 10 ** (Math.floor(i / 3) - 1),
);

export function lineSpec(chart: LineChart, size: Size): Spec {
  const columns = COLUMNS[size];
  const width = (WIDTHS[size] - GAP.x * (columns - 1)) / columns;
  const plots = chart.panels.map((panel) =>
    Math.max(PLOT_HEIGHT, panel.lines.length * NAME_HEIGHT),
  );
  const tops: number[] = [];
  let bottom = 0;
  for (let first = 0; first < plots.length; first += columns) {
    const row = plots.slice(first, first + columns);
    tops.push(...row.map(() => bottom));
    bottom += TITLE_HEIGHT + Math.max(...row) + AXIS_HEIGHT + GAP.y;
  }
  return {
    width: WIDTHS[size],
    height: bottom - GAP.y,
    padding: 0,
    autosize: 'none',
    marks: chart.panels.flatMap((panel, i) => {
      const x = (i % columns) * (width + GAP.x);
      return panelMarks(panel, { x, y: tops[i]!, width, plot: plots[i]! });
    }),
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly plot: number;
}

function panelMarks(panel: Panel, place: Place): Mark[] {
  const width = place.width - LEFT - RIGHT;
  const y = verticalScale(panel, place.plot);
  const ends = endsOf(panel, y, place.plot);
  const plot: GroupMark = {
    type: 'group',
    encode: {
      enter: {
        x: { value: place.x + LEFT },
        y: { value: place.y + TITLE_HEIGHT },
        width: { value: width },
        height: { value: place.plot },
      },
    },
    // Its grid is as high and as wide as itself, not as the whole.
    signals: [
      { name: 'width', value: width },
      { name: 'height', value: place.plot },
    ],
    data: panel.lines.map((line, i) => ({
      name: `line-${i}`,
      values: line.points.map(({ tick, value }) => ({ tick, ...value })),
    })),
    scales: [
      {
        name: 'x',
        type: 'ordinal',
        domain: panel.ticks.map(({ label }) => label),
        range: panel.ticks.map(({ at }) => 8 + at * (width - 16)),
      },
      y.scale,
    ],
    axes: [
      {
        scale: 'x',
        orient: 'bottom',
        grid: true,
        ticks: false,
        domain: false,
        labelOverlap: 'greedy',
      },
      {
        scale: 'y',
        orient: 'left',
        grid: true,
        ticks: false,
        domain: false,
        format: y.format,
        ...(y.ticks === undefined ? { tickCount: 5 } : { values: y.ticks }),
      },
    ],
    marks: [
      ...panel.lines.flatMap((line, i) => lineMarks(line, i)),
      ...nameMarks(panel.lines, ends, width),
    ],
  };
  return [...titleMarks(panel, place), plot];
}

interface Vertical {
  readonly scale: Scale;
  readonly ticks?: number[];
  /** Of the labels, in d3's words: `2,000`, but `20k` from ten thousand, to save room. */
  readonly format: string;
  /** From a value to px from the top. */
  readonly place: (value: number) => number;
}

/** From zero for what may be nothing; logarithmic for latencies, whose tails are far away. */
function verticalScale({ lines, scale }: Panel, height: number): Vertical {
  const values = lines.flatMap(({ points }) =>
    points.flatMap(({ value }) => [value.low, value.high]),
  );
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const format = most < 10_000 ? ',~f' : '~s';
  if (scale === 'log' && least > 0) {
    const [from, to] = [least * 0.9, most * 1.1];
    const ticks = LOG_TICKS.filter((tick) => tick >= from && tick <= to);
    return {
      scale: { name: 'y', type: 'log', domain: [from, to], range: [height, 0] },
      ...(ticks.length > 1 && { ticks }),
      format,
      place: (value) => height * (1 - Math.log(value / from) / Math.log(to / from)),
    };
  }
  const [from, to] = [Math.min(0, least) * 1.05, Math.max(0, most) * 1.05 || 1];
  return {
    scale: { name: 'y', type: 'linear', domain: [from, to], range: [height, 0] },
    format,
    place: (value) => height * (1 - (value - from) / (to - from)),
  };
}

interface End {
  readonly line: number;
  readonly y: number;
  readonly nameY: number;
}

/** Where each line ends, and its name beside that, at least `NAME_HEIGHT` from the next. */
function endsOf({ lines }: Panel, { place }: Vertical, height: number): End[] {
  const sorted = lines
    .map(({ points }, line) => ({ line, y: place(points.at(-1)?.value.value ?? 0) }))
    .sort((a, b) => a.y - b.y);
  const names: number[] = [];
  sorted.forEach(({ y }, i) => {
    names.push(Math.max(y, i === 0 ? 0 : names[i - 1]! + NAME_HEIGHT));
  });
  // What was pushed out at the bottom pushes back.
  let limit = height;
  for (let i = names.length - 1; i >= 0; i--) {
    names[i] = Math.min(names[i]!, limit);
    limit = names[i]! - NAME_HEIGHT;
  }
  return sorted.map((end, i) => ({ ...end, nameY: names[i]! }));
}

function titleMarks({ title, axis }: Panel, { x, y }: Place): Mark[] {
  const text = (value: string, top: number, more: object): Mark => ({
    type: 'text',
    encode: {
      enter: {
        x: { value: x },
        y: { value: y + top },
        text: { value },
        baseline: { value: 'middle' },
        ...more,
      },
    },
  });
  return [
    text(title, 8, { fontWeight: { value: 600 } }),
    text(axis, 24, { fill: { value: MUTED }, fontSize: { value: 11 } }),
  ];
}

function lineMarks({ tone }: Line, i: number): Mark[] {
  const from = { data: `line-${i}` };
  const x = { scale: 'x', field: 'tick' };
  const colour = { value: toneColour(tone) };
  const y = (field: string) => ({ scale: 'y', field });
  return [
    {
      type: 'area',
      from,
      encode: {
        enter: { x, y: y('low'), y2: y('high'), fill: colour, fillOpacity: { value: 0.14 } },
      },
    },
    {
      type: 'line',
      from,
      encode: {
        enter: {
          x,
          y: y('value'),
          stroke: colour,
          strokeWidth: { value: 1.75 },
          strokeDash: { value: DASHES[i % DASHES.length]! },
        },
      },
    },
    {
      type: 'symbol',
      from,
      encode: {
        enter: {
          x,
          y: y('value'),
          fill: colour,
          size: { value: 36 },
          shape: { value: SHAPES[i % SHAPES.length]! },
        },
      },
    },
  ];
}

function nameMarks(lines: readonly Line[], ends: readonly End[], width: number): Mark[] {
  return ends.flatMap(({ line, y, nameY }): Mark[] => {
    const { name, tone } = lines[line]!;
    return [
      {
        type: 'rule',
        encode: {
          enter: {
            x: { value: width - 2 },
            y: { value: y },
            x2: { value: width + 12 },
            y2: { value: nameY },
            stroke: { value: GRID },
          },
        },
      },
      {
        type: 'symbol',
        encode: {
          enter: {
            x: { value: width + 16 },
            y: { value: nameY },
            fill: { value: toneColour(tone) },
            size: { value: 36 },
            shape: { value: SHAPES[line % SHAPES.length]! },
          },
        },
      },
      {
        type: 'text',
        encode: {
          enter: {
            x: { value: width + 24 },
            y: { value: nameY },
            text: { value: shortened(name, NAME_LENGTH) },
            baseline: { value: 'middle' },
            fontSize: { value: 11 },
          },
        },
      },
    ];
  });
}

// bars: a bar chart as Vega draws it. Pale bars from zero, over them a dot at the value and a line
// from end to end of its interval; names left or above, figures right: nothing is written on a bar.

import type { Mark, Spec } from 'vega';
import {
  type Bar,
  type BarChart,
  type BarGroup,
  INK,
  MUTED,
  type ReferenceLine,
  type Size,
  shortened,
  toneColour,
  WIDTHS,
} from './chart.js';

interface Layout {
  readonly left: number;
  readonly right: number;
  readonly row: number;
  readonly bar: number;
  /** From the middle of a bar up to the middle of its text. */
  readonly textRise: number;
  readonly nameLength: number;
  readonly ticks: number;
}

const LAYOUTS: Readonly<Record<Size, Layout>> = {
  wide: { left: 210, right: 180, row: 24, bar: 12, textRise: 0, nameLength: 28, ticks: 7 },
  narrow: { left: 6, right: 12, row: 38, bar: 10, textRise: 17, nameLength: 25, ticks: 4 },
};
const GROUP_HEIGHT = 28;
/** For the labels of lines. */
const HEAD_HEIGHT = 20;
const AXIS_HEIGHT = 40;
/** A digit of a label, in px, in the widest of the usual fonts. */
const CHARACTER = 6.6;

interface PlacedBar extends Bar {
  readonly y: number;
}

export function barSpec(chart: BarChart, size: Size): Spec {
  const layout = LAYOUTS[size];
  const { bars, titles, height } = placed(chart, layout);
  const width = WIDTHS[size];
  return {
    width,
    height,
    padding: { left: 0, right: 0, top: 0, bottom: AXIS_HEIGHT },
    autosize: 'none',
    data: [
      { name: 'bars', values: bars.map((bar) => drawn(bar, layout)) },
      { name: 'titles', values: titles },
    ],
    scales: [
      {
        name: 'x',
        type: 'linear',
        domain: domainOf(chart),
        range: [layout.left, width - layout.right],
      },
    ],
    axes: [
      {
        scale: 'x',
        orient: 'bottom',
        title: chart.axis,
        titleAnchor: 'start',
        titleX: layout.left,
        tickCount: layout.ticks,
        grid: true,
        domain: false,
        ticks: false,
        zindex: 0,
      },
    ],
    marks: [
      ...titleMarks(),
      ...barMarks(layout),
      ...textMarks(layout, width),
      ...lineMarks(chart.lines, domainOf(chart), layout, width),
    ],
  };
}

function placed(chart: BarChart, layout: Layout) {
  const bars: PlacedBar[] = [];
  const titles: object[] = [];
  let y = chart.lines.length === 0 ? 0 : HEAD_HEIGHT;
  for (const group of chart.groups) {
    if (group.title !== undefined) {
      titles.push({
        title: group.title,
        y: y + GROUP_HEIGHT / 2 + 2,
        ...titleColour(chart, group),
      });
      y += GROUP_HEIGHT;
    }
    for (const bar of group.bars) {
      bars.push({ ...bar, y: y + layout.row / 2 + layout.textRise / 2 });
      y += layout.row;
    }
  }
  return { bars, titles, height: y + 4 };
}

/** Squares in the colours of groups, and room for them, where each group has a colour of its own. */
function titleColour({ groups }: BarChart, { bars }: BarGroup): object {
  const plain = groups.every((group) => new Set(group.bars.map(({ tone }) => tone)).size === 1);
  const [bar] = bars;
  if (!plain || bar === undefined) return { colour: 'transparent', x: 0 };
  return { colour: toneColour(bar.tone), x: 15 };
}

function drawn({ name, tone, value, text, target, y }: PlacedBar, layout: Layout): object {
  const names = shortened(name, layout.nameLength);
  return { name: names, text, y, colour: toneColour(tone), ...value, target: target ?? null };
}

/** From zero, or from below where an interval begins there, to what reaches furthest. */
function domainOf({ groups, lines }: BarChart): [number, number] {
  const bars = groups.flatMap((group) => group.bars);
  const ends = [
    ...bars.flatMap(({ value, target = 0 }) => [value.low, value.high, value.value, target]),
    ...lines.map(({ at }) => at),
  ];
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  return low === high ? [0, 1] : [low, high];
}

function titleMarks(): Mark[] {
  return [
    {
      type: 'rect',
      from: { data: 'titles' },
      encode: {
        enter: {
          x: { value: 0 },
          yc: { field: 'y' },
          width: { value: 9 },
          height: { value: 9 },
          fill: { field: 'colour' },
        },
      },
    },
    {
      type: 'text',
      from: { data: 'titles' },
      encode: {
        enter: {
          x: { field: 'x' },
          y: { field: 'y' },
          text: { field: 'title' },
          fontWeight: { value: 600 },
          baseline: { value: 'middle' },
        },
      },
    },
  ];
}

function barMarks({ bar }: Layout): Mark[] {
  const y = { field: 'y' };
  return [
    {
      type: 'rect',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { scale: 'x', value: 0 },
          x2: { scale: 'x', field: 'value' },
          yc: y,
          height: { value: bar },
          fill: { field: 'colour' },
          fillOpacity: { value: 0.28 },
        },
      },
    },
    {
      type: 'rule',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'low' },
          x2: { scale: 'x', field: 'high' },
          y,
          stroke: { field: 'colour' },
          strokeWidth: { value: 2 },
        },
      },
    },
    {
      type: 'symbol',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'value' },
          y,
          size: { value: 34 },
          fill: { field: 'colour' },
        },
      },
    },
    {
      type: 'rule',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'target' },
          y: { field: 'y', offset: -bar / 2 - 3 },
          y2: { field: 'y', offset: bar / 2 + 3 },
          stroke: { value: INK },
          strokeWidth: { signal: 'datum.target === null ? 0 : 2' },
        },
      },
    },
  ];
}

function textMarks({ left, textRise }: Layout, width: number): Mark[] {
  const y = { field: 'y', offset: -textRise };
  return [
    {
      type: 'text',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { value: textRise === 0 ? left - 10 : 0 },
          y,
          text: { field: 'name' },
          align: { value: textRise === 0 ? 'right' : 'left' },
          baseline: { value: 'middle' },
        },
      },
    },
    {
      type: 'text',
      from: { data: 'bars' },
      encode: {
        enter: {
          x: { value: width },
          y,
          text: { field: 'text' },
          align: { value: 'right' },
          baseline: { value: 'middle' },
          fill: { value: MUTED },
        },
      },
    },
  ];
}

/** The label stands where there is room: right of its line, or left of it. */
function lineMarks(
  lines: readonly ReferenceLine[],
  [low, high]: readonly [number, number],
  { left, right }: Layout,
  width: number,
): Mark[] {
  return lines.flatMap(({ at, label }): Mark[] => {
    const x = left + ((at - low) / (high - low)) * (width - right - left);
    const fits = x + 6 + label.length * CHARACTER <= width;
    return [
      {
        type: 'rule',
        encode: {
          enter: {
            x: { scale: 'x', value: at },
            y: { value: 2 },
            y2: { signal: 'height' },
            stroke: { value: INK },
            strokeDash: { value: [3, 3] },
            strokeOpacity: { value: 0.7 },
          },
        },
      },
      {
        type: 'text',
        encode: {
          enter: {
            x: { scale: 'x', value: at, offset: fits ? 5 : -5 },
            y: { value: HEAD_HEIGHT / 2 },
            text: { value: label },
            align: { value: fits ? 'left' : 'right' },
            baseline: { value: 'middle' },
            fill: { value: MUTED },
          },
        },
      },
    ];
  });
}

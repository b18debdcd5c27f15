// svg: a chart as SVG text, drawn by Vega without a browser. It says what it is to those who do not
// see it, has no size of its own font, and loads nothing.

import { type Config, None, parse, View } from 'vega';
import { barSpec } from './bars.js';
import { type Chart, GRID, INK, MUTED, type Size } from './chart.js';
import { escaped } from './escape.js';
import { lineSpec } from './lines.js';

// `aria`, which the types lack: its own attributes would read out every mark; the table below a
// chart has the numbers.
const CONFIG: Config & { readonly aria: false } = {
  aria: false,
  background: 'transparent',
  axis: {
    gridColor: GRID,
    labelColor: MUTED,
    titleColor: MUTED,
    labelFontSize: 11,
    titleFontSize: 11.5,
    titleFontWeight: 'normal',
    titlePadding: 6,
    labelPadding: 5,
  },
  text: { fontSize: 12, fill: INK },
};

/** @param id of the page's element, one for each chart and size */
export async function chartSvg(chart: Chart, size: Size, id: string): Promise<string> {
  const spec = chart.kind === 'bars' ? barSpec(chart, size) : lineSpec(chart, size);
  const view = new View(parse(spec, CONFIG), { renderer: 'none', logLevel: None });
  const svg = await view.toSVG();
  view.finalize();
  const [, attributes = '', rest = ''] = /^<svg([^>]*)>(.*)$/s.exec(svg) ?? [];
  const viewBox = /viewBox="[^"]*"/.exec(attributes)?.[0] ?? '';
  const label = `role="img" aria-labelledby="${id}-title ${id}-desc"`;
  const words =
    `<title id="${id}-title">${escaped(chart.title)}</title>` +
    `<desc id="${id}-desc">${escaped(chart.description)}</desc>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="chart ${size}" ${viewBox} ${label}>` +
    `${words}${rest.replaceAll(/ font-family="[^"]*"/g, '')}`
  );
}

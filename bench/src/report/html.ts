// html: a record as one page that loads nothing: charts are in it as SVG, there is no script. Every
// string of the record is escaped.

import { type BenchRecord, type Group, PARTS, type Part } from '../record/record.js';
import type { Chart } from './chart.js';
import { escaped } from './escape.js';
import { GUIDE } from './guide.js';
import { GROUPS, headlineOf } from './headline.js';
import { tableHtml } from './html-table.js';
import { intervalText, numberText } from './number.js';
import { chartsOf } from './plots.js';
import { STYLE } from './style.js';
import { chartSvg } from './svg.js';
import type { Table } from './table.js';
import { sectionsOf, targetTable } from './tables.js';
import { targetResults } from './targets.js';
import { dateText, machineText, QUICK } from './text.js';

/** Nothing may be loaded, even if something in the page asked for it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The whole page. */
export async function htmlReport(record: BenchRecord): Promise<string> {
  const title = `What Tagalong costs, ${dateText(record.takenAt)}`;
  const parts = sectionsOf(record);
  const sections = await Promise.all(
    parts.map(({ part, tables }) => sectionHtml(record, part, tables)),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${headerHtml(record)}
${navHtml(parts.map(({ part }) => part))}
${sections.join('\n')}
${targetTable(record)
  .map((table) => section('targets', 'Targets', tableHtml({ ...table, caption: '' }, 'words')))
  .join('')}
${methodHtml(record)}
<footer class="note"><p>Method, bias and what is missing: <code>bench/README.md</code>.
The rounds are in the record that this page was made from.</p></footer>
</main>
</body>
</html>
`;
}

function headerHtml(record: BenchRecord): string {
  const taken = `Taken ${dateText(record.takenAt)} on ${machineText(record.machine)}.`;
  return `<header>
<h1>What Tagalong costs</h1>
<p class="lead">${escaped(taken)}</p>
${record.quick ? `<p class="quick" role="note">${escaped(QUICK)}</p>` : ''}
${shortHtml(record)}
</header>`;
}

/** The few sentences that most come for. */
function shortHtml(record: BenchRecord): string {
  const { none, floor, control, rows, rounds } = headlineOf(record);
  if (none === undefined) return '';
  const all = rows.find(({ variant }) => variant === 'everything');
  const targets = targetResults(record);
  const missed = targets.filter(({ verdict }) => verdict !== 'met').map(({ name }) => name);
  const points = [
    `Without a filter a request costs ${intervalText(none)} µs of CPU (${rounds} rounds; in ` +
      'brackets 95 %).',
    floor &&
      `A wasm filter that does nothing adds ${intervalText(floor.over)} µs: the floor for any.`,
    all &&
      `Tagging, remembering and limiting in one filter add ${intervalText(all.over)} µs` +
        `${all.ratio ? `, ${intervalText(all.ratio)} times the floor` : ''}.`,
    control &&
      `The same thing measured twice differs by ${intervalText(control.over)} µs: the noise.`,
    targets.length > 0 &&
      `${targets.length - missed.length} of ${targets.length} targets are met` +
        `${missed.length === 0 ? '' : `; missed: ${missed.join(', ')}`}.`,
  ].filter((point) => typeof point === 'string');
  return `<div class="short">${bulletsHtml(points)}</div>`;
}

function bulletsHtml(points: readonly string[]): string {
  return `<ul>${points.map((point) => `<li>${escaped(point)}</li>`).join('')}</ul>`;
}

function navHtml(parts: readonly Part[]): string {
  const links = [
    ...parts.map((part) => [part, GUIDE[part].title] as const),
    ['method', 'How it was measured'] as const,
  ];
  const items = links.map(([id, title]) => `<li><a href="#${id}">${escaped(title)}</a></li>`);
  return `<nav aria-label="Contents"><ul>${items.join('')}</ul></nav>`;
}

function section(id: string, title: string, content: string): string {
  return `<section id="${id}" aria-labelledby="${id}-head">
<h2 id="${id}-head">${escaped(title)}</h2>
${content}
</section>`;
}

async function sectionHtml(record: BenchRecord, part: Part, tables: readonly Table[]) {
  const { title, read, hidden } = GUIDE[part];
  const figures = await Promise.all(
    chartsOf(record, part).map((chart, i) => figureHtml(chart, `${part}-${i}`)),
  );
  return section(
    part,
    title,
    `${figures.join('\n')}
<p class="note"><b>How to read it.</b> ${escaped(read)}</p>
<p class="note"><b>What it does not show.</b> ${escaped(hidden)}</p>
${tables.map((table) => tableHtml(table)).join('\n')}`,
  );
}

async function figureHtml(chart: Chart, id: string): Promise<string> {
  const [wide, narrow] = await Promise.all([
    chartSvg(chart, 'wide', `${id}-wide`),
    chartSvg(chart, 'narrow', `${id}-narrow`),
  ]);
  return `<figure><figcaption>${escaped(chart.title)}</figcaption>${wide}${narrow}</figure>`;
}

function methodHtml(record: BenchRecord): string {
  const { machine, versions, remarks } = record;
  const about: [string, string][] = [
    ['Date', dateText(record.takenAt)],
    ['Processor', `${machine.cpu}, ${machine.cores} cores`],
    ['Memory', `${numberText(Math.round(machine.memoryGiB * 10) / 10)} GiB`],
    ['Kernel', machine.kernel],
    ['Load', `${machine.load[0].toFixed(2)} before, ${machine.load[1].toFixed(2)} after`],
    ...Object.entries(versions),
  ];
  return section(
    'method',
    'How it was measured',
    `${record.quick ? `<p class="quick">${escaped(QUICK)}</p>` : ''}
<h3>Machine and versions</h3>
${listHtml(about)}
<h3>Settings</h3>
${listHtml(settingsOf(record))}
<h3>Remarks</h3>
${remarks.length === 0 ? '<p>None.</p>' : bulletsHtml(remarks)}
<h3>Variants</h3>
${tableHtml(variantTable(record), 'words')}`,
  );
}

function settingsOf({ settings }: BenchRecord): [string, string][] {
  return PARTS.flatMap((part) => {
    const found = settings[part];
    if (found === undefined) return [];
    const texts = Object.entries(found).map(([name, value]) => `${name} ${settingText(value)}`);
    return [[GUIDE[part].title, texts.join(', ')]];
  });
}

function settingText(value: number | string): string {
  return typeof value === 'number' ? numberText(value) : value;
}

function variantTable({ variants }: BenchRecord): Table {
  const rows = (group: Group) =>
    variants
      .filter((one) => one.group === group)
      .map(({ name, title }) => ({ name, cells: [title] }));
  return {
    caption: '',
    columns: ['', 'what it does'],
    groups: GROUPS.map(({ group, title }) => ({ title, rows: rows(group) })).filter(
      (group) => group.rows.length > 0,
    ),
  };
}

function listHtml(entries: readonly (readonly [string, string])[]): string {
  const lines = entries.map(
    ([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`,
  );
  return `<dl>${lines.join('')}</dl>`;
}

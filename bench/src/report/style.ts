// style: how the page looks: one column, calm, by day, by night and on paper. Colours of the groups
// are Okabe and Ito's, which differ for colour-blind eyes too, lighter at night.

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --ink: #22252a; --muted: #5b626c; --grid: #dfe2e6; --panel: #f3f4f2;
  --warn-paper: #fff3cf; --warn-ink: #5c4300;
  --base: #757b84; --host: #5b6f8f; --ours: #0068a6;
  --native: #00805c; --lua: #b86e00; --sdk: #a84a86;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #16181c; --ink: #e6e8eb; --muted: #a2a9b4; --grid: #343940; --panel: #1e2126;
    --warn-paper: #3d3210; --warn-ink: #ffe08a;
    --base: #9aa1ab; --host: #8fa6c9; --ours: #56b4e9;
    --native: #2fbf93; --lua: #eda73a; --sdk: #dd92c0;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 892px; margin: 0 auto; padding: 2.5rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; }
p { margin: .5rem 0; max-width: 68ch; }
a { color: inherit; }
.lead, .note { color: var(--muted); }
.note { font-size: .92rem; }
.note b { color: var(--ink); font-weight: 600; }
.quick {
  background: var(--warn-paper); color: var(--warn-ink);
  padding: .7rem 1rem; margin: 1.2rem 0; border-radius: 6px; font-weight: 600; max-width: none;
}
.short { background: var(--panel); border-radius: 8px; padding: .9rem 1.2rem; margin: 1.4rem 0; }
.short ul { margin: 0; padding-left: 1.1rem; }
.short li { margin: .35rem 0; }
nav ul {
  list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0; padding: 0;
}
nav { font-size: .92rem; }
figure { margin: 1.6rem 0 .6rem; }
figcaption { font-weight: 600; margin-bottom: .7rem; }
.chart { display: block; width: 100%; height: auto; font-family: inherit; overflow: visible; }
/* Names stand on lines at times: a rim of paper keeps them readable. */
.chart text {
  paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round;
}
.chart.wide { max-width: 860px; }
.chart.narrow { display: none; max-width: 460px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; margin: .9rem 0 1.4rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td {
  text-align: right; padding: .28rem 0 .28rem 1rem; vertical-align: baseline; font-weight: 400;
}
th:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--muted); border-bottom: 1px solid var(--grid); }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
td { font-variant-numeric: tabular-nums; }
.change { display: block; color: var(--muted); }
.interval { white-space: nowrap; }
.group th { font-weight: 600; padding-top: .8rem; }
.words td { text-align: left; }
.words thead th { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; font-size: .92rem; }
dt { color: var(--muted); }
dd { margin: 0; }
footer { margin-top: 3rem; border-top: 1px solid var(--grid); padding-top: .8rem; }
@media screen and (max-width: 760px) {
  main { padding-top: 1.4rem; }
  h1 { font-size: 1.5rem; }
  .chart.wide { display: none; }
  .chart.narrow { display: block; }
  td, th { padding-left: .6rem; }
  table { font-size: .82rem; }
  /* A table of many columns becomes a list: a row is a name with its figures below. */
  .many thead { display: none; }
  .many, .many tbody, .many tr, .many caption, .many th { display: block; }
  .many tr { padding: .4rem 0; }
  .many tbody tr + tr { border-top: 1px solid var(--grid); }
  .many tbody tr + tr > * { border-top: 0; }
  .many th { padding: 0; text-align: left; }
  .many tbody th { font-weight: 600; }
  .many .group th { padding-top: .7rem; color: var(--muted); }
  .many td { display: block; padding: 0; text-align: right; }
  .many td::before {
    content: attr(data-head); float: left; padding-right: 1rem; color: var(--muted);
  }
  .many .change { display: inline; padding-left: .6rem; }
  .many td:empty { display: none; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .4rem; }
}
@media print {
  body { font-size: 11pt; background: none; }
  main { max-width: none; padding: 0; }
  nav { display: none; }
  figure, tr, .short { break-inside: avoid; }
  h2, h3, figcaption, caption { break-after: avoid; }
  .chart, .short, .quick { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

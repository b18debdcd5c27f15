// print: the demo's text. Pure but for asking whether colour is wanted.

import { styleText } from 'node:util';
import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import type { Mesh } from '../harness/mesh.js';
import type { Visit } from './tour.js';

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;

function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return coloured ? styleText(style, text) : text;
}

export function heading(text: string): string {
  return `\n${paint('bold', text)}`;
}

/** One request: what was sent, what it became, and every proxy's word on it. */
export function visitLines(visit: Visit): string[] {
  const { title, from, path = '/', headers, tag, rule, version, via, rejected, wrong } = visit;
  const where = from === 'edge' ? '' : ' from inside';
  const sent = [`GET ${path}${where}`, ...headers].join('  ');
  const mark = wrong.length === 0 ? paint('green', 'ok') : paint('red', 'WRONG');
  return [
    '',
    `  ${paint('bold', title)}: ${sent}`,
    `    tag ${paint('cyan', tag)} (${rule}) -> reviews ${paint('cyan', version)}  ${mark}`,
    ...via.map((line) => `      ${paint('dim', line)}`),
    ...(rejected === undefined ? [] : [rejectedLine(visit, rejected)]),
    ...wrong.map((line) => `    ${paint('red', line)}`),
  ];
}

/** The request that was one too many. */
function rejectedLine({ limit }: Visit, rejected: NonNullable<Visit['rejected']>): string {
  const { status, retryAfter, body } = rejected;
  const asked = `${limit?.admits} at once, and one more`;
  const answer = `${paint('cyan', String(status))} (${limit?.name}), again in ${retryAfter} s`;
  return `    ${asked} -> ${answer}: ${body}`;
}

/** The filter's counters that moved, as Prometheus text. */
export function counterLines(samples: readonly Sample[]): string[] {
  return samples
    .filter(({ name, value }) => value !== 0 && name !== 'tagalong_heap_bytes')
    .map(({ name, labels, value }) => {
      const text = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `  ${name}{${text.join(',')}} ${value}`;
    })
    .sort();
}

/** What to try by hand while the mesh is up. */
export function curlLines(mesh: Mesh): string[] {
  const edge = `http://127.0.0.1:${mesh.edgePort}/`;
  const inside = `http://127.0.0.1:${mesh.insidePort}/`;
  const admin = mesh.proxies.edge?.admin;
  return [
    heading('Try it'),
    `  curl -i ${edge}`,
    `  curl -i -H 'x-user-group: internal' ${edge}`,
    `  curl -i -b beta=1 ${edge}`,
    `  curl -i -b uid=nora ${edge}checkout      # uid=ada is not among the 25 %`,
    `  curl -i ${edge}checkout      # an identity comes as a cookie`,
    `  curl -i -H 'x-traffic-tag: canary' ${edge}      # forged: stripped`,
    `  curl -i ${edge}login      # five a minute, and the tour had them`,
    `  curl -i -H 'x-traffic-tag: canary' ${inside}      # from inside: kept`,
    ...(admin === undefined ? [] : [`  curl -s ${admin}/stats/prometheus | grep ^tagalong`]),
    '',
    'Ctrl-C stops everything.',
  ];
}

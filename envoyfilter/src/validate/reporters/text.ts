// text: findings for people: where, what, the lines around it, what to do.

import type { Finding, Severity } from '../../policy/finding.js';
import { isFault } from '../fault.js';
import { frameOf, printable } from '../frame.js';
import { counted } from '../words.js';
import { countOf, type ReportInput } from './report.js';

export type TextStyle = 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

export interface TextOptions {
  /** Text in a style, or as it is. */
  readonly paint: (style: TextStyle, text: string) => string;
  /** Faults only, and no summary. */
  readonly quiet: boolean;
}

const STYLES: Readonly<Record<Severity, TextStyle>> = {
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
};

export function textReport(input: ReportInput, { paint, quiet }: TextOptions): string {
  const { findings, strict, files } = input;
  const texts = new Map(files.map(({ name, text }) => [name, text]));
  const shown = quiet ? findings.filter((finding) => isFault(finding, strict)) : findings;
  const blocks = shown.map((finding) => block(finding, texts.get(finding.place.file), paint));
  return quiet ? blocks.join('') : blocks.join('') + summary(input);
}

/** One finding and the lines it is about. */
export function block(
  { rule, severity, message, hint, place, path }: Finding,
  text: string | undefined,
  paint: TextOptions['paint'],
): string {
  const style = STYLES[severity];
  const where = paint('bold', `${printable(place.file)}:${place.line}:${place.column}`);
  const about = path === '$' ? '' : ` ${paint('dim', path)}`;
  const painted = {
    gutter: (gutter: string) => paint('dim', gutter),
    mark: (mark: string) => paint(style, mark),
  };
  // What cannot be read has no lines to show.
  const frame = text === undefined ? [] : frameOf(text, place, painted);
  const lines = [
    `${where} ${paint(style, `${severity}[${rule}]`)}${about}`,
    `  ${message}`,
    ...frame.map((line) => `  ${line}`),
    ...(hint === undefined ? [] : [`  ${paint('cyan', 'hint')}: ${hint}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

function summary({ findings, files, policies }: ReportInput): string {
  const kinds = (['error', 'warning', 'info'] as const).flatMap((severity) => {
    const count = countOf(findings, severity);
    return count === 0 ? [] : counted(count, severity);
  });
  const found = kinds.length === 0 ? 'nothing to say' : kinds.join(', ');
  const more = kinds.length === 0 ? '' : '\n`tagalong rule ID` tells why a rule exists.';
  return `${counted(policies, 'policy')} in ${counted(files.length, 'file')}: ${found}${more}\n`;
}

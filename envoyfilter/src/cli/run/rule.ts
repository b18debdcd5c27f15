// rule: prints the catalogue of rules, or one of them.

import { suggestion } from '../../validate/nearest.js';
import type { Rule } from '../../validate/rule.js';
import { RULES, ruleOf } from '../../validate/rules/index.js';
import { DONE, UsageError } from '../exit.js';
import { paint, type Style, type Terminal } from '../terminal.js';

export interface RuleOptions {
  readonly format: 'text' | 'json';
}

const STYLES: Readonly<Record<Rule['severity'], Style>> = {
  error: 'red',
  warning: 'yellow',
  info: 'cyan',
};

export function runRule(
  id: string | undefined,
  { format }: RuleOptions,
  terminal: Terminal,
): number {
  const rule = id === undefined ? undefined : found(id);
  if (format === 'json') {
    const data = rule === undefined ? RULES.map(dataOf) : dataOf(rule);
    terminal.out(`${JSON.stringify(data, null, 2)}\n`);
  } else {
    terminal.out(rule === undefined ? listText(terminal) : ruleText(rule, terminal));
  }
  return DONE;
}

/** @throws UsageError where there is no such rule */
function found(id: string): Rule {
  const rule = ruleOf(id);
  if (rule !== undefined) return rule;
  const { hint } = suggestion(
    id,
    RULES.map((one) => one.id),
  );
  const more = hint === undefined ? '`tagalong rule` lists them' : hint;
  throw new UsageError(`found no rule ${JSON.stringify(id)}, wanted one that is; ${more}`);
}

function dataOf({ id, severity, title, why, mend, example }: Rule): object {
  return { id, severity, title, why, mend, ...(example && { example }) };
}

function listText({ colour }: Terminal): string {
  const width = Math.max(...RULES.map(({ id }) => id.length));
  const lines = RULES.map(({ id, severity, title }) => {
    const name = paint(colour.out, 'bold', id.padEnd(width));
    return `${name}  ${paint(colour.out, STYLES[severity], severity.padEnd(7))}  ${title}\n`;
  });
  return lines.join('');
}

function ruleText({ id, severity, title, why, mend, example }: Rule, { colour }: Terminal): string {
  const head = (text: string) => paint(colour.out, 'bold', text);
  const parts = [
    `${head(id)} (${paint(colour.out, STYLES[severity], severity)}): ${title}`,
    `${head('Why')}\n${wrapped(why)}`,
    `${head('How to mend it')}\n${wrapped(mend)}`,
    ...(example === undefined
      ? []
      : [
          `${head('Breaks it')}\n${indented(example.bad)}`,
          `${head('Keeps it')}\n${indented(example.good)}`,
        ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

const WIDTH = 96;

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH)
      lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return indented(lines.join('\n'));
}

function indented(text: string): string {
  return text.trimEnd().replace(/^(?=.)/gm, '  ');
}

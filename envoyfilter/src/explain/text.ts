// text: an explanation for a reader. Pure; colours come in as a function that may leave them out.

import type {
  Change,
  EntryExplanation,
  Explanation,
  LimitStep,
  RouteChoice,
  RuleStep,
  Step,
} from './explanation.js';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** Routes that are told one by one; more are told by version. */
const ROUTES_MAX = 8;
/** Hosts named for a version where there are more routes than that. */
const HOSTS_MAX = 5;

const VERDICTS: Readonly<Record<RuleStep['verdict'] | LimitStep['verdict'], Style>> = {
  matched: 'green',
  'would match': 'yellow',
  'no match': 'dim',
  'not in share': 'dim',
  'no identity': 'yellow',
  'no value to copy': 'yellow',
  'not tried': 'dim',
  admitted: 'green',
  rejected: 'red',
  'would be admitted': 'yellow',
  'would be rejected': 'yellow',
  'not for it': 'dim',
  'not charged': 'dim',
};

/** Ends with a line feed. */
export function explanationText(explanation: Explanation, paint: Paint): string {
  const { request, at, entries } = explanation;
  const where = `at ${at}, from ${request.source.replace(/^\[(.*)\]|:0$/g, '$1')}`;
  const time = request.atMs === 0 ? '' : `, at ${request.atMs} ms`;
  const lines = [
    `${paint('bold', `${request.method} ${request.authority}${request.path}`)} ${where}${time}`,
    ...entries.flatMap((entry) => entryLines(entry, paint)),
    ...(entries.length === 0 ? ['  no entry of the policy runs here'] : []),
    ...section('request', changeLines(explanation.headers.changes, paint)),
    ...section('baggage', changeLines(explanation.baggage, paint)),
    ...section('response', changeLines(explanation.response, paint)),
    ...replyLines(explanation, paint),
    ...section('versions', routeLines(explanation.routes, paint)),
  ];
  const text = `${lines.join('\n')}\n`;
  if (explanation.next === undefined) return text;
  return `${text}\nthen the application calls\n${explanationText(explanation.next, paint)}`;
}

function entryLines(
  { id, direction, mode, steps, failed }: EntryExplanation,
  paint: Paint,
): string[] {
  const lines = [
    `  ${paint('cyan', id)} ${direction}${mode === 'enforce' ? '' : `, mode ${mode}`}`,
  ];
  if (mode === 'disabled') lines.push('    does nothing');
  if (mode === 'dryRun') lines.push('    decides and counts, writes nothing');
  if (failed === true) lines.push(paint('red', '    the VM failed: the proxy answers 503'));
  const width = Math.max(0, ...steps.map((step) => nameOf(step).length));
  for (const step of steps) lines.push(`    ${stepLine(step, width, paint)}`);
  return lines;
}

function nameOf(step: Step): string {
  if (step.step === 'rule') return `  rule ${step.rule}`;
  if (step.step === 'default') return '  default';
  if (step.step === 'limit') return `limit ${step.limit}`;
  return '';
}

function stepLine(step: Step, width: number, paint: Paint): string {
  const name = nameOf(step).padEnd(width);
  const because = (reason: string) => (reason === '' ? '' : `: ${reason}`);
  const verdict = (style: Style) => ('verdict' in step ? paint(style, step.verdict) : '');
  const inBrackets = (reason: string) => (reason === '' ? '' : ` (${reason})`);
  switch (step.step) {
    case 'incoming': {
      const value = step.value === undefined ? '' : ` ${JSON.stringify(step.value)}`;
      if (step.verdict === 'nothing came') return `tag ${step.tag}: nothing came`;
      if (step.verdict === 'restored')
        return `tag ${step.tag} restored as${value}${inBrackets(step.reason)}`;
      return `tag ${step.tag} came as${value}: ${step.verdict}${inBrackets(step.reason)}`;
    }
    case 'rule':
    case 'limit':
      return `${name}  ${verdict(VERDICTS[step.verdict])}${because(step.reason)}${perText(step)}`;
    case 'default':
      return `${name}  ${verdict(step.verdict === 'used' ? 'green' : 'dim')}: ${step.value}`;
    case 'result':
      return `  is ${step.value === undefined ? 'not set' : paint('bold', step.value)}`;
    default:
      return `propagate: ${step.verdict}${step.by === undefined ? '' : ` by ${step.by}`}`;
  }
}

function perText(step: Step): string {
  if (step.step !== 'limit' || step.per === undefined) return '';
  const parts = Object.entries(step.per).map(([name, value]) =>
    value === '' ? `${name} (none)` : `${name} ${value}`,
  );
  return `; bucket of ${parts.join(', ')}`;
}

/** `+ x-a: 1`, `- x-b: 2`, `~ x-c: 1 -> 2`. */
export function changeLines(changes: readonly Change[], paint: Paint): string[] {
  return changes.map(({ name, before, after }) => {
    if (before.length === 0) return paint('green', `+ ${name}: ${after.join(', ')}`);
    if (after.length === 0) return paint('red', `- ${name}: ${before.join(', ')}`);
    return paint('yellow', `~ ${name}: ${before.join(', ')} -> ${after.join(', ')}`);
  });
}

function replyLines({ reply }: Explanation, paint: Paint): string[] {
  if (reply === undefined) return [];
  const by = reply.limits.length === 0 ? reply.entry : `limit ${reply.limits.join(', ')}`;
  const headers = reply.headers.map(([name, value]) => `${name}: ${value}`);
  return section('answer', [
    paint('red', `${reply.status} by ${by}`),
    ...headers,
    ...(reply.body === '' ? [] : ['', ...reply.body.split('\n')]),
  ]);
}

function routeLines(routes: readonly RouteChoice[], paint: Paint): string[] {
  if (routes.length <= ROUTES_MAX) {
    return routes.map(({ host, version, why, faults }) => {
      const fault = faults === undefined ? '' : paint('yellow', ` (fault: ${faults})`);
      return `${host} -> ${paint('bold', version)}: ${why}${fault}`;
    });
  }
  return [...new Set(routes.map(({ version }) => version))].map((version) => {
    const chosen = routes.filter((route) => route.version === version);
    const hosts = chosen.slice(0, HOSTS_MAX).map(({ host }) => host);
    const left = chosen.length - hosts.length;
    const more = left > 0 ? ` and ${left} more` : '';
    return `${paint('bold', version)}: ${hosts.join(', ')}${more}`;
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line}`.trimEnd())];
}

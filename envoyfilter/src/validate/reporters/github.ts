// github: workflow commands, which GitHub shows beside the lines of a change.

import type { Finding, Severity } from '../../policy/finding.js';
import type { ReportInput } from './report.js';

const COMMANDS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'notice',
};

export function githubReport({ findings }: ReportInput): string {
  return findings.map(line).join('');
}

function line({ severity, place, rule, message, hint }: Finding): string {
  const isOneLine = place.endLine === place.line;
  const properties = {
    file: place.file,
    line: place.line,
    endLine: place.endLine,
    // GitHub shows columns of one line only.
    ...(isOneLine && { col: place.column, endColumn: place.endColumn }),
    title: rule,
  };
  const list = Object.entries(properties).map(
    ([key, value]) => `${key}=${property(String(value))}`,
  );
  const text = hint === undefined ? message : `${message}; ${hint}`;
  return `::${COMMANDS[severity]} ${list.join(',')}::${data(text)}\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

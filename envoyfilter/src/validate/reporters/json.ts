// json: findings as data, for programs.

import { countOf, type ReportInput } from './report.js';

export function jsonReport({ findings, files, policies }: ReportInput): string {
  const report = {
    findings,
    summary: {
      files: files.length,
      policies,
      errors: countOf(findings, 'error'),
      warnings: countOf(findings, 'warning'),
      infos: countOf(findings, 'info'),
    },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

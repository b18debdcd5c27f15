// report: what every reporter is given.

import type { Finding, Severity } from '../../policy/finding.js';

export interface ReportInput {
  readonly findings: readonly Finding[];
  /** All that were looked at, in their order: also those without a finding. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Documents that are policies. */
  readonly policies: number;
  /** Warnings count as faults. */
  readonly strict: boolean;
  readonly version: string;
}

export function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

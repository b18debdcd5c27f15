// sarif: SARIF 2.1.0, for code scanning.

import type { Finding, Severity } from '../../policy/finding.js';
import type { Rule } from '../rule.js';
import { RULES } from '../rules/index.js';
import type { ReportInput } from './report.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';
const LEVELS: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

export function sarifReport({ findings, files, version }: ReportInput): string {
  const found = new Set(findings.map(({ rule }) => rule));
  const rules = RULES.filter(({ id }) => found.has(id));
  const report = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'tagalong', version, rules: rules.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        artifacts: files.map(({ name }) => ({ location: { uri: uriOf(name) } })),
        results: findings.map((finding) => result(finding, rules)),
      },
    ],
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

function descriptor({ id, title, why, mend, severity }: Rule): object {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: mend },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function result(
  { rule, severity, message, hint, path, place }: Finding,
  rules: readonly Rule[],
): object {
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: LEVELS[severity],
    message: { text: hint === undefined ? message : `${message}; ${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(place.file) },
          region: {
            startLine: place.line,
            startColumn: place.column,
            endLine: place.endLine,
            endColumn: place.endColumn,
          },
        },
        logicalLocations: [{ fullyQualifiedName: path }],
      },
    ],
  };
}

/** A relative reference; a colon in its first part would be taken for a scheme. */
function uriOf(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}

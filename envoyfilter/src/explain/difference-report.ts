// difference-report: what differs between two policies, for machines: JSON, annotations of GitHub,
// JUnit, SARIF 2.1.0. Pure.

import type { Difference, DifferenceClass } from './difference.js';
import { classLine, placeOf } from './difference-text.js';

export type ReportFormat = 'json' | 'github' | 'junit' | 'sarif';

const RULE = 'behaviour-changed';

/** @param file the new policy, which the reports point at */
export function differenceReport(
  format: ReportFormat,
  difference: Difference,
  file: string,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(difference, null, 2)}\n`;
    case 'github':
      return difference.classes.map((one) => annotation(one, file)).join('');
    case 'junit':
      return junit(difference, file);
    default:
      return `${JSON.stringify(sarif(difference, file), null, 2)}\n`;
  }
}

function lineOf(one: DifferenceClass): string {
  return `${placeOf(one)}: ${classLine(one)}`;
}

/** https://docs.github.com/actions: the property list and the message are escaped differently. */
function annotation(one: DifferenceClass, file: string): string {
  const data = (text: string) =>
    text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const title = property(`tagalong: ${RULE}`);
  return `::warning file=${property(file)},line=1,title=${title}::${data(lineOf(one))}\n`;
}

function junit({ classes, requests }: Difference, file: string): string {
  const cases = classes.map(
    (one) =>
      `    <testcase classname="${xml(placeOf(one))}" name="${xml(one.group)}">\n` +
      `      <failure message="${xml(classLine(one))}">${xml(one.example.request)}</failure>\n` +
      '    </testcase>\n',
  );
  // A suite without a case is taken for one that did not run.
  const fine = `    <testcase classname="${xml(file)}" name="${requests} requests"/>\n`;
  const body = cases.length === 0 ? fine : cases.join('');
  const counts = `tests="${Math.max(cases.length, 1)}" failures="${cases.length}"`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites ${counts}>\n  <testsuite name="tagalong diff" ${counts}>\n` +
    `${body}  </testsuite>\n</testsuites>\n`
  );
}

function sarif({ classes }: Difference, file: string): object {
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'tagalong diff',
            rules: [
              {
                id: RULE,
                shortDescription: { text: 'Requests are treated differently than before.' },
              },
            ],
          },
        },
        results: classes.map((one) => ({
          ruleId: RULE,
          level: 'warning',
          message: { text: lineOf(one) },
          locations: [
            { physicalLocation: { artifactLocation: { uri: file }, region: { startLine: 1 } } },
          ],
        })),
      },
    ],
  };
}

function xml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '<': '&lt;',
    '>': '&gt;',
    '&': '&amp;',
    '"': '&quot;',
  };
  return text.replace(/[<>&"]/g, (char) => names[char] ?? char).replace(CONTROL, '\ufffd');
}

/** What XML 1.0 cannot hold, however it is written. */
const CONTROL = /(?![\t\n\r])\p{Cc}/gu;

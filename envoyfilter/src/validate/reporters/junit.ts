// junit: a test suite for each file, a test for each finding, for whatever shows test results.
// A warning that is no fault is a test that has passed and printed something.

import type { Finding } from '../../policy/finding.js';
import { isFault } from '../fault.js';
import type { ReportInput } from './report.js';

export function junitReport({ findings, files, strict }: ReportInput): string {
  // Also of what could not be read.
  const names = new Set([
    ...findings.map(({ place }) => place.file),
    ...files.map(({ name }) => name),
  ]);
  const suites = [...names].map((name) => {
    const own = findings.filter(({ place }) => place.file === name);
    const tests = own.length === 0 ? [passed(name)] : own.map((finding) => test(finding, strict));
    return { name, tests, failures: own.filter((finding) => isFault(finding, strict)).length };
  });
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const total = sum(suites.map(({ tests }) => tests.length));
  const failures = sum(suites.map((suite) => suite.failures));
  const body = suites.map(
    ({ name, tests, failures: own }) =>
      `  <testsuite name="${escaped(name)}" tests="${tests.length}" failures="${own}" errors="0">\n${tests.join('')}  </testsuite>\n`,
  );
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="tagalong validate" tests="${total}" failures="${failures}" errors="0">\n` +
    `${body.join('')}</testsuites>\n`
  );
}

function passed(file: string): string {
  return `    <testcase name="no findings" classname="${escaped(file)}" file="${escaped(file)}"/>\n`;
}

function test(finding: Finding, strict: boolean): string {
  const { rule, place, path, message, hint, severity } = finding;
  const at = `${place.file}:${place.line}:${place.column}`;
  const name = escaped(`${rule} ${at}`);
  const text = escaped(`${at} ${path}\n${message}${hint === undefined ? '' : `\n${hint}`}`);
  const inner = isFault(finding, strict)
    ? `<failure type="${escaped(rule)}" message="${escaped(message)}">${text}</failure>`
    : `<system-out>${severity}: ${text}</system-out>`;
  const where = `file="${escaped(place.file)}" line="${place.line}"`;
  return `    <testcase name="${name}" classname="${escaped(place.file)}" ${where}>\n      ${inner}\n    </testcase>\n`;
}

/** For attributes and text; what XML 1.0 cannot hold at all is left out. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

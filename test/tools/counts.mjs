// counts: how many tests passed, failed and were skipped, from what each test runner leaves behind.
// Pure. Promise: whatever did not end well counts as at least one failure, and so does a suite in
// which nothing ran.

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

/**
 * A command that is one test by itself.
 * @param {number} code its exit code
 * @returns {Counts}
 */
export function countCommand(code) {
  return code === 0 ? counts(1, 0, 0) : counts(0, 1, 0);
}

/**
 * vitest, by its JSON report.
 * @param {string | undefined} text the report; undefined where there is none
 * @param {number} code exit code
 * @returns {Counts}
 */
export function countVitest(text, code) {
  let report;
  try {
    report = JSON.parse(text ?? '');
  } catch {
    return counts(0, 1, 0);
  }
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of report.testResults ?? []) {
    const states = file.assertionResults.map((one) => one.status);
    const failures = states.filter((state) => state === 'failed').length;
    passed += states.filter((state) => state === 'passed').length;
    skipped += states.filter((state) => state !== 'passed' && state !== 'failed').length;
    // A file that did not load, or whose hook threw, fails without a failed test.
    failed += file.status === 'failed' ? Math.max(1, failures) : failures;
  }
  return settle(counts(passed, failed, skipped), code);
}

/**
 * as-pect, by its output: `[Tests]: PASSED / ALL` at its end; without that, because it crashed
 * on the way, the lines for each file: `✔ FILE Pass: PASSED / ALL Todo: N Time: …`.
 * @param {string} output with or without colours
 * @param {number} code exit code
 * @returns {Counts}
 */
export function countAsPect(output, code) {
  const text = stripColours(output);
  const files = [...text.matchAll(/Pass: (\d+) \/ (\d+) Todo: (\d+) Time:/g)];
  const end = [...text.matchAll(/^\s*\[Tests\]: (\d+) \/ (\d+)$/gm)].at(-1);
  const sum = (index) => files.reduce((total, match) => total + Number(match[index]), 0);
  const [passed, all] = end ? [Number(end[1]), Number(end[2])] : [sum(1), sum(2)];
  const crashed = end ? 0 : 1;
  return settle(counts(passed, all - passed + crashed, sum(3)), code);
}

function settle({ passed, failed, skipped }, code) {
  const silent = failed === 0 && (code !== 0 || passed === 0);
  return counts(passed, silent ? 1 : failed, skipped);
}

function counts(passed, failed, skipped) {
  return { passed, failed, skipped };
}

/**
 * @param {readonly Counts[]} all
 * @returns {Counts}
 */
export function addCounts(all) {
  const sum = (key) => all.reduce((total, one) => total + one[key], 0);
  return counts(sum('passed'), sum('failed'), sum('skipped'));
}

/**
 * The last line of `npm test`.
 * @param {Counts} total
 */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * A table with aligned columns, one line a suite.
 * @param {readonly (Counts & {name: string, ms: number})[]} suites
 * @returns {string[]}
 */
export function table(suites) {
  const rows = [
    ['suite', 'passed', 'failed', 'skipped', 'time'],
    ...suites.map(({ name, passed, failed, skipped, ms }) => [
      name,
      ...[passed, failed, skipped].map(String),
      `${(ms / 1000).toFixed(1)} s`,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
      )
      .join('  '),
  );
}

function stripColours(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a colour code begins with one
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}

import { describe, expect, it } from 'vitest';
import { addCounts, countAsPect, countCommand, countVitest, lastLine, table } from './counts.mjs';

const counts = (passed: number, failed: number, skipped: number) => ({ passed, failed, skipped });

describe('countCommand', () => {
  it('is one test, by its exit code', () => {
    expect([0, 1, 2, 127, 130].map(countCommand)).toEqual([
      counts(1, 0, 0),
      ...Array(4).fill(counts(0, 1, 0)),
    ]);
  });
});

describe('countVitest', () => {
  const file = (status: string, ...states: string[]) => ({
    status,
    assertionResults: states.map((state) => ({ status: state })),
  });
  const report = (...testResults: object[]) => JSON.stringify({ testResults });

  it('adds up all files; todo and pending count as skipped', () => {
    const text = report(
      file('passed', 'passed', 'passed', 'skipped'),
      file('passed', 'passed', 'todo', 'pending'),
    );
    expect(countVitest(text, 0)).toEqual(counts(3, 0, 3));
  });

  it('counts failed tests, once each', () => {
    expect(countVitest(report(file('failed', 'failed', 'passed', 'failed')), 1)).toEqual(
      counts(1, 2, 0),
    );
  });

  it('counts a file that did not load, and one whose hook threw', () => {
    const text = report(file('passed', 'passed'), file('failed'), file('failed', 'skipped'));
    expect(countVitest(text, 1)).toEqual(counts(1, 2, 1));
  });

  it('counts an error outside of any test', () => {
    expect(countVitest(report(file('passed', 'passed')), 1)).toEqual(counts(1, 1, 0));
  });

  it.each([
    ['no report', undefined],
    ['half a report', '{"testResults": ['],
    ['no file', report()],
    ['no test that ran', report(file('passed', 'skipped'))],
  ])('counts %s as a failure, whatever the exit code', (_, text) => {
    expect(countVitest(text, 0).failed).toBe(1);
    expect(countVitest(text, 1).failed).toBe(1);
  });
});

describe('countAsPect', () => {
  const FILES = [
    '✔ test/filter/slice.spec.ts Pass: 12 / 12 Todo: 0 Time: 3ms',
    '❌ test/filter/json.spec.ts Pass: 5 / 7 Todo: 2 Time: 9ms',
  ].join('\n');
  const summary = (tests: string, result: string) => `
  [Summary]
    [Tests]: ${tests}
   [Groups]: 3 / 4
[Snapshots]: 0 / 0, Added 0, Changed 0
   [Result]: ${result}
`;

  it('takes the summary at the end, and todos from the files', () => {
    expect(countAsPect(FILES + summary('17 / 19', '❌ Fail'), 1)).toEqual(counts(17, 2, 2));
    expect(countAsPect(summary('19 / 19', '✔ Pass!'), 0)).toEqual(counts(19, 0, 0));
  });

  it('reads through colours', () => {
    const green = summary('\u001b[32m17\u001b[39m / 17', '\u001b[32m✔ Pass!\u001b[39m');
    expect(countAsPect(green, 0)).toEqual(counts(17, 0, 0));
  });

  it('keeps what ran before a crash, and counts the crash', () => {
    expect(countAsPect(`${FILES}\nERROR AS100: Not implemented`, 1)).toEqual(counts(17, 3, 2));
    expect(countAsPect('', 1)).toEqual(counts(0, 1, 0));
    expect(countAsPect('', 0)).toEqual(counts(0, 1, 0));
  });

  it('counts a group that failed outside of its tests', () => {
    expect(countAsPect(summary('17 / 17', '❌ Fail'), 1)).toEqual(counts(17, 1, 0));
  });

  it('counts a run without any test as a failure', () => {
    expect(countAsPect(summary('0 / 0', '✔ Pass!'), 0)).toEqual(counts(0, 1, 0));
  });
});

describe('the end', () => {
  it('adds up', () => {
    expect(addCounts([counts(1, 2, 3), counts(10, 20, 30)])).toEqual(counts(11, 22, 33));
    expect(addCounts([])).toEqual(counts(0, 0, 0));
  });

  it('is one line, which names skipped tests where there are any', () => {
    expect(lastLine(counts(12, 0, 0))).toBe('12 passed, 0 failed');
    expect(lastLine(counts(12, 1, 3))).toBe('12 passed, 1 failed, 3 skipped');
  });

  it('has a table before it', () => {
    const suites = [
      { name: 'types', ...counts(1, 0, 0), ms: 1234 },
      { name: 'vitest', ...counts(1000, 2, 0), ms: 60_000 },
    ];
    expect(table(suites)).toEqual([
      'suite   passed  failed  skipped    time',
      'types        1       0        0   1.2 s',
      'vitest    1000       2        0  60.0 s',
    ]);
  });
});

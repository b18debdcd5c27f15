import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../envoyfilter/src/policy/finding.js';
import { frameOf } from '../../../envoyfilter/src/validate/frame.js';
import { githubReport } from '../../../envoyfilter/src/validate/reporters/github.js';
import { jsonReport } from '../../../envoyfilter/src/validate/reporters/json.js';
import { junitReport } from '../../../envoyfilter/src/validate/reporters/junit.js';
import type { ReportInput } from '../../../envoyfilter/src/validate/reporters/report.js';
import { sarifReport } from '../../../envoyfilter/src/validate/reporters/sarif.js';
import { textReport } from '../../../envoyfilter/src/validate/reporters/text.js';
import { validate } from '../../../envoyfilter/src/validate/validate.js';
import { goldenBeside } from '../../harness/golden.js';
import { HEAD } from './policies.js';

const plain = { quiet: false, paint: (_style: string, text: string) => text };
const files = [
  {
    name: 'p/bad, 50%:a.yaml',
    text: `${HEAD}spec:\n  mode: off\n  filters:\n    - at: inbound\n      tags: [{header: "<x>&\\"'"}]\n    - {at: gateway, paths: {}}\n`,
  },
  { name: 'p/sound.yaml', text: `${HEAD.replace('shop', 'other')}spec: {filters: []}\n` },
];

async function input(strict = false): Promise<ReportInput> {
  const { findings, count } = await validate(files);
  return { findings, files, policies: count, strict, version: '1.2.3' };
}

const golden = goldenBeside(import.meta.url);

describe('reports', () => {
  it('as text', async () => golden('report.txt', textReport(await input(), plain)));
  it('as json', async () => golden('report.json.txt', jsonReport(await input())));
  it('for GitHub', async () => golden('report.github.txt', githubReport(await input())));
  it('for JUnit', async () => golden('report.junit.xml', junitReport(await input())));
  it('for SARIF', async () => golden('report.sarif.txt', sarifReport(await input())));

  it('for GitHub are one line for each finding, nothing in it ends a property', async () => {
    const { findings } = await input();
    const lines = githubReport(await input())
      .trimEnd()
      .split('\n');
    expect(lines.length).toBe(findings.length);
    for (const line of lines) {
      expect(line).toMatch(
        /^::(error|warning|notice) file=p\/bad%2C 50%25%3Aa\.yaml,line=\d+,(endLine=\d+,)?/,
      );
    }
  });

  it('for JUnit are well-formed, count what is in them, and under strict warnings fail', async () => {
    for (const strict of [false, true]) {
      const xml = junitReport(await input(strict));
      const tags = tagsOf(xml);
      expect(tags.filter((tag) => tag === 'testcase').length).toBe(
        Number(/tests="(\d+)"/.exec(xml)?.[1]),
      );
      const failures = Number(/failures="(\d+)"/.exec(xml)?.[1]);
      expect(tags.filter((tag) => tag === 'failure').length).toBe(failures);
      expect(failures).toBe(strict ? 4 : 2);
    }
  });

  it('for JUnit hold nothing that XML cannot', () => {
    const finding: Finding = {
      rule: 'a',
      severity: 'error',
      message: 'x\u0000\u001b\ud800y',
      path: 'z',
      place: { file: 'f', line: 1, column: 1, endLine: 1, endColumn: 2 },
    };
    const xml = junitReport({
      findings: [finding],
      files: [{ name: 'f', text: '' }],
      policies: 0,
      strict: false,
      version: '',
    });
    expect(xml).toContain('x\ufffd\ufffd\ufffdy');
    tagsOf(xml);
  });

  it('for SARIF have what the standard wants', async () => {
    const report = JSON.parse(sarifReport(await input()));
    const check = new Ajv2020({ strict: false }).compile(SARIF);
    expect(check(report), JSON.stringify(check.errors)).toBe(true);
    const [run] = report.runs;
    for (const { ruleId, ruleIndex, locations } of run.results) {
      expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(locations[0].physicalLocation.artifactLocation.uri).toBe('p/bad%2C%2050%25%3Aa.yaml');
    }
  });
});

/** Names of the elements of a document, each closed where it must be. */
function tagsOf(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const pattern = /<(\/?)([a-z-]+)((?: [a-z]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)(\/?)>/g;
  const text = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  for (const [, closing, name = '', , empty] of text.matchAll(pattern)) {
    if (closing) expect(open.pop()).toBe(name);
    else names.push(name);
    if (!closing && !empty) open.push(name);
  }
  expect(open).toEqual([]);
  const rest = text.replace(pattern, '').replace(/&(amp|lt|gt|quot);/g, '');
  expect(rest).not.toMatch(/[<&]/);
  return names;
}

const POSITION = { type: 'integer', minimum: 1 };
/** The parts of the SARIF 2.1.0 schema that the report has, with what they require. */
const SARIF = {
  type: 'object',
  required: ['version', 'runs'],
  properties: {
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['tool'],
        properties: {
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name'],
                properties: {
                  rules: {
                    type: 'array',
                    uniqueItems: true,
                    items: {
                      type: 'object',
                      required: ['id'],
                      properties: {
                        shortDescription: { type: 'object', required: ['text'] },
                        fullDescription: { type: 'object', required: ['text'] },
                        help: { type: 'object', required: ['text'] },
                        defaultConfiguration: {
                          properties: { level: { enum: ['none', 'note', 'warning', 'error'] } },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
          results: {
            type: 'array',
            minItems: 1,
            items: {
              type: 'object',
              required: ['message'],
              properties: {
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: { type: 'object', required: ['text'] },
                locations: {
                  items: {
                    properties: {
                      physicalLocation: {
                        required: ['artifactLocation'],
                        properties: {
                          region: {
                            properties: {
                              startLine: POSITION,
                              startColumn: POSITION,
                              endLine: POSITION,
                              endColumn: POSITION,
                            },
                          },
                        },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

describe('the lines around a place', () => {
  const paint = { gutter: (text: string) => text, mark: (text: string) => text };
  const place = (line: number, column: number, endColumn: number, endLine = line) => ({
    file: '',
    line,
    column,
    endLine,
    endColumn,
  });

  it('are the one and the one before it', () => {
    expect(frameOf('a: 1\nb: 22\nc: 3', place(2, 4, 6), paint)).toEqual([
      '1 | a: 1',
      '2 | b: 22',
      '  |    ^^',
    ]);
  });

  it('are aligned where numbers get longer, without empty ones', () => {
    const text = `${'\n'.repeat(8)}a\nb`;
    expect(frameOf(text, place(10, 1, 2), paint)).toEqual([' 9 | a', '10 | b', '   | ^']);
    expect(frameOf(text, place(9, 1, 2), paint)).toEqual(['9 | a', '  | ^']);
  });

  it('mark at least one column, and no more than the first line', () => {
    expect(frameOf('ab', place(1, 3, 3), paint)).toEqual(['1 | ab', '  |   ^']);
    expect(frameOf('a: |\n b', place(1, 4, 3, 2), paint)).toEqual(['1 | a: |', '  |    ^']);
  });

  it('are cut around the place where they are long', () => {
    const [line = '', marks = ''] = frameOf(
      `${'-'.repeat(500)}x${'-'.repeat(500)}`,
      place(1, 501, 502),
      paint,
    );
    expect(line.length).toBeLessThan(130);
    expect(marks.indexOf('^')).toBe(line.indexOf('x'));
  });

  it('hold nothing that a terminal would obey', () => {
    expect(frameOf('a\tb\u001b[31m\u2028', place(1, 3, 4), paint)).toEqual([
      '1 | a b·[31m·',
      '  |   ^',
    ]);
  });

  it('are none behind the end', () => {
    expect(frameOf('a', place(7, 1, 2), paint)).toEqual([]);
  });
});

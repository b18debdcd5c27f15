import { describe, expect, it } from 'vitest';
import { parsePrometheus } from '../../../envoyfilter/src/envoy/prometheus.js';

function one(line: string) {
  const samples = parsePrometheus(line);
  expect(samples).toHaveLength(1);
  return samples[0];
}

describe('prometheus', () => {
  it('reads names, labels and values, and skips comments and empty lines', () => {
    const text = [
      '# HELP tagalong_tag_total whatever {"',
      '# TYPE tagalong_tag_total counter',
      'tagalong_tag_total{rule="testers",value="canary"} 12',
      '',
      'envoy_server_live{} 1',
      'envoy_server_uptime 7',
      '',
    ].join('\n');
    expect(parsePrometheus(text)).toEqual([
      {
        name: 'tagalong_tag_total',
        labels: { rule: 'testers', value: 'canary' },
        value: 12,
      },
      { name: 'envoy_server_live', labels: {}, value: 1 },
      { name: 'envoy_server_uptime', labels: {}, value: 7 },
    ]);
  });

  it('reads escapes, and braces, commas and spaces inside values', () => {
    expect(one(String.raw`m{a="x\"y",b="c:\\d\\",c="l1\nl2",d="} 5, {e=",f=""} 3`)?.labels).toEqual(
      {
        a: 'x"y',
        b: 'c:\\d\\',
        c: 'l1\nl2',
        d: '} 5, {e=',
        f: '',
      },
    );
  });

  it('leaves an unknown escape as it is', () => {
    expect(one(String.raw`m{a="\d\\n"} 1`)?.labels).toEqual({ a: '\\d\\n' });
  });

  it('takes free spaces, a last comma, a timestamp and a carriage return', () => {
    expect(one('  m { a = "1" , b="2", } 4 1700000000000\r')).toEqual({
      name: 'm',
      labels: { a: '1', b: '2' },
      value: 4,
    });
  });

  it.each([
    ['0', 0],
    ['-1.5', -1.5],
    ['1e3', 1000],
    ['.5', 0.5],
    ['+Inf', Infinity],
    ['Inf', Infinity],
    ['-Inf', -Infinity],
    ['NaN', Number.NaN],
  ])('reads the number %s', (text, value) => {
    expect(one(`m ${text}`)?.value).toBe(value);
  });

  it('keeps a label of any name apart from the language', () => {
    const labels = one('m{__proto__="a",constructor="b"} 1')?.labels ?? {};
    expect(Object.entries(labels)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it.each([
    ['m', 'wanted a number'],
    ['m{a="1"}', 'wanted a number'],
    ['m{a="1"', 'wanted , or }'],
    ['m{a=1} 2', 'wanted a value in double quotes'],
    ['m{a="1} 2', 'wanted a value in double quotes'],
    ['m{a "1"} 2', 'wanted ='],
    ['m{="1"} 2', 'wanted a label name'],
    ['m 0x10', 'wanted a number'],
    ['m 1 2 3', 'wanted a timestamp or the end'],
    ['7m 1', 'wanted a metric name'],
  ])('refuses %s with its line', (line, wanted) => {
    expect(() => parsePrometheus(`ok 1\n${line}\n`)).toThrow(SyntaxError);
    expect(() => parsePrometheus(`ok 1\n${line}\n`)).toThrow(/^line 2, column \d+: /);
    expect(() => parsePrometheus(`ok 1\n${line}\n`)).toThrow(wanted);
  });
});

import { describe, expect, it } from 'vitest';
import { compareText } from '../../../bench/src/report/compare-text.js';
import { intervalText, numberText, overText } from '../../../bench/src/report/number.js';
import { tableText, textReport, WIDTH } from '../../../bench/src/report/text.js';
import { goldenBeside } from '../../harness/golden.js';
import { changedRecord, madeUpRecord } from './fixture.js';

const golden = goldenBeside(import.meta.url);

describe('text', () => {
  it('is as expected, for a record with every part', () => {
    golden('summary.txt', textReport(madeUpRecord()));
  });

  it('is plain, and no wider than a terminal', () => {
    const remarks = [`${'many words '.repeat(30)}\u001b[31mred\u001b[0m`];
    const text = textReport(madeUpRecord({ remarks }));
    for (const line of text.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(WIDTH);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(line).toBe(line.trimEnd());
    }
  });

  it('says of a quick run that it is not to be quoted', () => {
    expect(textReport(madeUpRecord({ quick: true }))).toContain('Not to be quoted');
    expect(textReport(madeUpRecord())).not.toContain('Not to be quoted');
  });

  it('stands without measurements', () => {
    const text = textReport(madeUpRecord({ measurements: [], settings: {}, remarks: [] }));
    expect(text.split('\n')).toHaveLength(4);
  });

  it('goes on below with columns for which there is no room', () => {
    const cell = 'x'.repeat(40);
    const columns = ['name', 'first', 'second', 'third'];
    const rows = [{ name: 'row', cells: [cell, cell, cell] }];
    const lines = tableText({ caption: 'Caption', columns, groups: [{ rows }] }).split('\n');
    expect(lines.filter((line) => line === 'Caption')).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('row'))).toHaveLength(2);
    expect(lines.join('\n').match(/x{40}/g)).toHaveLength(3);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(WIDTH);
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [3, '3'],
    [1234, '1,234'],
    [0.044, '0.04'],
    [-0.044, '−0.04'],
    [-0.001, '0.00'],
    [9.994, '9.99'],
    [10.04, '10.0'],
    [123.4, '123'],
  ])('%d are %s', (value, text) => {
    expect(numberText(value)).toBe(text);
  });

  it('have intervals of as many decimals', () => {
    expect(intervalText({ value: 5.123, low: 4.9, high: 5.3 })).toBe('5.12 [4.90, 5.30]');
    expect(intervalText({ value: 9.9, low: 9.5, high: 10.5 })).toBe('9.9 [9.5, 10.5]');
    expect(intervalText({ value: 7, low: 7, high: 7 })).toBe('7');
    expect(overText({ value: 0.5, low: -0.5, high: 1 })).toBe('+0.50 [−0.50, 1.00]');
    expect(overText({ value: -0.5, low: -1, high: 1 })).toBe('−0.50 [−1.00, 1.00]');
  });
});

describe('comparison', () => {
  it('is as expected', () => {
    golden('comparison.txt', compareText(madeUpRecord(), changedRecord()));
  });

  it('of two that have nothing in common says so', () => {
    const nothing = madeUpRecord({ measurements: [] });
    expect(compareText(nothing, nothing)).toContain('no figure in common');
  });
});

import { faultRaised, faultReset } from '../../../filter/assembly/config/fault';
import { parseJson } from '../../../filter/assembly/config/json';
import { Node, nodeAt } from '../../../filter/assembly/config/node';
import { NO_QUANTITY, percentOf, secondsOf } from '../../../filter/assembly/config/quantity';
import { lay } from '../support';
import { faultText, inArena } from './compile';

const PERCENT = ', wanted a number from 0 to 100 with at most two decimals';
const YEAR: u32 = 365 * 86400;

function tree(text: string): Node {
  const slice = lay(text);
  faultReset();
  const root = parseJson(inArena(slice), slice.size);
  assert(root != 0, faultText());
  return nodeAt(root);
}

/** The quantity; a fault must be raised where there is none, and only there. */
function told(value: i64): i64 {
  assert((value == NO_QUANTITY) == faultRaised());
  return value;
}

function percent(text: string): i64 {
  return told(percentOf(tree(text)));
}

function notPercent(text: string): string {
  expect(percent(text)).toBe(NO_QUANTITY);
  return faultText();
}

function seconds(text: string, most: u32 = YEAR): i64 {
  return told(secondsOf(tree('"' + text + '"'), 1, most, 'W'));
}

describe('quantity, a percentage', () => {
  it('is counted in hundredths', () => {
    expect(percent('0')).toBe(0);
    expect(percent('1')).toBe(100);
    expect(percent('10')).toBe(1000);
    expect(percent('99')).toBe(9900);
    expect(percent('100')).toBe(10000);
  });

  it('has up to two decimals', () => {
    expect(percent('0.01')).toBe(1);
    expect(percent('0.1')).toBe(10);
    expect(percent('0.10')).toBe(10);
    expect(percent('12.34')).toBe(1234);
    expect(percent('99.99')).toBe(9999);
    expect(percent('100.00')).toBe(10000);
    expect(percent('0.0')).toBe(0);
  });

  it('may have more zeros behind them, and no other digit', () => {
    expect(percent('0.0100')).toBe(1);
    expect(percent('50.000000000000000000000')).toBe(5000);
    expect(notPercent('0.001')).toBe('$: found 0.001' + PERCENT);
    expect(notPercent('12.345')).toBe('$: found 12.345' + PERCENT);
    expect(notPercent('12.3400000001')).toBe('$: found 12.3400000001' + PERCENT);
  });

  it('is not over 100', () => {
    expect(notPercent('100.01')).toBe('$: found 100.01' + PERCENT);
    expect(notPercent('101')).toBe('$: found 101' + PERCENT);
    expect(notPercent('1000')).toBe('$: found 1000' + PERCENT);
    expect(notPercent('10000')).toBe('$: found 10000' + PERCENT);
    expect(notPercent('10001')).toBe('$: found 10001' + PERCENT);
    // Large enough to come round to 0 in any number of bits.
    expect(notPercent('18446744073709551616')).toBe('$: found 18446744073709551616' + PERCENT);
    expect(notPercent('184467440737095516.16')).toBe('$: found 184467440737095516.16' + PERCENT);
  });

  it('has no sign and no exponent', () => {
    expect(notPercent('-1')).toBe('$: found -1' + PERCENT);
    expect(notPercent('-0')).toBe('$: found -0' + PERCENT);
    expect(notPercent('1e1')).toBe('$: found 1e1' + PERCENT);
    expect(notPercent('1E0')).toBe('$: found 1E0' + PERCENT);
    expect(notPercent('1.5e1')).toBe('$: found 1.5e1' + PERCENT);
    expect(notPercent('1.00e1')).toBe('$: found 1.00e1' + PERCENT);
  });

  it('is a number', () => {
    expect(notPercent('"10"')).toBe('$: found "10"' + PERCENT);
    expect(notPercent('""')).toBe('$: found ""' + PERCENT);
    expect(notPercent('true')).toBe('$: found true' + PERCENT);
    expect(notPercent('null')).toBe('$: found null' + PERCENT);
    expect(notPercent('[]')).toBe('$: found an empty array' + PERCENT);
    expect(notPercent('{"a":1}')).toBe('$: found an object' + PERCENT);
  });
});

describe('quantity, a duration', () => {
  it('is counted in seconds', () => {
    expect(seconds('1s')).toBe(1);
    expect(seconds('90s')).toBe(90);
    expect(seconds('2m')).toBe(120);
    expect(seconds('12h')).toBe(43200);
    expect(seconds('30d')).toBe(2592000);
    expect(seconds('007s')).toBe(7);
  });

  it('is at least a second and at most the bound', () => {
    expect(seconds('0s')).toBe(NO_QUANTITY);
    expect(faultText()).toBe('$: found "0s", wanted W');
    expect(seconds('0d')).toBe(NO_QUANTITY);
    expect(seconds('60s', 60)).toBe(60);
    expect(seconds('1m', 60)).toBe(60);
    expect(seconds('61s', 60)).toBe(NO_QUANTITY);
    expect(seconds('2m', 60)).toBe(NO_QUANTITY);
    expect(seconds('365d')).toBe(<i64>YEAR);
    expect(seconds('366d')).toBe(NO_QUANTITY);
  });

  it('has at most nine digits', () => {
    expect(seconds('000000001s')).toBe(1);
    expect(seconds('0000000001s')).toBe(NO_QUANTITY);
    expect(seconds('999999999s', u32.MAX_VALUE)).toBe(999999999);
    // 49710 days and a bit are 2^32 seconds.
    expect(seconds('999999999d', u32.MAX_VALUE)).toBe(NO_QUANTITY);
    expect(seconds('49710d', u32.MAX_VALUE)).toBe(4294944000);
    expect(seconds('49711d', u32.MAX_VALUE)).toBe(NO_QUANTITY);
  });

  it('has one unit, in lower case, and no other character', () => {
    const wrong = [
      '',
      's',
      '5',
      '5 s',
      ' 5s',
      '5s ',
      '5S',
      '5M',
      '5ms',
      '5w',
      '-5s',
      '+5s',
      '1.5h',
    ];
    for (let i = 0; i < wrong.length; i++) {
      expect(seconds(wrong[i])).toBe(NO_QUANTITY);
      expect(faultText()).toBe('$: found "' + wrong[i] + '", wanted W');
    }
    expect(seconds('1h30m')).toBe(NO_QUANTITY);
    expect(seconds('1e3s')).toBe(NO_QUANTITY);
  });

  it('is a string', () => {
    const wrong = ['30', 'true', 'null', '["30d"]', '{}'];
    for (let i = 0; i < wrong.length; i++) {
      expect(told(secondsOf(tree(wrong[i]), 1, YEAR, 'W'))).toBe(NO_QUANTITY);
    }
    expect(faultText()).toBe('$: found an empty object, wanted W');
  });
});

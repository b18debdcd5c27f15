import { faultRaised, faultReset } from '../../../filter/assembly/config/fault';
import { parseJson } from '../../../filter/assembly/config/json';
import { Node, nodeAt } from '../../../filter/assembly/config/node';
import {
  COUNT_MAX,
  countOf,
  NO_QUANTITY,
  percentOf,
  rateOf,
  ratePeriodNs,
  secondsOf,
} from '../../../filter/assembly/config/quantity';
import { lay } from '../support';
import { faultText, inArena } from './compile';

const PERCENT = ', wanted a number from 0 to 100 with at most two decimals';
const RATE = ', wanted a rate such as 10/s, 600/m or 5000/h, at most 1000000 a second';
const YEAR: u32 = 365 * 86400;
const SECOND: u64 = 1_000_000_000;

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

function rate(text: string): i64 {
  return told(rateOf(tree('"' + text + '"')));
}

function notRate(text: string): void {
  expect(rate(text)).toBe(NO_QUANTITY);
  expect(faultText()).toBe('$: found "' + text + '"' + RATE);
}

function count(text: string, least: u32, most: u32): i64 {
  return told(countOf(tree(text), least, most, 'W'));
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

describe('quantity, a duration of nothing', () => {
  it('is one where none may be', () => {
    expect(told(secondsOf(tree('"0s"'), 0, 60, 'W'))).toBe(0);
    expect(told(secondsOf(tree('"0d"'), 0, 60, 'W'))).toBe(0);
    expect(told(secondsOf(tree('"4s"'), 5, 60, 'W'))).toBe(NO_QUANTITY);
    expect(told(secondsOf(tree('"5s"'), 5, 60, 'W'))).toBe(5);
  });
});

describe('quantity, a rate', () => {
  it('is a number of requests in a second, a minute or an hour', () => {
    expect(rate('10/s')).toBe(10);
    expect(ratePeriodNs()).toBe(SECOND);
    expect(rate('600/m')).toBe(600);
    expect(ratePeriodNs()).toBe(60 * SECOND);
    expect(rate('5000/h')).toBe(5000);
    expect(ratePeriodNs()).toBe(3600 * SECOND);
    expect(rate('1/s')).toBe(1);
    expect(rate('0000000001/s')).toBe(1);
  });

  it('is at most a million a second', () => {
    expect(rate('1000000/s')).toBe(1_000_000);
    expect(rate('60000000/m')).toBe(60_000_000);
    expect(rate('1000000000/h')).toBe(1_000_000_000);
    notRate('1000001/s');
    notRate('60000001/m');
    // Less than a million a second, but more than a bucket counts.
    notRate('1000000001/h');
    notRate('9999999999/h');
  });

  it('is at least one', () => {
    notRate('0/s');
    notRate('0000/h');
  });

  it('has digits, a slash and one unit, and nothing else', () => {
    const wrong = [
      '',
      '/s',
      's',
      '1',
      '1s',
      '1/',
      '/1s',
      '1/d',
      '1/S',
      '1/ms',
      '1/s ',
      ' 1/s',
      '1 /s',
      '-1/s',
      '+1/s',
      '1.5/s',
      '1e3/s',
      '1/s/s',
      '00000000001/s',
      '18446744073709551617/s',
    ];
    for (let i = 0; i < wrong.length; i++) notRate(wrong[i]);
    const others = ['10', 'true', 'null', '["10/s"]', '{}'];
    for (let i = 0; i < others.length; i++) {
      expect(told(rateOf(tree(others[i])))).toBe(NO_QUANTITY);
    }
    expect(faultText()).toBe('$: found an empty object' + RATE);
  });
});

describe('quantity, a count', () => {
  it('is a whole number within its bounds', () => {
    expect(count('0', 0, 10)).toBe(0);
    expect(count('10', 0, 10)).toBe(10);
    expect(count('11', 0, 10)).toBe(NO_QUANTITY);
    expect(faultText()).toBe('$: found 11, wanted W');
    expect(count('3', 4, 10)).toBe(NO_QUANTITY);
    expect(count('4', 4, 10)).toBe(4);
  });

  it('is at most a thousand million', () => {
    expect(COUNT_MAX).toBe(1_000_000_000);
    expect(count('1000000000', 0, u32.MAX_VALUE)).toBe(1_000_000_000);
    expect(count('1000000001', 0, u32.MAX_VALUE)).toBe(NO_QUANTITY);
    expect(count('4294967296', 0, u32.MAX_VALUE)).toBe(NO_QUANTITY);
    // Large enough to come round to 1 in 64 bits.
    expect(count('18446744073709551617', 0, u32.MAX_VALUE)).toBe(NO_QUANTITY);
  });

  it('has no sign, no decimals and no exponent, and is a number', () => {
    const wrong = ['-1', '-0', '1.0', '1e1', '1E0', '"1"', 'true', 'null', '[1]', '{}'];
    for (let i = 0; i < wrong.length; i++) expect(count(wrong[i], 0, 10)).toBe(NO_QUANTITY);
  });
});

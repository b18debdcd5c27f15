import { describe, expect, it } from 'vitest';
import { compareRecords, verdictOf } from '../../../bench/src/report/compare.js';
import { changedRecord, madeUpRecord, measured } from './fixture.js';

const before = madeUpRecord();

describe('compare', () => {
  it('finds a record the same as itself', () => {
    const { compared, missing, warnings } = compareRecords(before, before);
    expect(compared.length).toBeGreaterThan(300);
    expect(compared.filter(({ verdict }) => verdict !== 'same')).toEqual([]);
    expect(missing).toEqual({ before: [], after: [] });
    expect(warnings).toEqual([]);
  });

  it('tells what changed: over the base, and as a multiple of the floor', () => {
    const changed = compareRecords(before, changedRecord()).compared.filter(
      ({ verdict }) => verdict !== 'same',
    );
    expect(changed).toMatchObject([
      { part: 'cpu', variant: 'store', kind: 'over', base: 'none', verdict: 'higher' },
      { part: 'cpu', variant: 'store', kind: 'ratio', verdict: 'higher' },
      { part: 'memory', variant: 'store', kind: 'over', base: 'no-op wasm', verdict: 'higher' },
    ]);
  });

  it('does not see a machine that is slower as a whole by the same time', () => {
    const slower = before.measurements
      .filter(({ part }) => part === 'cpu')
      .map((one) => ({ ...one, rounds: one.rounds.map((round) => round + 50) }));
    const { compared } = compareRecords(before, { ...before, measurements: slower });
    expect(compared.filter(({ kind, verdict }) => kind !== 'value' && verdict !== 'same')).toEqual(
      [],
    );
  });

  it('compares plainly where one has no base', () => {
    const six = (value: number) => Array.from({ length: 6 }, () => value);
    const one = madeUpRecord(measured('cpu', { none: six(1), store: six(5) }));
    const other = madeUpRecord(measured('cpu', { store: six(4) }));
    expect(compareRecords(one, other).compared).toMatchObject([
      { kind: 'value', verdict: 'lower' },
    ]);
  });

  it('says nothing of fewer than six rounds', () => {
    const five = (value: number) => madeUpRecord(measured('cpu', { store: Array(5).fill(value) }));
    expect(compareRecords(five(5), five(4)).compared).toMatchObject([{ verdict: 'few' }]);
  });

  it('names what only one of them has', () => {
    const { missing } = compareRecords(before, changedRecord());
    expect(missing.before).toEqual(['cpu, another hop, none, cpu']);
    expect(missing.after).toContain('cpu, one hop, restore, cpu');
    expect(missing.after).toContain('scaling, rules, tag regex, cpu at 1000');
  });

  it('warns of other machines, versions, settings, and quick runs; not of another commit', () => {
    const { warnings } = compareRecords(before, changedRecord());
    expect(warnings).toEqual([
      '2026-11-22T09:00:00.000Z was a quick run: not to be quoted',
      'the processors differ: Imaginary(R) CPU @ 3.00GHz and Another CPU',
      'versions of envoy differ: 1.40.0 and 1.41.0',
      'settings of cpu differ: connections 8, requests 20000, rounds 9 and ' +
        'connections 8, requests 20000, rounds 3',
    ]);
  });

  it.each([
    [{ low: 2, high: 3 }, 'same'],
    [{ low: 2.01, high: 3 }, 'higher'],
    [{ low: 0, high: 1 }, 'same'],
    [{ low: 0, high: 0.99 }, 'lower'],
  ])('of 1 to 2 and %o says %s', (after, verdict) => {
    expect(verdictOf({ value: 1.5, low: 1, high: 2 }, { value: 1, ...after })).toBe(verdict);
  });
});

import { describe, expect, it } from 'vitest';
import { figuresOf, figuresOfPart } from '../../../bench/src/report/figures.js';
import { headlineOf } from '../../../bench/src/report/headline.js';
import { targetResults } from '../../../bench/src/report/targets.js';
import { madeUpRecord, measured } from './fixture.js';

const record = madeUpRecord();

describe('figures', () => {
  it('lie within their intervals', () => {
    for (const { value, over, ratio, percent } of figuresOf(record)) {
      for (const one of [value, over, ratio, percent]) {
        if (one === undefined) continue;
        expect(one.low).toBeLessThanOrEqual(one.value);
        expect(one.value).toBeLessThanOrEqual(one.high);
      }
    }
  });

  it('are over the base of their case, which itself is over nothing', () => {
    const bases = new Map(figuresOf(record).map(({ part, base }) => [`${part} ${base}`, base]));
    expect([...bases.keys()].sort()).toEqual(
      [
        ...['cpu', 'latency', 'throughput', 'startup', 'hops', 'scaling'].map(
          (part) => `${part} none`,
        ),
        ...['memory no-op wasm', 'sdk bare', 'micro undefined', 'memory undefined'],
        ...['cpu', 'latency', 'throughput', 'startup', 'hops', 'scaling', 'sdk'].map(
          (part) => `${part} undefined`,
        ),
      ].sort(),
    );
    const based = figuresOf(record).filter(({ base }) => base !== undefined);
    expect(based.filter(({ variant, base }) => variant === base)).toEqual([]);
  });

  it('are reckoned from rounds that were taken together', () => {
    const change = measured('cpu', { none: [10, 20, 30], 'no-op wasm': [12, 22, 32] });
    const [none, floor] = figuresOf(madeUpRecord(change));
    expect(none).toMatchObject({ rounds: 3, value: { value: 20 } });
    expect(floor?.over).toEqual({ value: 2, low: 2, high: 2 });
  });

  it('are not compared with a base of other rounds', () => {
    const change = measured('cpu', { none: [10, 20], 'no-op wasm': [12, 22, 32] });
    expect(figuresOf(madeUpRecord(change)).map(({ base }) => base)).toEqual([undefined, undefined]);
  });

  it('of latency are percent of the base too', () => {
    const change = measured('latency', { none: [100, 200], store: [110, 220] }, 'p50');
    expect(figuresOf(madeUpRecord(change))[1]?.percent?.value).toBeCloseTo(10);
  });

  it('have a multiple of the floor in parts where it means something', () => {
    expect(figuresOfPart(record, 'throughput').some(({ ratio }) => ratio)).toBe(false);
    const hops = figuresOfPart(record, 'hops').filter(({ ratio }) => ratio !== undefined);
    expect(new Set(hops.map(({ variant }) => variant))).toEqual(
      new Set(['everything', 'lua + local_ratelimit']),
    );
  });
});

describe('headline', () => {
  it('is sorted by cost within a group, controls first', () => {
    const { rows } = headlineOf(record);
    expect(rows.slice(0, 2).map(({ variant }) => variant)).toEqual(['none again', 'no-op wasm']);
    const groups = ['base', 'host', 'ours', 'native', 'lua', 'sdk'];
    expect([...new Set(rows.map(({ group }) => group))]).toEqual(groups);
    for (const wanted of groups.slice(1)) {
      const costs = rows.filter(({ group }) => group === wanted).map(({ over }) => over.value);
      expect(costs).toEqual([...costs].sort((a, b) => a - b));
    }
  });

  it('joins what was counted, the target and the control', () => {
    const { rows, control, floor, none } = headlineOf(record);
    const store = rows.find(({ variant }) => variant === 'store');
    expect(store).toMatchObject({ target: 2.2, hostCalls: 3, instructions: 3760, control: false });
    expect(control).toMatchObject({ variant: 'none again', control: true });
    expect(control).not.toHaveProperty('ratio');
    expect(floor?.over.value).toBeCloseTo(3.3, 0);
    expect(none?.value).toBeCloseTo(21, 0);
  });

  it('is empty without the part', () => {
    expect(headlineOf(madeUpRecord({ measurements: [] }))).toEqual({ rounds: 0, rows: [] });
  });
});

describe('targets', () => {
  /** Six rounds: of fewer nothing is told. */
  const twice = (rounds: Record<string, number[]>) =>
    Object.fromEntries(Object.entries(rounds).map(([name, three]) => [name, [...three, ...three]]));
  /** No filter 10, the floor 12; `name` costs `rounds`. */
  const measuredCpu = (rounds: Record<string, number[]>) =>
    targetResults(madeUpRecord(measured('cpu', rounds)));
  const base = { none: [10, 10, 10], 'no-op wasm': [12, 12, 12] };
  const cpu = (rounds: Record<string, number[]>) => measuredCpu(twice({ ...base, ...rounds }));

  it('are open where there are too few rounds, or the floor is lost in noise', () => {
    const tag = { 'tag write': [14, 14, 14] };
    expect(measuredCpu({ ...base, ...tag })).toMatchObject([{ verdict: 'open' }]);
    expect(cpu({ ...tag, 'no-op wasm': [9, 10, 11] })).toMatchObject([{ verdict: 'open' }]);
  });

  it('are met where the interval reaches them, and missed above', () => {
    expect(cpu({ 'tag write': [14, 14, 14] })).toMatchObject([
      { found: { low: 2 }, verdict: 'met' },
    ]);
    const above = [14.01, 14.01, 14.01];
    expect(cpu({ 'tag write': above })).toMatchObject([{ name: 'tag write', verdict: 'missed' }]);
    const reaching = [13, 14.5, 14.5];
    expect(cpu({ 'tag write': reaching })).toMatchObject([
      { found: { value: 2.25 }, verdict: 'met' },
    ]);
  });

  it('hold our tag against that of solo-io', () => {
    const verdict = (cost: number) =>
      cpu({ 'tag write': [cost, cost, cost], 'solo-io tag': [22, 22, 22] }).find(({ wanted }) =>
        wanted.includes('solo-io'),
      );
    expect(verdict(14)).toMatchObject({ verdict: 'met', found: { value: 4 / 12 } });
    expect(verdict(14.1)).toMatchObject({ verdict: 'missed' });
  });

  it('hold everything against the chain that does the same', () => {
    const verdict = (cost: number) =>
      cpu({ everything: [cost, cost, cost], 'lua + local_ratelimit': [20, 20, 20] })[1]?.verdict;
    expect([19.9, 20].map(verdict)).toEqual(['met', 'missed']);
  });

  it('bound the memory of what takes most of ours, whatever others take', () => {
    const memory = (mib: number) =>
      targetResults(
        madeUpRecord(
          measured('memory', {
            ...twice({ 'no-op wasm': [9, 9, 9], store: [9.5, 9.5, 9.5] }),
            ...twice({ everything: [mib, mib, mib], 'go sdk tag': [99, 99, 99] }),
          }),
        ),
      );
    expect(memory(12.9)).toMatchObject([{ name: 'everything (the most)', verdict: 'met' }]);
    expect(memory(13)).toMatchObject([{ name: 'everything (the most)', verdict: 'missed' }]);
  });
});

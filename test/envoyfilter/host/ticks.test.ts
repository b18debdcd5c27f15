import { describe, expect, it } from 'vitest';
import { Context } from '../../../envoyfilter/src/host/context.js';
import { Ticks } from '../../../envoyfilter/src/host/ticks.js';

const MS = 1_000_000n;
const root = (id: number) => new Context(id, undefined);

describe('ticks', () => {
  it('fire when their period is over, and begin it anew', () => {
    const ticks = new Ticks();
    const fired: number[] = [];
    const fire = (nowNs: bigint) => ticks.fire(({ id }) => fired.push(id), nowNs);
    expect(ticks.nextNs).toBeUndefined();
    ticks.set(root(1), 10, 0n);
    ticks.set(root(2), 25, 0n);
    expect(ticks.nextNs).toBe(10n * MS);
    fire(10n * MS - 1n);
    expect(fired).toEqual([]);
    fire(10n * MS);
    expect(fired).toEqual([1]);
    expect(ticks.nextNs).toBe(20n * MS);
    fire(90n * MS);
    expect(fired).toEqual([1, 1, 2]);
    expect(ticks.nextNs).toBe(100n * MS);
  });

  it('stop at 0, and go with their root', () => {
    const ticks = new Ticks();
    const [one, two] = [root(1), root(2)];
    ticks.set(one, 5, 0n);
    ticks.set(two, 6, 0n);
    ticks.set(one, 0, 1n);
    expect(ticks.nextNs).toBe(6n * MS);
    ticks.delete(two);
    expect(ticks.nextNs).toBeUndefined();
  });

  it('may set another period while they fire', () => {
    const ticks = new Ticks();
    const one = root(1);
    ticks.set(one, 5, 0n);
    ticks.fire(() => ticks.set(one, 50, 5n * MS), 5n * MS);
    expect(ticks.nextNs).toBe(55n * MS);
    ticks.fire(() => ticks.set(one, 0, 0n), 55n * MS);
    expect(ticks.nextNs).toBeUndefined();
  });

  it('fire all the same where no time is given', () => {
    const ticks = new Ticks();
    let fired = 0;
    ticks.set(root(1), 1000, 0n);
    ticks.fire(() => {
      fired += 1;
    });
    expect(fired).toBe(1);
  });
});

import { describe, expect, it } from 'vitest';
import { ManualClock, systemClock } from '../../../envoyfilter/src/host/index.js';

describe('a manual clock', () => {
  it('stands still, and moves both times forward', () => {
    const clock = new ManualClock(5n, 7n);
    expect([clock.wall(), clock.monotonic(), clock.wall()]).toEqual([5n, 7n, 5n]);
    clock.advance(0n);
    clock.advance(3n);
    clock.advanceMs(0.000_002);
    expect([clock.wall(), clock.monotonic()]).toEqual([10n, 12n]);
  });

  it('does not go back, but its wall clock may', () => {
    const clock = new ManualClock();
    const before = clock.monotonic();
    expect(() => clock.advance(-1n)).toThrow(
      new RangeError('advance wants nanoseconds >= 0, got -1'),
    );
    clock.setWall(1n);
    expect([clock.wall(), clock.monotonic()]).toEqual([1n, before]);
  });
});

describe("the system's clock", () => {
  it('counts wall time from 1970 and never goes back', () => {
    expect(systemClock.wall() / 1_000_000n).toBeGreaterThan(1_700_000_000_000n);
    const before = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before);
  });
});

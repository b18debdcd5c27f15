import {
  charge,
  isFull,
  NEVER,
  rateInterval,
  rateShift,
  tokensFree,
  unitsCeil,
  unitsFloor,
  unitsUntilFree,
} from '../../../filter/assembly/bytes/gcra';

const SECOND: u64 = 1000000000;
const HOUR: u64 = 3600 * SECOND;
const BURST_MAX: u32 = 1000000000;
const NOW: u64 = 1800000000 * SECOND;

/** Words and times where a signed or unsigned number could go over. */
const EDGES: u64[] = [
  0,
  1,
  NOW,
  (1 << 61) - 1,
  1 << 61,
  1 << 62,
  0x7fffffffffffffff,
  0x8000000000000000,
  u64.MAX_VALUE - 1,
  u64.MAX_VALUE,
];

describe('units', () => {
  it('are rounded down and up', () => {
    for (let shift: u32 = 0; shift < 12; shift++) {
      const unit: u64 = (<u64>1) << shift;
      expect(unitsFloor(7 * unit, shift)).toBe(7);
      expect(unitsCeil(7 * unit, shift)).toBe(7);
      expect(unitsFloor(7 * unit - 1, shift)).toBe(6);
      expect(unitsCeil(7 * unit - 1, shift)).toBe(shift == 0 ? 6 : 7);
      expect(unitsCeil(7 * unit + 1, shift)).toBe(8);
      expect(unitsCeil(0, shift)).toBe(0);
    }
  });

  it('are rounded up at the end of all numbers', () => {
    expect(unitsCeil(u64.MAX_VALUE, 0)).toBe(u64.MAX_VALUE);
    expect(unitsCeil(u64.MAX_VALUE, 1)).toBe(0x8000000000000000);
    expect(unitsCeil(u64.MAX_VALUE, 63)).toBe(2);
  });
});

describe('a rate', () => {
  it('has an interval that is exact or rounded up', () => {
    expect(rateInterval(1, SECOND, 0)).toBe(SECOND);
    expect(rateInterval(3, SECOND, 0)).toBe(333333334);
    expect(rateInterval(999999, SECOND, 0)).toBe(1001);
    expect(rateInterval(1000000, SECOND, 0)).toBe(1000);
    expect(rateInterval(3600000000, HOUR, 0)).toBe(1000);
    expect(rateInterval(3599999999, HOUR, 0)).toBe(1001);
    expect(rateInterval(1, HOUR, 0)).toBe(HOUR);
    expect(rateInterval(1, HOUR, 11)).toBe(1757812500);
    expect(rateInterval(7, HOUR, 11)).toBe(251116072);
  });

  it('has an interval of at least 1', () => {
    expect(rateInterval(u32.MAX_VALUE, 1, 0)).toBe(1);
    expect(rateInterval(u32.MAX_VALUE, 1, 40)).toBe(1);
  });

  it('is counted in ns unless its tolerance would be too long', () => {
    expect(rateShift(1000000, SECOND, BURST_MAX)).toBe(0);
    expect(rateShift(1, SECOND, BURST_MAX)).toBe(0);
    expect(rateShift(1, HOUR, 1000)).toBe(0);
    expect(rateShift(1, HOUR, BURST_MAX)).toBe(11);
  });

  it('has longer units from a tolerance of 2^61 on', () => {
    // 2^61 = 3.6e12 * 640511.9..
    expect(rateShift(1, HOUR, 640511)).toBe(0);
    expect(rateShift(1, HOUR, 640512)).toBe(1);
    // Exactly, with periods that nobody writes.
    expect(rateShift(1, (1 << 61) - 1, 1)).toBe(0);
    expect(rateShift(1, 1 << 61, 1)).toBe(1);
    expect(rateShift(1, 1 << 60, 2)).toBe(1);
    expect(rateShift(1, (1 << 60) - 1, 2)).toBe(0);
  });

  it('has units whatever it is', () => {
    expect(rateShift(1, u64.MAX_VALUE, 1)).toBe(4);
    expect(rateShift(1, u64.MAX_VALUE, u32.MAX_VALUE)).toBe(35);
  });
});

describe('a bucket', () => {
  it('that was never used is full', () => {
    expect(tokensFree(0, NOW, 1000, 5000)).toBe(5);
    expect(isFull(0, NOW)).toBeTruthy();
    expect(isFull(0, 0)).toBeTruthy();
  });

  it('is full again at the time that it says', () => {
    expect(isFull(NOW, NOW - 1)).toBeFalsy();
    expect(isFull(NOW, NOW)).toBeTruthy();
    expect(tokensFree(NOW, NOW - 1, 1000, 5000)).toBe(4);
    expect(tokensFree(NOW, NOW, 1000, 5000)).toBe(5);
    expect(tokensFree(NOW, NOW + 1, 1000, 5000)).toBe(5);
  });

  it('is charged from now on if it was full, and from its word if not', () => {
    expect(charge(0, NOW, 1000, 1)).toBe(NOW + 1000);
    expect(charge(NOW - 1, NOW, 1000, 2)).toBe(NOW + 2000);
    expect(charge(NOW + 1, NOW, 1000, 2)).toBe(NOW + 2001);
    expect(charge(NOW + 1, NOW, 1000, 0)).toBe(NOW + 1);
  });

  it('has no token one unit before an interval has passed, and one then', () => {
    const word = charge(0, NOW, 1000, 5);
    expect(tokensFree(word, NOW, 1000, 5000)).toBe(0);
    expect(tokensFree(word, NOW + 999, 1000, 5000)).toBe(0);
    expect(tokensFree(word, NOW + 1000, 1000, 5000)).toBe(1);
    expect(unitsUntilFree(word, NOW, 1000, 5000, 1)).toBe(1000);
    expect(unitsUntilFree(word, NOW + 999, 1000, 5000, 1)).toBe(1);
    expect(unitsUntilFree(word, NOW + 1000, 1000, 5000, 1)).toBe(0);
    expect(unitsUntilFree(word, NOW, 1000, 5000, 5)).toBe(5000);
  });

  it('never has more than its burst', () => {
    expect(unitsUntilFree(0, NOW, 1000, 5000, 5)).toBe(0);
    expect(unitsUntilFree(0, NOW, 1000, 5000, 6)).toBe(NEVER);
    expect(unitsUntilFree(0, NOW, 1000, 5999, 6)).toBe(NEVER);
    expect(unitsUntilFree(0, NOW, 1000, 5000, u32.MAX_VALUE)).toBe(NEVER);
  });

  it('has fewer tokens where the clock goes back', () => {
    const word = charge(0, NOW, 1000, 1);
    expect(tokensFree(word, NOW, 1000, 5000)).toBe(4);
    expect(tokensFree(word, NOW - 1, 1000, 5000)).toBe(3);
    expect(tokensFree(word, NOW - 4000, 1000, 5000)).toBe(0);
    expect(tokensFree(word, 0, 1000, 5000)).toBe(0);
    expect(charge(word, NOW - 4000, 1000, 1)).toBe(NOW + 2000);
  });

  it('has no token for a word beyond all tolerance', () => {
    expect(tokensFree(NOW + 5000, NOW, 1000, 5000)).toBe(0);
    expect(tokensFree(NOW + 4999, NOW, 1000, 5000)).toBe(0);
    expect(tokensFree(NOW + 4000, NOW, 1000, 5000)).toBe(1);
    expect(unitsUntilFree(u64.MAX_VALUE, 0, 1000, 5000, 1)).toBe(u64.MAX_VALUE - 4000);
    expect(unitsUntilFree(u64.MAX_VALUE, 0, 1000, 5000, 0)).toBe(0);
  });

  it('is charged up to the greatest number, and not round to the least', () => {
    expect(charge(u64.MAX_VALUE - 1000, 0, 1000, 1)).toBe(u64.MAX_VALUE);
    expect(charge(u64.MAX_VALUE - 999, 0, 1000, 1)).toBe(u64.MAX_VALUE);
    expect(charge(0, u64.MAX_VALUE, 1, u32.MAX_VALUE)).toBe(u64.MAX_VALUE);
    expect(charge(0, 0, 1 << 60, 16)).toBe(u64.MAX_VALUE);
    expect(charge(0, 0, 1 << 60, 15)).toBe(15 << 60);
    expect(charge(0, NOW, u64.MAX_VALUE, u32.MAX_VALUE)).toBe(u64.MAX_VALUE);
  });

  it('answers for any word, time and rate, in bounds', () => {
    for (let w = 0; w < EDGES.length; w++) {
      for (let n = 0; n < EDGES.length; n++) {
        for (let i = 1; i < EDGES.length; i++) {
          const word = EDGES[w];
          const now = EDGES[n];
          const interval = EDGES[i];
          const free = tokensFree(word, now, interval, interval);
          expect(free).toBe(word <= now ? 1 : 0);
          expect(tokensFree(word, now, interval, u64.MAX_VALUE)).toBeGreaterThanOrEqual(free);
          expect(charge(word, now, interval, 1)).toBeGreaterThanOrEqual(max(word, now));
          const wait = unitsUntilFree(word, now, interval, interval, 1);
          expect(wait).toBe(word <= now ? 0 : word - now);
          expect(unitsUntilFree(word, now, interval, interval, 0)).toBe(0);
        }
      }
    }
  });
});

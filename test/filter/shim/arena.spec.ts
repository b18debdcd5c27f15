import {
  ARENA_SIZE,
  arenaClose,
  arenaOpen,
  arenaReset,
  arenaTake,
} from '../../../filter/assembly/shim/arena';

describe('arena', () => {
  beforeEach(() => {
    arenaReset();
  });

  it('gives aligned bytes that do not overlap', () => {
    const first = arenaTake(1);
    const second = arenaTake(9);
    const third = arenaTake(8);
    const fourth = arenaTake(1);
    expect(first & 7).toBe(0);
    expect(second - first).toBe(8);
    expect(third - second).toBe(16);
    expect(fourth - third).toBe(8);
  });

  it('gives the same bytes again after a reset', () => {
    const first = arenaTake(100);
    arenaTake(100);
    arenaReset();
    expect(arenaTake(1)).toBe(first);
  });

  it('gives all of ARENA_SIZE at once, and then nothing', () => {
    expect(arenaTake(ARENA_SIZE)).not.toBe(0);
    expect(arenaTake(1)).toBe(0);
  });

  it('answers 0 to ARENA_SIZE + 1 and takes nothing for it', () => {
    expect(arenaTake(ARENA_SIZE + 1)).toBe(0);
    expect(arenaTake(ARENA_SIZE)).not.toBe(0);
  });

  it('gives the last bytes although they do not fill a whole step', () => {
    expect(arenaTake(ARENA_SIZE - 3)).not.toBe(0);
    expect(arenaTake(1)).toBe(0);
    arenaReset();
    expect(arenaTake(ARENA_SIZE - 8)).not.toBe(0);
    expect(arenaTake(9)).toBe(0);
    expect(arenaTake(5)).not.toBe(0);
    expect(arenaTake(1)).toBe(0);
  });

  it('refuses a size near the end of the address space', () => {
    arenaTake(16);
    expect(arenaTake(u32.MAX_VALUE)).toBe(0);
    expect(arenaTake(u32.MAX_VALUE - 6)).toBe(0);
    expect(arenaTake(0x80000000)).toBe(0);
  });

  it('gives nothing behind an end that was moved, and what it had once it is moved back', () => {
    const first = arenaTake(ARENA_SIZE - 16);
    arenaClose();
    expect(arenaTake(1)).toBe(0);
    expect(arenaTake(0)).not.toBe(0);
    expect(arenaTake(u32.MAX_VALUE)).toBe(0);
    arenaOpen();
    expect(arenaTake(16)).toBe(first + ARENA_SIZE - 16);
    expect(arenaTake(1)).toBe(0);
  });

  it('gives a pointer for nothing, even when it is full', () => {
    expect(arenaTake(0)).not.toBe(0);
    arenaTake(ARENA_SIZE);
    expect(arenaTake(0)).not.toBe(0);
  });
});

import {
  AREA_SIZE,
  areaCopy,
  areaMake,
  areaOpen,
  areaOverflowed,
  areaTake,
} from '../../../filter/assembly/config/area';
import { lay, read } from '../support';

const area: usize = areaMake();

describe('area', () => {
  beforeEach(() => {
    areaOpen(area);
  });

  it('gives aligned bytes from its start', () => {
    expect(areaTake(1)).toBe(area);
    expect(areaTake(9)).toBe(area + 8);
    expect(areaTake(8)).toBe(area + 24);
    expect(areaTake(0)).toBe(area + 32);
    expect(areaOverflowed()).toBe(false);
  });

  it('clears what it gives, whatever stood there', () => {
    memory.fill(area, 0xff, 64);
    const ptr = areaTake(13);
    let sum: u32 = 0;
    for (let i = 0; i < 13; i++) sum += load<u8>(ptr + i);
    expect(sum).toBe(0);
    expect(load<u8>(area + 13)).toBe(0xff);
  });

  it('copies bytes', () => {
    const slice = lay('canary');
    const copy = areaCopy(slice.ptr, slice.size);
    expect(copy).toBe(area);
    expect(read(copy, 6)).toBe('canary');
    expect(areaCopy(slice.ptr, 0)).not.toBe(0);
  });

  it('gives all of AREA_SIZE, and then nothing', () => {
    expect(areaTake(AREA_SIZE)).toBe(area);
    expect(areaOverflowed()).toBe(false);
    expect(areaTake(1)).toBe(0);
    expect(areaOverflowed()).toBe(true);
  });

  it('answers 0 to AREA_SIZE + 1, and to a copy that does not fit', () => {
    expect(areaTake(AREA_SIZE + 1)).toBe(0);
    expect(areaOverflowed()).toBe(true);
    areaOpen(area);
    expect(areaOverflowed()).toBe(false);
    areaTake(AREA_SIZE - 8);
    const slice = lay('123456789');
    expect(areaCopy(slice.ptr, 9)).toBe(0);
    expect(areaCopy(slice.ptr, 8)).toBe(area + AREA_SIZE - 8);
    expect(areaTake(u32.MAX_VALUE)).toBe(0);
  });

  it('gives the last bytes although they do not fill a whole step', () => {
    expect(areaTake(AREA_SIZE - 3)).toBe(area);
    expect(areaTake(1)).toBe(0);
    areaOpen(area);
    areaTake(AREA_SIZE - 8);
    expect(areaTake(3)).toBe(area + AREA_SIZE - 8);
    expect(areaTake(1)).toBe(0);
  });

  it('gives from the area that was opened last', () => {
    const other = areaMake();
    areaTake(100);
    areaOpen(other);
    expect(areaTake(1)).toBe(other);
    areaOpen(area);
    expect(areaTake(1)).toBe(area);
  });
});

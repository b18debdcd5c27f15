import {
  AREA_SIZE,
  areaMake,
  areaOpen,
  areaOverflowed,
  areaTake,
} from '../../../filter/assembly/config/area';
import { faultRaised, faultReset } from '../../../filter/assembly/config/fault';
import { HeaderNames, NAMES_MAX, nameAt } from '../../../filter/assembly/config/layout';
import {
  checkInterned,
  findName,
  internName,
  NO_NAME,
  namesMake,
} from '../../../filter/assembly/config/names';
import { shapeBit } from '../../../filter/assembly/shim/pairs';
import { lay, read } from '../support';
import { faultText } from './compile';

const area: usize = areaMake();
let names: HeaderNames = changetype<HeaderNames>(0);

function intern(text: string): u32 {
  const slice = lay(text);
  return internName(names, slice.ptr, slice.size);
}

function find(text: string): u32 {
  const slice = lay(text);
  return findName(names, slice.ptr, slice.size);
}

describe('names', () => {
  beforeEach(() => {
    areaOpen(area);
    names = changetype<HeaderNames>(namesMake());
    faultReset();
  });

  it('finds nothing in an empty set', () => {
    expect(find('x-a')).toBe(NO_NAME);
    expect(find('')).toBe(NO_NAME);
    expect(findName(names, 0, 0)).toBe(NO_NAME);
    expect(names.count).toBe(0);
  });

  it('keeps each name once, in the order they came', () => {
    expect(intern('x-a')).toBe(0);
    expect(intern(':path')).toBe(1);
    expect(intern('x-a')).toBe(0);
    expect(intern('a')).toBe(2);
    expect(names.count).toBe(3);
    expect(find(':path')).toBe(1);
    expect(find('x-b')).toBe(NO_NAME);
    expect(find('X-A')).toBe(NO_NAME);
    expect(read(nameAt(names, 1).ptr, nameAt(names, 1).size)).toBe(':path');
  });

  it('knows the shapes of its names', () => {
    expect(names.shapes).toBe(0);
    intern('x-a');
    const one = lay('x-a');
    const other = lay(':path');
    expect(names.shapes).toBe(shapeBit(one.ptr, one.size));
    intern(':path');
    expect(names.shapes).toBe(shapeBit(one.ptr, one.size) | shapeBit(other.ptr, other.size));
  });

  it('copies a name', () => {
    const slice = lay('x-a');
    internName(names, slice.ptr, slice.size);
    store<u8>(slice.ptr, 0x79);
    expect(find('x-a')).toBe(0);
    expect(find('y-a')).toBe(NO_NAME);
  });

  it('tells names apart that its hash does not', () => {
    // Alike in size, first, middle and last byte.
    expect(intern('a1c2e')).toBe(0);
    expect(intern('a3c4e')).toBe(1);
    expect(intern('a5c6e')).toBe(2);
    expect(find('a1c2e')).toBe(0);
    expect(find('a3c4e')).toBe(1);
    expect(find('a5c6e')).toBe(2);
    expect(find('a7c8e')).toBe(NO_NAME);
  });

  it('holds NAMES_MAX names, and refuses one more', () => {
    for (let i: u32 = 0; i < NAMES_MAX; i++) expect(intern('x-' + i.toString())).toBe(i);
    expect(intern('x-more')).toBe(NO_NAME);
    expect(names.count).toBe(NAMES_MAX);
    expect(intern('x-7')).toBe(7);
    for (let i: u32 = 0; i < NAMES_MAX; i++) expect(find('x-' + i.toString())).toBe(i);
    expect(find('x-more')).toBe(NO_NAME);
    expect(checkInterned(NO_NAME)).toBe(false);
    expect(faultText()).toBe('$: found more than 256 different headers, wanted fewer of them');
  });

  it('holds NAMES_MAX names of one hash', () => {
    for (let i: u32 = 0; i < NAMES_MAX; i++) {
      expect(intern('a' + (1000 + i).toString() + 'b' + (1000 + i).toString() + 'c')).toBe(i);
    }
    expect(find('a1255b1255c')).toBe(255);
    expect(find('a1256b1256c')).toBe(NO_NAME);
  });

  it('refuses a name, and raises no fault of its own, where the area is full', () => {
    // It was said to be a name too many.
    while (areaTake(8) != 0) {}
    expect(areaOverflowed()).toBe(true);
    expect(intern('x-a')).toBe(NO_NAME);
    expect(names.count).toBe(0);
    expect(checkInterned(NO_NAME)).toBe(false);
    expect(faultRaised()).toBe(false);
    expect(checkInterned(0)).toBe(true);
  });

  it('is not made where the area has no room for it', () => {
    areaOpen(area);
    areaTake(AREA_SIZE - 100);
    expect(namesMake()).toBe(0);
    areaOpen(area);
    areaTake(AREA_SIZE - 2000);
    expect(namesMake()).toBe(0);
  });
});

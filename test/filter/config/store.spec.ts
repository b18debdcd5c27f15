import { areaMake } from '../../../filter/assembly/config/area';
import { CONFIG_SIZE, Config } from '../../../filter/assembly/config/layout';
import { LABEL_SIZE_MAX } from '../../../filter/assembly/config/members';
import {
  configOf,
  install,
  isInForce,
  SLOTS_MAX,
  slotFor,
  slotIdPtr,
  slotIdSize,
  slotsInUse,
  spareArea,
} from '../../../filter/assembly/config/store';
import { lay, layMany, read } from '../support';

function slot(id: string): i32 {
  const slice = lay(id);
  return slotFor(slice.ptr, slice.size);
}

function newConfig(text: string): usize {
  const ptr = heap.alloc(CONFIG_SIZE);
  const slice = lay(text);
  changetype<Config>(ptr).textPtr = slice.ptr;
  changetype<Config>(ptr).textSize = slice.size;
  return ptr;
}

function inForce(at: u32, text: string): bool {
  const slice = lay(text);
  return isInForce(at, slice.ptr, slice.size);
}

// The slots are the module's own and are never given back: the cases build on one another.
describe('store', () => {
  it('has no slots at first', () => {
    expect(slotsInUse()).toBe(0);
  });

  it('gives each identity a slot of its own', () => {
    expect(slot('a/b/0')).toBe(0);
    expect(slot('a/b/1')).toBe(1);
    expect(slot('a/b/0')).toBe(0);
    expect(slot('')).toBe(2);
    expect(slot('')).toBe(2);
    expect(slotsInUse()).toBe(3);
    expect(read(slotIdPtr(1), slotIdSize(1))).toBe('a/b/1');
    expect(slotIdSize(2)).toBe(0);
    expect(configOf(0)).toBe(0);
  });

  it('cuts an identity at LABEL_SIZE_MAX, beyond which two are one', () => {
    const whole = layMany(0x78, LABEL_SIZE_MAX);
    const longer = layMany(0x78, LABEL_SIZE_MAX + 1);
    const at = slotFor(whole.ptr, whole.size);
    expect(at).toBe(3);
    expect(slotFor(longer.ptr, longer.size)).toBe(at);
    expect(slotFor(whole.ptr, whole.size - 1)).toBe(4);
    expect(slotIdSize(3)).toBe(LABEL_SIZE_MAX);
    expect(read(slotIdPtr(0), slotIdSize(0))).toBe('a/b/0');
  });

  it('exchanges the area that was read into with that of the slot', () => {
    const first = spareArea();
    expect(spareArea()).toBe(first);
    const config = newConfig('one');
    install(0, config);
    expect(configOf(0)).toBe(config);
    const second = spareArea();
    expect(second).not.toBe(first);
    install(0, newConfig('two'));
    expect(spareArea()).toBe(first);
    install(0, newConfig('three'));
    expect(spareArea()).toBe(second);
  });

  it('never reads into an area that is in force, whatever slot it serves', () => {
    const own = spareArea();
    install(1, newConfig('of 1'));
    const next = spareArea();
    expect(next).not.toBe(own);
    install(0, newConfig('of 0'));
    expect(spareArea()).not.toBe(own);
    expect(spareArea()).not.toBe(next);
  });

  it('makes no area after the first, however often it installs', () => {
    // The allocator is asked for the same size before and after: nothing was taken in between.
    const mark = heap.alloc(1 << 20);
    heap.free(mark);
    for (let i = 0; i < 1000; i++) {
      spareArea();
      install(i & 1, configOf(i & 1));
    }
    const after = heap.alloc(1 << 20);
    heap.free(after);
    expect(after).toBe(mark);
  });

  it('knows the very bytes that are in force', () => {
    install(0, newConfig('{"id":1}'));
    expect(inForce(0, '{"id":1}')).toBe(true);
    expect(inForce(0, '{"id":2}')).toBe(false);
    expect(inForce(0, '{"id":1} ')).toBe(false);
    expect(inForce(0, '')).toBe(false);
    expect(inForce(2, '{"id":1}')).toBe(false);
    expect(inForce(2, '')).toBe(false);
  });

  it('has SLOTS_MAX slots, and refuses one more', () => {
    for (let i = slotsInUse(); i < SLOTS_MAX; i++) expect(slot('filler ' + i.toString())).toBe(i);
    expect(slotsInUse()).toBe(SLOTS_MAX);
    expect(slot('one more')).toBe(-1);
    expect(slotsInUse()).toBe(SLOTS_MAX);
    expect(slot('filler 15')).toBe(15);
    expect(slot('a/b/0')).toBe(0);
    expect(configOf(15)).toBe(0);
    expect(read(slotIdPtr(15), slotIdSize(15))).toBe('filler 15');
  });

  it('keeps slots apart to the last byte of the longest identity', () => {
    expect(slotIdPtr(4) - slotIdPtr(3) >= 12 + LABEL_SIZE_MAX).toBe(true);
    expect(read(slotIdPtr(3), slotIdSize(3))).toBe('x'.repeat(256));
    expect(areaMake()).not.toBe(0);
  });
});

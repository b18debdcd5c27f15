import { CONFIG_SIZE, Config } from '../../../filter/assembly/config/layout';
import { LABEL_SIZE_MAX } from '../../../filter/assembly/config/members';
import {
  configOf,
  install,
  KEPT_MAX,
  NO_SERIAL,
  newestConfig,
  newestSerial,
  renew,
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

/** Installs a configuration of this text, and answers its serial. */
function put(at: u32, text: string): u32 {
  install(at, newConfig(text));
  return newestSerial(at);
}

function renewed(at: u32, text: string): bool {
  const slice = lay(text);
  return renew(at, slice.ptr, slice.size);
}

/** The text of a configuration, or "(none)". */
function textOf(config: usize): string {
  if (config == 0) return '(none)';
  return read(changetype<Config>(config).textPtr, changetype<Config>(config).textSize);
}

function served(at: u32, serial: u32): string {
  return textOf(configOf(at, serial));
}

// The slots are the module's own and are never given back: each case takes one by its name.
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
  });

  it('has no configuration in a new slot, whatever serial is asked for', () => {
    expect(newestSerial(0)).toBe(NO_SERIAL);
    expect(newestConfig(0)).toBe(0);
    expect(configOf(0, NO_SERIAL)).toBe(0);
    expect(configOf(0, 1)).toBe(0);
    expect(renewed(0, '')).toBe(false);
  });

  it('cuts an identity at LABEL_SIZE_MAX, beyond which two are one', () => {
    const whole = layMany(0x78, LABEL_SIZE_MAX);
    const longer = layMany(0x78, LABEL_SIZE_MAX + 1);
    const at = slotFor(whole.ptr, whole.size);
    expect(at).toBe(3);
    expect(slotFor(longer.ptr, longer.size)).toBe(at);
    expect(slotFor(whole.ptr, whole.size - 1)).toBe(4);
    expect(slotIdSize(3)).toBe(LABEL_SIZE_MAX);
    expect(read(slotIdPtr(3), slotIdSize(3))).toBe('x'.repeat(256));
    expect(read(slotIdPtr(0), slotIdSize(0))).toBe('a/b/0');
    expect(configOf(4, NO_SERIAL)).toBe(0);
  });

  it('serves the newest configuration, and each kept one by its serial', () => {
    const at = slot('kept');
    const one = put(at, 'one');
    expect(served(at, NO_SERIAL)).toBe('one');
    const two = put(at, 'two');
    expect(one).not.toBe(NO_SERIAL);
    expect(two).not.toBe(one);
    expect(textOf(newestConfig(at))).toBe('two');
    expect(served(at, one)).toBe('one');
    expect(served(at, two)).toBe('two');
  });

  it('serves the newest where a serial stands for none, or for one kept no longer', () => {
    const at = slot('forgetful');
    const first = put(at, '0');
    for (let i: u32 = 1; i < KEPT_MAX; i++) put(at, i.toString());
    expect(served(at, first)).toBe('0');
    expect(served(at, NO_SERIAL)).toBe((KEPT_MAX - 1).toString());
    put(at, 'one more');
    expect(served(at, first)).toBe('one more');
    expect(served(at, first + 1)).toBe('1');
    expect(served(at, first + KEPT_MAX)).toBe('one more');
    expect(served(at, 1_000_000)).toBe('one more');
  });

  it('never serves the configuration of another slot', () => {
    const a = slot('mine');
    const b = slot('yours');
    const serial = put(a, 'of mine');
    expect(served(b, serial)).toBe('(none)');
    const other = put(b, 'of yours');
    expect(served(b, serial)).toBe('of yours');
    expect(served(a, other)).toBe('of mine');
  });

  it('makes a kept configuration the newest again when its bytes come again', () => {
    const at = slot('rolled back');
    const one = put(at, '{"id":1}');
    put(at, '{"id":2}');
    expect(renewed(at, '{"id":1}')).toBe(true);
    expect(newestSerial(at)).toBe(one);
    expect(textOf(newestConfig(at))).toBe('{"id":1}');
    expect(renewed(at, '{"id":1}')).toBe(true);
    expect(newestSerial(at)).toBe(one);
  });

  it('renews nothing for other bytes, or for those of another slot', () => {
    const at = slot('rolled back');
    expect(renewed(at, '{"id":3}')).toBe(false);
    expect(renewed(at, '{"id":1} ')).toBe(false);
    expect(renewed(at, '{"id":1')).toBe(false);
    expect(renewed(at, '')).toBe(false);
    expect(renewed(slot('mine'), '{"id":1}')).toBe(false);
    expect(textOf(newestConfig(at))).toBe('{"id":1}');
  });

  it('forgets the oldest, but not one that was renewed', () => {
    const at = slot('renewed');
    const first = put(at, '0');
    for (let i: u32 = 1; i < KEPT_MAX; i++) put(at, i.toString());
    renewed(at, '0');
    put(at, 'new');
    expect(served(at, first)).toBe('0');
    expect(renewed(at, '1')).toBe(false);
    // What was in force just before stays, although its serial is the lowest.
    put(at, 'newer');
    expect(renewed(at, '2')).toBe(false);
    expect(renewed(at, '3')).toBe(true);
    expect(renewed(at, '0')).toBe(true);
    expect(renewed(at, 'new')).toBe(true);
  });

  it('never reads into the area of a kept configuration', () => {
    const at = slot('areas');
    const kept: usize[] = [];
    for (let i = 0; i < 20; i++) {
      const area = spareArea();
      expect(area).not.toBe(0);
      for (let j = max(0, kept.length - KEPT_MAX); j < kept.length; j++) {
        expect(kept[j]).not.toBe(area);
      }
      kept.push(area);
      put(at, i.toString());
    }
    // Those of another slot are left alone as well.
    const other = spareArea();
    put(slot('mine'), 'again');
    for (let i = 0; i < 20; i++) {
      expect(spareArea()).not.toBe(other);
      put(at, i.toString());
    }
  });

  it('makes no area after a slot is made, however often one is installed', () => {
    const at = slot('areas');
    const config = newConfig('many');
    // The allocator is asked for the same size before and after: nothing was taken in between.
    const mark = heap.alloc(1 << 20);
    heap.free(mark);
    for (let i = 0; i < 1000; i++) {
      spareArea();
      install(at, config);
    }
    const after = heap.alloc(1 << 20);
    heap.free(after);
    expect(after).toBe(mark);
  });

  it('has SLOTS_MAX slots, and refuses one more', () => {
    for (let i = slotsInUse(); i < SLOTS_MAX; i++) expect(slot('filler ' + i.toString())).toBe(i);
    expect(slotsInUse()).toBe(SLOTS_MAX);
    expect(slot('one more')).toBe(-1);
    expect(slotsInUse()).toBe(SLOTS_MAX);
    expect(slot('filler 15')).toBe(15);
    expect(slot('a/b/0')).toBe(0);
    const last = put(15, 'last');
    expect(served(15, last)).toBe('last');
    expect(read(slotIdPtr(15), slotIdSize(15))).toBe('filler 15');
    expect(textOf(newestConfig(slot('mine')))).toBe('again');
  });
});

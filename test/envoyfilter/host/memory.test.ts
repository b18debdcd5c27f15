import { describe, expect, it } from 'vitest';
import { GuestMemory } from '../../../envoyfilter/src/host/memory.js';
import { wasm } from '../../../envoyfilter/src/host/wasm-api.js';
import { PAGE } from './wat.js';

const memory = (pages = 1) => new GuestMemory(new wasm.Memory({ initial: pages }));

describe('memory', () => {
  it('has every range up to its end, and none beyond', () => {
    const one = memory();
    expect(one.size).toBe(PAGE);
    for (const [ptr, size, has] of [
      [0, 0, true],
      [0, PAGE, true],
      [0, PAGE + 1, false],
      [PAGE - 1, 1, true],
      [PAGE - 1, 2, false],
      [PAGE, 0, true],
      [PAGE + 1, 0, false],
      [-1, 0, false],
      [-1, 1, false],
      [0, -1, false],
      [-1, -1, false],
      [-PAGE, PAGE, false],
    ] as const) {
      const is = has ? 'inside' : 'outside';
      expect(one.has(ptr, size) ? 'inside' : 'outside', `${ptr}, ${size}`).toBe(is);
      expect(one.text(ptr, size) === undefined, `${ptr}, ${size}`).toBe(!has);
      expect(one.name(ptr, size) === undefined, `${ptr}, ${size}`).toBe(!has);
      expect(one.slice(ptr, size)?.length, `${ptr}, ${size}`).toBe(has ? size : undefined);
    }
  });

  it('answers false for numbers that do not fit, and changes nothing', () => {
    const one = memory();
    expect(one.setU32(PAGE - 4, 0xffff_ffff)).toBe(true);
    expect(one.getU32(PAGE - 4)).toBe(0xffff_ffff);
    expect(one.setU32(PAGE - 3, 1)).toBe(false);
    expect(one.setU32(-4, 1)).toBe(false);
    expect(one.getU32(PAGE - 3)).toBeUndefined();
    expect(one.getU32(-4)).toBeUndefined();
    expect(one.setU64(PAGE - 8, 1n)).toBe(true);
    expect(one.setU64(PAGE - 7, 1n)).toBe(false);
    expect(one.setU64(-8, 1n)).toBe(false);
    expect(one.write(PAGE - 3, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(one.write(PAGE - 2, Uint8Array.of(9, 9, 9))).toBe(false);
    expect([...one.slice(PAGE - 8, 8)!]).toEqual([1, 0, 0, 0, 0, 1, 2, 3]);
  });

  it('sees its growth at the next access', () => {
    const one = memory();
    one.setU32(0, 7);
    expect(one.has(PAGE, 1)).toBe(false);
    one.memory.grow(1);
    expect(one.has(PAGE, 1)).toBe(true);
    one.memory.grow(1);
    expect(one.getU32(0)).toBe(7);
    one.memory.grow(1);
    expect(one.setU32(PAGE, 1)).toBe(true);
    one.memory.grow(1);
    expect(one.write(PAGE, Uint8Array.of(1))).toBe(true);
    one.memory.grow(1);
    one.writeText(PAGE, 'a');
    expect(one.text(PAGE, 1)).toBe('a');
  });

  it.each([0, 1, 39, 40, 41, 300])('keeps every byte of a text of %i', (length) => {
    const one = memory();
    const text = Array.from({ length }, (_, i) => String.fromCharCode((i * 7) % 256)).join('');
    one.writeText(5, text);
    expect(one.text(5, length)).toBe(text);
    expect(one.name(5, length)).toBe(text);
    expect(one.getU32(5 + length)).toBe(0);
  });

  it('tells names apart that share a place in its table', () => {
    const one = memory();
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 5000; i += 1) {
        const name = `name-${i}`;
        one.writeText(0, name);
        if (one.name(0, name.length) !== name) expect(one.name(0, name.length)).toBe(name);
      }
    }
    one.writeText(0, 'abc');
    expect([one.name(0, 3), one.name(0, 2), one.name(1, 2), one.name(0, 0)]).toEqual([
      ...['abc', 'ab', 'bc', ''],
    ]);
  });

  it('gives the same name again after its bytes have changed in between', () => {
    const one = memory();
    one.writeText(0, 'first');
    expect(one.name(0, 5)).toBe('first');
    one.writeText(0, 'other');
    expect(one.name(0, 5)).toBe('other');
  });
});

import { describe, expect, it } from 'vitest';
import { SharedData, Status } from '../../../envoyfilter/src/host/index.js';

const bytes = (text: string) => Buffer.from(text);

describe('shared data', () => {
  it('belongs to a vm_id', () => {
    const data = new SharedData();
    data.set('a', 'k', bytes('1'));
    data.set('b', 'k', bytes('2'));
    expect(Buffer.from(data.get('a', 'k')!.value).toString()).toBe('1');
    expect(data.get('c', 'k')).toBeUndefined();
    expect([data.keys('a'), data.keys('c')]).toEqual([['k'], []]);
    data.deleteVmId('a');
    expect(data.get('a', 'k')).toBeUndefined();
    expect(data.get('b', 'k')).toBeDefined();
  });

  it('writes with CAS 0, with the right one, and with any where nothing is yet', () => {
    const data = new SharedData();
    expect(data.set('', 'k', bytes('1'), 77)).toBe(Status.Ok);
    const { cas } = data.get('', 'k')!;
    expect(cas).not.toBe(0);
    expect(data.set('', 'k', bytes('2'), cas + 1)).toBe(Status.CasMismatch);
    expect(data.set('', 'k', bytes('2'), cas)).toBe(Status.Ok);
    expect(data.set('', 'k', bytes('3'), cas)).toBe(Status.CasMismatch);
    expect(data.set('', 'k', bytes('4'), 0)).toBe(Status.Ok);
    expect(Buffer.from(data.get('', 'k')!.value).toString()).toBe('4');
  });

  it('never gives the same CAS to two writes, whatever the key', () => {
    const data = new SharedData();
    const seen = new Set<number>();
    for (let i = 0; i < 100; i += 1) {
      data.set(`vm-${i % 3}`, `k-${i % 7}`, bytes('v'));
      seen.add(data.get(`vm-${i % 3}`, `k-${i % 7}`)!.cas);
    }
    expect(seen.size).toBe(100);
  });

  it('keeps a copy, of any length', () => {
    const data = new SharedData();
    const value = bytes('one');
    data.set('', 'k', value);
    value.fill(0);
    expect(Buffer.from(data.get('', 'k')!.value).toString()).toBe('one');
    for (const text of ['two', 'longer', '']) {
      data.set('', 'k', bytes(text));
      expect(Buffer.from(data.get('', 'k')!.value).toString()).toBe(text);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { idsFrom, randomIds } from '../../../sdk-node/src/trace/ids.js';

describe('ids', () => {
  it('are hex digits of their length', () => {
    for (let i = 0; i < 1000; i++) {
      expect(randomIds.span()).toMatch(/^[0-9a-f]{16}$/);
      expect(randomIds.trace()).toMatch(/^[0-9a-f]{32}$/);
    }
  });

  it('do not repeat', () => {
    const ids = Array.from({ length: 20_000 }, () => randomIds.span());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('are never all zeros', () => {
    let fills = 0;
    const ids = idsFrom((pool) => pool.fill(fills++ === 0 ? 0 : 0xab));
    expect(ids.span()).toBe('ab'.repeat(8));
    expect(ids.trace()).toBe('ab'.repeat(16));
    expect(fills).toBe(2);
  });

  it('use no byte twice, whatever their lengths', () => {
    let next = 0;
    const ids = idsFrom((pool) => {
      for (let i = 0; i < pool.length; i += 4) pool.writeUInt32BE(next++ + 0x1000, i);
    });
    const words = new Set<string>();
    let taken = 0;
    for (let i = 0; i < 5000; i++) {
      const id = i % 3 === 0 ? ids.trace() : ids.span();
      for (const [word] of id.matchAll(/.{8}/g)) {
        words.add(word);
        taken++;
      }
    }
    expect(words.size).toBe(taken);
  });
});

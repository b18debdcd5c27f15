import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { release } from '../../../sdk-node/src/sidecar/release.js';

/** Keeps the loop, as a call that is dispatched does. */
function work(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

describe('release', () => {
  it('lets timers have their turn between many', async () => {
    const MANY = 100;
    const gone: number[] = [];
    const end = new EventTarget();
    for (let i = 0; i < MANY; i++) {
      release(() => {
        work(1);
        gone.push(i);
        if (gone.length === MANY) end.dispatchEvent(new Event('end'));
      });
    }
    expect(gone).toEqual([]);
    let before = -1;
    setTimeout(() => {
      before = gone.length;
    }, 10);
    await once(end, 'end');
    expect(gone).toEqual(Array.from({ length: MANY }, (_, i) => i));
    expect(before).toBeGreaterThan(0);
    // At once they would have taken 100 ms.
    expect(before).toBeLessThan(MANY / 2);
  });

  it('goes on after one that throws', async () => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown = once(process, 'uncaughtException');
    try {
      release(() => {
        throw new Error('of the caller');
      });
      const next = new Promise<void>((resolve) => release(resolve));
      expect(String((await thrown)[0])).toContain('of the caller');
      await next;
    } finally {
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  it('takes who comes while others go', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      release(() => {
        order.push('first');
        release(() => {
          order.push('third');
          resolve();
        });
      });
      release(() => order.push('second'));
    });
    expect(order).toEqual(['first', 'second', 'third']);
  });
});

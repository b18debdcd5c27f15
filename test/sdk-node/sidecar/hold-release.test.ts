import { setImmediate } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { hold } from '../../../sdk-node/src/sidecar/hold.js';

const life = vi.hoisted(() => {
  const watchers = new Set<(to: string) => void>();
  return {
    state: 'starting',
    wasReady: false,
    watch(callback: (to: string) => void) {
      watchers.add(callback);
      return () => watchers.delete(callback);
    },
    turns(to: string) {
      for (const callback of [...watchers]) callback(to);
    },
  };
});
vi.mock('../../../sdk-node/src/sidecar/life.js', () => ({ life: () => life }));

it('who gives up between the sidecar being ready and its own turn is not let go', async () => {
  const gone: string[] = [];
  const cancel = hold('reviews', () => gone.push('given up'));
  hold('ratings', () => gone.push('waits'));
  expect(cancel).toBeDefined();
  life.turns('ready');
  expect(gone).toEqual([]);
  cancel?.();
  await vi.waitFor(() => expect(gone.length).toBeGreaterThan(0));
  await setImmediate();
  expect(gone).toEqual(['waits']);
});

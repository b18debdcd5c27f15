import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Door } from '../../../sdk-node/src/call/grpc-door.js';
import type { Channel } from '../../../sdk-node/src/call/grpc-js.js';

const [IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN] = [0, 1, 2, 3, 4];

/** A channel of nothing but its state. */
function channel(state: number) {
  let watchers: (() => void)[] = [];
  return {
    state,
    asked: 0,
    getConnectivityState(tryToConnect: boolean): number {
      if (tryToConnect) this.asked++;
      return this.state;
    },
    watchConnectivityState(_from: number, _until: number, callback: () => void): void {
      watchers.push(callback);
    },
    turns(to: number): void {
      this.state = to;
      const told = watchers;
      watchers = [];
      for (const callback of told) callback();
    },
    get watchers(): number {
      return watchers.length;
    },
  };
}

const doorTo = (to: ReturnType<typeof channel>) => new Door(to as unknown as Channel);

describe('Door', () => {
  it.each([READY, TRANSIENT_FAILURE, SHUTDOWN])('is open in state %i', (state) => {
    let entered = false;
    doorTo(channel(state)).enter(() => {
      entered = true;
    });
    expect(entered).toBe(true);
  });

  it.each([
    READY,
    TRANSIENT_FAILURE,
    SHUTDOWN,
  ])('opens, from idle, with state %i', async (state) => {
    const idle = channel(IDLE);
    const door = doorTo(idle);
    const entered: number[] = [];
    for (let i = 0; i < 3; i++) door.enter(() => entered.push(i));
    expect(idle.asked).toBe(1);
    expect(idle.watchers).toBe(1);
    idle.turns(CONNECTING);
    await setImmediate();
    expect(entered).toEqual([]);
    idle.turns(state);
    expect(entered).toEqual([]);
    while (entered.length < 3) await setImmediate();
    expect(entered).toEqual([0, 1, 2]);
    expect(idle.watchers).toBe(0);
  });

  it('closes again when the connection is lost', async () => {
    const lost = channel(CONNECTING);
    const door = doorTo(lost);
    const entered: string[] = [];
    door.enter(() => entered.push('first'));
    lost.turns(READY);
    while (entered.length < 1) await setImmediate();
    lost.turns(IDLE);
    door.enter(() => entered.push('second'));
    await setImmediate();
    expect(entered).toEqual(['first']);
    lost.turns(READY);
    while (entered.length < 2) await setImmediate();
    expect(entered).toEqual(['first', 'second']);
  });
});

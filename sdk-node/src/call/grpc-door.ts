// grpc-door: the way into a channel of grpc-js, open once it is connected or cannot be. What grpc-js
// itself queues goes on in one turn of the loop when it connects: 400 calls kept it for 120 ms.
// Promise: in the order of coming, in turns; a channel that is connected is entered at once.

import { release } from '../sidecar/release.js';
import type { Channel } from './grpc-js.js';

/** States of grpc-js (gRPC core's `connectivity_state`) in which a call can only wait. */
const IDLE = 0;
const CONNECTING = 1;

export class Door {
  readonly channel: Channel;
  #waiting: (() => void)[] = [];

  constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Calls back at once, or when the channel is connected, has failed to, or was closed. */
  enter(go: () => void): void {
    if (this.#waiting.length === 0 && !isPending(this.channel.getConnectivityState(false))) {
      go();
      return;
    }
    this.#waiting.push(go);
    if (this.#waiting.length > 1) return;
    // An idle channel connects.
    this.channel.getConnectivityState(true);
    this.#watch();
  }

  #watch(): void {
    const state = this.channel.getConnectivityState(false);
    if (isPending(state)) {
      this.channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => this.#watch());
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) release(go);
  }
}

function isPending(state: number): boolean {
  return state === IDLE || state === CONNECTING;
}

// closed-loop: each connection sends its next request when it has an answer: as many as the server
// takes, for what a request costs, and how many there can be.

import type { Connection, ConnectionOwner } from './connection.js';
import { Connections, type ConnectionsOptions } from './connections.js';
import type { PreparedRequests } from './requests.js';
import { Tally } from './tally.js';

export interface ClosedLoopOptions extends ConnectionsOptions {
  readonly requests: PreparedRequests;
  /** Requests; Infinity = as many as come in the time. */
  readonly count: number;
  /** After so long no more are sent; Infinity = until `count`. */
  readonly seconds: number;
}

export class ClosedLoop implements ConnectionOwner {
  readonly tally = new Tally();
  readonly requests: PreparedRequests;
  readonly #count: number;
  readonly #durationMs: number;
  #startMs = 0;
  #lastAnswerMs = 0;
  #isLate = false;
  #over: () => void = () => {};

  private constructor({ requests, count, seconds }: ClosedLoopOptions) {
    this.requests = requests;
    this.#count = count;
    this.#durationMs = seconds * 1000;
  }

  /** Settles when all is answered, or nothing is answered any more. */
  static async run(options: ClosedLoopOptions): Promise<ClosedLoop> {
    const loop = new ClosedLoop(options);
    const connections = await Connections.open(loop, options);
    try {
      await loop.#run(connections);
    } finally {
      connections.end();
    }
    return loop;
  }

  /** Requests that should have been answered. */
  get due(): number {
    return Number.isFinite(this.#count) && !this.#isLate ? this.#count : this.tally.sent;
  }

  get seconds(): number {
    return (this.#lastAnswerMs - this.#startMs) / 1000;
  }

  answered(): void {
    this.#lastAnswerMs = performance.now();
  }

  free(connection: Connection): void {
    // Opened, and the others are not yet.
    if (this.#startMs === 0) return;
    const { tally } = this;
    this.#isLate ||= this.#lastAnswerMs - this.#startMs >= this.#durationMs;
    const count = this.#isLate ? 0 : Math.min(connection.room, this.#count - tally.sent);
    if (count > 0) connection.send(tally.sent, count);
    else if (tally.underWay === 0) this.#over();
  }

  #run(connections: Connections): Promise<void> {
    return new Promise((resolve) => {
      this.#over = resolve;
      connections.onSilence(resolve);
      this.#startMs = performance.now();
      for (const connection of connections.all) this.free(connection);
    });
  }
}

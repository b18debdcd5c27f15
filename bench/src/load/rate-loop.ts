// rate-loop: requests at a fixed rate, whatever the answers do (open loop).
// Promise: a request is timed from when it was due, so that those which wait for a connection
// because the server is slow count the wait (no coordinated omission). Its connection is the one that
// is free for longest; where none is free, requests wait in their order.
// Nothing is allocated for a request but by Node.

import type { Connection, ConnectionOwner } from './connection.js';
import { Connections, type ConnectionsOptions } from './connections.js';
import { type Latency, latencyOf } from './latency.js';
import type { PreparedRequests } from './requests.js';
import { Tally } from './tally.js';

/** Between sends that are timed roughly: what is due goes out in one go. */
const ROUGH_MS = 1;

export interface RateOptions extends Omit<ConnectionsOptions, 'depth'> {
  readonly requests: PreparedRequests;
  /** When each request is due, ms from the start, ascending. */
  readonly due: Float64Array;
  /** True: looks at the clock all the time. False: each millisecond. */
  readonly exact: boolean;
}

export class RateLoop implements ConnectionOwner {
  readonly tally = new Tally();
  readonly requests: PreparedRequests;
  readonly #due: Float64Array;
  readonly #exact: boolean;
  readonly #latencies: Float64Array;
  readonly #lateness: Float64Array;
  readonly #unread: Float64Array;
  /** Connections without a request, by index: a ring, the one that waits for longest first. */
  readonly #free: Int32Array;
  #freeFirst = 0;
  #freeCount = 0;
  /** By connection: whether it is in the ring, and since when. */
  readonly #isFree: Uint8Array;
  readonly #freeSinceMs: Float64Array;
  #connections: Connections | undefined;
  #startMs = 0;
  /** Before the event loop last looked for answers, and before the time before that. */
  #lookedMs = 0;
  #lookedBeforeMs = 0;
  #firstSentMs = 0;
  #lastSentMs = 0;
  #lastAnswerMs = 0;
  #next = 0;
  #queued = 0;
  #ended = false;

  private constructor({ requests, due, exact, connections }: RateOptions) {
    this.requests = requests;
    this.#due = due;
    this.#exact = exact;
    this.#latencies = new Float64Array(due.length).fill(Number.NaN);
    this.#lateness = new Float64Array(due.length).fill(Number.NaN);
    this.#unread = new Float64Array(due.length).fill(Number.NaN);
    this.#free = new Int32Array(connections);
    this.#isFree = new Uint8Array(connections);
    this.#freeSinceMs = new Float64Array(connections);
  }

  /** Settles when all is answered, or nothing is answered any more. */
  static async run(options: RateOptions): Promise<RateLoop> {
    const loop = new RateLoop(options);
    const connections = await Connections.open(loop, { ...options, depth: 1 });
    loop.#connections = connections;
    try {
      await new Promise<void>((resolve) => loop.#start(connections, resolve));
    } finally {
      connections.end();
    }
    return loop;
  }

  get count(): number {
    return this.#due.length;
  }

  get seconds(): number {
    return (this.#lastAnswerMs - this.#startMs) / 1000;
  }

  get sentRate(): number {
    const spans = this.tally.sent - 1;
    return spans > 0 ? (spans * 1000) / (this.#lastSentMs - this.#firstSentMs) : 0;
  }

  /** Requests that found no free connection when they were due. */
  get queued(): number {
    return this.#queued;
  }

  latency(): Latency {
    return latencyOf(this.#latencies);
  }

  lateness(): Latency {
    return latencyOf(this.#lateness);
  }

  /** How long each answer may have lain unread. */
  unread(): Latency {
    return latencyOf(this.#unread);
  }

  answered(turn: number): void {
    const nowMs = performance.now();
    this.#unread[turn] = nowMs - this.#lookedBeforeMs;
    this.#lastAnswerMs = nowMs;
    this.#latencies[turn] = nowMs - this.#startMs - this.#due[turn]!;
  }

  free({ index }: Connection): void {
    if (this.#isFree[index] === 0) {
      this.#isFree[index] = 1;
      this.#freeSinceMs[index] = performance.now();
      this.#free[(this.#freeFirst + this.#freeCount++) % this.#free.length] = index;
    }
    // Not before the start; then also between the reads of one turn of the event loop, which may
    // be many.
    if (this.#startMs > 0 && this.#exact) this.#sendDue();
  }

  #start(connections: Connections, end: () => void): void {
    const over = () => {
      this.#ended = true;
      end();
    };
    connections.onSilence(over);
    const turn = () => {
      if (this.#ended) return;
      this.#sendDue();
      if (this.#next === this.count && this.tally.underWay === 0) over();
      else if (this.#exact) setImmediate(turn);
      else setTimeout(turn, ROUGH_MS);
      this.#lookedBeforeMs = this.#lookedMs;
      this.#lookedMs = performance.now();
    };
    this.#startMs = performance.now();
    this.#lookedMs = this.#startMs;
    turn();
  }

  #sendDue(): void {
    while (this.#next < this.count && this.#freeCount > 0) {
      const dueMs = this.#startMs + this.#due[this.#next]!;
      const nowMs = performance.now();
      if (dueMs > nowMs) return;
      const connection = this.#takeFree();
      if (!connection.isOpen) continue;
      const turn = this.#next++;
      const freeMs = this.#freeSinceMs[connection.index]!;
      if (freeMs > dueMs) this.#queued++;
      this.#lateness[turn] = nowMs - Math.max(dueMs, freeMs);
      if (turn === 0) this.#firstSentMs = nowMs;
      this.#lastSentMs = nowMs;
      connection.send(turn, 1);
    }
  }

  #takeFree(): Connection {
    const index = this.#free[this.#freeFirst]!;
    this.#freeFirst = (this.#freeFirst + 1) % this.#free.length;
    this.#freeCount--;
    this.#isFree[index] = 0;
    return this.#connections!.all[index]!;
  }
}

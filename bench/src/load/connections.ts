// connections: all connections of a load, opened before it begins; the end of a load that is not
// answered any more.

import { type Address, Connection, type ConnectionOwner } from './connection.js';

const OPEN_TIMEOUT_MS = 5_000;
const WATCH_MS = 100;
const SILENCE_MS = 10_000;

export interface ConnectionsOptions extends Address {
  readonly connections: number;
  readonly depth: number;
  readonly silenceMs?: number;
}

export class Connections {
  readonly #owner: ConnectionOwner;
  readonly #all: readonly Connection[];
  readonly #silenceMs: number;
  #watch: NodeJS.Timeout | undefined;

  private constructor(owner: ConnectionOwner, options: ConnectionsOptions) {
    const { host, port, connections, depth } = options;
    this.#owner = owner;
    this.#silenceMs = options.silenceMs ?? SILENCE_MS;
    this.#all = Array.from(
      { length: connections },
      (_, index) => new Connection(owner, { host, port }, index, depth),
    );
  }

  /** @throws Error where one closes first, or they are not all open within five seconds */
  static async open(owner: ConnectionOwner, options: ConnectionsOptions): Promise<Connections> {
    const connections = new Connections(owner, options);
    try {
      await connections.#opened(`${options.host}:${options.port}`);
    } catch (error) {
      connections.end();
      throw error;
    }
    return connections;
  }

  get all(): readonly Connection[] {
    return this.#all;
  }

  /** Calls once, if there was no answer for too long. */
  onSilence(call: () => void): void {
    const { tally } = this.#owner;
    let answered = tally.answered;
    let heardMs = performance.now();
    this.#watch = setInterval(() => {
      const nowMs = performance.now();
      if (tally.answered !== answered) {
        answered = tally.answered;
        heardMs = nowMs;
      } else if (nowMs - heardMs > this.#silenceMs) {
        clearInterval(this.#watch);
        call();
      }
    }, WATCH_MS);
  }

  end(): void {
    clearInterval(this.#watch);
    for (const connection of this.#all) connection.end();
  }

  #opened(place: string): Promise<void> {
    const { tally } = this.#owner;
    const startMs = performance.now();
    return new Promise((resolve, reject) => {
      const look = () => {
        const missing = this.#all.filter(({ isOpen }) => !isOpen).length;
        const tooLate = performance.now() - startMs > OPEN_TIMEOUT_MS;
        if (missing === 0) resolve();
        else if (tally.closed === 0 && !tooLate) setTimeout(look, 1);
        else {
          const why = tally.firstError === undefined ? '' : `: ${tally.firstError}`;
          reject(
            new Error(`${missing} of ${this.#all.length} connections to ${place} failed${why}`),
          );
        }
      };
      look();
    });
  }
}

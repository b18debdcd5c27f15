// grpc-feed: the messages that a gRPC call sends, kept for the case that it is made once more.

import type { Call } from './grpc-js.js';

export interface Kept {
  readonly message: Buffer;
  readonly flags: number | undefined;
  callback: ((error?: Error | null) => void) | undefined;
  taken: boolean;
}

/** Messages for one call, one at a time: grpc-js keeps but one that it cannot write yet. */
export class Feed {
  readonly #call: Call;
  readonly #taken: (kept: Kept) => void;
  readonly #waiting: Kept[] = [];
  #sending = false;
  #ended = false;

  constructor(call: Call, taken: (kept: Kept) => void) {
    this.#call = call;
    this.#taken = taken;
  }

  /** Nothing more is written: who waits is told. */
  release(): void {
    for (const kept of this.#waiting.splice(0)) tell(kept);
  }

  push(kept: Kept): void {
    this.#waiting.push(kept);
    this.#next();
  }

  end(): void {
    this.#ended = true;
    this.#next();
  }

  #next(): void {
    if (this.#sending) return;
    const kept = this.#waiting.shift();
    if (kept === undefined) {
      if (this.#ended) this.#call.halfClose();
      return;
    }
    this.#sending = true;
    const callback = () => {
      this.#sending = false;
      this.#taken(kept);
      this.#next();
    };
    const flags = kept.flags === undefined ? {} : { flags: kept.flags };
    this.#call.sendMessageWithContext({ callback, ...flags }, kept.message);
  }
}

/** The caller is told once that a message is taken, however often it is sent. */
export function tell(kept: Kept): void {
  const { callback } = kept;
  kept.callback = undefined;
  if (callback !== undefined) process.nextTick(callback);
}

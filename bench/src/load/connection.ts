// connection: one kept-alive connection of a load, and those that follow it when it closes.
// Promise: whoever owns it is told of each answer in the order of its requests; a connection that
// closes or cannot be understood is counted and opened again, and what it owed is not sent again.
// Plain `socket.write`: writing past the stream (its handle, or its descriptor) was measured at the
// same 7.7 µs of CPU per request, of which 6 are the kernel's (2026-11-21, Node 20.20).

import { connect, type Socket } from 'node:net';
import { AnswerReader, type AnswerSink } from './answers.js';
import type { PreparedRequests } from './requests.js';
import type { Tally } from './tally.js';

const BUFFER_SIZE = 1 << 14;
/** Before another try: a proxy that refuses shall not be all there is to do. */
const REOPEN_MS = 20;

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectionOwner {
  readonly requests: PreparedRequests;
  readonly tally: Tally;
  /** The request of this turn has its answer, right or wrong. */
  answered(turn: number): void;
  /** It was opened, or a read ended that brought answers: there is room for more requests. */
  free(connection: Connection): void;
}

export class Connection implements AnswerSink {
  /** Its place among those of its owner. */
  readonly index: number;
  readonly #owner: ConnectionOwner;
  readonly #address: Address;
  readonly #buffer = Buffer.alloc(BUFFER_SIZE);
  /** The turns that are under way, in a ring. */
  readonly #turns: Int32Array;
  #first = 0;
  #owed = 0;
  #socket: Socket | undefined;
  #open = false;
  #reader = new AnswerReader();
  #reopening: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param depth how many requests it will ever be given at once */
  constructor(owner: ConnectionOwner, address: Address, index: number, depth: number) {
    this.#owner = owner;
    this.#address = address;
    this.index = index;
    this.#turns = new Int32Array(depth);
    this.#connect();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** How many more requests it takes; 0 while it is not open. */
  get room(): number {
    return this.#open ? this.#turns.length - this.#owed : 0;
  }

  /** Sends the requests of `count` turns from `turn` on; there must be room. */
  send(turn: number, count: number): void {
    const { requests, tally } = this.#owner;
    for (let i = 0; i < count; i++) {
      this.#turns[(this.#first + this.#owed++) % this.#turns.length] = turn + i;
    }
    tally.sent += count;
    this.#socket!.write(requests.bytes(turn, count));
  }

  /** For good; counts as nothing. */
  end(): void {
    this.#ended = true;
    this.#open = false;
    clearTimeout(this.#reopening);
    this.#socket?.destroy();
  }

  answer(status: number, bytes: Buffer, start: number, end: number): void {
    const { requests, tally } = this.#owner;
    if (this.#owed === 0) {
      tally.wrong(undefined, bytes, start, end);
      return;
    }
    const turn = this.#turns[this.#first]!;
    this.#first = (this.#first + 1) % this.#turns.length;
    this.#owed--;
    tally.answer(requests.of(turn), status, bytes, start, end);
    this.#owner.answered(turn);
  }

  #connect(): void {
    this.#reader = new AnswerReader();
    const onread = { buffer: this.#buffer, callback: (size: number) => this.#read(size) };
    this.#socket = connect({ ...this.#address, noDelay: true, onread })
      .on('connect', () => {
        this.#open = true;
        this.#owner.free(this);
      })
      .on('error', (error) => this.#owner.tally.error(error.message))
      .on('close', () => this.#closed());
  }

  #closed(): void {
    this.#open = false;
    this.#owner.tally.dropped += this.#owed;
    this.#owed = 0;
    if (this.#ended) return;
    this.#owner.tally.closed++;
    this.#reopening = setTimeout(() => this.#connect(), REOPEN_MS);
  }

  #read(size: number): boolean {
    if (this.#reader.read(this.#buffer, size, this)) {
      if (this.room > 0) this.#owner.free(this);
    } else {
      this.#unreadable(size);
    }
    return true;
  }

  #unreadable(size: number): void {
    const { requests, tally } = this.#owner;
    const request = this.#owed > 0 ? requests.of(this.#turns[this.#first]!) : undefined;
    tally.wrong(request, this.#buffer, 0, size);
    this.#open = false;
    this.#socket?.destroy();
  }
}

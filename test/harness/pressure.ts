// pressure: as many requests as a proxy takes, over many connections that are kept alive, each with
// several requests on their way (pipelining). One thread, plain sockets: a request is bytes made
// beforehand, an answer is a status.
// Promise: it ends, whatever the proxy does: a connection that closes, says nothing for too long or
// cannot be understood is opened again, and what it owed is counted as lost.
// An answer is counted when it is read. It was decided before, at most by the time that all requests
// under way take: with 64 connections of 2 and 25,000/s, 5 ms.

import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ResponseScanner } from './response-scanner.js';
import { Tally } from './tally.js';

/** One request, and the class that its answer is counted in. */
export interface Shot {
  readonly bytes: Buffer;
  readonly label: string;
}

export interface PressureOptions {
  readonly port: number;
  readonly host?: string;
  /** The request of a turn; turns count from 0. Its bytes had better been made before. */
  readonly shot: (turn: number) => Shot;
  /** Default 64. */
  readonly connections?: number;
  /**
   * Requests under way on one connection; default 2. Of more, Envoy may read three at once, and if it
   * answers them itself it closes the connection ("Too many responses queued": it holds two).
   */
  readonly depth?: number;
  /** After so long a connection that owes answers and says nothing is given up; default 5,000. */
  readonly silenceMs?: number;
  /** Of the tally; default 100. */
  readonly sliceMs?: number;
  /** Nothing is sent after so long. */
  readonly durationMs: number;
}

export interface Report {
  /** By the time since the first request was sent. */
  readonly tally: Tally;
  /** From the first request to the last. */
  readonly seconds: number;
  readonly sent: number;
  readonly answered: number;
  /** Sent, and not answered. */
  readonly lost: number;
  /** Requests sent in a second. */
  readonly offered: number;
  /** Connections opened again since they were closed, not to be understood, or silent. */
  readonly closed: number;
  readonly unreadable: number;
  readonly silent: number;
}

const BUFFER_SIZE = 1 << 16;
/** Before another try: a proxy that refuses shall not be all there is to do. */
const REOPEN_MS = 20;
/** What is under way at the end has so long to come. */
const DRAIN_MS = 2_000;
const DRAIN_POLL_MS = 5;
const WATCH_MS = 250;

/** A request without a body, as bytes. */
export function requestBytes(
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Buffer {
  const lines = [['host', 'test.example'] as const, ...headers].map((pair) => pair.join(': '));
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** What the lines of one load share. */
interface Owner {
  readonly address: { readonly port: number; readonly host: string };
  readonly depth: number;
  readonly silenceMs: number;
  /** Undefined where no more is to be sent. */
  next(): Shot | undefined;
  answered(label: string, status: number, nowMs: number): void;
  /** Whether to open the connection again. */
  closed(why: Close): boolean;
}

type Close = 'closed' | 'unreadable' | 'silent';

/** A connection, and the one that follows it. */
class Line {
  readonly #owner: Owner;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_SIZE);
  #socket: Socket | undefined;
  #scanner = new ResponseScanner();
  /** The classes of what is under way, oldest first. */
  #owed: string[] = [];
  #heardMs = 0;
  #reopening: NodeJS.Timeout | undefined;
  #why: Close = 'closed';

  constructor(owner: Owner) {
    this.#owner = owner;
    this.#open();
  }

  get owed(): number {
    return this.#owed.length;
  }

  /** Gives the connection up if it was silent for too long, while it was opened or owed something. */
  watch(nowMs: number): void {
    const waits = this.#owed.length > 0 || this.#socket?.connecting === true;
    if (waits && nowMs - this.#heardMs > this.#owner.silenceMs) this.#giveUp('silent');
  }

  /** Once nothing is opened again. */
  close(): void {
    clearTimeout(this.#reopening);
    this.#socket?.destroy();
  }

  #open(): void {
    this.#scanner = new ResponseScanner();
    this.#owed = [];
    this.#why = 'closed';
    this.#heardMs = performance.now();
    const onread = { buffer: this.#buffer, callback: (size: number) => this.#read(size) };
    this.#socket = connect({ ...this.#owner.address, noDelay: true, onread })
      .on('connect', () => this.#fill())
      // `close` follows.
      .on('error', () => {})
      .on('close', () => this.#closed());
  }

  #closed(): void {
    this.#socket = undefined;
    this.#owed = [];
    if (!this.#owner.closed(this.#why)) return;
    this.#reopening = setTimeout(() => this.#open(), REOPEN_MS);
  }

  #giveUp(why: Close): void {
    this.#why = why;
    this.#socket?.destroy();
  }

  #read(size: number): boolean {
    const nowMs = performance.now();
    this.#heardMs = nowMs;
    let unasked = false;
    const readable = this.#scanner.scan(this.#buffer.subarray(0, size), (status) => {
      const label = this.#owed.shift();
      if (label === undefined) unasked = true;
      else this.#owner.answered(label, status, nowMs);
    });
    if (readable && !unasked) this.#fill();
    else this.#giveUp('unreadable');
    return true;
  }

  #fill(): void {
    const all: Buffer[] = [];
    while (this.#owed.length < this.#owner.depth) {
      const shot = this.#owner.next();
      if (shot === undefined) break;
      this.#owed.push(shot.label);
      all.push(shot.bytes);
    }
    if (all.length > 0) this.#socket?.write(all.length === 1 ? all[0]! : Buffer.concat(all));
  }
}

export class Pressure {
  /** Settles when it is over. */
  readonly ended: Promise<Report>;
  readonly #shot: PressureOptions['shot'];
  readonly #tally: Tally;
  readonly #lines: readonly Line[];
  readonly #stopping = new AbortController();
  readonly #closes: Record<Close, number> = { closed: 0, unreadable: 0, silent: 0 };
  #turn = 0;
  #firstMs = 0;
  #lastMs = 0;

  private constructor(options: PressureOptions) {
    const { port, host = '127.0.0.1', connections = 64 } = options;
    this.#shot = options.shot;
    this.#tally = new Tally(options.sliceMs ?? 100);
    const owner: Owner = {
      address: { port, host },
      depth: options.depth ?? 2,
      silenceMs: options.silenceMs ?? 5_000,
      next: () => this.#next(),
      answered: (label, status, nowMs) => this.#tally.add(label, status, nowMs - this.#firstMs),
      closed: (why) => {
        if (this.#stopping.signal.aborted) return false;
        this.#closes[why]++;
        return true;
      },
    };
    this.#lines = Array.from({ length: connections }, () => new Line(owner));
    this.ended = this.#run(options.durationMs);
  }

  static start(options: PressureOptions): Pressure {
    return new Pressure(options);
  }

  /** Sends nothing more, and waits for what is under way. */
  stop(): Promise<Report> {
    this.#stopping.abort();
    return this.ended;
  }

  #next(): Shot | undefined {
    if (this.#stopping.signal.aborted) return undefined;
    this.#lastMs = performance.now();
    if (this.#turn === 0) this.#firstMs = this.#lastMs;
    return this.#shot(this.#turn++);
  }

  async #run(durationMs: number): Promise<Report> {
    const watch = setInterval(() => {
      const nowMs = performance.now();
      for (const line of this.#lines) line.watch(nowMs);
    }, WATCH_MS);
    await delay(durationMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
    this.#stopping.abort();
    const untilMs = performance.now() + DRAIN_MS;
    while (performance.now() < untilMs && this.#lines.some((line) => line.owed > 0)) {
      await delay(DRAIN_POLL_MS);
    }
    clearInterval(watch);
    for (const line of this.#lines) line.close();
    const sent = this.#turn;
    const answered = this.#tally.count();
    const seconds = (this.#lastMs - this.#firstMs) / 1000;
    return {
      ...{ tally: this.#tally, seconds, sent, answered, lost: sent - answered },
      offered: seconds > 0 ? sent / seconds : 0,
      ...this.#closes,
    };
  }
}

// jobs: what a load generator is told and what it reports; plain data, as it goes between processes.

import type { Latency } from './latency.js';
import type { Expectation, PackedRequests, Request } from './requests.js';
import type { Pace } from './schedule.js';
import type { Answers } from './tally.js';

/** What every load is told. */
export interface LoadOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Used in turn. */
  readonly requests: readonly Request[];
  /** The turn to begin with: a load may go on where another one ended; default 0. */
  readonly first?: number;
  /** Of the requests that say nothing themselves; default: status 200. */
  readonly expect?: Expectation;
  /** Kept-alive connections, all opened before the first request. */
  readonly connections: number;
  /** Where nothing is answered for so long, the run ends and the rest is lost; default 10,000. */
  readonly silenceMs?: number;
}

export interface OpenOptions extends LoadOptions {
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  /** Default uniform. */
  readonly pace?: Pace;
  /** Of a pace with chance in it; default 1. */
  readonly seed?: number;
}

export interface PacedOptions extends LoadOptions {
  /** Requests per second. */
  readonly rate: number;
  /** Requests. */
  readonly count: number;
}

/** Ends after `count` requests or `seconds`, whichever comes first; one of them must be there. */
export interface ClosedOptions extends LoadOptions {
  readonly count?: number;
  readonly seconds?: number;
  /**
   * Requests under way on one connection; default 1. At most 2: of more, Envoy may read three at
   * once, and if it answers them itself it closes the connection ("Too many responses queued").
   */
  readonly depth?: number;
}

export interface Report extends Answers {
  /** From the first request (open: from when it was due) to the last answer. */
  readonly seconds: number;
  /** CPU time of the generator in that time, user and system; an open load spins, and uses all. */
  readonly cpuSeconds: number;
}

export interface OpenReport extends Report {
  /** Requests sent per second, from the first to the last. */
  readonly sentRate: number;
  /** From when each request was due to when its answer was read. */
  readonly latency: Latency;
  /**
   * From when each request was due, or later had a free connection, to when it was sent: what the
   * generator itself adds to the latency. Where the p99 of this or of `unread` is not small beside
   * the latencies, the generator had too little CPU, and the run is to be refused.
   */
  readonly lateness: Latency;
  /**
   * From when the generator had last looked and not found the answer to when it read it: how long it
   * may have lain there, at most. The same health, of the other half.
   */
  readonly unread: Latency;
  /** Requests that found no free connection when they were due. */
  readonly queued: number;
}

export interface PacedReport extends Report {
  /** Requests sent per second, from the first to the last. */
  readonly sentRate: number;
}

export interface ClosedReport extends Report {
  /** Answers per second. */
  readonly rate: number;
}

type Packed<T extends LoadOptions> = Omit<T, 'requests' | 'expect'> & {
  readonly packed: PackedRequests;
};

export type Job =
  | ({ readonly kind: 'open' } & Packed<OpenOptions>)
  | ({ readonly kind: 'paced' } & Packed<PacedOptions>)
  | ({ readonly kind: 'closed' } & Packed<ClosedOptions>);

/** What the process of the generator says: once that it listens, then one reply for each job. */
export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'report'; readonly report: Report }
  | { readonly kind: 'failed'; readonly message: string };

/** What makes a run worthless, in words; undefined where nothing does. */
export function faultOf(report: Report): string | undefined {
  const { wrong, lost, closed, firstWrong, firstError } = report;
  if (wrong > 0) return `${wrong} wrong answers, the first:\n${firstWrong}`;
  if (lost > 0 || closed > 0) {
    const why = firstError === undefined ? '' : ` (${firstError})`;
    return `${lost} requests without an answer, ${closed} connections closed${why}`;
  }
  return undefined;
}

// variant: one thing that a proxy may do to a request, and how to see that it did.

import type { VariantInfo } from '../record/record.js';

/** The cluster that is the next proxy. */
export const NEXT = 'next';

/** A request without a body; names in lower case. */
export interface BenchRequest {
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** An answer of the proxy itself (answers.ts). Anything else fails the run. */
export interface Expected {
  readonly status: number;
  readonly body: string;
}

/** Requests to one listener, each answered as expected. */
export interface Exchange {
  readonly listener: string;
  readonly requests: readonly BenchRequest[];
  readonly expect: Expected;
}

export interface BenchListener {
  readonly name: string;
  /** HTTP filters before the router, as Envoy's configuration has them. */
  readonly filters: readonly object[];
  /** Default: it answers by itself (answers.ts). */
  readonly routes?: readonly object[];
  /** Where it listens: the name of a Unix socket; default: a port. */
  readonly socket?: string;
}

export interface Variant extends VariantInfo {
  /** Why it cannot be had on this machine; undefined where it can. */
  readonly missing?: () => Promise<string | undefined>;
  readonly version?: () => Promise<string>;
  /** Builds what has to be built. */
  readonly listeners: () => Promise<readonly BenchListener[]>;
  /** Of a second proxy, to whose first listener the cluster `NEXT` of the first one goes. */
  readonly next?: () => Promise<readonly BenchListener[]>;
  /** What is measured; requests are sent in turn. */
  readonly load: Exchange;
  /** Sent each time before something is measured: what is remembered is not for ever. */
  readonly before?: readonly Exchange[];
  /** Counters of Envoy, by a part of their names, that must have grown by one for each request. */
  readonly counts?: readonly string[];
  /** Counters that must be 0. */
  readonly never?: readonly string[];
}

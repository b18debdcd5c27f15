// requests: what is sent, as bytes made beforehand, and which answer to each is the right one; in
// one piece, so that ten thousand of them go to another process in one message.

export interface Expectation {
  /** Default 200. */
  readonly status?: number;
  /** Each of these is somewhere in the answer, head or body; a character is a byte (latin1). */
  readonly contains?: readonly string[];
}

export interface Request {
  /** A whole HTTP/1.1 request, on a connection that is kept; never HEAD. */
  readonly bytes: Buffer;
  /** Default: what the load expects of all. */
  readonly expect?: Expectation;
}

/** Requests one behind the other. Survives structured cloning. */
export interface PackedRequests {
  readonly bytes: Uint8Array;
  /** Where each ends; it begins where the one before it ends. */
  readonly ends: Uint32Array;
  readonly statuses: Uint16Array;
  readonly contains: readonly (readonly string[])[];
}

export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly status: number;
  readonly contains: readonly Buffer[];
}

/** @throws RangeError where there is no request, or an empty one */
export function pack(requests: readonly Request[], expect: Expectation = {}): PackedRequests {
  if (requests.length === 0) throw new RangeError('a load of no requests');
  if (requests.some(({ bytes }) => bytes.length === 0)) throw new RangeError('an empty request');
  let end = 0;
  return {
    bytes: Buffer.concat(requests.map(({ bytes }) => bytes)),
    ends: Uint32Array.from(requests, ({ bytes }) => {
      end += bytes.length;
      return end;
    }),
    statuses: Uint16Array.from(requests, (one) => one.expect?.status ?? expect.status ?? 200),
    contains: requests.map((one) => one.expect?.contains ?? expect.contains ?? []),
  };
}

/** Requests in turn; behind the last comes the first again. */
export class PreparedRequests {
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  readonly #all: readonly PreparedRequest[];

  readonly #first: number;

  /** @param first which one is turn 0 */
  constructor({ bytes, ends, statuses, contains }: PackedRequests, first = 0) {
    this.#first = first;
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#ends = ends;
    this.#all = Array.from(ends, (_, i) => ({
      bytes: this.#slice(i, i),
      status: statuses[i]!,
      contains: contains[i]!.map((text) => Buffer.from(text, 'latin1')),
    }));
  }

  of(turn: number): PreparedRequest {
    return this.#all[(turn + this.#first) % this.#all.length]!;
  }

  /** The bytes of `count` turns, so that they are one write. Copies where they go round the end. */
  bytes(turn: number, count: number): Buffer {
    if (count === 1) return this.of(turn).bytes;
    const first = (turn + this.#first) % this.#all.length;
    if (first + count <= this.#all.length) return this.#slice(first, first + count - 1);
    return Buffer.concat(Array.from({ length: count }, (_, i) => this.of(turn + i).bytes));
  }

  #slice(first: number, last: number): Buffer {
    return this.#bytes.subarray(first === 0 ? 0 : this.#ends[first - 1], this.#ends[last]);
  }
}

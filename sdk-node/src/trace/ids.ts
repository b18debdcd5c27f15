// ids: span and trace ids in lower-case hex, random and never all zeros.

import { randomFillSync } from 'node:crypto';

/** Bytes of a span id, and half of those of a trace id. */
const SPAN_BYTES = 8;
const TRACE_BYTES = 16;
/** Random bytes are asked for by so many: one call costs more than all of its bytes. */
const POOL_BYTES = 2048;

export interface Ids {
  /** 16 hex digits. */
  span(): string;
  /** 32 hex digits, every bit random, as the random flag of a traceparent promises. */
  trace(): string;
}

/** Ids out of what `fill` fills a buffer with. */
export function idsFrom(fill: (pool: Buffer) => void): Ids {
  const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
  let at = POOL_BYTES;
  const take = (bytes: number): string => {
    for (;;) {
      if (at + bytes > POOL_BYTES) {
        fill(pool);
        at = 0;
      }
      const id = pool.toString('hex', at, at + bytes);
      at += bytes;
      if (!isZero(id)) return id;
    }
  };
  return { span: () => take(SPAN_BYTES), trace: () => take(TRACE_BYTES) };
}

/** From the system's generator: who sees some ids cannot tell the next. */
export const randomIds: Ids = idsFrom(randomFillSync);

/** No id is all zeros, in any format: there it says that there is none. */
export function isZero(id: string): boolean {
  return /^0*$/.test(id);
}

// bucket: where an identity stands among ten thousand; the filter's function, to the bit.
// `XXH64(seed 0, utf8(salt) ++ 0x00 ++ identity) mod 10000`; who is below the share is in, so that
// raising it keeps those who were.

import xxhash from 'xxhash-wasm';

/** Hundredths of a percent in a whole. */
export const BUCKETS = 10_000;

/** @param identity text; one character a byte where `bytes` says so */
export type BucketOf = (salt: string, identity: string, bytes?: 'bytes') => number;

/** The hash is a wasm of its own: it is there after a moment. */
export async function bucketFunction(): Promise<BucketOf> {
  const { h64Raw } = await xxhash();
  return (salt, identity, bytes) => {
    const parts = [Buffer.from(`${salt}\0`, 'utf8')];
    parts.push(Buffer.from(identity, bytes === undefined ? 'utf8' : 'latin1'));
    return Number(h64Raw(Buffer.concat(parts), 0n) % BigInt(BUCKETS));
  };
}

/** Identities whose bucket is below this are in a share of `percent`. */
export function thresholdOf(percent: number): number {
  return Math.round(percent * 100);
}

/** The smallest share that a bucket is in, in percent. */
export function percentFor(bucket: number): number {
  return (bucket + 1) / 100;
}

// bucket: where an identity stands among ten thousand; the filter's function, to the bit. Pure.
// XXH64 with seed 0: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const BUCKETS = 10_000n;
const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME_3 = 0x165667b19e3779f9n;
const PRIME_4 = 0x85ebca77c2b2ae63n;
const PRIME_5 = 0x27d4eb2f165667c5n;
const STRIPE_SIZE = 32;

const encoder = new TextEncoder();

/**
 * 0..9999. A rule of `percent: P` holds where `bucket(salt, identity) < Math.round(P * 100)`, so
 * raising P keeps those already in. A salt and an identity have the same bucket for ever; another
 * salt deals anew. Both are hashed as UTF-8: a header value beyond ASCII, which Node shows as
 * latin1, is `Buffer.from(value, 'latin1').toString()` here.
 */
export function bucket(salt: string, identity: string): number {
  return Number(xxh64(encoder.encode(`${salt}\0${identity}`)) % BUCKETS);
}

/** XXH64 with seed 0 of any bytes. */
export function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.byteLength;
  let at = 0;
  let hash = PRIME_5;
  if (end >= STRIPE_SIZE) {
    let lane1 = wrap(PRIME_1 + PRIME_2);
    let lane2 = PRIME_2;
    let lane3 = 0n;
    let lane4 = wrap(-PRIME_1);
    for (; at + STRIPE_SIZE <= end; at += STRIPE_SIZE) {
      lane1 = round(lane1, view.getBigUint64(at, true));
      lane2 = round(lane2, view.getBigUint64(at + 8, true));
      lane3 = round(lane3, view.getBigUint64(at + 16, true));
      lane4 = round(lane4, view.getBigUint64(at + 24, true));
    }
    hash = wrap(rotate(lane1, 1n) + rotate(lane2, 7n) + rotate(lane3, 12n) + rotate(lane4, 18n));
    for (const lane of [lane1, lane2, lane3, lane4]) {
      hash = wrap((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4);
    }
  }
  hash = wrap(hash + BigInt(end));
  for (; at + 8 <= end; at += 8) {
    const lane = round(0n, view.getBigUint64(at, true));
    hash = wrap(rotate(hash ^ lane, 27n) * PRIME_1 + PRIME_4);
  }
  if (at + 4 <= end) {
    const lane = wrap(BigInt(view.getUint32(at, true)) * PRIME_1);
    hash = wrap(rotate(hash ^ lane, 23n) * PRIME_2 + PRIME_3);
    at += 4;
  }
  for (; at < end; at++) {
    const lane = wrap(BigInt(view.getUint8(at)) * PRIME_5);
    hash = wrap(rotate(hash ^ lane, 11n) * PRIME_1);
  }
  hash = wrap((hash ^ (hash >> 33n)) * PRIME_2);
  hash = wrap((hash ^ (hash >> 29n)) * PRIME_3);
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * PRIME_2), 31n) * PRIME_1);
}

function rotate(value: bigint, bits: bigint): bigint {
  return wrap(value << bits) | (value >> (64n - bits));
}

/** Modulo 2 to the 64. */
function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

// siphash: SipHash-2-4 (www.aumasson.jp/siphash/siphash.pdf): a keyed hash over bytes in memory. Pure.
// Who does not know the key cannot make two texts meet, nor tell a text from its hash.
//
//   key    0          8          16
//          | k0       | k1       |      little-endian
//            ^ tweak: many functions of one key; 0 is the standard one
//
// Nothing is read outside the key and the text, wherever they begin; nothing is allocated.

export const SIPHASH_KEY_SIZE: u32 = 16;
/** Bytes that `sipHash128` writes. */
export const SIPHASH_128_SIZE: u32 = 16;

const SEED_0: u64 = 0x736f6d6570736575;
const SEED_1: u64 = 0x646f72616e646f6d;
const SEED_2: u64 = 0x6c7967656e657261;
const SEED_3: u64 = 0x7465646279746573;
/** What makes the longer variant another function, and its second half another than its first. */
const MARK_128: u64 = 0xee;
const MARK_SECOND: u64 = 0xdd;
const MARK_64: u64 = 0xff;

/** The state of the hash that is being made: dead once it is made. */
let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

function rounds(count: u32): void {
  let a = v0;
  let b = v1;
  let c = v2;
  let d = v3;
  for (; count > 0; count--) {
    a += b;
    c += d;
    b = rotl<u64>(b, 13) ^ a;
    d = rotl<u64>(d, 16) ^ c;
    a = rotl<u64>(a, 32);
    c += b;
    a += d;
    b = rotl<u64>(b, 17) ^ c;
    d = rotl<u64>(d, 21) ^ a;
    c = rotl<u64>(c, 32);
  }
  v0 = a;
  v1 = b;
  v2 = c;
  v3 = d;
}

function absorb(word: u64): void {
  v3 ^= word;
  rounds(2);
  v0 ^= word;
}

/** The last word: fewer than eight bytes, and the size of all modulo 256 in the highest. */
function lastWord(ptr: usize, end: usize, size: u32): u64 {
  let word = (<u64>size) << 56;
  for (let shift: u64 = 0; ptr < end; ptr++) {
    word |= (<u64>load<u8>(ptr)) << shift;
    shift += 8;
  }
  return word;
}

/** The state from the key to before the last rounds. */
function take(keyPtr: usize, tweak: u64, mark: u64, ptr: usize, size: u32): void {
  const key0 = load<u64>(keyPtr) ^ tweak;
  const key1 = load<u64>(keyPtr, 8);
  v0 = key0 ^ SEED_0;
  v1 = key1 ^ SEED_1 ^ mark;
  v2 = key0 ^ SEED_2;
  v3 = key1 ^ SEED_3;
  const end = ptr + size;
  for (const wordsEnd = ptr + (size & ~7); ptr < wordsEnd; ptr += 8) absorb(load<u64>(ptr));
  absorb(lastWord(ptr, end, size));
}

function half(): u64 {
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

export function sipHash(keyPtr: usize, tweak: u64, ptr: usize, size: u32): u64 {
  take(keyPtr, tweak, 0, ptr, size);
  v2 ^= MARK_64;
  return half();
}

/** Sixteen bytes at `outPtr`; the first eight are not those of `sipHash`. */
export function sipHash128(keyPtr: usize, tweak: u64, ptr: usize, size: u32, outPtr: usize): void {
  take(keyPtr, tweak, MARK_128, ptr, size);
  v2 ^= MARK_128;
  store<u64>(outPtr, half());
  v1 ^= MARK_SECOND;
  store<u64>(outPtr, half(), 8);
}

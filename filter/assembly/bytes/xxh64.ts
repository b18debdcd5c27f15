// xxh64: the 64-bit hash xxHash, seed 0, over bytes in memory. Pure.
// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

const PRIME_1: u64 = 0x9e3779b185ebca87;
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f;
const PRIME_3: u64 = 0x165667b19e3779f9;
const PRIME_4: u64 = 0x85ebca77c2b2ae63;
const PRIME_5: u64 = 0x27d4eb2f165667c5;
const STRIPE_SIZE: u32 = 32;

// Written out: the compiler leaves a function for a round where it is, and its calls cost as much
// as the rounds.
export function xxh64(ptr: usize, size: u32): u64 {
  const end = ptr + size;
  let hash: u64 = PRIME_5;
  if (size >= STRIPE_SIZE) {
    let lane1: u64 = PRIME_1 + PRIME_2;
    let lane2: u64 = PRIME_2;
    let lane3: u64 = 0;
    let lane4: u64 = 0 - PRIME_1;
    for (const last = end - STRIPE_SIZE; ptr <= last; ptr += STRIPE_SIZE) {
      lane1 = rotl<u64>(lane1 + load<u64>(ptr) * PRIME_2, 31) * PRIME_1;
      lane2 = rotl<u64>(lane2 + load<u64>(ptr, 8) * PRIME_2, 31) * PRIME_1;
      lane3 = rotl<u64>(lane3 + load<u64>(ptr, 16) * PRIME_2, 31) * PRIME_1;
      lane4 = rotl<u64>(lane4 + load<u64>(ptr, 24) * PRIME_2, 31) * PRIME_1;
    }
    hash = rotl<u64>(lane1, 1) + rotl<u64>(lane2, 7) + rotl<u64>(lane3, 12) + rotl<u64>(lane4, 18);
    hash = (hash ^ (rotl<u64>(lane1 * PRIME_2, 31) * PRIME_1)) * PRIME_1 + PRIME_4;
    hash = (hash ^ (rotl<u64>(lane2 * PRIME_2, 31) * PRIME_1)) * PRIME_1 + PRIME_4;
    hash = (hash ^ (rotl<u64>(lane3 * PRIME_2, 31) * PRIME_1)) * PRIME_1 + PRIME_4;
    hash = (hash ^ (rotl<u64>(lane4 * PRIME_2, 31) * PRIME_1)) * PRIME_1 + PRIME_4;
  }
  hash += <u64>size;
  for (; ptr + 8 <= end; ptr += 8) {
    const word = rotl<u64>(load<u64>(ptr) * PRIME_2, 31) * PRIME_1;
    hash = rotl<u64>(hash ^ word, 27) * PRIME_1 + PRIME_4;
  }
  if (ptr + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(ptr) * PRIME_1), 23) * PRIME_2 + PRIME_3;
    ptr += 4;
  }
  for (; ptr < end; ptr++) {
    hash = rotl<u64>(hash ^ (<u64>load<u8>(ptr) * PRIME_5), 11) * PRIME_1;
  }
  hash = (hash ^ (hash >> 33)) * PRIME_2;
  hash = (hash ^ (hash >> 29)) * PRIME_3;
  return hash ^ (hash >> 32);
}

// SipHash-2-4 against the paper (Aumasson, Bernstein: SipHash, a fast short-input PRF, section 2) in
// big integers; its 128 bits as the reference implementation has them, the paper has not.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, Probe, utf8 } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const MASK = (1n << 64n) - 1n;
const BYTE = 0xffn;

class State {
  readonly v: [bigint, bigint, bigint, bigint];

  /** "somepseudorandomlygeneratedbytes", eight big-endian bytes each, and the key. */
  constructor(key0: bigint, key1: bigint) {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = ['somepseu', 'dorandom', 'lygenera', 'tedbytes'].map(
      (text) => BigInt(`0x${Buffer.from(text).toString('hex')}`),
    );
    this.v = [key0 ^ a, key1 ^ b, key0 ^ c, key1 ^ d];
  }

  /** One of the four half-rounds of figure 2.1: an addition, two rotations, a xor. */
  #mix(to: number, from: number, by: bigint, turned: boolean): void {
    const { v } = this;
    const sum = ((v[to] as bigint) + (v[from] as bigint)) & MASK;
    v[from] = rotate(v[from] as bigint, by) ^ sum;
    v[to] = turned ? rotate(sum, 32n) : sum;
  }

  round(times: number): void {
    for (; times > 0; times--) {
      this.#mix(0, 1, 13n, true);
      this.#mix(2, 3, 16n, false);
      this.#mix(2, 1, 17n, true);
      this.#mix(0, 3, 21n, false);
    }
  }

  get all(): bigint {
    return this.v.reduce((all, word) => all ^ word);
  }
}

function rotate(value: bigint, by: bigint): bigint {
  return ((value << by) | (value >> (64n - by))) & MASK;
}

const little = (bytes: Bytes): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** One half for 64 bits, two for 128. */
function reference(key: Bytes, tweak: bigint, text: Bytes, bits: 64 | 128): bigint {
  const state = new State(little(key.slice(0, 8)) ^ tweak, little(key.slice(8)));
  const mark = bits === 128 ? 0xeen : 0n;
  state.v[1] ^= mark;
  // Padded with zeros to whole words, of which the last byte is the size modulo 256.
  const padded = new Uint8Array((Math.floor(text.length / 8) + 1) * 8);
  padded.set(text);
  padded[padded.length - 1] = text.length % 256;
  for (let at = 0; at < padded.length; at += 8) {
    const word = little(padded.slice(at, at + 8));
    state.v[3] ^= word;
    state.round(2);
    state.v[0] ^= word;
  }
  state.v[2] ^= bits === 128 ? mark : BYTE;
  state.round(4);
  if (bits === 64) return state.all;
  const low = state.all;
  state.v[1] ^= 0xddn;
  state.round(4);
  return (state.all << 64n) | low;
}

function expectSame(key: Bytes, tweak: bigint, text: Bytes): void {
  expect(probe.sipHash(key, tweak, text)).toBe(reference(key, tweak, text, 64));
  expect(little(probe.sipHash128(key, tweak, text))).toBe(reference(key, tweak, text, 128));
}

const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((one) => Uint8Array.from(one));
const number = fc.bigInt({ min: 0n, max: MASK });

describe('siphash, as its paper', () => {
  const counting = (size: number) => Uint8Array.from({ length: size }, (_, i) => i & 255);

  it('has a reference that gives the example of the paper, appendix A', () => {
    expect(reference(counting(16), 0n, counting(15), 64)).toBe(0xa129ca6149be45e5n);
  });

  it('gives the same value for every size, more than 256 bytes among them', () => {
    for (let size = 0; size <= 600; size++) expectSame(counting(16), 0n, counting(size));
  });

  it('gives the same value for any key, tweak and bytes', () => {
    fc.assert(
      fc.property(bytes(16, 16), fc.oneof(fc.constant(0n), number), bytes(0, 100), expectSame),
      {
        numRuns: 4000,
      },
    );
  });

  it('gives another value for another tweak', () => {
    const seen = new Set<bigint>();
    const text = utf8('10.0.0.1');
    for (let bit = 0n; bit < 64n; bit++) {
      seen.add(probe.sipHash(counting(16), 1n << bit, text));
      seen.add(probe.sipHash(counting(16), bit, text));
    }
    // 1, 2, 4, 8, 16 and 32 are asked for twice.
    expect(seen.size).toBe(128 - 6);
  });
});

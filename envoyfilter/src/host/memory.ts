// memory: reads and writes of one guest's linear memory.
// Promise: no access outside of it, ever; a bad pointer is a `false` or `undefined`, not a throw,
// and a guest that grows its memory within a call is seen at the next access.
// Text is Latin-1: one character is one byte, so every byte survives. Pointers and sizes may come as
// WebAssembly hands them over, as signed 32-bit numbers: they are taken as unsigned.

import type { WasmMemory } from './wasm-api.js';

const ADDRESS_MAX = 0xffff_ffff;
const INTERN_SLOTS = 1024;
const INTERN_SIZE_MAX = 128;
// Below this a loop beats the call into Node's native writer (measured: about 40 characters).
const NATIVE_WRITE_MIN = 40;

export class GuestMemory {
  readonly memory: WasmMemory;
  #bytes: Buffer;
  #view: DataView;
  readonly #interned: (string | undefined)[] = new Array(INTERN_SLOTS).fill(undefined);

  constructor(memory: WasmMemory) {
    this.memory = memory;
    this.#bytes = Buffer.from(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  // Growth detaches the old ArrayBuffer, whose views then have length 0. Reading that length costs
  // less than asking `memory.buffer` at each access, which leaves JavaScript.
  #fresh(): Buffer {
    if (this.#bytes.length === 0) {
      this.#bytes = Buffer.from(this.memory.buffer);
      this.#view = new DataView(this.memory.buffer);
    }
    return this.#bytes;
  }

  /** Size of the memory in bytes. */
  get size(): number {
    return this.#fresh().length;
  }

  /** Whether `size` bytes at `ptr` lie inside; the empty range at the very end does. */
  has(ptr: number, size: number): boolean {
    const end = (ptr >>> 0) + (size >>> 0);
    return end <= ADDRESS_MAX && end <= this.#fresh().length;
  }

  /** The bytes themselves, not a copy: dead after the next call into the guest. */
  slice(ptr: number, size: number): Uint8Array | undefined {
    const from = ptr >>> 0;
    return this.has(from, size) ? this.#bytes.subarray(from, from + (size >>> 0)) : undefined;
  }

  /** The bytes as Latin-1 text. */
  text(ptr: number, size: number): string | undefined {
    const from = ptr >>> 0;
    if (!this.has(from, size)) return undefined;
    return size === 0 ? '' : this.#bytes.toString('latin1', from, from + (size >>> 0));
  }

  /**
   * Like `text`, for what a guest repeats at each request (names, keys, paths): the same bytes give
   * the same string object, without a new one.
   */
  name(ptr: number, size: number): string | undefined {
    if (size >>> 0 > INTERN_SIZE_MAX) return this.text(ptr, size);
    const from = ptr >>> 0;
    if (!this.has(from, size)) return undefined;
    const bytes = this.#bytes;
    let hash = size;
    for (let i = from; i < from + size; i += 1) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (INTERN_SLOTS - 1);
    const known = this.#interned[slot];
    if (known !== undefined && known.length === size) {
      let i = 0;
      while (i < size && known.charCodeAt(i) === bytes[from + i]) i += 1;
      if (i === size) return known;
    }
    const text = bytes.toString('latin1', from, from + size);
    this.#interned[slot] = text;
    return text;
  }

  getU32(ptr: number): number | undefined {
    return this.has(ptr, 4) ? this.#view.getUint32(ptr >>> 0, true) : undefined;
  }

  setU32(ptr: number, value: number): boolean {
    if (!this.has(ptr, 4)) return false;
    this.#view.setUint32(ptr >>> 0, value, true);
    return true;
  }

  setU64(ptr: number, value: bigint): boolean {
    if (!this.has(ptr, 8)) return false;
    this.#view.setBigUint64(ptr >>> 0, value, true);
    return true;
  }

  write(ptr: number, bytes: Uint8Array): boolean {
    if (!this.has(ptr, bytes.length)) return false;
    this.#bytes.set(bytes, ptr >>> 0);
    return true;
  }

  /** Writes Latin-1 text. The caller has checked the range with `has`. */
  writeText(ptr: number, text: string): void {
    const bytes = this.#fresh();
    if (text.length >= NATIVE_WRITE_MIN) {
      bytes.write(text, ptr, 'latin1');
      return;
    }
    for (let i = 0; i < text.length; i += 1) bytes[ptr + i] = text.charCodeAt(i);
  }
}

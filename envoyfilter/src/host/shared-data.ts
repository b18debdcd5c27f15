// shared-data: the key-value store that all VMs of one vm_id share, across plugins and workers.
// Promise: compare-and-swap as proxy-wasm-cpp-host does it. CAS 0 always writes; a non-zero CAS
// creates an absent key and must equal the stored one otherwise. Guests cannot delete a key.
// A vm_id's data goes when the last base VM of that vm_id does.

import { Status } from './status.js';

/** A stored value and the number that a conditional write has to name. */
export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

interface Entry {
  value: Uint8Array;
  cas: number;
}

export class SharedData {
  readonly #spaces = new Map<string, Map<string, Entry>>();
  #nextCas = 1;

  /** The entry of `key`, or undefined. `value` may be overwritten in place by the next `set`. */
  get(vmId: string, key: string): SharedValue | undefined {
    return this.#spaces.get(vmId)?.get(key);
  }

  /**
   * Stores a copy of `value`.
   * @param key Latin-1 text, one character a byte
   * @param cas 0 = unconditional
   */
  set(vmId: string, key: string, value: Uint8Array, cas = 0): Status {
    let space = this.#spaces.get(vmId);
    if (space === undefined) {
      space = new Map();
      this.#spaces.set(vmId, space);
    }
    const entry = space.get(key);
    if (entry === undefined) {
      space.set(key, { value: Uint8Array.from(value), cas: this.#takeCas() });
      return Status.Ok;
    }
    if (cas !== 0 && cas !== entry.cas) return Status.CasMismatch;
    // Counters and slots keep their length: overwriting spares a million small arrays.
    if (entry.value.length === value.length) entry.value.set(value);
    else entry.value = Uint8Array.from(value);
    entry.cas = this.#takeCas();
    return Status.Ok;
  }

  /** All keys of a vm_id, in order of creation. */
  keys(vmId: string): string[] {
    return [...(this.#spaces.get(vmId)?.keys() ?? [])];
  }

  /** Drops a whole space, as happens when its last VM is gone. */
  deleteVmId(vmId: string): void {
    this.#spaces.delete(vmId);
  }

  // One counter for all keys, 32 bits; 0 is skipped because it means "unconditional".
  #takeCas(): number {
    const cas = this.#nextCas;
    this.#nextCas = cas === 0xffff_ffff ? 1 : cas + 1;
    return cas;
  }
}

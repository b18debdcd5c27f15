// vm-pool: the VMs of one process, by what makes plugins share one.
// VMs are shared as Envoy shares them: by vm_id, VM configuration and code, and since Envoy 1.40 by
// capability list as well. Before that the list of whoever came first stays in force.

import { Capabilities } from './capabilities.js';
import type { Clock } from './clock.js';
import { WasmLoadError } from './instance.js';
import { Vm, type VmKey, type VmSurroundings } from './vm.js';
import { type WasmModule, wasm } from './wasm-api.js';

/** The VMs of one key. */
export interface VmGroup {
  /** The main thread's and the workers', made when they are needed. */
  readonly threads: (Vm | undefined)[];
  /** What the canary of a plugin said, by plugin key. */
  readonly canaries: Map<string, { readonly refusal: string | undefined }>;
  users: number;
}

export class VmPool {
  /** Worker threads. */
  readonly workers: number;
  readonly #groups = new Map<string, VmGroup>();
  readonly #modules = new Map<string, WasmModule>();
  readonly #numbers = new WeakMap<WasmModule, number>();
  readonly #surroundings: VmSurroundings;
  readonly #capabilitiesInKey: boolean;
  #nextNumber = 1;

  /** @param capabilitiesInKey whether another list of capabilities makes another VM */
  constructor(workers: number, capabilitiesInKey: boolean, surroundings: VmSurroundings) {
    this.workers = workers;
    this.#capabilitiesInKey = capabilitiesInKey;
    this.#surroundings = surroundings;
  }

  get clock(): Clock {
    return this.#surroundings.clock;
  }

  /** The module of some code, compiled once. @throws WasmLoadError where it is no wasm */
  module(code: Uint8Array | WasmModule): WasmModule {
    if (!(code instanceof Uint8Array)) return code;
    const key = Buffer.from(code.buffer, code.byteOffset, code.length).toString('latin1');
    let module = this.#modules.get(key);
    if (module === undefined) {
      try {
        module = new wasm.Module(code);
      } catch (error) {
        throw new WasmLoadError(`no WebAssembly module: ${(error as Error).message}`);
      }
      this.#modules.set(key, module);
    }
    return module;
  }

  /** A VM that is thrown away: the canary on which a configuration is tried first. */
  canary(key: VmKey): Vm {
    return new Vm(key, 'canary', this.#surroundings);
  }

  /** The VMs of a key; `release` gives them back. */
  acquire(key: VmKey): VmGroup {
    const id = this.#idOf(key);
    let group = this.#groups.get(id);
    if (group === undefined) {
      group = { threads: [], canaries: new Map(), users: 0 };
      this.#groups.set(id, group);
    }
    group.users += 1;
    return group;
  }

  /** The VM of a thread (0 = main), a new one where there is none or it has failed. */
  vm(key: VmKey, group: VmGroup, thread: number): Vm {
    const known = group.threads[thread];
    if (known !== undefined && known.failure === undefined) return known;
    const name = thread === 0 ? 'main' : `worker ${thread - 1}`;
    const vm = new Vm(key, name, this.#surroundings);
    group.threads[thread] = vm;
    return vm;
  }

  /** Once nobody uses them, the VMs go, and the data of a vm_id with its last VM. */
  release(key: VmKey, group: VmGroup): void {
    group.users -= 1;
    if (group.users > 0) return;
    this.#groups.delete(this.#idOf(key));
    const prefix = `${key.vmId}\0`;
    if (![...this.#groups.keys()].some((id) => id.startsWith(prefix))) {
      this.#surroundings.sharedData.deleteVmId(key.vmId);
    }
  }

  /** All that were made and not given back. */
  vms(): Vm[] {
    return [...this.#groups.values()].flatMap(({ threads }) =>
      threads.filter((vm) => vm !== undefined),
    );
  }

  #idOf(key: VmKey): string {
    let number = this.#numbers.get(key.code);
    if (number === undefined) {
      number = this.#nextNumber++;
      this.#numbers.set(key.code, number);
    }
    const configuration = Buffer.from(key.vmConfiguration).toString('latin1');
    const list = this.#capabilitiesInKey ? new Capabilities(key.allowedCapabilities).key : '';
    return [key.vmId, number, configuration, list].join('\0');
  }
}

// host: one simulated Envoy process: its workers, its VMs, its shared data and metrics.
// VMs are shared as Envoy shares them: by vm_id, VM configuration and code, and since Envoy 1.40 by
// capability list as well. Before that the list of whoever came first stays in force.

import { webcrypto } from 'node:crypto';
import { type Clock, systemClock } from './clock.js';
import { Log, type LogEntry } from './log.js';
import { Metrics } from './metrics.js';
import { Plugin, type PluginOptions } from './plugin.js';
import { SharedData } from './shared-data.js';
import type { LogLevel } from './status.js';
import { Vm, type VmKey, type VmSurroundings } from './vm.js';
import { type WasmModule, wasm } from './wasm-api.js';

export interface HostOptions {
  /** Worker threads; default 1. */
  readonly workers?: number;
  /** Default: the machine's clocks. */
  readonly clock?: Clock;
  /** Fills bytes for WASI random_get; default: cryptographic. */
  readonly random?: (bytes: Uint8Array) => void;
  /** Called for each log line that is kept. */
  readonly onLog?: (entry: LogEntry) => void;
  /** Lines below it are dropped, as Envoy drops them; default info. */
  readonly logLevel?: LogLevel;
  /** Which Envoy's VM key: 1.36 leaves the capability list out of it; default 1.40. */
  readonly version?: '1.36' | '1.40';
  /** A status to answer instead of performing a host call; for tests of what a guest does then. */
  readonly fault?: (call: string, streamId: number) => number | undefined;
}

/** The VMs of one key: one for the main thread and one for each worker. */
export interface VmGroup {
  readonly main: Vm;
  readonly workers: readonly Vm[];
  users: number;
}

export class Host {
  readonly sharedData = new SharedData();
  readonly metrics = new Metrics();
  readonly workers: number;
  readonly clock: Clock;
  readonly #log: Log;
  readonly #groups = new Map<string, VmGroup>();
  readonly #modules = new Map<string, WasmModule>();
  readonly #numbers = new WeakMap<WasmModule, number>();
  readonly #surroundings: VmSurroundings;
  readonly #capabilitiesInKey: boolean;
  #nextNumber = 1;

  constructor(options: HostOptions = {}) {
    this.workers = options.workers ?? 1;
    this.clock = options.clock ?? systemClock;
    this.#log = new Log(options.logLevel, options.onLog);
    this.#capabilitiesInKey = options.version !== '1.36';
    this.#surroundings = {
      sharedData: this.sharedData,
      metrics: this.metrics,
      log: this.#log,
      clock: this.clock,
      random: options.random ?? ((bytes) => void webcrypto.getRandomValues(bytes)),
      fault: options.fault,
    };
  }

  /** What guests and the host logged, oldest first; bounded. */
  get logs(): readonly LogEntry[] {
    return this.#log.entries;
  }

  /**
   * Loads a plugin as a listener that names it would.
   * @throws WasmLoadError where the code cannot be loaded
   */
  load(options: PluginOptions): Plugin {
    return new Plugin(this, options);
  }

  /** @internal The module of some code, compiled once. */
  module(code: Uint8Array | WasmModule): WasmModule {
    if (!(code instanceof Uint8Array)) return code;
    const key = Buffer.from(code.buffer, code.byteOffset, code.length).toString('latin1');
    let module = this.#modules.get(key);
    if (module === undefined) {
      module = new wasm.Module(code);
      this.#modules.set(key, module);
    }
    return module;
  }

  /** @internal A VM that is thrown away: the canary on which a configuration is tried first. */
  canary(key: VmKey): Vm {
    return new Vm(key, 'canary', this.#surroundings);
  }

  /** @internal The VMs of a key, made where there are none; `release` gives them back. */
  acquire(key: VmKey): VmGroup {
    const id = this.#idOf(key);
    let group = this.#groups.get(id);
    if (group === undefined) {
      const workers = Array.from(
        { length: this.workers },
        (_, index) => new Vm(key, `worker ${index}`, this.#surroundings),
      );
      group = { main: new Vm(key, 'main', this.#surroundings), workers, users: 0 };
      this.#groups.set(id, group);
    }
    group.users += 1;
    return group;
  }

  /** @internal */
  release(key: VmKey, group: VmGroup): void {
    group.users -= 1;
    if (group.users > 0) return;
    this.discard(key, group);
    const prefix = `${key.vmId}\0`;
    if (![...this.#groups.keys()].some((id) => id.startsWith(prefix))) {
      this.sharedData.deleteVmId(key.vmId);
    }
  }

  /** @internal Forgets VMs that failed, so that `acquire` makes new ones. */
  discard(key: VmKey, group: VmGroup): void {
    const id = this.#idOf(key);
    if (this.#groups.get(id) === group) this.#groups.delete(id);
  }

  #idOf(key: VmKey): string {
    let number = this.#numbers.get(key.code);
    if (number === undefined) {
      number = this.#nextNumber++;
      this.#numbers.set(key.code, number);
    }
    const configuration = Buffer.from(key.vmConfiguration).toString('latin1');
    const list = this.#capabilitiesInKey ? [...key.allowedCapabilities].sort().join() : '';
    return [key.vmId, number, configuration, list].join('\0');
  }
}

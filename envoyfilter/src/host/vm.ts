// vm: one instance of a module, on one worker: its memory, its contexts, its callbacks.
// Promise: a trap marks the VM as failed and is reported, it never reaches the caller; a failed VM
// runs nothing any more. Contexts are numbered VM-wide, roots and streams in one sequence.

import { Capabilities } from './capabilities.js';
import type { Clock } from './clock.js';
import { Context, type PluginIdentity } from './context.js';
import { createImports, type GuestVm } from './imports.js';
import type { Log } from './log.js';
import { GuestMemory } from './memory.js';
import { MetricIds, type Metrics } from './metrics.js';
import type { SharedData } from './shared-data.js';
import type { LogLevel } from './status.js';
import { type WasmFunction, type WasmMemory, type WasmModule, wasm } from './wasm-api.js';

/** What makes two plugins share a VM. */
export interface VmKey {
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly code: WasmModule;
  readonly allowedCapabilities: readonly string[];
}

/** What a VM takes from the process that it runs in. */
export interface VmSurroundings {
  readonly sharedData: SharedData;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: (bytes: Uint8Array) => void;
  readonly fault: ((call: string, streamId: number) => number | undefined) | undefined;
}

/** The module cannot be loaded: it is no wasm, imports what the ABI has not, or has no allocator. */
export class WasmLoadError extends Error {
  readonly code = 'WASM_LOAD';
  override readonly name = 'WasmLoadError';
}

const ABI_VERSIONS = ['proxy_abi_version_0_2_0', 'proxy_abi_version_0_2_1'];
const ALLOCATORS = ['malloc', 'proxy_on_memory_allocate'];

export class Vm implements GuestVm {
  /** `main`, `canary` or `worker N`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly sharedData: SharedData;
  readonly metrics: MetricIds;
  readonly fault: VmSurroundings['fault'];
  memory!: GuestMemory;
  effective: Context;
  /** Why it runs nothing any more; undefined while it does. */
  failure: string | undefined;
  readonly #surroundings: VmSurroundings;
  readonly #exports: Record<string, unknown>;
  readonly #allocator: WasmFunction;
  readonly #contexts = new Map<number, Context>();
  readonly #roots = new Map<string, Context>();
  readonly #callbacks = new Map<string, WasmFunction | undefined>();
  readonly #ticks = new Map<Context, number>();
  #nextId = 1;

  /** @throws WasmLoadError, also where the start of the module traps */
  constructor(key: VmKey, name: string, surroundings: VmSurroundings) {
    this.name = name;
    this.vmId = key.vmId;
    this.vmConfiguration = key.vmConfiguration;
    this.capabilities = new Capabilities(key.allowedCapabilities);
    this.sharedData = surroundings.sharedData;
    this.metrics = new MetricIds(surroundings.metrics);
    this.fault = surroundings.fault;
    this.#surroundings = surroundings;
    this.effective = new Context(0, undefined);
    this.#contexts.set(0, this.effective);

    const imports = createImports(this);
    for (const { module, name: wanted, kind } of wasm.Module.imports(key.code)) {
      if (kind === 'function' && imports[module]?.[wanted] === undefined) {
        throw new WasmLoadError(`missing import: ${module}.${wanted}`);
      }
    }
    try {
      // The start section runs in here, when a guest without a memory of its own has none yet.
      this.#exports = new wasm.Instance(key.code, imports).exports;
    } catch (error) {
      throw new WasmLoadError(`the module does not start: ${(error as Error).message}`);
    }
    if (!ABI_VERSIONS.some((version) => version in this.#exports)) {
      throw new WasmLoadError(`found no ABI version, wanted one of ${ABI_VERSIONS.join(', ')}`);
    }
    const allocator = ALLOCATORS.map((one) => this.#exports[one]).find((one) => one !== undefined);
    if (allocator === undefined) throw new WasmLoadError(`missing ${ALLOCATORS.join(' or ')}`);
    this.#allocator = allocator as WasmFunction;
    this.memory = new GuestMemory(this.#exports.memory as WasmMemory);
    const initialize = (this.#exports._initialize ?? this.#exports._start) as
      | WasmFunction
      | undefined;
    if (initialize !== undefined) this.#run(this.effective, initialize, []);
    if (this.failure !== undefined) throw new WasmLoadError(this.failure);
  }

  get logLevel(): LogLevel {
    return this.#surroundings.log.level;
  }

  contextById(id: number): Context | undefined {
    return this.#contexts.get(id);
  }

  allocate(size: number): number {
    return Number(this.#allocator(size) ?? 0) >>> 0;
  }

  log(level: LogLevel, message: string): void {
    this.#surroundings.log.add(level, message, this.name, this.effective.root.plugin?.name ?? '');
  }

  wallNs(): bigint {
    return this.#surroundings.clock.wall();
  }

  monotonicNs(): bigint {
    return this.#surroundings.clock.monotonic();
  }

  random(bytes: Uint8Array): void {
    this.#surroundings.random(bytes);
  }

  setTickPeriod(context: Context, ms: number): void {
    if (ms === 0) this.#ticks.delete(context.root);
    else this.#ticks.set(context.root, ms);
  }

  /** Whether the guest exports a callback and may be called by it. */
  has(callback: string): boolean {
    return this.#callback(callback) !== undefined;
  }

  /** Calls a callback of the guest; undefined where there is none, or the VM has failed. */
  call(context: Context, callback: string, ...args: number[]): number | undefined {
    const run = this.#callback(callback);
    if (run === undefined || this.failure !== undefined) return undefined;
    return this.#run(context, run, args);
  }

  /**
   * The root context of a plugin, started and configured. False: the guest refused, or trapped.
   * Known plugins keep their context, and proxy_on_vm_start runs again, as in Envoy.
   */
  configure(plugin: PluginIdentity): boolean {
    const known = this.#roots.get(plugin.key);
    const root = known ?? this.add(new Context(this.#nextId++, plugin));
    this.#roots.set(plugin.key, root);
    if (!this.create(root, 0)) return false;
    const started = this.call(root, 'proxy_on_vm_start', root.id, this.vmConfiguration.length);
    root.configuration = plugin.configuration;
    const accepted =
      this.failure === undefined &&
      started !== 0 &&
      this.call(root, 'proxy_on_configure', root.id, plugin.configuration.length) !== 0;
    root.configuration = undefined;
    return accepted && this.failure === undefined;
  }

  /** The root context that serves a plugin's streams. */
  rootOf(plugin: PluginIdentity): Context | undefined {
    return this.#roots.get(plugin.key);
  }

  /** Forgets a plugin's root context, as when its listener has drained. */
  removeRoot(plugin: PluginIdentity): void {
    const root = this.#roots.get(plugin.key);
    if (root === undefined) return;
    this.call(root, 'proxy_on_done', root.id);
    this.call(root, 'proxy_on_delete', root.id);
    this.#roots.delete(plugin.key);
    this.#contexts.delete(root.id);
    this.#ticks.delete(root);
  }

  takeId(): number {
    return this.#nextId++;
  }

  add<C extends Context>(context: C): C {
    this.#contexts.set(context.id, context);
    return context;
  }

  remove(context: Context): void {
    this.#contexts.delete(context.id);
  }

  /** proxy_on_context_create, once for each context. */
  create(context: Context, parentId: number): boolean {
    if (!context.created) {
      context.created = true;
      this.call(context, 'proxy_on_context_create', context.id, parentId);
    }
    return this.failure === undefined;
  }

  tick(): void {
    for (const root of this.#ticks.keys()) this.call(root, 'proxy_on_tick', root.id);
  }

  #callback(name: string): WasmFunction | undefined {
    if (this.#callbacks.has(name)) return this.#callbacks.get(name);
    const found = this.#exports[name];
    const usable = typeof found === 'function' && this.capabilities.allows(name);
    this.#callbacks.set(name, usable ? (found as WasmFunction) : undefined);
    return this.#callbacks.get(name);
  }

  #run(context: Context, run: WasmFunction, args: number[]): number | undefined {
    const before = this.effective;
    this.effective = context;
    try {
      const answer = run(...args);
      return answer === undefined ? undefined : Number(answer);
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error);
      this.log('critical', `Function failed: ${this.failure}`);
      return undefined;
    } finally {
      this.effective = before;
    }
  }
}

// vm: one instance of a module, on one thread: its memory, its contexts, its callbacks.
// Promise: a trap marks the VM as failed and is logged, it never reaches the caller; a failed VM
// runs no stream any more. Contexts are numbered VM-wide, roots and streams in one sequence.
// Left to others: which VM serves whom (host.ts), when a root is made (roots.ts).

import { CALLBACKS, UNRESTRICTED } from './callbacks.js';
import { Capabilities } from './capabilities.js';
import type { Clock } from './clock.js';
import { Context } from './context.js';
import type { ForeignFunction } from './foreign.js';
import type { GuestVm } from './guest-vm.js';
import { createImports } from './imports.js';
import { functionOf, instantiate, memoryOf, WasmLoadError } from './instance.js';
import type { Log } from './log.js';
import { GuestMemory } from './memory.js';
import { MetricIds, type Metrics } from './metrics.js';
import { ALLOCATION_CALLS, START_CALLS } from './phases.js';
import { Roots } from './roots.js';
import type { SharedData } from './shared-data.js';
import type { LogLevel, Status } from './status.js';
import { Ticks } from './ticks.js';
import type { WasmFunction, WasmModule } from './wasm-api.js';

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
  readonly foreign: ReadonlyMap<string, ForeignFunction>;
  readonly fault: ((call: string, streamId: number) => number | undefined) | undefined;
}

export class Vm implements GuestVm {
  /** `main`, `canary` or `worker N`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly sharedData: SharedData;
  readonly metrics: MetricIds;
  readonly foreign: VmSurroundings['foreign'];
  readonly fault: VmSurroundings['fault'];
  readonly roots: Roots;
  readonly ticks = new Ticks();
  memory!: GuestMemory;
  effective: Context;
  current: Context;
  callable: ReadonlySet<string> | undefined = undefined;
  stopped = false;
  /** Why it runs nothing any more; undefined while it does. */
  failure: string | undefined;
  readonly #surroundings: VmSurroundings;
  readonly #own: Context;
  readonly #allocator: WasmFunction;
  readonly #allocatorName: string;
  readonly #contexts = new Map<number, Context>();
  readonly #callbacks = new Map<string, WasmFunction>();
  #afterCall: (() => void)[] = [];
  #nextId = 1;

  /** @throws WasmLoadError, also where the start of the module traps */
  constructor(key: VmKey, name: string, surroundings: VmSurroundings) {
    this.name = name;
    this.vmId = key.vmId;
    this.vmConfiguration = key.vmConfiguration;
    this.capabilities = new Capabilities(key.allowedCapabilities);
    this.sharedData = surroundings.sharedData;
    this.metrics = new MetricIds(surroundings.metrics);
    this.foreign = surroundings.foreign;
    this.fault = surroundings.fault;
    this.#surroundings = surroundings;
    this.#own = new Context(0, undefined);
    this.effective = this.#own;
    this.current = this.#own;
    this.roots = new Roots(this);

    const exports = instantiate(key.code, createImports(this));
    this.memory = new GuestMemory(memoryOf(exports));
    const own = (name: string) => functionOf(exports, name, UNRESTRICTED[name]);
    this.#allocatorName = 'malloc' in exports ? 'malloc' : 'proxy_on_memory_allocate';
    const allocator = own(this.#allocatorName);
    if (allocator === undefined) throw new WasmLoadError('Wasm module is missing malloc function.');
    this.#allocator = allocator;
    for (const [callback, params] of Object.entries(CALLBACKS)) {
      if (!this.capabilities.allows(callback)) continue;
      const found = functionOf(exports, callback, params);
      if (found !== undefined) this.#callbacks.set(callback, found);
    }
    this.#start(own);
    if (this.failure !== undefined) throw new WasmLoadError(this.failure);
  }

  get logLevel(): LogLevel {
    return this.#surroundings.log.level;
  }

  contextById(id: number): Context | undefined {
    return this.#contexts.get(id);
  }

  /** A trap in the allocator fails the VM, but the guest's callback goes on to its end. */
  allocate(size: number): number {
    const { effective, current, callable } = this;
    this.callable = ALLOCATION_CALLS;
    const ptr = this.#run(this.#own, this.#allocatorName, this.#allocator, size, 0, 0) ?? 0;
    this.callable = callable;
    this.effective = effective;
    this.current = current;
    return this.memory.has(ptr, size) ? ptr >>> 0 : 0;
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
    this.ticks.set(context.root, ms, this.monotonicNs());
  }

  done(context: Context): Status {
    return this.roots.done(context.root);
  }

  /** Whether the guest exports a callback and may be called by it. */
  has(callback: string): boolean {
    return this.#callbacks.has(callback);
  }

  /**
   * Calls a callback of the guest. Undefined where there is none, or where it traps.
   * Once it has returned, what it asked to be done later is done.
   */
  call(context: Context, callback: string, a = 0, b = 0, c = 0): number | undefined {
    const run = this.#callbacks.get(callback);
    if (run === undefined) return undefined;
    this.stopped = false;
    const answer = this.#run(context, callback, run, a, b, c);
    if (this.#afterCall.length > 0) {
      const actions = this.#afterCall;
      this.#afterCall = [];
      for (const action of actions) action();
    }
    return answer;
  }

  /** Does something once the callback that runs has returned. */
  defer(action: () => void): void {
    this.#afterCall.push(action);
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

  /** proxy_on_context_create, once for each context; never in a VM that has failed. */
  create(context: Context, parentId: number): void {
    if (context.created) return;
    context.created = true;
    if (this.failure === undefined) {
      this.call(context, 'proxy_on_context_create', context.id, parentId);
    }
  }

  /** Runs proxy_on_tick of every root context whose time has come; without a time, of all. */
  tick(nowNs?: bigint): void {
    this.ticks.fire((root) => {
      if (this.failure === undefined) this.call(root, 'proxy_on_tick', root.id);
    }, nowNs);
  }

  #start(own: (name: string) => WasmFunction | undefined): void {
    const initialize = own('_initialize');
    const names = initialize ? ['_initialize', 'main', '__main_void'] : ['_start'];
    const found = names.filter((name) => own(name) !== undefined).slice(0, 2);
    this.callable = START_CALLS;
    for (const name of found) {
      if (this.failure === undefined) this.#run(this.#own, name, own(name)!, 0, 0, 0);
    }
    this.callable = undefined;
  }

  #run(
    context: Context,
    name: string,
    run: WasmFunction,
    a: number,
    b: number,
    c: number,
  ): number | undefined {
    const { effective, current } = this;
    this.effective = context;
    this.current = context;
    try {
      return run(a, b, c) as number | undefined;
    } catch (error) {
      this.failure = `Function: ${name} failed: Uncaught ${error}`;
      this.log('error', this.failure);
      return undefined;
    } finally {
      this.effective = effective;
      this.current = current;
    }
  }
}

// plugin: one wasm filter of a listener: its configuration in force, its failure policy.
// A push is what config discovery does: a new root context, in the same VM where the key is the
// same; where the guest refuses, the root before stays in force.

import { createHash } from 'node:crypto';
import type { Context, PluginIdentity } from './context.js';
import { WasmLoadError } from './instance.js';
import { type Direction, type PropertyValue, StreamProperties } from './properties.js';
import { FAILED, type Server, Stream } from './stream.js';
import type { Vm, VmKey } from './vm.js';
import type { VmGroup, VmPool } from './vm-pool.js';
import type { WasmMemory, WasmModule } from './wasm-api.js';

export interface PluginOptions {
  readonly name: string;
  readonly rootId: string;
  /** Default ''. VMs of one vm_id share data. */
  readonly vmId?: string;
  readonly vmConfiguration?: string | Uint8Array;
  readonly configuration: string | Uint8Array;
  readonly code: Uint8Array | WasmModule;
  /** Absent or empty: everything is allowed. */
  readonly allowedCapabilities?: readonly string[];
  /**
   * What a VM that failed does to the streams after the one it failed on, which gets 503 in any
   * case: 503, pass, or a new VM, at most one a second; default closed.
   */
  readonly failurePolicy?: 'closed' | 'open' | 'reload';
  /**
   * What requests get while no configuration was ever accepted: 500, or they pass, as with a
   * default_config that lets them; default reject.
   */
  readonly unconfigured?: 'reject' | 'pass';
  readonly direction?: Direction;
}

export interface StreamOptions {
  /** Default 0. */
  readonly worker?: number;
  /** Attributes by dotted or NUL-separated path. */
  readonly properties?: Readonly<Record<string, PropertyValue>>;
  /** Envoy's source.address, port included; an IPv6 address in brackets. */
  readonly sourceAddress?: string;
}

/** One thread's hold on a plugin. */
interface Handle {
  readonly vm: Vm;
  readonly root: Context;
  loadedNs: bigint;
}

/** Since a VM was loaded, until another may take its place. Envoy adds up to half of it, at random. */
const RELOAD_INTERVAL_NS = 1_000_000_000n;

/** What config discovery answers where there is nothing to run. */
const UNCONFIGURED = { ...FAILED, status: 500, details: '', grpcStatus: undefined };

const bytesOf = (text: string | Uint8Array | undefined): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : (text ?? new Uint8Array());

export class Plugin {
  readonly #pool: VmPool;
  readonly #options: PluginOptions;
  readonly #key: VmKey;
  #group: VmGroup | undefined;
  #identity: PluginIdentity | undefined;
  /** Main thread first, then the workers; undefined where the guest refused to serve. */
  #handles: (Handle | undefined)[] = [];
  #rejected: string | undefined;
  #pushes = 0;

  /** @internal Made by Host.load(). */
  constructor(pool: VmPool, options: PluginOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#key = {
      vmId: options.vmId ?? '',
      vmConfiguration: bytesOf(options.vmConfiguration),
      code: pool.module(options.code),
      allowedCapabilities: options.allowedCapabilities ?? [],
    };
    this.#offer(options.configuration);
  }

  /** Whether the configuration offered last was accepted by all VMs. */
  get accepted(): boolean {
    return this.#rejected === undefined;
  }

  /** Why not, in words. */
  get rejected(): string | undefined {
    return this.#rejected;
  }

  /** Main thread first, then the workers; none before a configuration was accepted. */
  get vms(): readonly Vm[] {
    return this.#handles.flatMap((handle) => (handle === undefined ? [] : [handle.vm]));
  }

  /**
   * Offers a configuration, first to a canary, then to the main thread, then to the workers: on N
   * workers the guest is configured N + 2 times, but a canary that has seen the very plugin keeps
   * its answer. False: refused; by the canary, and what was in force stays; by another VM, which
   * then serves no stream of this plugin: they pass. The bytes that are in force already are offered
   * like new ones, as where something else of the filter has changed.
   */
  configure(configuration: string | Uint8Array): boolean {
    try {
      this.#offer(configuration);
    } catch (error) {
      if (!(error instanceof WasmLoadError)) throw error;
      this.#rejected = error.message;
    }
    return this.accepted;
  }

  /**
   * A request; without an accepted configuration, or after a failure, the policy answers it.
   * @throws RangeError where there is no such worker
   */
  open(options: StreamOptions = {}): Stream {
    const server = this.#serverOn(this.#threadOf(options.worker ?? 0));
    const { direction = 'unspecified' } = this.#options;
    const properties = new StreamProperties(options.properties, options.sourceAddress, direction);
    return new Stream(server, properties);
  }

  /** Runs proxy_on_tick of every root context that set a period, due or not. */
  tick(): void {
    for (const vm of this.vms) vm.tick();
  }

  /**
   * The linear memory of one worker's VM; default worker 0.
   * @throws RangeError where there is no such worker, or no VM on it
   */
  memory(worker = 0): WasmMemory {
    const handle = this.#handles[this.#threadOf(worker)];
    if (handle === undefined) throw new RangeError(`found no VM on worker ${worker}`);
    return handle.vm.memory.memory;
  }

  /** As a listener that has drained: root contexts end, and unused VMs go with their shared data. */
  remove(): void {
    this.#replace([]);
    this.#identity = undefined;
    if (this.#group !== undefined) this.#pool.release(this.#key, this.#group);
    this.#group = undefined;
  }

  #threadOf(worker: number): number {
    if (!Number.isInteger(worker) || worker < 0 || worker >= this.#pool.workers) {
      throw new RangeError(`found no worker ${worker}`);
    }
    return worker + 1;
  }

  /** @throws WasmLoadError where the canary cannot be made */
  #offer(configuration: string | Uint8Array): void {
    const identity = this.#identify(bytesOf(configuration));
    const group = this.#group ?? this.#pool.acquire(this.#key);
    try {
      this.#rejected = this.#tryOnCanary(group, identity);
      if (this.#rejected !== undefined) return;
      this.#group = group;
      this.#identity = identity;
      const threads = Array.from({ length: this.#pool.workers + 1 }, (_, thread) => thread);
      this.#replace(threads.map((thread) => this.#attach(group, identity, thread)));
    } finally {
      if (this.#group === undefined) this.#pool.release(this.#key, group);
    }
  }

  #identify(configuration: Uint8Array): PluginIdentity {
    const { name, rootId, direction = 'unspecified', failurePolicy = 'closed' } = this.#options;
    const before = this.#identity?.configuration;
    if (before !== undefined && Buffer.compare(before, configuration) === 0) this.#pushes += 1;
    const hash = createHash('sha256').update(configuration);
    const parts = [rootId, name, direction, failurePolicy, this.#pushes];
    const key = hash.update(`\0${parts.join('\0')}`).digest('base64');
    return { name, rootId, vmId: this.#key.vmId, key, configuration };
  }

  /** Why it refused, or undefined. */
  #tryOnCanary(group: VmGroup, identity: PluginIdentity): string | undefined {
    const known = group.canaries.get(identity.key);
    if (known !== undefined) return known.refusal;
    const canary = this.#pool.canary(this.#key);
    const root = canary.roots.attach(identity);
    const refusal = typeof root === 'string' ? refusalOf(canary, root) : undefined;
    // What proxy_on_vm_start refuses is asked again at the next push.
    if (root !== 'proxy_on_vm_start') group.canaries.set(identity.key, { refusal });
    return refusal;
  }

  #attach(group: VmGroup, identity: PluginIdentity, thread: number): Handle | undefined {
    try {
      const vm = this.#pool.vm(this.#key, group, thread);
      const root = vm.roots.attach(identity);
      if (typeof root !== 'string') {
        return { vm, root, loadedNs: this.#pool.clock.monotonic() };
      }
      this.#rejected ??= refusalOf(vm, root);
    } catch (error) {
      if (!(error instanceof WasmLoadError)) throw error;
      this.#rejected ??= error.message;
    }
    return undefined;
  }

  #replace(handles: (Handle | undefined)[]): void {
    const before = this.#handles;
    this.#handles = handles;
    for (const handle of before) handle?.vm.roots.release(handle.root);
  }

  #serverOn(thread: number): Server {
    const { failurePolicy, unconfigured } = this.#options;
    if (this.#group === undefined || this.#identity === undefined) {
      return unconfigured === 'pass' ? 'pass' : UNCONFIGURED;
    }
    const handle = this.#handles[thread];
    if (handle === undefined) return 'pass';
    if (handle.vm.failure === undefined) return handle;
    if (failurePolicy === 'open') return 'pass';
    if (failurePolicy !== 'reload') return FAILED;
    return this.#reload(this.#group, this.#identity, thread, handle) ?? FAILED;
  }

  /** FAIL_RELOAD: a new VM for one thread, unless the last one is too young. */
  #reload(
    group: VmGroup,
    identity: PluginIdentity,
    thread: number,
    failed: Handle,
  ): Handle | undefined {
    const now = this.#pool.clock.monotonic();
    if (now - failed.loadedNs < RELOAD_INTERVAL_NS) return undefined;
    failed.loadedNs = now;
    const handle = this.#attach(group, identity, thread);
    if (handle === undefined || handle.vm.failure !== undefined) return undefined;
    this.#handles[thread] = handle;
    return handle;
  }
}

function refusalOf(vm: Vm, callback: string): string {
  const refused = callback === 'proxy_on_configure' ? 'configuration refused' : 'start refused';
  return `${vm.name}: ${vm.failure ?? refused}`;
}

// plugin: one wasm filter of a listener: its configuration in force, its failure policy.
// A push is what config discovery does: the same VM where the key is the same, a new root context,
// and where the guest refuses, the root before stays in force.

import type { PluginIdentity } from './context.js';
import type { Host, VmGroup } from './host.js';
import { type Direction, type PropertyValue, StreamProperties } from './properties.js';
import { Stream } from './stream.js';
import { type Vm, type VmKey, WasmLoadError } from './vm.js';
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
  /** What a VM that failed does to requests: 503, pass, or a new VM after a back-off; default closed. */
  readonly failurePolicy?: 'closed' | 'open' | 'reload';
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

/** Between a failure and the first attempt at a new VM (Envoy's default base interval). */
const RELOAD_BACKOFF_NS = 1_000_000_000n;

const bytesOf = (text: string | Uint8Array | undefined): Uint8Array =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : (text ?? new Uint8Array());

export class Plugin {
  readonly #host: Host;
  readonly #options: PluginOptions;
  readonly #key: VmKey;
  #group: VmGroup;
  #identity: PluginIdentity | undefined;
  #accepted = false;
  #rejected: string | undefined;
  #failedAt: bigint | undefined;

  constructor(host: Host, options: PluginOptions) {
    this.#host = host;
    this.#options = options;
    this.#key = {
      vmId: options.vmId ?? '',
      vmConfiguration: bytesOf(options.vmConfiguration),
      code: host.module(options.code),
      allowedCapabilities: options.allowedCapabilities ?? [],
    };
    this.#group = host.acquire(this.#key);
    this.configure(options.configuration);
  }

  /** Whether the configuration offered last was accepted by all VMs. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /** Why not, in words. */
  get rejected(): string | undefined {
    return this.#rejected;
  }

  /** Main thread first, then the workers. */
  get vms(): readonly Vm[] {
    return [this.#group.main, ...this.#group.workers];
  }

  /**
   * Offers a configuration, first to a canary, then to the main thread, then to the workers: on N
   * workers the guest is configured N + 2 times. False: refused; what was in force stays.
   */
  configure(configuration: string | Uint8Array): boolean {
    const bytes = bytesOf(configuration);
    const { name, rootId, direction = 'unspecified', failurePolicy } = this.#options;
    const text = Buffer.from(bytes).toString('latin1');
    const identity: PluginIdentity = {
      name,
      rootId,
      vmId: this.#key.vmId,
      key: [rootId, name, direction, text].join('\0'),
      configuration: bytes,
      failOpen: failurePolicy === 'open',
    };
    const refusedBy = this.#tryOn(identity);
    this.#accepted = refusedBy === undefined;
    this.#rejected = refusedBy;
    if (refusedBy !== undefined) {
      if (this.#identity?.key !== identity.key) this.#forget(identity);
      return false;
    }
    const before = this.#identity;
    this.#identity = identity;
    if (before !== undefined && before.key !== identity.key) this.#forget(before);
    return true;
  }

  /** A request; without an accepted configuration, or after a failure, the policy answers it. */
  open(options: StreamOptions = {}): Stream {
    this.#reloadIfDue();
    const vm = this.#group.workers[options.worker ?? 0];
    if (vm === undefined) throw new RangeError(`found no worker ${options.worker}`);
    if (this.#identity === undefined) throw new Error('no configuration was ever accepted');
    const root = vm.rootOf(this.#identity);
    if (root === undefined)
      throw new Error(`${vm.name} has no root context for ${this.#options.name}`);
    const { direction = 'unspecified', failurePolicy } = this.#options;
    const properties = new StreamProperties(options.properties, options.sourceAddress, direction);
    return new Stream(vm, root, properties, failurePolicy === 'open');
  }

  /** Runs proxy_on_tick of every root context that set a period. */
  tick(): void {
    for (const vm of this.vms) vm.tick();
  }

  /** The linear memory of one worker's VM; default worker 0. */
  memory(worker = 0): WasmMemory {
    const vm = this.#group.workers[worker];
    if (vm === undefined) throw new RangeError(`found no worker ${worker}`);
    return vm.memory.memory;
  }

  /** As a listener that has drained: root contexts end, and unused VMs go with their shared data. */
  remove(): void {
    if (this.#identity !== undefined) this.#forget(this.#identity);
    this.#identity = undefined;
    this.#host.release(this.#key, this.#group);
  }

  /** Which VM refused, or undefined. */
  #tryOn(identity: PluginIdentity): string | undefined {
    const canary = this.#host.canary(this.#key);
    for (const vm of [canary, ...this.vms]) {
      if (!vm.configure(identity)) return `${vm.name}: ${vm.failure ?? 'configuration refused'}`;
    }
    return undefined;
  }

  #forget(identity: PluginIdentity): void {
    for (const vm of this.vms) vm.removeRoot(identity);
  }

  /** FAIL_RELOAD: once the back-off is over, new VMs take the place of those that failed. */
  #reloadIfDue(): void {
    if (this.#options.failurePolicy !== 'reload' || this.#identity === undefined) return;
    if (!this.vms.some((vm) => vm.failure !== undefined)) return;
    const now = this.#host.clock.monotonic();
    this.#failedAt ??= now;
    if (now - this.#failedAt < RELOAD_BACKOFF_NS) return;
    this.#failedAt = undefined;
    const failed = this.#group;
    this.#host.discard(this.#key, failed);
    try {
      this.#group = this.#host.acquire(this.#key);
    } catch (error) {
      if (!(error instanceof WasmLoadError)) throw error;
      this.#group = failed;
      return;
    }
    for (const vm of this.vms) vm.configure(this.#identity);
  }
}

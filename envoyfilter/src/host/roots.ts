// roots: the root contexts of one VM, one for each plugin that it serves.
// Promise: plugins of one key share a root, which is started and configured once; a root ends when
// neither a plugin nor a stream holds it. A guest that answers 0 to proxy_on_done has time until it
// calls proxy_done.

import { Context, type PluginIdentity } from './context.js';
import { Status } from './status.js';
import type { Ticks } from './ticks.js';

/** What roots need of the VM that has them. */
export interface RootVm {
  readonly vmConfiguration: Uint8Array;
  readonly ticks: Ticks;
  /** Why it runs nothing any more; undefined while it does. */
  readonly failure: string | undefined;
  has(callback: string): boolean;
  call(context: Context, callback: string, ...args: number[]): number | undefined;
  /** Runs something once the guest has returned. */
  defer(action: () => void): void;
  takeId(): number;
  add<C extends Context>(context: C): C;
  remove(context: Context): void;
}

export class Roots {
  readonly #vm: RootVm;
  /** Roots that hold a place under their key: those that serve, and those that were refused. */
  readonly #byKey = new Map<string, Context>();
  readonly #holders = new Map<Context, number>();
  /** Roots whose guest has asked for time, by key. */
  readonly #pending = new Map<string, Context>();

  constructor(vm: RootVm) {
    this.#vm = vm;
  }

  /**
   * The root of a plugin, started and configured where nobody holds it yet, and now held once
   * more; or the callback that refused, or trapped.
   */
  attach(plugin: PluginIdentity): Context | 'proxy_on_vm_start' | 'proxy_on_configure' {
    const known = this.#byKey.get(plugin.key);
    if (known !== undefined && this.#holders.has(known)) {
      this.hold(known);
      return known;
    }
    const root = known ?? this.#vm.add(new Context(this.#vm.takeId(), plugin));
    this.#byKey.set(plugin.key, root);
    const started = this.#start(root, plugin);
    // A root that was refused before is tried again, whatever its proxy_on_vm_start says now.
    if (!started && known === undefined) return 'proxy_on_vm_start';
    if (!this.#configure(root, plugin)) return 'proxy_on_configure';
    this.hold(root);
    return root;
  }

  hold(root: Context): void {
    this.#holders.set(root, (this.#holders.get(root) ?? 0) + 1);
  }

  /** One holder less; without any, the root ends. */
  release(root: Context): void {
    const holders = (this.#holders.get(root) ?? 0) - 1;
    if (holders > 0) {
      this.#holders.set(root, holders);
      return;
    }
    this.#holders.delete(root);
    const key = root.plugin?.key ?? '';
    if (this.#byKey.get(key) === root) this.#byKey.delete(key);
    const { failure } = this.#vm;
    const done = failure === undefined ? this.#vm.call(root, 'proxy_on_done', root.id) : undefined;
    if (done === 0) this.#pending.set(key, root);
    else this.#delete(root);
  }

  /** proxy_done. NotFound unless a root of that plugin is waiting for it. */
  done(root: Context): Status {
    const key = root.plugin?.key ?? '';
    const waiting = this.#pending.get(key);
    if (waiting === undefined) return Status.NotFound;
    this.#pending.delete(key);
    this.#vm.defer(() => this.#delete(waiting));
    return Status.Ok;
  }

  // As in Envoy, a trap in proxy_on_context_create does not keep proxy_on_vm_start from running,
  // and only an answer of 0, or a trap, in the latter refuses.
  #start(root: Context, plugin: PluginIdentity): boolean {
    root.configuration = plugin.configuration;
    root.created = true;
    this.#vm.call(root, 'proxy_on_context_create', root.id, 0);
    root.configuration = undefined;
    if (!this.#vm.has('proxy_on_vm_start')) return true;
    const size = this.#vm.vmConfiguration.length;
    return (this.#vm.call(root, 'proxy_on_vm_start', root.id, size) ?? 0) !== 0;
  }

  // A VM that has failed by now is not asked, and counts as accepting: its streams will fail.
  #configure(root: Context, plugin: PluginIdentity): boolean {
    if (this.#vm.failure !== undefined || !this.#vm.has('proxy_on_configure')) return true;
    root.configuration = plugin.configuration;
    const size = plugin.configuration.length;
    const answer = this.#vm.call(root, 'proxy_on_configure', root.id, size);
    root.configuration = undefined;
    return (answer ?? 0) !== 0;
  }

  #delete(root: Context): void {
    if (this.#vm.failure === undefined) this.#vm.call(root, 'proxy_on_delete', root.id);
    this.#vm.remove(root);
    this.#vm.ticks.delete(root);
  }
}

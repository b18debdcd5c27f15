// guest-vm: what the host functions need of the VM that imports them, and how they hand results
// back. Owns no state: the VM does (vm.ts).

import type { Capabilities } from './capabilities.js';
import type { Context } from './context.js';
import type { ForeignFunction } from './foreign.js';
import type { GuestMemory } from './memory.js';
import type { MetricIds } from './metrics.js';
import type { SharedData } from './shared-data.js';
import { type LogLevel, Status } from './status.js';

export interface GuestVm {
  readonly memory: GuestMemory;
  readonly capabilities: Capabilities;
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly sharedData: SharedData;
  readonly metrics: MetricIds;
  readonly foreign: ReadonlyMap<string, ForeignFunction>;
  readonly logLevel: LogLevel;
  /** The context that host calls act on now. */
  effective: Context;
  /** The context whose callback runs. */
  readonly current: Context;
  /** Functions that may be called now; undefined = all. Set while the guest starts or allocates. */
  readonly callable: ReadonlySet<string> | undefined;
  /** Set by a local response: the callback that asked for it pauses, whatever it answers. */
  stopped: boolean;
  contextById(id: number): Context | undefined;
  /** Memory of `size` bytes from the guest's allocator; 0 where it has none to give. */
  allocate(size: number): number;
  log(level: LogLevel, message: string): void;
  wallNs(): bigint;
  monotonicNs(): bigint;
  random(bytes: Uint8Array): void;
  setTickPeriod(context: Context, ms: number): void;
  /** proxy_done: ends a root context that has asked for time. */
  done(context: Context): Status;
  /** A status to answer instead of performing the call; undefined = perform it. */
  readonly fault: ((call: string, streamId: number) => number | undefined) | undefined;
}

export type HostFunction = (...args: never[]) => number | undefined;
/** Host functions by full name. */
export type HostFunctions = Readonly<Record<string, HostFunction>>;

/** Ok, or InvalidMemoryAccess where a result could not be stored. */
export function storedOr(stored: boolean): Status {
  return stored ? Status.Ok : Status.InvalidMemoryAccess;
}

/** Hands Latin-1 text to the guest: allocates there, stores pointer and size. Empty: pointer 0. */
export function give(vm: GuestVm, text: string, ptrPtr: number, sizePtr: number): Status {
  let ptr = 0;
  if (text.length > 0) {
    ptr = vm.allocate(text.length);
    if (ptr === 0) return Status.InvalidMemoryAccess;
    vm.memory.writeText(ptr, text);
  }
  return storedOr(vm.memory.setU32(ptrPtr, ptr) && vm.memory.setU32(sizePtr, text.length));
}

/** The same for bytes. */
export function giveBytes(vm: GuestVm, bytes: Uint8Array, ptrPtr: number, sizePtr: number): Status {
  let ptr = 0;
  if (bytes.length > 0) {
    ptr = vm.allocate(bytes.length);
    if (ptr === 0) return Status.InvalidMemoryAccess;
    vm.memory.write(ptr, bytes);
  }
  return storedOr(vm.memory.setU32(ptrPtr, ptr) && vm.memory.setU32(sizePtr, bytes.length));
}

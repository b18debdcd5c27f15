// imports: the host functions a guest may import, module `env` and Envoy's subset of WASI.
// Each acts on the VM's effective context; statuses and their order are those of
// proxy-wasm-cpp-host. What the ABI has and this host has not answers Unimplemented.
// A function left out of the capability list answers InternalFailure (WASI: 76) and logs an error.

import type { Capabilities } from './capabilities.js';
import type { Context } from './context.js';
import type { HeaderMap } from './header-map.js';
import type { GuestMemory } from './memory.js';
import type { MetricIds } from './metrics.js';
import type { SharedData } from './shared-data.js';
import {
  BUFFER_TYPE_MAX,
  BufferType,
  Errno,
  LOG_LEVELS,
  LogLevel,
  MAP_TYPE_MAX,
  Status,
} from './status.js';
import { decodePairs, pairsSize, writePairs } from './wire.js';

/** What the functions need of the VM that imports them. */
export interface GuestVm {
  readonly memory: GuestMemory;
  readonly capabilities: Capabilities;
  readonly vmId: string;
  readonly vmConfiguration: Uint8Array;
  readonly sharedData: SharedData;
  readonly metrics: MetricIds;
  readonly logLevel: LogLevel;
  /** The context that host calls act on now. */
  effective: Context;
  contextById(id: number): Context | undefined;
  /** Memory from the guest's allocator; 0 where it has none to give. */
  allocate(size: number): number;
  log(level: LogLevel, message: string): void;
  wallNs(): bigint;
  monotonicNs(): bigint;
  random(bytes: Uint8Array): void;
  setTickPeriod(context: Context, ms: number): void;
  /** A status to answer instead of performing the call; undefined = perform it. */
  readonly fault: ((call: string, streamId: number) => number | undefined) | undefined;
}

type HostFunction = (...args: never[]) => number | undefined;

/** Bytes that WASI random_get may be asked for at once. */
const RANDOM_SIZE_MAX = 64 * 1024;
const STDOUT = 1;
const STDERR = 2;

/** Names of all host functions of module `env`; the index is the number that calls are counted by. */
export const HOST_CALLS = [
  'proxy_log',
  'proxy_get_log_level',
  'proxy_get_status',
  'proxy_set_property',
  'proxy_get_property',
  'proxy_send_local_response',
  'proxy_continue_stream',
  'proxy_close_stream',
  'proxy_get_shared_data',
  'proxy_set_shared_data',
  'proxy_register_shared_queue',
  'proxy_resolve_shared_queue',
  'proxy_dequeue_shared_queue',
  'proxy_enqueue_shared_queue',
  'proxy_get_header_map_value',
  'proxy_add_header_map_value',
  'proxy_replace_header_map_value',
  'proxy_remove_header_map_value',
  'proxy_get_header_map_pairs',
  'proxy_set_header_map_pairs',
  'proxy_get_header_map_size',
  'proxy_get_buffer_status',
  'proxy_get_buffer_bytes',
  'proxy_set_buffer_bytes',
  'proxy_http_call',
  'proxy_grpc_call',
  'proxy_grpc_stream',
  'proxy_grpc_close',
  'proxy_grpc_cancel',
  'proxy_grpc_send',
  'proxy_set_tick_period_milliseconds',
  'proxy_get_current_time_nanoseconds',
  'proxy_define_metric',
  'proxy_increment_metric',
  'proxy_record_metric',
  'proxy_get_metric',
  'proxy_set_effective_context',
  'proxy_done',
  'proxy_call_foreign_function',
] as const;

/** The import object of one VM. `proxy_clear_route_cache` is not in it: ABI 0.1.0 has it alone. */
export function createImports(vm: GuestVm): Record<string, Record<string, unknown>> {
  const functions = envFunctions(vm);
  const env: Record<string, unknown> = {};
  HOST_CALLS.forEach((name, index) => {
    env[name] = guarded(vm, name, index, functions[name] ?? (() => Status.Unimplemented));
  });
  const wasi: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(wasiFunctions(vm))) {
    wasi[name] = vm.capabilities.allows(name) ? call : restricted(vm, name, Errno.NotCapable);
  }
  return { env, wasi_snapshot_preview1: wasi, wasi_unstable: wasi };
}

function restricted(vm: GuestVm, name: string, answer: number): () => number {
  return () => {
    vm.log('error', `Attempted call to restricted proxy-wasm capability: ${name}`);
    return answer;
  };
}

/** Counts a call and lets a test refuse it. */
function guarded(vm: GuestVm, name: string, index: number, call: HostFunction): unknown {
  if (!vm.capabilities.allows(name)) return restricted(vm, name, Status.InternalFailure);
  const { fault } = vm;
  return (...args: never[]) => {
    const { counts } = vm.effective;
    if (counts !== undefined) counts[index] = (counts[index] ?? 0) + 1;
    const refused = fault?.(name, vm.effective.id);
    return refused ?? call(...args);
  };
}

function envFunctions(vm: GuestVm): Partial<Record<string, HostFunction>> {
  const memory = () => vm.memory;

  /** Hands text to the guest: allocates there, stores pointer and size. */
  const give = (text: string, ptrPtr: number, sizePtr: number): Status => {
    let ptr = 0;
    if (text.length > 0) {
      ptr = vm.allocate(text.length);
      if (ptr === 0 || !memory().has(ptr, text.length)) return Status.InvalidMemoryAccess;
      memory().writeText(ptr, text);
    }
    const stored = memory().setU32(ptrPtr, ptr) && memory().setU32(sizePtr, text.length);
    return stored ? Status.Ok : Status.InvalidMemoryAccess;
  };

  const giveBytes = (bytes: Uint8Array, ptrPtr: number, sizePtr: number): Status =>
    give(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'),
      ptrPtr,
      sizePtr,
    );

  /** A write to one header; the request's makes Envoy choose the route anew. */
  const change = (type: number, apply: (map: HeaderMap) => void): Status => {
    if (type > MAP_TYPE_MAX) return Status.BadArgument;
    const context = vm.effective;
    const map = context.writable(type);
    if (map === undefined) return Status.BadArgument;
    apply(map);
    if (map === context.requestHeaders) context.onRequestHeadersChanged();
    return Status.Ok;
  };

  const bufferOf = (type: number): Uint8Array | undefined => {
    if (type === BufferType.VmConfiguration) return vm.vmConfiguration;
    return type === BufferType.PluginConfiguration ? vm.effective.configuration : undefined;
  };

  const property = (path: string): string | undefined => {
    const context = vm.effective;
    const plain = path.replace(/\0$/, '');
    const { plugin } = context.root;
    if (plain === 'plugin_name') return plugin?.name;
    if (plain === 'plugin_root_id') return plugin?.rootId;
    if (plain === 'plugin_vm_id') return plugin?.vmId;
    return context.properties?.get(path, context.requestHeaders);
  };

  return {
    proxy_log: (level: number, ptr: number, size: number) => {
      const name = LOG_LEVELS[level];
      if (name === undefined) return Status.BadArgument;
      const bytes = memory().slice(ptr, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      vm.log(name, Buffer.from(bytes).toString('utf8'));
      return Status.Ok;
    },
    proxy_get_log_level: (ptr: number) =>
      memory().setU32(ptr, LogLevel[vm.logLevel]) ? Status.Ok : Status.InvalidMemoryAccess,
    proxy_get_property: (ptr: number, size: number, valuePtr: number, sizePtr: number) => {
      const path = memory().name(ptr, size);
      if (path === undefined) return Status.InvalidMemoryAccess;
      const value = property(path);
      return value === undefined ? Status.NotFound : give(value, valuePtr, sizePtr);
    },
    proxy_set_property: (ptr: number, size: number, valuePtr: number, valueSize: number) => {
      const path = memory().text(ptr, size);
      const value = memory().text(valuePtr, valueSize);
      if (path === undefined || value === undefined) return Status.InvalidMemoryAccess;
      if (vm.effective.properties === undefined) return Status.NotFound;
      vm.effective.properties.set(path, value);
      return Status.Ok;
    },
    proxy_send_local_response: (
      status: number,
      detailsPtr: number,
      detailsSize: number,
      bodyPtr: number,
      bodySize: number,
      headersPtr: number,
      headersSize: number,
      grpcStatus: number,
    ) => {
      const details = memory().text(detailsPtr, detailsSize);
      const body = memory().text(bodyPtr, bodySize);
      const headers = memory().slice(headersPtr, headersSize);
      if (details === undefined || body === undefined || headers === undefined) {
        return Status.InvalidMemoryAccess;
      }
      const code = grpcStatus | 0;
      vm.effective.sendLocalReply({
        status,
        details,
        body,
        headers: decodePairs(headers),
        grpcStatus: code >= 0 && code <= 16 ? code : undefined,
      });
      return Status.Ok;
    },
    proxy_continue_stream: () => {
      vm.effective.resume();
      return Status.Ok;
    },
    proxy_close_stream: () => Status.Ok,
    proxy_get_shared_data: (
      ptr: number,
      size: number,
      valuePtr: number,
      sizePtr: number,
      casPtr: number,
    ) => {
      const key = memory().name(ptr, size);
      if (key === undefined) return Status.InvalidMemoryAccess;
      const entry = vm.sharedData.get(vm.vmId, key);
      if (entry === undefined) return Status.NotFound;
      const given = giveBytes(entry.value, valuePtr, sizePtr);
      if (given !== Status.Ok) return given;
      return memory().setU32(casPtr, entry.cas) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_shared_data: (
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
      cas: number,
    ) => {
      const key = memory().name(ptr, size);
      const value = memory().slice(valuePtr, valueSize);
      if (key === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return vm.sharedData.set(vm.vmId, key, value, cas >>> 0);
    },
    proxy_get_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      sizePtr: number,
    ) => {
      if (type > MAP_TYPE_MAX) return Status.BadArgument;
      const name = memory().name(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const context = vm.effective;
      const map = context.readable(type);
      if (map === undefined) return context.logging ? Status.NotFound : Status.BadArgument;
      const value = map.get(name);
      return value === undefined ? Status.NotFound : give(value, valuePtr, sizePtr);
    },
    proxy_add_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
    ) => {
      const name = memory().name(ptr, size);
      const value = memory().text(valuePtr, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.add(name, value));
    },
    proxy_replace_header_map_value: (
      type: number,
      ptr: number,
      size: number,
      valuePtr: number,
      valueSize: number,
    ) => {
      const name = memory().name(ptr, size);
      const value = memory().text(valuePtr, valueSize);
      if (name === undefined || value === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.set(name, value));
    },
    proxy_remove_header_map_value: (type: number, ptr: number, size: number) => {
      const name = memory().name(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      return change(type, (map) => map.remove(name));
    },
    proxy_get_header_map_pairs: (type: number, ptrPtr: number, sizePtr: number) => {
      if (type > MAP_TYPE_MAX) return Status.BadArgument;
      const map = vm.effective.readable(type);
      if (map === undefined) return Status.BadArgument;
      if (map.size === 0) {
        const cleared = memory().setU32(ptrPtr, 0) && memory().setU32(sizePtr, 0);
        return cleared ? Status.Ok : Status.InvalidMemoryAccess;
      }
      const size = pairsSize(map.names, map.values);
      const ptr = vm.allocate(size);
      if (ptr === 0 || !memory().has(ptr, size)) return Status.InvalidMemoryAccess;
      writePairs(memory(), ptr, map.names, map.values);
      const stored = memory().setU32(ptrPtr, ptr) && memory().setU32(sizePtr, size);
      return stored ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_header_map_pairs: (type: number, ptr: number, size: number) => {
      const bytes = memory().slice(ptr, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      const pairs = decodePairs(bytes);
      return change(type, (map) => {
        map.clear();
        for (const [name, value] of pairs) map.add(name, value);
      });
    },
    proxy_get_header_map_size: (type: number, sizePtr: number) => {
      if (type > MAP_TYPE_MAX) return Status.BadArgument;
      const map = vm.effective.readable(type);
      if (map === undefined) return Status.BadArgument;
      return memory().setU32(sizePtr, map.byteSize) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_get_buffer_status: (type: number, lengthPtr: number, flagsPtr: number) => {
      if (type > BUFFER_TYPE_MAX) return Status.BadArgument;
      const buffer = bufferOf(type);
      if (buffer === undefined) return Status.NotFound;
      const stored = memory().setU32(lengthPtr, buffer.length) && memory().setU32(flagsPtr, 0);
      return stored ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_get_buffer_bytes: (
      type: number,
      start: number,
      length: number,
      ptrPtr: number,
      sizePtr: number,
    ) => {
      if (type > BUFFER_TYPE_MAX) return Status.BadArgument;
      const buffer = bufferOf(type);
      if (buffer === undefined) return Status.NotFound;
      const from = start >>> 0;
      const to = from + (length >>> 0);
      if (to > 0xffff_ffff) return Status.BadArgument;
      if (from >= buffer.length || to === from) return Status.Ok;
      return giveBytes(buffer.subarray(from, Math.min(to, buffer.length)), ptrPtr, sizePtr);
    },
    proxy_set_tick_period_milliseconds: (ms: number) => {
      vm.setTickPeriod(vm.effective, ms >>> 0);
      return Status.Ok;
    },
    proxy_get_current_time_nanoseconds: (ptr: number) =>
      memory().setU64(ptr, vm.wallNs()) ? Status.Ok : Status.InvalidMemoryAccess,
    proxy_define_metric: (type: number, ptr: number, size: number, idPtr: number) => {
      const name = memory().text(ptr, size);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const id = vm.metrics.define(type >>> 0, name);
      if (id === undefined) return Status.BadArgument;
      return memory().setU32(idPtr, id) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_increment_metric: (id: number, offset: bigint) => vm.metrics.increment(id, offset),
    proxy_record_metric: (id: number, value: bigint) =>
      vm.metrics.record(id, BigInt.asUintN(64, value)),
    proxy_get_metric: (id: number, ptr: number) => {
      const value = vm.metrics.get(id);
      if (typeof value === 'number') return value;
      return memory().setU64(ptr, value) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_effective_context: (id: number) => {
      const context = vm.contextById(id);
      if (context === undefined) return Status.BadArgument;
      vm.effective = context;
      return Status.Ok;
    },
    proxy_done: () => Status.NotFound,
    // No function is registered here; Envoy registers some, none of which the ABI promises.
    proxy_call_foreign_function: () => Status.NotFound,
  };
}

function wasiFunctions(vm: GuestVm): Record<string, HostFunction> {
  const memory = () => vm.memory;
  const stored = (...done: boolean[]) => (done.every(Boolean) ? Errno.Success : Errno.Fault);
  return {
    clock_time_get: (clock: number, _precision: bigint, ptr: number) => {
      if (clock > 1) return Errno.NotSupported;
      return stored(memory().setU64(ptr, clock === 0 ? vm.wallNs() : vm.monotonicNs()));
    },
    random_get: (ptr: number, size: number) => {
      if (size >>> 0 > RANDOM_SIZE_MAX) return Errno.Invalid;
      const bytes = memory().slice(ptr, size);
      if (bytes === undefined) return Errno.Invalid;
      if (size > 0) vm.random(bytes);
      return Errno.Success;
    },
    fd_write: (fd: number, vectorsPtr: number, count: number, writtenPtr: number) => {
      if (fd !== STDOUT && fd !== STDERR) return Errno.BadFileDescriptor;
      let text = '';
      for (let i = 0; i < count; i++) {
        const ptr = memory().getU32(vectorsPtr + 8 * i);
        const size = memory().getU32(vectorsPtr + 8 * i + 4);
        const part = ptr === undefined || size === undefined ? undefined : memory().text(ptr, size);
        if (part === undefined) return Errno.Fault;
        text += part;
      }
      if (text !== '') vm.log(fd === STDOUT ? 'info' : 'error', text.replace(/\n$/, ''));
      return stored(memory().setU32(writtenPtr, text.length));
    },
    fd_read: () => Errno.NotSupported,
    fd_seek: () => Errno.NotSupported,
    fd_close: () => Errno.NotSupported,
    fd_fdstat_get: (fd: number, ptr: number) => {
      if (fd !== STDOUT && fd !== STDERR) return Errno.BadFileDescriptor;
      return stored(
        memory().setU64(ptr, 0n),
        memory().setU64(ptr + 8, 64n),
        memory().setU64(ptr + 16, 0n),
      );
    },
    environ_get: () => Errno.Success,
    environ_sizes_get: (countPtr: number, sizePtr: number) =>
      stored(memory().setU32(countPtr, 0), memory().setU32(sizePtr, 0)),
    args_get: () => Errno.Success,
    args_sizes_get: (countPtr: number, sizePtr: number) =>
      stored(memory().setU32(countPtr, 0), memory().setU32(sizePtr, 0)),
    sched_yield: () => Errno.Success,
    proc_exit: (code: number) => {
      throw new Error(`the guest called proc_exit(${code})`);
    },
  };
}

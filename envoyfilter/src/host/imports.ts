// imports: the host functions a guest may import, module `env` and Envoy's subset of WASI.
// Each acts on the VM's effective context; statuses and their order are those of
// proxy-wasm-cpp-host. Shared queues are the one group that is not here: they answer Unimplemented.
// A function left out of the capability list answers InternalFailure (WASI: 76) and logs an error.

import type { GuestVm, HostFunction, HostFunctions } from './guest-vm.js';
import { bufferFunctions } from './imports/buffers.js';
import { callFunctions } from './imports/calls.js';
import { headerFunctions } from './imports/headers.js';
import { metricFunctions } from './imports/metrics.js';
import { processFunctions } from './imports/process.js';
import { propertyFunctions } from './imports/properties.js';
import { sharedDataFunctions } from './imports/shared-data.js';
import { streamFunctions } from './imports/streams.js';
import { wasiFunctions } from './imports/wasi.js';
import { Errno, Status } from './status.js';

/** Names of all host functions of ABI 0.2.1; the index is the number that calls are counted by. */
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

/** Not part of the ABI and not restrictable: what emscripten and Envoy itself add. */
const EXTRA: HostFunctions = {
  pthread_equal: (left: number, right: number) => (left === right ? 1 : 0),
  emscripten_notify_memory_growth: () => undefined,
  envoy_resolve_dns: () => Status.Unimplemented,
};

/** The import object of one VM. `proxy_clear_route_cache` is not in it: ABI 0.1.0 has it alone. */
export function createImports(vm: GuestVm): Record<string, Record<string, unknown>> {
  const functions: HostFunctions = {
    ...processFunctions(vm),
    ...propertyFunctions(vm),
    ...headerFunctions(vm),
    ...bufferFunctions(vm),
    ...sharedDataFunctions(vm),
    ...metricFunctions(vm),
    ...streamFunctions(vm),
    ...callFunctions(vm),
  };
  const env: Record<string, unknown> = {};
  HOST_CALLS.forEach((name, index) => {
    env[name] = counted(vm, name, index, functions[name] ?? (() => Status.Unimplemented));
  });
  for (const [name, call] of Object.entries(EXTRA)) env[name] = timely(vm, name, call);
  const wasi: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(wasiFunctions(vm))) {
    const allowed = vm.capabilities.allows(name);
    wasi[name] = timely(
      vm,
      name,
      allowed ? call : restricted(vm, `WASI capability: ${name}`, Errno.NotCapable),
    );
  }
  return { env, wasi_snapshot_preview1: wasi, wasi_unstable: wasi };
}

function restricted(vm: GuestVm, what: string, answer: number): HostFunction {
  return () => {
    vm.log('error', `Attempted call to restricted ${what}`);
    return answer;
  };
}

/** Traps where the function may not be called now. */
function timely(vm: GuestVm, name: string, call: HostFunction): HostFunction {
  return (...args) => {
    refuseUntimely(vm, name);
    return call(...args);
  };
}

function refuseUntimely(vm: GuestVm, name: string): void {
  if (vm.callable !== undefined && !vm.callable.has(name)) throw new Error('restricted_callback');
}

/** The same, and counts the call and lets a test refuse it. */
function counted(vm: GuestVm, name: string, index: number, call: HostFunction): HostFunction {
  if (!vm.capabilities.allows(name)) {
    const what = `proxy-wasm capability: ${name}`;
    return timely(vm, name, restricted(vm, what, Status.InternalFailure));
  }
  const { fault } = vm;
  return (...args) => {
    refuseUntimely(vm, name);
    const { counts } = vm.effective;
    if (counts !== undefined) counts[index] = (counts[index] ?? 0) + 1;
    const refused = fault?.(name, vm.effective.id);
    return refused ?? call(...args);
  };
}

// main: what the host calls, in the order of a life: VM, configuration, request, response.
// Each callback is a few lines; what is left out of a policy's capability list is never called.

import { Action } from './abi/enums';
import { Config } from './config/layout';
import { configOfStream, configure, startVm } from './features/configure';
import { handleRequest } from './features/handle';
import { responseWrite } from './features/response';
import { arenaTake } from './shim/arena';
import { rememberStream } from './shim/contexts';
import { increment } from './shim/metrics';

/** The host looks for this name to learn the version of the ABI. */
export function proxy_abi_version_0_2_1(): void {}

/** Memory for what the host hands over; 0 makes its call answer InvalidMemoryAccess. */
export function proxy_on_memory_allocate(size: usize): usize {
  return arenaTake(<u32>size);
}

export function proxy_on_context_create(contextId: u32, parentId: u32): void {
  if (parentId != 0) rememberStream(contextId, parentId);
}

export function proxy_on_vm_start(_rootId: u32, configurationSize: u32): bool {
  startVm(configurationSize);
  return true;
}

export function proxy_on_configure(rootId: u32, configurationSize: u32): bool {
  return configure(rootId, configurationSize);
}

export function proxy_on_request_headers(
  contextId: u32,
  _headerCount: u32,
  _endOfStream: u32,
): Action {
  const at = configOfStream(contextId);
  return at != 0 ? handleRequest(changetype<Config>(at), contextId) : Action.Continue;
}

export function proxy_on_response_headers(
  contextId: u32,
  _headerCount: u32,
  _endOfStream: u32,
): Action {
  if (responseWrite(contextId)) return Action.Continue;
  const at = configOfStream(contextId);
  if (at != 0) increment(changetype<Config>(at).writeErrors, 1);
  return Action.Continue;
}

// vm: what a host does to a VM, in the words of a spec.

import { BufferType, MapType } from '../../../filter/assembly/abi/enums';
import {
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_request_headers,
  proxy_on_response_headers,
  proxy_on_vm_start,
} from '../../../filter/assembly/main';
import { hostBuffer, hostClearHeaders, hostHeader, hostWrites } from '../host';
import { lay } from '../support';

/** Starts the VM anew; what the module remembers of plugins stays. */
export function start(configuration: string): bool {
  const slice = lay(configuration);
  hostBuffer(BufferType.VmConfiguration, slice.ptr, slice.size);
  return proxy_on_vm_start(1, slice.size);
}

/** Offers a configuration to a root context. */
export function push(rootId: u32, configuration: string): bool {
  const slice = lay(configuration);
  hostBuffer(BufferType.PluginConfiguration, slice.ptr, slice.size);
  return proxy_on_configure(rootId, slice.size);
}

/** A policy that writes x-t with this value into every request, and echoes it. */
export function policy(id: string, value: string): string {
  return (
    '{"id":"' +
    id +
    '","direction":"inbound","tags":[{"header":"x-t","echo":true,"rules":[{"value":"' +
    value +
    '"}]}]}'
  );
}

/** What is written into a request without headers. */
export function request(contextId: u32): string {
  hostClearHeaders();
  hostWrites();
  proxy_on_request_headers(contextId, 0, 1);
  return hostWrites();
}

/** What is written into a request that brings x-t. */
export function requestWith(contextId: u32, value: string): string {
  hostClearHeaders();
  hostHeader(MapType.RequestHeaders, 'x-t', value);
  hostWrites();
  proxy_on_request_headers(contextId, 1, 1);
  return hostWrites();
}

/** What is written into a response. */
export function response(contextId: u32): string {
  hostWrites();
  proxy_on_response_headers(contextId, 0, 1);
  return hostWrites();
}

/** A root context and a stream of it. */
export function create(contextId: u32, parentId: u32): void {
  proxy_on_context_create(contextId, parentId);
}

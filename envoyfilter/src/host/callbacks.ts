// callbacks: the functions that Envoy calls in a guest, with the number of their parameters: an
// export of such a name and another number keeps a module from loading. Data only.
// Results cannot be told from JavaScript, so that a callback with a wrong result type loads here.

/** Restricted by the capability list like host functions. */
export const CALLBACKS: Readonly<Record<string, number>> = {
  proxy_on_context_create: 2,
  proxy_on_vm_start: 2,
  proxy_on_configure: 2,
  proxy_validate_configuration: 2,
  proxy_on_tick: 1,
  proxy_on_new_connection: 1,
  proxy_on_downstream_data: 3,
  proxy_on_upstream_data: 3,
  proxy_on_downstream_connection_close: 2,
  proxy_on_upstream_connection_close: 2,
  proxy_on_request_headers: 3,
  proxy_on_request_body: 3,
  proxy_on_request_trailers: 2,
  proxy_on_request_metadata: 2,
  proxy_on_response_headers: 3,
  proxy_on_response_body: 3,
  proxy_on_response_trailers: 2,
  proxy_on_response_metadata: 2,
  proxy_on_http_call_response: 5,
  proxy_on_grpc_receive: 3,
  proxy_on_grpc_close: 3,
  proxy_on_grpc_receive_initial_metadata: 3,
  proxy_on_grpc_receive_trailing_metadata: 3,
  proxy_on_queue_ready: 2,
  proxy_on_foreign_function: 3,
  proxy_on_done: 1,
  proxy_on_log: 1,
  proxy_on_delete: 1,
};

/** Never restricted. `_start` counts only where there is no `_initialize`, `main` only after it. */
export const UNRESTRICTED: Readonly<Record<string, number>> = {
  _initialize: 0,
  main: 2,
  __main_void: 0,
  _start: 0,
  malloc: 1,
  proxy_on_memory_allocate: 1,
};

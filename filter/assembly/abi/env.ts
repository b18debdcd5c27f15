// env: the host's functions, one name each; nothing here has a body.
// The declarations are those of @solo-io/proxy-runtime. Its `proxy_set_buffer_bytes` is bound to
// another host function, and `proxy_get_log_level` is missing, so these two are declared anew:
// the name of this file is the import module. What is not called is not imported by the wasm.

export {
  proxy_add_header_map_value,
  proxy_define_metric,
  proxy_get_buffer_bytes,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_increment_metric,
  proxy_log,
  proxy_record_metric,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_shared_data,
} from '@solo-io/proxy-runtime/assembly/imports';

/** Replaces `length` bytes from `start` of a buffer. */
export declare function proxy_set_buffer_bytes(
  bufferType: i32,
  start: u32,
  length: u32,
  dataPtr: usize,
  dataSize: usize,
): u32;

/** The level below which the host drops log lines. */
export declare function proxy_get_log_level(levelPtr: usize): u32;

// phases: what a guest may call while it starts and while it allocates. Anything else traps there
// ("restricted_callback"), whatever the capability list says. Data only (proxy-wasm-cpp-host).

/** In _initialize, main and _start. Not in the module's start section, which nothing restricts. */
export const START_CALLS: ReadonlySet<string> = new Set(
  `emscripten_notify_memory_growth proxy_log
  args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get
  fd_advise fd_allocate fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights
  fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread fd_prestat_dir_name
  fd_prestat_get fd_pwrite fd_readdir fd_renumber fd_sync fd_tell fd_write
  path_create_directory path_filestat_get path_filestat_set_times path_link path_readlink
  path_remove_directory path_rename path_symlink path_unlink_file
  poll_oneoff random_get sock_accept sock_recv sock_send sock_shutdown`.split(/\s+/),
);

/** In malloc or proxy_on_memory_allocate, while a host call hands over its result. */
export const ALLOCATION_CALLS: ReadonlySet<string> = new Set([
  'clock_time_get',
  'fd_write',
  'poll_oneoff',
  'proxy_log',
]);

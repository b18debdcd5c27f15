// wasi_snapshot_preview1: the WASI functions that Envoy offers and the filter uses.
// The name of this file is the import module. An error number other than 0 is a refusal.

/** `clock` 0 is the wall clock, 1 the monotonic one; nanoseconds are stored at `resultPtr`. */
export declare function clock_time_get(clock: u32, precision: u64, resultPtr: usize): u32;

/** Fills `size` bytes, 64 KiB at most, that nobody can guess. */
export declare function random_get(ptr: usize, size: u32): u32;

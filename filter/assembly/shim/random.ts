// random: bytes that nobody can guess, from the host.

import { random_get } from '../abi/wasi_snapshot_preview1';

/** Fills `size` bytes; false where the host refuses, and they are as they were. */
export function randomBytes(ptr: usize, size: u32): bool {
  return random_get(ptr, size) == 0;
}

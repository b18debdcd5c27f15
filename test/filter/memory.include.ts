// memory: every spec's module gives the host memory as the filter itself does.

import { arenaTake } from '../../filter/assembly/shim/arena';

export function proxy_on_memory_allocate(size: usize): usize {
  return arenaTake(<u32>size);
}

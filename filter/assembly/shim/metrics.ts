// metrics: counters and gauges of the host, defined at configure time and kept by name.
// Promise: a name is defined once in a VM, however often the configuration is pushed: the host
// keeps an entry for each definition for ever. An id of 0 is "not defined", and counts nothing.

import { MetricType, Status } from '../abi/enums';
import { proxy_define_metric, proxy_increment_metric, proxy_record_metric } from '../abi/env';
import { xxh64 } from '../bytes/xxh64';

/** Metrics that a VM remembers; those beyond are not counted. A power of two. */
export const METRICS_MAX: u32 = 4096;
const INDEX_MASK: u32 = METRICS_MAX - 1;

// One entry of the table, open addressing, 0 in `id` = free:
//   0      8    12      16
//   +------+----+-------+
//   | hash | id | -     |
//   +------+----+-------+
const ENTRY_SHIFT: u32 = 4;
const ENTRY_ID: usize = 8;

const table: usize = heap.alloc(METRICS_MAX << ENTRY_SHIFT);
memory.fill(table, 0, METRICS_MAX << ENTRY_SHIFT);
const cell: usize = memory.data(4, 4);

/** The id of a metric; the same name gives the same id. 0 where the host or the table refuses. */
export function defineMetric(type: MetricType, namePtr: usize, nameSize: u32): u32 {
  const hash = xxh64(namePtr, nameSize);
  let index = <u32>hash & INDEX_MASK;
  for (let probe: u32 = 0; probe < METRICS_MAX; probe++) {
    const entry = table + ((<usize>index) << ENTRY_SHIFT);
    const id = load<u32>(entry, ENTRY_ID);
    if (id == 0) {
      if (proxy_define_metric(type, namePtr, nameSize, cell) != Status.Ok) return 0;
      store<u64>(entry, hash);
      store<u32>(entry, load<u32>(cell), ENTRY_ID);
      return load<u32>(cell);
    }
    if (load<u64>(entry) == hash) return id;
    index = (index + 1) & INDEX_MASK;
  }
  return 0;
}

/** Adds to a counter, or to a gauge. */
export function increment(id: u32, offset: i64): void {
  if (id != 0) proxy_increment_metric(id, offset);
}

/** Sets a gauge. */
export function record(id: u32, value: u64): void {
  if (id != 0) proxy_record_metric(id, value);
}
